package retrieval_test

import (
	"slices"
	"testing"
	"time"

	"github.com/aiwoochat/woochat/domain/catalog"
	"github.com/aiwoochat/woochat/domain/retrieval"
)

func pantry() (v retrieval.Vocabulary, facts map[string]catalog.Facts) {
	with := func(category, name string, values ...string) catalog.Facts {
		return catalog.Facts{
			Categories: []string{category}, Offers: []catalog.Offer{{Regular: eur(300), Stock: catalog.InStock}},
			Attributes: []catalog.Attribute{{Name: name, Values: values}},
		}
	}
	facts = map[string]catalog.Facts{
		"Penne":                     with("Pasta", "Diet", "Gluten free", "Vegan"),
		"Fusilli":                   with("Pasta", "Allergens", "Wheat"),
		"Fluoride-free tooth tabs":  with("Care", "Diet", "Vegan"),
		"Toothpaste with fluoride":  with("Care", "Flavour", "Mint"),
		"Oat drink":                 with("Drinks", "Allergens", "Oats"),
		"Milk drink":                with("Drinks", "Allergens", "Milk"),
		"Parfümfrei Creme":          with("Care", "Skin", "Dry"),
		"Holzer Schraubendreher":    with("Tools", "Make", "Holzer"),
		"Bergmann Schraubendreher":  with("Tools", "Make", "Bergmann"),
		"Kettensäge":                with("Tools", "Drive", "Petrol"),
		"Hands free kit for phones": with("Tools", "Drive", "Battery"),
	}
	for title, f := range facts {
		v.Add(title, f)
	}
	return v, facts
}

func TestWhatIsFreeOf(t *testing.T) {
	v, facts := pantry()
	for question, want := range map[string][]string{
		"pasta without gluten":             {"Penne"},
		"tooth things, no fluoride":        {"Fluoride-free tooth tabs"},
		"creme ohne parfüm":                {"Parfümfrei Creme"},
		"parfümfreie creme":                nil, // "frei" with another ending is searched
		"schraubendreher nicht von holzer": {"Bergmann Schraubendreher"},
		"tools not by holzer":              {"Bergmann Schraubendreher", "Hands free kit for phones", "Kettensäge"},
		"tools aber keine kettensäge":      {"Bergmann Schraubendreher", "Hands free kit for phones", "Holzer Schraubendreher"},
		"drinks but no oats":               {"Milk drink"},
		"milk":                             nil, // nobody looks for what has it as an allergen
	} {
		u := retrieval.Understand(question, v)
		var got []string
		for title, f := range facts {
			if !u.Filter.IsZero() && u.Filter.Match(catalog.KindProduct, "", title, f, time.Time{}) {
				got = append(got, title)
			}
		}
		slices.Sort(got)
		if question == "schraubendreher nicht von holzer" { // no category is named: by what is left
			got = slices.DeleteFunc(got, func(title string) bool {
				return title != "Bergmann Schraubendreher" && title != "Holzer Schraubendreher"
			})
		}
		if !slices.Equal(got, want) {
			t.Errorf("%q: got %q, want %q, by %s", question, got, want, u.Filter)
		}
	}
}

func TestLoose(t *testing.T) {
	f := retrieval.Filter{Without: []string{"salt"}, Free: []string{"gluten"}}
	l := f.Loose()
	if !slices.Equal(l.Without, []string{"salt", "gluten"}) || len(l.Free) > 0 || len(f.Without) != 1 {
		t.Errorf("got %+v of %+v", l, f)
	}
	facts := catalog.Facts{Attributes: []catalog.Attribute{{Name: "Diet", Values: []string{"Gluten free"}}}, Offers: []catalog.Offer{{Regular: eur(100)}}}
	if !l.Match(catalog.KindProduct, "", "Bread", facts, time.Time{}) {
		t.Error("what is gluten free is taken to have gluten")
	}
	facts.Attributes[0].Values[0] = "Wheat gluten"
	if l.Match(catalog.KindProduct, "", "Bread", facts, time.Time{}) {
		t.Error("wheat gluten is taken to be without")
	}
}

func TestFreeFirst(t *testing.T) {
	ps := titled("Steel cap shoes", "Light shoes", "Boots")
	ps[1].Text = "A light shoe. No metal."
	for question, want := range map[string]string{
		"shoes without metal": `["Light shoes" "Steel cap shoes" "Boots"]`,
		"shoes with metal":    titles(ps),
	} {
		if got := titles(retrieval.FreeFirst(ps, question, retrieval.Filter{})); got != want {
			t.Errorf("%q: got %s, want %s", question, got, want)
		}
	}
	if got, want := titles(retrieval.FreeFirst(ps, "shoes", retrieval.Filter{Without: []string{"metal"}})), `["Light shoes" "Steel cap shoes" "Boots"]`; got != want {
		t.Errorf("by the filter: got %s, want %s", got, want)
	}
}
