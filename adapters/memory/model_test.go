package memory_test

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/aiwoochat/woochat/adapters/memory"
	"github.com/aiwoochat/woochat/domain/chat"
	"github.com/aiwoochat/woochat/domain/retrieval"
	"github.com/aiwoochat/woochat/ports"
	"github.com/aiwoochat/woochat/test/porttest"
)

func TestModel(t *testing.T) {
	porttest.ChatModel(t, func(_ *testing.T, says string) porttest.ModelUnderTest {
		return porttest.ModelUnderTest{
			ChatModel: memory.NewModel(says), Verbatim: true,
			Breaking: memory.NewModelFunc(func(context.Context, chat.Prompt) (string, error) {
				return says[:40], &ports.ModelError{Kind: ports.ModelTruncated, Message: "scripted"}
			}),
		}
	})
}

func TestModelPrompts(t *testing.T) {
	m := memory.NewModel("yes")
	for _, question := range []string{"one", "two"} {
		if _, err := m.Complete(t.Context(), chat.Prompt{Question: question, MaxTokens: 5}, nil); err != nil {
			t.Fatal(err)
		}
	}
	if got := m.Prompts(); len(got) != 2 || got[0].Question != "one" || got[1].Question != "two" {
		t.Errorf("got %v, want both prompts in order", got)
	}
}

func TestEmbedder(t *testing.T) {
	porttest.Embedder(t, func(*testing.T) porttest.EmbedderUnderTest {
		return porttest.EmbedderUnderTest{Embedder: memory.NewEmbedder(256)}
	})
}

func TestEmbedderBringsTextsThatShareWordsNearer(t *testing.T) {
	e, err := memory.NewEmbedder(512).Embed(t.Context(), []string{"copper kettle", "a kettle of copper", "woollen hat"})
	if err != nil {
		t.Fatal(err)
	}
	v := e.Vectors
	if near, far := retrieval.Dot(v[0], v[1]), retrieval.Dot(v[0], v[2]); near <= far {
		t.Errorf("the texts that share words are at %v, the others at %v", near, far)
	}
}

func TestTokenizer(t *testing.T) {
	porttest.Tokenizer(t, func(*testing.T) porttest.TokenizerUnderTest {
		return porttest.TokenizerUnderTest{Tokenizer: memory.NewTokenizer()}
	})
}

func ExampleNewModel() {
	m := memory.NewModel("It holds 1.7 litres.")
	c, err := m.Complete(context.Background(), chat.Prompt{MaxTokens: 3}, func(text string) error {
		fmt.Printf("%q ", text)
		return nil
	})
	fmt.Println(c.Finish, c.Tokens.Output, err)
	// Output: "It " "holds " "1.7 " length 3 <nil>
}

func ExampleNewModelFunc() {
	m := memory.NewModelFunc(func(_ context.Context, p chat.Prompt) (string, error) {
		return "You asked: " + p.Question, nil
	})
	c, err := m.Complete(context.Background(), chat.Prompt{Question: "Is it blue?", MaxTokens: 100}, nil)
	fmt.Println(c.Text, err)
	// Output: You asked: Is it blue? <nil>
}

func ExampleNewEmbedder() {
	e, err := memory.NewEmbedder(64).Embed(context.Background(), []string{"copper kettle", "Copper kettles!"})
	fmt.Println(len(e.Vectors), slices.Equal(e.Vectors[0], e.Vectors[1]), err)
	// Output: 2 true <nil>
}

func ExampleNewTokenizer() {
	fmt.Println(memory.NewTokenizer().Count("any-model", "Größe"))
	// Output: 7 false
}

func TestReranker(t *testing.T) {
	porttest.Reranker(t, func(*testing.T) porttest.RerankerUnderTest {
		return porttest.RerankerUnderTest{Reranker: memory.NewReranker()}
	})
}
