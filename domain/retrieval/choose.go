package retrieval

import (
	"slices"

	"github.com/aiwoochat/woochat/domain/catalog"
)

// Choice is a passage that was found, and whether a prompt is given it.
type Choice struct {
	Passage
	Verdict Verdict
	Cost    int64 // in the prompt; 0 if nobody had to know
}

// Verdict says why a passage was chosen or not. The zero Verdict is invalid.
type Verdict uint8

// Verdicts.
const (
	Chosen       Verdict = iota + 1
	Enough               // others that are as many as may be are better, or say more that is new
	Twice                // it comes before it in the same list
	TooMany              // so many of its document are chosen already as may be
	SaysTheSame          // as one that is chosen
	LeavesNoRoom         // in what is left of the budget
)

// String returns the verdict in words.
func (v Verdict) String() string {
	switch v {
	case Chosen:
		return "chosen"
	case Enough:
		return "others are better or say more that is new"
	case Twice:
		return "listed before"
	case TooMany:
		return "enough of this document are chosen"
	case SaysTheSame:
		return "says the same as one that is chosen"
	case LeavesNoRoom:
		return "does not fit into the budget"
	}
	return "not judged"
}

// Choose chooses the passages that a prompt is given, and says of each of ps
// why it is chosen or not. ps are in the order of relevance, and so are the
// choices: all of ps, in their order.
//
// It chooses one after the other: the one whose relevance, 1 for the first of
// ps and falling evenly to 0, is highest after o.Diversity of it has been given
// for what it repeats of those that are chosen already (maximal marginal
// relevance: Carbonell and Goldstein, SIGIR 1998). Two texts repeat each other
// by the share of words that they have in common; two products never do,
// however alike their descriptions. It leaves out what comes twice, more than
// o.PerDocument passages of one document, and what says nearly the same as one
// already chosen, or nothing that it does not say: a question with its answer
// that stands in a page, too. A passage that is too large for what is left of budget is
// passed over and smaller ones are taken. count returns what a passage costs in
// the prompt, with its title and all that frames it.
func Choose(ps []Passage, budget int64, count func(Passage) int64, o PackOptions) []Choice {
	o = o.withDefaults()
	out := make([]Choice, len(ps))
	seen := make(map[PassageRef]bool, len(ps))
	left := make([]rival, 0, len(ps))
	for i, p := range ps {
		out[i].Passage = p
		if seen[p.Ref] {
			out[i].Verdict = Twice
			continue
		}
		seen[p.Ref] = true
		left = append(left, rival{at: i, relevance: 1 - float64(i)/float64(len(ps))})
	}
	perDocument := make(map[DocumentID]int)
	for chosen := 0; len(left) > 0; {
		best := 0
		for i := range left {
			if left[i].worth(o) > left[best].worth(o) {
				best = i
			}
		}
		r := left[best]
		left = slices.Delete(left, best, best+1)
		c := &out[r.at]
		switch {
		case o.Passages > 0 && chosen == o.Passages:
			c.Verdict = Enough
			continue
		case perDocument[c.Ref.Document] >= o.PerDocument:
			c.Verdict = TooMany
			continue
		case r.repeats >= o.Similar || r.said >= o.Similar:
			c.Verdict = SaysTheSame
			continue
		}
		if c.Cost = max(0, count(c.Passage)); c.Cost > budget {
			c.Verdict = LeavesNoRoom
			continue
		}
		budget -= c.Cost
		perDocument[c.Ref.Document]++
		c.Verdict = Chosen
		if chosen++; chosen != o.Passages {
			compare(ps, r, left)
		}
	}
	return out
}

// rival is a passage that is not judged yet.
type rival struct {
	at        int // in the list
	relevance float64
	repeats   float64 // the largest share of all words that it and a chosen one have in common
	said      float64 // the largest share of it that a chosen one says word for word
	words     map[string]bool
	runs      map[string]bool
}

func (r rival) worth(o PackOptions) float64 {
	return r.relevance - o.Diversity*(r.relevance+r.repeats)
}

// compare tells the rivals of what was chosen.
func compare(ps []Passage, chosen rival, left []rival) {
	chosen.read(ps)
	for i := range left {
		r := &left[i]
		if p, q := ps[r.at], ps[chosen.at]; p.Kind == catalog.KindProduct && q.Kind == catalog.KindProduct && p.Ref.Document != q.Ref.Document {
			continue
		}
		r.read(ps)
		r.repeats = max(r.repeats, jaccard(chosen.words, r.words))
		r.said = max(r.said, shareOf(r.runs, chosen.runs))
	}
}

// read takes in the text of r, once.
func (r *rival) read(ps []Passage) {
	if r.words == nil {
		r.words, r.runs = wordSets(ps[r.at].Text)
	}
}
