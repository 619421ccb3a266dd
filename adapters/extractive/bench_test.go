package extractive_test

import (
	"testing"

	"github.com/aiwoochat/woochat/adapters/extractive"
	"github.com/aiwoochat/woochat/domain/chat"
)

func BenchmarkComplete(b *testing.B) {
	p := chat.Prompt{Question: "Do you have a waterproof jacket, and how much is shipping to Austria?", Evidence: shelf(), MaxTokens: 600, Locale: "en"}
	for b.Loop() {
		if _, err := extractive.New().Complete(b.Context(), p, nil); err != nil {
			b.Fatal(err)
		}
	}
}
