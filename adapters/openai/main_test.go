package openai_test

import (
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/aiwoochat/woochat/adapters/openai"
	"github.com/aiwoochat/woochat/domain/chat"
	"github.com/aiwoochat/woochat/test/fakes/openaifake"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const testKey = "sk-proj-4f7Qw9ZkLm2Xv8Tb"

// words counts as the fake does, a token a word, for every model but those
// whose name it is told not to know.
type words struct{ unknown string }

func (w words) Count(model, text string) (int64, bool) {
	if w.unknown != "" && model == w.unknown {
		return int64(len(text)), false
	}
	return int64(len(strings.Fields(text))), true
}

// config reaches the fake, with timeouts short enough for tests.
func config(fake *openaifake.Server) openai.Config {
	return openai.Config{
		BaseURL:        fake.URL(),
		APIKey:         openai.NewSecret(testKey),
		Tokenizer:      words{},
		FirstToken:     10 * time.Second,
		BetweenTokens:  10 * time.Second,
		EmbeddingModel: "e",
	}
}

func newChat(t *testing.T, cfg openai.Config) *openai.ChatModel {
	t.Helper()
	m, err := openai.NewChatModel(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := m.Close(); err != nil {
			t.Error(err)
		}
	})
	return m
}

func newEmbedder(t *testing.T, cfg openai.Config) *openai.Embedder {
	t.Helper()
	e, err := openai.NewEmbedder(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
	return e
}

const question = "Which blue mug is in stock today?"

func prompt(model string, maxTokens int64) chat.Prompt {
	return chat.Prompt{
		Model: model, MaxTokens: maxTokens, CallID: "evt_" + model,
		Messages: []chat.Message{
			{Speaker: chat.System, Text: "Answer from the passages.\n[1] The blue mug holds 350 ml."},
			{Speaker: chat.Shopper, Text: question},
		},
	}
}
