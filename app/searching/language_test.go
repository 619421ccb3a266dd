package searching_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/aiwoochat/woochat/app/searching"
	"github.com/aiwoochat/woochat/domain/catalog"
	"github.com/aiwoochat/woochat/domain/retrieval"
)

// page adds a page of a locale.
func (w *world) page(id, locale, title, text string) {
	w.Helper()
	w.must(w.stores.Add(w.Context(), w.scope(), retrieval.Document{
		ID: retrieval.DocumentID("page:" + id), Revision: "r1", Kind: catalog.KindPage, Locale: locale, Title: title,
	}, text))
}

// from searches as a shopper does whose page is in a locale, in a shop that is in
// German.
func (w *world) from(locale, text string) searching.Findings {
	w.Helper()
	s, err := searching.New(w.deps, w.cfg)
	w.must(err)
	r, err := s.Search(w.Context(), searching.Question{Scope: w.scope(), Text: text, ShopLocale: "de", Locale: locale, Budget: 4000})
	w.must(err)
	return r
}

func sortedTitles(r searching.Findings) string {
	var out []string
	for _, p := range r.Chosen() {
		out = append(out, p.Title)
	}
	slices.Sort(out)
	return strings.Join(out, ", ")
}

// A shopper whose page is in one of a shop's languages is answered from the texts
// in it, and what is in one language only is found by everybody.
func TestLanguageOfThePage(t *testing.T) {
	w := newWorld(t) // its two jackets and a page do not say their language
	w.page("2", "de-DE", "Retouren", "Retouren und Shipping: 30 Tage Storm.")
	w.page("3", "en", "Shipping in English", "Shipping takes two days. Storm.")
	w.page("4", "en-GB", "Returns in English", "Returns and shipping: 30 days. Storm.")
	german, english := "Retouren, Shipping, Storm Jacket", "Returns in English, Shipping in English, Storm Jacket"
	for _, c := range []struct{ locale, want, language string }{
		{"de-AT", german, "in de: page"},
		{"de", german, "in de: page"},
		{"en-US", english, "in en: page"},
		{"fr", "Retouren, Returns in English, Shipping, Shipping in English, Storm Jacket", ""},
		{"", "Retouren, Returns in English, Shipping, Shipping in English, Storm Jacket", ""},
	} {
		r := w.from(c.locale, "shipping storm")
		if got := sortedTitles(r); got != c.want || r.Language.String() != c.language {
			t.Errorf("%q: chose %s %s, want %s %s", c.locale, got, r.Language, c.want, c.language)
		}
	}
}

// A shop of one language answers whoever asks, and so does one with an imprint in
// another.
func TestShopOfOneLanguage(t *testing.T) {
	w := newWorld(t)
	w.page("2", "de", "Retouren", "Returns within 30 days.")
	w.page("3", "de", "Zahlung", "Payment by invoice.")
	for _, imprint := range []bool{false, true} {
		if imprint {
			w.page("4", "en", "Imprint", "Managing directors.")
		}
		for _, locale := range []string{"en", "en-US", "fr", "de-CH"} {
			if imprint && locale == "de-CH" {
				continue
			}
			if r := w.from(locale, "returns"); len(r.Found) == 0 || r.Found[0].Title != "Retouren" || len(r.Searches) != 1 {
				t.Errorf("%s, imprint %v: %+v after %d searches", locale, imprint, titles(r.Chosen()), len(r.Searches))
			}
		}
	}
}

// Where nothing in the page's language fits, all languages are searched, and the
// findings say so.
func TestAllLanguagesWhereNothingFits(t *testing.T) {
	w := newWorld(t)
	w.page("2", "de", "Reparatur", "We repair zips of tents.")
	w.page("3", "en", "Delivery", "Delivery takes two days.")
	r := w.from("en", "repair zips of tents")
	if titles(r.Chosen()) != "Reparatur" || !r.Language.IsZero() || r.Fit.Nothing {
		t.Fatalf("chose %q, %+v, language %q", titles(r.Chosen()), r.Fit, r.Language)
	}
	if because := strings.Join(r.Understanding.Because, "; "); !strings.Contains(because, "all languages: nothing in en: page fits") {
		t.Errorf("because %s", because)
	}
	first, last := r.Searches[0].Query.Filter.Language, r.Searches[len(r.Searches)-1].Query.Filter.Language
	if first.IsZero() || !last.IsZero() {
		t.Errorf("searched %+v and at last %+v", first, last)
	}
	// What fits nowhere is no reason to show something of the one language.
	if r := w.from("en", "qqq zzz"); len(r.Found) != 0 {
		t.Errorf("found %s", titles(r.Chosen()))
	}
}

// A product that has the filter's price in another language is better than one
// that is only near in the page's.
func TestFilterBeforeLanguage(t *testing.T) {
	w := newWorld(t)
	for i := range 3 {
		w.must(w.stores.Add(w.Context(), w.scope(), retrieval.Document{
			ID: retrieval.DocumentID(fmt.Sprint("product:9", i)), Revision: "r1", Kind: catalog.KindProduct, Locale: "en", Title: "Rain Jacket",
			Facts: catalog.Facts{Categories: []string{"Jackets"}, Offers: []catalog.Offer{{Regular: catalog.Money{Minor: 20000, Currency: "EUR", Exponent: 2}, Stock: catalog.InStock}}},
		}, "A waterproof jacket."))
	}
	if r := w.from("en", "jackets under 150"); sortedTitles(r) != "Camp Jacket, Storm Jacket" {
		t.Errorf("chose %s", titles(r.Chosen()))
	}
	if r := w.from("en", "jackets under 250"); !strings.Contains(sortedTitles(r), "Rain Jacket") || strings.Contains(sortedTitles(r), "Camp Jacket") {
		t.Errorf("chose %s", titles(r.Chosen()))
	}
}

// An operator sees which language was searched, and may ask as from a page in one.
func TestExplainLanguage(t *testing.T) {
	w := newWorld(t)
	w.page("2", "de", "Versand", "Shipping nach Österreich.")
	x := w.explainer()
	e, err := x.Explain(w.Context(), w.support(), w.scope(), "shipping", searching.ExplainOptions{Locale: "de_AT"})
	w.must(err)
	if len(e.Passages) != 1 || e.Passages[0].Title != "Versand" || e.Understood.Language != "in de: page" || e.Searches[0].Filter != "in de: page" {
		t.Errorf("%+v", e)
	}
	e, err = x.Explain(w.Context(), w.support(), w.scope(), "shipping", searching.ExplainOptions{})
	w.must(err)
	if len(e.Passages) != 2 || e.Understood.Language != "" {
		t.Errorf("from no page: %+v", e)
	}
	if _, err := x.Explain(w.Context(), w.support(), w.scope(), "shipping", searching.ExplainOptions{Locale: "German!"}); !inputError("locale")(err) {
		t.Errorf("a locale that is none: %v", err)
	}
}
