package decorated_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/aiwoochat/woochat/adapters/decorated"
	"github.com/aiwoochat/woochat/domain/chat"
	"github.com/aiwoochat/woochat/ports"
	"github.com/aiwoochat/woochat/test/porttest"
)

func TestBreaker(t *testing.T) {
	clock := porttest.NewClock(time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC))
	down, truncated := unspent(ports.ModelUnavailable, 0), &ports.ModelError{Kind: ports.ModelTruncated}
	s := &script{}
	var states []string
	shared := decorated.Breaker(decorated.BreakerConfig{
		Failures: 3, Open: 10 * time.Second, Now: clock.Now,
		Changed: func(b decorated.BreakerState) { states = append(states, b.String()) },
	})
	model, words := decorated.ChatModel(s, shared), decorated.Embedder(s, shared)
	call := func(err error) error {
		s.errors = []error{err}
		_, got := model.Complete(t.Context(), chat.Prompt{}, nil)
		return got
	}
	refused := func(when string, after time.Duration) {
		t.Helper()
		before := s.calls()
		_, err := words.Embed(t.Context(), nil)
		var me *ports.ModelError
		if !errors.As(err, &me) || !me.Unspent || me.Kind != ports.ModelUnavailable || me.RetryAfter != after || !errors.Is(err, decorated.ErrOpen) {
			t.Errorf("%s: got %v, want an unspent ModelUnavailable that can be retried after %v", when, err, after)
		}
		if s.calls() != before {
			t.Errorf("%s: the provider was called", when)
		}
	}
	// A success, or a refusal that shows that the provider is there, ends a row.
	for _, err := range []error{down, truncated, nil, down, down, unspent(ports.ModelRefused, 0), down, io.ErrShortBuffer, truncated, down} {
		if got := call(err); !errors.Is(got, err) {
			t.Fatalf("got %v, want %v", got, err)
		}
	}
	if len(states) != 0 {
		t.Fatalf("opened without three failures in a row: %v", states)
	}
	_ = call(down) // the third in a row
	refused("at once", 10*time.Second)
	clock.Advance(9 * time.Second)
	refused("a second before its end", time.Second)
	clock.Advance(time.Second)
	_ = call(down) // the probe fails
	refused("after a failed probe", 10*time.Second)
	clock.Advance(10 * time.Second)
	if err := call(nil); err != nil {
		t.Fatalf("the probe: %v", err)
	}
	_, _ = call(down), call(down)
	if err := call(nil); err != nil {
		t.Errorf("closed again, it must take three failures anew: %v", err)
	}
	if got := strings.Join(states, ", "); got != "open, half open, open, half open, closed" {
		t.Errorf("states: %s", got)
	}
}

// gate is a model whose calls wait until the test ends them.
type gate struct{ entered chan chan error }

func (g gate) Complete(ctx context.Context, _ chat.Prompt, _ func(string) error) (chat.Completion, error) {
	end := make(chan error)
	g.entered <- end
	select {
	case err := <-end:
		return chat.Completion{}, err
	case <-ctx.Done():
		return chat.Completion{}, ctx.Err()
	}
}

func TestBreakerLetsOneProbeThrough(t *testing.T) {
	clock := porttest.NewClock(time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC))
	g := gate{make(chan chan error)}
	model := decorated.ChatModel(g, decorated.Breaker(decorated.BreakerConfig{Failures: 1, Now: clock.Now}))
	// start returns a call that is under way: end ends it and waits for it.
	start := func(ctx context.Context) (end func(error) error, done chan error) {
		done = make(chan error, 1)
		go func() { _, err := model.Complete(ctx, chat.Prompt{}, nil); done <- err }()
		how := <-g.entered
		return func(err error) error { how <- err; return <-done }, done
	}
	isRefused := func(when string) {
		t.Helper()
		if _, err := model.Complete(t.Context(), chat.Prompt{}, nil); !errors.Is(err, decorated.ErrOpen) {
			t.Errorf("%s: got %v, want ErrOpen", when, err)
		}
	}
	endLong, _ := start(t.Context())  // long answers from before the trouble
	endLong2, _ := start(t.Context()) //
	endFailing, _ := start(t.Context())
	if err := endFailing(ports.ErrUnavailable); !errors.Is(err, ports.ErrUnavailable) {
		t.Fatal(err)
	}
	isRefused("open")
	_ = endLong(nil)
	isRefused("open, though an old call ended well")

	clock.Advance(10 * time.Second)
	ctx, cancel := context.WithCancel(t.Context())
	_, canceled := start(ctx)
	isRefused("while a probe is under way")
	cancel() // by the shopper: it says nothing
	if err := <-canceled; !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	endProbe, _ := start(t.Context())
	isRefused("while the next probe is under way")
	_ = endLong2(ports.ErrUnavailable)
	isRefused("while the next probe is under way, though an old call failed")
	if err := endProbe(nil); err != nil {
		t.Fatal(err)
	}
	end1, _ := start(t.Context())
	end2, _ := start(t.Context()) // closed: more than one at a time
	_, _ = end1(nil), end2(nil)
}

func TestBreakerCountsAPanicAsAFailure(t *testing.T) {
	b := decorated.Breaker(decorated.BreakerConfig{Failures: 1, Now: time.Now})
	call := decorated.Call{Port: "Ledger", Method: "Settle"}
	func() {
		defer func() { _ = recover() }()
		_ = b(t.Context(), call, func(context.Context) error { panic("bug") })
	}()
	err := b(t.Context(), call, func(context.Context) error { return nil })
	if !errors.Is(err, decorated.ErrOpen) || !errors.Is(err, ports.ErrUnavailable) {
		t.Errorf("got %v, want ErrOpen and ErrUnavailable", err)
	}
}

func ExampleBreaker() {
	provider := decorated.Breaker(decorated.BreakerConfig{Failures: 2, Now: time.Now})
	down := &script{errors: []error{unspent(ports.ModelUnavailable, 0), unspent(ports.ModelUnavailable, 0)}}
	model := decorated.ChatModel(down, provider)
	for range 3 {
		_, err := model.Complete(context.Background(), chat.Prompt{}, nil)
		fmt.Println(errors.Is(err, decorated.ErrOpen), down.calls())
	}
	// Output:
	// false 1
	// false 2
	// true 2
}
