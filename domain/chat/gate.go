package chat

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Gate lets an answer through sentence by sentence, as it is written. A
// sentence that states a price, an amount, a discount, what is free, a SKU, a
// link or a stock state that the evidence does not hold is withheld as a whole,
// and markers that point at no evidence are taken out. Where a sentence cites
// sources or names products, theirs is the evidence that counts. It is for one
// goroutine.
type Gate struct {
	evidence []Evidence
	facts    []facts // of each evidence
	links    map[string]bool
	asked    map[int64]bool // numbers of the question, which only bound a search
	question string         // visible, lower case
	buf      strings.Builder
	cited    []int
	withheld int
}

// NewGate returns a Gate for an answer to question from ev.
func NewGate(ev []Evidence, question string) *Gate {
	g := &Gate{evidence: ev, links: map[string]bool{}, asked: map[int64]bool{}, question: strings.ToLower(visible(question))}
	for _, e := range ev {
		g.facts = append(g.facts, factsOf(e))
		for _, l := range append(linksIn(visible(e.Title+"\n"+e.Text)), e.URL) {
			g.AllowLink(l)
		}
		if host, _, ok := strings.Cut(canonical(e.URL), "/"); ok {
			g.links[host] = true // the shop itself
		}
	}
	for _, n := range numbersIn(plain(question)) {
		for _, v := range n.meant() {
			g.asked[v] = true
		}
	}
	return g
}

// AllowLink lets the answer state url, although no source does: the address at
// which the shop wants to be asked. "" allows nothing.
func (g *Gate) AllowLink(url string) {
	if c := canonical(url); c != "" {
		g.links[c] = true
	}
}

// Push takes the next piece of the answer and returns what may be shown now.
func (g *Gate) Push(piece string) string {
	g.buf.WriteString(piece)
	text := g.buf.String()
	whole := sentences(text)
	if len(whole) == 0 {
		return ""
	}
	g.buf.Reset()
	for _, s := range whole {
		text = text[len(s):]
	}
	g.buf.WriteString(text)
	return g.pass(whole)
}

// Flush returns what may be shown of the rest, at the end of the answer.
func (g *Gate) Flush() string {
	text := g.buf.String()
	g.buf.Reset()
	return g.pass(allSentences(strings.ToValidUTF8(text, "")))
}

// Cited returns the markers that were let through, each once, in order.
func (g *Gate) Cited() []int {
	slices.Sort(g.cited)
	return slices.Compact(g.cited)
}

// Withheld returns how many sentences were kept back.
func (g *Gate) Withheld() int { return g.withheld }

func (g *Gate) pass(whole []string) string {
	var out strings.Builder
	for _, sentence := range whole {
		if strings.TrimSpace(sentence) != "" && !g.holds(sentence) {
			g.withheld++
			continue
		}
		out.WriteString(g.mark(sentence))
	}
	return out.String()
}

var (
	marker     = regexp.MustCompile(`\s?\[(\d{1,3})\]`)
	markerHere = regexp.MustCompile(`^\s?\[\d{1,3}\]`)
)

// holds reports whether the evidence holds every fact that sentence states.
func (g *Gate) holds(sentence string) bool {
	seen := visible(marker.ReplaceAllString(sentence, ""))
	c := claim{text: plain(seen), facts: g.scope(sentence)}
	return g.amountsHold(c) && c.offersHold() && c.freeHolds() && g.linksHold(seen) && g.codesHold(c, seen) && c.stockHolds()
}

// claim is a sentence and the facts that it is to be held to.
type claim struct {
	text  string // plain, without markers
	facts []facts
}

// any reports whether one of c's facts is as asked.
func (c claim) any(is func(facts) bool) bool { return slices.ContainsFunc(c.facts, is) }

// scope returns the facts that sentence is to be held to: of the sources that it
// cites and the products that it names; if it cites none, of pages, too; if it
// names none either, of all.
func (g *Gate) scope(sentence string) []facts {
	cited := map[int]bool{}
	for _, m := range marker.FindAllStringSubmatch(sentence, -1) {
		n, _ := strconv.Atoi(m[1])
		for _, e := range g.evidence {
			if e.Marker != n {
				continue
			}
			cited[n] = true
			for _, o := range g.evidence { // other passages of the same document
				if o.Passage.Document != "" && o.Passage.Document == e.Passage.Document {
					cited[o.Marker] = true
				}
			}
		}
	}
	names := named(strings.ToLower(plain(sentence)), g.evidence)
	if len(cited) == 0 && len(names) == 0 {
		return slices.Clone(g.facts)
	}
	var out []facts
	for i, e := range g.evidence {
		f := g.facts[i]
		f.meant = e.Card != nil && (cited[e.Marker] || !citesProduct(g.evidence, cited) && names[i])
		if cited[e.Marker] || names[i] || len(cited) == 0 && e.Card == nil {
			out = append(out, f)
		}
	}
	return out
}

func citesProduct(ev []Evidence, cited map[int]bool) bool {
	return slices.ContainsFunc(ev, func(e Evidence) bool { return e.Card != nil && cited[e.Marker] })
}

// named returns which products of ev a lower-case text names by their titles: as
// whole words, and not as a part of another product's longer name.
func named(text string, ev []Evidence) map[int]bool {
	found := map[int][][2]int{}
	for i, e := range ev {
		if e.Card != nil {
			found[i] = spans(text, strings.ToLower(strings.TrimSpace(plain(e.Title))))
		}
	}
	out := map[int]bool{}
	for i, mine := range found {
		for _, m := range mine {
			inside := false
			for _, others := range found {
				for _, o := range others {
					inside = inside || o[0] <= m[0] && m[1] <= o[1] && o[1]-o[0] > m[1]-m[0]
				}
			}
			if !inside {
				out[i] = true
			}
		}
	}
	return out
}

// mark takes out markers of no evidence and notes the others.
func (g *Gate) mark(sentence string) string {
	return marker.ReplaceAllStringFunc(sentence, func(m string) string {
		n, _ := strconv.Atoi(marker.FindStringSubmatch(m)[1])
		if !slices.ContainsFunc(g.evidence, func(e Evidence) bool { return e.Marker == n }) {
			return ""
		}
		g.cited = append(g.cited, n)
		return m
	})
}
