package sqlite

import (
	"context"
	"sync"

	"github.com/jmoiron/sqlx"

	"github.com/aiwoochat/woochat/domain/retrieval"
	"github.com/aiwoochat/woochat/domain/tenant"
)

// indexCache keeps recently searched generations of sites in memory. What
// another process has written is seen by the number of the last change.
type indexCache struct {
	limit   int64 // bytes, about
	weights retrieval.FusionWeights

	mu    sync.Mutex // guards all below, and the used and bytes of each slot
	clock int64      // counts uses
	bytes int64      // of all slots
	slots map[indexOf]*siteSlot
}

// indexOf is one generation of a site.
type indexOf struct {
	scope      tenant.Scope
	generation int64
}

// siteSlot is one site's place in the cache.
type siteSlot struct {
	loading chan struct{} // holds one token; who has it may load
	state   *siteState
	used    int64
	bytes   int64 // as it was loaded last
}

func newIndexCache(limit int64, w retrieval.FusionWeights) *indexCache {
	return &indexCache{limit: limit, weights: w, slots: make(map[indexOf]*siteSlot)}
}

// search calls do with what tx sees of the site, whose row is given: from memory
// as far as that is current. It returns errOvertaken, without a call, if memory
// is ahead of tx.
func (c *indexCache) search(ctx context.Context, tx *sqlx.Tx, s indexOf, row indexedSite, do func(*siteState) error) error {
	slot := c.slot(s)
	for {
		current, err := slot.state.use(row, do)
		if current || err != nil {
			return err
		}
		if err := c.load(ctx, tx, s, slot, row); err != nil {
			return err
		}
	}
}

// load brings the slot up to what tx sees. One loads, the others wait for it.
func (c *indexCache) load(ctx context.Context, tx *sqlx.Tx, s indexOf, slot *siteSlot, row indexedSite) error {
	select {
	case slot.loading <- struct{}{}:
		defer func() { <-slot.loading }()
	case <-ctx.Done():
		return ctx.Err()
	}
	if slot.state.at() >= row.Change {
		return nil
	}
	bytes, err := slot.state.load(ctx, tx, row)
	if err != nil {
		return err
	}
	c.keep(s, slot, bytes)
	return nil
}

// slot returns the site's place, and makes it if there is none.
func (c *indexCache) slot(s indexOf) *siteSlot {
	c.mu.Lock()
	defer c.mu.Unlock()
	slot := c.slots[s]
	if slot == nil {
		slot = &siteSlot{loading: make(chan struct{}, 1), state: newSiteState(c.weights)}
		c.slots[s] = slot
	}
	c.clock++
	slot.used = c.clock
	return slot
}

// keep notes the size of the slot's site and forgets those that were not used
// for longest until the rest fits. The site itself stays, however large it is:
// else each search would load it anew, and those at once one of their own each.
func (c *indexCache) keep(s indexOf, slot *siteSlot, bytes int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.slots[s] = slot // it may have been forgotten meanwhile
	slot.bytes = bytes
	c.bytes = 0
	for _, o := range c.slots {
		c.bytes += o.bytes
	}
	for c.bytes > c.limit {
		var oldest indexOf
		found := false
		for scope, o := range c.slots {
			if scope != s && o.bytes > 0 && (!found || o.used < c.slots[oldest].used) {
				oldest, found = scope, true
			}
		}
		if !found {
			return
		}
		c.bytes -= c.slots[oldest].bytes
		// Searches that hold the state go on with it.
		delete(c.slots, oldest)
	}
}
