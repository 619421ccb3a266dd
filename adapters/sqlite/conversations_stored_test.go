package sqlite

import (
	"database/sql"
	"errors"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	sqlite3 "modernc.org/sqlite/lib"

	"github.com/aiwoochat/woochat/domain/catalog"
	"github.com/aiwoochat/woochat/domain/chat"
	"github.com/aiwoochat/woochat/domain/retrieval"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/ports"
	"github.com/aiwoochat/woochat/test/porttest"
)

// begun stores a new conversation with one running turn.
func begun(t *testing.T, db *DB, s tenant.Scope) chat.Turn {
	t.Helper()
	c := chat.Conversation{
		ID:      chat.ConversationID(chat.ConversationPrefix + porttest.NewID()),
		Visitor: chat.VisitorID(chat.VisitorPrefix + porttest.NewID()), Started: epoch,
	}
	if _, err := db.Conversations().Open(t.Context(), s, c); err != nil {
		t.Fatal(err)
	}
	turn, err := db.Conversations().Begin(t.Context(), s, again(c.ID, c.Visitor))
	if err != nil {
		t.Fatal(err)
	}
	return turn
}

// again is a message with the key and body that begun sends, too.
func again(id chat.ConversationID, v chat.VisitorID) chat.Turn {
	return chat.Turn{
		Message: chat.MessageID(chat.MessagePrefix + porttest.NewID()), Conversation: id, Visitor: v, Key: "k", BodyHash: "b",
		Question: "Is it warm?", Asked: epoch, State: chat.Running, Attempt: 1, Reservation: "res_" + porttest.NewID(), Lease: epoch.Add(time.Minute),
	}
}

func TestTurnsSurviveTheProcess(t *testing.T) {
	dir := migratedDir(t)
	db := openAt(t, dir, true)
	s := newTenantsSite(t, db)
	want := begun(t, db, s)
	want.State, want.Answer, want.Finish, want.Answered = chat.Done, "Very.", chat.Complete, epoch.Add(time.Second)
	want.Cards = []chat.Card{{Document: "product:1", Title: "Jacket", Attributes: []catalog.Attribute{{Name: "Colour"}}}}
	if err := db.Conversations().Finish(t.Context(), s, want); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	got, err := openAt(t, dir, true).Conversations().Find(t.Context(), s, want.Visitor, want.Message)
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("Find after a restart:\n got %+v, %v\nwant %+v", got, err, want)
	}
}

// Two processes on one folder answer a message once.
func TestBeginOfTwoProcesses(t *testing.T) {
	dir := migratedDir(t)
	dbs := []*DB{openAt(t, dir, false), openAt(t, dir, false)}
	s := newTenantsSite(t, dbs[0])
	for range 10 {
		c := chat.Conversation{
			ID:      chat.ConversationID(chat.ConversationPrefix + porttest.NewID()),
			Visitor: chat.VisitorID(chat.VisitorPrefix + porttest.NewID()), Started: epoch,
		}
		if _, err := dbs[0].Conversations().Open(t.Context(), s, c); err != nil {
			t.Fatal(err)
		}
		results := make([]error, 8)
		var wg sync.WaitGroup
		for i := range results {
			wg.Go(func() {
				_, results[i] = dbs[i%2].Conversations().Begin(t.Context(), s, again(c.ID, c.Visitor))
			})
		}
		wg.Wait()
		begun := 0
		for _, err := range results {
			var running *chat.InProgressError
			switch {
			case err == nil:
				begun++
			case !errors.As(err, &running):
				t.Errorf("Begin: %v", err)
			case errors.Is(err, ports.ErrUnavailable):
				t.Errorf("Begin: %v is no failure of the store", err)
			}
		}
		if begun != 1 {
			t.Fatalf("%d of 8 have begun, want 1", begun)
		}
	}
}

func TestStoredIDsHaveNoPrefix(t *testing.T) {
	db := openAt(t, migratedDir(t), false)
	s := newTenantsSite(t, db)
	turn := begun(t, db, s)
	var row struct {
		ID          string `db:"id"`
		Tenant      string `db:"tenant_id"`
		Site        string `db:"site_id"`
		Conv        string `db:"conversation_id"`
		Visitor     string `db:"visitor_id"`
		Reservation string `db:"reservation_id"`
	}
	if err := db.reader.GetContext(t.Context(), &row, `select id, tenant_id, site_id, conversation_id, visitor_id, reservation_id from messages`); err != nil {
		t.Fatal(err)
	}
	for stored, id := range map[string]string{
		row.ID: string(turn.Message), row.Tenant: string(s.Tenant), row.Site: string(s.Site), row.Conv: string(turn.Conversation),
		row.Visitor: string(turn.Visitor), row.Reservation: turn.Reservation,
	} {
		if len(stored) != 36 || !strings.HasSuffix(id, "_"+stored) {
			t.Errorf("%s is stored as %q", id, stored)
		}
	}
}

// The schema itself refuses what is of two owners, whatever a statement says.
func TestNoRowOfTwoOwners(t *testing.T) {
	db := openAt(t, migratedDir(t), false)
	a, b := newTenantsSite(t, db), newTenantsSite(t, db)
	turn := begun(t, db, a)
	if _, err := db.Documents().Put(t.Context(), a, retrieval.Document{ID: "page:1", Kind: catalog.KindPage, Revision: "r1", Shown: true}, []retrieval.Chunk{{}}); err != nil {
		t.Fatal(err)
	}
	oa, errA := ownerOf(a)
	ob, errB := ownerOf(b)
	message, err := bare(chat.MessagePrefix, turn.Message)
	if err := errors.Join(errA, errB, err); err != nil {
		t.Fatal(err)
	}
	for what, move := range map[string]struct {
		statement string
		args      []any
	}{
		"a site":                 {`update sites set tenant_id = ? where id = ?`, []any{ob.tenant, oa.site}},
		"a conversation":         {`update conversations set tenant_id = ?`, []any{ob.tenant}},
		"a conversation's site":  {`update conversations set site_id = ?`, []any{ob.site}},
		"a message to a tenant":  {`update messages set tenant_id = ?`, []any{ob.tenant}},
		"a message to a site":    {`update messages set tenant_id = ?, site_id = ?`, []any{ob.tenant, ob.site}},
		"a document":             {`update documents set tenant_id = ?`, []any{ob.tenant}},
		"a chunk":                {`update chunks set tenant_id = ?, site_id = ?`, []any{ob.tenant, ob.site}},
		"a rating":               {`insert into feedback values (?, ?, ?, 1, 0)`, []any{message, ob.tenant, ob.site}},
		"a cursor":               {`insert into source_cursors values (?, ?, 'csv', '')`, []any{oa.tenant, ob.site}},
		"a key":                  {`insert into api_keys (id, tenant_id, site_id, kind, key_hash, created_at) values ('k', ?, ?, 'api', printf('%064d', 1), 0)`, []any{oa.tenant, ob.site}},
		"a member of no tenant":  {`insert into user_tenants values ('nobody', 'u', 'owner', '')`, nil},
		"a shown thing's unbody": {`update documents set shown = 0, body = 'x'`, nil},
	} {
		if _, err := db.writer.ExecContext(t.Context(), move.statement, move.args...); code(err)&0xff != sqlite3.SQLITE_CONSTRAINT {
			t.Errorf("%s: got %v, want a broken constraint", what, err)
		}
	}
}

func TestFeedbackIsStored(t *testing.T) {
	db := openAt(t, migratedDir(t), false)
	s := newTenantsSite(t, db)
	turn := begun(t, db, s)
	turn.State, turn.Finish = chat.Done, chat.Complete
	if err := db.Conversations().Finish(t.Context(), s, turn); err != nil {
		t.Fatal(err)
	}
	for i, r := range []chat.Rating{chat.Good, chat.Bad} {
		if err := db.Conversations().Rate(t.Context(), s, turn.Visitor, turn.Message, r, epoch.Add(time.Duration(i)*time.Hour)); err != nil {
			t.Fatal(err)
		}
		var rows []struct {
			Rating int64 `db:"rating"`
			At     int64 `db:"rated_at"`
		}
		if err := db.reader.SelectContext(t.Context(), &rows, `select rating, rated_at from feedback`); err != nil {
			t.Fatal(err)
		}
		if len(rows) != 1 || rows[0].Rating != int64(r) || !timeOf(rows[0].At).Equal(epoch.Add(time.Duration(i)*time.Hour)) {
			t.Errorf("after rating %d: stored %+v", r, rows)
		}
	}
	if err := db.Conversations().Delete(t.Context(), s, turn.Visitor, turn.Conversation); err != nil {
		t.Fatal(err)
	}
	var left int
	if err := db.reader.GetContext(t.Context(), &left, `select (select count(*) from feedback) + (select count(*) from messages)`); err != nil || left != 0 {
		t.Errorf("%d rows are left of a deleted conversation, %v", left, err)
	}
}

// What version 1 stored stays readable, whatever the domain's fields are called
// later: if this test fails, a new version is needed, not new lines here.
func TestStoredJSON(t *testing.T) {
	const (
		citations = `{"v":1,"data":[{"n":2,"document":"product:44","revision":"r1","seq":3,"title":"T","url":"U"}]}`
		cards     = `{"v":1,"data":[{"document":"product:44","title":"T","url":"U","image_url":"I","sku":"S","min":{"minor":1,"currency":"EUR","exponent":2},"max":{"minor":2,"currency":"EUR","exponent":2},"regular_min":{"minor":3,"currency":"EUR","exponent":2},"regular_max":{"minor":4,"currency":"EUR","exponent":2},"on_sale":true,"stock":3,"attributes":[{"name":"Size","values":[]},{"name":"None"}],"as_of":"2026-11-23T12:00:00.000001Z"}]}`
		facts     = `{"v":1,"data":{"skus":["S"],"gtins":["G"],"brands":["B"],"categories":["C > D"],"tags":[],"attributes":[{"name":"Size","values":["L"]}],"offers":[{"sku":"S","gtin":"G","attributes":[{"name":"Size","values":["L"]}],"regular":{"minor":2990,"currency":"EUR","exponent":2},"sale":{"currency":"EUR","exponent":2},"sale_from":"2026-11-23T12:00:00Z","sale_to":"2026-11-24T12:00:00Z","stock":1,"quantity":9007199254740993,"counted":true},{}],"image_url":"I","external":true,"as_of":"2026-11-23T12:00:00Z"}}`
	)
	cs, err := citationsOfJSON(text(citations))
	if err != nil || len(cs) != 1 || cs[0] != (chat.Citation{
		Marker: 2, Passage: retrieval.PassageRef{Document: "product:44", Revision: "r1", Seq: 3}, Title: "T", URL: "U",
	}) {
		t.Errorf("citations: %+v, %v", cs, err)
	}
	if back, err := citationsToJSON(cs); err != nil || back.String != citations {
		t.Errorf("citations are stored as\n%s, %v, want\n%s", back.String, err, citations)
	}
	cards1, err := cardsOfJSON(text(cards))
	if err != nil || len(cards1) != 1 || cards1[0].Price.RegularMax != (catalog.Money{Minor: 4, Currency: "EUR", Exponent: 2}) ||
		cards1[0].Stock != catalog.OnBackorder || cards1[0].Attributes[0].Values == nil || cards1[0].Attributes[1].Values != nil ||
		!cards1[0].AsOf.Equal(epoch.Add(time.Microsecond)) {
		t.Errorf("cards: %+v, %v", cards1, err)
	}
	if back, err := cardsToJSON(cards1); err != nil || back.String != cards {
		t.Errorf("cards are stored as\n%s, %v, want\n%s", back.String, err, cards)
	}
	f, err := factsOfJSON(facts)
	if err != nil || len(f.Offers) != 2 || f.Offers[0].Quantity != 9007199254740993 || !f.Offers[0].Sale.IsSet() || f.Offers[1].Regular.IsSet() ||
		f.Offers[0].Stock != catalog.InStock || f.Tags == nil || !f.External {
		t.Errorf("facts: %+v, %v", f, err)
	}
	back, err := factsToJSON(f)
	if back = strings.ReplaceAll(back, `\u003e`, ">"); err != nil || back != facts {
		t.Errorf("facts are stored as\n%s, %v, want\n%s", back, err, facts)
	}
}

func TestStoredJSONOfAnotherVersion(t *testing.T) {
	for what, stored := range map[string]string{
		"newer": `{"v":2,"data":[]}`, "none": `[]`, "no version": `{"data":[]}`, "cut": `{"v":1,"data":[`, "empty": ``,
	} {
		if _, err := citationsOfJSON(text(stored)); !errors.Is(err, ports.ErrUnavailable) {
			t.Errorf("%s: citations: %v, want ErrUnavailable", what, err)
		}
		if _, err := factsOfJSON(stored); !errors.Is(err, ports.ErrUnavailable) {
			t.Errorf("%s: facts: %v, want ErrUnavailable", what, err)
		}
	}
}

// A time that JSON cannot say is refused, and nothing is half-stored.
func TestTimesThatCannotBeStored(t *testing.T) {
	db := openAt(t, migratedDir(t), false)
	s := newTenantsSite(t, db)
	far := time.Date(12026, 1, 1, 0, 0, 0, 0, time.UTC)
	_, err := db.Documents().Put(t.Context(), s, retrieval.Document{ID: "page:1", Kind: catalog.KindPage, Facts: catalog.Facts{AsOf: far}}, nil)
	if !errors.Is(err, ports.ErrInvalid) {
		t.Errorf("Put: %v, want ErrInvalid", err)
	}
	if states, err := db.Documents().States(t.Context(), s, "", 10); err != nil || len(states) != 0 {
		t.Errorf("States: %v, %v, want none", states, err)
	}
}

// text is a stored text that is not null.
func text(s string) sql.NullString { return sql.NullString{String: s, Valid: true} }
