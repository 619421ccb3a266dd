package qdrant

import (
	"context"
	"math"
	"slices"

	"github.com/qdrant/go-client/qdrant"

	"github.com/aiwoochat/woochat/domain/retrieval"
)

// arm is one way to search. It is asked page by page until it has found enough
// that the filter itself lets through.
type arm struct {
	ask    func() *qdrant.QueryPoints
	enough int
	into   *[]retrieval.Found
	offset int
	over   bool
	// only reports whether a document is what the arm looks for, if it is not nil.
	only func(factsJSON) bool
	// look is called with each point that counts, if it is not nil, and may change
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

// page asks for the next page of an arm: of an arm whose points the filter rejects,
// pages grow, since each costs the server all that stands before it.
func (l *looking) page(a *arm) *qdrant.QueryPoints {
	p := a.ask()
	p.Limit = new(uint64(min(pageMost, max(a.enough, 3*a.offset, 1))))
	if a.offset > 0 {
		p.Offset = new(uint64(a.offset))
	}
	fields := []string{fieldRef, fieldOpen}
	if !l.q.Filter.IsZero() || a.only != nil {
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
func (l *looking) take(ctx context.Context, f *finds, a *arm, page *qdrant.QueryPoints, points []*qdrant.ScoredPoint) error {
	foreign := 0
	*a.into = slices.Grow(*a.into, len(points))
	begins := l.o.begins()
	for _, p := range points {
		m, mine := readMark(p.GetPayload()[fieldRef].GetStringValue(), begins)
		if !mine || m.ref.Document == "" {
			foreign++
			continue
		}
		ok, err := l.matches(p.GetPayload(), a.only)
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
	a.offset += len(points)
	a.over = uint64(len(points)) < page.GetLimit() || len(*a.into) >= a.enough
	return nil
}
