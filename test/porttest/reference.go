package porttest

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/aiwoochat/woochat/domain/catalog"
	"github.com/aiwoochat/woochat/domain/retrieval"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/ports"
)

// SearchedIndex is an index that is filled and searched.
type SearchedIndex interface {
	ports.Indexer
	ports.Searcher
}

// Comparison says how an index is compared with the reference. The zero value
// of a field means its default.
type Comparison struct {
	Steps int // documents that are put, each followed by a search; default 300
	// Searched is the one that is searched at a step: another process on the same
	// index, perhaps. Default: the one that is filled.
	Searched func(r *rand.Rand) ports.Searcher
	// Change changes an entry before it is put to both.
	Change func(r *rand.Rand, e *retrieval.Entry)
	// Beside is done at each step, with an entry like those that are put.
	Beside func(e retrieval.Entry)
	// Same says whether a search may find got where the reference finds want.
	// Default: they are equal, scores too.
	Same func(got, want []retrieval.Passage) bool
}

// CompareIndexes fails the test unless x finds in s what the reference finds
// there, over random documents, replacements, removals and queries, the same
// ones each time.
func CompareIndexes(t *testing.T, x, reference SearchedIndex, s tenant.Scope, c Comparison) {
	t.Helper()
	if c.Steps == 0 {
		c.Steps = 300
	}
	if c.Searched == nil {
		c.Searched = func(*rand.Rand) ports.Searcher { return x }
	}
	if c.Same == nil {
		c.Same = func(got, want []retrieval.Passage) bool {
			return len(got) == 0 && len(want) == 0 || reflect.DeepEqual(got, want)
		}
	}
	r := rand.New(rand.NewPCG(1, 2))
	entry := func(step int) retrieval.Entry {
		e := randomEntry(r, step)
		if c.Change != nil {
			c.Change(r, &e)
		}
		return e
	}
	for step := range c.Steps {
		e := entry(step)
		for _, index := range []ports.Indexer{x, reference} {
			if err := index.Put(t.Context(), s, e); err != nil {
				t.Fatal(err)
			}
		}
		if c.Beside != nil {
			c.Beside(entry(step))
		}
		q := randomQuery(r)
		got, err := c.Searched(r).Search(t.Context(), s, q)
		if err != nil {
			t.Fatal(err)
		}
		want, err := reference.Search(t.Context(), s, q)
		if err != nil {
			t.Fatal(err)
		}
		if !c.Same(got, want) {
			t.Fatalf("step %d, %+v:\n got %+v\nwant %+v", step, q, got, want)
		}
	}
}

// RandomText returns n words, a few of which are in most texts and most in few.
func RandomText(r *rand.Rand, n int) string {
	words := strings.Fields("copper kettle lamp blue red stand tea pot wool hat boots Größe 登山靴 the of with AB-12 AND NOT")
	var b strings.Builder
	for range n {
		b.WriteString(words[min(r.IntN(len(words)), r.IntN(len(words)))] + " ")
	}
	return b.String()
}

func randomVector(r *rand.Rand) []float32 {
	return []float32{r.Float32() - 0.5, r.Float32() - 0.5, r.Float32() - 0.5}
}

// randomEntry returns one of 40 products; a quarter of them have no chunks.
func randomEntry(r *rand.Rand, step int) retrieval.Entry {
	n := r.IntN(40)
	e := retrieval.Entry{
		Document: retrieval.DocumentID(fmt.Sprintf("product:%d", n)), Revision: fmt.Sprint(step), Kind: catalog.KindProduct,
		Locale: []string{"", "de", "de-AT", "en", retrieval.LocaleUnknown}[(n+step)%5], Title: RandomText(r, 1+r.IntN(3)),
		Facts: catalog.Facts{
			SKUs: []string{fmt.Sprintf("AB-%d", r.IntN(30))}, Brands: []string{RandomText(r, 1)},
			Offers: []catalog.Offer{{Regular: indexEuros(int64(r.IntN(100)))}},
		},
	}
	for i := range r.IntN(4) {
		k := retrieval.Chunk{Seq: i, Heading: RandomText(r, r.IntN(2)), Text: RandomText(r, r.IntN(30))}
		if r.IntN(3) > 0 {
			k.Vector = randomVector(r)
		}
		e.Chunks = append(e.Chunks, k)
	}
	return e
}

func randomQuery(r *rand.Rand) retrieval.Query {
	q := retrieval.Query{Limit: 1 + r.IntN(30), At: time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)}
	if r.IntN(4) > 0 {
		q.Text = RandomText(r, 1+r.IntN(5))
	}
	if r.IntN(2) > 0 {
		q.Vector = randomVector(r)
	}
	if r.IntN(4) == 0 {
		q.Codes = []string{fmt.Sprintf("ab%d", r.IntN(30))}
	}
	if r.IntN(3) == 0 {
		q.Filter.MaxPrice = indexEuros(int64(r.IntN(100)))
	}
	if r.IntN(4) == 0 {
		q.Filter.Language = retrieval.Language{Locale: []string{"de-CH", "en"}[r.IntN(2)], Unmarked: r.IntN(2) == 0}
	}
	return q
}
