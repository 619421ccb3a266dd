package tiktoken

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/tiktoken-go/tokenizer"
)

// FuzzWords compares counting by words with the library's own count of the whole
// text.
func FuzzWords(f *testing.F) {
	var all []*vocabulary
	for _, e := range []tokenizer.Encoding{tokenizer.Cl100kBase, tokenizer.O200kBase} {
		codec, err := tokenizer.Get(e)
		if err != nil {
			f.Fatal(err)
		}
		all = append(all, newVocabulary(codec))
	}
	for _, text := range []string{
		"", " ", "a", "a b", " a b ", "a  b", "a \n b", "don't know 'S it", "it's the shop's 'll x", "x 12 y", "Größe 42 und weiß x", "e\u0301 a\u0301 b", "a\u00a0b c",
		"ab\xff cd\xfe e", "<p>a b</p> c d", "HELLO World camelCase iPhone x", "a ’s b", "a\u017f b", "日本 a b 語", "a/b /c d//\n e", "end \t\r\n\r\n a b",
	} {
		f.Add(text)
	}
	// Texts of all that the expressions tell apart, in any order.
	parts := []string{" ", " ", " ", "a", "b", "Z", "'s", "'", "'LL", "7", "42", ".", "/", "\n", "\r\n", "\t", "é", "\u0301", "ſ", "K", "語", "ǅ", "\u00a0", "\u2028", "\xff", "👍", "word", "Shop"}
	r := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		var b strings.Builder
		for range 1 + r.IntN(30) {
			b.WriteString(parts[r.IntN(len(parts))])
		}
		f.Add(b.String())
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, v := range all {
			want, err := v.codec.Count(text)
			for range 2 { // once remembered
				if got, ok := v.count(text); err == nil && (!ok || got != int64(want)) {
					t.Errorf("%s: %q has %d tokens, got %d, %v", v.codec.GetName(), text, want, got, ok)
				}
			}
		}
	})
}

func TestWordsAreForgotten(t *testing.T) {
	codec, err := tokenizer.Get(tokenizer.Cl100kBase)
	if err != nil {
		t.Fatal(err)
	}
	v := newVocabulary(codec)
	for i := range 2*maxWords + 5 {
		v.remember(strings.Repeat("x", i%maxWord)+" "+string(rune(i)), 1)
	}
	v.remember(strings.Repeat("long", maxWord), 1)
	if n := len(v.words); n == 0 || n > maxWords {
		t.Errorf("%d words are kept, want at most %d", n, maxWords)
	}
	if _, ok := v.words[strings.Repeat("long", maxWord)]; ok {
		t.Error("a long word is kept")
	}
}
