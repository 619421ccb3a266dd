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
// queries. It is not changed once it is made.
type Indexed struct {
	Document DocumentID
	Revision string
	Kind     catalog.Kind
	Title    string
	Facts    catalog.Facts
	Chunks   []IndexedChunk // by Seq

	titleKey string
	codes    []string
}

// IndexedChunk is a chunk of an Indexed.
type IndexedChunk struct {
	Seq    int
	Tokens int       // in all fields
	Unit   []float32 // its vector at length 1; nil for none
}

// Prepare computes what Search compares. Call it once, after the exported
// fields are set.
func (d *Indexed) Prepare() {
	d.titleKey = TitleKey(d.Title)
	add := func(code string) {
		if key := CodeKey(code); key != "" && !slices.Contains(d.codes, key) {
			d.codes = append(d.codes, key)
		}
	}
	for _, list := range [][]string{d.Facts.SKUs, d.Facts.GTINs} {
		for _, code := range list {
			add(code)
		}
	}
	for _, o := range d.Facts.Offers {
		add(o.SKU)
		add(o.GTIN)
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

// Corpus is all that an index holds of one site. It answers queries exactly:
// every document that the filter lets through is compared.
type Corpus struct {
	Documents []*Indexed
	Chunks    Collection
	Weights   FusionWeights
}

// NewCorpus returns the corpus of these documents.
func NewCorpus(documents []*Indexed, w FusionWeights) Corpus {
	c := Corpus{Documents: documents, Weights: w}
	for _, d := range documents {
		c.Chunks.Chunks += len(d.Chunks)
		for _, k := range d.Chunks {
			c.Chunks.Tokens += int64(k.Tokens)
		}
	}
	return c
}

// Search answers q, which must be Valid, as ports.Searcher describes it.
// postings returns where a token is; the order does not matter. It is asked
// once for each of QueryTokens(q.Text), and for parts of those that are
// nowhere; its error ends the search.
func (c Corpus) Search(q Query, postings func(token string) ([]Posting, error)) ([]Passage, error) {
	if q.Text == "" && len(q.Vector) == 0 && len(q.Codes) == 0 {
		return c.list(q), nil
	}
	match := c.matcher(q)
	depth := FusionDepth(q.Limit)
	lexical, possible, err := c.lexical(q, match, postings)
	if err != nil {
		return nil, err
	}
	return Fuse(Finds{
		Lexical: Best(lexical, depth), Possible: possible, Dense: Best(c.dense(q, match), depth), Exact: c.exact(q, match),
	}, c.Weights, q.Limit), nil
}

// matcher returns q.Filter, asked at most once for each document.
func (c Corpus) matcher(q Query) func(*Indexed) bool {
	if q.Filter.IsZero() {
		return func(*Indexed) bool { return true }
	}
	known := make(map[*Indexed]bool)
	return func(d *Indexed) bool {
		ok, asked := known[d]
		if !asked {
			ok = q.Filter.Match(d.Kind, d.Title, d.Facts, q.At)
			known[d] = ok
		}
		return ok
	}
}

// list returns the first chunk of each document that q.Filter lets through, in
// the order of their ids.
func (c Corpus) list(q Query) []Passage {
	var out []Passage
	match := c.matcher(q)
	for _, d := range c.Documents {
		if len(d.Chunks) > 0 && match(d) {
			out = append(out, Passage{Ref: d.ref(0)})
		}
	}
	slices.SortFunc(out, func(a, b Passage) int { return cmp.Compare(a.Ref.Document, b.Ref.Document) })
	return out[:min(q.Limit, len(out))]
}

func (d *Indexed) ref(chunk int) PassageRef {
	return PassageRef{Document: d.Document, Revision: d.Revision, Seq: d.Chunks[chunk].Seq}
}

// exact returns all chunks of the documents that q names by code or title.
func (c Corpus) exact(q Query, match func(*Indexed) bool) []PassageRef {
	title := TitleKey(q.Text)
	var codes []string
	for _, code := range q.Codes {
		if key := CodeKey(code); key != "" {
			codes = append(codes, key)
		}
	}
	if title == "" && len(codes) == 0 {
		return nil
	}
	var out []PassageRef
	for _, d := range c.Documents {
		named := title != "" && d.titleKey == title ||
			slices.ContainsFunc(codes, func(code string) bool { return slices.Contains(d.codes, code) })
		if named && match(d) {
			for i := range d.Chunks {
				out = append(out, d.ref(i))
			}
		}
	}
	return out
}

// lexical returns the chunks that have a word that q wants, and the score that
// one with all of them could have. What follows "without" takes away from those
// that have it: see Term.
func (c Corpus) lexical(q Query, match func(*Indexed) bool, postings func(string) ([]Posting, error)) ([]Found, float64, error) {
	at := make(map[place]int)
	var out []Found
	var in []int // how many chunks have each word that is wanted
	compounds := 0
	terms := QueryTerms(q.Text)
	// What is wanted comes first, so that what is not finds nothing by itself.
	slices.SortStableFunc(terms, func(a, b Term) int { return compareBool(a.Unwanted, b.Unwanted) })
	for _, term := range terms {
		ps, err := postings(term.Token)
		if err == nil && len(ps) == 0 && compounds < MaxCompounds {
			compounds++
			ps, err = compound(term.Token, postings)
		}
		if err != nil {
			return nil, 0, err
		}
		if !term.Unwanted {
			in = append(in, len(ps))
		}
		for _, p := range ps {
			if !match(p.Document) {
				continue
			}
			i, ok := at[place{p.Document, p.Chunk}]
			if !ok {
				if term.Unwanted {
					continue
				}
				i = len(out)
				at[place{p.Document, p.Chunk}] = i
				out = append(out, Found{Ref: p.Document.ref(p.Chunk)})
			}
			out[i].Score += term.Worth(p.Document.titleKey) * c.Chunks.BM25(len(ps), p.Weighted, p.Document.Chunks[p.Chunk].Tokens)
		}
	}
	return out, c.Chunks.Possible(in...), nil
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

func (c Corpus) dense(q Query, match func(*Indexed) bool) []Found {
	if len(q.Vector) == 0 {
		return nil
	}
	unit := Unit(q.Vector)
	var out []Found
	for _, d := range c.Documents {
		for i, k := range d.Chunks {
			if len(k.Unit) == len(unit) && match(d) {
				out = append(out, Found{Ref: d.ref(i), Score: Dot(k.Unit, unit)})
			}
		}
	}
	return out
}
