package openai_test

import (
	"testing"

	"github.com/aiwoochat/woochat/ports"
	"github.com/aiwoochat/woochat/test/fakes/openaifake"
	"github.com/aiwoochat/woochat/test/porttest"
)

func TestChatModel(t *testing.T) {
	porttest.ChatModel(t, func(t *testing.T, says string) porttest.ModelUnderTest {
		begins := func(then func(*openaifake.Exchange)) ports.ChatModel {
			fake := openaifake.New(t, openaifake.Options{Scenario: "begins", Scenarios: map[string]func(*openaifake.Exchange){
				"begins": func(e *openaifake.Exchange) {
					e.Delta("The kettle")
					then(e)
				},
			}})
			return newChat(t, config(fake))
		}
		fake := openaifake.New(t, openaifake.Options{Script: func(openaifake.ChatRequest) string { return says }})
		return porttest.ModelUnderTest{
			ChatModel: newChat(t, config(fake)),
			Verbatim:  true,
			Stalling:  begins((*openaifake.Exchange).Wait),
			Breaking:  begins((*openaifake.Exchange).Reset),
		}
	})
}

func TestEmbedder(t *testing.T) {
	porttest.Embedder(t, func(t *testing.T) porttest.EmbedderUnderTest {
		fake := openaifake.New(t, openaifake.Options{Dimensions: 256})
		cfg := config(fake)
		cfg.MaxBatchTexts = 100
		return porttest.EmbedderUnderTest{
			Embedder: newEmbedder(t, cfg),
			Calls:    func() int { return len(fake.Calls()) },
		}
	})
}
