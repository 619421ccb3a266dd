package retrieval_test

import (
	"slices"
	"testing"
	"time"

	"github.com/aiwoochat/woochat/domain/catalog"
	"github.com/aiwoochat/woochat/domain/retrieval"
)

// goods are products of a shop that writes quantities where it likes.
func goods() (v retrieval.Vocabulary, facts map[string]catalog.Facts) {
	with := func(attributes ...catalog.Attribute) catalog.Facts {
		return catalog.Facts{Attributes: attributes, Offers: []catalog.Offer{{Regular: eur(900), Stock: catalog.InStock}}}
	}
	is := func(name string, values ...string) catalog.Attribute {
		return catalog.Attribute{Name: name, Values: values}
	}
	facts = map[string]catalog.Facts{
		"Basmati rice":               with(is("Weight", "500 g")),
		"Red lentils 500g":           with(),
		"Spaghetti 6 x 400 g":        with(),
		"Cookie tin 500g":            with(is("Weight", "300 g")),
		"Socket set":                 with(is("Drive", "1/2 Zoll")),
		"Smart TV LT55":              with(is("Screen size", "55 inch")),
		`Big TV 65"`:                 with(),
		"Speaker cable":              with(is("Length", "5 m")),
		"2-in-1 hub 5G":              with(),
		"Screws 4 x 40 mm":           with(),
		"Cloth 310 g/m² for 2 chefs": with(),
	}
	for title, f := range facts {
		v.Add(title, f)
	}
	return v, facts
}

func TestQuantitiesOfTitles(t *testing.T) {
	v, facts := goods()
	for question, want := range map[string][]string{
		"what weighs 0.5 kg":             {"Basmati rice", "Red lentils 500g"}, // the tin's field says another weight
		"drive half inch":                {"Socket set"},
		"drive 1/2 zoll":                 {"Socket set"},
		"drive ½ inch":                   {"Socket set"},
		"drive halbes zoll":              {"Socket set"},
		`do you have a 55" one`:          {"Smart TV LT55"},
		"anything bigger than 50 inches": {`Big TV 65"`, "Smart TV LT55"}, // and no cable of 5 m
		"longer than 3 m":                {"Speaker cable"},
	} {
		u := retrieval.Understand(question, v)
		var got []string
		for title, f := range facts {
			if u.Filter.Match(catalog.KindProduct, "", title, f, time.Time{}) {
				got = append(got, title)
			}
		}
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Errorf("%q: got %q, want %q, by %s", question, got, want, u.Filter)
		}
	}
}

// TestQuantitiesOfTitlesAlone: where no field says how much it is, a title that does
// comes first and hides nothing.
func TestQuantitiesOfTitlesAlone(t *testing.T) {
	v, facts := goods()
	for question, want := range map[string][]string{
		"spaghetti 400g":        {"400 g"},
		"screws 40mm":           {"40 mm"},
		"screws 4 mm":           {"4 mm"},
		"spaghetti 6 g":         nil, // they are six of 400 g
		"hub 2 in":              nil,
		"hub 5 g":               nil,
		"cloth 310 g":           nil,
		`what is "section 65"`:  nil,
		"spaghetti under 400 €": nil,
	} {
		u := retrieval.Understand(question, v)
		if !slices.Equal(u.Sized, want) || len(u.Filter.Attributes) > 0 {
			t.Errorf("%q: sized %q, want %q; %s", question, u.Sized, want, u.Filter)
		}
	}
	ps := []retrieval.Passage{}
	for _, title := range []string{"Spaghetti", "Screws 4 x 40 mm", "Spaghetti 6 x 400 g"} {
		ps = append(ps, retrieval.Passage{Kind: catalog.KindProduct, Title: title, Facts: facts[title]})
	}
	got := retrieval.SizedFirst(ps, []string{"400 g", "40 mm"}, "spaghetti 400 g")
	if want := `["Spaghetti 6 x 400 g" "Spaghetti" "Screws 4 x 40 mm"]`; titles(got) != want {
		t.Errorf("got %s, want %s", titles(got), want)
	}
}

// TestPoundsAreMoney where prices are in pounds, and weigh where they are not.
func TestPoundsAreMoney(t *testing.T) {
	tin := catalog.Facts{Attributes: []catalog.Attribute{{Name: "Net weight", Values: []string{"500 g"}}}}
	for currency, want := range map[string]string{"GBP": "below £6.00", "SEK": "Net weight: 500 g"} {
		f := tin
		f.Offers = []catalog.Offer{{Regular: catalog.Money{Minor: 500, Currency: currency, Exponent: 2}}}
		var v retrieval.Vocabulary
		v.Add("Tin", f)
		if got := retrieval.Understand("tins under 6 pounds", v).Filter.String(); got != want {
			t.Errorf("%s: got %q, want %q", currency, got, want)
		}
	}
}

func TestUnmetQuantities(t *testing.T) {
	v, facts := goods()
	ask := func(question, title string) bool {
		u := retrieval.Understand(question, v)
		p := retrieval.Passage{Kind: catalog.KindProduct, Title: title, Facts: facts[title]}
		return slices.ContainsFunc(u.Unmet, func(q retrieval.Unmet) bool { return q.Contradicts(p, u.Open) })
	}
	for _, c := range []struct {
		question, title string
		want            bool
	}{
		{"basmati rice 25 kg", "Basmati rice", true},
		{"red lentils 2 kg", "Red lentils 500g", true},
		{"basmati rice 500 g", "Basmati rice", false},
		{"basmati rice 2 m", "Basmati rice", false},             // says nothing of metres
		{"brown basmati rice 25 kg", "Basmati rice", false},     // is not all that is asked for
		{"basmati rice under 10 kg", "Basmati rice", false},     // a bound holds
		{"smart tv lt55 for 25 kg rice", "Basmati rice", false}, // something else
	} {
		if got := ask(c.question, c.title); got != c.want {
			t.Errorf("%q, %s: got %v, want %v", c.question, c.title, got, c.want)
		}
	}
}

// TestUnmetSizes: where things have sizes, one that none has is another size than
// what is called as the question has it.
func TestUnmetSizes(t *testing.T) {
	sized := func(values ...string) catalog.Facts {
		return catalog.Facts{Attributes: []catalog.Attribute{{Name: "Größe", Values: values}, {Name: "Size", Values: values}}}
	}
	var v retrieval.Vocabulary
	v.Add("Lederhandschuhe", sized("8", "9"))
	v.Add("Gloves", sized("8", "9"))
	v.Add("Mug", catalog.Facts{})
	also := retrieval.Alternative{Of: []string{"handschuhe"}, Tokens: []string{"lederhandschuhe"}, Weight: 0.64}
	for _, c := range []struct {
		question, title string
		facts           catalog.Facts
		want            bool
	}{
		{"gloves size 13", "Gloves", sized("8", "9"), true},
		{"gloves in size xxl", "Gloves", sized("8", "9"), true},
		{"Handschuhe Größe 13", "Lederhandschuhe", sized("8", "9"), true},
		{"gloves size 9", "Gloves", sized("8", "9"), false},
		{"mug size 13", "Mug", catalog.Facts{}, false},       // has none
		{"warm gloves size 13", "Gloves", sized("8"), false}, // not all that is asked for
		{"what size are the gloves", "Gloves", sized("8", "9"), false},
		{"gloves size guide", "Gloves", sized("8", "9"), false},
	} {
		u := retrieval.Understand(c.question, v)
		p := retrieval.Passage{Kind: catalog.KindProduct, Title: c.title, Facts: c.facts}
		if got := slices.ContainsFunc(u.Unmet, func(q retrieval.Unmet) bool { return q.Contradicts(p, u.Open, also) }); got != c.want {
			t.Errorf("%q, %s: got %v, want %v", c.question, c.title, got, c.want)
		}
	}
	u := retrieval.Understand("gloves size 13", v)
	for title, want := range map[string]bool{"Gloves size 13": true, "Gloves": false, "Size 130 gloves": false} {
		if got := u.Unmet[0].Meets(retrieval.Passage{Kind: catalog.KindProduct, Title: title}); got != want {
			t.Errorf("%s is of size 13: %v", title, got)
		}
	}
}
