package extractive

import (
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/aiwoochat/woochat/domain/chat"
	"github.com/aiwoochat/woochat/domain/retrieval"
)

// maxTerms is how many terms of a question are judged, one bit each.
// retrieval.MaxQueryTokens is as many.
const maxTerms = 64

// maxColumns is how many columns of a table are looked at by name.
const maxColumns = 20

// What a word counts that is not in a unit itself, but speaks for it.
const (
	inHeading = 0.6
	inColumn  = 0.6
	inTitle   = 0.5
	besideIt  = 0.9 // all of these together, and a heading that asks the same
	// A place counts so much in a sentence on all places, and what is said of
	// none or of others so much of itself.
	ofAnyPlace, ofNoPlace = 0.7, 0.4
)

// judge returns the documents of the evidence and what they have of q. A word
// weighs the more the fewer units have it (inverse document frequency, Spärck
// Jones 1972, in the form ln(1+N/df)), and a name more than that. A word that
// none has weighs nothing.
func judge(q *question, text string, ev []chat.Evidence) []source {
	q.terms = q.terms[:min(len(q.terms), maxTerms)]
	sources := documents(ev)
	words := retrieval.Tokens(strings.ToValidUTF8(text, " "))
	total := 0
	for i := range sources {
		sources[i].wholly = len(sources[i].title) > 0 && holdsRun(words, sources[i].title)
		total += 1 + len(sources[i].units)
	}
	for i := range q.terms {
		t := &q.terms[i]
		df := 0
		for _, s := range sources {
			if match(*t, s.title) > 0 {
				df++
			}
			for _, p := range s.units {
				if match(*t, p.own) > 0 {
					df++
				}
			}
		}
		t.weight = math.Log(1 + float64(total)/float64(max(1, df)))
		if t.name {
			t.weight *= 1.3
		}
	}
	for i := range sources {
		if s := &sources[i]; s.product {
			q.judgeProduct(s)
		} else {
			q.judgePage(s)
		}
	}
	return sources
}

// judgePage scores each unit of a page, and the page by the best of them.
func (q *question) judgePage(s *source) {
	titled := q.titled(s)
	s.subject = slices.ContainsFunc(q.terms, func(t term) bool { return ofTerms(t.family) && match(t, s.title) > 0 })
	var best *passage
	for i := range s.units {
		p := &s.units[i]
		related, all := false, true
		sameKind := q.kindOf(p.above)
		heading := inHeading
		if p.asks || sameKind {
			heading = besideIt
		}
		for n, t := range q.terms {
			above := match(t, p.above)
			m := heading*above + inColumn*match(t, p.head) + inTitle*match(t, s.title)
			m = max(q.own(t, p), min(m, besideIt))
			if t.place && m == 0 && p.ofPlaces() {
				m, p.anywhere = ofAnyPlace, true
			}
			related, all = related || above > 0, all && above > 0
			if m > 0 {
				p.score += m * t.weight
				p.covers |= 1 << n
			}
		}
		switch {
		case p.asks && all && len(q.terms) > 0:
			p.score *= 1.5 // the shop has been asked the same
		case p.asks && !related:
			p.score *= 0.6 // the answer to something else
		case !related && !p.lead && about(p.above):
			p.score *= 0.75
		}
		if sameKind {
			p.score *= 1.2
		}
		if q.labels(p) {
			p.score *= 1.4
		}
		if s.subject {
			p.score *= 1.25
		}
		if dangling.MatchString(p.text) {
			p.score *= 0.8
		}
		if q.elsewhere(p.covers) {
			p.score *= ofNoPlace
		}
		if titled && p.lead {
			p.score *= 2
		}
		if f := q.fulfilled(p.text); f > 0 {
			p.score *= 1 + f
			p.fulfils = true
		}
		if best == nil || p.score > best.score {
			best = p
		}
	}
	if best != nil {
		s.score, s.covers, s.fulfils = best.score, best.covers, best.fulfils
		s.share = q.share(s.covers, 0, s.subject)
	}
}

// own returns how well p itself has t. A number is also in the range of a
// table's cell, if the question names the column.
func (q *question) own(t term, p *passage) float64 {
	m := match(t, p.own)
	if !t.number || m == 1 {
		return m
	}
	n, err := strconv.ParseFloat(t.token, 64)
	if err != nil {
		return m
	}
	for i, c := range p.cells {
		lo, hi, ok := rangeOf(c)
		if !ok || n < lo || n > hi || i >= len(p.columns) {
			continue
		}
		column := retrieval.Tokens(p.columns[i])
		if slices.ContainsFunc(q.terms, func(o term) bool { return match(o, column) > 0 }) {
			return 1
		}
	}
	return m
}

// labels reports whether the first cell of p, which is a table's row, is what
// the question names ("Norway", "Opening hours"), or one of its columns is all
// that is asked ("Free shipping from").
func (q *question) labels(p *passage) bool {
	if len(p.cells) == 0 {
		return false
	}
	for _, c := range p.columns[:min(len(p.columns), maxColumns)] {
		name := retrieval.Tokens(c)
		if len(q.terms) > 1 && !slices.ContainsFunc(q.terms, func(t term) bool { return match(t, name) == 0 }) {
			return true
		}
	}
	label := retrieval.Tokens(p.cells[0])
	return len(label) > 0 && !slices.ContainsFunc(label, func(l string) bool {
		return len(l) > 1 && !slices.ContainsFunc(q.terms, func(t term) bool { return match(t, []string{l}) > 0 })
	})
}

// kindOf reports whether a heading promises the kind of answer that q wants:
// "How long", "Costs and delivery times".
func (q *question) kindOf(heading []string) bool {
	return slices.ContainsFunc(heading, func(t string) bool {
		w, _ := afterHow(t)
		return q.when && (w || asksWhen(t) || t == "time" || t == "hour" || family(t) == "shipping" && strings.Contains(t, "zeit")) || q.amount && asksAmount(t)
	})
}

// titled reports whether all that is asked for is what the page is called, so
// that it is the answer as a whole, from its beginning.
func (q *question) titled(s *source) bool {
	if len(q.terms) == 0 || q.when || q.amount || q.reach {
		return false
	}
	return !slices.ContainsFunc(q.terms, func(t term) bool { return match(t, s.title) < 0.8 })
}

// about reports whether a heading says what stands below it: "How long" does
// not.
func about(heading []string) bool {
	return slices.ContainsFunc(heading, func(t string) bool {
		w, a := afterHow(t)
		return !w && !a && !scaffold(t) && !asksAmount(t) && len(retrieval.QueryTokens(t+" 0")) == 2
	})
}

// fulfilled returns how much more text is worth since it is of the kind that
// was asked for, 0 if it is not or no kind was.
func (q *question) fulfilled(text string) float64 {
	switch {
	case q.when && timeSpan.MatchString(text), q.amount && sum.MatchString(text), q.reach && toReach.MatchString(text):
		return 1
	case q.amount && forFree.MatchString(text):
		return 0.5
	}
	return 0
}

// judgeProduct scores a product by all that is known of it.
func (q *question) judgeProduct(s *source) {
	var prose uint64
	named := false
	s.called = len(q.terms) > 0
	for n, t := range q.terms {
		m, told := 1.3*match(t, s.title), false
		named = named || m > 0
		s.called = s.called && m > 0
		for i := range s.units {
			p := &s.units[i]
			own := max(match(t, p.own), inColumn*match(t, p.head), inHeading*match(t, p.above))
			if own == 0 {
				continue
			}
			if match(t, s.title) == 0 { // any sentence about it may repeat its title
				p.score += own * t.weight
				p.covers |= 1 << n
			}
			if p.prose() {
				own *= 0.8
			} else {
				told = true
			}
			m = max(m, own)
		}
		if m == 0 {
			continue
		}
		s.score += m * t.weight
		s.covers |= 1 << n
		if !told && match(t, s.title) == 0 {
			prose |= 1 << n
		}
	}
	s.named, s.told = named, s.covers&^prose
	if q.amount && named { // its card says what it costs
		s.score *= 2
		s.fulfils = true
	}
	for i := range s.units {
		p := &s.units[i]
		if f := q.fulfilled(p.text); f > 0 && !q.amount {
			p.score *= 1 + f
		}
	}
	s.share = q.share(s.covers, prose, false)
}

// share returns the part of q's terms that covers has. A word in the prose of a
// product counts for less: it may be there by the way. A name that is missing
// counts for two: who asks for shipping to the USA is not told of shipping to
// Norway, unless by the page on shipping itself.
func (q *question) share(covers, prose uint64, subject bool) float64 {
	var n, all float64
	for i, t := range q.terms {
		all++
		switch bit := uint64(1) << i; {
		case prose&bit != 0:
			n += 0.6
		case covers&bit != 0:
			n++
		case t.name && !subject:
			all++
		}
	}
	return n / max(1, all)
}

// overlaps reports whether s has a word of the question that is not one of
// price and stock, which every product has.
func (q *question) overlaps(s source) bool {
	for n, t := range q.terms {
		if s.covers&(1<<n) != 0 && !(s.product && factWord(t.token)) {
			return true
		}
	}
	return false
}
