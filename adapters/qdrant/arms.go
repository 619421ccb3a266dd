package qdrant

import (
	"github.com/qdrant/go-client/qdrant"

	"github.com/aiwoochat/woochat/domain/retrieval"
)

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
