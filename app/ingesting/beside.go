package ingesting

import (
	"context"
	"slices"
	"sync"

	"github.com/aiwoochat/woochat/domain/tenant"
)

// Beside drains a site beside an import, so that reading a shop and writing an
// index, which wait for different things, do not wait for each other. Make one
// with Service.Beside, and end it with End.
type Beside struct {
	service *Service
	scope   tenant.Scope
	woken   chan struct{}
	working sync.WaitGroup
	once    sync.Once
	report  DrainReport // read after working is done
}

// Beside begins to drain whenever Stored says that there is something. What goes
// wrong, and what embedding pauses for, it leaves to the Drain that the caller
// does after End.
func (s *Service) Beside(ctx context.Context, scope tenant.Scope) *Beside {
	b := &Beside{service: s, scope: scope, woken: make(chan struct{}, 1)}
	b.working.Go(func() {
		for range b.woken {
			r, err := s.Drain(ctx, scope)
			b.report = b.report.Plus(r)
			if err != nil || r.Paused != nil || r.Busy {
				return
			}
		}
	})
	return b
}

// Stored says that documents were stored. It does not wait.
func (b *Beside) Stored() {
	select {
	case b.woken <- struct{}{}:
	default: // it has been said, or nobody listens any more
	}
}

// End waits until the drain that is under way has ended, and returns what all of
// them did. It may be called twice; Stored may not be called after it.
func (b *Beside) End() DrainReport {
	b.once.Do(func() { close(b.woken) })
	b.working.Wait()
	return b.report
}

// Plus returns what r and a Drain after it did: how it stands is as next says.
func (r DrainReport) Plus(next DrainReport) DrainReport {
	next.Indexed, next.TakenOut, next.Texts, next.Kept = next.Indexed+r.Indexed, next.TakenOut+r.TakenOut, next.Texts+r.Texts, next.Kept+r.Kept
	next.Tokens, next.Built = next.Tokens+r.Tokens, next.Built+r.Built
	next.Switched = next.Switched || r.Switched
	next.Refused = append(slices.Clip(r.Refused), next.Refused...)
	return next
}
