package metering_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/aiwoochat/woochat/app/metering"
	"github.com/aiwoochat/woochat/domain/chat"
	"github.com/aiwoochat/woochat/domain/retrieval"
	"github.com/aiwoochat/woochat/domain/usage"
	"github.com/aiwoochat/woochat/ports"
)

// suspected is a model, and an embedder, whose adapter has refused the
// provider's report and counted by itself.
type suspected struct{ err error }

func (m suspected) Complete(context.Context, chat.Prompt, func(string) error) (chat.Completion, error) {
	return chat.Completion{
		Text: "Hello.", Tokens: chat.Tokens{Input: 9, Output: 2, CountedBy: chat.ByTokenizer}, RawUsage: `{"prompt_tokens":-5}`, Suspect: true,
	}, m.err
}

func (m suspected) Embed(context.Context, []string) (retrieval.Embedding, error) {
	return retrieval.Embedding{Vectors: [][]float32{{1}}, Tokens: 7, RawUsage: `{"prompt_tokens":-5}`, Suspect: true}, m.err
}

// A usage report that was refused is seen: in the event, by who counted and a
// code, and by whoever listens.
func TestARefusedUsageReportIsSeen(t *testing.T) {
	broken := &ports.ModelError{Kind: ports.ModelTruncated}
	for name, c := range map[string]struct {
		call func(w *world) error
		want error
		code string
		by   chat.CountedBy
		in   int64
	}{
		"chat": {func(w *world) error {
			_, err := metering.Metered(w.Service, w.scope(), suspected{}).Complete(w.Context(), prompt(), nil)
			return err
		}, nil, usage.CodeUsageRefused, chat.ByTokenizer, 9},
		"chat that broke": {func(w *world) error {
			_, err := metering.Metered(w.Service, w.scope(), suspected{broken}).Complete(w.Context(), prompt(), nil)
			return err
		}, broken, "UPSTREAM_TRUNCATED", chat.ByTokenizer, 9},
		"embedding": {func(w *world) error {
			_, err := metering.MeteredEmbedder(w.Service, w.scope(), "embedder-1", suspected{}).Embed(w.Context(), []string{"hello"})
			return err
		}, nil, usage.CodeUsageRefused, chat.ByBound, 5},
		"other work": {func(w *world) error {
			work := metering.Work{Kind: usage.Rerank, Model: "model-1", Input: 100, Output: 50}
			_, err := metering.Guard(w.Context(), w.Service, w.scope(), work, func(context.Context, usage.Hold) (usage.Event, error) {
				return usage.Event{Tokens: chat.Tokens{Input: 10, Cached: 11}, RawUsage: `{"prompt_tokens":-5}`}, nil
			})
			return err
		}, nil, usage.CodeUsageRefused, chat.ByBound, 100},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, usage.NoLimits(), nil)
			w.wantErr(c.call(w), c.want)
			e := w.one()
			if e.ErrorCode != c.code || e.Success != (c.want == nil) || e.Tokens.CountedBy != c.by || e.Tokens.Input != c.in || e.RawUsage == "" || e.Cost <= 0 {
				t.Errorf("event %+v", e)
			}
			var told []string
			for _, p := range w.stores.Events.All() {
				if r, ok := p.Event.(metering.UsageRefused); ok && p.Scope == w.scope() {
					told = append(told, fmt.Sprint(r.EventName(), r.Event == e.ID, r.Model, r.CountedBy))
				}
			}
			if want := fmt.Sprint("usage.report_refused", true, e.Model, c.by); len(told) != 1 || told[0] != want {
				t.Errorf("published %q, want %q once", told, want)
			}
		})
	}
}

// A report that was believed is not told of.
func TestAnHonestUsageReportIsNotFlagged(t *testing.T) {
	w := newWorld(t, usage.NoLimits(), nil)
	_, err := metering.Metered(w.Service, w.scope(), saying("Hello.", nil)).Complete(w.Context(), prompt(), nil)
	w.must(err)
	if e := w.one(); e.ErrorCode != "" {
		t.Errorf("event %+v", e)
	}
	for _, p := range w.stores.Events.All() {
		if _, ok := p.Event.(metering.UsageRefused); ok {
			t.Errorf("published %+v", p.Event)
		}
	}
}
