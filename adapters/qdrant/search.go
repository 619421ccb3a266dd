package qdrant

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/qdrant/go-client/qdrant"

	"github.com/aiwoochat/woochat/domain/retrieval"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/ports"
)

// Search implements [ports.Searcher]. ErrUnavailable, too, if a document that it
// finds is replaced again and again while it looks.
func (x *Index) Search(ctx context.Context, s tenant.Scope, q retrieval.Query) ([]retrieval.Passage, error) {
	if err := s.Valid(); err != nil {
		return nil, err
	}
	if err := q.Valid(0); err != nil {
		return nil, fmt.Errorf("qdrant: search: %w: %w", ports.ErrInvalid, err)
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	var out []retrieval.Passage
	err := x.within(ctx, x.c.SearchTimeout, "search", func(ctx context.Context) error {
		var err error
		o := owner{s, q.Generation}
		for range moves {
			if out, err = x.search(ctx, o, q); !errors.Is(err, errMoved) {
				return err
			}
			x.forget(o)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

func (x *Index) search(ctx context.Context, o owner, q retrieval.Query) ([]retrieval.Passage, error) {
	dim, ok, err := x.home(ctx, o)
	if err != nil || !ok {
		return nil, err // nothing was ever put to it
	}
	if err := q.Valid(dim); err != nil {
		return nil, fmt.Errorf("%w: %w", ports.ErrInvalid, err)
	}
	l := &looking{x: x, o: o, q: q, dim: dim, depth: retrieval.FusionDepth(q.Limit)}
	switch {
	case q.Sort != retrieval.ByRelevance:
		return l.sorted(ctx)
	case q.Text == "" && len(q.Vector) == 0 && len(q.Codes) == 0:
		return l.list(ctx)
	}
	return l.relevant(ctx)
}

// relevant returns what is found by relevance.
func (l *looking) relevant(ctx context.Context) ([]retrieval.Passage, error) {
	if err := l.read(ctx); err != nil {
		return nil, err
	}
	var before map[retrieval.DocumentID]string
	for range looks {
		f, err := l.look(ctx)
		if err != nil {
			return nil, err
		}
		doubtful := f.doubtful()
		if len(doubtful) == 0 {
			return f.fuse(l.possible(f), l.x.c.Weights, l.q.Limit), nil
		}
		after, err := l.x.counting(ctx, l.o, l.dim, doubtful)
		if err != nil {
			return nil, err
		}
		if before != nil && !slices.ContainsFunc(doubtful, func(id retrieval.DocumentID) bool {
			was, asked := before[id]
			return !asked || was != after[id]
		}) {
			return f.only(after, doubtful).fuse(l.possible(f), l.x.c.Weights, l.q.Limit), nil
		}
		before = make(map[retrieval.DocumentID]string, len(doubtful))
		for _, id := range doubtful {
			before[id] = after[id]
		}
	}
	return nil, fmt.Errorf("%w: a document is replaced faster than it can be read", ports.ErrUnavailable)
}

// looks is how often a search looks again because documents were being replaced
// under it.
const looks = 200

// finds are what the arms have found.
type finds struct {
	lexical, dense, exact []retrieval.Found

	compounds [][]joined             // of each of looking.compounds
	open      []retrieval.DocumentID // found with an open point
}

// arms lists what each arm has found.
func (f *finds) arms() [3]*[]retrieval.Found {
	return [3]*[]retrieval.Found{&f.lexical, &f.dense, &f.exact}
}

// doubtful returns the documents of which it is not certain which revision
// counts, each once.
func (f finds) doubtful() []retrieval.DocumentID {
	doubt := slices.Clone(f.open)
	revisions := make(map[retrieval.DocumentID]string, len(f.lexical)+len(f.dense)+len(f.exact))
	for _, arm := range f.arms() {
		for _, h := range *arm {
			if r, seen := revisions[h.Ref.Document]; !seen {
				revisions[h.Ref.Document] = h.Ref.Revision
			} else if r != h.Ref.Revision {
				doubt = append(doubt, h.Ref.Document)
			}
		}
	}
	slices.Sort(doubt)
	return slices.Compact(doubt)
}

// only returns f without those passages of the doubtful documents that are not
// of the revision that counts.
func (f finds) only(counts map[retrieval.DocumentID]string, doubtful []retrieval.DocumentID) finds {
	for _, arm := range f.arms() {
		*arm = slices.DeleteFunc(*arm, func(h retrieval.Found) bool {
			_, doubt := slices.BinarySearch(doubtful, h.Ref.Document)
			revision, ok := counts[h.Ref.Document]
			return doubt && (!ok || revision != h.Ref.Revision)
		})
	}
	return f
}

func (f finds) fuse(possible float64, w retrieval.FusionWeights, limit int) []retrieval.Passage {
	depth := retrieval.FusionDepth(limit)
	exact := make([]retrieval.PassageRef, len(f.exact))
	for i, h := range f.exact {
		exact[i] = h.Ref
	}
	return retrieval.Fuse(retrieval.Finds{
		Lexical: retrieval.Best(f.lexical, depth), Possible: possible, Dense: retrieval.Best(f.dense, depth), Exact: exact,
	}, w, limit)
}

// looking is one Search under way.
type looking struct {
	x     *Index
	o     owner
	q     retrieval.Query
	dim   int
	depth int

	tokens     []string         // of the question that are wanted
	in         []int            // about how many chunks have each of them, or what counts as it
	wanted     []wanted         // they and what counts as they
	unwanted   []retrieval.Term // that are not
	compounds  []compound       // of tokens that are nowhere, and what several words count as
	statistics *statistics      // nil without tokens
}

// arm is one way to search. It is asked page by page until it has found enough
// that the filter itself lets through.
type arm struct {
	ask    func() *qdrant.QueryPoints
	enough int
	into   *[]retrieval.Found
	offset int
	over   bool
	// look is called with each hit that counts, if it is not nil, and may change
	// its score.
	look func(h *retrieval.Found, p *qdrant.ScoredPoint)
}

// Pages of an arm: most searches need one.
const (
	pageMost  = 1000
	exactMost = 100_000
)

// look asks all arms, and again with other weights if what other sites put has
// changed them meanwhile; of a small collection that grows all the time it takes
// what it has in the end.
func (l *looking) look(ctx context.Context) (finds, error) {
	for left := moves; ; left-- {
		f, now, err := l.lookOnce(ctx)
		if err != nil || l.statistics == nil || math.Abs(now-l.statistics.log) <= drift || left == 0 {
			return f, err
		}
		newer := *l.statistics
		newer.log = now
		l.statistics = &newer
		l.x.mu.Lock()
		if old := l.x.counts[l.o]; old != nil && old.change == newer.change {
			l.x.counts[l.o] = l.statistics
		}
		l.x.mu.Unlock()
	}
}

// lookOnce asks all arms. Of the words' statistics it returns what is ln(N + 1)
// now.
func (l *looking) lookOnce(ctx context.Context) (finds, float64, error) {
	var f finds
	arms := l.arms(&f)
	var log float64
	for first := true; ; first = false {
		var asked []*arm
		var queries []*qdrant.QueryPoints
		if first {
			queries = append(queries, l.o.anchored())
		}
		for _, a := range arms {
			if !a.over {
				asked, queries = append(asked, a), append(queries, l.page(a))
			}
		}
		if len(asked) == 0 {
			l.join(&f)
			return f, log, nil
		}
		results, err := l.x.batch(ctx, l.dim, queries)
		if err != nil {
			return f, 0, err
		}
		if first {
			if !l.o.here(results[0]) {
				return f, 0, errMoved
			}
			log = float64(results[0][0].GetScore()) + math.Log(1.5)
			results = results[1:]
		}
		for i, a := range asked {
			if err := l.take(ctx, &f, a, queries[len(queries)-len(asked)+i], results[i]); err != nil {
				return f, 0, err
			}
		}
	}
}

// page asks for the next page of an arm: of an arm whose hits the filter rejects,
// pages grow, since each costs the server all that stands before it.
func (l *looking) page(a *arm) *qdrant.QueryPoints {
	p := a.ask()
	p.Limit = new(uint64(min(pageMost, max(a.enough, 3*a.offset, 1))))
	if a.offset > 0 {
		p.Offset = new(uint64(a.offset))
	}
	fields := []string{fieldRef, fieldOpen}
	if !l.q.Filter.IsZero() {
		fields = append(fields, fieldFacts)
	}
	if a.look != nil {
		fields = append(fields, fieldTitle)
		p.WithVectors = qdrant.NewWithVectorsInclude(sparseVector)
	}
	p.WithPayload = qdrant.NewWithPayloadInclude(fields...)
	return p
}

// take takes what a page of an arm has found.
func (l *looking) take(ctx context.Context, f *finds, a *arm, page *qdrant.QueryPoints, hits []*qdrant.ScoredPoint) error {
	foreign := 0
	*a.into = slices.Grow(*a.into, len(hits))
	begins := l.o.begins()
	for _, p := range hits {
		m, mine := readMark(p.GetPayload()[fieldRef].GetStringValue(), begins)
		if !mine || m.ref.Document == "" {
			foreign++
			continue
		}
		ok, err := l.matches(p.GetPayload())
		if err != nil {
			return err
		}
		if ok && len(*a.into) < a.enough {
			h := retrieval.Found{Ref: m.ref, Score: float64(p.GetScore())}
			if a.look != nil {
				a.look(&h, p)
			}
			*a.into = append(*a.into, h)
			if p.GetPayload()[fieldOpen].GetBoolValue() {
				f.open = append(f.open, m.ref.Document)
			}
		}
	}
	l.x.foreign(ctx, l.o, foreign)
	a.offset += len(hits)
	a.over = uint64(len(hits)) < page.GetLimit() || len(*a.into) >= a.enough
	return nil
}

// arms returns how to search for q, each into its part of f.
func (l *looking) arms(f *finds) []*arm {
	var out []*arm
	filter := func(more ...*qdrant.Condition) *qdrant.Filter {
		return l.o.filter(append(filtered(l.q.Filter), more...)...)
	}
	if l.statistics != nil {
		query := l.statistics.query(l.o, l.wanted)
		words := &arm{enough: l.depth, into: &f.lexical, ask: func() *qdrant.QueryPoints {
			return &qdrant.QueryPoints{Query: query, Using: new(sparseVector), Filter: filter()}
		}}
		if len(l.unwanted) > 0 {
			words.look = l.without
		}
		out = append(out, words)
		out = append(out, l.compoundArms(f, filter)...)
	}
	if len(l.q.Vector) > 0 && l.dim > 0 {
		unit := retrieval.Unit(l.q.Vector)
		out = append(out, &arm{enough: l.depth, into: &f.dense, ask: func() *qdrant.QueryPoints {
			return &qdrant.QueryPoints{Query: qdrant.NewQueryDense(unit), Using: new(denseVector), Filter: filter(), Params: l.x.params()}
		}})
	}
	if named := l.named(); named != nil {
		out = append(out, &arm{enough: exactMost, into: &f.exact, ask: func() *qdrant.QueryPoints {
			return &qdrant.QueryPoints{Filter: filter(named)}
		}})
	}
	return out
}

// oversampling is how many more vectors than wanted are taken by their bytes and
// scored again.
const oversampling = 2.0

// params says how quantized vectors are searched; nil if there are none.
func (x *Index) params() *qdrant.SearchParams {
	if !x.c.Quantize {
		return nil
	}
	return &qdrant.SearchParams{Quantization: &qdrant.QuantizationSearchParams{Rescore: new(true), Oversampling: new(oversampling)}}
}

// named returns the condition that a document is named by q, nil if q names
// none.
func (l *looking) named() *qdrant.Condition {
	var either []*qdrant.Condition
	if title := retrieval.TitleKey(l.q.Text); title != "" && len(title) <= titleMost {
		either = append(either, qdrant.NewMatchKeyword(fieldTitle, title))
	}
	var codes []string
	for _, code := range l.q.Codes {
		if key := retrieval.CodeKey(code); key != "" {
			codes = append(codes, key)
		}
	}
	if len(codes) > 0 {
		either = append(either, qdrant.NewMatchKeywords(fieldCodes, codes...))
	}
	if either == nil {
		return nil
	}
	return qdrant.NewFilterAsCondition(&qdrant.Filter{Should: either})
}

// titleMost is how long a question may be to be taken for a title.
const titleMost = 2000
