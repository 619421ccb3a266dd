package openaifake

import (
	"context"
	"sync"
)

// Gate holds a stream back until a test lets its next piece pass. The zero
// Gate is shut; it is safe for concurrent use.
type Gate struct {
	mu      sync.Mutex
	passes  int
	open    bool
	changed chan struct{}
}

// Step lets n more pieces pass.
func (g *Gate) Step(n int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.passes += n
	g.wake()
}

// Open lets everything pass from now on. It may be called again.
func (g *Gate) Open() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.open = true
	g.wake()
}

func (g *Gate) wake() {
	if g.changed != nil {
		close(g.changed)
		g.changed = nil
	}
}

// pass waits for its turn. A nil Gate lets everything pass.
func (g *Gate) pass(ctx context.Context) error {
	if g == nil {
		return ctx.Err()
	}
	for {
		g.mu.Lock()
		switch {
		case g.open:
			g.mu.Unlock()
			return ctx.Err()
		case g.passes > 0:
			g.passes--
			g.mu.Unlock()
			return ctx.Err()
		}
		if g.changed == nil {
			g.changed = make(chan struct{})
		}
		changed := g.changed
		g.mu.Unlock()
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-changed:
		}
	}
}
