package extractive

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/aiwoochat/woochat/domain/catalog"
	"github.com/aiwoochat/woochat/domain/chat"
	"github.com/aiwoochat/woochat/domain/retrieval"
)

const (
	maxSources   = 3 // quoted
	maxProducts  = 5 // listed, if products are all there is
	maxSentences = 5
	// enough is how much of the best source's score another one needs.
	enough = 0.6
)

// choose returns the lines of the answer as sentences, best first, none if the
// evidence has nothing of what was asked. near says that what was asked for is not there
// and the lines are the nearest to it. holds reports whether a text may be
// said.
func choose(p chat.Prompt, w words, holds func(string) bool) (lines [][]string, near bool) {
	q, sources := read(p.Question, w, p.Evidence)
	picked := pick(q, sources)
	if len(picked) == 0 {
		return nil, false
	}
	picked, near = fitting(p.Question, picked)
	limit := maxSources
	if !slices.ContainsFunc(picked, func(s source) bool { return !s.product }) {
		limit = maxProducts
	}
	picked = picked[:min(len(picked), limit)]
	sentences := 0
	for i, s := range picked {
		room := maxSentences - sentences - (len(picked) - i - 1) // one is kept for each to come
		if len(picked) > 1 {
			room = min(room, 2)
		}
		if line := w.line(q, s, min(room, 3), holds); len(line) > 0 {
			lines = append(lines, line)
			sentences += len(line)
		}
	}
	return lines, near
}

// pick returns the sources to quote, best first, each product and page once.
func pick(q question, sources []source) []source {
	var about []source
	for _, s := range sources {
		if q.overlaps(s) {
			about = append(about, s)
		}
	}
	if len(about) == 0 && q.facts {
		// "Anything under 30?" has no word to look for: the retriever has
		// looked by price and stock, and what it found is the answer.
		for _, s := range sources {
			if s.product {
				about = append(about, s)
			}
		}
	}
	slices.SortStableFunc(about, func(a, b source) int { return cmp.Compare(b.score, a.score) })
	named := slices.ContainsFunc(about, func(s source) bool { return s.product && s.wholly })
	about = slices.DeleteFunc(about, func(s source) bool {
		return named && s.product && !s.wholly // the question names a product: not the ones like it
	})
	var out []source
	seen := map[retrieval.DocumentID]bool{}
	take := func(s source) {
		if s.Passage.Document == "" || !seen[s.Passage.Document] {
			seen[s.Passage.Document] = true
			out = append(out, s)
		}
	}
	for _, s := range about {
		// Who asks by price or stock wants to see all that there is.
		if s.score >= enough*about[0].score || q.facts && s.product {
			take(s)
		}
	}
	if s, ok := q.complement(out, about); ok {
		take(s)
	}
	return out
}

// complement returns the source that speaks best of the words that none of
// those taken has: of shipping, where the rest of the question was a product.
func (q question) complement(taken, about []source) (source, bool) {
	var best source
	var most, all float64
	for _, t := range q.tokens {
		all += q.weight[t]
	}
	for _, s := range about {
		var score float64
		for _, t := range q.tokens {
			if !slices.ContainsFunc(taken, func(have source) bool { return match(t, have.all) > 0 }) {
				score += match(t, s.all) * q.weight[t]
			}
		}
		if score > most {
			best, most = s, score
		}
	}
	return best, most >= 0.3*all && most > 0
}

// fitting leaves out the products that are not what the question bounds by
// price, sale or stock. If none is, all stay, and near is true.
func fitting(text string, picked []source) (fit []source, near bool) {
	var facts []catalog.Facts
	for _, s := range picked {
		if s.product {
			facts = append(facts, factsOf(*s.Card))
		}
	}
	f := retrieval.Understand(text, retrieval.NewVocabulary(facts...)).Filter
	f = retrieval.Filter{MinPrice: f.MinPrice, MaxPrice: f.MaxPrice, Below: f.Below, InStock: f.InStock, OnSale: f.OnSale}
	if f.IsZero() || len(facts) == 0 {
		return picked, false
	}
	products := 0
	for _, s := range picked {
		// A card has no offers of its own but the range of their prices: what
		// either end of it passes, some variation may pass.
		ok := !s.product || f.Match(catalog.KindProduct, s.Title, factsOf(*s.Card), s.Card.AsOf)
		if ok {
			fit = append(fit, s)
		}
		if ok && s.product {
			products++
		}
	}
	if products == 0 {
		return picked, true
	}
	return fit, false
}

// factsOf returns what a card tells as facts: the two ends of its price range
// as offers.
func factsOf(c chat.Card) catalog.Facts {
	f := catalog.Facts{SKUs: []string{c.SKU}, Attributes: c.Attributes}
	for _, pair := range [][2]catalog.Money{{c.Price.Min, c.Price.RegularMin}, {c.Price.Max, c.Price.RegularMax}} {
		o := catalog.Offer{Regular: pair[0], Stock: c.Stock}
		if c.Price.OnSale && pair[1].IsSet() {
			o.Regular, o.Sale = pair[1], pair[0]
		}
		if o.Regular.IsSet() {
			f.Offers = append(f.Offers, o)
		}
	}
	return f
}

// line returns what is said of s, in at most room sentences.
func (w words) line(q question, s source, room int, holds func(string) bool) []string {
	var said []string
	if s.product {
		i := slices.IndexFunc(w.heads(s), holds)
		if i < 0 {
			return nil
		}
		said = append(said, w.heads(s)[i])
	}
	for _, i := range best(q, s, room-len(said)) {
		more := append(slices.Clone(said), quote(s.units[i].text, s.Marker))
		if holds(strings.Join(more, " ")) {
			said = more
		}
	}
	if s.product && len(said) == 1 {
		return []string{strings.TrimSuffix(said[0], ".")} // a line of a list, or a label
	}
	return said
}

// heads returns what can be said of a product in one line, fullest first.
func (w words) heads(s source) []string {
	title := plain(s.Title)
	if title == "" {
		return nil
	}
	if !strings.ContainsAny(title, "*_") {
		title = "**" + title + "**"
	}
	price := ""
	if r := s.Card.Price; r.Min.IsSet() {
		price = ", " + chat.PriceText(r.Min, r.Max)
		if before := chat.RegularText(r); before != "" {
			price += fmt.Sprintf(w.sale, before)
		}
	}
	stock := w.stock(s.Card.Stock)
	if stock != "" {
		stock = ", " + stock
	}
	end := fmt.Sprintf(" [%d].", s.Marker)
	return []string{title + price + stock + end, title + price + end, title + stock + end, title + end}
}

// best returns the units of s to quote, at most n, in the order of the text.
func best(q question, s source, n int) []int {
	type scored struct {
		unit  int
		score float64
	}
	var found []scored
	for i, u := range s.units {
		if s.product && saidByCard(u.text) {
			continue
		}
		if score := q.unitScore(s, i, s.product); score > 0 {
			found = append(found, scored{i, score})
		}
	}
	if len(found) == 0 && !(s.product && q.facts) {
		// Only its title was asked for: how its text begins.
		if i := slices.IndexFunc(s.units, func(u unit) bool {
			return strings.HasSuffix(u.text, ".") && !strings.Contains(u.text, ": ") // no line of facts
		}); i >= 0 && (!s.product || s.wholly) {
			found = append(found, scored{i, 1})
		}
	}
	slices.SortStableFunc(found, func(a, b scored) int { return cmp.Compare(b.score, a.score) })
	var out []int
	for _, f := range found {
		if len(out) < n && f.score >= enough*found[0].score {
			out = append(out, f.unit)
		}
	}
	slices.Sort(out)
	return out
}

// saidByCard reports whether a line of a product's evidence is one that the
// head of its line in the answer has said.
func saidByCard(text string) bool {
	return strings.HasPrefix(text, "Price: ") || strings.HasPrefix(text, "Stock: ")
}

// quote returns text with the marker of its source before its full stop.
func quote(text string, marker int) string {
	body := strings.TrimRight(text, ".;:, ")
	end := "."
	if r := body[len(body)-1]; r == '!' || r == '"' || strings.HasSuffix(body, "…") || strings.HasSuffix(body, "”") {
		end = ""
	}
	return fmt.Sprintf("%s [%d]%s", body, marker, end)
}
