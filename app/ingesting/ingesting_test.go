package ingesting_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aiwoochat/woochat/adapters/memory"
	"github.com/aiwoochat/woochat/app/ingesting"
	"github.com/aiwoochat/woochat/domain/catalog"
	"github.com/aiwoochat/woochat/domain/retrieval"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/domain/usage"
	"github.com/aiwoochat/woochat/ports"
)

var (
	site  = tenant.Scope{Tenant: "ten_00000000-0000-7000-8000-000000000001", Site: "site_00000000-0000-7000-8000-000000000001"}
	other = tenant.Scope{Tenant: "ten_00000000-0000-7000-8000-000000000002", Site: "site_00000000-0000-7000-8000-000000000002"}
	now   = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
)

// textOf is an HTMLText that knows paragraphs only.
type textOf struct{}

func (textOf) Text(html, _ string) (string, error) {
	if strings.Contains(html, "PANIC") {
		panic("tripped")
	}
	if strings.Contains(html, "TOO LARGE") {
		return "", fmt.Errorf("%w: too large", ports.ErrInvalid)
	}
	return strings.NewReplacer("<p>", "", "</p>", "").Replace(html), nil
}

// feed is a source that can be cut off: it delivers its changes in order.
type feed struct {
	changes []catalog.Change
	failAt  int // fails before this change, once; 0 for never
	read    int // changes delivered and accepted
}

var errFeed = fmt.Errorf("%w: the shop does not answer", ports.ErrUnavailable)

func (f *feed) Changes(ctx context.Context, s tenant.Scope, since catalog.Cursor, visit func(catalog.Change) error) (catalog.Cursor, error) {
	at := 0
	if since != "" {
		n, err := strconv.Atoi(string(since))
		if err != nil {
			return since, fmt.Errorf("%w: cursor", ports.ErrInvalid)
		}
		at = n
	}
	for ; at < len(f.changes); at++ {
		if f.failAt > 0 && at == f.failAt {
			f.failAt = 0
			return catalog.Cursor(strconv.Itoa(at)), errFeed
		}
		if err := visit(f.changes[at]); err != nil {
			return catalog.Cursor(strconv.Itoa(at)), err
		}
		f.read++
	}
	return catalog.Cursor(strconv.Itoa(at)), nil
}

func product(id int, price int64) catalog.Change {
	return catalog.Change{Product: &catalog.Product{
		ID: strconv.Itoa(id), Type: catalog.Simple, Name: fmt.Sprint("Mug ", id), SKU: fmt.Sprint("MUG-", id), URL: fmt.Sprint("https://shop.example.com/", id),
		Status: catalog.Published, Visibility: catalog.Everywhere, Description: fmt.Sprint("<p>Enamel number", id, ".</p>"),
		Offer: catalog.Offer{Regular: catalog.Money{Minor: price, Currency: "EUR", Exponent: 2}, Stock: catalog.InStock},
	}}
}

func products(n int) []catalog.Change {
	var cs []catalog.Change
	for i := range n {
		cs = append(cs, product(i+1, 100))
	}
	return cs
}

// world is a Service on memory adapters.
type world struct {
	*testing.T
	*ingesting.Service
	documents *memory.Documents
	index     *memory.Index
	embedder  *embedder
	now       time.Time
}

func newWorld(t *testing.T, change func(*ingesting.Deps)) *world {
	t.Helper()
	w := &world{T: t, now: now, documents: memory.NewDocuments(), index: memory.NewIndex(), embedder: &embedder{next: memory.NewEmbedder(8)}}
	d := ingesting.Deps{
		Documents: w.documents, Batches: w.documents, Inventory: w.documents, Stored: w.documents, Cursors: w.documents, Indexer: w.index, Entries: w.index, Text: textOf{}, Tokenizer: memory.NewTokenizer(),
		Now: func() time.Time { return w.now }, EmbeddingModel: "test-embedding", Embedder: func(tenant.Scope, string) ports.Embedder { return w.embedder },
	}
	if change != nil {
		change(&d)
	}
	if d.Indexer != ports.Indexer(w.index) {
		d.Entries, _ = d.Indexer.(ports.IndexBatches)
	}
	var err error
	if w.Service, err = ingesting.New(d); err != nil {
		t.Fatal(err)
	}
	return w
}

func (w *world) load(source ports.DocumentSource, o ingesting.Options) ingesting.Report {
	w.Helper()
	r, err := w.Import(w.Context(), site, "feed", source, o)
	if err != nil {
		w.Fatal(err)
	}
	return r
}

func (w *world) drain() ingesting.DrainReport {
	w.Helper()
	r, err := w.Drain(w.Context(), site)
	if err != nil {
		w.Fatal(err)
	}
	return r
}

func (w *world) shown() map[retrieval.DocumentID]retrieval.DocumentState {
	w.Helper()
	states, err := w.documents.States(w.Context(), site, "", 10_000)
	if err != nil {
		w.Fatal(err)
	}
	m := map[retrieval.DocumentID]retrieval.DocumentState{}
	for _, s := range states {
		if s.Shown {
			m[s.ID] = s
		}
	}
	return m
}

// finds searches as an answer does: what the index has, loaded from the store.
func (w *world) finds(words string) []retrieval.DocumentID {
	w.Helper()
	found, err := w.index.Search(w.Context(), site, retrieval.Query{Text: words, Limit: 10_000, At: now})
	if err != nil {
		w.Fatal(err)
	}
	var refs []retrieval.PassageRef
	for _, h := range found {
		refs = append(refs, h.Ref)
	}
	loaded, err := w.documents.Load(w.Context(), site, retrieval.Chunking{}, refs)
	if err != nil {
		w.Fatal(err)
	}
	var ids []retrieval.DocumentID
	for _, p := range loaded {
		ids = append(ids, p.Ref.Document)
	}
	return ids
}

// embedder is one that can refuse.
type embedder struct {
	next   ports.Embedder
	refuse func(texts []string) error

	mu    sync.Mutex
	texts []string // embedded
}

func (e *embedder) Embed(ctx context.Context, texts []string) (retrieval.Embedding, error) {
	if e.refuse != nil {
		if err := e.refuse(texts); err != nil {
			return retrieval.Embedding{}, err
		}
	}
	e.mu.Lock()
	e.texts = append(e.texts, texts...)
	e.mu.Unlock()
	return e.next.Embed(ctx, texts)
}

func TestImportAgainChangesNothing(t *testing.T) {
	w := newWorld(t, nil)
	cs := append(products(5), catalog.Change{Page: &catalog.Page{ID: "7", Title: "Shipping", Status: catalog.Published, HTML: "<p>Two days.</p>"}},
		catalog.Change{FAQ: &catalog.FAQ{ID: "q", Question: "Gift wrap?", Answer: "<p>Yes.</p>"}})
	if r := w.load(&feed{changes: cs}, ingesting.Options{Full: true}); r.Seen != 7 || r.Changed != 7 || r.Resumed {
		t.Errorf("first: %+v", r)
	}
	if r := w.drain(); r.Indexed != 7 || r.Paused != nil {
		t.Errorf("first drain: %+v", r)
	}
	// Saved again later, and read again later: the same content.
	for _, c := range cs {
		if c.Product != nil {
			c.Product.Updated = now.Add(time.Hour)
		}
	}
	if r := w.load(&feed{changes: cs}, ingesting.Options{Full: true, AsOf: now.Add(2 * time.Hour)}); r.Seen != 7 || r.Changed != 0 || r.Unchanged != 7 || r.Removed != 0 {
		t.Errorf("again: %+v", r)
	}
	texts := len(w.embedder.texts)
	if r := w.drain(); r.Indexed != 0 || len(w.embedder.texts) != texts {
		t.Errorf("drain again: %+v, %d texts embedded", r, len(w.embedder.texts)-texts)
	}
	// Without Full only what is new is read.
	if r := w.load(&feed{changes: cs}, ingesting.Options{}); r.Seen != 0 || !r.Resumed {
		t.Errorf("incremental: %+v", r)
	}
	for _, words := range []string{"enamel", "shipping", "gift"} {
		if len(w.finds(words)) == 0 {
			t.Errorf("%q finds nothing", words)
		}
	}
}

func TestPriceEditChangesOneDocument(t *testing.T) {
	w := newWorld(t, nil)
	cs := products(5)
	w.load(&feed{changes: cs}, ingesting.Options{Full: true})
	w.drain()
	cs[2] = product(3, 90)
	if r := w.load(&feed{changes: cs}, ingesting.Options{Full: true}); r.Changed != 1 || r.Unchanged != 4 {
		t.Errorf("import: %+v", r)
	}
	if r := w.drain(); r.Indexed != 1 {
		t.Errorf("drain: %+v", r)
	}
}

func TestWhatIsGoneIsTakenOut(t *testing.T) {
	w := newWorld(t, nil)
	cs := products(6)
	w.load(&feed{changes: cs}, ingesting.Options{Full: true})
	if _, err := w.Import(t.Context(), site, "pages", &feed{changes: []catalog.Change{{Page: &catalog.Page{ID: "1", Title: "Enamel care", Status: catalog.Published, HTML: "<p>x</p>"}}}}, ingesting.Options{Full: true}); err != nil {
		t.Fatal(err)
	}
	w.drain()
	// 2 is deleted, 3 becomes a draft, 4 cannot be read, 5 is missing without
	// a word; 6 stays, and so does the page of another source.
	draft := product(3, 100)
	draft.Product.Status = catalog.Draft
	next := []catalog.Change{cs[0], {Deleted: &catalog.Deleted{Kind: catalog.KindProduct, ID: "2"}}, draft, {Rejected: &catalog.Rejected{Where: "row 5", ID: "4", Reason: "bad price"}}, cs[5]}
	r := w.load(&feed{changes: next}, ingesting.Options{Full: true})
	if r.Removed != 2 || r.Rejected != 1 || r.Hidden != 1 || r.Kept != "" || len(r.Rejects) != 1 {
		t.Errorf("report %+v", r)
	}
	if r := w.drain(); r.TakenOut != 3 {
		t.Errorf("drain %+v", r)
	}
	want := []retrieval.DocumentID{"page:1", "product:1", "product:4", "product:6"}
	if got := slices.Sorted(maps.Keys(w.shown())); !reflect.DeepEqual(got, want) {
		t.Errorf("shown %v, want %v", got, want)
	}
	got := w.finds("enamel mug")
	slices.Sort(got)
	if !reflect.DeepEqual(slices.Compact(got), want) {
		t.Errorf("found %v, want %v", got, want)
	}
}

// A feed that is empty or has rows that nobody can name is no reason to empty a
// shop, and neither is one that only tells what is new.
func TestNothingIsTakenOutInDoubt(t *testing.T) {
	for name, c := range map[string]struct {
		changes []catalog.Change
		full    bool
		kept    bool
	}{
		"empty":           {nil, true, true},
		"only rejected":   {[]catalog.Change{{Rejected: &catalog.Rejected{Where: "row 2", ID: "1", Reason: "x"}}}, true, true},
		"nameless":        {append(products(1), catalog.Change{Rejected: &catalog.Rejected{Where: "row 9", Reason: "quote"}}), true, true},
		"not a full feed": {products(1), false, false},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, nil)
			w.load(&feed{changes: products(3)}, ingesting.Options{Full: true})
			r := w.load(&feed{changes: c.changes}, ingesting.Options{Full: c.full})
			if r.Removed != 0 || (r.Kept != "") != c.kept || len(w.shown()) != 3 {
				t.Errorf("%+v, %d shown", r, len(w.shown()))
			}
		})
	}
}

// The source fails at each place in turn; the next import goes on, and what is
// gone is still noticed.
func TestImportResumes(t *testing.T) {
	for failAt := 1; failAt < 10; failAt++ {
		w := newWorld(t, nil)
		w.load(&feed{changes: products(11)}, ingesting.Options{Full: true})
		f := &feed{changes: products(10), failAt: failAt}
		for i := range f.changes {
			f.changes[i] = product(i+1, 50)
		}
		r, err := w.Import(t.Context(), site, "feed", f, ingesting.Options{Full: true, Batch: 3})
		if !errors.Is(err, ports.ErrUnavailable) || r.Seen != failAt || r.Removed != 0 || len(w.shown()) != 11 {
			t.Fatalf("cut off at %d: %+v, %v", failAt, r, err)
		}
		f.read = 0
		r = w.load(f, ingesting.Options{Full: true, Batch: 3})
		if saved := failAt; r.Resumed != (saved > 0) || r.Seen != 10-saved {
			t.Errorf("resumed after %d: %+v", failAt, r)
		}
		if r.Removed != 1 || len(w.shown()) != 10 {
			t.Errorf("after %d: %+v, %d shown, want 10: number 11 is gone", failAt, r, len(w.shown()))
		}
		if r := w.load(f, ingesting.Options{Full: true}); r.Resumed || r.Seen != 10 || r.Changed != 0 {
			t.Errorf("the import after that: %+v", r)
		}
	}
}

func TestImportBeginsAnewAtAnUnknownPosition(t *testing.T) {
	for _, stored := range []catalog.Cursor{"1r:of another source", "what is this"} {
		w := newWorld(t, nil)
		if err := w.documents.SaveCursor(t.Context(), site, "feed", stored); err != nil {
			t.Fatal(err)
		}
		if r := w.load(&feed{changes: products(3)}, ingesting.Options{}); r.Seen != 3 || r.Resumed {
			t.Errorf("position %q: %+v", stored, r)
		}
	}
}

func TestTextThatCannotBeReadRejectsOneThing(t *testing.T) {
	w := newWorld(t, nil)
	cs := products(3)
	cs[1].Product.Description = "TOO LARGE"
	var seen []int
	r := w.load(&feed{changes: cs}, ingesting.Options{Full: true, Progress: func(p ingesting.Progress) { seen = append(seen, p.Seen) }})
	if r.Changed != 2 || r.Rejected != 1 || r.Rejects[0].Where != "product 2" || r.Rejects[0].ID != "2" {
		t.Errorf("report %+v", r)
	}
	if !reflect.DeepEqual(seen, []int{1, 2, 3}) {
		t.Errorf("progress was told at %v", seen)
	}
}

func TestHiddenLeavesNoText(t *testing.T) {
	w := newWorld(t, nil)
	c := product(1, 100)
	w.load(&feed{changes: []catalog.Change{c}}, ingesting.Options{})
	w.drain()
	c.Product.Protected = true
	if _, err := w.Apply(t.Context(), site, "feed", c, ingesting.Options{}); err != nil {
		t.Fatal(err)
	}
	// Before the index follows, the store does not give it out any more.
	if got := w.finds("enamel"); got != nil {
		t.Errorf("found %v", got)
	}
	pending, err := w.documents.Pending(t.Context(), site, retrieval.Stage{}, 10)
	if err != nil || len(pending) != 1 {
		t.Fatalf("%d pending, %v", len(pending), err)
	}
	if d := pending[0].Document; d.Body != "" || d.URL != "" || !reflect.DeepEqual(d.Facts, catalog.Facts{}) || len(pending[0].Chunks) > 0 {
		t.Errorf("stored of a hidden product: %+v", d)
	}
	if r := w.drain(); r.TakenOut != 1 {
		t.Errorf("drain %+v", r)
	}
}

func limitError() *usage.LimitError {
	return &usage.LimitError{Exceeded: []usage.Meter{usage.EmbeddingTokens}, Limits: usage.Limits{EmbeddingTokens: 10_000}, ResetAt: now.Add(12 * time.Hour)}
}

func TestSpentLimitPausesVectorsNotWords(t *testing.T) {
	w := newWorld(t, nil)
	w.load(&feed{changes: products(250)}, ingesting.Options{Full: true})
	gone := product(251, 100)
	gone.Product.Status = catalog.Trashed
	if _, err := w.Apply(t.Context(), site, "feed", gone, ingesting.Options{}); err != nil {
		t.Fatal(err)
	}
	left := 10
	w.embedder.refuse = func(texts []string) error {
		if len(texts) > left {
			return limitError()
		}
		left -= len(texts)
		return nil
	}
	r := w.drain()
	if !errors.Is(r.Paused, usage.ErrLimitExceeded) || !r.ResumeAt.Equal(now.Add(12*time.Hour)) || r.Texts != 10 || r.Waiting != 240 || r.TakenOut != 1 {
		t.Fatalf("report %+v", r)
	}
	if got := w.finds("enamel"); len(got) != 250 {
		t.Errorf("%d documents are found, want all 250", len(got))
	}
	// The next drain, of this process or another, does not index them by words again.
	counting := &countingIndexer{Indexer: w.index}
	if r, err := newWorldOn(w, counting).Drain(t.Context(), site); err != nil || counting.puts != 0 || r.Waiting != 240 {
		t.Errorf("%d puts more, %+v, %v", counting.puts, r, err)
	}
	// Next day.
	w.embedder.refuse = nil
	if r := w.drain(); r.Paused != nil || r.Indexed != 240 || r.Texts != 240 {
		t.Errorf("next day: %+v", r)
	}
	for _, d := range w.shown() {
		if d.Indexed != d.Revision {
			t.Errorf("%s is not indexed", d.ID)
		}
	}
}

type countingIndexer struct {
	ports.Indexer
	puts int
}

func (c *countingIndexer) Put(ctx context.Context, s tenant.Scope, e retrieval.Entry) error {
	c.puts++
	return c.Indexer.Put(ctx, s, e)
}

func newWorldOn(w *world, index ports.Indexer) *world {
	return newWorld(w.T, func(d *ingesting.Deps) {
		d.Documents, d.Inventory, d.Cursors, d.Indexer = w.documents, w.documents, w.documents, index
		d.Embedder = func(tenant.Scope, string) ports.Embedder { return w.embedder }
	})
}

func TestEmbedderAwayPauses(t *testing.T) {
	for name, err := range map[string]error{
		"down":         &ports.ModelError{Kind: ports.ModelUnavailable, Status: 503, RetryAfter: time.Minute},
		"rate limited": &ports.ModelError{Kind: ports.ModelRateLimited, Status: 429, RetryAfter: time.Minute},
		"bad key":      &ports.ModelError{Kind: ports.ModelRefused, Status: 401, RetryAfter: time.Minute},
		"no license":   &usage.LicenseError{Err: usage.ErrLicenseInactive},
		"all refused":  &ports.ModelError{Kind: ports.ModelRefused, Status: 400},
		"untyped":      errors.New("boom"),
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, nil)
			w.load(&feed{changes: products(3)}, ingesting.Options{Full: true})
			w.embedder.refuse = func([]string) error { return err }
			r := w.drain()
			if !errors.Is(r.Paused, err) || r.Waiting != 3 || r.Indexed != 0 || len(r.Refused) > 0 || len(w.finds("enamel")) != 3 {
				t.Errorf("report %+v, %d found", r, len(w.finds("enamel")))
			}
			var model *ports.ModelError
			if errors.As(err, &model) && model.RetryAfter > 0 && !r.ResumeAt.Equal(now.Add(time.Minute)) {
				t.Errorf("resume at %v", r.ResumeAt)
			}
			w.embedder.refuse = nil
			if r := w.drain(); r.Indexed != 3 || r.Paused != nil {
				t.Errorf("when it is back: %+v", r)
			}
		})
	}
}

func TestOneTextRefusedDoesNotHoldUpTheOthers(t *testing.T) {
	w := newWorld(t, nil)
	w.load(&feed{changes: products(9)}, ingesting.Options{Full: true})
	w.embedder.refuse = func(texts []string) error {
		if slices.ContainsFunc(texts, func(s string) bool { return strings.Contains(s, "number4.") }) {
			return &ports.ModelError{Kind: ports.ModelRefused, Status: 400, Message: "bad input"}
		}
		return nil
	}
	r := w.drain()
	if r.Paused != nil || r.Indexed != 9 || len(r.Refused) != 1 || r.Refused[0].Document != "product:4" || !errors.Is(r.Refused[0].Err, ports.ErrInvalid) {
		t.Errorf("report %+v", r)
	}
	if got := w.finds("number4"); len(got) != 1 {
		t.Errorf("found %v, want it by words", got)
	}
	if r := w.drain(); r.Indexed != 0 || len(r.Refused) != 0 {
		t.Errorf("it is tried again: %+v", r)
	}
}

// A key that is withdrawn in mid-drain is no fault of the texts that follow.
func TestKeyWithdrawnPauses(t *testing.T) {
	w := newWorld(t, func(d *ingesting.Deps) { d.EmbedTexts, d.EmbedParallel = 4, 1 })
	w.load(&feed{changes: products(9)}, ingesting.Options{Full: true})
	calls := 0
	w.embedder.refuse = func([]string) error {
		if calls++; calls > 1 {
			return &ports.ModelError{Kind: ports.ModelRefused, Status: 401, Code: "invalid_api_key"}
		}
		return nil
	}
	if r := w.drain(); r.Paused == nil || r.Indexed != 4 || r.Waiting != 5 || len(r.Refused) > 0 || calls != 2 {
		t.Errorf("report %+v after %d calls", r, calls)
	}
}

// A text that alone needs more than a day's tokens is not tried again each day.
func TestTextLargerThanADaysTokensIsFoundByWords(t *testing.T) {
	w := newWorld(t, nil)
	w.load(&feed{changes: products(1)}, ingesting.Options{Full: true})
	tiny := limitError()
	tiny.Limits.EmbeddingTokens = 3
	w.embedder.refuse = func([]string) error { return tiny }
	for _, indexed := range []int{1, 0} {
		if r := w.drain(); r.Paused != nil || len(r.Refused) != indexed || r.Indexed != indexed || len(w.finds("enamel")) != 1 {
			t.Errorf("report %+v", r)
		}
	}
}

func TestLicenseWithoutEmbeddingTokensPauses(t *testing.T) {
	w := newWorld(t, nil)
	w.load(&feed{changes: products(1)}, ingesting.Options{Full: true})
	w.embedder.refuse = func([]string) error {
		return &usage.LimitError{Exceeded: []usage.Meter{usage.EmbeddingTokens}, ResetAt: now.Add(time.Hour)}
	}
	if r := w.drain(); !errors.Is(r.Paused, usage.ErrLimitExceeded) || r.Waiting != 1 || len(w.finds("enamel")) != 1 {
		t.Errorf("report %+v", r)
	}
}

func TestWithoutEmbedder(t *testing.T) {
	w := newWorld(t, func(d *ingesting.Deps) { d.Embedder = nil })
	w.load(&feed{changes: products(120)}, ingesting.Options{Full: true})
	if r := w.drain(); r.Indexed != 120 || r.Texts != 0 || len(w.finds("enamel")) != 120 {
		t.Errorf("report %+v", r)
	}
}

// A document changes while it is embedded: the index ends at the new revision.
func TestChangeUnderDrain(t *testing.T) {
	w := newWorld(t, nil)
	w.load(&feed{changes: products(1)}, ingesting.Options{})
	once := true
	w.embedder.refuse = func([]string) error {
		if once {
			once = false
			_, err := w.Apply(t.Context(), site, "feed", product(1, 70), ingesting.Options{})
			return err
		}
		return nil
	}
	w.drain()
	if d := w.shown()["product:1"]; d.Indexed != d.Revision {
		t.Errorf("indexed %q of revision %q", d.Indexed, d.Revision)
	}
	if got := w.finds("enamel"); len(got) != 1 {
		t.Errorf("found %v", got)
	}
}

// brokenIndex fails at the nth step of a drain, between put and note or before.
type brokenIndex struct {
	ports.Indexer
	ports.Documents
	step, failAt int
}

var errKilled = errors.New("killed")

func (b *brokenIndex) kill() bool { b.step++; return b.step == b.failAt }

// indexer and store are the two faces of a brokenIndex.
type brokenIndexer struct{ *brokenIndex }

func (b brokenIndexer) Put(ctx context.Context, s tenant.Scope, e retrieval.Entry) error {
	if b.kill() {
		return errKilled
	}
	return b.Indexer.Put(ctx, s, e)
}

// brokenBatches is one that takes groups.
type brokenBatches struct {
	brokenIndexer
	all ports.IndexBatches
}

func (b brokenBatches) PutAll(ctx context.Context, s tenant.Scope, entries []retrieval.Entry) error {
	if b.kill() {
		return errKilled
	}
	return b.all.PutAll(ctx, s, entries)
}

type brokenDocuments struct{ *brokenIndex }

func (b brokenDocuments) Put(ctx context.Context, s tenant.Scope, d retrieval.Document, cs []retrieval.Chunk) (bool, error) {
	return b.Documents.Put(ctx, s, d, cs)
}

func (b brokenDocuments) Indexed(ctx context.Context, s tenant.Scope, at retrieval.Stage, done []retrieval.DocumentRef) error {
	if b.kill() {
		return errKilled
	}
	return b.Documents.Indexed(ctx, s, at, done)
}

func TestDrainKilledAtEachStep(t *testing.T) {
	for failAt := 1; failAt <= 4; failAt++ { // three are put, and noted together
		w := newWorld(t, nil)
		w.load(&feed{changes: products(3)}, ingesting.Options{})
		broken := &brokenIndex{Indexer: w.index, Documents: w.documents, failAt: failAt}
		dying := newWorld(t, func(d *ingesting.Deps) {
			d.Documents, d.Inventory, d.Cursors, d.Indexer = brokenDocuments{broken}, w.documents, w.documents, brokenIndexer{broken}
		})
		if _, err := dying.Drain(t.Context(), site); !errors.Is(err, errKilled) {
			t.Fatalf("step %d: %v", failAt, err)
		}
		if r := w.drain(); r.Indexed != 3 || r.Kept != failAt-1 || r.Texts != 4-failAt || len(w.finds("enamel")) != 3 {
			t.Errorf("after step %d: %+v, found %v", failAt, r, w.finds("enamel"))
		}
	}
}

func TestDrainByGroupsKilledAtEachStep(t *testing.T) {
	const n = 100
	for failAt := 1; failAt <= 3; failAt++ { // two groups are put, and noted together
		w := newWorld(t, nil)
		w.load(&feed{changes: products(n)}, ingesting.Options{})
		broken := &brokenIndex{Indexer: w.index, Documents: w.documents, failAt: failAt}
		dying := newWorld(t, func(d *ingesting.Deps) {
			d.Documents, d.Inventory, d.Cursors, d.Indexer = brokenDocuments{broken}, w.documents, w.documents, brokenBatches{brokenIndexer{broken}, w.index}
			d.EmbedTexts, d.EmbedParallel = n, 1
		})
		if _, err := dying.Drain(t.Context(), site); !errors.Is(err, errKilled) {
			t.Fatalf("step %d: %v", failAt, err)
		}
		kept := min(50*(failAt-1), n)
		if r := w.drain(); r.Indexed != n || r.Kept != kept || r.Texts != n-kept || len(w.finds("enamel")) != n {
			t.Errorf("after step %d: %+v, found %d", failAt, r, len(w.finds("enamel")))
		}
	}
}

func TestScopes(t *testing.T) {
	w := newWorld(t, nil)
	w.load(&feed{changes: products(2)}, ingesting.Options{Full: true})
	if _, err := w.Import(t.Context(), other, "feed", &feed{changes: products(1)}, ingesting.Options{Full: true}); err != nil {
		t.Fatal(err)
	}
	if len(w.shown()) != 2 {
		t.Error("the import of another site took out what is ours")
	}
	if r, err := w.Drain(t.Context(), other); err != nil || r.Indexed != 1 || len(w.finds("enamel")) != 0 {
		t.Errorf("the drain of another site: %+v, %v, found %v", r, err, w.finds("enamel"))
	}
	for _, s := range []tenant.Scope{{}, {Tenant: site.Tenant}} {
		if _, err := w.Import(t.Context(), s, "feed", &feed{}, ingesting.Options{}); !errors.Is(err, tenant.ErrNoScope) {
			t.Errorf("import: %v", err)
		}
		if _, err := w.Drain(t.Context(), s); !errors.Is(err, tenant.ErrNoScope) {
			t.Errorf("drain: %v", err)
		}
	}
}

func TestDoneContext(t *testing.T) {
	w := newWorld(t, nil)
	ctx, cancel := context.WithCancel(t.Context())
	_, err := w.Import(ctx, site, "feed", &feed{changes: products(3)}, ingesting.Options{Progress: func(ingesting.Progress) { cancel() }})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("import: %v", err)
	}
	if _, err := w.Drain(ctx, site); !errors.Is(err, context.Canceled) {
		t.Errorf("drain: %v", err)
	}
}

func TestRevision(t *testing.T) {
	base := retrieval.Document{ID: "product:1", Kind: catalog.KindProduct, Title: "a", Body: "b", Shown: true, Facts: catalog.Facts{SKUs: []string{"x", "y"}, Offers: []catalog.Offer{{SKU: "x"}}}}
	same := base
	same.Updated, same.Facts.AsOf, same.Source = now, now, "other"
	if ingesting.Revision(base) != ingesting.Revision(same) {
		t.Error("times and source are in the revision")
	}
	for name, change := range map[string]func(*retrieval.Document){
		"title": func(d *retrieval.Document) { d.Title = "ab"; d.Body = "" },
		"shown": func(d *retrieval.Document) { d.Shown = false },
		"SKUs":  func(d *retrieval.Document) { d.Facts.SKUs = []string{"xy"} },
		"brand": func(d *retrieval.Document) { d.Facts.SKUs, d.Facts.GTINs = []string{"x"}, []string{"y"} },
		"price": func(d *retrieval.Document) {
			d.Facts.Offers = []catalog.Offer{{SKU: "x", Regular: catalog.Money{Minor: 1, Currency: "EUR"}}}
		},
		"sale end": func(d *retrieval.Document) { d.Facts.Offers = []catalog.Offer{{SKU: "x", SaleTo: now}} },
		"stock":    func(d *retrieval.Document) { d.Facts.Offers = []catalog.Offer{{SKU: "x", Stock: catalog.InStock}} },
		"image":    func(d *retrieval.Document) { d.Facts.ImageURL = "https://shop.example.com/a.jpg" },
	} {
		d := base
		change(&d)
		if ingesting.Revision(d) == ingesting.Revision(base) {
			t.Errorf("%s is not in the revision", name)
		}
	}
}

func TestNewNamesAllThatIsMissing(t *testing.T) {
	_, err := ingesting.New(ingesting.Deps{})
	for _, name := range []string{"Documents", "Inventory", "Stored", "Cursors", "Indexer", "Text", "Tokenizer", "Now"} {
		if err == nil || !strings.Contains(err.Error(), "Deps."+name+" ") {
			t.Errorf("%s is not named: %v", name, err)
		}
	}
}

func exampleService() *ingesting.Service {
	documents := memory.NewDocuments()
	s, err := ingesting.New(ingesting.Deps{
		Documents: documents, Inventory: documents, Stored: documents, Cursors: documents, Indexer: memory.NewIndex(), Text: textOf{},
		Tokenizer: memory.NewTokenizer(), Now: time.Now,
	})
	if err != nil {
		panic(err)
	}
	return s
}

func ExampleService_Import() {
	s := exampleService()
	source := &feed{changes: append(products(2), catalog.Change{Rejected: &catalog.Rejected{Where: "row 4", ID: "3", Reason: "no price"}})}
	r, err := s.Import(context.Background(), site, "products", source, ingesting.Options{Full: true})
	fmt.Println(r.Changed, "stored,", r.Rejects[0].Where, r.Rejects[0].Reason, err)
	// Output: 2 stored, row 4 no price <nil>
}

func ExampleService_Drain() {
	s := exampleService()
	if _, err := s.Import(context.Background(), site, "products", &feed{changes: products(2)}, ingesting.Options{Full: true}); err != nil {
		fmt.Println(err)
	}
	r, err := s.Drain(context.Background(), site)
	fmt.Println(r.Indexed, "indexed, paused:", r.Paused, err)
	// Output: 2 indexed, paused: <nil> <nil>
}
