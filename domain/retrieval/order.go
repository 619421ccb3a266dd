package retrieval

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/aiwoochat/woochat/domain/catalog"
)

// Sort is an order that a question asks for. The zero Sort is by relevance.
type Sort uint8

// Sorts.
const (
	ByRelevance    Sort = iota
	CheapestFirst       // "cheapest"
	DearestFirst        // "most expensive"
	NewestFirst         // "newest", by when the shop first offered it
	BestRatedFirst      // "best rated", by ratedAtLeast
	LightestFirst       // "lightest"
	HeaviestFirst       // "heaviest"
)

// String returns the order in words.
func (s Sort) String() string {
	switch s {
	case CheapestFirst:
		return "cheapest first"
	case DearestFirst:
		return "most expensive first"
	case NewestFirst:
		return "newest first"
	case BestRatedFirst:
		return "best rated first"
	case LightestFirst:
		return "lightest first"
	case HeaviestFirst:
		return "heaviest first"
	case ByRelevance:
	}
	return "by relevance"
}

// asked returns the words by which a question asks for s, "" for by relevance.
func (s Sort) asked() string {
	switch s {
	case CheapestFirst:
		return "cheapest"
	case DearestFirst:
		return "most expensive"
	case NewestFirst:
		return "newest"
	case BestRatedFirst:
		return "best rated"
	case LightestFirst:
		return "lightest"
	case HeaviestFirst:
		return "heaviest"
	case ByRelevance:
	}
	return ""
}

// Listed is a document as far as an order looks at it.
type Listed struct {
	Ref   PassageRef // its first chunk
	Kind  catalog.Kind
	Title string
	Facts catalog.Facts
}

// Sorted answers a query with an order: what is cheapest, newest, best rated or
// lightest is told by the facts of all that fit and not by the best matches. all are the documents that
// q.Filter lets through, in any order, which is changed. Of those Sorted takes
// the ones whose title has every word of q.Text; if none has, those whose title,
// categories, brands or attributes have: who asks for the cheapest sleeping bag
// wants no bag that is not for sleeping in, however cheap it is. It puts them in
// the order of q.Sort, ties by document, and cuts at q.Limit.
//
// If no document has every word, found is asked for what q finds by relevance,
// with Found.Has; its error is returned. That is fused by w, and what has nearly as
// much of the words as the best match is put in order: see nearlyWhole. Arms.Order
// is set in any case, and the other arms in the second only.
func Sorted(all []Listed, q Query, w FusionWeights, found func(Query) (Finds, error)) ([]Passage, error) {
	ranks := make(map[DocumentID]rank, len(all))
	for _, d := range all {
		ranks[d.Ref.Document] = rankOf(d.Title, d.Facts, q.Sort, q.Filter, q.At)
	}
	words := wordsOf(q)
	var out []Passage
	if whole := words.wholly(all); len(whole) > 0 || len(all) == 0 {
		for _, d := range whole {
			p := Passage{Ref: d.Ref}
			if q.Text != "" {
				p.Arms.Words = 1 // it has all of them
			}
			out = append(out, p)
		}
		slices.SortFunc(out, func(a, b Passage) int { return compareRef(a.Ref, b.Ref) })
	} else {
		q.Sort = ByRelevance
		finds, err := found(q)
		if err != nil {
			return nil, err
		}
		out = words.nearlyWhole(finds, all, Fuse(finds, w, q.Limit))
	}
	slices.SortStableFunc(out, func(a, b Passage) int { return ranks[a.Ref.Document].compare(ranks[b.Ref.Document]) })
	out = out[:min(q.Limit, len(out))]
	for i := range out {
		out[i].Arms.Order = i + 1
	}
	return out, nil
}

// What of the best match's words another one must have to be put in order with it,
// and what a word counts that is in the text only. Without a cut a red whisk comes
// before the red dress, being cheaper. The first three of superlatives made of the
// development questions of ESCI and of its kinds of products are best with these,
// of shares from 0.6 to 1, with words of the text counting nothing, half or all
// (TestOrdersKeepTheKind of test/eval).
const (
	nearly     = 0.8
	inTextOnly = 0.5
)

// nearlyWhole returns those of ps, which are made of finds, that have nearly as
// much of the words as the best, the rare counting more, and those in the text
// less than those in its title or fields, with Arms.Covers set. It is not what the
// words score that counts: a long text that has them fits as well as a short one.
// The best is a product, if one has any of the words: a page may speak of
// everything. Where nothing has any, all were found by meaning, and those stay
// that are nearly as near.
//
// What is called as the question does not want is left out, if something else is
// there, and what the question names by a code or title never is.
func (a asked) nearlyWhole(finds Finds, all []Listed, ps []Passage) []Passage {
	listed := make(map[DocumentID]Listed, len(all))
	for _, d := range all {
		listed[d.Ref.Document] = d
	}
	has := make(map[PassageRef]uint64, len(finds.Lexical))
	for _, h := range finds.Lexical {
		has[h.Ref] = h.Has
	}
	var covers, page, score float64
	fields := make(map[DocumentID]uint64)
	for i, p := range ps {
		d := listed[p.Ref.Document]
		if _, ok := fields[p.Ref.Document]; !ok {
			fields[p.Ref.Document] = a.in(append(Tokens(d.Title), d.fields()...))
		}
		in := fields[p.Ref.Document]
		share := (1-inTextOnly)*finds.share(in) + inTextOnly*finds.share(in|has[p.Ref])
		ps[i].Arms.Covers = share
		if score = max(score, p.Score); d.Kind == catalog.KindProduct {
			covers = max(covers, share)
		}
		page = max(page, share)
	}
	if covers == 0 {
		covers = page
	}
	// Shares are sums, which another order of the words makes differ by their last bits.
	const rounding = 1e-9
	kept := slices.DeleteFunc(ps, func(p Passage) bool {
		if covers == 0 {
			return !p.Arms.Exact && p.Score < nearly*score-rounding
		}
		return !p.Arms.Exact && p.Arms.Covers < nearly*covers-rounding
	})
	contrary := func(p Passage) bool { return !p.Arms.Exact && a.contrary(listed[p.Ref.Document].Title) }
	if slices.ContainsFunc(kept, func(p Passage) bool { return !contrary(p) }) {
		kept = slices.DeleteFunc(kept, contrary)
	}
	return kept
}

// share returns the share of the words that has says, each by its IDF.
func (f Finds) share(has uint64) float64 {
	var sum, all float64
	for i, idf := range f.IDF {
		all += idf
		if has&(1<<i) != 0 {
			sum += idf
		}
	}
	if all == 0 {
		return 0
	}
	return sum / all
}

// fields returns the tokens of d's categories, brands and attributes.
func (d Listed) fields() []string {
	fields := slices.Concat(d.Facts.Categories, d.Facts.Brands)
	for _, a := range d.Facts.Attributes {
		fields = append(fields, a.Values...)
	}
	return Tokens(strings.Join(fields, " "))
}

// asked is what the words of a query say.
type asked struct {
	words    []Word // that are wanted
	all      uint64 // the bits of WordPlaces of all of them
	unwanted []Term
}

func wordsOf(q Query) asked {
	var a asked
	var places WordPlaces
	for _, w := range q.Words() {
		if w.Unwanted {
			a.unwanted = append(a.unwanted, w.Term)
			continue
		}
		a.words = append(a.words, w)
		a.all |= places.Of(w)
	}
	return a
}

// in returns the bits of the words that tokens hold, or what counts as them.
func (a asked) in(tokens []string) uint64 {
	var bits uint64
	var places WordPlaces
	for _, w := range a.words {
		of := places.Of(w)
		if w.Token != "" && slices.Contains(tokens, w.Token) || slices.ContainsFunc(w.Also, func(a Alternative) bool { return hasAll(tokens, a.Tokens) }) {
			bits |= of
		}
	}
	return bits
}

// contrary reports whether a title says what is not wanted.
func (a asked) contrary(title string) bool {
	if len(a.unwanted) == 0 {
		return false
	}
	key := TitleKey(title)
	return slices.ContainsFunc(a.unwanted, func(t Term) bool { return t.Worth(key) < 0 })
}

// wholly returns those of all whose title has every word that is wanted, and none
// that is not; if none has, those whose title, categories, brands or attributes have.
func (a asked) wholly(all []Listed) []Listed {
	if a.all == 0 {
		return all
	}
	var titled, said []Listed
	for _, d := range all {
		have := Tokens(d.Title)
		switch {
		case a.contrary(d.Title):
		case a.in(have) == a.all:
			titled = append(titled, d)
		case len(titled) == 0 && a.in(append(have, d.fields()...)) == a.all:
			said = append(said, d)
		}
	}
	if len(titled) > 0 {
		return titled
	}
	return said
}

// SortPassages returns ps in the order s: by the price at the time now of the
// cheapest (or dearest) offer of each that f lets through, or by its age, rating or
// weight. What has no such fact comes last; what is equal keeps its order. ps
// itself is not changed.
func SortPassages(ps []Passage, s Sort, f Filter, now time.Time) []Passage {
	out := slices.Clone(ps)
	if s == ByRelevance {
		return out
	}
	slices.SortStableFunc(out, func(a, b Passage) int {
		return rankOf(a.Title, a.Facts, s, f, now).compare(rankOf(b.Title, b.Facts, s, f, now))
	})
	return out
}

// Beyond returns those of ps that come before each of shown in the order s, as
// SortPassages has it, and not beside them: who asks for something lighter than
// what he was shown wants nothing as heavy. Of shown only those count that are
// among ps. Where nobody knows of any of ps, all are returned: the shop does not
// say what they weigh.
func Beyond(ps []Passage, shown []Shown, s Sort, f Filter, now time.Time) []Passage {
	at := make([]rank, len(ps))
	least, known := rank{}, false
	for i, p := range ps {
		at[i] = rankOf(p.Title, p.Facts, s, f, now)
		known = known || at[i].known
		if wasShown(shown, p.Ref.Document) && at[i].known && (!least.known || at[i].compare(least) < 0) {
			least = at[i]
		}
	}
	if !known {
		return ps
	}
	var out []Passage
	for i, p := range ps {
		if at[i].known && !wasShown(shown, p.Ref.Document) && (!least.known || at[i].compare(least) < 0) {
			out = append(out, p)
		}
	}
	return out
}

func wasShown(shown []Shown, id DocumentID) bool {
	return slices.ContainsFunc(shown, func(s Shown) bool { return s.Document == id })
}

// rank is where a document stands in an order: by its price, if that is set, or
// else by a number.
type rank struct {
	known  bool // not: last
	down   bool // the higher comes first
	price  catalog.Money
	number float64
}

// rankOf returns where what has these facts stands in the order s.
func rankOf(title string, facts catalog.Facts, s Sort, f Filter, now time.Time) rank {
	switch s {
	case NewestFirst:
		return rank{known: !facts.Published.IsZero(), down: true, number: float64(facts.Published.Unix())}
	case BestRatedFirst:
		return rank{known: facts.Rating.IsSet(), down: true, number: ratedAtLeast(facts.Rating)}
	case LightestFirst, HeaviestFirst:
		return rank{known: facts.Weight.IsSet(), down: s == HeaviestFirst, number: float64(facts.Weight.Milligrams)}
	case ByRelevance, CheapestFirst, DearestFirst:
	}
	at := rank{down: s == DearestFirst}
	for _, o := range facts.Offers {
		price := o.Price(now)
		if !price.IsSet() || !f.MatchOffer(title, facts, o, now) {
			continue
		}
		if c := price.Cmp(at.price); !at.known || !at.down && c < 0 || at.down && c > 0 {
			at.known, at.price = true, price
		}
	}
	return at
}

func (a rank) compare(b rank) int {
	if !a.known || !b.known {
		return compareBool(!a.known, !b.known)
	}
	c := cmp.Compare(a.number, b.number)
	if a.price.IsSet() {
		c = a.price.Cmp(b.price)
	}
	if a.down {
		return -c
	}
	return c
}

// surely is how many standard errors ratedAtLeast goes below what is seen: with
// 1.645 it is right in 95 of 100 cases.
const surely = 1.645

// ratedAtLeast returns the share of all stars that a product deserves at least, by
// what shoppers gave it: the lower end of Wilson's interval ("Probable inference,
// the law of succession, and statistical inference", Journal of the American
// Statistical Association 22, 1927), so that one who gave five stars does not beat
// two hundred who gave 4.8.
//
// Wilson's is for yes and no, and a shop tells the average only. No ratings of an
// average m from 1 to 5 vary more than those that are all 1 or 5 (Bhatia and
// Davis, "A better bound on the variance", American Mathematical Monthly 107,
// 2000), which are yes and no in the share (m-1)/4. So this is a bound whatever
// the single ratings were.
func ratedAtLeast(r catalog.Rating) float64 {
	if !r.IsSet() {
		return 0
	}
	n, share := float64(r.Count), (float64(r.Hundredths)/100-1)/4
	const zz = surely * surely
	return (share + zz/(2*n) - surely*math.Sqrt(max(0, share*(1-share)/n+zz/(4*n*n)))) / (1 + zz/n)
}
