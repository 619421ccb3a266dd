package eval_test

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aiwoochat/woochat/adapters/files"
	"github.com/aiwoochat/woochat/adapters/glove"
	"github.com/aiwoochat/woochat/adapters/memory"
	"github.com/aiwoochat/woochat/adapters/woocommerce"
	"github.com/aiwoochat/woochat/app/metering"
	"github.com/aiwoochat/woochat/app/searching"
	"github.com/aiwoochat/woochat/domain/catalog"
	"github.com/aiwoochat/woochat/domain/chat"
	"github.com/aiwoochat/woochat/domain/retrieval"
	"github.com/aiwoochat/woochat/domain/usage"
	"github.com/aiwoochat/woochat/ports"
	"github.com/aiwoochat/woochat/test/porttest"
)

// trade is a shop of testdata/retrieval/shops, and how many of its questions were
// answered well when they were last counted, of either half. They only go up.
type trade struct {
	name, language, currency string
	openGood, heldGood       int
}

var trades = []trade{
	{name: "volt", language: "en", currency: "USD", openGood: 37, heldGood: 27},
	{name: "mossgrove", language: "en", currency: "GBP", openGood: 31, heldGood: 24},
	{name: "werkhof", language: "de", currency: "EUR", openGood: 32, heldGood: 29},
	{name: "hearth", language: "en", currency: "USD", openGood: 28, heldGood: 31},
	{name: "brindille", language: "fr", currency: "EUR", openGood: 33, heldGood: 31},
}

// asks is one line of a shop's questions.jsonl; the README beside it says what
// each key means.
type asks struct {
	Question string   `json:"q"`
	Kind     string   `json:"kind"`
	After    []string `json:"after"`
	Want     []string `json:"want"`
	First    []string `json:"first"`
	Only     bool     `json:"only"`
	Not      []string `json:"not"`
	None     bool     `json:"none"`
}

// held reports whether a question belongs to the half that is not looked at while
// questions are mended. A hash decides, and nobody.
func (a asks) held() bool {
	h := fnv.New32a()
	_, _ = h.Write([]byte(a.Question))
	return h.Sum32()>>7&1 == 1
}

// wrong says what is wrong with the documents that a was answered with, "" for
// nothing.
func (a asks) wrong(got []string) string {
	among := func(list []string) func(string) bool {
		return func(d string) bool { return slices.Contains(list, d) }
	}
	beside := func(d string) bool { return !strings.HasPrefix(d, "product:") }
	if wanted := slices.Concat(a.Want, a.First); len(wanted) > 0 && !slices.ContainsFunc(wanted, beside) {
		got = slices.DeleteFunc(slices.Clone(got), beside) // pages beside products
	}
	switch {
	case a.None && len(got) > 0:
		return "want none"
	case a.None:
		return ""
	case len(got) == 0:
		return "nothing fits, it says"
	case len(a.First) > 0 && !slices.Contains(a.First, got[0]):
		return fmt.Sprintf("want first one of %q", a.First)
	case slices.ContainsFunc(got, among(a.Not)):
		return fmt.Sprintf("want none of %q", a.Not)
	case a.Only && slices.ContainsFunc(got, func(d string) bool { return !slices.Contains(a.Want, d) }):
		return fmt.Sprintf("want only %q", a.Want)
	}
	n := min(len(a.Want), 6)
	right := 0
	for _, d := range got[:min(n, len(got))] {
		if slices.Contains(a.Want, d) {
			right++
		}
	}
	if right < n && (len(a.Want) <= 6 || right < n-1) {
		return fmt.Sprintf("want first %q", a.Want)
	}
	return ""
}

// TestTradesSet asks shops of other trades than the demo's. Of the half that
// is held back it says how many questions are answered well, and not which.
func TestTradesSet(t *testing.T) {
	figure(t)
	for _, x := range trades {
		t.Run(x.name, func(t *testing.T) {
			find := x.open(t)
			of, good := map[bool]int{}, map[bool]int{}
			kinds, bad := map[string]int{}, map[string]int{}
			for _, a := range x.questions(t) {
				got, because := find(a.Question, a.After...)
				wrong := a.wrong(got)
				of[a.held()]++
				if kinds[a.Kind]++; wrong == "" {
					good[a.held()]++
					continue
				}
				if bad[a.Kind]++; !a.held() {
					t.Logf("%s: %q %q: %s, got %q %q", a.Kind, a.After, a.Question, wrong, got, because)
				}
			}
			var each []string
			for k, n := range kinds {
				each = append(each, fmt.Sprintf("%s %d/%d", k, n-bad[k], n))
			}
			slices.Sort(each)
			t.Logf("%d of %d, and %d of %d held back: %s", good[false], of[false], good[true], of[true], strings.Join(each, ", "))
			if good[false] < x.openGood || good[true] < x.heldGood {
				t.Errorf("%d and %d held back are answered well; it was %d and %d", good[false], good[true], x.openGood, x.heldGood)
			}
		})
	}
}

func (x trade) file(name string) string {
	return filepath.Join("../testdata/retrieval/shops", x.name, name)
}

func (x trade) opened(name string) func() (io.ReadCloser, error) {
	return func() (io.ReadCloser, error) { return os.Open(x.file(name)) }
}

// questions reads those of x and holds them to its documents.
func (x trade) questions(t *testing.T) []asks {
	t.Helper()
	f, err := os.Open(x.file("questions.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	known := map[string]bool{}
	for _, d := range x.documents(t) {
		known[string(d.ID)] = true
	}
	var out []asks
	for d := json.NewDecoder(f); d.More(); {
		d.DisallowUnknownFields()
		var a asks
		if err := d.Decode(&a); err != nil {
			t.Fatalf("%s, question %d: %v", x.name, len(out)+1, err)
		}
		if a.None == (len(a.Want)+len(a.First) > 0) {
			t.Errorf("%s: %q wants nothing and something", x.name, a.Question)
		}
		for _, name := range slices.Concat(a.Want, a.First, a.Not) {
			if !known[name] {
				t.Errorf("%s: %q speaks of %s, which the shop does not have", x.name, a.Question, name)
			}
		}
		if slices.ContainsFunc(out, func(o asks) bool { return o.Question == a.Question }) {
			t.Errorf("%s: %q is there twice", x.name, a.Question)
		}
		out = append(out, a)
	}
	return out
}

// documents returns what x sells and says, as an import stores it.
func (x trade) documents(t *testing.T) []retrieval.Document {
	t.Helper()
	plain := plainText(t)
	var out []retrieval.Document
	add := func(kind catalog.Kind, id, title, body string, facts catalog.Facts) {
		out = append(out, retrieval.Document{
			ID: retrieval.NewDocumentID(kind, id), Revision: "1", Kind: kind, Title: title, Body: body, Facts: facts, Shown: true,
		})
	}
	for _, source := range []ports.DocumentSource{
		woocommerce.NewCSVSource(x.opened("products.csv"), woocommerce.CSVConfig{Currency: x.currency, Exponent: 2, SiteURL: "https://shop.example.com"}),
		files.NewFAQ(x.opened("faq.csv")),
	} {
		if _, err := source.Changes(t.Context(), newSite(), "", func(c catalog.Change) error {
			switch {
			case c.Rejected != nil:
				t.Errorf("%s: %+v", x.name, *c.Rejected)
			case c.Product != nil && c.Product.Shown():
				p := c.Product
				add(catalog.KindProduct, p.ID, p.Name, p.Text(plain), p.Facts(time.Time{}))
			case c.FAQ != nil:
				add(catalog.KindFAQ, c.FAQ.ID, c.FAQ.Question, c.FAQ.Text(plain), catalog.Facts{})
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	}
	f, err := os.Open(x.file("pages.csv"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range rows[1:] {
		p := catalog.Page{ID: row[0], Title: row[1], HTML: row[2], Status: catalog.Published}
		add(catalog.KindPage, p.ID, p.Title, p.Text(plain), catalog.Facts{})
	}
	return out
}

// open returns a search of x as an answer searches it: with the program's own word
// vectors where they know the language, the evidence that is wanted, and as many
// passages as a prompt takes. It lists the documents of those, none if nothing fits.
func (x trade) open(t *testing.T) func(question string, after ...string) (documents, because []string) {
	t.Helper()
	stores := memory.NewStores(noon, porttest.NewID, usage.Price{Model: "model-1"}, usage.Price{Model: glove.Model})
	site, err := stores.AddSite(t.Context(), x.name, "https://shop.example.com", usage.NoLimits())
	if err != nil {
		t.Fatal(err)
	}
	var entries []retrieval.Entry
	count, meaning := newCount(), glove.Knows(x.language)
	for _, d := range x.documents(t) {
		e := retrieval.Entry{Document: d.ID, Revision: d.Revision, Kind: d.Kind, Title: d.Title, Facts: d.Facts, Chunks: retrieval.ChunkDocument(d, count, retrieval.Chunking{})}
		if meaning {
			embed(t, &e)
		}
		if _, err := stores.Documents.Put(t.Context(), site.Scope(), d, e.Chunks); err != nil {
			t.Fatal(err)
		}
		entries = append(entries, e)
	}
	search := x.search(t, stores, newRanking(entries), meaning)
	ask := func(text string, before []retrieval.Earlier) searching.Findings {
		r, err := search.Search(t.Context(), searching.Question{Scope: site.Scope(), Text: text, Before: before, ShopLocale: x.language, Budget: 200_000})
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	return func(question string, after ...string) ([]string, []string) {
		var before []retrieval.Earlier
		for _, text := range after {
			e := retrieval.Earlier{Question: text}
			for _, c := range chat.EvidenceOf(ask(text, before).Chosen(), noon()) {
				if c.Card != nil && len(e.Shown) < 3 && !slices.ContainsFunc(e.Shown, func(s retrieval.Shown) bool { return s.Document == c.Card.Document }) {
					e.Shown = append(e.Shown, chat.ShownOf(*c.Card))
				}
			}
			before = append(before, e)
		}
		r := ask(question, before)
		because := append([]string{r.FollowUp.Because}, r.Understanding.Because...)
		if r.Fit.Nothing {
			return nil, because
		}
		var out []string
		for _, p := range r.Chosen() {
			if d := string(p.Ref.Document); !slices.Contains(out, d) {
				out = append(out, d)
			}
		}
		return out, because
	}
}

func (x trade) search(t *testing.T, stores *memory.Stores, index ports.Searcher, meaning bool) *searching.Service {
	t.Helper()
	meter, err := metering.New(metering.Deps{
		Ledger: stores.Ledger, Checkpointer: stores.Ledger, Sweeper: stores.Ledger, Usage: stores.Ledger, Licenses: stores.Licenses,
		Prices: stores.Prices, Sites: stores.Accounts, Tokenizer: stores.Tokenizer, Now: noon, NewID: porttest.NewID, CallTimeout: time.Minute,
	})
	if err != nil {
		t.Fatal(err)
	}
	d := searching.Deps{
		Meter: meter, Searcher: index, Passages: stores.Documents, Inventory: stores.Documents, Tokenizer: stores.Tokenizer, Now: noon, IsWord: words.IsWord,
	}
	cfg := searching.Config{Model: "model-1", EvidenceModel: glove.Model}
	if meaning {
		d.Embedder = func(string) ports.Embedder { return words }
		d.KnowsLanguage = func(_, language string) bool { return glove.Knows(language) }
		cfg.EmbeddingModel = glove.Model
	}
	search, err := searching.New(d, cfg)
	if err != nil {
		t.Fatal(err)
	}
	return search
}
