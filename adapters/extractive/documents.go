package extractive

import (
	"cmp"
	"slices"
	"strings"

	"github.com/aiwoochat/woochat/domain/chat"
	"github.com/aiwoochat/woochat/domain/retrieval"
)

// source is a product or a page as it is judged: all evidence of one document,
// whose best words may stand in any part of it.
type source struct {
	chat.Evidence // the first of it, which names it
	title         []string
	units         []passage
	score         float64 // how much of the question it speaks of
	covers        uint64  // of which terms, as bits
	told          uint64  // of these, which its title or its facts have, and not its prose alone
	share         float64 // of how many of all terms
	subject       bool    // a page on what the question asks of the shop's terms
	fulfils       bool    // its best unit is of the kind that was asked for
	wholly        bool    // the question holds its whole title
	named         bool    // the question has a word of its title
	called        bool    // its title has all terms
	product       bool
}

// passage is a unit as it is judged.
type passage struct {
	unit
	own, head, above []string // tokens
	score            float64
	covers           uint64
	fulfils          bool
	anywhere         bool // it speaks of all places, or of those that are not named
}

// documents puts the evidence of each product and page together.
func documents(ev []chat.Evidence) []source {
	var out []source
	type key struct {
		id      retrieval.DocumentID
		product bool
	}
	at := map[key]int{}
	for _, e := range ev {
		e.Title, e.Text = strings.ToValidUTF8(e.Title, ""), strings.ToValidUTF8(e.Text, "")
		k := key{e.Passage.Document, e.Card != nil}
		i, ok := at[k]
		if !ok || k.id == "" {
			i = len(out)
			at[k] = i
			out = append(out, source{Evidence: e, product: k.product, title: retrieval.Tokens(e.Title)})
		}
		s := &out[i]
		for _, u := range unitsOf(e.Title, e.Text) {
			u.marker = e.Marker
			u.lead = u.lead && e.Passage.Seq == 0
			p := passage{unit: u, above: retrieval.Tokens(u.heading)}
			if p.own = retrieval.Tokens(u.text); len(u.cells) > 0 {
				p.own, p.head = retrieval.Tokens(strings.Join(u.cells, " ")), retrieval.Tokens(strings.Join(u.columns, " "))
			}
			s.units = append(s.units, p)
		}
	}
	// The parts of a page come in the order of relevance; it is read in its own.
	seq := map[int]int{}
	for _, e := range ev {
		seq[e.Marker] = e.Passage.Seq
	}
	for i := range out {
		slices.SortStableFunc(out[i].units, func(a, b passage) int { return cmp.Compare(seq[a.marker], seq[b.marker]) })
	}
	return out
}

// prose reports whether p is text and not a line that states a fact: "Colour:
// Blue", a row of a table, a variation.
func (p *passage) prose() bool {
	label, _, named := strings.Cut(p.text, ": ")
	return len(p.cells) == 0 && !p.variation() && !(named && strings.Count(label, " ") < 3 && !strings.HasSuffix(p.text, "."))
}

// alike reports whether the variations of s all have the same words of the
// question, so that none of them is the one that was asked for, and a line of
// its facts has these words, too: "Size: 39, 40, 41" for who asks for size 45.
func (s source) alike() bool {
	var of *passage
	n := 0
	for i := range s.units {
		p := &s.units[i]
		if !p.variation() {
			continue
		}
		if of != nil && p.covers != of.covers {
			return false
		}
		of = p
		n++
	}
	return n > 1 && slices.ContainsFunc(s.units, func(p passage) bool {
		return p.covers != 0 && p.covers == of.covers && !p.variation() && !p.prose()
	})
}

// variation reports whether p is one of those that chat.FactLines writes.
func (p *passage) variation() bool {
	return p.item && len(p.cells) == 0 && (strings.Contains(p.text, ", SKU ") || strings.HasSuffix(p.text, "stock"))
}
