package glove_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/aiwoochat/woochat/adapters/glove"
	"github.com/aiwoochat/woochat/domain/retrieval"
	"github.com/aiwoochat/woochat/ports"
	"github.com/aiwoochat/woochat/test/porttest"
)

func TestEmbedder(t *testing.T) {
	porttest.Embedder(t, func(*testing.T) porttest.EmbedderUnderTest {
		return porttest.EmbedderUnderTest{Embedder: glove.New(), Free: true}
	})
}

func TestIsWord(t *testing.T) {
	e := glove.New()
	for word, want := range map[string]bool{
		"sofa": true, "sofas": true, "tents": true, "café": true, "jacket": true,
		"jaket": false, "tentts": false, "waterprof": false, "": false, "s": false, strings.Repeat("a", 1000): false,
	} {
		if e.IsWord(word) != want {
			t.Errorf("%q: is a word: %v, want %v", word, !want, want)
		}
	}
}

func embed(t *testing.T, texts ...string) [][]float32 {
	t.Helper()
	e, err := glove.New().Embed(t.Context(), texts)
	if err != nil {
		t.Fatal(err)
	}
	return e.Vectors
}

func TestTheFileIsTheOneOfTheName(t *testing.T) {
	b, err := os.ReadFile("words.bin")
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(b)
	// Another file makes other vectors, which must not be compared with those of
	// before: change the number in glove.Model with it.
	want := map[string]string{"glove-en-1": "50b83781d1fdd566b0d3bb5beeaaea40262571e27be8b3840d9e216ba874f780"}
	if got := hex.EncodeToString(sum[:]); got != want[glove.Model] {
		t.Errorf("words.bin of %s has SHA-256 %s, want %s", glove.Model, got, want[glove.Model])
	}
	if n := len(b); n < 3_000_000 || n > 7_000_000 {
		t.Errorf("words.bin has %d bytes, want 3 to 7 million", n)
	}
}

// The numbers were made on amd64; every machine must come to the same ones.
func TestTheVectorIsTheSameOnEveryMachine(t *testing.T) {
	h := sha256.New()
	for _, v := range embed(t, "Something warm for cold feet, please!", "A three-layer rain jacket for long wet days", "登山靴", "!?") {
		for _, x := range v {
			fmt.Fprintf(h, "%x ", x)
		}
	}
	if got, want := hex.EncodeToString(h.Sum(nil)), "acab9ec5f64ac7294fdb0c9260a98914e4d33ac964b2a26e30743522d3ec3f68"; got != want {
		t.Errorf("the vectors hash to %s, want %s", got, want)
	}
}

func TestVectorsAreOfLengthOne(t *testing.T) {
	for i, v := range embed(t, "boots", "the", "the of and", "xqzzk", "🧥", strings.Repeat("warm woollen hat ", 10_000)) {
		if n := retrieval.Dot(v, v); len(v) != glove.Dim || n < 0.9999 || n > 1.0001 {
			t.Errorf("vector %d has %d numbers and length %v", i, len(v), n)
		}
	}
}

// Each question shares no word with the text that must be nearest.
func TestMeaning(t *testing.T) {
	texts := []string{
		"Leather hiking boots with a stiff sole", "Waterproof jacket with hood", "Insulated bottle for coffee", "Headlamp with 400 lumens",
		"You may send back what you have bought within 60 days", "We accept credit cards and bank transfer",
	}
	vectors := embed(t, texts...)
	for question, want := range map[string]int{
		"shoes for walking in the mountains": 0, "a coat for the rain": 1, "something to keep my tea hot": 2, "a lamp for the dark": 3,
		"can I return an item I purchased?": 4, "can I pay by visa or cheque?": 5,
	} {
		q, best := embed(t, question)[0], 0
		for i, v := range vectors {
			if retrieval.Dot(q, v) > retrieval.Dot(q, vectors[best]) {
				best = i
			}
		}
		if best != want {
			t.Errorf("%q is nearest to %q, want %q", question, texts[best], texts[want])
		}
	}
}

// What is written otherwise, or in a form that is not in the table, is the word
// that is.
func TestForms(t *testing.T) {
	for word, like := range map[string]string{
		"BOOTS": "boots", "Boots!": "boots", "men's": "men", "men’s": "men", "café": "cafe", "crêpe": "crepe", "e‐mail": "e-mail",
		"spatulas": "spatula", "waterproofness": "waterproof", "rain-jacket": "rain jacket", "quick-drying": "quick drying",
		"colour-coded": "colour coded", "ｂｏｏｔｓ": "xqzzk ｂｏｏｔｓ",
	} {
		vs := embed(t, word, like)
		if d := retrieval.Dot(vs[0], vs[1]); d < 0.9 && word != "ｂｏｏｔｓ" || d < 0.1 {
			t.Errorf("%q and %q: cosine %.3f", word, like, d)
		}
	}
}

func TestTextsOfUnknownWords(t *testing.T) {
	e, err := glove.New().Embed(t.Context(), []string{"FF-JKT-0101", "warm jacket", "ff-jkt-0101", "登山靴", "the warm jacket FF-JKT-0101", "warm jacket"})
	if err != nil || !slices.Equal(e.Unknown, []int{0, 2, 3}) {
		t.Fatalf("unknown are %v, error %v", e.Unknown, err)
	}
	vs := e.Vectors
	for _, c := range []struct {
		a, b     int
		min, max float64
		why      string
	}{
		{0, 1, 0, 0, "a code is near no text with words"},
		{3, 1, 0, 0, "another script is near no text with words"},
		{0, 2, 0.999, 1.001, "the same code in another case is the same"},
		{0, 3, 0, 0.9, "two unknown texts are not the same"},
		{1, 5, 0.999, 1.001, "the same text is the same"},
		{1, 4, 0.9, 1.001, "a code among words changes nothing"},
	} {
		if d := retrieval.Dot(vs[c.a], vs[c.b]); d < c.min || d > c.max {
			t.Errorf("%s: cosine %.4f", c.why, d)
		}
	}
}

func TestKnows(t *testing.T) {
	for locale, want := range map[string]bool{"en": true, "en-GB": true, "EN_us": true, "": true, "de": false, "eno": false, "nl-BE": false} {
		if got := glove.Knows(locale); got != want {
			t.Errorf("Knows(%q): got %v", locale, got)
		}
	}
}

func TestALongTextIsBounded(t *testing.T) {
	long := strings.Repeat("boots ", 10_000)
	vs := embed(t, long, long+strings.Repeat("kettle ", 100_000))
	if d := retrieval.Dot(vs[0], vs[1]); d < 0.9999 {
		t.Errorf("words beyond the bound count: cosine %v", d)
	}
}

func TestADoneContextEndsIt(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := glove.New().Embed(ctx, []string{"boots"}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func BenchmarkEmbed(b *testing.B) {
	e, texts := glove.New(), []string{strings.Repeat("A three-layer rain jacket for long wet days, with taped seams and a helmet-friendly hood. ", 8)}
	for b.Loop() {
		if _, err := e.Embed(b.Context(), texts); err != nil {
			b.Fatal(err)
		}
	}
}

func ExampleNew() {
	e, err := glove.New().Embed(context.Background(), []string{"a coat for the rain", "Waterproof jacket with hood", "Credit cards and bank transfer"})
	if err != nil {
		fmt.Println(err)
		return
	}
	question, jacket, payment := e.Vectors[0], e.Vectors[1], e.Vectors[2]
	fmt.Println(len(question), e.Tokens, retrieval.Dot(question, jacket) > retrieval.Dot(question, payment))
	// Output: 128 0 true
}

var _ ports.Embedder = glove.New()
