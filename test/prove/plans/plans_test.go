// Package plans looks at how Postgres does what the adapters ask of it: the plans
// of their own statements, under their own logins and policies, as the server
// logs them. What grows with a tenant's neighbours, or with the number of events,
// must not be read whole.
package plans

import (
	"context"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"
	_ "github.com/lib/pq" // the tables are filled by hand

	"github.com/aiwoochat/woochat/adapters/postgres"
	"github.com/aiwoochat/woochat/adapters/system"
	"github.com/aiwoochat/woochat/domain/chat"
	"github.com/aiwoochat/woochat/domain/retrieval"
	"github.com/aiwoochat/woochat/domain/roles"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/domain/usage"
	"github.com/aiwoochat/woochat/ports"
	"github.com/aiwoochat/woochat/test/harness/migrated"
	"github.com/aiwoochat/woochat/test/harness/pgtest"
)

func TestMain(m *testing.M) {
	// Each statement's plan goes to the log, those inside of functions, too.
	os.Exit(pgtest.Main(m, pgtest.Options{Settings: map[string]string{
		"shared_preload_libraries":           "auto_explain",
		"auto_explain.log_min_duration":      "0",
		"auto_explain.log_analyze":           "on",
		"auto_explain.log_buffers":           "on",
		"auto_explain.log_timing":            "off",
		"auto_explain.log_nested_statements": "on",
		"shared_buffers":                     "128MB",
	}}))
}

const today = "2026-11-28"

func now() time.Time { return time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC) }

// fill makes 1,000 tenants with a site each and spread rows over them: all events
// but those of the busy site, and rows of every other table that grows.
const fill = `
set session_replication_role = replica;
set auto_explain.log_min_duration = -1;
insert into tenants (id, name) select ('00000000-0000-7000-8000-' || lpad(g::text, 12, '0'))::uuid, 'tenant' from generate_series(1, 1000) g;
insert into sites (id, tenant_id, name, url) select ('00000000-0000-7000-9000-' || lpad(g::text, 12, '0'))::uuid, ('00000000-0000-7000-8000-' || lpad(g::text, 12, '0'))::uuid, 'shop', 'https://shop.example.com' from generate_series(1, 1000) g;
insert into licenses (tenant_id, site_id, plan, plan_limits) select tenant_id, id, 'test', '{"max_tokens_per_day":null,"max_chat_requests_per_day":null,"max_embedding_tokens_per_day":null}' from sites;
insert into user_tenants (tenant_id, user_id, role) select id, ('00000000-0000-7000-a000-' || right(id::text, 12))::uuid, 'owner' from tenants;
insert into api_keys (id, tenant_id, site_id, kind, key_text, key_hash, created_at) select gen_random_uuid(), tenant_id, id, 'site', 'pk_' || id, encode(sha256(('pk_' || id)::bytea), 'hex'), now() from sites, generate_series(1, 1);
insert into usage_daily (date, tenant_id, site_id, chat_requests) select d::date, tenant_id, id, 1 from sites, generate_series('2026-10-30'::date, '2026-11-28', '1 day') d;
insert into usage_reservations (tenant_id, site_id, id, day, state, admitted_at, expires_at, want_chat_requests, want_embedding_requests, want_chat_tokens, want_embedding_tokens, want_cost, held_chat_requests, held_embedding_requests, held_chat_tokens, held_embedding_tokens, held_cost)
    select tenant_id, id, gen_random_uuid(), '2026-11-28', 'settled', now(), now(), 1, 0, 10, 0, 0, 0, 0, 0, 0, 0 from sites, generate_series(1, 50);
insert into usage_calls (tenant_id, site_id, reservation_id, call_no, kind, model, chat_requests, prompt_tokens, max_output, bound_cost, price_model, price_version, price_input, price_cached_input, price_output, price_unpriced, price_local, sent_at, event_id)
    select tenant_id, site_id, id, 1, 'chat', 'm', 1, 5, 5, 0, 'm', '1', 0, 0, 0, false, false, now(), gen_random_uuid() from usage_reservations;
insert into conversations (id, tenant_id, site_id, visitor_id) select gen_random_uuid(), tenant_id, id, gen_random_uuid() from sites, generate_series(1, 20);
insert into messages (id, tenant_id, site_id, conversation_id, visitor_id, seq, question, asked_at, state, attempt, lease_at)
    select gen_random_uuid(), tenant_id, site_id, id, visitor_id, g, 'What?', now(), 'done', 1, now() from conversations, generate_series(1, 2) g;
insert into feedback (message_id, tenant_id, site_id, rating, rated_at) select id, tenant_id, site_id, 1, now() from messages;
insert into documents (tenant_id, site_id, id, revision, kind, facts, shown) select tenant_id, id, 'd' || g, '1', 'page', '{"v":1,"data":{}}', true from sites, generate_series(1, 20) g;
insert into chunks (tenant_id, site_id, document_id, seq, text) select tenant_id, site_id, id, s, 'Mugs are made of clay.' from documents, generate_series(1, 3) s;
insert into index_generations (tenant_id, site_id, generation, model, state, since) select tenant_id, id, g, 'm', (array['gone', 'retired', 'served', 'building'])[g], now() from sites, generate_series(1, 4) g;
insert into source_cursors (tenant_id, site_id, source, cursor) select tenant_id, id, 'pages', 'x' from sites;
insert into rate_buckets (tenant_id, site_id, key, full_at) select tenant_id, id, 'visitor:' || g, 0 from sites, generate_series(1, 20) g;
`

const events = `insert into usage_events (id, tenant_id, site_id, reservation_id, day, chat_requests, kind, model, prompt_tokens, completion_tokens, total_tokens, cost, usage_source)
    select gen_random_uuid(), s.tenant_id, s.id, gen_random_uuid(), '2026-11-28'::date - (g %% 30)::int, 1, 'chat', 'm', 5, 5, 10, 7, 'provider' from sites s, generate_series(1, %d) g`

const adjustments = `insert into usage_adjustments (tenant_id, site_id, event_id, day, chat_requests, embedding_requests, chat_tokens, embedding_tokens, cost, prompt_tokens, completion_tokens, reason, created_at)
    select tenant_id, site_id, id, day, 0, 0, 1, 0, 0, 0, 1, 'settled after sweep', now() from usage_events where seq % 20 = 0`

const busyEvents = `insert into usage_events (id, tenant_id, site_id, reservation_id, day, chat_requests, kind, model, prompt_tokens, completion_tokens, total_tokens, cost, usage_source)
    select gen_random_uuid(), s.tenant_id, s.id, gen_random_uuid(), '2026-11-28', 1, 'chat', 'm', 5, 5, 10, 7, 'provider' from (select * from sites order by id limit 1) s, generate_series(1, %d) g`

// filled returns a database with half a million events, most of them today's of
// the first site in make prove.
func filled(t *testing.T) (pgtest.Database, int) {
	t.Helper()
	d := migrated.Database(t)
	super, err := sqlx.Open("postgres", d.Superuser())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = super.Close() }()
	super.SetMaxOpenConns(1)
	spread, busy := 300, 200_000
	if os.Getenv("WOOCHAT_PROVE") == "full" {
		spread, busy = 500, 1_000_000
	}
	for _, q := range []string{fill, fmt.Sprintf(events, spread), adjustments, fmt.Sprintf(busyEvents, busy), `analyze`} {
		if _, err := super.ExecContext(t.Context(), q); err != nil {
			t.Fatal(err)
		}
	}
	return d, spread*1000 + busy
}

func scopeOf(n int) tenant.Scope {
	id := fmt.Sprintf("%012d", n)
	return tenant.Scope{Tenant: tenant.ID(tenant.Prefix + "00000000-0000-7000-8000-" + id), Site: tenant.SiteID(tenant.SitePrefix + "00000000-0000-7000-9000-" + id)}
}

// small are tables that hold one row, or few whatever happens.
var small = []string{"changes", "index_state", "index_sites", "platform_users"}

// TestPlans asks everything of the adapters that is asked of one site or tenant
// among a thousand.
func TestPlans(t *testing.T) {
	d, rows := filled(t)
	db, err := postgres.Open(t.Context(), postgres.Config{
		URL: d.Socket("app_runtime"), LedgerURL: d.Socket("app_ledger"), ServiceURL: d.Socket("app_service"), Now: now, NewID: system.NewID,
	})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	log := newLog(t, d)
	for name, ask := range asked(db, scopeOf(2), scopeOf(1)) {
		t.Run(name, func(t *testing.T) {
			plans := log.of(t, ask)
			if len(plans) == 0 {
				t.Fatal("the server logged no plan: nothing was looked at")
			}
			for _, p := range plans {
				if strings.HasPrefix(name, "events") && strings.Contains(p, "Sort") {
					t.Errorf("what the site has is sorted for a page by\n%s", p)
				}
				for _, m := range seqScan.FindAllStringSubmatch(p, -1) {
					if !slices.Contains(small, m[1]) {
						t.Errorf("%s is read whole by\n%s", m[1], p)
					}
				}
			}
		})
	}
	t.Logf("%d events", rows)
	t.Run("buffers", func(t *testing.T) { buffers(t, log, db) })
}

var (
	seqScan = regexp.MustCompile(`Seq Scan on (?:public\.)?(\w+)`)
	tables  = regexp.MustCompile(`(?:Scan|Update|Insert|Delete)(?: using \w+)? on (?:public\.)?(usage_\w+|sites|tenants|licenses)`)
	hits    = regexp.MustCompile(`Buffers: shared(?: hit=(\d+))?(?: read=(\d+))?`)
)

// log is the server's, in which a statement of ours marks where another begins and
// ends: lines come late on a busy machine.
type log struct {
	d     pgtest.Database
	super *sqlx.DB
	marks int
}

func newLog(t *testing.T, d pgtest.Database) *log {
	t.Helper()
	super, err := sqlx.Open("postgres", d.Superuser())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = super.Close() })
	return &log{d: d, super: super}
}

// marks is how the statements begin that only mark where others are.
const marks = "mark of the log "

// of returns the plans of what ask does.
func (l *log) of(t *testing.T, ask func(context.Context) error) []string {
	t.Helper()
	from := l.mark(t)
	if err := ask(t.Context()); err != nil {
		t.Fatal(err)
	}
	to := l.mark(t)
	plans := split(l.d.Server.Log()[from:to])
	return slices.DeleteFunc(plans, func(p string) bool { return strings.Contains(p, marks) })
}

// mark has a statement logged and returns the line at which it is.
func (l *log) mark(t *testing.T) int {
	t.Helper()
	l.marks++
	name := fmt.Sprintf(marks+"%d", l.marks)
	if _, err := l.super.ExecContext(t.Context(), `select '`+name+`'`); err != nil {
		t.Fatal(err)
	}
	deadline := time.After(time.Minute)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		if at := slices.IndexFunc(l.d.Server.Log(), func(line string) bool { return strings.Contains(line, name) }); at > 0 {
			return at - 1 // the line before it says how long it took
		}
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("the server's log has no %q", name)
		}
	}
}

func split(lines []string) []string {
	var plans []string
	for _, l := range lines {
		switch {
		case strings.Contains(l, " ms  plan:"):
			plans = append(plans, l)
		case len(plans) > 0 && strings.HasPrefix(l, "\t"):
			plans[len(plans)-1] += "\n" + l
		}
	}
	return plans
}

// buffers shows that what a day has used, and whether a request fits its limits,
// is known without looking at one event, however many there are.
func buffers(t *testing.T, log *log, db *postgres.DB) {
	busy := scopeOf(1)
	hold := usage.Hold{
		ID: usage.ReservationID(usage.ReservationPrefix + system.NewID()), Day: today, Want: usage.Amounts{ChatRequests: 1, ChatTokens: 10},
		Limits: usage.Limits{ChatTokens: 1, ChatRequests: 1}, Admit: now(), Expires: now().Add(time.Minute), ResetAt: now().Add(time.Hour),
	}
	for name, ask := range map[string]func(ctx context.Context) error{
		"daily usage": func(ctx context.Context) error {
			_, err := db.Ledger().Days(ctx, busy, today, today)
			return err
		},
		"limit check": func(ctx context.Context) error { // a refusal: the check alone
			if err := db.Ledger().Reserve(ctx, busy, hold); err == nil {
				return fmt.Errorf("the hold was admitted")
			}
			return nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			for range 3 { // plans and catalogues are in memory then
				if err := ask(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			most, looked := 0, 0
			for _, p := range log.of(t, ask) {
				for _, m := range tables.FindAllStringSubmatch(p, -1) {
					looked++
					// The reservation of this id is looked for, too: one look-up.
					if m[1] != "usage_daily" && (name != "limit check" || m[1] != "usage_reservations") {
						t.Errorf("%s is looked at by\n%s", m[1], p)
					}
				}
				for _, m := range hits.FindAllStringSubmatch(p, 1) {
					hit, _ := strconv.Atoi(m[1])
					read, _ := strconv.Atoi(m[2])
					most = max(most, hit+read)
				}
			}
			t.Logf("%d buffers at most for a statement", most)
			if most > 20 || looked == 0 {
				t.Errorf("%d buffers (at most 20), %d tables looked at", most, looked)
			}
		})
	}
}

// asked are the adapters' calls on one site.
func asked(db *postgres.DB, s, busy tenant.Scope) map[string]func(context.Context) error {
	l, c, docs, a := db.Ledger(), db.Conversations(), db.Documents(), db.Accounts()
	visitor := chat.VisitorID(chat.VisitorPrefix + system.NewID())
	conversation := chat.ConversationID(chat.ConversationPrefix + system.NewID())
	message := chat.MessageID(chat.MessagePrefix + system.NewID())
	owner := roles.Grants{
		Subject: roles.Subject("user_00000000-0000-7000-a000-" + string(s.Site[len(s.Site)-12:])), Tenants: map[tenant.ID]roles.Role{s.Tenant: roles.Owner},
	}
	q := usage.Query{Tenant: s.Tenant, First: "2026-11-01", Last: today}
	return map[string]func(context.Context) error{
		"ledger": func(ctx context.Context) error {
			id := usage.ReservationID(usage.ReservationPrefix + system.NewID())
			call := usage.Call{No: 1, Kind: usage.Chat, Model: "m", ChatRequests: 1, PromptTokens: 5, MaxOutput: 5, Price: usage.Price{Model: "m", Version: "1"}, At: now()}
			for _, do := range []func() error{
				func() error {
					return l.Reserve(ctx, s, usage.Hold{ID: id, Day: today, Want: usage.Amounts{ChatRequests: 1, ChatTokens: 10}, Limits: usage.NoLimits(), Admit: now(), Expires: now().Add(time.Minute)})
				},
				func() error { return l.Dispatch(ctx, s, id, call, usage.Amounts{}) },
				func() error {
					return l.Checkpoint(ctx, []ports.Checkpoint{{Scope: s, Reservation: id, CallNo: 1, Output: 2}})
				},
				func() error {
					return l.Settle(ctx, s, id, usage.Event{
						ID: usage.EventID(usage.EventPrefix + system.NewID()), CallNo: 1, Last: true, Kind: usage.Chat, Model: "m", ChatRequests: 1,
						Tokens: chat.Tokens{Input: 5, Output: 2, CountedBy: chat.ByProvider}, Success: true, At: now(),
					})
				},
				func() error { return l.Release(ctx, s, id) },
			} {
				if err := do(); err != nil {
					return err
				}
			}
			return nil
		},
		"sweep":       func(ctx context.Context) error { _, err := l.Sweep(ctx, now(), 10); return err },
		"days":        func(ctx context.Context) error { _, err := l.Days(ctx, s, "2026-11-01", today); return err },
		"events":      func(ctx context.Context) error { _, err := l.Events(ctx, s, "2026-11-01", today, "", 100); return err },
		"adjustments": func(ctx context.Context) error { _, err := l.Adjustments(ctx, s, "2026-11-01", today); return err },
		"report of days": func(ctx context.Context) error {
			return l.EachDay(ctx, owner, q, func(usage.SiteTotals) error { return nil })
		},
		"summary by site":  func(ctx context.Context) error { _, err := l.Summary(ctx, owner, q, usage.BySite); return err },
		"summary by model": func(ctx context.Context) error { _, err := l.Summary(ctx, owner, q, usage.ByModel); return err },
		"report of events": func(ctx context.Context) error {
			return l.EachEvent(ctx, owner, q, "", 0, func(usage.SiteEvent) error { return nil })
		},
		"license": func(ctx context.Context) error { _, err := db.Licenses().LicenseOf(ctx, s); return err },
		"site":    func(ctx context.Context) error { _, err := a.Site(ctx, s); return err },
		"site key": func(ctx context.Context) error {
			_, err := a.ScopeOf(ctx, "pk_"+string(s.Site[len(tenant.SitePrefix):]))
			return err
		},
		"grants":  func(ctx context.Context) error { _, err := a.GrantsOf(ctx, owner.Subject); return err },
		"members": func(ctx context.Context) error { _, err := a.ListMembers(ctx, s.Tenant); return err },
		"rate bucket": func(ctx context.Context) error {
			return db.Limiter().Take(ctx, s, usage.Bucket{Key: "visitor:1", Burst: 5, Every: time.Second}, 1)
		},
		"message": func(ctx context.Context) error {
			if _, err := c.Open(ctx, s, chat.Conversation{ID: conversation, Visitor: visitor, Started: now()}); err != nil {
				return err
			}
			turn, err := c.Begin(ctx, s, chat.Turn{
				Message: message, Conversation: conversation, Visitor: visitor, Key: "k", BodyHash: "h", Question: "What?", Asked: now(),
				State: chat.Running, Attempt: 1, Lease: now().Add(time.Minute), Reservation: usage.ReservationPrefix + system.NewID(),
			})
			if err != nil {
				return err
			}
			if err := c.SaveDrafts(ctx, []ports.ScopedDraft{{Scope: s, Draft: chat.Draft{Message: message, Attempt: 1, Answer: "An", LastEvent: 3, Lease: now().Add(time.Minute)}}}); err != nil {
				return err
			}
			turn.State, turn.Finish, turn.Answer, turn.Answered = chat.Done, chat.Complete, "Answer.", now()
			if err := c.Finish(ctx, s, turn); err != nil {
				return err
			}
			if _, err := c.Last(ctx, s, visitor, conversation, 5); err != nil {
				return err
			}
			if err := c.Rate(ctx, s, visitor, message, chat.Good, now()); err != nil {
				return err
			}
			_, err = c.Find(ctx, s, visitor, message)
			return err
		},
		"document": func(ctx context.Context) error {
			doc := retrieval.Document{ID: "d1", Revision: "2", Kind: 2, Title: "Mugs", Shown: true, Body: "Mugs are made of clay."}
			if _, err := docs.Put(ctx, s, doc, []retrieval.Chunk{{Seq: 1, Text: "Mugs are made of clay."}}); err != nil {
				return err
			}
			for _, at := range []retrieval.Stage{{Generation: 3}, {Generation: 3, Words: true}, {Generation: 4}} {
				if _, err := docs.Pending(ctx, s, at, 10); err != nil {
					return err
				}
				if err := docs.Indexed(ctx, s, at, []retrieval.DocumentRef{{ID: "d1", Revision: "2"}}); err != nil {
					return err
				}
			}
			if _, err := docs.Tally(ctx, s); err != nil {
				return err
			}
			if _, err := docs.Retired(ctx, s, now()); err != nil {
				return err
			}
			if err := docs.Forget(ctx, s, 2); err != nil {
				return err
			}
			if _, err := docs.Switch(ctx, s, 4, now()); err != nil {
				return err
			}
			if _, err := docs.Begin(ctx, s, retrieval.Rebuild{Model: "n", At: now()}); err != nil {
				return err
			}
			if _, err := docs.Load(ctx, s, retrieval.Chunking{}, []retrieval.PassageRef{{Document: "d1", Revision: "2", Seq: 1}}); err != nil {
				return err
			}
			_, err := docs.States(ctx, s, "", 10)
			return err
		},
		"repriced events of a busy day": func(ctx context.Context) error {
			_, err := l.Events(ctx, busy, today, today, "", 100)
			return err
		},
	}
}
