package ingesting

import (
	"errors"
	"time"

	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/ports"
)

// asked is an embedder: that of a site for a model.
type asked struct {
	scope tenant.Scope
	model string
}

// quietUntil is that an embedder wants to be left alone.
type quietUntil struct {
	until time.Time
	err   error // in which it said so
}

// leave notes that an embedder wants to be left alone, if err says so, for the
// Drains after this one, too: work that is done in slices would ask it once a
// slice.
func (p *pass) leave(err error) {
	model, ok := errors.AsType[*ports.ModelError](err)
	if !ok || model.RetryAfter <= 0 {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.left[asked{p.scope, p.gen.Model}] = quietUntil{p.deps.Now().Add(min(model.RetryAfter, maxPause)), err}
}

// alone returns until when the embedder wants to be left alone, and the error in
// which it said so; false if it may be asked.
func (p *pass) alone() (quietUntil, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	of := asked{p.scope, p.gen.Model}
	wait, ok := p.left[of]
	if ok && !p.deps.Now().Before(wait.until) {
		delete(p.left, of)
		return quietUntil{}, false
	}
	return wait, ok
}
