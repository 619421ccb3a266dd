package decorated_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
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

func (s *script) Dispatch(context.Context, tenant.Scope, usage.ReservationID, usage.Call, usage.Amounts) error {
	return s.next()
}
func (s *script) Checkpoint(context.Context, []ports.Checkpoint) error { return s.next() }

func unspent(k ports.ModelErrorKind, after time.Duration) error {
	return &ports.ModelError{Kind: k, Unspent: true, RetryAfter: after}
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
