package e2e

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aiwoochat/woochat/cmd/woochat/demoshop"
	"github.com/aiwoochat/woochat/test/fakes/openaifake"
	"github.com/aiwoochat/woochat/test/harness/migrated"
)

// sold is one thing that can be put into a cart, as the shop's export says it.
type sold struct {
	title      string   // of its product
	skus       []string // its own and its product's
	categories string
	brand      string
	attributes map[string]string // its own, and those that the product has for all
	cents      int64
	sale       bool
	stock      bool
	grams      float64 // its product's weight, 0 for none
	since      string  // when its product was first offered
	stars      float64 // its product's average
	ratings    float64
}

// export reads the demo shop's catalogue with nothing but encoding/csv, so that
// what is expected of a search does not come from the code that is tested.
func export(t *testing.T, now time.Time) []sold {
	t.Helper()
	text := bytes.TrimPrefix(demoshop.ProductsAt("https://shop.example.com"), []byte("\ufeff"))
	table, err := csv.NewReader(bytes.NewReader(text)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	columns := map[string]int{}
	for i, name := range table[0] {
		columns[name] = i
	}
	type row func(column string) string
	var rows []row
	parents := map[string]row{}
	for _, cells := range table[1:] {
		r := func(column string) string {
			i, ok := columns[column]
			if !ok {
				t.Fatalf("the export has no column %q", column)
			}
			return cells[i]
		}
		rows = append(rows, r)
		parents["id:"+r("ID")] = r
		if sku := r("SKU"); sku != "" {
			parents[sku] = r
		}
	}
	attributes := func(r row, into map[string]string) {
		for i := 1; columns[fmt.Sprintf("Attribute %d name", i)] > 0; i++ {
			name, value := r(fmt.Sprintf("Attribute %d name", i)), r(fmt.Sprintf("Attribute %d value(s)", i))
			if name != "" && value != "" { // a variation without a value is any of its product's
				into[name] = strings.ReplaceAll(value, `\,`, ",")
			}
		}
	}
	var out []sold
	for _, r := range rows {
		product, kind := r, strings.Split(r("Type"), ",")[0]
		switch kind {
		case "variable", "grouped":
			continue // what is sold is their variations and members
		case "variation":
			product = parents[r("Parent")]
		}
		if r("Published") != "1" || product("Published") != "1" || product("Visibility in catalog") == "hidden" {
			continue
		}
		s := sold{
			title: product("Name"), skus: []string{product("SKU"), r("SKU")}, categories: product("Categories"), brand: product("Brands"),
			attributes: map[string]string{}, cents: cents(t, r("Regular price")), stock: r("In stock?") == "1",
		}
		number := func(column string) float64 {
			n, err := strconv.ParseFloat(product(column), 64)
			if err != nil && product(column) != "" {
				t.Fatal(err)
			}
			return n
		}
		s.grams, s.since, s.stars, s.ratings = math.Round(number("Weight (kg)")*1e6)/1e3, product("Date created"), number("Average rating"), number("Rating count")
		attributes(product, s.attributes)
		attributes(r, s.attributes)
		if sale := r("Sale price"); sale != "" && inWindow(t, now, r("Date sale price starts"), r("Date sale price ends")) {
			s.cents, s.sale = cents(t, sale), true
		}
		out = append(out, s)
	}
	return out
}

func cents(t *testing.T, price string) int64 {
	t.Helper()
	euros, err := strconv.ParseFloat(price, 64)
	if err != nil {
		t.Fatal(err)
	}
	return int64(euros*100 + 0.5)
}

func inWindow(t *testing.T, now time.Time, from, to string) bool {
	t.Helper()
	at := func(s string) time.Time {
		v, err := time.Parse("2006-01-02 15:04:05", s)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	return (from == "" || !now.Before(at(from))) && (to == "" || !now.After(at(to)))
}

// titles returns the products of which something is as want says.
func titles(all []sold, want func(sold) bool) []string {
	var out []string
	for _, s := range all {
		if want(s) && !slices.Contains(out, s.title) {
			out = append(out, s.title)
		}
	}
	slices.Sort(out)
	return out
}

// told finds the numbered sources of a prompt.
var told = regexp.MustCompile(`(?m)^\[\d+\] (.+)$`)

// products returns the shop's products among the sources that the model was
// given for its nth answer, in their order, each once.
func products(t *testing.T, fake *openaifake.Server, n int, all []sold) []string {
	t.Helper()
	c, err := fake.Await(t.Context(), n)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, m := range told.FindAllStringSubmatch(c.Chat.Messages[0].Content, -1) {
		known := slices.ContainsFunc(all, func(s sold) bool { return s.title == m[1] })
		if known && !slices.Contains(out, m[1]) {
			out = append(out, m[1])
		}
	}
	return out
}

// is reports whether s has the value of the attribute, as one of several.
func (s sold) is(attribute, value string) bool {
	return slices.Contains(strings.Split(s.attributes[attribute], ", "), value)
}

// coloured reports whether s is of the colour or a shade of it: Forest Green
// is green.
func (s sold) coloured(colour string) bool {
	c := s.attributes["Colour"]
	return c == colour || strings.HasSuffix(c, " "+colour)
}

// in reports whether s is in the category or in one below it.
func (s sold) in(category string) bool {
	for path := range strings.SplitSeq(s.categories, ", ") {
		if slices.Contains(strings.Split(path, " > "), category) {
			return true
		}
	}
	return false
}

// constrained are questions whose answer is a matter of fields, and what each
// field must be.
var constrained = []struct {
	question string
	want     func(sold) bool
}{
	{"under 30 in blue and in stock", func(s sold) bool { return s.coloured("Blue") && s.cents < 3000 && s.stock }},
	{"I want something blue, less than €30, that you have in stock", func(s sold) bool { return s.coloured("Blue") && s.cents < 3000 && s.stock }},
	{"red under 20 euros, in stock", func(s sold) bool { return s.coloured("Red") && s.cents < 2000 && s.stock }},
	{"jackets under 150", func(s sold) bool { return s.in("Jackets") && s.cents < 15000 }},
	{"jackets between 80 and 120 euros", func(s sold) bool { return s.in("Jackets") && s.cents >= 8000 && s.cents <= 12000 }},
	{"do you have blue jackets in size M in stock?", func(s sold) bool {
		return s.in("Jackets") && s.coloured("Blue") && s.is("Size", "M") && s.stock
	}},
	{"What is on sale in blue?", func(s sold) bool { return s.sale && s.coloured("Blue") }},
	{"anything red on sale", func(s sold) bool { return s.sale && s.coloured("Red") }},
	{"What do you have from Varde under 50 euros that is in stock?", func(s sold) bool { return s.brand == "Varde" && s.cents < 5000 && s.stock }},
	{"anything in titanium under 60 euros", func(s sold) bool { return s.attributes["Material"] == "Titanium" && s.cents < 6000 }},
	{"socks in size 40-43 under 15 euros", func(s sold) bool { return s.in("Socks") && s.is("Size", "40-43") && s.cents < 1500 }},
	{"footwear in size 42 in stock", func(s sold) bool { return s.in("Footwear") && s.is("Size", "42") && s.stock }},
	{"orange over 50 euros", func(s sold) bool { return s.coloured("Orange") && s.cents > 5000 }},
	{"green under 50 euros in stock", func(s sold) bool { return s.coloured("Green") && s.cents < 5000 && s.stock }},
	{"grey for 29 euros or less", func(s sold) bool { return s.coloured("Grey") && s.cents <= 2900 }},
	{"red without wool under 25 euros in stock", func(s sold) bool {
		return s.coloured("Red") && s.cents < 2500 && s.stock && !strings.Contains(strings.ToLower(s.attributes["Material"]), "wool")
	}},
	{"Isbre, in stock, not more than 20 €", func(s sold) bool { return s.brand == "Isbre" && s.stock && s.cents <= 2000 }},
	{"Brattli under 60 but not titanium", func(s sold) bool {
		return s.brand == "Brattli" && s.cents < 6000 && s.attributes["Material"] != "Titanium"
	}},
	{"Which products cost less than 10 euros?", func(s sold) bool { return s.cents < 1000 }},
	{"items below 10 euros in stock", func(s sold) bool { return s.cents < 1000 && s.stock }},
	{"all products under 10 euros", func(s sold) bool { return s.cents < 1000 }},
	{"camp furniture in stock", func(s sold) bool { return s.in("Camp Furniture") && s.stock }},
	{"blue or red socks in stock under 16 euros", func(s sold) bool {
		return s.in("Socks") && (s.coloured("Blue") || s.coloured("Red")) && s.stock && s.cents < 1600
	}},
}

// TestConstrainedQuestions asks for things by price, colour, size, material,
// brand, category, sale and stock: the model is given exactly the products that
// the shop's export says, all of them and no other.
func TestConstrainedQuestions(t *testing.T) {
	for _, store := range stores {
		t.Run(store, func(t *testing.T) {
			fake := openaifake.New(t, openaifake.Options{})
			s := open(t, withStore(store, migrated.Folder(t)), withProvider(fake, "talker"), withEnv("WOOCHAT_LEAST_EVIDENCE", "auto"), withEnv("WOOCHAT_PROMPT_BUDGET", "200000"))
			all := export(t, time.Now().UTC())
			for n, c := range constrained {
				want := titles(all, c.want)
				if len(want) == 0 || len(want) > 6 {
					t.Fatalf("%q: the export has %d such products; want a few", c.question, len(want))
				}
				s.ask(s.session(), c.question)
				got := products(t, fake, n, all)
				slices.Sort(got)
				if !slices.Equal(got, want) {
					t.Errorf("%q\ngot  %q\nwant %q", c.question, got, want)
				}
			}
		})
	}
}

// TestConstrainedQuestionsWithoutModel asks the same of the demo without a key:
// each product that is shown is one that was asked for.
func TestConstrainedQuestionsWithoutModel(t *testing.T) {
	s := open(t)
	all := export(t, time.Now().UTC())
	for _, c := range constrained {
		want := titles(all, c.want)
		got := s.ask(s.session(), c.question)
		if len(got.Products) == 0 {
			t.Errorf("%q: no product is shown, want some of %q: %s", c.question, want, got.Answer)
		}
		for _, p := range got.Products {
			if !slices.Contains(want, p.Title) {
				t.Errorf("%q: %s (%s, %s) is shown, want some of %q", c.question, p.Title, p.Price.Text, p.Stock.Status, want)
			}
		}
	}
}

// TestExactCodeAndNameWin names one product, by a code or by its whole title:
// it is the first of the sources, and its card the first that is shown.
func TestExactCodeAndNameWin(t *testing.T) {
	for _, store := range stores {
		t.Run(store, func(t *testing.T) {
			fake := openaifake.New(t, openaifake.Options{})
			withModel := open(t, withStore(store, migrated.Folder(t)), withProvider(fake, "talker"), withEnv("WOOCHAT_LEAST_EVIDENCE", "auto"), withEnv("WOOCHAT_PROMPT_BUDGET", "200000"))
			quoting := open(t, withStore(store, migrated.Folder(t)))
			all := export(t, time.Now().UTC())
			named := []struct{ question, title string }{
				{"How much is FF-PAC-0830?", "Pack Rain Cover"},
				{"Do you have ff pac 0830?", "Pack Rain Cover"},
				{"IS-SOC-0601-RED-4043", "Merino Hiking Socks"}, // a variation's
				{"Is HA-BOT-1210 in stock?", "Folding Water Carrier 10 l"},
				{"Glo Canister Stove", "Glo Canister Stove"},
				{"Tell me about the Kilde Insulated Bottle", "Kilde Insulated Bottle"},
				{"Is the Merino Neck Gaiter in stock?", "Merino Neck Gaiter"},
				{"What does the Merino Base Layer Leggings cost?", "Merino Base Layer Leggings"},
				{"nattely footprint", "Nattely Footprint"},
				{"How much is the Nattely Tent?", "Nattely Tent"},
				{"is the Roll-Top Dry Bag available in blue?", "Roll-Top Dry Bag"},
			}
			for n, c := range named {
				withModel.ask(withModel.session(), c.question)
				if got := products(t, fake, n, all); len(got) == 0 || got[0] != c.title {
					t.Errorf("%q: the model's first product is %q, want %s", c.question, got, c.title)
				}
				if got := quoting.ask(quoting.session(), c.question); len(got.Products) == 0 || got.Products[0].Title != c.title {
					t.Errorf("%q: the first card is %+v, want %s: %s", c.question, got.Products, c.title, got.Answer)
				}
			}
			withModel.ask(withModel.session(), "2000041012305")
			if got := products(t, fake, len(named), all); len(got) == 0 || got[0] != "Varmekanne Thermos 1 l" {
				t.Errorf("by its GTIN alone: the model's first product is %q", got)
			}
		})
	}
}
