package extractive

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/aiwoochat/woochat/domain/chat"
)

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
	if fact, ok := q.sortedFact(s); ok {
		if more := append(slices.Clone(said), fact); holds(strings.Join(more, " ")) {
			return more
		}
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

// sortedFact returns what s is sorted by as it is said: its rating, for who asks
// for the best rated.
func (q question) sortedFact(s source) (fact string, ok bool) {
	i := slices.IndexFunc(s.units, func(p passage) bool { return q.by != "" && strings.HasPrefix(p.text, q.by) })
	if i < 0 || !s.product {
		return "", false
	}
	return quote(s.units[i].text, s.units[i].marker), true
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
		switch before := chat.RegularText(r); {
		case before != "":
			price += fmt.Sprintf(w.sale, before)
		case r.OnSale:
			price += w.some
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
	alike := s.product && s.alike()
	for i, p := range s.units {
		if p.score > 0 && !(s.product && saidByCard(p.text)) && !(alike && p.variation()) {
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
		if p.anywhere && !top.anywhere && !q.elsewhere(top.covers) {
			continue // what goes for other countries than the one that has its own line
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
