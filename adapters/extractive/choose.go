package extractive

import (
	"cmp"
	"math/bits"
	"slices"

	"github.com/aiwoochat/woochat/domain/chat"
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
	text := cmp.Or(p.Meant, p.Question)
	q := asked(text, p.Also, w)
	picked := q.pick(judge(&q, text, p.Evidence))
	if len(picked) == 0 {
		return nil, false
	}
	bounds, without := boundsOf(text, picked)
	for _, s := range picked {
		s.unsay(without)
	}
	if !bounds.IsZero() {
		picked, near = fitting(bounds, picked)
		for _, s := range picked {
			if !near {
				s.leaveOut(bounds)
			}
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

// pick returns the sources to quote, best first.
func (q *question) pick(sources []source) []source {
	var about []source
	for _, s := range sources {
		// Who asks of returns and names no product does not ask for one.
		aside := s.product && !s.named && q.ofTerms() && !q.bounds && !q.termsIn(s.covers)
		if !aside && (s.product || !q.elsewhere(s.covers)) && q.overlaps(s) && (s.share >= covered || s.product && (q.bounds || s.wholly)) {
			about = append(about, s)
		}
	}
	if len(about) == 0 && (q.anything || q.facts && !slices.ContainsFunc(q.terms, func(t term) bool { return !factWord(t.token) })) {
		// "Anything under 30?" and "newest arrivals" have no word to look for: the
		// retriever has looked by facts, and what it found is the answer.
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
	if q.bounds && slices.ContainsFunc(about, func(s source) bool { return s.product && s.called && s.share == 1 }) {
		// Something is called what is asked for: a mat is no sleeping bag, though its
		// text speaks of one and it is as light.
		about = slices.DeleteFunc(about, func(s source) bool { return s.product && s.share < 1 })
	}
	about = q.ofTheKind(about)
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

// ofTheKind leaves out the products whose prose alone has a word that title and
// facts of others have beside the rest of the question: who asks for sleeping
// bags is not told of a mat on which such a bag lies.
func (q *question) ofTheKind(about []source) []source {
	var kind uint64
	for i, t := range q.terms {
		if !factWord(t.token) {
			kind |= 1 << i
		}
	}
	whole := func(s source) bool { return s.told&kind == kind }
	if bits.OnesCount64(kind) < 2 || !slices.ContainsFunc(about, func(s source) bool { return s.product && whole(s) }) {
		return about
	}
	return slices.DeleteFunc(about, func(s source) bool { return s.product && !s.wholly && !whole(s) })
}

// joins reports whether s is worth saying beside the best source.
func (q *question) joins(s, best source) bool {
	less := s.covers != best.covers && s.covers&^best.covers == 0 // it speaks of a part of the same
	switch {
	case s.product && s.wholly && best.wholly:
		return true // two products that are to be compared
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
		if !s.product && (q.bounds && !q.ofTerms() || q.elsewhere(s.covers)) {
			continue
		}
		if score > most && score >= 0.3*all && (n > 1 || subject) {
			best, most = s, score
		}
	}
	return best, len(taken) > 0 && most > 0
}
