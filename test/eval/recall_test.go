package eval_test

import (
	"testing"

	"github.com/aiwoochat/woochat/domain/retrieval"
	"github.com/aiwoochat/woochat/test/eval/esci"
)

// TestSignsFindTheNearest looks through the signs of real vectors of products
// first, as is done in large sites, for those of shoppers' questions: of the ten
// nearest, at least 98 of a hundred are found.
func TestSignsFindTheNearest(t *testing.T) {
	figure(t)
	products, err := esci.Vectors(folder, "products.i8")
	if err != nil {
		t.Fatal(err)
	}
	questions, err := esci.Vectors(folder, "queries.i8")
	if err != nil {
		t.Fatal(err)
	}
	for i, v := range products {
		products[i] = retrieval.Unit(v)
	}
	bySigns, exact := retrieval.Vectors{ExactUpTo: 1}, retrieval.Vectors{}
	bySigns.Add(products...)
	exact.Add(products...)
	for name, let := range map[string]func(int) bool{"all": nil, "one in ten": func(i int) bool { return i%10 == 3 }} {
		for _, n := range []int{10, 100} {
			found := 0
			for _, q := range questions {
				want := make(map[int]bool)
				for _, near := range exact.Nearest(retrieval.Unit(q), n, let) {
					want[near.At] = true
				}
				for _, near := range bySigns.Nearest(retrieval.Unit(q), n, let) {
					if want[near.At] {
						found++
					}
				}
			}
			recall := float64(found) / float64(n*len(questions))
			t.Logf("%s: recall@%d %.4f", name, n, recall)
			if recall < 0.98 {
				t.Errorf("%s: recall@%d is %.4f, want at least 0.98", name, n, recall)
			}
		}
	}
}
