package decorated

import (
	"context"

	"github.com/aiwoochat/woochat/domain/ingestion"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/ports"
)

// Queue calls ring after each Enqueue that may have noted something: so a worker
// of the same process begins at once, and need not look. ring must not wait. An
// Enqueue whose reply was lost has noted its hints perhaps, so ring is called
// after an error, too.
func Queue(q ports.Queue, ring func()) ports.Queue { return &ringing{q, ring} }

type ringing struct {
	ports.Queue
	ring func()
}

// Enqueue implements [ports.Queue].
func (q *ringing) Enqueue(ctx context.Context, s tenant.Scope, hints []ingestion.Hint) error {
	defer q.ring()
	return q.Queue.Enqueue(ctx, s, hints)
}
