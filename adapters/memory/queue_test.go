package memory_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/aiwoochat/woochat/adapters/memory"
	"github.com/aiwoochat/woochat/domain/ingestion"
	"github.com/aiwoochat/woochat/ports"
	"github.com/aiwoochat/woochat/test/porttest"
)

func TestQueue(t *testing.T) {
	open := func(_ *testing.T, now ports.Clock) porttest.QueueStore {
		q := memory.NewQueue(now)
		return porttest.QueueStore{Queue: q, Jobs: q, Leases: q, NewScope: newScope}
	}
	t.Run("Queue", func(t *testing.T) { porttest.Queue(t, open) })
	t.Run("Jobs", func(t *testing.T) { porttest.Jobs(t, open) })
	t.Run("Leases", func(t *testing.T) { porttest.Leases(t, open) })
}

func ExampleQueue() {
	ctx, q, site := context.Background(), memory.NewQueue(time.Now), newScope(nil)
	hint := ingestion.Hint{Object: ingestion.Object{Kind: ingestion.Product, ID: "44"}}
	for range 1000 { // somebody edits it again and again
		if err := q.Enqueue(ctx, site, []ingestion.Hint{hint}); err != nil {
			panic(err)
		}
	}
	b, err := q.Take(ctx, "worker 1", 100, time.Minute)
	if err != nil {
		panic(err)
	}
	fmt.Println(len(b.Jobs), b.Jobs[0].Object)
	// Output: 1 product:44
}
