package metering_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aiwoochat/woochat/adapters/memory"
	"github.com/aiwoochat/woochat/app/metering"
	"github.com/aiwoochat/woochat/domain/chat"
	"github.com/aiwoochat/woochat/domain/retrieval"
	"github.com/aiwoochat/woochat/domain/usage"
	"github.com/aiwoochat/woochat/ports"
)

// No hold expires under a running call: a call that nobody ends is ended by the
// meter, before the sweep could give away what it may still spend.
func TestACallEndsBeforeItsHold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for name, run := range map[string]func(*world) error{
			"Metered": func(w *world) error {
				_, err := metering.Metered(w.Service, w.scope(), hanging{}).Complete(w.Context(), prompt(), nil)
				return err
			},
			"MeteredEmbedder": func(w *world) error {
				_, err := metering.MeteredEmbedder(w.Service, w.scope(), "embedder-1", hanging{}).Embed(w.Context(), []string{"a"})
				return err
			},
			"Guard": func(w *world) error {
				work := metering.Work{Kind: usage.Chat, Model: "model-1", Input: 10, Output: 10}
				_, err := metering.Guard(w.Context(), w.Service, w.scope(), work, func(ctx context.Context, _ usage.Hold) (usage.Event, error) {
					<-ctx.Done()
					return usage.Event{}, ctx.Err()
				})
				return err
			},
		} {
			w := newWorld(t, usage.NoLimits(), nil)
			began := time.Now()
			w.wantErr(run(w), context.DeadlineExceeded)
			if took := time.Since(began); took < w.deps.CallTimeout || took >= w.deps.CallTimeout+metering.ExpiryMargin {
				t.Errorf("%s: ended after %v; the call may take %v, and the hold expires %v later", name, took, w.deps.CallTimeout, metering.ExpiryMargin)
			}
			w.one()
		}
	})
}

// hanging is a provider that never answers.
type hanging struct{}

func (hanging) Complete(ctx context.Context, _ chat.Prompt, _ func(string) error) (chat.Completion, error) {
	<-ctx.Done()
	return chat.Completion{}, ctx.Err()
}

func (hanging) Embed(ctx context.Context, _ []string) (retrieval.Embedding, error) {
	<-ctx.Done()
	return retrieval.Embedding{}, ctx.Err()
}

// The ports say it: an error without a count means that the call never reached
// a provider, as when its shopper left between the note that it is about to be
// sent and its first byte.
func TestACallThatWasNeverSentCostsARequestOnly(t *testing.T) {
	w := newWorld(t, usage.NoLimits(), nil)
	ctx, leave := context.WithCancel(w.Context())
	leaving := memory.NewModelFunc(func(context.Context, chat.Prompt) (string, error) { return "", nil })
	_, err := metering.Metered(w.Service, w.scope(), leavesFirst{leaving, leave}).Complete(ctx, prompt(), nil)
	w.wantErr(err, context.Canceled)
	if e := w.one(); e.Tokens != (chat.Tokens{CountedBy: chat.ByProvider}) || e.Cost != 0 || e.ChatRequests != 1 || e.ErrorCode != metering.CodeCanceled {
		t.Errorf("event %+v", e)
	}
}

// leavesFirst is a model whose caller goes before the call is sent.
type leavesFirst struct {
	ports.ChatModel
	leave func()
}

func (m leavesFirst) Complete(ctx context.Context, _ chat.Prompt, _ func(string) error) (chat.Completion, error) {
	m.leave()
	return chat.Completion{}, ctx.Err()
}

// A model of our own has no tokens: what it has written when its process dies
// is none either, and so cannot go over a limit.
func TestALocalModelThatIsLostHasNoTokens(t *testing.T) {
	w := newWorld(t, usage.Limits{ChatRequests: 1}, nil)
	p := prompt()
	p.Model = "local"
	call, err := w.ChatCall(w.Context(), p)
	w.must(err)
	call.ChatRequests = 1
	a := w.admit(call.Bound())
	running := w.start(a, call, usage.Amounts{})
	_, err = running.Complete(w.Context(), memory.NewModel("Hello to you, my dear customer."), p, nil)
	w.must(err)
	w.must(w.Checkpoint(w.Context())) // and here the process dies
	w.clock.Advance(time.Hour)
	if n, err := w.Sweep(w.Context()); n != 1 || err != nil {
		t.Fatalf("swept %d, %v", n, err)
	}
	if e := w.one(); e.Tokens.Total() != 0 || e.Excess != 0 || e.ChatRequests != 1 {
		t.Errorf("event %+v", e)
	}
}

// A panic of an importer's model leaves nothing running behind.
func TestAPanicLeavesNoCheckpoints(t *testing.T) {
	var noted int
	w := newWorld(t, usage.NoLimits(), func(w *world) { w.deps.Checkpointer = counting{w.deps.Checkpointer, &noted} })
	func() {
		defer func() { _ = recover() }()
		_, _ = metering.Metered(w.Service, w.scope(), panicking{}).Complete(w.Context(), prompt(), func(string) error { return nil })
	}()
	w.must(w.Checkpoint(w.Context()))
	if noted != 0 {
		t.Errorf("a call that has ended in a panic was noted %d times", noted)
	}
	w.clock.Advance(time.Hour)
	if n, err := w.Sweep(w.Context()); n != 1 || err != nil {
		t.Fatalf("swept %d, %v: its hold is the sweep's", n, err)
	}
	w.one()
}

type counting struct {
	ports.Checkpointer
	n *int
}

func (c counting) Checkpoint(ctx context.Context, cs []ports.Checkpoint) error {
	*c.n++
	return c.Checkpointer.Checkpoint(ctx, cs)
}

type panicking struct{}

func (panicking) Complete(_ context.Context, _ chat.Prompt, emit func(string) error) (chat.Completion, error) {
	_ = emit("Hello")
	panic("a fault of the model's")
}
