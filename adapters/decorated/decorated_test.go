package decorated_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aiwoochat/woochat/adapters/decorated"
	"github.com/aiwoochat/woochat/domain/chat"
	"github.com/aiwoochat/woochat/domain/retrieval"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/domain/usage"
	"github.com/aiwoochat/woochat/ports"
	"github.com/aiwoochat/woochat/test/porttest"
)

// script is a port of every kind that returns its errors one after the other,
// and nil after the last.
type script struct {
	mu     sync.Mutex
	errors []error
	at     []time.Time // of each call
}

func (s *script) next() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.at = append(s.at, time.Now())
	if len(s.errors) == 0 {
		return nil
	}
	err := s.errors[0]
	s.errors = s.errors[1:]
	return err
}

func (s *script) calls() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.at)
}

func (s *script) Embed(context.Context, []string) (retrieval.Embedding, error) {
	return retrieval.Embedding{Tokens: 7}, s.next()
}

func (s *script) Complete(context.Context, chat.Prompt, func(string) error) (chat.Completion, error) {
	return chat.Completion{Text: "half"}, s.next()
}

func (s *script) Search(context.Context, tenant.Scope, retrieval.Query) ([]retrieval.Passage, error) {
	if err := s.next(); err != nil {
		return nil, err
	}
	return []retrieval.Passage{{Title: "found"}}, nil
}

func (s *script) Reserve(context.Context, tenant.Scope, usage.Hold) error { return s.next() }
func (s *script) Settle(context.Context, tenant.Scope, usage.ReservationID, usage.Event) error {
	return s.next()
}
func (s *script) Release(context.Context, tenant.Scope, usage.ReservationID) error { return s.next() }

func unspent(k ports.ModelErrorKind, after time.Duration) error {
	return &ports.ModelError{Kind: k, Unspent: true, RetryAfter: after}
}

func TestRetryRepeatsWhatIsSafe(t *testing.T) {
	spent := &ports.ModelError{Kind: ports.ModelTruncated}
	wrapped := fmt.Errorf("store: %w", ports.ErrUnavailable)
	for _, c := range []struct {
		name  string
		fail  []error
		calls int
		want  error
	}{
		{"nothing to repeat", nil, 1, nil},
		{"unavailable once", []error{wrapped}, 2, nil},
		{"unavailable for all tries", []error{wrapped, wrapped, wrapped, wrapped}, 3, ports.ErrUnavailable},
		{"a conflict", []error{ports.ErrConflict}, 1, ports.ErrConflict},
		{"a limit", []error{&usage.LimitError{}}, 1, usage.ErrLimitExceeded},
		{"a model that spent nothing", []error{unspent(ports.ModelRateLimited, 0)}, 2, nil},
		{"a model that may have spent", []error{spent}, 1, spent},
		{"a model that refuses", []error{unspent(ports.ModelRefused, 0)}, 1, ports.ErrInvalid},
		{"a wait that can be waited", []error{unspent(ports.ModelRateLimited, 5*time.Second)}, 2, nil},
		{"a wait that is too long", []error{unspent(ports.ModelRateLimited, 6*time.Second)}, 1, ports.ErrUnavailable},
		{"canceled", []error{fmt.Errorf("%w: %w", ports.ErrUnavailable, context.Canceled)}, 1, context.Canceled},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &script{errors: slices.Clone(c.fail)}
				got, err := decorated.Embedder(s, decorated.Retry(decorated.RetryConfig{})).Embed(t.Context(), nil)
				if s.calls() != c.calls || !errors.Is(err, c.want) || c.want == nil && err != nil {
					t.Errorf("%d calls, %v, want %d, %v", s.calls(), err, c.calls, c.want)
				}
				if got.Tokens != 7 {
					t.Errorf("what was spent got lost: %+v", got)
				}
			})
		})
	}
}

func TestRetryWaitsLongerEachTime(t *testing.T) {
	for _, c := range []struct {
		random float64
		want   []time.Duration
	}{
		{0, []time.Duration{50 * time.Millisecond, 100 * time.Millisecond, 200 * time.Millisecond, 250 * time.Millisecond}},
		{0.5, []time.Duration{75 * time.Millisecond, 150 * time.Millisecond, 300 * time.Millisecond, 375 * time.Millisecond}},
	} {
		synctest.Test(t, func(t *testing.T) {
			e := ports.ErrUnavailable
			s := &script{errors: []error{e, e, e, e}}
			r := decorated.Retry(decorated.RetryConfig{Tries: 5, Base: 100 * time.Millisecond, Max: 500 * time.Millisecond, Random: func() float64 { return c.random }})
			if _, err := decorated.Searcher(s, r).Search(t.Context(), tenant.Scope{}, retrieval.Query{}); err != nil {
				t.Fatal(err)
			}
			var got []time.Duration
			for i := range s.at[1:] {
				got = append(got, s.at[i+1].Sub(s.at[i]))
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("waited %v, want %v", got, c.want)
			}
		})
	}
}

func TestRetryWaitsAsLongAsTheProviderAsks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &script{errors: []error{unspent(ports.ModelRateLimited, 3*time.Second)}}
		if _, err := decorated.Embedder(s, decorated.Retry(decorated.RetryConfig{})).Embed(t.Context(), nil); err != nil {
			t.Fatal(err)
		}
		if got := s.at[1].Sub(s.at[0]); got != 3*time.Second {
			t.Errorf("waited %v, want 3s", got)
		}
	})
}

func TestRetryEndsWithTheContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &script{errors: []error{unspent(ports.ModelUnavailable, 4*time.Second), nil}}
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		_, err := decorated.Embedder(s, decorated.Retry(decorated.RetryConfig{})).Embed(ctx, nil)
		if s.calls() != 1 || !errors.Is(err, context.Canceled) || !errors.Is(err, ports.ErrUnavailable) {
			t.Errorf("%d calls, %v, want 1, the cancellation and the failure", s.calls(), err)
		}
		if waited := time.Since(s.at[0]); waited != time.Second {
			t.Errorf("waited %v after it was canceled at 1s", waited)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		s := &script{errors: []error{unspent(ports.ModelUnavailable, 4*time.Second), nil}}
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		_, err := decorated.Embedder(s, decorated.Retry(decorated.RetryConfig{})).Embed(ctx, nil)
		if waited := time.Since(s.at[0]); waited != 0 || s.calls() != 1 || !errors.Is(err, ports.ErrUnavailable) {
			t.Errorf("waited %v for a try that could not be made in time: %d calls, %v", waited, s.calls(), err)
		}
	})
}

func TestRetryLedgerIsMorePatientWithSettlements(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		down := slices.Repeat([]error{ports.ErrUnavailable}, 5)
		s := &script{errors: slices.Clone(down)}
		l := decorated.RetryLedger(s, decorated.RetryConfig{Tries: 2}, decorated.RetryConfig{Tries: 6})
		if err := l.Reserve(t.Context(), tenant.Scope{}, usage.Hold{}); !errors.Is(err, ports.ErrUnavailable) || s.calls() != 2 {
			t.Errorf("Reserve: %d calls, %v, want 2 and ErrUnavailable", s.calls(), err)
		}
		s.errors, s.at = slices.Clone(down), nil
		if err := l.Settle(t.Context(), tenant.Scope{}, "res_1", usage.Event{}); err != nil || s.calls() != 6 {
			t.Errorf("Settle: %d calls, %v, want 6 and success", s.calls(), err)
		}
		s.errors, s.at = slices.Clone(down), nil
		if err := l.Release(t.Context(), tenant.Scope{}, "res_1"); err != nil || s.calls() != 6 {
			t.Errorf("Release: %d calls, %v, want 6 and success", s.calls(), err)
		}
	})
}

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

// waiting is a port that does nothing until its context ends.
type waiting struct{}

func (waiting) Complete(ctx context.Context, _ chat.Prompt, _ func(string) error) (chat.Completion, error) {
	<-ctx.Done()
	return chat.Completion{Text: "half", Tokens: chat.Tokens{Input: 9, CountedBy: chat.ByBound}}, ctx.Err()
}

func (waiting) Search(ctx context.Context, _ tenant.Scope, _ retrieval.Query) ([]retrieval.Passage, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

func TestTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		_, err := decorated.Searcher(waiting{}, decorated.Timeout(2*time.Second)).Search(t.Context(), tenant.Scope{}, retrieval.Query{})
		var late *decorated.TimeoutError
		if !errors.As(err, &late) || late.After != 2*time.Second || !errors.Is(err, ports.ErrUnavailable) || errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v, want a TimeoutError that is ErrUnavailable and not the caller's own deadline", err)
		}
		if took := time.Since(began); took != 2*time.Second {
			t.Errorf("took %v, want 2s", took)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		c, err := decorated.ChatModel(waiting{}, decorated.Timeout(time.Second)).Complete(t.Context(), chat.Prompt{}, nil)
		var me *ports.ModelError
		if !errors.As(err, &me) || me.Kind != ports.ModelTimeout || me.Unspent {
			t.Errorf("got %v, want a ModelTimeout that may have been spent", err)
		}
		if c.Text != "half" || c.Tokens.Input != 9 {
			t.Errorf("what came before the timeout got lost: %+v", c)
		}
	})
	synctest.Test(t, func(t *testing.T) { // the caller's deadline is the caller's
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := decorated.Searcher(waiting{}, decorated.Timeout(time.Minute)).Search(ctx, tenant.Scope{}, retrieval.Query{})
		if !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, ports.ErrUnavailable) {
			t.Errorf("got %v, want the error of the context", err)
		}
	})
}

func TestFallbackSearcher(t *testing.T) {
	broken, gone := fmt.Errorf("index: %w", ports.ErrUnavailable), errors.New("gone too")
	for _, c := range []struct {
		name          string
		first, second error
		asked         int // of the second
		want          error
	}{
		{"first answers", nil, nil, 0, nil},
		{"first is away", broken, nil, 1, nil},
		{"first refuses", ports.ErrInvalid, nil, 0, ports.ErrInvalid},
		{"both are away", broken, gone, 1, gone},
	} {
		t.Run(c.name, func(t *testing.T) {
			first, second := &script{errors: []error{c.first}}, &script{errors: []error{c.second}}
			told := 0
			found, err := decorated.FallbackSearcher(first, second, func(_ context.Context, err error) {
				if told++; !errors.Is(err, c.first) {
					t.Errorf("told of %v, want %v", err, c.first)
				}
			}).Search(t.Context(), tenant.Scope{}, retrieval.Query{})
			if !errors.Is(err, c.want) || second.calls() != c.asked || told != c.asked {
				t.Errorf("got %v, second asked %d times, told %d, want %v and %d", err, second.calls(), told, c.want, c.asked)
			}
			if (err == nil) != (len(found) == 1) {
				t.Errorf("found %v with %v", found, err)
			}
		})
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	second := &script{}
	if _, err := decorated.FallbackSearcher(&script{errors: []error{broken}}, second, nil).Search(ctx, tenant.Scope{}, retrieval.Query{}); second.calls() != 0 || err == nil {
		t.Errorf("the second was asked for somebody who is gone: %v", err)
	}
}

func TestObservedSeesEachTryInsideARetry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var seen []string
		see := func(where string) decorated.Around {
			return decorated.Observed(time.Now, func(_ context.Context, port, method, class string, took time.Duration) {
				seen = append(seen, fmt.Sprintf("%s %s.%s %q %v", where, port, method, class, took))
			})
		}
		half := func() float64 { return 0 }
		s := &script{errors: []error{ports.ErrUnavailable}}
		search := decorated.Searcher(s, see("whole"), decorated.Retry(decorated.RetryConfig{Base: time.Second, Random: half}), see("try"))
		if _, err := search.Search(t.Context(), tenant.Scope{}, retrieval.Query{}); err != nil {
			t.Fatal(err)
		}
		want := []string{`try Searcher.Search "unavailable" 0s`, `try Searcher.Search "" 0s`, `whole Searcher.Search "" 500ms`}
		if !slices.Equal(seen, want) {
			t.Errorf("saw %q\nwant %q", seen, want)
		}
	})
}

func TestClass(t *testing.T) {
	for _, c := range []struct {
		err  error
		want string
	}{
		{nil, ""},
		{fmt.Errorf("x: %w", ports.ErrNotFound), "not_found"},
		{ports.ErrConflict, "conflict"},
		{ports.ErrInvalid, "invalid"},
		{ports.ErrUnavailable, "unavailable"},
		{context.Canceled, "canceled"},
		{context.DeadlineExceeded, "timeout"},
		{&decorated.TimeoutError{}, "timeout"},
		{decorated.ErrOpen, "open"},
		{&usage.LimitError{}, "limit"},
		{tenant.ErrNoScope, "no_scope"},
		{unspent(ports.ModelRateLimited, 0), "model_rate_limited"},
		{errors.New("sk-secret"), "other"},
	} {
		if got := decorated.Class(c.err); got != c.want {
			t.Errorf("Class(%v): got %q, want %q", c.err, got, c.want)
		}
	}
}

func TestFaulty(t *testing.T) {
	a, b := errors.New("a"), errors.New("b")
	s := &script{}
	l := decorated.Ledger(s, decorated.Faulty(
		decorated.Fault{Method: "Settle", Err: a},
		decorated.Fault{Method: "Reserve"},
		decorated.Fault{Err: b, Lost: true},
	))
	reserve := func() error { return l.Reserve(t.Context(), tenant.Scope{}, usage.Hold{}) }
	settle := func() error { return l.Settle(t.Context(), tenant.Scope{}, "res_1", usage.Event{}) }
	for i, step := range []struct {
		do    func() error
		want  error
		calls int // that have come through so far
	}{{reserve, nil, 1}, {settle, a, 1}, {settle, b, 2}, {settle, nil, 3}, {reserve, nil, 4}} {
		if err := step.do(); !errors.Is(err, step.want) || s.calls() != step.calls {
			t.Errorf("step %d: got %v and %d calls, want %v and %d", i, err, s.calls(), step.want, step.calls)
		}
	}
}

func ExampleSearcher() {
	flaky := &script{errors: []error{ports.ErrUnavailable}}
	index := decorated.Searcher(flaky,
		decorated.Observed(time.Now, func(_ context.Context, port, method, class string, _ time.Duration) {
			fmt.Printf("%s.%s %q\n", port, method, class)
		}),
		decorated.Retry(decorated.RetryConfig{Base: time.Millisecond}),
		decorated.Timeout(time.Second),
	)
	found, err := index.Search(context.Background(), tenant.Scope{}, retrieval.Query{Text: "jacket", Limit: 1})
	fmt.Println(len(found), err)
	// Output:
	// Searcher.Search ""
	// 1 <nil>
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
