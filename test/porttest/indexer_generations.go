package porttest

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/aiwoochat/woochat/domain/retrieval"
	"github.com/aiwoochat/woochat/domain/tenant"
)

// in returns e as it is put to a generation.
func in(no int64, e retrieval.Entry) retrieval.Entry {
	e.Generation = no
	return e
}

func within(no int64, q retrieval.Query) retrieval.Query {
	q.Generation = no
	return q
}

// embedded returns what Vectors is to say of e.
func embedded(es ...retrieval.Entry) []retrieval.Embedded {
	var out []retrieval.Embedded
	for _, e := range es {
		for _, c := range e.Chunks {
			if len(c.Vector) > 0 {
				out = append(out, retrieval.Embedded{Document: e.Document, Key: retrieval.KeyOf(retrieval.EmbeddingText(e.Title, c)), Vector: c.Vector})
			}
		}
	}
	slices.SortFunc(out, func(a, b retrieval.Embedded) int {
		return cmp.Or(cmp.Compare(a.Document, b.Document), cmp.Compare(a.Key, b.Key))
	})
	return out
}

func (f *indexFixture) wantVectors(what string, s tenant.Scope, no int64, of []string, want ...retrieval.Entry) {
	f.Helper()
	ids := make([]retrieval.DocumentID, len(of))
	for i, id := range of {
		ids[i] = retrieval.DocumentID(id)
	}
	got, err := f.Vectors(f.Context(), s, no, ids)
	f.must(what+": Vectors", err)
	slices.SortFunc(got, func(a, b retrieval.Embedded) int {
		return cmp.Or(cmp.Compare(a.Document, b.Document), cmp.Compare(a.Key, b.Key))
	})
	if len(got)+len(want) > 0 {
		f.want(what+": Vectors", got, embedded(want...))
	}
}

var indexGenerationCases = []contractCase[*indexFixture]{
	{"generations", "a search finds what was put to its generation only, and what is done to one changes nothing in another", func(f *indexFixture) {
		one := in(1, indexVector(f.text("page:1", "copper kettle"), []float32{1, 0}))
		two := in(2, indexVector(f.text("page:1", "tin lamp"), []float32{1, 0, 0}))
		two.Revision = "r2"
		f.put(f.a, one)
		f.put(f.a, in(1, f.text("page:2", "kettle kettle stand")))
		q := within(1, retrieval.Query{Text: "copper kettle", Vector: []float32{1, 0}})
		before := f.search(f.a, q)
		f.put(f.a, two)
		for i := range 10 {
			f.put(f.a, in(2, f.text(fmt.Sprint("page:9", i), "kettle kettle copper")))
		}
		f.want("the same search", f.search(f.a, q), before)
		f.wantOrder("in the other one", f.a, within(2, retrieval.Query{Text: "lamp", Vector: []float32{1, 0, 0}}), "page:1")
		f.wantOrder("its words in the first", f.a, within(1, words("lamp")))
		f.wantOrder("in one to which nothing was put", f.a, within(3, words("kettle")))
		f.wantOrder("in generation 0", f.a, words("kettle"))
		f.put(f.a, in(1, retrieval.Entry{Document: "page:1"}))
		f.wantOrder("after it was taken out of the first", f.a, within(1, words("copper")))
		ps := f.search(f.a, within(2, retrieval.Query{Vector: []float32{1, 0, 0}}))
		if len(ps) != 1 || ps[0].Ref != (retrieval.PassageRef{Document: "page:1", Revision: "r2"}) {
			f.Errorf("after it was taken out of the first, the other one finds %v", ps)
		}
	}},
	{"vectors", "Vectors returns the vectors as they were put, each with the key of its text", func(f *indexFixture) {
		e := in(1, indexVector(f.text("page:1", "one", "two", "three"), []float32{0.1, -3e-8}, nil, []float32{1e10, 7}))
		e.Chunks[2].Heading = "Heading"
		other := in(1, indexVector(f.text("page:2", "one", "one"), []float32{0, 0}, []float32{5, 6}))
		other.Chunks[1].Text = "two"
		f.put(f.a, e, other, in(1, f.text("page:3", "no vector")))
		f.put(f.b, in(1, indexVector(f.text("page:1", "one"), []float32{9, 9})))
		f.put(f.a, in(2, indexVector(f.text("page:1", "one"), []float32{8, 8, 8})))
		f.wantVectors("all", f.a, 1, []string{"page:1", "page:2", "page:3", "page:4"}, e, other)
		f.wantVectors("one", f.a, 1, []string{"page:2"}, other)
		f.wantVectors("none", f.a, 1, nil)
		f.wantVectors("another generation", f.a, 3, []string{"page:1"})
		next := in(1, indexVector(f.text("page:1", "one", "four"), []float32{0.1, -3e-8}))
		f.put(f.a, next, in(1, retrieval.Entry{Document: "page:2"}))
		f.wantVectors("replaced, and taken out", f.a, 1, []string{"page:1", "page:2"}, next)
		got, err := f.Vectors(f.Context(), f.a, 1, []retrieval.DocumentID{"page:1"})
		f.must("Vectors", err)
		got[0].Vector[0] = 77
		f.wantVectors("after a caller changed his own", f.a, 1, []string{"page:1"}, next)
	}},
	{"drop", "Drop takes out all that a generation holds, and nothing else", func(f *indexFixture) {
		entry := func(no int64) retrieval.Entry {
			return in(no, indexVector(f.text("page:1", "thing"), []float32{1, 0}))
		}
		f.put(f.a, entry(0), entry(1), entry(2), in(1, f.text("page:2", "thing")))
		f.put(f.b, entry(1))
		for range 2 {
			f.must("Drop", f.Drop(f.Context(), f.a, 1))
			f.wantOrder("dropped", f.a, within(1, retrieval.Query{}))
			f.wantOrder("dropped, by words", f.a, within(1, words("thing")))
			f.wantVectors("dropped", f.a, 1, []string{"page:1"})
			for _, no := range []int64{0, 2} {
				f.wantOrder("another one", f.a, within(no, words("thing")), "page:1")
			}
			f.wantOrder("another site's", f.b, within(1, words("thing")), "page:1")
		}
		f.must("Drop of nothing", f.Drop(f.Context(), f.a, 77))
		f.put(f.a, in(1, indexVector(f.text("page:3", "thing"), []float32{1, 0, 0})))
		f.wantOrder("put to again, with vectors of another length", f.a, within(1, retrieval.Query{Vector: []float32{1, 0, 0}}), "page:3")
	}},
	{"generation replicas", "what one process has dropped, another no longer finds, and it finds what is put afterwards", func(f *indexFixture) {
		if f.Replica == nil {
			f.Skip("the index lives in one process")
		}
		other := &indexFixture{storeT: f.storeT, IndexUnderTest: f.Replica(f.T), a: f.a, b: f.b, now: f.now}
		for i := range 3 {
			f.put(f.a, in(1, f.text("page:1", "thing")), in(1, f.text(fmt.Sprint("page:7", i), "thing")))
			other.wantOrder("put", f.a, within(1, retrieval.Query{}), "page:1", fmt.Sprint("page:7", i))
			f.must("Drop", f.Drop(f.Context(), f.a, 1))
			if i != 1 { // once it is not seen between the drop and the next put
				other.wantOrder("dropped", f.a, within(1, words("thing")))
			}
		}
	}},
	{"generation scope", "an incomplete scope is tenant.ErrNoScope; a done context ends the call", func(f *indexFixture) {
		f.put(f.a, in(1, f.text("page:1", "thing")))
		for _, s := range incomplete(f.a) {
			_, err := f.Vectors(f.Context(), s, 1, []retrieval.DocumentID{"page:1"})
			f.wantErr("Vectors", err, tenant.ErrNoScope)
			f.wantErr("Drop", f.Drop(f.Context(), s, 1), tenant.ErrNoScope)
		}
		for _, s := range mixed(f.a, f.b) {
			f.wantVectors("a half-true scope", s, 1, []string{"page:1"})
			f.must("Drop", f.Drop(f.Context(), s, 1))
		}
		_, err := f.Vectors(f.done(), f.a, 1, []retrieval.DocumentID{"page:1"})
		f.wantErr("Vectors", err, f.done().Err())
		f.wantErr("Drop", f.Drop(f.done(), f.a, 1), f.done().Err())
		f.wantOrder("after all that", f.a, within(1, words("thing")), "page:1")
	}},
}
