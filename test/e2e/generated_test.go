package e2e

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"
)

// maker makes questions out of the catalogue: it takes something that is sold
// and asks for some of what is true of it, in words that it draws.
type maker struct {
	*rand.Rand
	goods
}

func (m maker) one(list ...string) string { return list[m.IntN(len(list))] }

func euros(cents int64) string {
	if cents%100 == 0 {
		return fmt.Sprint(cents / 100)
	}
	return fmt.Sprintf("%d.%02d", cents/100, cents%100)
}

// price asks for a price that s has.
func (m maker) price(w *wanted, s sold) string {
	more := euros((s.cents/500 + 1 + m.Int64N(3)) * 500)
	less := euros(max(1, (s.cents-1)/500-m.Int64N(3)) * 500)
	if lowest := (s.cents - 1) / 100; lowest < 5 || s.cents <= 500 {
		less = "1"
	}
	amount := func(a string) string { return m.one(a+" euros", a+" euro", "€"+a, a+" €", a+"€", a+" EUR") }
	switch m.IntN(6) {
	case 0, 1:
		w.Below = more
		return m.one("under ", "below ", "for less than ", "cheaper than ", "that cost less than ") + amount(more)
	case 2:
		w.UpTo = more
		return m.one("up to ", "for at most ", "not more than ", "max. ", "for no more than ") + amount(more)
	case 3:
		w.Above = less
		return m.one("over ", "above ", "for more than ", "that cost more than ") + amount(less)
	case 4:
		w.From = less
		return m.one("at least ", "starting at ", "from ") + amount(less)
	}
	w.From, w.UpTo = less, more
	switch m.IntN(3) {
	case 0:
		return "between " + less + " and " + amount(more)
	case 1:
		return "from " + less + " to " + amount(more)
	}
	return less + "-" + more + " euros"
}

// listed asks for all that has some of what s has.
func (m maker) listed(s sold) wanted {
	var w wanted
	var before, after []string
	thing := m.one("something", "anything", "things", "products", "items")
	n := 0
	if paths := strings.Split(s.categories, ", "); m.IntN(4) > 0 && !strings.Contains(s.categories, `\,`) {
		path := strings.Split(paths[len(paths)-1], " > ")
		w.Categories = []string{path[m.IntN(len(path))]}
		if thing = w.Categories[0]; m.IntN(2) == 0 {
			thing = strings.ToLower(thing)
		}
		n++
	}
	if colour := s.attributes["Colour"]; colour != "" && !strings.Contains(colour, ",") && m.IntN(2) == 0 {
		w.Colours = []string{colour}
		if m.IntN(2) == 0 || thing == "something" || thing == "anything" {
			after = append(after, "in "+strings.ToLower(colour))
		} else {
			before = append(before, strings.ToLower(colour))
		}
		n++
	}
	if size := s.attributes["Size"]; size != "" && !strings.Contains(size, ", ") && m.IntN(2) == 0 {
		w.Sizes = []string{size}
		after = append(after, m.one("in size ", "size ")+size)
		n++
	}
	if s.brand != "" && m.IntN(4) == 0 {
		w.Brands = []string{s.brand}
		after = append(after, m.one("from ", "by ")+s.brand)
		n++
	}
	if s.stock && m.IntN(3) == 0 {
		w.Stock = true
		after = append(after, m.one("in stock", "that are in stock", "available now", "that you have in stock"))
	}
	if s.sale && m.IntN(2) == 0 {
		w.Sale = true
		after = append(after, m.one("on sale", "that are on sale", "at a discount", "in the sale"))
		n++
	}
	if n == 0 || m.IntN(2) == 0 {
		after = append(after, m.price(&w, s))
	}
	m.Shuffle(len(after), func(i, j int) { after[i], after[j] = after[j], after[i] })
	rest := strings.Join(append(append(before, thing), after...), " ")
	w.Question = m.one("", "", "do you have ", "show me ", "I'm looking for ", "what about ", "I need ", "have you got ", "please show me ") + rest + m.one("", "", "?", " please")
	return w
}

// extreme asks for the cheapest or dearest of what s is.
func (m maker) extreme(s sold) wanted {
	w := m.listed(s)
	if len(w.Categories) == 0 {
		return w
	}
	w.limits = limits{Categories: w.Categories, Colours: w.Colours}
	w.Sort = m.one("cheapest", "dearest")
	word := "cheapest"
	if w.Sort == "dearest" {
		word = "most expensive"
	}
	thing := strings.ToLower(w.Categories[0])
	if len(w.Colours) > 0 {
		thing = strings.ToLower(w.Colours[0]) + " " + thing
	}
	w.Question = m.one("what are your ", "which are the ", "", "show me the ", "I want the ") + word + " " + thing + m.one("", "?", " in stock")
	w.Stock = strings.HasSuffix(w.Question, " in stock")
	return w
}

// named asks for s by a code or by its title.
func (m maker) named(s sold) wanted {
	code := s.skus[m.IntN(len(s.skus))]
	if code == "" || m.IntN(3) == 0 {
		code = s.title
	} else if m.IntN(3) == 0 {
		code = strings.ToLower(code)
	}
	sku := s.skus[0]
	if sku == "" {
		sku = s.skus[1]
	}
	return wanted{
		Question: m.one("", "how much is ", "do you have ", "is the ", "tell me about ", "price of ") + code + m.one("", "?", " please?", " in stock?"),
		First:    []string{sku},
	}
}

// without asks for what s is and another of its kind is not.
func (m maker) without(s sold) wanted {
	w := m.listed(s)
	if len(w.Colours) > 0 || len(w.Categories) == 0 {
		return w
	}
	other := m.all[m.IntN(len(m.all))].attributes["Colour"]
	if other == "" || strings.Contains(other, ",") {
		return w
	}
	w.Without = []string{other}
	w.Question = strings.TrimRight(strings.TrimSuffix(w.Question, " please"), "?") + m.one(" but not ", ", not ", " that are not ", " without ") + strings.ToLower(other)
	return w
}

// generated returns n questions, the same for the same seed, each answered by
// one to six products.
func generated(g goods, seed uint64, n int) []wanted {
	m := maker{rand.New(rand.NewPCG(seed, 1)), g}
	return m.questions(n, func(s sold) wanted {
		switch m.IntN(10) {
		case 0, 1:
			return m.named(s)
		case 2:
			return m.extreme(s)
		case 3:
			return m.without(s)
		}
		return m.listed(s)
	})
}

// questions returns n that ask makes of what is sold, each once and each answered
// by one to six products, or by what must come first.
func (m maker) questions(n int, ask func(sold) wanted) []wanted {
	asked := map[string]bool{}
	var out []wanted
	for len(out) < n {
		w := ask(m.all[m.IntN(len(m.all))])
		fitting := titles(m.all, func(s sold) bool { return m.fits(w.limits, s) })
		if asked[w.Question] || len(w.First) == 0 && (len(fitting) == 0 || len(fitting) > 6 && w.Sort == "") {
			continue
		}
		asked[w.Question] = true
		out = append(out, w)
	}
	return out
}

// TestConstrainedGenerated asks a thousand questions that are made from the
// catalogue.
func TestConstrainedGenerated(t *testing.T) {
	all := export(t, time.Now().UTC())
	questions := generated(goods{t, all}, 20261129, 1000)
	if !slices.EqualFunc(questions[:20], generated(goods{t, all}, 20261129, 20), func(a, b wanted) bool { return a.Question == b.Question }) {
		t.Fatal("the same seed makes other questions")
	}
	good := judge(t, questions)
	t.Logf("%d of %d", good, len(questions))
	if good < generatedGood {
		t.Errorf("%d of %d answered well; it was %d", good, len(questions), generatedGood)
	}
}
