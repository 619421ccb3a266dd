package qdrant

import (
	"slices"

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
		if len(l.unwanted) > 0 || l.which {
			words.look = func(h *retrieval.Found, p *qdrant.ScoredPoint) {
				l.without(h, p)
				if l.which {
					f.note(h.Ref, l.has(p))
				}
			}
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
		out = append(out, &arm{enough: exactMost, into: &f.exact, only: l.isNamed(), ask: func() *qdrant.QueryPoints {
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
// none. Points that an older version put do not have their models among their
// codes: those are among their attributes.
func (l *looking) named() *qdrant.Condition {
	var either []*qdrant.Condition
	if title := l.title(); title != "" {
		either = append(either, qdrant.NewMatchKeyword(fieldTitle, title))
	}
	var codes, models []string
	for _, code := range l.q.Codes {
		if key := retrieval.CodeKey(code); key != "" {
			codes, models = append(codes, key), append(models, attribute("", code))
		}
	}
	if len(codes) > 0 {
		either = append(either, qdrant.NewMatchKeywords(fieldCodes, codes...), qdrant.NewMatchKeywords(fieldOffers+"[]."+offerAttributes, models...))
	}
	if either == nil {
		return nil
	}
	return qdrant.NewFilterAsCondition(&qdrant.Filter{Should: either})
}

// isNamed returns what of the documents that named lets through is named by q: not
// what has a code's text in any other attribute. nil without codes.
func (l *looking) isNamed() func(factsJSON) bool {
	wanted := make(map[string]bool, len(l.q.Codes))
	for _, code := range l.q.Codes {
		if key := retrieval.CodeKey(code); key != "" {
			wanted[key] = true
		}
	}
	if len(wanted) == 0 {
		return nil
	}
	title := l.title()
	return func(f factsJSON) bool {
		return title != "" && retrieval.TitleKey(f.Title) == title ||
			slices.ContainsFunc(retrieval.Codes(f.Facts), func(code string) bool { return wanted[retrieval.CodeKey(code)] })
	}
}

// title returns the title that the question may be, "" if it is none.
func (l *looking) title() string {
	if title := retrieval.TitleKey(l.q.Text); len(title) <= titleMost {
		return title
	}
	return ""
}

// titleMost is how long a question may be to be taken for a title.
const titleMost = 2000
