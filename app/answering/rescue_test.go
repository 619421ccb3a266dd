package answering_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/aiwoochat/woochat/app/answering"
	"github.com/aiwoochat/woochat/domain/chat"
	"github.com/aiwoochat/woochat/domain/usage"
)

// A fault in one answer ends that answer, and not the process with everybody
// else's.
func TestAPanicEndsItsOwnAnswerOnly(t *testing.T) {
	inWorld(t, func(w *world) { w.deps.Model = faulty{} }, func(w *world) {
		st := w.ask()
		events := w.all(st)
		if e := last(events); e.Kind != chat.EventError || !strings.Contains(e.Err.Error(), "INTERNAL") {
			w.Errorf("ended with %+v, want a failure", e)
		}
		a, _ := published[answering.Answered](w)
		if a.Finish != chat.Failed || a.Err == nil || !strings.Contains(a.Err.Error(), "panic: a fault of the model's") || a.Message != st.Message() {
			w.Errorf("published %+v, want the panic", a)
		}
		// What it held is the sweep's, once; nothing is noted of it meanwhile.
		w.must(w.Checkpoint(w.Context()))
		pass(2 * time.Minute)
		if n, err := w.meter().Sweep(w.Context()); n != 1 || err != nil {
			w.Errorf("swept %d, %v", n, err)
		}
		if e := w.settled(1)[0]; e.ErrorCode != usage.CodeSwept {
			w.Errorf("settled %+v", e)
		}
	})
}

type faulty struct{}

func (faulty) Complete(context.Context, chat.Prompt, func(string) error) (chat.Completion, error) {
	panic("a fault of the model's")
}

// The prompt tells the model to point to the shop's contact address, so that the
// gate must let it through.
func TestContactAddressIsSaid(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		w.site.ContactURL = "https://shop.example.com/contact/"
		w.must(w.stores.Accounts.PutSite(w.Context(), w.site))
		st := w.ask()
		const answer = "I do not know: please ask at https://shop.example.com/contact/."
		w.model.end(answer)
		if got := text(w.all(st)); got != answer {
			w.Errorf("got %q, want %q", got, answer)
		}
	})
}
