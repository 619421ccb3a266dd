package decorated_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/aiwoochat/woochat/adapters/decorated"
	"github.com/aiwoochat/woochat/adapters/memory"
	"github.com/aiwoochat/woochat/domain/ingestion"
	"github.com/aiwoochat/woochat/ports"
	"github.com/aiwoochat/woochat/test/porttest"
)

func TestQueue(t *testing.T) {
	porttest.Queue(t, func(_ *testing.T, now ports.Clock) porttest.QueueStore {
		q := memory.NewQueue(now)
		return porttest.QueueStore{Queue: decorated.Queue(q, func() {}), Jobs: q, Leases: q, NewScope: newScope}
	})
}

func TestQueueRingsAfterwards(t *testing.T) {
	kept := memory.NewQueue(time.Now)
	s, rung, seen := newScope(t), 0, 0
	q := decorated.Queue(kept, func() {
		rung++
		list, err := kept.Jobs(t.Context(), s, "", 10)
		if err != nil {
			t.Fatal(err)
		}
		seen = len(list)
	})
	hints := []ingestion.Hint{{Object: ingestion.Object{Kind: ingestion.Product, ID: "1"}}}
	if err := q.Enqueue(t.Context(), s, hints); err != nil || rung != 1 || seen != 1 {
		t.Errorf("rung %d times, with %d jobs there, error %v; want once, after the hint is noted", rung, seen, err)
	}
	done, cancel := context.WithCancel(t.Context())
	cancel()
	if err := q.Enqueue(done, s, hints); !errors.Is(err, context.Canceled) || rung != 2 {
		t.Errorf("rung %d times, error %v", rung, err)
	}
}
