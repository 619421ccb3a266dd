package usecases

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/golang/mock/gomock"
	"github.com/google/uuid"

	"github.com/aiwoochat/woochat/adapters/files"
	"github.com/aiwoochat/woochat/adapters/html"
	"github.com/aiwoochat/woochat/adapters/memory"
	"github.com/aiwoochat/woochat/adapters/woocommerce"
	"github.com/aiwoochat/woochat/app/ingesting"
	"github.com/aiwoochat/woochat/app/metering"
	"github.com/aiwoochat/woochat/domain/catalog"
	"github.com/aiwoochat/woochat/domain/retrieval"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/domain/usage"
	"github.com/aiwoochat/woochat/ports"
	"github.com/aiwoochat/woochat/test/mocks"
)

const demoContent = "../../cmd/woochat/demoshop/content/"

var demoSite = tenant.Scope{Tenant: "ten_0192f7a0-0000-7000-8000-000000000001", Site: "site_0192f7a0-0000-7000-8000-000000000002"}

// ingestion is a Service on memory adapters, with the real readers of CSV and
// HTML.
type ingestion struct {
	*testing.T
	*ingesting.Service
	documents *memory.Documents
	index     *memory.Index
	now       time.Time
}

func newIngestion(t *testing.T, change func(*ingestion, *ingesting.Deps)) *ingestion {
	t.Helper()
	in := &ingestion{T: t, documents: memory.NewDocuments(), index: memory.NewIndex(), now: time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)}
	d := ingesting.Deps{
		Documents: in.documents, Batches: in.documents, Inventory: in.documents, Stored: in.documents, Cursors: in.documents, Indexer: in.index, Entries: in.index,
		Text: html.New(), Tokenizer: memory.NewTokenizer(), Now: func() time.Time { return in.now },
		EmbeddingModel: "test-embedding", Embedder: func(tenant.Scope, string) ports.Embedder { return memory.NewEmbedder(16) },
	}
	if change != nil {
		change(in, &d)
	}
	s, err := ingesting.New(d)
	if err != nil {
		t.Fatal(err)
	}
	in.Service = s
	return in
}

func demoCSV(t *testing.T) []byte {
	t.Helper()
	data, err := os.ReadFile(demoContent + "products.csv")
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func csvSource(data []byte) *woocommerce.CSVSource {
	return woocommerce.NewCSVSource(
		func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(data)), nil },
		woocommerce.CSVConfig{Currency: "EUR", Exponent: 2, SiteURL: "https://shop.example.com"})
}

func (in *ingestion) importCSV(data []byte) ingesting.Report {
	in.Helper()
	r, err := in.Import(in.Context(), demoSite, "products", csvSource(data), ingesting.Options{Full: true})
	if err != nil {
		in.Fatal(err)
	}
	return r
}

func (in *ingestion) drainAll() ingesting.DrainReport {
	in.Helper()
	r, err := in.Drain(in.Context(), demoSite)
	if err != nil {
		in.Fatal(err)
	}
	return r
}

// everything returns all passages that there are.
func (in *ingestion) everything() []retrieval.Passage {
	in.Helper()
	states, err := in.documents.States(in.Context(), demoSite, "", 10_000)
	if err != nil {
		in.Fatal(err)
	}
	var refs []retrieval.PassageRef
	for _, s := range states {
		for i := range s.Chunks {
			refs = append(refs, retrieval.PassageRef{Document: s.ID, Revision: s.Revision, Seq: i})
		}
	}
	ps, err := in.documents.Load(in.Context(), demoSite, retrieval.Chunking{}, refs)
	if err != nil {
		in.Fatal(err)
	}
	if len(ps) != len(refs) {
		in.Errorf("%d of %d passages are given out", len(ps), len(refs))
	}
	return ps
}

// found returns all documents that a search can find.
func (in *ingestion) found() []retrieval.DocumentID {
	in.Helper()
	var ids []retrieval.DocumentID
	for _, p := range in.search(retrieval.Query{Limit: 10_000, At: in.now}) {
		ids = append(ids, p.Ref.Document)
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

func (in *ingestion) search(q retrieval.Query) []retrieval.Passage {
	in.Helper()
	hits, err := in.index.Search(in.Context(), demoSite, q)
	if err != nil {
		in.Fatal(err)
	}
	var refs []retrieval.PassageRef
	for _, h := range hits {
		refs = append(refs, h.Ref)
	}
	ps, err := in.documents.Load(in.Context(), demoSite, retrieval.Chunking{}, refs)
	if err != nil {
		in.Fatal(err)
	}
	if len(ps) != len(refs) {
		in.Errorf("the index holds %d passages, the store gives %d", len(refs), len(ps))
	}
	return ps
}

func TestDemoCatalogue(t *testing.T) {
	in := newIngestion(t, nil)
	r := in.importCSV(demoCSV(t))
	if r.Seen != 69 || r.Changed != 69 || r.Hidden != 4 || r.Rejected != 0 || r.Removed != 0 {
		t.Errorf("import: %+v; want 69 products, 4 of them hidden, none rejected", r)
	}
	if d := in.drainAll(); d.Indexed != 69 || d.TakenOut != 4 || d.Paused != nil {
		t.Errorf("drain: %+v", d)
	}

	ps := in.everything()
	products := map[retrieval.DocumentID]retrieval.Passage{}
	for _, p := range ps {
		products[p.Ref.Document] = p
		shown := fmt.Sprintf("%+v", p)
		for _, secret := range []string{
			"Aurora", "Staff Fleece", "Wholesale", "Warranty Replacement", "FF-WSL-9010", // not shown
			"PLANNER-7741", "unlock code", // purchase note
			"hut-to-hut-planner-k7d2q9", "woocommerce_uploads", // download
			"SV-3L-2201", "VRD-RM-24", "61.40", "141.00", // meta data
		} {
			if strings.Contains(shown, secret) {
				t.Errorf("%s holds %q", p.Ref.Document, secret)
			}
		}
	}
	if n := len(in.found()); len(products) != 65 || n != 65 {
		t.Errorf("%d products are stored and %d are found, want 65", len(products), n)
	}
	for code, want := range map[string]bool{"FF-JKT-0101-BLU-S": true, "FF-WSL-9010-BLU": false, "SV-3L-2201": false} {
		hits, err := in.index.Search(t.Context(), demoSite, retrieval.Query{Codes: []string{code}, Text: code, Limit: 10, At: in.now})
		if err != nil {
			t.Fatal(err)
		}
		if got := slices.ContainsFunc(hits, func(p retrieval.Passage) bool { return p.Arms.Exact }); got != want {
			t.Errorf("code %s is known: %v, want %v", code, got, want)
		}
	}

	jacket := products["product:1010"]
	if got := jacket.Facts.PriceRange(in.now); got.Min.String() != "€119.00" || got.Max.String() != "€149.00" || !got.OnSale {
		t.Errorf("jacket: %+v", got)
	}
	if len(jacket.Facts.Offers) != 7 || jacket.Facts.Stock() != catalog.InStock {
		t.Errorf("jacket: %d offers, %v", len(jacket.Facts.Offers), jacket.Facts.Stock())
	}
	// Prices are facts and never text: they change without it.
	for _, p := range ps {
		if p.Ref.Document == "product:1010" && (strings.Contains(p.Text, "149") || strings.Contains(p.Text, "119")) {
			t.Errorf("a price in the text: %s", p.Text)
		}
	}
	if !slices.ContainsFunc(ps, func(p retrieval.Passage) bool {
		return p.Ref.Document == "product:1010" && strings.Contains(p.Text, "| Size | Chest | Back length |") && strings.Contains(p.Text, "| M | 98 cm | 68 cm |")
	}) {
		t.Error("the jacket's table of sizes is lost")
	}

	// Rows under a hidden parent, rows before their parent's siblings, parents
	// by id: all are where they belong.
	blue := catalog.Attribute{Name: "Colour", Values: []string{"Blue"}}
	under30 := catalog.Money{Minor: 3000, Currency: "EUR", Exponent: 2}
	found := map[string]bool{}
	for _, p := range in.search(retrieval.Query{Limit: 1000, At: in.now, Filter: retrieval.Filter{Kinds: []catalog.Kind{catalog.KindProduct}, MaxPrice: under30, InStock: true, Attributes: []catalog.Attribute{blue}}}) {
		found[p.Title] = true
	}
	for title, want := range map[string]bool{"Glacier Enamel Mug": true, "Ullved Beanie": false, "Wholesale Wool Blanket": false, "Stormvind Rain Jacket": false} {
		if found[title] != want {
			t.Errorf("blue, in stock, at most 30: found %q: %v, want %v", title, found[title], want)
		}
	}
}

func TestDemoCatalogueAgain(t *testing.T) {
	in := newIngestion(t, nil)
	data := demoCSV(t)
	in.importCSV(data)
	in.drainAll()
	before := len(in.everything())

	in.now = in.now.Add(time.Hour)
	if r := in.importCSV(data); r.Seen != 69 || r.Changed != 0 || r.Removed != 0 {
		t.Errorf("again: %+v", r)
	}
	if d := in.drainAll(); d.Indexed != 0 || d.Texts != 0 {
		t.Errorf("drain again: %+v", d)
	}

	edited := bytes.Replace(data, []byte(`,,14.90,,,,https://shop.example.com/wp-content/uploads/ff-mug-1020-blue.svg`), []byte(`,,13.90,,,,https://shop.example.com/wp-content/uploads/ff-mug-1020-blue.svg`), 1)
	if bytes.Equal(edited, data) {
		t.Fatal("the demo's CSV has no such mug any more")
	}
	if r := in.importCSV(edited); r.Changed != 1 || r.Unchanged != 68 {
		t.Errorf("one price: %+v", r)
	}
	if d := in.drainAll(); d.Indexed != 1 {
		t.Errorf("drain after one price: %+v", d)
	}
	for _, p := range in.everything() {
		if p.Ref.Document == "product:1197" && p.Facts.PriceRange(in.now).Min.String() != "€12.90" {
			t.Errorf("mug: %+v", p.Facts.PriceRange(in.now))
		}
	}

	// The mug's draft goes out with all its rows.
	lines := bytes.Split(edited, []byte("\n"))
	kept := slices.DeleteFunc(lines, func(l []byte) bool { return bytes.Contains(l, []byte("FF-MUG-1020")) })
	if r := in.importCSV(bytes.Join(kept, []byte("\n"))); r.Removed != 1 {
		t.Errorf("without the mug: %+v", r)
	}
	if d := in.drainAll(); d.TakenOut != 1 {
		t.Errorf("drain without the mug: %+v", d)
	}
	if after := len(in.everything()); after >= before {
		t.Errorf("%d passages, were %d", after, before)
	}
}

// The process is killed after each number of stored documents, which are stored
// one by one or in groups; the next one finishes, and the result is the same.
func TestImportKilledInTheMiddle(t *testing.T) {
	data := demoCSV(t)
	whole := newIngestion(t, nil)
	whole.importCSV(data)
	want := states(whole)
	for i := range 2 * 7 {
		after, groups := []int{0, 1, 9, 10, 11, 35, 68}[i/2], i%2 == 1
		in := newIngestion(t, nil)
		killed := errors.New("killed")
		dying := newIngestion(t, func(_ *ingestion, d *ingesting.Deps) {
			docs := &dyingDocuments{Documents: in.documents, all: in.documents, left: after, err: killed}
			d.Documents, d.Batches, d.Inventory, d.Cursors = docs, nil, in.documents, in.documents
			if groups {
				d.Batches = docs
			}
		})
		_, err := dying.Import(t.Context(), demoSite, "products", csvSource(data), ingesting.Options{Full: true, Batch: 10})
		if !errors.Is(err, killed) {
			t.Fatalf("after %d: %v", after, err)
		}
		r, err := in.Import(t.Context(), demoSite, "products", csvSource(data), ingesting.Options{Full: true, Batch: 10})
		if err != nil {
			t.Fatal(err)
		}
		saved, stored := after/10*10, after
		if groups {
			stored = saved // all of a group or none
		}
		if r.Resumed != (saved > 0) || r.Seen != 69-saved || r.Changed != 69-stored {
			t.Errorf("after %d: %+v, want %d seen and %d changed", after, r, 69-saved, 69-stored)
		}
		if got := states(in); !slices.Equal(got, want) {
			t.Errorf("after %d: another result than in one go", after)
		}
	}
}

type dyingDocuments struct {
	ports.Documents
	all  ports.DocumentBatches
	left int
	err  error
}

func (d *dyingDocuments) PutAll(ctx context.Context, s tenant.Scope, docs []ports.PendingDocument) ([]bool, error) {
	if d.left < len(docs) {
		return nil, d.err
	}
	d.left -= len(docs)
	return d.all.PutAll(ctx, s, docs)
}

func (d *dyingDocuments) Put(ctx context.Context, s tenant.Scope, doc retrieval.Document, cs []retrieval.Chunk) (bool, error) {
	if d.left == 0 {
		return false, d.err
	}
	d.left--
	return d.Documents.Put(ctx, s, doc, cs)
}

func states(in *ingestion) []string {
	in.Helper()
	list, err := in.documents.States(in.Context(), demoSite, "", 10_000)
	if err != nil {
		in.Fatal(err)
	}
	var out []string
	for _, s := range list {
		out = append(out, fmt.Sprintf("%s %s %v", s.ID, s.Revision, s.Shown))
	}
	return out
}

func TestDemoPages(t *testing.T) {
	in := newIngestion(t, nil)
	source := files.NewPageFolder(os.DirFS(demoContent+"pages"), "https://shop.example.com")
	r, err := in.Import(t.Context(), demoSite, "pages", source, ingesting.Options{Full: true})
	if err != nil || r.Changed != 7 || r.Rejected != 0 {
		t.Fatalf("import: %+v, %v", r, err)
	}
	in.drainAll()
	best := in.search(retrieval.Query{Text: "May I take a gas stove on a plane?", Limit: 3, At: in.now})
	if len(best) == 0 || best[0].Ref.Document != "page:faq" || !strings.Contains(best[0].Text, "gas canisters never") {
		t.Errorf("found %+v", best)
	}
	best = in.search(retrieval.Query{Text: "delivery to Switzerland", Limit: 3, At: in.now})
	if !slices.ContainsFunc(best, func(p retrieval.Passage) bool {
		return strings.Contains(p.Text, "| Switzerland, United Kingdom, Iceland | 14.90 EUR, 5 to 9 working days |") && strings.Contains(p.Text, "| Country | Standard |")
	}) {
		t.Errorf("no row with its header in %+v", best)
	}
}

// The license has room for a part of the catalogue a day: nothing is found
// later than at once, and each day embeds what it may, never more.
// A day is the site's own: it goes on by itself at the site's midnight, and not a
// moment before.
func TestIngestionKeepsTheEmbeddingLimit(t *testing.T) {
	for _, zone := range []string{"UTC", "Asia/Tokyo", "America/New_York", "Asia/Kathmandu"} {
		t.Run(zone, func(t *testing.T) { keepsTheEmbeddingLimit(t, zone) })
	}
}

func keepsTheEmbeddingLimit(t *testing.T, zone string) {
	t.Helper()
	location, err := time.LoadLocation(zone)
	if err != nil {
		t.Fatal(err)
	}
	const daily = 4000 // held by bytes, settled by words: the whole is 5,300
	accounts := memory.NewAccounts()
	licenses := memory.NewLicenses(accounts)
	if err := accounts.PutTenant(t.Context(), tenant.Tenant{ID: demoSite.Tenant, Name: "Demo"}); err != nil {
		t.Fatal(err)
	}
	if err := accounts.PutSite(t.Context(), tenant.Site{ID: demoSite.Site, Tenant: demoSite.Tenant, Name: "Demo", URL: "https://shop.example.com", Origins: []string{"https://shop.example.com"}, Locale: "en", Currency: "EUR", TimeZone: zone}); err != nil {
		t.Fatal(err)
	}
	limits := usage.NoLimits()
	limits.EmbeddingTokens = daily
	if err := licenses.PutLicense(t.Context(), demoSite, usage.License{Plan: "test", Status: usage.Active, Limits: limits}); err != nil {
		t.Fatal(err)
	}
	var ledger *memory.Ledger
	in := newIngestion(t, func(in *ingestion, d *ingesting.Deps) {
		newID := func() string { return uuid.Must(uuid.NewV7()).String() }
		ledger = memory.NewLedger(d.Now, newID)
		meter, err := metering.New(metering.Deps{
			Ledger: ledger, Checkpointer: ledger, Sweeper: ledger, Usage: ledger, Licenses: licenses, Sites: accounts,
			Prices: memory.NewPrices(usage.Price{Model: "test-embedding", Input: 20}), Tokenizer: d.Tokenizer, Now: d.Now, NewID: newID, CallTimeout: time.Minute,
		})
		if err != nil {
			t.Fatal(err)
		}
		d.EmbedTokens, d.EmbedTexts, d.EmbedParallel = 8000, 10, 4
		d.Embedder = func(s tenant.Scope, model string) ports.Embedder {
			return metering.MeteredEmbedder(meter, s, model, memory.NewEmbedder(16))
		}
	})
	in.importCSV(demoCSV(t))
	days := 0
	for {
		days++
		d := in.drainAll()
		if got := len(in.found()); got != 65 || len(d.Refused) > 0 {
			t.Fatalf("day %d: %d products are found, refused %+v", days, got, d.Refused)
		}
		if d.Paused == nil {
			break
		}
		var limit *usage.LimitError
		if !errors.As(d.Paused, &limit) || !d.ResumeAt.After(in.now) {
			t.Fatalf("day %d: %+v", days, d)
		}
		if days > 20 {
			t.Fatal("no end")
		}
		if local := d.ResumeAt.In(location); local.Hour() != 0 || local.Minute() != 0 || local.Day() == in.now.In(location).Day() {
			t.Fatalf("day %d: goes on at %v", days, local)
		}
		in.now = d.ResumeAt.Add(-time.Second)
		early := in.drainAll() // a short text may fit still: what is used is less than what was held
		for range 20 {
			if early.Texts > 0 {
				early = in.drainAll()
			}
		}
		if early.Texts > 0 || early.Paused == nil || !early.ResumeAt.Equal(d.ResumeAt) {
			t.Fatalf("day %d: a second before midnight: %+v", days, early)
		}
		in.now = d.ResumeAt
	}
	if days < 2 {
		t.Fatalf("%d days: the limit was never met", days)
	}
	totals, err := ledger.Days(t.Context(), demoSite, "2026-11-23", usage.DayOf(in.now, location))
	if err != nil {
		t.Fatal(err)
	}
	for _, day := range totals {
		if day.Used.EmbeddingTokens > daily || day.Used.EmbeddingTokens == 0 || day.Held != (usage.Amounts{}) {
			t.Errorf("day %s: %+v", day.Day, day)
		}
	}
	pending, err := in.documents.Pending(t.Context(), demoSite, retrieval.Stage{}, 10)
	if err != nil || len(pending) > 0 {
		t.Errorf("%d are still pending, %v", len(pending), err)
	}
}

// What the index does not hold yet is never noted as indexed, and what did not
// change is not embedded.
func TestIndexedIsNotedAfterPut(t *testing.T) {
	ctrl := gomock.NewController(t)
	documents, indexer, embedder := mocks.NewMockDocuments(ctrl), mocks.NewMockIndexer(ctrl), mocks.NewMockEmbedder(ctrl)
	in := newIngestion(t, func(_ *ingestion, d *ingesting.Deps) {
		d.Documents, d.Indexer, d.Entries = documents, indexer, nil
		d.Embedder = func(tenant.Scope, string) ports.Embedder { return embedder }
	})
	doc := ports.PendingDocument{
		Document: retrieval.Document{ID: "page:1", Revision: "r1", Kind: catalog.KindPage, Title: "Shipping", Shown: true},
		Chunks:   []retrieval.Chunk{{Text: "Two days."}},
	}
	gomock.InOrder(
		documents.EXPECT().Pending(gomock.Any(), demoSite, retrieval.Stage{}, gomock.Any()).Return([]ports.PendingDocument{doc}, nil),
		indexer.EXPECT().Vectors(gomock.Any(), demoSite, int64(0), []retrieval.DocumentID{"page:1"}).Return(nil, nil),
		embedder.EXPECT().Embed(gomock.Any(), []string{"Shipping\nTwo days."}).Return(retrieval.Embedding{Vectors: [][]float32{{1}}}, nil),
		indexer.EXPECT().Put(gomock.Any(), demoSite, gomock.Any()).Return(nil),
		documents.EXPECT().Indexed(gomock.Any(), demoSite, retrieval.Stage{}, []retrieval.DocumentRef{{ID: "page:1", Revision: "r1"}}).Return(nil),
		documents.EXPECT().Pending(gomock.Any(), demoSite, retrieval.Stage{}, gomock.Any()).Return(nil, nil),
	)
	if d := in.drainAll(); d.Indexed != 1 {
		t.Errorf("drain: %+v", d)
	}

	// The index is away: nothing is noted.
	gomock.InOrder(
		documents.EXPECT().Pending(gomock.Any(), demoSite, retrieval.Stage{}, gomock.Any()).Return([]ports.PendingDocument{doc}, nil),
		indexer.EXPECT().Vectors(gomock.Any(), demoSite, int64(0), []retrieval.DocumentID{"page:1"}).Return(nil, nil),
		embedder.EXPECT().Embed(gomock.Any(), gomock.Any()).Return(retrieval.Embedding{Vectors: [][]float32{{1}}}, nil),
		indexer.EXPECT().Put(gomock.Any(), demoSite, gomock.Any()).Return(ports.ErrUnavailable),
	)
	if _, err := in.Drain(t.Context(), demoSite); !errors.Is(err, ports.ErrUnavailable) {
		t.Errorf("drain: %v", err)
	}
}
