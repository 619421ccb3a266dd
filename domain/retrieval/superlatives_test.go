package retrieval_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aiwoochat/woochat/domain/catalog"
	"github.com/aiwoochat/woochat/domain/retrieval"
)

// depot is a shop whose products have a weight and a model.
func depot() retrieval.Vocabulary {
	var v retrieval.Vocabulary
	named := func(name string, values ...string) catalog.Attribute {
		return catalog.Attribute{Name: name, Values: values}
	}
	add := func(title, category, weight string, as ...catalog.Attribute) {
		v.Add(title, catalog.Facts{
			Categories: []string{category}, Weight: catalog.ParseWeight(weight), Attributes: as, Offers: []catalog.Offer{{Regular: eur(4900)}},
		})
	}
	add("Nordlys Tent", "Tents", "2.3 kg", named("Model", "NL-230"), named("Colour", "Blue"))
	add("Vind Tent", "Tents", "1.9 kg", named("MPN", "TENT 7"), named("Colour", "Red"))
	add("Zelt Sturm", "Zelte", "3 kg")
	add("Tente Brume", "Tentes", "3 kg")
	add("Tienda Niebla", "Tiendas", "3 kg")
	add("Tenda Nebbia", "Tende", "3 kg")
	add("Tent Mist", "Tenten", "3 kg")
	add("Coffee", "Coffee", "0.3 kg", named("Size", "250 g", "1 kg"))
	for _, phone := range []string{"Case one", "Case two", "Case three", "Case four"} {
		add(phone, "Cases", "", named("Modell", "Note12"))
	}
	return v
}

func TestUnderstandSuperlatives(t *testing.T) {
	for _, c := range []struct{ question, want, text string }{
		// Orders.
		{"newest tents", "category=Tents newest", "tents"},
		{"what are the newest tents?", "category=Tents newest", "what are tents?"},
		{"your latest tents", "category=Tents newest", "tents"},
		{"most recently added tents", "category=Tents newest", "tents"},
		{"new arrivals in tents", "category=Tents newest", "in tents"},
		{"what's new?", "newest", ""},
		{"anything new in tents?", "category=Tents newest", "in tents?"},
		{"best rated tent", "category=Tents best rated", "tent"},
		{"which tents have the best reviews?", "category=Tents best rated", "which tents"},
		{"tents with the highest customer ratings", "category=Tents best rated", "tents"},
		{"top-rated blue tent", "Colour=Blue category=Tents best rated", "blue tent"},
		{"the lightest tent under 60 euros", "<60.00 category=Tents lightest", "tent"},
		{"heaviest tent", "category=Tents heaviest", "tent"},

		// In other languages.
		{"die neuesten Zelte", "category=Zelte newest pages", "die Zelte"},
		{"was gibt es Neues?", "newest", ""},
		{"am besten bewertete Zelte", "category=Zelte best rated", "Zelte"},
		{"Zelte mit den besten Bewertungen", "category=Zelte best rated", "Zelte"},
		{"leichteste Zelte", "category=Zelte lightest", "Zelte"},
		{"die schwersten Zelte", "category=Zelte heaviest pages", "die Zelte"},
		{"tentes les plus récentes", "category=Tentes newest", "tentes"},
		{"nouveautés tentes", "category=Tentes newest", "tentes"},
		{"tentes les mieux notées", "category=Tentes best rated", "tentes"},
		{"tentes les plus légères", "category=Tentes lightest", "tentes"},
		{"tentes les plus lourdes", "category=Tentes heaviest", "tentes"},
		{"las tiendas más nuevas", "category=Tiendas newest pages", "las tiendas"},
		{"tiendas mejor valoradas", "category=Tiendas best rated", "tiendas"},
		{"tiendas más ligeras", "category=Tiendas lightest", "tiendas"},
		{"tiendas más pesadas", "category=Tiendas heaviest", "tiendas"},
		{"le tende più nuove", "category=Tende newest pages", "le tende"},
		{"tende meglio recensite", "category=Tende best rated", "tende"},
		{"tende più leggere", "category=Tende lightest", "tende"},
		{"tende più pesanti", "category=Tende heaviest", "tende"},
		{"nieuwste tenten", "category=Tenten newest", "tenten"},
		{"best beoordeelde tenten", "category=Tenten best rated", "tenten"},
		{"lichtste tenten", "category=Tenten lightest", "tenten"},
		{"zwaarste tenten", "category=Tenten heaviest", "tenten"},

		// No orders.
		{"a new tent", "pages", "a new tent"},
		{"is the tent new?", "pages", "is the tent new?"},
		{"what is the latest I can order?", "pages", "what is the latest I can order?"},
		{"latest delivery date", "pages", "latest delivery date"},
		{"what's new in your return policy?", "pages", "what's new in your return policy?"},
		{"a tent that is not the heaviest", "pages", "a tent that is not the heaviest"},
		{"a tent for light sleepers", "pages", "a tent for light sleepers"},
		{"une tente plus légère", "pages", "une tente plus légère"},

		// Weights.
		{"tents under 2 kg", "lighter than 2 kg category=Tents", "tents"},
		{"tents lighter than 5 lbs", "lighter than 2.268 kg category=Tents", "tents"},
		{"tents that weigh less than 2 kg", "lighter than 2 kg category=Tents", "tents that"},
		{"tents with a weight of at most 2 kg", "of at most 2 kg category=Tents", "tents with a"},
		{"tents over 2 kg and under 60 euros", "<60.00 heavier than 2 kg category=Tents", "tents"},
		{"tents between 1 and 2 kg", "of at least 1 kg, of at most 2 kg category=Tents", "tents"},
		{"Zelte unter 2,5 kg", "lighter than 2.5 kg category=Zelte", "Zelte"},
		{"Zelte leichter als 500 Gramm", "lighter than 500 g category=Zelte", "Zelte"},
		{"tentes de moins de 2 kg", "lighter than 2 kg category=Tentes", "tentes"},
		{"tentes plus légères que 2 kg", "lighter than 2 kg category=Tentes", "tentes"},
		{"tiendas de menos de 2 kg", "lighter than 2 kg category=Tiendas", "tiendas"},
		{"tiendas más ligeras que 2 kg", "lighter than 2 kg category=Tiendas", "tiendas"},
		{"tende fino a 2 kg", "of at most 2 kg category=Tende", "tende"},
		{"tenten lichter dan 2 kg", "lighter than 2 kg category=Tenten", "tenten"},
		{"tents for 2 kg", "pages", "tents for 2 kg"},      // of what?
		{"tents under 2", "<2.00 category=Tents", "tents"}, // euros
		{"coffee that weighs less than 500 g", "lighter than 500 g category=Coffee", "coffee that"},

		// Models.
		{"NL-230", "code=NL-230", "NL-230"},
		{"is the nl230 in stock?", "code=NL-230 pages", "is the nl230 in stock?"},
		{"model NL 230", "code=NL-230", "model NL 230"},
		{"do you have mpn tent 7", "code=TENT 7", "do you have mpn tent 7"},
		{"case for Note12", "Modell=Note12 category=Cases", "case for Note12"}, // all four are for it
	} {
		u := retrieval.Understand(c.question, depot())
		if got := show(u); got != c.want || u.Text != c.text {
			t.Errorf("%q:\ngot  %q, text %q\nwant %q, text %q", c.question, got, u.Text, c.want, c.text)
		}
	}
}

// What every thing of a category may be called asks for no title that has it.
func TestOrderOfGear(t *testing.T) {
	if u := retrieval.Understand("newest tent equipment", depot()); u.Open != "" {
		t.Errorf("open %q", u.Open)
	}
}

// A shop that does not say what its products weigh is not searched by it: the
// filter would hide them.
func TestNoWeightsNoFilter(t *testing.T) {
	if u := retrieval.Understand("jackets under 2 kg", shop()); !u.Filter.IsZero() {
		t.Errorf("got %q", u.Filter)
	}
}

// Of coffee by the gram what is asked for is what is in the tin, unless the question
// speaks of weighing.
func TestPortionsAreNoWeights(t *testing.T) {
	var v retrieval.Vocabulary
	for _, title := range []string{"House blend", "Espresso"} {
		v.Add(title, catalog.Facts{
			Categories: []string{"Coffee"}, Weight: catalog.ParseWeight("0.55 kg"), Offers: []catalog.Offer{{Regular: eur(900)}},
			Attributes: []catalog.Attribute{{Name: "Size", Values: []string{"250 g", "500 g"}}},
		})
	}
	for question, want := range map[string]string{
		"coffee up to 500 g":             "Size=250 g|500 g category=Coffee",
		"coffee that weighs under 500 g": "lighter than 500 g category=Coffee",
	} {
		if got := show(retrieval.Understand(question, v)); got != want {
			t.Errorf("%q: got %q, want %q", question, got, want)
		}
	}
}

// One who gave five stars does not beat two hundred who gave 4.8.
func TestOrdersByFacts(t *testing.T) {
	now := time.Date(2026, 11, 29, 0, 0, 0, 0, time.UTC)
	rated := func(average string, n int64) catalog.Facts {
		return catalog.Facts{Rating: catalog.NewRating(average, n)}
	}
	weighing := func(w string) catalog.Facts { return catalog.Facts{Weight: catalog.ParseWeight(w)} }
	since := func(days int) catalog.Facts { return catalog.Facts{Published: now.AddDate(0, 0, -days)} }
	none := catalog.Facts{Offers: []catalog.Offer{{Regular: eur(100)}}}
	for name, c := range map[string]struct {
		sort  retrieval.Sort
		facts []catalog.Facts // in the order that is wanted
	}{
		"newest":     {retrieval.NewestFirst, []catalog.Facts{since(1), since(30), since(900), none}},
		"best rated": {retrieval.BestRatedFirst, []catalog.Facts{rated("4.80", 200), rated("4.50", 50), rated("5.00", 3), rated("5.00", 1), rated("1.20", 300), none}},
		"lightest":   {retrieval.LightestFirst, []catalog.Facts{weighing("90 g"), weighing("0.2 lbs"), weighing("0.5 kg"), weighing("20 oz"), none}},
		"heaviest":   {retrieval.HeaviestFirst, []catalog.Facts{weighing("20 oz"), weighing("0.5 kg"), weighing("0.2 lbs"), weighing("90 g"), none}},
	} {
		var ps []retrieval.Passage
		for i, f := range c.facts {
			ps = append(ps, retrieval.Passage{Ref: retrieval.PassageRef{Seq: i}, Facts: f})
		}
		slices.Reverse(ps)
		for i, p := range retrieval.SortPassages(ps, c.sort, retrieval.Filter{}, now) {
			if p.Ref.Seq != i {
				t.Errorf("%s: place %d has %d", name, i, p.Ref.Seq)
			}
		}
	}
}

// More ratings of the same average are worth more, and so is a better average of as
// many.
func TestBetterRatings(t *testing.T) {
	first := func(a, b catalog.Rating) bool {
		ps := []retrieval.Passage{{Ref: retrieval.PassageRef{Seq: 1}, Facts: catalog.Facts{Rating: b}}, {Facts: catalog.Facts{Rating: a}}}
		return retrieval.SortPassages(ps, retrieval.BestRatedFirst, retrieval.Filter{}, time.Time{})[0].Ref.Seq == 0
	}
	for n := int64(1); n < 500; n += 7 {
		for stars := int64(110); stars < 500; stars += 13 {
			r := catalog.Rating{Hundredths: stars, Count: n}
			if more := (catalog.Rating{Hundredths: stars, Count: n + 1}); !first(more, r) {
				t.Errorf("%v is not before %v", more, r)
			}
			if better := (catalog.Rating{Hundredths: stars + 1, Count: n}); !first(better, r) {
				t.Errorf("%v is not before %v", better, r)
			}
		}
	}
}

func TestCodes(t *testing.T) {
	f := catalog.Facts{
		SKUs: []string{"AB-1"}, GTINs: []string{"4006381333931"},
		Attributes: []catalog.Attribute{
			{Name: "Model", Values: []string{"XR-200", "iPhone 15", "Classic"}},
			{Name: "pa_mpn", Values: []string{"TENT 7"}},
			{Name: "Référence", Values: []string{"AB 1"}},
			{Name: "Colour", Values: []string{"RAL7016"}},
			{Name: "Part No.", Values: []string{"P"}},
		},
		Offers: []catalog.Offer{{SKU: "AB-1-S", Attributes: []catalog.Attribute{{Name: "Modellnummer", Values: []string{"77-S"}}}}},
	}
	want := []string{"AB-1", "4006381333931", "AB-1-S", "XR-200", "TENT 7", "P", "77-S"}
	if got := retrieval.Codes(f); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// What is put in order are products, in a shop of no dates as well: no page is new.
func TestOrdersAreOfProducts(t *testing.T) {
	var v retrieval.Vocabulary
	v.Add("Mug", catalog.Facts{Categories: []string{"Mugs"}})
	for question, want := range map[string]int{"what's new": 1, "cheapest mug": 1, "cheapest lamp": 1, "mugs": 0} {
		queries := retrieval.Understand(question, v).Queries(nil, 10, time.Time{})
		if want == 1 && !strings.Contains(question, "mug") && len(queries) != 1 {
			t.Errorf("%q: pages are put between what is in order: %+v", question, queries[1:])
		}
		q := queries[0]
		if len(q.Filter.Kinds) != want || want == 1 && q.Filter.Kinds[0] != catalog.KindProduct {
			t.Errorf("%q: of kinds %v", question, q.Filter.Kinds)
		}
	}
}
