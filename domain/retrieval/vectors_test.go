package retrieval_test

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	"github.com/aiwoochat/woochat/domain/retrieval"
)

// unitVector returns a random vector of length 1; of few numbers, so that some
// are the same.
func unitVector(r *rand.Rand, dim int) []float32 {
	v := make([]float32, dim)
	for i := range v {
		v[i] = float32(r.IntN(5) - 2)
	}
	v[0] = 1
	return retrieval.Unit(v)
}

// compared is what Nearest finds if it compares all.
func compared(all [][]float32, unit []float32, n int, let func(int) bool) []retrieval.Near {
	var out []retrieval.Near
	for i, v := range all {
		if let == nil || let(i) {
			out = append(out, retrieval.Near{At: i, Score: retrieval.Dot(v, unit)})
		}
	}
	slices.SortFunc(out, func(a, b retrieval.Near) int { return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(a.At, b.At)) })
	return out[:min(n, len(out))]
}

// TestNearest: over additions and removals, by any filter, what is found is what
// comparing all finds; with signs, too, where they leave as many to compare as
// there are.
func TestNearest(t *testing.T) {
	for name, exactUpTo := range map[string]int{"exact": 0, "signs": 1} {
		t.Run(name, func(t *testing.T) {
			for seed := range uint64(20) {
				r := rand.New(rand.NewPCG(seed, 1))
				v := retrieval.Vectors{ExactUpTo: exactUpTo}
				dim := 1 + r.IntN(150)
				var all [][]float32
				for step := range 60 {
					if r.IntN(3) > 0 || len(all) == 0 {
						var more [][]float32
						for range r.IntN(40) {
							more = append(more, unitVector(r, dim))
						}
						v.Add(more...)
						all = append(all, more...)
					} else {
						for range min(len(all), r.IntN(50)) {
							i := r.IntN(len(all))
							v.Remove(i)
							all[i] = all[len(all)-1]
							all = all[:len(all)-1]
						}
					}
					if v.Len() != len(all) || v.Dim() != min(dim, dim*len(all)) {
						t.Fatalf("seed %d, step %d: %d of length %d, want %d", seed, step, v.Len(), v.Dim(), len(all))
					}
					if len(all) == 0 {
						dim = 1 + r.IntN(150) // what comes next may be of another length
						continue
					}
					var let func(int) bool
					if r.IntN(2) == 0 {
						every := 1 + r.IntN(20)
						let = func(i int) bool { return i%every == 0 }
					}
					unit, n := unitVector(r, dim), r.IntN(15)
					got, want := v.Nearest(unit, n, let), compared(all, unit, n, let)
					if len(got) != len(want) || len(want) > 0 && !reflect.DeepEqual(got, want) {
						t.Fatalf("seed %d, step %d: got %v, want %v", seed, step, got, want)
					}
				}
			}
		})
	}
}

// TestNearestOfMany: of more than are compared, a filter that allows few loses
// none of them, in any order, and what is found does not depend on the order.
func TestNearestOfMany(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 7))
	const n, dim = 6000, 96
	v := retrieval.Vectors{ExactUpTo: 100}
	all := make([][]float32, n)
	for i := range all {
		all[i] = unitVector(r, dim)
	}
	v.Add(all...)
	unit := unitVector(r, dim)
	for _, every := range []int{7, 100, 1000, n, n + 1} {
		asked := 0
		let := func(i int) bool { asked++; return i%every == every-1 }
		if got, want := v.Nearest(unit, 10, let), compared(all, unit, 10, func(i int) bool { return i%every == every-1 }); !slices.Equal(got, want) {
			t.Errorf("one of %d allowed: got %v, want %v", every, got, want)
		}
		if asked > n {
			t.Errorf("one of %d allowed: the filter was asked %d times", every, asked)
		}
	}
	other := retrieval.Vectors{ExactUpTo: 100}
	backwards := slices.Clone(all)
	slices.Reverse(backwards)
	other.Add(backwards...)
	scores := func(ns []retrieval.Near) (out []float64) {
		for _, n := range ns {
			out = append(out, n.Score)
		}
		return out
	}
	if a, b := scores(v.Nearest(unit, 100, nil)), scores(other.Nearest(unit, 100, nil)); !slices.Equal(a, b) {
		t.Errorf("the other way round: got %v and %v", a, b)
	}
}

// TestCorpusChanges: a corpus that was changed finds what a new one finds.
func TestCorpusChanges(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	documents := map[int]*retrieval.Indexed{}
	changed := retrieval.NewCorpus(nil, retrieval.FusionWeights{})
	make1 := func(n, revision int, v []float32) *retrieval.Indexed {
		d := &retrieval.Indexed{Document: retrieval.DocumentID(fmt.Sprint("page:", n)), Revision: fmt.Sprint(revision), Title: fmt.Sprint("Title ", n%7)}
		d.Facts.SKUs = []string{fmt.Sprint("SKU-", n%11)}
		for i := range 1 + revision%3 {
			k := retrieval.IndexedChunk{Seq: i, Tokens: 1 + revision%5}
			if (n+i)%4 > 0 {
				k.Unit = v
			}
			d.Chunks = append(d.Chunks, k)
		}
		d.Prepare()
		return d
	}
	vectors := map[int][]float32{}
	for step := range 600 {
		n := r.IntN(40)
		if d := documents[n]; d != nil {
			changed.Remove(d)
			delete(documents, n)
		}
		if r.IntN(4) > 0 {
			vectors[n] = unitVector(r, 8)
			documents[n] = make1(n, step, vectors[n])
			changed.Add(documents[n])
		}
		var again []*retrieval.Indexed
		byID := map[retrieval.DocumentID]*retrieval.Indexed{}
		for n, d := range documents {
			var revision int
			if _, err := fmt.Sscan(d.Revision, &revision); err != nil {
				t.Fatal(err)
			}
			again = append(again, make1(n, revision, vectors[n]))
			byID[d.Document] = again[len(again)-1]
		}
		fresh := retrieval.NewCorpus(again, retrieval.FusionWeights{})
		q := retrieval.Query{Text: "title 3 word", Codes: []string{fmt.Sprint("sku", r.IntN(12))}, Limit: 1 + r.IntN(60)}
		if fresh.Dim(nil) > 0 {
			q.Vector = unitVector(r, 8)
		}
		if r.IntN(5) == 0 {
			q.Text, q.Vector, q.Codes = "", nil, nil
		}
		postings := func(in func(*retrieval.Indexed) *retrieval.Indexed) func(string) ([]retrieval.Posting, error) {
			return func(token string) (out []retrieval.Posting, err error) {
				for n, d := range documents {
					for i := range d.Chunks {
						if (n+i+len(token))%3 == 0 {
							out = append(out, retrieval.Posting{Document: in(d), Chunk: i, Weighted: float64(1 + n%4)})
						}
					}
				}
				return out, nil
			}
		}
		got, err := changed.Search(q, postings(func(d *retrieval.Indexed) *retrieval.Indexed { return d }))
		want, err2 := fresh.Search(q, postings(func(d *retrieval.Indexed) *retrieval.Indexed { return byID[d.Document] }))
		if err != nil || err2 != nil || len(got) != len(want) || len(got) > 0 && !reflect.DeepEqual(got, want) {
			t.Fatalf("step %d: got %v and %v, want %v and %v", step, got, err, want, err2)
		}
		if changed.Len() != fresh.Len() || changed.Dim(nil) != fresh.Dim(nil) {
			t.Fatalf("step %d: %d documents, vectors of length %d, want %d and %d", step, changed.Len(), changed.Dim(nil), fresh.Len(), fresh.Dim(nil))
		}
	}
}

func ExampleVectors_Nearest() {
	var v retrieval.Vectors
	v.Add([]float32{1, 0}, []float32{0, 1}, []float32{0.6, 0.8})
	inStock := func(i int) bool { return i != 1 }
	for _, n := range v.Nearest([]float32{0, 1}, 2, inStock) {
		fmt.Printf("%d %.1f\n", n.At, n.Score)
	}
	// Output:
	// 2 0.8
	// 0 0.0
}

func ExampleCorpus_Search() {
	kettle := &retrieval.Indexed{Document: "product:1", Title: "Copper kettle", Chunks: []retrieval.IndexedChunk{{Tokens: 2}}}
	lamp := &retrieval.Indexed{Document: "product:2", Title: "Lamp", Chunks: []retrieval.IndexedChunk{{Tokens: 1}}}
	kettle.Prepare()
	lamp.Prepare()
	corpus := retrieval.NewCorpus([]*retrieval.Indexed{kettle, lamp}, retrieval.DefaultFusionWeights())
	words := map[string][]retrieval.Posting{"kettle": {{Document: kettle, Weighted: retrieval.FieldTitle.Weight()}}}
	found, err := corpus.Search(retrieval.Query{Text: "a kettle", Limit: 5}, func(token string) ([]retrieval.Posting, error) { return words[token], nil })
	fmt.Println(len(found), found[0].Ref.Document, err)
	corpus.Remove(kettle)
	fmt.Println(corpus.Len())
	// Output:
	// 1 product:1 <nil>
	// 1
}
