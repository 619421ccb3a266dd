package retrieval_test

import (
	"fmt"
	"reflect"
	"testing"

	"github.com/aiwoochat/woochat/domain/catalog"
	"github.com/aiwoochat/woochat/domain/retrieval"
)

// TestLanguagesPrefer: a language is asked of the kinds of documents that the
// shop really has in it, and of no others.
func TestLanguagesPrefer(t *testing.T) {
	const product, page, faq = catalog.KindProduct, catalog.KindPage, catalog.KindFAQ
	type counts map[catalog.Kind]map[string]int
	for name, c := range map[string]struct {
		site, reader string
		have         counts
		want         retrieval.Language
	}{
		"nothing known":               {"de", "en", nil, retrieval.Language{}},
		"a shop of one language":      {"de", "en", counts{product: {"": 90}, page: {"": 4, "de": 5}}, retrieval.Language{}},
		"and who reads it":            {"de", "de-AT", counts{product: {"": 90}, page: {"": 4, "de": 5}}, retrieval.Language{}},
		"an English imprint":          {"de", "en", counts{page: {"de": 9, "en": 1}}, retrieval.Language{}},
		"no page said":                {"de", "", counts{page: {"de": 5, "en": 5}}, retrieval.Language{}},
		"pages translated":            {"de", "en-US", counts{product: {"": 90}, page: {"": 3, "de": 3, "en": 6}}, retrieval.Language{Locale: "en-US", Kinds: []catalog.Kind{page}}},
		"pages translated, who shops": {"de", "de-CH", counts{product: {"": 90}, page: {"": 3, "de": 3, "en": 6}}, retrieval.Language{Locale: "de-CH", Unmarked: true, Kinds: []catalog.Kind{page}}},
		"half of them":                {"de", "en", counts{product: {"de": 10, "en": 5}, page: {"": 10, "en": 4}}, retrieval.Language{Locale: "en", Kinds: []catalog.Kind{product}}},
		"all of them":                 {"de", "en", counts{faq: {"": 2, "en": 2}, product: {"de": 10, "en-GB": 5, "en-US": 4}, page: {"": 1, "en": 2}}, retrieval.Language{Locale: "en", Kinds: []catalog.Kind{product, page, faq}}},
		"a third language":            {"de", "fr", counts{page: {"de": 5, "en": 5, "fr": 1}}, retrieval.Language{}},
		"languages that nobody knows": {"de", "en", counts{page: {"en": 3, retrieval.LocaleUnknown: 3}}, retrieval.Language{}},
		"a reader of no language":     {"de", retrieval.LocaleUnknown, counts{page: {"en": 3, "de": 3}}, retrieval.Language{}},
	} {
		var n retrieval.Languages
		for kind, by := range c.have {
			for locale, documents := range by {
				for range documents {
					n.Add(kind, locale)
				}
			}
		}
		if got := n.Prefer(c.site, c.reader); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %+v, want %+v", name, got, c.want)
		}
	}
}

func TestLanguageOf(t *testing.T) {
	for locale, want := range map[string]string{"": "", "de": "de", "de-AT": "de", " DE_at ": "de", "zh-Hant-TW": "zh", "-de": ""} {
		if got := retrieval.LanguageOf(locale); got != want {
			t.Errorf("%q is in %q, want %q", locale, got, want)
		}
	}
}

func ExampleLanguages_Prefer() {
	var shop retrieval.Languages // whose own language is German
	for range 100 {
		shop.Add(catalog.KindProduct, "")
	}
	for _, locale := range []string{"", "", "", "en", "en"} {
		shop.Add(catalog.KindPage, locale)
	}
	for _, reader := range []string{"de-AT", "en-GB", "fr"} {
		fmt.Printf("%s: %q\n", reader, shop.Prefer("de", reader))
	}
	// Output:
	// de-AT: "in de: page"
	// en-GB: "in en: page"
	// fr: ""
}

func ExampleLanguage_Match() {
	german := retrieval.Language{Locale: "de-AT", Unmarked: true}
	fmt.Println(german.Match(catalog.KindPage, "de-CH"), german.Match(catalog.KindPage, "en"), german.Match(catalog.KindPage, ""))
	// Output: true false true
}
