package tiktoken_test

import (
	"fmt"
	"testing"

	"github.com/aiwoochat/woochat/adapters/tiktoken"
	"github.com/aiwoochat/woochat/ports"
	"github.com/aiwoochat/woochat/test/porttest"
)

func TestTokenizer(t *testing.T) {
	porttest.Tokenizer(t, func(*testing.T) porttest.TokenizerUnderTest {
		return porttest.TokenizerUnderTest{Tokenizer: tiktoken.New(), Models: []string{"gpt-4o-mini", "text-embedding-3-small"}}
	})
}

func TestModels(t *testing.T) {
	// The newer vocabulary has more of German.
	const text = "Größe 42, wasserdicht"
	tk := tiktoken.New()
	newer, _ := tk.Count("gpt-4o", text)
	older, _ := tk.Count("gpt-4", text)
	if newer >= older {
		t.Fatalf("the text does not tell the vocabularies apart: %d and %d tokens", newer, older)
	}
	for model, want := range map[string]int64{
		"gpt-4o": newer, "gpt-4o-mini": newer, "gpt-4o-mini-2024-07-18": newer, "chatgpt-4o-latest": newer, "gpt-4.1-nano": newer, "gpt-5": newer, "gpt-5-mini-2025-08-07": newer,
		"o1": newer, "o3-mini": newer, "o4-mini-2025-04-16": newer, "ft:gpt-4o-mini-2024-07-18:shop::abc": newer, "openai/gpt-4o": newer,
		"gpt-4": older, "gpt-4-turbo": older, "gpt-3.5-turbo-0125": older, "gpt-35-turbo": older, "text-embedding-3-large": older, "ft:gpt-3.5-turbo:shop::x": older,
	} {
		if got, exact := tk.Count(model, text); got != want || !exact {
			t.Errorf("%s: got %d, exact %v, want %d", model, got, exact, want)
		}
	}
	for _, model := range []string{"", "llama3.2", "gpt-oss:20b", "gpt-5x", "o200k", "mistral/gpt-4o", "gpt-4omni"} {
		if got, exact := tk.Count(model, text); got != int64(len(text)) || exact {
			t.Errorf("%s: got %d, exact %v, want the bytes", model, got, exact)
		}
	}
}

func ExampleNew() {
	var t ports.Tokenizer = tiktoken.New()
	fmt.Println(t.Count("gpt-4o-mini", "hello world"))
	fmt.Println(t.Count("llama3.2", "hello world"))
	// Output:
	// 2 true
	// 11 false
}
