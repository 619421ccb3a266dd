package ingesting

import (
	"context"
	"slices"
	"sync"

	"github.com/aiwoochat/woochat/domain/tenant"
)

// turns bounds how many calls of the embedder run at once, in all and for each
// tenant. Tenants that wait take turns, so that none waits for all that another
// has to do.
type turns struct {
	each, all int

	mu      sync.Mutex // guards all below
	sum     int        // calls that run
	running map[tenant.ID]int
	waiting map[tenant.ID][]chan struct{} // closed when it is theirs
	order   []tenant.ID                   // that have somebody waiting, the one who had the last turn at the end
}

func newTurns(each, all int) *turns {
	return &turns{each: each, all: all, running: map[tenant.ID]int{}, waiting: map[tenant.ID][]chan struct{}{}}
}

// take waits for a turn of the tenant, which ends with give. The error is that
// of ctx; there is no turn then.
func (t *turns) take(ctx context.Context, id tenant.ID) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	t.mu.Lock()
	if t.sum < t.all && t.running[id] < t.each && len(t.waiting[id]) == 0 {
		t.begin(id)
		t.mu.Unlock()
		return nil
	}
	mine := make(chan struct{})
	if len(t.waiting[id]) == 0 {
		t.order = append(t.order, id)
	}
	t.waiting[id] = append(t.waiting[id], mine)
	t.mu.Unlock()
	select {
	case <-mine:
		return nil
	case <-ctx.Done():
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if i := slices.Index(t.waiting[id], mine); i >= 0 {
		t.waiting[id] = slices.Delete(t.waiting[id], i, i+1)
		t.settle(id)
		return ctx.Err()
	}
	t.end(id) // it was given just now
	return ctx.Err()
}

// give ends a turn.
func (t *turns) give(id tenant.ID) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.end(id)
}

func (t *turns) begin(id tenant.ID) {
	t.sum++
	t.running[id]++
}

// end ends a turn and gives what is free to whoever has waited longest for one.
func (t *turns) end(id tenant.ID) {
	t.sum--
	if t.running[id]--; t.running[id] == 0 {
		delete(t.running, id)
	}
	for t.sum < t.all {
		i := slices.IndexFunc(t.order, func(id tenant.ID) bool { return t.running[id] < t.each })
		if i < 0 {
			return
		}
		next := t.order[i]
		t.order = append(slices.Delete(t.order, i, i+1), next)
		first := t.waiting[next][0]
		t.waiting[next] = t.waiting[next][1:]
		t.settle(next)
		t.begin(next)
		close(first)
	}
}

// settle forgets a tenant of whom nobody waits.
func (t *turns) settle(id tenant.ID) {
	if len(t.waiting[id]) == 0 {
		delete(t.waiting, id)
		t.order = slices.DeleteFunc(t.order, func(o tenant.ID) bool { return o == id })
	}
}
