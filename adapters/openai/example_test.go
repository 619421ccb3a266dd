package openai_test

import (
	"context"
	"fmt"

	"github.com/aiwoochat/woochat/adapters/openai"
	"github.com/aiwoochat/woochat/domain/chat"
	"github.com/aiwoochat/woochat/test/fakes/openaifake"
)

func ExampleNewChatModel() {
	fake, err := openaifake.Start(openaifake.Options{}) // in place of OpenAI or a local server
	if err != nil {
		fmt.Println(err)
		return
	}
	defer fake.Close()

	model, err := openai.NewChatModel(openai.Config{BaseURL: fake.URL(), APIKey: openai.NewSecret("sk-...")})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer model.Close()
	got, err := model.Complete(context.Background(), chat.Prompt{
		Model: "gpt-4o-mini", MaxTokens: 600,
		Messages: []chat.Message{
			{Speaker: chat.System, Text: "Answer from the passages.\n[1] Returns are free for 30 days."},
			{Speaker: chat.Shopper, Text: "Can I send it back?"},
		},
	}, func(text string) error {
		fmt.Print(text)
		return nil
	})
	fmt.Println()
	fmt.Println(got.Finish, got.Tokens.CountedBy, err)
	// Output:
	// Here is what the shop says: Returns are free for 30 days. [1]
	// stop provider <nil>
}

func ExampleNewEmbedder() {
	fake, err := openaifake.Start(openaifake.Options{Dimensions: 8})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer fake.Close()

	embedder, err := openai.NewEmbedder(openai.Config{BaseURL: fake.URL(), EmbeddingModel: "text-embedding-3-small"})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer embedder.Close()
	got, err := embedder.Embed(context.Background(), []string{"blue mug", "red mug"})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(len(got.Vectors), "vectors of", len(got.Vectors[0]), "numbers for", got.Tokens, "tokens")
	// Output: 2 vectors of 8 numbers for 4 tokens
}

func ExampleNewSecret() {
	key := openai.NewSecret("sk-4711")
	fmt.Printf("%v %+v\n", key, struct{ APIKey openai.Secret }{key})
	// Output: [redacted] {APIKey:[redacted]}
}
