package porttest

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/aiwoochat/woochat/domain/retrieval"
	"github.com/aiwoochat/woochat/ports"
)

// EmbedderUnderTest is what an adapter's test gives to the suite Embedder.
type EmbedderUnderTest struct {
	ports.Embedder
	// Free is set if the embedder spends no tokens.
	Free bool
	// Calls returns how many calls have gone upstream; nil if there is none.
	Calls func() int
}

// Embedder checks an adapter of ports.Embedder. open is called once for each
// case.
func Embedder(t *testing.T, open func(t *testing.T) EmbedderUnderTest) {
	t.Helper()
	runCases(t, embedderCases, func(t *testing.T) *embedderFixture {
		return &embedderFixture{storeT{t}, open(t)}
	})
}

type embedderFixture struct {
	storeT
	EmbedderUnderTest
}

// embed embeds texts and checks what holds for every answer.
func (f *embedderFixture) embed(texts ...string) [][]float32 {
	f.Helper()
	e, err := f.Embed(f.Context(), texts)
	f.must("Embed", err)
	if len(e.Vectors) != len(texts) {
		f.Fatalf("got %d vectors for %d texts", len(e.Vectors), len(texts))
	}
	for i, v := range e.Vectors {
		if len(v) == 0 || len(v) != len(e.Vectors[0]) {
			f.Fatalf("vector %d has length %d, the first has %d", i, len(v), len(e.Vectors[0]))
		}
		if !retrieval.Finite(v) || retrieval.Dot(retrieval.Unit(v), retrieval.Unit(v)) < 0.9 {
			f.Errorf("vector %d of %.40q points nowhere", i, texts[i])
		}
	}
	for i, u := range e.Unknown {
		if u < 0 || u >= len(texts) || i > 0 && u <= e.Unknown[i-1] {
			f.Errorf("Unknown: got %v of %d texts, want their places, ascending", e.Unknown, len(texts))
		}
	}
	switch {
	case e.Tokens < 0:
		f.Errorf("Tokens: got %d", e.Tokens)
	case f.Free && e.Tokens != 0:
		f.Errorf("Tokens: got %d of an embedder that is free", e.Tokens)
	case !f.Free && len(texts) > 0 && e.Tokens == 0:
		f.Error("Tokens: got 0, want what was spent")
	}
	return e.Vectors
}

// same reports whether a and b point the same way, but for what providers
// round.
func (f *embedderFixture) same(a, b []float32) bool {
	return len(a) == len(b) && retrieval.Dot(retrieval.Unit(a), retrieval.Unit(b)) > 0.999
}

var embedderCases = []contractCase[*embedderFixture]{
	{"one vector a text", "Embed returns one vector for each text, in order, all of one length", func(f *embedderFixture) {
		texts := []string{"copper kettle", "a woollen hat for the winter", "do you ship to Austria", "copper kettle"}
		vectors := f.embed(texts...)
		for i, text := range texts {
			if alone := f.embed(text)[0]; !f.same(alone, vectors[i]) {
				f.Errorf("vector %d is not that of %q", i, text)
			}
		}
		if f.same(vectors[0], vectors[1]) || f.same(vectors[1], vectors[2]) {
			f.Error("other texts have the same vector")
		}
	}},
	{"many", "it embeds all of the texts, however many", func(f *embedderFixture) {
		var texts []string
		for i := range 700 {
			texts = append(texts, fmt.Sprintf("product number%d with words of its own: thing%d", i, i*i))
		}
		vectors := f.embed(texts...)
		for _, i := range []int{0, 1, 99, 100, 255, 256, 511, 512, 699} {
			if !f.same(f.embed(texts[i])[0], vectors[i]) {
				f.Errorf("vector %d is not that of its text", i)
			}
		}
	}},
	{"no texts", "no texts give no vectors, no call and no error", func(f *embedderFixture) {
		for _, none := range [][]string{nil, {}} {
			e, err := f.Embed(f.Context(), none)
			f.wantErr("Embed", err, nil)
			f.want("Tokens", e.Tokens, int64(0))
			f.want("number of vectors", len(e.Vectors), 0)
		}
		if f.Calls != nil {
			f.want("calls", f.Calls(), 0)
		}
	}},
	{"empty text", "an empty text is ErrInvalid, and the others are not embedded", func(f *embedderFixture) {
		for _, texts := range [][]string{{""}, {"copper kettle", ""}, {"", "copper kettle"}} {
			e, err := f.Embed(f.Context(), texts)
			f.wantErr("Embed", err, ports.ErrInvalid)
			f.want("number of vectors", len(e.Vectors), 0)
			f.want("Tokens", e.Tokens, int64(0))
		}
		if f.Calls != nil {
			f.want("calls", f.Calls(), 0)
		}
	}},
	{"any text", "text of any script and shape has a vector", func(f *embedderFixture) {
		f.embed(awkward, "登山靴", "!?", "🧥", strings.Repeat("kettle ", 500), "\n\tx\n")
	}},
	{"done context", "a done context ends the call", func(f *embedderFixture) {
		_, err := f.Embed(f.done(), []string{"copper kettle"})
		f.wantErr("Embed", err, f.done().Err())
	}},
	{"concurrent", "calls do not disturb one another", func(f *embedderFixture) {
		want := f.embed("text 0", "text 1", "text 2")
		together(12, func(i int) {
			e, err := f.Embed(f.Context(), []string{fmt.Sprint("text ", i%3)})
			if err != nil || len(e.Vectors) != 1 || !f.same(e.Vectors[0], want[i%3]) {
				f.Errorf("text %d: got %d vectors and error %v, want its own", i%3, len(e.Vectors), err)
			}
		})
	}},
	{"not kept", "slices passed in are not changed; those returned belong to the caller", func(f *embedderFixture) {
		texts := []string{"  Copper Kettle ", "hat"}
		first := f.embed(texts...)
		f.want("texts", texts, []string{"  Copper Kettle ", "hat"})
		kept := slices.Clone(first[1])
		clear(first[1])
		if !f.same(f.embed("hat")[0], kept) {
			f.Error("a caller that changed its vector changed the embedder's")
		}
	}},
}
