package decorated_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aiwoochat/woochat/adapters/decorated"
	"github.com/aiwoochat/woochat/domain/retrieval"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/domain/usage"
	"github.com/aiwoochat/woochat/ports"
)

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

func TestRetryCheckpointerRepeatsDispatchOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &script{errors: []error{ports.ErrUnavailable, ports.ErrUnavailable}}
		l := decorated.RetryCheckpointer(s, decorated.RetryConfig{Tries: 3})
		if err := l.Dispatch(t.Context(), tenant.Scope{}, "res_1", usage.Call{}, usage.Amounts{}); err != nil || s.calls() != 3 {
			t.Errorf("Dispatch: %d calls, %v, want 3 and success", s.calls(), err)
		}
		s.errors, s.at = []error{ports.ErrUnavailable}, nil
		if err := l.Checkpoint(t.Context(), nil); !errors.Is(err, ports.ErrUnavailable) || s.calls() != 1 {
			t.Errorf("Checkpoint: %d calls, %v, want 1 and ErrUnavailable", s.calls(), err)
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
