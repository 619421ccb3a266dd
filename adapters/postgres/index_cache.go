package postgres

import (
	"sync"

	"github.com/aiwoochat/woochat/domain/retrieval"
	"github.com/aiwoochat/woochat/domain/tenant"
)

// indexCache keeps the sites' generations that were searched last. One is reached
// by its whole scope, and after row-level security has let its number be read.
type indexCache struct {
	limit   int64 // bytes, about
	weights retrieval.FusionWeights

	mu    sync.Mutex // guards all below, and used and bytes of each slot
	clock int64      // counts uses
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
	site    *siteIndex
	used    int64
	bytes   int64
}

func newIndexCache(limit int64, w retrieval.FusionWeights) *indexCache {
	return &indexCache{limit: limit, weights: w, slots: make(map[indexOf]*siteSlot)}
}

// slot returns the site's place, and makes it if there is none.
func (c *indexCache) slot(s indexOf) *siteSlot {
	c.mu.Lock()
	defer c.mu.Unlock()
	slot := c.slots[s]
	if slot == nil {
		slot = &siteSlot{loading: make(chan struct{}, 1), site: newSiteIndex(c.weights)}
		c.slots[s] = slot
	}
	c.clock++
	slot.used = c.clock
	return slot
}

// forget drops the site. Searches that hold it go on with it.
func (c *indexCache) forget(s indexOf) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.slots, s)
}

// keep notes the size of the site, and drops those that were not used for
// longest until the rest fits.
func (c *indexCache) keep(s indexOf, slot *siteSlot, bytes int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.slots[s] = slot // it may have been dropped meanwhile
	slot.bytes = bytes
	var all int64
	for _, o := range c.slots {
		all += o.bytes
	}
	for all > c.limit && len(c.slots) > 1 {
		oldest := s
		for scope, o := range c.slots {
			if scope != s && (oldest == s || o.used < c.slots[oldest].used) {
				oldest = scope
			}
		}
		all -= c.slots[oldest].bytes
		delete(c.slots, oldest)
	}
}
