package retrieval_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aiwoochat/woochat/domain/catalog"
	"github.com/aiwoochat/woochat/domain/retrieval"
)

func eur(minor int64) catalog.Money {
	return catalog.Money{Minor: minor, Currency: "EUR", Exponent: 2}
}

// shop is a small vocabulary with what makes one hard: a category that is also
// a word of other products, numbers and single letters as values, shades.
func shop() retrieval.Vocabulary {
	var v retrieval.Vocabulary
	attr := func(name string, values ...string) catalog.Attribute {
		return catalog.Attribute{Name: name, Values: values}
	}
	v.Add("Alpine Trek Jacket", catalog.Facts{
		SKUs: []string{"JK-100", "JK-100-BL-M"}, GTINs: []string{"4006381333931"}, Brands: []string{"Mountain Peak"},
		Categories: []string{"Clothing > Jackets"},
		Attributes: []catalog.Attribute{attr("Colour", "Blue", "Navy Blue", "Red"), attr("Size", "S", "M", "L", "Extra Large"), attr("Material", "Wool", "Merino Wool")},
		Offers:     []catalog.Offer{{SKU: "JK-100-BL-M", Regular: eur(12900)}},
	})
	v.Add("Blue Lagoon Mug", catalog.Facts{
		SKUs: []string{"woo-mug", "100"}, Categories: []string{"Kitchen > Mugs"}, Offers: []catalog.Offer{{Regular: eur(1290)}},
		Attributes: []catalog.Attribute{attr("Dishwasher safe", "Yes", "No")},
	})
	v.Add("Trail Runner", catalog.Facts{
		SKUs: []string{"E4304"}, Brands: []string{"Fjord"}, Categories: []string{"Shoes"},
		Attributes: []catalog.Attribute{attr("pa_size", "41", "42", "43"), attr("Material", "Leather", "Canvas"), attr("Lens colour", "Green"), attr("Frame colour", "Green")},
		Offers:     []catalog.Offer{{Regular: eur(7900)}},
	})
	v.Add("Camp Stove", catalog.Facts{
		Categories: []string{"Stoves & Cookware"}, Offers: []catalog.Offer{{Regular: eur(4900)}},
		Attributes: []catalog.Attribute{attr("Volume", "500 ml", "0.75 l", "1 l", "10,000 ml"), attr("Persons", "2", "3"), attr("Length", "Long 200 cm", "20-35 cm")},
	})
	v.Add("", catalog.Facts{Categories: []string{"Coffee"}, Offers: []catalog.Offer{{Regular: eur(900)}}})
	return v
}

func attribute(name string, values ...string) catalog.Attribute {
	return catalog.Attribute{Name: name, Values: values}
}

// shopFacts are of a product in a category, with one attribute and a price.
func shopFacts(category, name string, values ...string) catalog.Facts {
	return catalog.Facts{Categories: []string{category}, Attributes: []catalog.Attribute{attribute(name, values...)}, Offers: []catalog.Offer{{Regular: eur(1000)}}}
}

// show writes an understanding in one line, so that a table can hold it.
func show(u retrieval.Understanding) string {
	var parts []string
	add := func(format string, args ...any) { parts = append(parts, fmt.Sprintf(format, args...)) }
	f := u.Filter
	if f.MinPrice.IsSet() {
		add(">=%s", f.MinPrice.Decimal())
	}
	if f.MaxPrice.IsSet() {
		op := "<="
		if f.Below {
			op = "<"
		}
		add("%s%s", op, f.MaxPrice.Decimal())
	}
	if f.InStock {
		add("stock")
	}
	if f.OnSale {
		add("sale")
	}
	if f.MinWeight.IsSet() || f.MaxWeight.IsSet() {
		add("%s", retrieval.Filter{MinWeight: f.MinWeight, MaxWeight: f.MaxWeight, Heavier: f.Heavier, Lighter: f.Lighter})
	}
	for _, a := range f.Attributes {
		add("%s=%s", a.Name, strings.Join(a.Values, "|"))
	}
	for _, b := range f.Brands {
		add("brand=%s", b)
	}
	for _, c := range f.Categories {
		add("category=%s", c)
	}
	for _, w := range f.Without {
		add("-%s", w)
	}
	for _, c := range u.Codes {
		add("code=%s", c)
	}
	switch u.Sort {
	case retrieval.CheapestFirst:
		add("cheapest")
	case retrieval.DearestFirst:
		add("dearest")
	case retrieval.ByRelevance:
	case retrieval.NewestFirst, retrieval.BestRatedFirst, retrieval.LightestFirst, retrieval.HeaviestFirst:
		add("%s", strings.TrimSuffix(u.Sort.String(), " first"))
	}
	if u.Pages {
		add("pages")
	}
	return strings.Join(parts, " ")
}

func TestUnderstand(t *testing.T) {
	for _, c := range []struct{ question, want, text string }{
		// Prices.
		{"jackets under 30", "<30.00 category=Jackets", "jackets"},
		{"jackets below €30", "<30.00 category=Jackets", "jackets"},
		{"jackets for less than 30 euros", "<30.00 category=Jackets", "jackets for"},
		{"jackets cheaper than 29.90", "<29.90 category=Jackets", "jackets"},
		{"jackets up to 1.299,50 €", "<=1299.50 category=Jackets", "jackets"},
		{"jackets up to 1,299 euro", "<=1299.00 category=Jackets", "jackets"},
		{"jackets max 25", "<=25.00 category=Jackets", "jackets"},
		{"jackets not more than 25", "<=25.00 category=Jackets", "jackets"},
		{"jackets between 40 and 20", ">=20.00 <=40.00 category=Jackets", "jackets"},
		{"jackets 30-50 €", ">=30.00 <=50.00 category=Jackets", "jackets"},
		{"jackets over 50", ">=50.01 category=Jackets", "jackets"},
		{"jackets at least 50 euros", ">=50.00 category=Jackets", "jackets"},
		{"jackets over 20 and under 40", ">=20.01 <40.00 category=Jackets", "jackets and"},
		{"jackets, 30 euros or less", "<=30.00 category=Jackets", "jackets"},
		{"my budget is 50 euros", "<=50.00", ""},
		{"Jacken unter 30 Euro", "<30.00 pages", "Jacken"},
		{"a gift under 20 euros", "<20.00 pages", "a gift"},

		// Numbers that are no prices.
		{"jackets 40-42", "pages", "jackets 40-42"},
		{"jackets under $30", "<30.00 category=Jackets", "jackets"}, // about as much in the currency of the shop
		{"jackets under 30 yen", "pages", "jackets under 30 yen"},
		{"a lamp under 30 cm", "pages", "a lamp under 30 cm"},
		{"a lamp under 300 lm", "pages", "a lamp under 300 lm"},
		{"a lamp under 30cm", "pages", "a lamp under 30cm"},
		{"jackets under 200 in red", "<200.00 Colour=Red category=Jackets", "jackets in red"},
		{"a lamp under 30 lm", "pages", "a lamp under 30 lm"},
		{"poles under 200 in", "Length=Long 200 cm pages", "poles"},
		{"ready in under 3 days", "pages", "ready in under 3 days"},
		{"something with more than 2 colours", "pages", "something with more than 2 colours"},
		{"jackets for women over 50", "pages", "jackets for women over 50"},
		{"more than 20% off", "pages", "more than 20% off"},
		{"are you open from 9 to 5", "pages", "are you open from 9 to 5"},
		{"free shipping on orders over 50?", "pages", "free shipping on orders over 50?"},
		{"do you ship for free above 50 euros?", "pages", "do you ship for free above 50 euros?"},
		{"mugs under 30 with free shipping", "<30.00 category=Mugs pages", "mugs with free shipping"},

		// Stock and sale.
		{"blue jackets in stock", "stock Colour=Blue|Navy Blue category=Jackets", "blue jackets"},
		{"which jackets are available?", "stock category=Jackets", "which jackets are"},
		{"jackets not in stock", "pages", "jackets not in stock"},
		{"jackets that are not available", "pages", "jackets that are not available"},
		{"when will the jackets be back in stock?", "pages", "when will the jackets be back in stock?"},
		{"is the blue jacket in stock?", "pages", "is the blue jacket in stock?"},
		{"jackets on sale", "sale category=Jackets", "jackets"},
		{"discounted jackets", "sale category=Jackets", "jackets"},
		{"can I return things on sale?", "pages", "can I return things on sale?"},

		// The shop's own words.
		{"Under 30 in blue and in stock", "<30.00 stock Colour=Blue|Navy Blue", "in blue and"},
		{"anything in navy blue", "Colour=Navy Blue", "anything in navy blue"},
		{"anything in purple", "pages", "anything in purple"},
		{"shoes size 42", "pa_size=42 category=Shoes", "shoes size 42"},
		{"shoes in 42", "pa_size=42 category=Shoes", "shoes in 42"},
		{"42 pairs of shoes", "pages", "42 pairs of shoes"},
		{"jackets in M", "Size=M category=Jackets", "jackets in M"},
		{"size m jackets", "Size=M category=Jackets", "size m jackets"},
		{"I'm looking for a jacket, size: L", "Size=L category=Jackets", "I'm looking for a jacket, size: L"},
		{"extra large jackets", "Size=Extra Large category=Jackets", "extra large jackets"},
		{"large jackets", "Size=L category=Jackets", "large jackets"},
		{"blue or red jackets", "Colour=Blue|Navy Blue|Red category=Jackets", "blue or red jackets"},
		{"green shoes", "=Green category=Shoes", "green shoes"},
		{"shoes with green lens", "=Green category=Shoes", "shoes with green lens"},
		{"shoes, lens colour green", "Lens colour=Green category=Shoes", "shoes, lens colour green"},
		{"mountain peak jackets", "brand=Mountain Peak category=Jackets", "mountain peak jackets"},
		{"coffee grinder under 50", "<50.00 pages", "coffee grinder"},
		{"coffee under 50", "<50.00 category=Coffee", "coffee"},
		{"how do I wash a wool jacket?", "pages", "how do I wash a wool jacket?"},
		{"yes", "pages", "yes"},

		{"stoves and cookware under 60", "<60.00 category=Stoves & Cookware", "stoves and cookware"},
		{"a stove under 60", "<60.00 category=Stoves & Cookware", "a stove"},
		{"camping stove under 60", "<60.00 pages", "camping stove"},
		{"a large stove", "pages", "a large stove"},

		// Numbers and units.
		{"0.5l stove", "Volume=500 ml category=Stoves & Cookware", "stove"},
		{"50 cl stove", "Volume=500 ml category=Stoves & Cookware", "stove"},
		{"stove with more than 500 ml", "Volume=0.75 l|1 l|10,000 ml category=Stoves & Cookware", "stove with"},
		{"stove of at least 1 litre", "Volume=1 l|10,000 ml category=Stoves & Cookware", "stove of"},
		{"stove under 1 l", "Volume=0.75 l|500 ml category=Stoves & Cookware", "stove"},
		{"stove between 0,6 and 1 l", "Volume=0.75 l|1 l category=Stoves & Cookware", "stove"},
		{"stove, 750 ml or more", "Volume=0.75 l|1 l|10,000 ml category=Stoves & Cookware", "stove,"},
		{"stove not larger than 500ml", "Volume=500 ml category=Stoves & Cookware", "stove"},
		{"stove for 3 people under 50 euros", "<50.00 Persons=3 category=Stoves & Cookware", "stove for"},
		{"2m stove", "Length=Long 200 cm category=Stoves & Cookware", "stove"},
		{"stove of 600 ml", "pages", "stove of 600 ml"},
		{"32GB card", "pages", "32GB card"},

		// Prices of others, and what one has.
		{"jackets cheaper than the camp stove", "<49.00 category=Jackets", "jackets"},
		{"jackets less expensive than your Camp Stove", "<49.00 category=Jackets", "jackets"},
		{"jackets dearer than the alpine trek jacket", ">=129.01 category=Jackets", "jackets"},
		{"anything cheaper than this", "pages", "anything cheaper than this"},
		{"I only have 30 euros to spend on mugs", "<=30.00 category=Mugs", "I only on mugs"},
		{"mugs, nothing above 20 euros", "<=20.00 category=Mugs", "mugs,"},
		{"the cheapest jacket in your shop", "category=Jackets cheapest", "jacket"},

		// Exclusions.
		{"jackets without wool", "category=Jackets -wool", "jackets"},
		{"shoes, no leather", "category=Shoes -leather", "shoes,"},
		{"shoes not made of leather or canvas", "category=Shoes -leather -canvas", "shoes"},
		{"leather-free shoes", "category=Shoes -leather", "shoes"},
		{"non-leather shoes", "category=Shoes -leather", "shoes"},
		{"jackets, not red but blue", "Colour=Blue|Navy Blue category=Jackets -red", "jackets, but blue"},
		{"jackets without wool, blue", "Colour=Blue|Navy Blue category=Jackets -wool", "jackets blue"},
		{"tea without sugar", "pages", "tea without sugar"},
		{"jackets without merino", "category=Jackets -merino", "jackets"},
		{"jackets without leather or merino", "category=Jackets -leather -merino", "jackets"},
		{"merino-free jackets", "category=Jackets -merino", "jackets"},
		{"jackets of merino", "pages", "jackets of merino"},
		{"jackets that are not extra warm", "pages", "jackets that are not extra warm"},

		// Codes.
		{"do you have jk100?", "code=JK-100 pages", "do you have jk100?"},
		{"JK-100-BL-M in stock under 20", "code=JK-100-BL-M pages", "JK-100-BL-M in stock under 20"},
		{"E4304", "code=E4304 pages", "E4304"},
		{"4006381333931", "code=4006381333931 pages", "4006381333931"},
		{"what is WOO-MUG?", "code=woo-mug pages", "what is WOO-MUG?"},
		{"a woo mug please", "pages", "a woo mug please"},
		{"jackets for 100", "pages", "jackets for 100"},
		{"SKU 100", "code=100 pages", "SKU 100"},

		// Superlatives.
		{"cheapest jacket", "category=Jackets cheapest", "jacket"},
		{"what's the most expensive shoe in blue?", "Colour=Blue|Navy Blue category=Shoes dearest", "what's shoe in blue?"},
		{"cheapest waterproof jacket", "category=Jackets cheapest pages", "waterproof jacket"},
		{"a cheap jacket", "pages", "a cheap jacket"},

		// Names.
		{"do you have the blue lagoon mug?", "pages", "do you have the blue lagoon mug?"},
		{"alpine trek jacket in blue in stock", "pages", "alpine trek jacket in blue in stock"},
		{"", "", ""},
		{"???", "", ""},
	} {
		u := retrieval.Understand(c.question, shop())
		if got := show(u); got != c.want || u.Text != c.text {
			t.Errorf("%q:\n got %s | %s\nwant %s | %s\n because %q", c.question, got, u.Text, c.want, c.text, u.Because)
		}
	}
}

func TestUnderstandSaysWhy(t *testing.T) {
	u := retrieval.Understand("cheapest blue jackets under 30 in stock, not red", shop())
	want := []string{"price below €30.00", "in stock", "cheapest first", "Colour: Blue or Navy Blue", "category Jackets", "without red"}
	if !slices.Equal(u.Because, want) {
		t.Errorf("Because: got %q, want %q", u.Because, want)
	}
}

// What is spelled as a code is asked of the index though the vocabulary has no such
// code: its product may be newer. What the vocabulary knows, or nobody spells as a
// code, is not; nor anything where all that fits a filter is asked for.
func TestUnderstandNewerCodes(t *testing.T) {
	v := shop()
	for i := range 4 {
		v.Add(fmt.Sprint("Case ", i), catalog.Facts{Attributes: []catalog.Attribute{attribute("Model", "PX-300")}})
	}
	for question, want := range map[string][]string{
		"do you have BX-77?": {"BX-77"}, "BX77 or 4006381333932": {"BX77", "4006381333932"}, "jk100": {"JK-100"}, "jk100 or bx-77": {"JK-100", "bx-77"},
		"PX-300": nil, "a mug-like cup": nil, "jackets under 30": nil, "size 42": nil, "in 2019": nil,
	} {
		u := retrieval.Understand(question, v)
		if got := u.Queries(nil, 10, time.Time{})[0].Codes; !slices.Equal(got, want) {
			t.Errorf("%q asks for the codes %q, want %q", question, got, want)
		}
	}
	all := retrieval.Understanding{Newer: []string{"500ml"}, Filter: retrieval.Filter{MaxPrice: eur(3000)}}
	if got := all.Queries(nil, 10, time.Time{})[0].Codes; len(got) > 0 {
		t.Errorf("all that fits: asks for the codes %q", got)
	}
	if got := retrieval.Understand(strings.Repeat("bx-77 ", 600), v).Newer; len(got) > 8 {
		t.Errorf("%d codes", len(got))
	}
}

// What a question compares with costs what it costs when it is asked, not what it
// cost when its product was read.
func TestUnderstandComparesAsOfNow(t *testing.T) {
	v, noon := shop(), time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	v.Add("Glo Stove", catalog.Facts{Offers: []catalog.Offer{
		{Regular: eur(15000), Sale: eur(10000), SaleFrom: noon, SaleTo: noon.Add(time.Hour)}, {Regular: eur(20000)},
	}})
	for _, c := range []struct {
		at       time.Time
		question string
		want     string
	}{
		{noon.Add(-1), "jackets cheaper than the Glo Stove", "<150.00 category=Jackets"},
		{noon, "jackets cheaper than the Glo Stove", "<100.00 category=Jackets"},
		{noon.Add(time.Hour), "jackets cheaper than the Glo Stove", "<150.00 category=Jackets"},
		{noon, "jackets dearer than the Glo Stove", ">=200.01 category=Jackets"},
	} {
		v.At = c.at
		if got := show(retrieval.Understand(c.question, v)); got != c.want {
			t.Errorf("%s at %v: %s, want %s", c.question, c.at, got, c.want)
		}
	}
}

func TestUnderstandLongQuestions(t *testing.T) {
	for _, unit := range []string{"under 3 ", "blue not red, ", "l'", "in stock ", "JK-100-", "é", "large ", "l'free "} {
		question := strings.Repeat(unit, 64<<10/len(unit))
		u := retrieval.Understand(question, shop())
		if want := len(question) / 2; len(u.Text) < want {
			t.Errorf("%.20q...: %d of %d bytes are searched", question, len(u.Text), len(question))
		}
	}
}

func TestUnderstandKnowsNothing(t *testing.T) {
	u := retrieval.Understand("cheapest blue jacket under 30 euros, no wool, size 42", retrieval.Vocabulary{})
	if !u.Filter.IsZero() || len(u.Codes) > 0 {
		t.Errorf("an empty vocabulary gave the filter %+v and codes %q", u.Filter, u.Codes)
	}
}

func TestQueries(t *testing.T) {
	at := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	qs := retrieval.Understand("mugs under 30 with free shipping", shop()).Queries([]float32{1}, 7, at)
	if len(qs) != 2 || qs[0].Filter.MaxPrice != eur(3000) || slices.Contains(qs[0].Filter.Kinds, catalog.KindPage) ||
		!slices.Equal(qs[1].Filter.Kinds, []catalog.Kind{catalog.KindPage, catalog.KindFAQ}) || qs[1].Filter.ConstrainsOffer() {
		t.Errorf("got %+v, want one search by price and one of pages", qs)
	}
	for _, q := range qs {
		if q.Limit != 7 || !q.At.Equal(at) || len(q.Vector) != 1 || q.Text != "mugs with free shipping" {
			t.Errorf("got %+v, want text, vector, limit and time of the question", q)
		}
	}
	if qs := retrieval.Understand("blue jackets", shop()).Queries(nil, 7, at); len(qs) != 1 {
		t.Errorf("a question that the filter explains: got %d searches, want 1", len(qs))
	}
}

func FuzzUnderstand(f *testing.F) {
	for _, s := range []string{
		"jackets under 30", "between €20 and 40,00", "not red or \xff", "size 42-", "İstanbul under ₹1,00,000", "JK–100", "''''s", "size l'free", "shirt in size L'free",
		"not more than a hundred and twenty-", "de 20 à", "size 42 up to 110 €", "w/o/w/o", "wax for", "extra x large", "250+ +",
	} {
		f.Add(s)
	}
	v := shop()
	f.Fuzz(func(t *testing.T, question string) {
		u := retrieval.Understand(question, v)
		again := retrieval.Understand(question, v)
		if fmt.Sprint(u) != fmt.Sprint(again) {
			t.Fatalf("%q is understood in two ways: %v and %v", question, u, again)
		}
		for _, tok := range retrieval.Tokens(u.Text) {
			_ = tok // must not panic
		}
		if f := u.Filter; f.MinPrice.IsSet() && f.MinPrice.Currency != "EUR" || f.MaxPrice.IsSet() && f.MaxPrice.Currency != "EUR" {
			t.Fatalf("%q: a price in another currency: %+v", question, f)
		}
		if len(u.Codes) > 0 && !u.Filter.IsZero() {
			t.Fatalf("%q: a code and a filter: %+v", question, u)
		}
	})
}

// A category of several words is known in other forms of each of them.
func TestOtherFormsOfSeveralWords(t *testing.T) {
	var v retrieval.Vocabulary
	v.Add("Mémo", catalog.Facts{Categories: []string{"Jouets > Jeux de société"}})
	v.Add("Hausschuhe", catalog.Facts{Categories: []string{"Rote Schuhe"}})
	for _, c := range []struct{ question, language, want string }{
		{"le jeu de société le moins cher", "fr", "category: Jeux de société"},
		{"jeux de societe", "fr", "category: Jeux de société"},
		{"jeu de société", "en", ""},
		{"ein roter Schuh", "de", "category: Rote Schuhe"},
		{"jeu de cartes", "fr", ""},
	} {
		if got := retrieval.Understand(c.question, v.For(c.language)).Filter.String(); got != c.want {
			t.Errorf("%q in %s: %q, want %q", c.question, c.language, got, c.want)
		}
	}
}
