package retrieval

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"github.com/aiwoochat/woochat/domain/catalog"
)

// Errors of queries and entries that no index can take.
var (
	ErrBadQuery = errors.New("bad query")
	ErrBadEntry = errors.New("bad index entry")
)

// Valid returns an error that matches ErrBadQuery if q cannot be answered by an
// index with vectors of length dim, 0 if it holds none.
func (q Query) Valid(dim int) error {
	switch {
	case q.Limit < 1:
		return fmt.Errorf("%w: limit %d, want at least 1", ErrBadQuery, q.Limit)
	case !Finite(q.Vector):
		return fmt.Errorf("%w: the vector holds NaN or Inf", ErrBadQuery)
	case dim > 0 && len(q.Vector) > 0 && len(q.Vector) != dim:
		return fmt.Errorf("%w: a vector of length %d, the index has vectors of length %d: was the embedding model changed without indexing again?", ErrBadQuery, len(q.Vector), dim)
	}
	for _, a := range q.Also {
		if err := a.valid(); err != nil {
			return err
		}
	}
	if len(q.Also) > MaxAlternatives {
		return fmt.Errorf("%w: %d alternatives, at most %d", ErrBadQuery, len(q.Also), MaxAlternatives)
	}
	return nil
}

// Dim returns the length of e's vectors, 0 if it has none. The error matches
// ErrBadEntry if they are not all of one length or hold NaN or Inf, if e has no
// Document, or two of its chunks have the same Seq.
func (e Entry) Dim() (int, error) {
	if e.Document == "" {
		return 0, fmt.Errorf("%w: it names no document", ErrBadEntry)
	}
	dim := 0
	seen := make(map[int]bool, len(e.Chunks))
	for _, c := range e.Chunks {
		switch n := len(c.Vector); {
		case seen[c.Seq]:
			return 0, fmt.Errorf("%w: %s has two chunks %d", ErrBadEntry, e.Document, c.Seq)
		case !Finite(c.Vector):
			return 0, fmt.Errorf("%w: a vector of %s holds NaN or Inf", ErrBadEntry, e.Document)
		case n > 0 && dim > 0 && n != dim:
			return 0, fmt.Errorf("%w: %s has vectors of length %d and %d", ErrBadEntry, e.Document, dim, n)
		case n > 0:
			dim = n
		}
		seen[c.Seq] = true
	}
	return dim, nil
}

// Indexed is what an index keeps of a document in memory to compare it with
// queries. It is in one Corpus at most, and not changed but by it.
type Indexed struct {
	Document DocumentID
	Revision string
	Kind     catalog.Kind
	Locale   string // LocaleUnknown for one that was stored without
	Title    string
	Facts    catalog.Facts
	Chunks   []IndexedChunk // by Seq

	titleKey string
	codes    []string
	place    int32 // in the documents of its Corpus
}

// IndexedChunk is a chunk of an Indexed.
type IndexedChunk struct {
	Seq    int
	Tokens int // in all fields
	// Unit is its vector at length 1; nil for none. A Corpus copies it and sets
	// it to nil.
	Unit []float32

	row int32 // in the rows of its Corpus
}

// Prepare computes what Search compares. Call it once, after the exported
// fields are set.
func (d *Indexed) Prepare() {
	d.titleKey = TitleKey(d.Title)
	for _, code := range Codes(d.Facts) {
		d.codes = append(d.codes, CodeKey(code))
	}
}

// WeightedTokens returns for each word of a chunk of e the sum of its counts in
// the fields times their weights, and how many tokens the chunk has in all.
func WeightedTokens(e Entry, c Chunk) (weighted map[string]float64, tokens int) {
	weighted = make(map[string]float64)
	for _, f := range Fields() {
		for _, t := range FieldTokens(f, e, c) {
			weighted[t] += f.Weight()
			tokens++
		}
	}
	return weighted, tokens
}

// Posting says that a word is in a chunk.
type Posting struct {
	Document *Indexed
	Chunk    int     // position in Document.Chunks
	Weighted float64 // sum over the fields of the word's count times Field.Weight
}

// Search answers q, which must be Valid, as ports.Searcher describes it.
// postings returns where a token is, of documents that are in c; the order does
// not matter. It is asked once for each of QueryTokens(q.Text) and of what q.Also
// says counts as them, and for parts of those that are nowhere; its error ends the
// search.
func (c *Corpus) Search(q Query, postings func(token string) ([]Posting, error)) ([]Passage, error) {
	let := c.matcher(q)
	switch {
	case q.Sort != ByRelevance:
		return Sorted(c.listed(let), q, c.weights, func(q Query) (Finds, error) { return c.finds(q, let, postings, true) })
	case q.Text == "" && len(q.Vector) == 0 && len(q.Codes) == 0:
		return c.list(q, let), nil
	}
	finds, err := c.finds(q, let, postings, false)
	if err != nil {
		return nil, err
	}
	return Fuse(finds, c.weights, q.Limit), nil
}

// finds returns what the arms find, with Found.Has and Finds.IDF if has is set.
func (c *Corpus) finds(q Query, let func(row int32) bool, postings func(string) ([]Posting, error), has bool) (Finds, error) {
	f, err := c.lexical(q, let, postings, has)
	if err != nil {
		return f, err
	}
	f.Dense, f.Exact = c.dense(q, let), c.exact(q, let)
	return f, nil
}

// matcher returns q.Filter, asked at most once for each document, for rows; nil
// if it lets all through.
func (c *Corpus) matcher(q Query) func(row int32) bool {
	if q.Filter.IsZero() {
		return nil
	}
	const unknown, no, yes = 0, 1, 2
	known := make([]uint8, len(c.documents))
	return func(row int32) bool {
		d := c.rows[row].d
		if known[d.place] == unknown {
			known[d.place] = no
			if q.Filter.Match(d.Kind, d.Locale, d.Title, d.Facts, q.At) {
				known[d.place] = yes
			}
		}
		return known[d.place] == yes
	}
}

// list returns the first chunk of each document that q.Filter lets through, in
// the order of their ids.
func (c *Corpus) list(q Query, let func(row int32) bool) []Passage {
	var out []Passage
	for _, d := range c.listed(let) {
		out = append(out, Passage{Ref: d.Ref})
	}
	slices.SortFunc(out, func(a, b Passage) int { return cmp.Compare(a.Ref.Document, b.Ref.Document) })
	return out[:min(q.Limit, len(out))]
}

// listed returns all documents that the filter lets through.
func (c *Corpus) listed(let func(row int32) bool) []Listed {
	var out []Listed
	for _, d := range c.documents {
		if len(d.Chunks) > 0 && (let == nil || let(d.Chunks[0].row)) {
			out = append(out, Listed{Ref: d.ref(0), Kind: d.Kind, Title: d.Title, Facts: d.Facts})
		}
	}
	return out
}

func (d *Indexed) ref(chunk int) PassageRef {
	return PassageRef{Document: d.Document, Revision: d.Revision, Seq: d.Chunks[chunk].Seq}
}

// exact returns all chunks of the documents that q names by code or title.
func (c *Corpus) exact(q Query, let func(row int32) bool) []PassageRef {
	var named []*Indexed
	if title := TitleKey(q.Text); title != "" {
		named = append(named, c.titles[title]...)
	}
	for _, code := range q.Codes {
		if key := CodeKey(code); key != "" {
			named = append(named, c.codes[key]...)
		}
	}
	var out []PassageRef
	for _, d := range named { // Fuse takes what is there twice once
		for i, k := range d.Chunks {
			if let == nil || let(k.row) {
				out = append(out, d.ref(i))
			}
		}
	}
	return out
}

// lexical returns the best of the chunks that have a word that q wants, and the
// score that one with all of them could have. What follows "without" takes away
// from those that have it: see Term.
func (c *Corpus) lexical(q Query, let func(row int32) bool, postings func(string) ([]Posting, error), which bool) (Finds, error) {
	terms := q.Words()
	if len(terms) == 0 {
		return Finds{}, nil
	}
	at := make([]int32, len(c.rows)) // where in hits each row is, from 1
	var hits []scored
	var has []uint64 // which of the wanted words each of hits has, a bit each
	var in []int     // how many chunks have each word that is wanted
	var places WordPlaces
	compounds := 0
	// What is wanted comes first, so that what is not finds nothing by itself.
	slices.SortStableFunc(terms, func(a, b Word) int { return compareBool(a.Unwanted, b.Unwanted) })
	for _, term := range terms {
		ps, err := term.found(len(c.rows), postings)
		if err == nil && len(ps) == 0 && term.Token != "" && compounds < MaxCompounds {
			compounds++
			ps, err = compound(term.Token, postings)
		}
		if err != nil {
			return Finds{}, err
		}
		if !term.Unwanted && term.Token != "" {
			in = append(in, len(ps))
		}
		bits := places.Of(term)
		score := c.chunks.Scores(len(ps))
		for _, p := range ps {
			k := &p.Document.Chunks[p.Chunk]
			i := at[k.row]
			if i == 0 {
				if term.Unwanted {
					continue
				}
				hits = append(hits, scored{at: k.row})
				i = int32(len(hits))
				at[k.row] = i
				if which {
					has = append(has, 0)
				}
			}
			if which {
				has[i-1] |= bits
			}
			hits[i-1].score += term.Worth(p.Document.titleKey) * score(p.Weighted, k.Tokens)
		}
	}
	best := c.top(q)
	for _, h := range hits {
		best.offer(h, let)
	}
	f := Finds{Lexical: c.found(best), Possible: c.chunks.Possible(in...)}
	if which {
		f.IDF = c.chunks.IDFs(in)
		for i, s := range best.heap { // in the order of f.Lexical
			f.Lexical[i].Has = has[at[s.at]-1]
		}
	}
	return f, nil
}

// dense returns the best of the chunks with vectors.
func (c *Corpus) dense(q Query, let func(row int32) bool) []Found {
	if len(q.Vector) == 0 || len(q.Vector) != c.vectors.Dim() {
		return nil
	}
	byVector := let
	if let != nil {
		byVector = func(i int32) bool { return let(c.owners[i]) }
	}
	best := c.top(q)
	byRow := best.tie
	best.tie = func(a, b int32) int { return byRow(c.owners[a], c.owners[b]) }
	c.vectors.nearest(Unit(q.Vector), best, byVector)
	for i := range best.heap {
		best.heap[i].at = c.owners[best.heap[i].at]
	}
	best.tie = byRow
	return c.found(best)
}

// top returns what keeps the best rows of an arm.
func (c *Corpus) top(q Query) *top {
	return &top{n: FusionDepth(q.Limit), tie: func(a, b int32) int { return compareRef(c.ref(a), c.ref(b)) }}
}

func (c *Corpus) ref(row int32) PassageRef { return c.rows[row].d.ref(int(c.rows[row].chunk)) }

func (c *Corpus) found(t *top) []Found {
	out := make([]Found, 0, len(t.heap))
	for _, s := range t.sorted() {
		out = append(out, Found{Ref: c.ref(s.at), Score: s.score})
	}
	return out
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	}
	return -1
}
