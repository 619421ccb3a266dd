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
	maxListed    = 6 // rows of a table or items of a list
	// enough is how much of the best one's score another product needs, and
	// beside what a page says anything else.
	enough, besides = 0.65, 0.7
	// within is how much of it a product needs that was asked for by price or
	// stock: who does so wants to see all that there is.
	within = 0.65
	// covered is what part of the question's terms an answer must speak of.
	covered = 0.4
)

// choose returns the lines of the answer as sentences, best first, none if the
// evidence has nothing of what was asked. near says that what was asked for is not there
// and the lines are the nearest to it. holds reports whether a text may be
// said.
func choose(p chat.Prompt, w words, holds func(string) bool) (lines [][]string, near bool) {
	q := asked(p.Question, w)
	picked := q.pick(judge(&q, p.Question, p.Evidence))
	if len(picked) == 0 {
		return nil, false
	}
	picked, near = fitting(p.Question, picked)
	if bounds := boundsOf(p.Question, picked); !near && !bounds.IsZero() {
		for _, s := range picked {
			s.leaveOut(bounds)
		}
	}
	limit := maxSources
	if !slices.ContainsFunc(picked, func(s source) bool { return !s.product }) {
		limit = maxProducts
	}
	picked = picked[:min(len(picked), limit)]
	sentences := 0
	if s := picked[0]; len(picked) == 1 && !s.product {
		return w.page(q, s, holds), near
	}
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

// page returns the lines that are said of a page which answers alone: its
// sentences in one, or as a list where three and more are rows of a table or
// items of a list.
func (w words) page(q question, s source, holds func(string) bool) [][]string {
	items := 0
	for _, i := range q.best(s, maxListed) {
		if s.units[i].item && !s.fragment(s.units[i]) {
			items++
		}
	}
	if items < 3 {
		if line := w.line(q, s, 3, holds); len(line) > 0 {
			return [][]string{line}
		}
		return nil
	}
	var lines [][]string
	for _, l := range w.line(q, s, maxListed, holds) {
		lines = append(lines, []string{l})
	}
	return lines
}

// pick returns the sources to quote, best first.
func (q *question) pick(sources []source) []source {
	var about []source
	for _, s := range sources {
		// Who asks of returns and names no product does not ask for one.
		aside := s.product && !s.named && q.ofTerms() && !q.bounds && !q.termsIn(s.covers)
		if !aside && q.overlaps(s) && (s.share >= covered || q.bounds && s.product) {
			about = append(about, s)
		}
	}
	if len(about) == 0 && q.facts && !slices.ContainsFunc(q.terms, func(t term) bool { return !factWord(t.token) }) {
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
	if q.sorted {
		// The retriever has sorted by price. What only mentions the word is not
		// meant.
		if slices.ContainsFunc(about, func(s source) bool { return s.product && s.share == 1 }) {
			about = slices.DeleteFunc(about, func(s source) bool { return !s.product || s.share < 1 })
		}
		slices.SortStableFunc(about, func(a, b source) int { return cmp.Compare(a.Marker, b.Marker) })
		return about
	}
	var out []source
	for _, s := range about {
		if len(out) == 0 || q.joins(s, about[0]) {
			out = append(out, s)
		}
	}
	if s, ok := q.complement(out, sources); ok {
		out = append(out, s)
	}
	return out
}

// joins reports whether s is worth saying beside the best source.
func (q *question) joins(s, best source) bool {
	less := s.covers != best.covers && s.covers&^best.covers == 0 // it speaks of a part of the same
	switch {
	case q.bounds && s.product && best.product:
		return s.score >= within*best.score
	case s.product && best.product:
		return s.score >= enough*best.score
	case s.score < besides*best.score || less:
		return false
	case s.product:
		return s.wholly || !q.ofTerms() && (s.fulfils || !best.fulfils)
	case q.bounds && !q.ofTerms():
		return false
	case best.product:
		return s.covers&^best.covers != 0
	}
	if s.share < 0.75 {
		return false // two half answers are no better than one
	}
	return (s.fulfils || !best.fulfils) && (s.subject || !best.subject)
}

// complement returns the source that speaks best of the terms that none of
// those taken has: of shipping, where the rest of the question was a product.
// A single word that it has by the way is not enough.
func (q *question) complement(taken, sources []source) (source, bool) {
	var had uint64
	for _, s := range taken {
		had |= s.covers
	}
	var best source
	var most float64
	for _, s := range sources {
		var score, all float64
		n, subject := 0, false
		for i, t := range q.terms {
			all += t.weight
			if bit := uint64(1) << i; s.covers&bit == 0 || had&bit != 0 {
				continue
			}
			n++
			score += t.weight
			subject = subject || match(t, s.title) > 0
		}
		if q.bounds && !s.product && !q.ofTerms() {
			continue
		}
		if score > most && score >= 0.3*all && (n > 1 || subject) {
			best, most = s, score
		}
	}
	return best, len(taken) > 0 && most > 0
}

// fitting leaves out the products that are not what the question bounds by
// price, sale or stock. If none is, all stay, and near is true.
func fitting(text string, picked []source) (fit []source, near bool) {
	f := boundsOf(text, picked)
	if f.IsZero() {
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

// boundsOf returns the price, sale and stock by which a question bounds the
// products that were picked; the zero Filter if it does not, or there are none.
func boundsOf(text string, picked []source) retrieval.Filter {
	var facts []catalog.Facts
	for _, s := range picked {
		if s.product {
			facts = append(facts, factsOf(*s.Card))
		}
	}
	if len(facts) == 0 {
		return retrieval.Filter{}
	}
	f := retrieval.Understand(text, retrieval.NewVocabulary(facts...)).Filter
	return retrieval.Filter{MinPrice: f.MinPrice, MaxPrice: f.MaxPrice, Below: f.Below, InStock: f.InStock, OnSale: f.OnSale}
}

// leaveOut takes the score from the variations of s whose price is outside of
// the bounds: they are not what was asked for.
func (s source) leaveOut(bounds retrieval.Filter) {
	if !s.product {
		return
	}
	for i := range s.units {
		p := &s.units[i]
		if !p.item {
			continue
		}
		money := priceIn(p.text, s.Card.Price.Min)
		over := bounds.MaxPrice.IsSet() && (money.Cmp(bounds.MaxPrice) > 0 || bounds.Below && money.Cmp(bounds.MaxPrice) == 0)
		if money.IsSet() && (over || bounds.MinPrice.IsSet() && money.Cmp(bounds.MinPrice) < 0) {
			p.score = 0
		}
	}
}

// priceIn returns the price in a variation's line of chat.FactLines, in the
// currency of like; not set if there is none.
func priceIn(line string, like catalog.Money) catalog.Money {
	for part := range strings.SplitSeq(line, ", ") {
		digits := strings.TrimSuffix(strings.TrimLeft(part, "€$£¥"), " "+like.Currency)
		if m, err := catalog.ParseMoney(digits, like.Currency, like.Exponent); err == nil && m.String() == part {
			return m
		}
	}
	return catalog.Money{}
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
	for _, text := range q.quotes(s, room-len(said)) {
		if more := append(slices.Clone(said), text); holds(strings.Join(more, " ")) {
			said = more
		}
	}
	if s.product && len(said) == 1 {
		return []string{strings.TrimSuffix(said[0], ".")} // a line of a list, or a label
	}
	return said
}

// quotes returns the best units of s as they are said, at most n. The items of
// one list of a page are said together and with their heading, without which
// "Gift cards" would answer whether they can be returned.
func (q question) quotes(s source, n int) []string {
	var out []string
	chosen := q.best(s, n)
	for at := 0; at < len(chosen); at++ {
		u := s.units[chosen[at]]
		text := u.text
		if s.fragment(u) {
			for at+1 < len(chosen) {
				next := s.units[chosen[at+1]]
				if !s.fragment(next) || next.heading != u.heading || next.marker != u.marker || len(text)+len(next.text) > maxUnit {
					break
				}
				text += "; " + next.text
				at++
			}
			text = u.heading + ": " + text
		}
		out = append(out, quote(text, u.marker))
	}
	return out
}

// fragment reports whether u is an item of a list that is no sentence and whose
// heading says what it is.
func (s source) fragment(u passage) bool {
	return !s.product && u.item && len(u.cells) == 0 && !u.asks && u.heading != "" && len(u.heading) <= maxUnit/3 && !strings.HasSuffix(u.text, ".")
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
func (q question) best(s source, n int) []int {
	var found []int
	for i, p := range s.units {
		if p.score > 0 && !(s.product && saidByCard(p.text)) {
			found = append(found, i)
		}
	}
	if len(found) == 0 && !(s.product && q.facts) {
		// Only its title was asked for: how its text begins.
		if i := slices.IndexFunc(s.units, func(p passage) bool {
			return strings.HasSuffix(p.text, ".") && !strings.Contains(p.text, ": ") // no line of facts
		}); i >= 0 && (!s.product || s.wholly) {
			found = append(found, i)
		}
	}
	if len(found) == 0 || n < 1 {
		return nil
	}
	slices.SortStableFunc(found, func(a, b int) int { return cmp.Compare(s.units[b].score, s.units[a].score) })
	top := s.units[found[0]]
	least := 0.8 // of the best one's score
	switch {
	case s.product:
		least = 0.6
	case q.titled(&s):
		least = 0.5
	}
	var out []int
	lists := map[string]bool{} // the items of one list are one quote
	room := n
	for _, i := range found {
		p := s.units[i]
		if slices.ContainsFunc(out, func(have int) bool {
			return strings.TrimSuffix(s.units[have].text, ".") == strings.TrimSuffix(p.text, ".")
		}) {
			continue // parts of a page and facts of a product may repeat a line
		}
		if s.product && !p.prose() && p.covers != top.covers && p.covers&^top.covers == 0 {
			continue // another variation
		}
		if s.product && top.variation() && !p.variation() && !p.prose() {
			continue // "Colour: Blue, Red" beside the red one
		}
		if p.asks && top.asks && p.heading != top.heading && p.covers&^top.covers == 0 && p.covers != q.all() {
			continue // the answer to another question
		}
		same := p.asks && p.heading == top.heading && p.marker == top.marker // they answer together
		list := fmt.Sprint(p.marker, p.heading)
		joined := s.fragment(p) && lists[list]
		if (room > 0 || joined) && (same || p.score >= least*top.score && (s.product || p.fulfils || !top.fulfils)) {
			out = append(out, i)
			if lists[list] = lists[list] || s.fragment(p); !joined {
				room--
			}
		}
	}
	if !s.product {
		out = q.withContext(s, out, room)
	}
	slices.Sort(out)
	return out
}

// withContext adds the sentence before a chosen one of the same paragraph if it
// says what "they" are, or has a word of the question that the chosen one has
// not.
func (q question) withContext(s source, chosen []int, room int) []int {
	for _, i := range slices.Clone(chosen) {
		if room < 1 || i == 0 || slices.Contains(chosen, i-1) {
			continue
		}
		p, before := s.units[i], s.units[i-1]
		if before.marker != p.marker || before.line != p.line || p.item {
			continue
		}
		adds := slices.ContainsFunc(q.terms, func(t term) bool { return match(t, before.own) >= 0.8 && match(t, p.own) == 0 })
		if adds && !dangling.MatchString(before.text) || dangling.MatchString(p.text) {
			chosen = append(chosen, i-1)
			room--
		}
	}
	return chosen
}

// saidByCard reports whether a line of a product's evidence is one that the
// head of its line in the answer has said, or that says where a shop keeps it.
func saidByCard(text string) bool {
	return strings.HasPrefix(text, "Price: ") || strings.HasPrefix(text, "Stock: ") || strings.HasPrefix(text, "Category: ")
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
