package searching_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aiwoochat/woochat/adapters/memory"
	"github.com/aiwoochat/woochat/app/metering"
	"github.com/aiwoochat/woochat/app/searching"
	"github.com/aiwoochat/woochat/domain/catalog"
	"github.com/aiwoochat/woochat/domain/retrieval"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/domain/usage"
	"github.com/aiwoochat/woochat/ports"
	"github.com/aiwoochat/woochat/test/porttest"
)

// world is one shop on the memory adapters.
type world struct {
	*testing.T
	stores *memory.Stores
	site   tenant.Site
	deps   searching.Deps
	cfg    searching.Config
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{T: t, cfg: searching.Config{Model: "model-1"}, stores: memory.NewStores(time.Now, porttest.NewID, usage.Price{Model: "model-1"}, usage.Price{Model: "embedder-1", Version: "v1", Input: 20_000_000})}
	var err error
	w.site, err = w.stores.AddSite(t.Context(), "Test shop", "https://shop.example.com", usage.NoLimits())
	w.must(err)
	w.deps = searching.Deps{
		Meter: newMeter(w.stores), Searcher: w.stores.Index, Passages: w.stores.Documents, Inventory: w.stores.Documents,
		Tokenizer: w.stores.Tokenizer, Now: time.Now, Events: w.stores.Events,
	}
	w.product("1", "Storm Jacket", "A waterproof jacket.", 9742)
	w.product("2", "Camp Jacket", "A warm jacket.", 12000)
	w.must(w.stores.Add(w.Context(), w.scope(), retrieval.Document{
		ID: "page:1", Revision: "r1", Kind: catalog.KindPage, Title: "Shipping", URL: "https://shop.example.com/shipping/",
	}, "Shipping costs €4.90. Free from €60."))
	return w
}

func newMeter(stores *memory.Stores) *metering.Service {
	m, err := metering.New(metering.Deps{
		Ledger: stores.Ledger, Checkpointer: stores.Ledger, Sweeper: stores.Ledger, Usage: stores.Ledger, Licenses: stores.Licenses,
		Prices: stores.Prices, Sites: stores.Accounts, Tokenizer: stores.Tokenizer, Now: time.Now, NewID: porttest.NewID, CallTimeout: time.Minute,
	})
	if err != nil {
		panic(err)
	}
	return m
}

func (w *world) scope() tenant.Scope { return w.site.Scope() }

func (w *world) product(id, title, text string, cents int64) {
	w.Helper()
	w.must(w.stores.Add(w.Context(), w.scope(), retrieval.Document{
		ID: retrieval.DocumentID("product:" + id), Revision: "r1", Kind: catalog.KindProduct, Title: title,
		Facts: catalog.Facts{Categories: []string{"Jackets"}, SKUs: []string{"TS-" + id}, Offers: []catalog.Offer{
			{SKU: "TS-" + id, Regular: catalog.Money{Minor: cents, Currency: "EUR", Exponent: 2}, Stock: catalog.InStock},
		}},
	}, text))
}

func (w *world) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

func (w *world) search(text string) searching.Findings {
	w.Helper()
	s, err := searching.New(w.deps, w.cfg)
	w.must(err)
	r, err := s.Search(w.Context(), searching.Question{Scope: w.scope(), Text: text, Budget: 4000})
	w.must(err)
	return r
}

func titles(ps []retrieval.Passage) string {
	var out []string
	for _, p := range ps {
		out = append(out, p.Title)
	}
	return strings.Join(out, ", ")
}

func whys(r searching.Findings) []string {
	var out []string
	for _, s := range r.Searches {
		out = append(out, s.Why)
	}
	return out
}

// Findings say which searches were made, and why each.
func TestFindingsSayHow(t *testing.T) {
	w := newWorld(t)
	for _, c := range []struct {
		question, chosen string
		whys             []string
	}{
		{"waterproof jacket", "Storm Jacket, Camp Jacket", []string{""}},
		{"jackets under 100", "Storm Jacket", []string{""}},
		{"jackets under 10", "Storm Jacket, Camp Jacket", []string{"", searching.WhyFields, searching.WhyNear}},
		{"what does shipping cost", "Shipping", []string{""}},
		{"TS-2", "Camp Jacket", []string{""}},
		{"cheapest jacket", "Storm Jacket, Camp Jacket", []string{""}},
		{"most expensive jacket", "Camp Jacket, Storm Jacket", []string{""}},
	} {
		r := w.search(c.question)
		if got := titles(r.Chosen()); got != c.chosen {
			t.Errorf("%s: chose %s, want %s", c.question, got, c.chosen)
		}
		if got := whys(r); !slices.Equal(got, c.whys) {
			t.Errorf("%s: searched %q, want %q", c.question, got, c.whys)
		}
		if r.Meaning {
			t.Errorf("%s: searched by meaning without an embedder", c.question)
		}
	}
}

// A slip of the fingers is read as the shop's word, before filters are read, and
// that is said. A word of the language that the shop does not have is no slip.
func TestSlipsAreReadAsTheShopsWords(t *testing.T) {
	w := newWorld(t)
	w.deps.IsWord = func(word string) bool { return word == "packet" }
	r := w.search("watrproof jakets under 100")
	if got := titles(r.Chosen()); got != "Storm Jacket" {
		t.Errorf("chose %s", got)
	}
	because := strings.Join(r.Understanding.Because, "; ")
	if !strings.HasPrefix(because, "read watrproof as waterproof; ") || !strings.Contains(because, "read jakets as jacket") || !r.Understanding.Filter.MaxPrice.IsSet() {
		t.Errorf("because %s", because)
	}
	if because := strings.Join(w.search("packet").Understanding.Because, "; "); strings.Contains(because, "read") {
		t.Errorf("because %s", because)
	}
	// As soon as the shop has a word, it is none.
	w.product("3", "Jakets", "A make of jackets.", 9000)
	w.deps.Now = func() time.Time { return time.Now().Add(time.Minute) }
	if because := strings.Join(w.search("jakets").Understanding.Because, "; "); strings.Contains(because, "read") {
		t.Errorf("because %s", because)
	}
	// A plain search searches what is there.
	s, err := searching.New(w.deps, w.cfg)
	w.must(err)
	plain, err := s.Search(w.Context(), searching.Question{Scope: w.scope(), Text: "watrproof", Budget: 4000, Plain: true})
	if err != nil || len(plain.Found) != 0 {
		t.Errorf("found %d, %v", len(plain.Found), err)
	}
}

// Words are found in other forms, in the languages of the shop and of who asks.
func TestOtherForms(t *testing.T) {
	w := newWorld(t)
	w.product("3", "Wanderstiefel", "Mit festen Sohlen.", 9000)
	s, err := searching.New(w.deps, w.cfg)
	w.must(err)
	for _, c := range []struct {
		shop, page string
		want       string
		because    string
	}{
		{"de-AT", "", "Wanderstiefel", "searched feste also as festen; searched sohle also as sohlen"},
		{"en", "de", "Wanderstiefel", "searched feste also as festen; searched sohle also as sohlen"},
		{"en", "", "", ""},
		{"", "", "", ""},
	} {
		r, err := s.Search(w.Context(), searching.Question{Scope: w.scope(), Text: "feste sohle qqq", Budget: 4000, ShopLocale: c.shop, Locale: c.page})
		w.must(err)
		if got := titles(r.Chosen()); c.want != "" && got != c.want {
			t.Errorf("%s, %s: chose %q, want %q", c.shop, c.page, got, c.want)
		}
		if because := strings.Join(r.Understanding.Because, "; "); c.because != "" && because != c.because || c.because == "" && strings.Contains(because, "also") {
			t.Errorf("%s, %s: because %q, want %q", c.shop, c.page, because, c.because)
		}
	}
}

// What is cheapest is told by the prices of all that fit, however many they are.
// Where nothing has all words, it is the cheapest of those that have nearly as many
// as the best match, and the explanation says so.
func TestOrderOfMany(t *testing.T) {
	w := newWorld(t)
	for i := range 600 {
		w.product(fmt.Sprint(100+i), "Rain Jacket", "A jacket made of wool.", 20000)
	}
	w.product("999", "Rain Jacket of a long name, of which the best matches have nothing", "A jacket.", 5000)
	r := w.search("cheapest rain jacket")
	if got := r.Chosen()[0]; got.Ref.Document != "product:999" || got.Arms != (retrieval.Arms{Order: 1, Words: 1}) {
		t.Errorf("first %s, %+v", got.Ref.Document, got.Arms)
	}
	const some = "passages that match nearly as well as the best"
	if because := strings.Join(r.Understanding.Because, "; "); strings.Contains(because, some) {
		t.Errorf("of all: %s", because)
	}
	if because := strings.Join(w.search("cheapest jacket of wool felt").Understanding.Because, "; "); !strings.Contains(because, some) {
		t.Errorf("of some: %s", because)
	}
}

// behind is an index that has not heard of a change yet.
type behind struct{ ports.Searcher }

func (b behind) Search(ctx context.Context, s tenant.Scope, q retrieval.Query) ([]retrieval.Passage, error) {
	ps, err := b.Searcher.Search(ctx, s, q)
	return append(ps, retrieval.Passage{Ref: retrieval.PassageRef{Document: "product:1", Revision: "old"}, Score: 9}), err
}

// What the store no longer has is counted and not shown.
func TestWhatHasChangedIsLeftOut(t *testing.T) {
	w := newWorld(t)
	w.deps.Searcher = behind{w.deps.Searcher}
	r := w.search("warm")
	if got := titles(r.Chosen()); got != "Camp Jacket" {
		t.Errorf("chose %s", got)
	}
	if s := r.Searches[0]; s.Found != 2 || s.Left != 1 {
		t.Errorf("%d found, %d left; want 2 and 1", s.Found, s.Left)
	}
}

// An embedder that is away leaves the words, and says so.
func TestEmbedderAway(t *testing.T) {
	w := newWorld(t)
	w.cfg.EmbeddingModel = "embedder-1"
	w.deps.Embedder = func(string) ports.Embedder { return awayEmbedder{} }
	r := w.search("waterproof jacket")
	if titles(r.Chosen()) != "Storm Jacket, Camp Jacket" || r.Meaning {
		t.Errorf("chose %s; by meaning: %v", titles(r.Chosen()), r.Meaning)
	}
	all := w.stores.Events.All()
	if len(all) != 1 {
		t.Fatalf("published %+v", all)
	}
	if e, ok := all[0].Event.(searching.LexicalOnly); !ok || !errors.Is(e.Err, ports.ErrUnavailable) {
		t.Errorf("published %+v", all[0])
	}
}

// Of a question of which the embedder knows nothing, the words are searched, and
// that is no fault to tell of.
func TestQuestionThatTheEmbedderDoesNotKnow(t *testing.T) {
	w := newWorld(t)
	w.cfg.EmbeddingModel = "embedder-1"
	w.deps.Embedder = func(string) ports.Embedder { return knowsNothing{memory.NewEmbedder(4)} }
	r := w.search("waterproof jacket")
	if titles(r.Chosen()) != "Storm Jacket, Camp Jacket" || r.Meaning {
		t.Errorf("chose %s; by meaning: %v", titles(r.Chosen()), r.Meaning)
	}
	if all := w.stores.Events.All(); len(all) != 0 {
		t.Errorf("published %+v", all)
	}
}

type knowsNothing struct{ ports.Embedder }

func (k knowsNothing) Embed(ctx context.Context, texts []string) (retrieval.Embedding, error) {
	e, err := k.Embedder.Embed(ctx, texts)
	for i := range texts {
		e.Unknown = append(e.Unknown, i)
	}
	return e, err
}

type awayEmbedder struct{}

func (awayEmbedder) Embed(context.Context, []string) (retrieval.Embedding, error) {
	return retrieval.Embedding{}, ports.ErrUnavailable
}

func TestNewNamesAllThatIsMissing(t *testing.T) {
	_, err := searching.New(searching.Deps{Embedder: func(string) ports.Embedder { return memory.NewEmbedder(2) }}, searching.Config{})
	for _, name := range []string{"Meter", "Searcher", "Passages", "Inventory", "Tokenizer", "Now", "Config.Model", "EmbeddingModel"} {
		if err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("the error does not name %s: %v", name, err)
		}
	}
}

func ExampleService_Search() {
	ctx := context.Background()
	stores := memory.NewStores(time.Now, porttest.NewID, usage.Price{Model: "my-model", Version: "1"})
	site, _ := stores.AddSite(ctx, "Shop", "https://shop.example.com", usage.NoLimits())
	_ = stores.Add(ctx, site.Scope(), retrieval.Document{ID: "page:1", Title: "Shipping"}, "Shipping costs €4.90.")
	search, err := searching.New(searching.Deps{
		Meter: newMeter(stores), Searcher: stores.Index, Passages: stores.Documents, Inventory: stores.Documents, Tokenizer: stores.Tokenizer, Now: time.Now,
	}, searching.Config{Model: "my-model"})
	if err != nil {
		fmt.Println(err)
		return
	}
	found, err := search.Search(ctx, searching.Question{Scope: site.Scope(), Text: "What does shipping cost?", Budget: 1000})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, p := range found.Chosen() {
		fmt.Println(p.Title, "-", p.Text)
	}
	// Output: Shipping - Shipping costs €4.90.
}

// What the fields say that nothing is like is told so, whatever the words say; what
// is near is shown.
func TestNothingIsLikeThat(t *testing.T) {
	w := newWorld(t)
	if r := w.search("jackets under 10"); !r.Fit.Nothing || len(r.Fit.Near) != 2 {
		t.Errorf("jackets under 10: %+v, want nothing, and both jackets near", r.Fit)
	}
	if r := w.search("jackets under 100"); r.Fit.Nothing {
		t.Errorf("jackets under 100: %+v", r.Fit)
	}
	w.cfg.LeastEvidence = -1
	if r := w.search("jackets under 10"); r.Fit.Nothing {
		t.Errorf("nothing is ever refused, but: %+v", r.Fit)
	}
}

// countedTokens counts how often anything is counted.
type countedTokens struct {
	ports.Tokenizer
	times int
}

func (c *countedTokens) Count(model, text string) (int64, bool) {
	c.times++
	return c.Tokenizer.Count(model, text)
}

// Who wants no prompt, as an evaluation does, gets the same passages in the same
// order, and pays for no choice.
func TestWithoutABudgetNothingIsChosen(t *testing.T) {
	w := newWorld(t)
	counted := &countedTokens{Tokenizer: w.deps.Tokenizer}
	w.deps.Tokenizer = counted
	s, err := searching.New(w.deps, w.cfg)
	w.must(err)
	var found [2][]retrieval.PassageRef
	for i, budget := range []int64{0, 4000} {
		counted.times = 0
		r, err := s.Search(t.Context(), searching.Question{Scope: w.scope(), Text: "a jacket, and what is shipping?", Budget: budget})
		w.must(err)
		for _, c := range r.Found {
			found[i] = append(found[i], c.Ref)
		}
		if (counted.times > 0) != (budget > 0) || (len(r.Chosen()) > 0) != (budget > 0) {
			t.Errorf("with a budget of %d: %d chosen, counted %d times", budget, len(r.Chosen()), counted.times)
		}
	}
	if len(found[0]) < 2 || !slices.Equal(found[0], found[1]) {
		t.Errorf("found %v, and with a budget %v", found[0], found[1])
	}
}
