package porttest

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aiwoochat/woochat/ports"
)

// TokenizerUnderTest is what an adapter's test gives to the suite Tokenizer.
type TokenizerUnderTest struct {
	ports.Tokenizer
	// Models are names of models whose vocabulary the tokenizer has.
	Models []string
}

// Tokenizer checks an adapter of ports.Tokenizer. open is called once for each
// case.
func Tokenizer(t *testing.T, open func(t *testing.T) TokenizerUnderTest) {
	t.Helper()
	runCases(t, tokenizerCases, func(t *testing.T) *tokenizerFixture { return &tokenizerFixture{storeT{t}, open(t)} })
}

type tokenizerFixture struct {
	storeT
	TokenizerUnderTest
}

const tokenizerNoModel = "no-such-model-7b"

func tokenizerTexts() []string {
	return []string{
		"hello world", "Größe 42 – Damenschuhe, rot; 19,99 €", "こんにちは世界、靴はありますか?", "🛒👟 checkout now!!!  \n\n\t x",
		`{"a": [1,2,3], "b": null}`, "SKU-12345-XL/ARTICLE #998877", "<|endoftext|>", "<|im_start|>system", strings.Repeat("a", 300), "\u00a0nbsp\u00a0 and \r\n crlf   trailing   ",
		awkward, "\xff\xfe broken \xc3(", "\x00",
	}
}

var tokenizerCases = []contractCase[*tokenizerFixture]{
	{"known", "the tokens of a model whose vocabulary is known are exact: at least one and at most one a byte, always the same", func(f *tokenizerFixture) {
		for _, model := range f.Models {
			for _, text := range tokenizerTexts() {
				n, exact := f.Count(model, text)
				if !exact || n < 1 || n > int64(len(text)) {
					f.Errorf("%s: %.40q of %d bytes: got %d, exact %v", model, text, len(text), n, exact)
				}
				if again, _ := f.Count(model, text); again != n {
					f.Errorf("%s: %.40q: got %d and then %d", model, text, n, again)
				}
			}
			if n, _ := f.Count(model, strings.Repeat("hello world ", 100)); n > 500 {
				f.Errorf("%s: 200 words: got %d tokens, which is no vocabulary", model, n)
			}
		}
	}},
	{"unknown", "of another model it is the length in bytes, and not exact", func(f *tokenizerFixture) {
		for _, model := range []string{tokenizerNoModel, ""} {
			for _, text := range append(tokenizerTexts(), "") {
				n, exact := f.Count(model, text)
				if exact || n != int64(len(text)) {
					f.Errorf("%q: %.40q: got %d, exact %v, want %d and not exact", model, text, n, exact, len(text))
				}
			}
		}
	}},
	{"nothing", "an empty text has no tokens", func(f *tokenizerFixture) {
		for _, model := range append(f.Models, tokenizerNoModel) {
			if n, _ := f.Count(model, ""); n != 0 {
				f.Errorf("%s: got %d", model, n)
			}
		}
	}},
	{"special tokens", "a shopper cannot write a model's control tokens: they are counted as the text that they are", func(f *tokenizerFixture) {
		for _, model := range f.Models {
			for _, text := range []string{"<|endoftext|>", "<|fim_prefix|>", "<|endofprompt|>"} {
				if n, _ := f.Count(model, text); n < 2 {
					f.Errorf("%s: %s: got %d", model, text, n)
				}
			}
		}
	}},
	{"large", "text that no vocabulary likes does not take its square in time", func(f *tokenizerFixture) {
		for _, model := range append(f.Models, tokenizerNoModel) {
			began := time.Now()
			f.Count(model, strings.Repeat("a", 20_000))
			f.Count(model, strings.Repeat(" ", 20_000))
			if took := time.Since(began); took > 5*time.Second {
				f.Errorf("%s: 40 kB took %v", model, took)
			}
		}
	}},
	{"concurrent", "Count may be called concurrently, also the first time", func(f *tokenizerFixture) {
		var want [4]int64
		together(16, func(i int) {
			for _, model := range append(f.Models, tokenizerNoModel) {
				n, _ := f.Count(model, fmt.Sprintf("the %d of these", i%4))
				if n < 1 {
					f.Errorf("%s: got %d", model, n)
				}
			}
		})
		for i := range want {
			want[i], _ = f.Count(tokenizerNoModel, fmt.Sprintf("the %d of these", i))
			if want[i] != int64(len("the 0 of these")) {
				f.Errorf("got %d", want[i])
			}
		}
	}},
}
