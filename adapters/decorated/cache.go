package decorated

import (
	"context"
	"crypto/sha256"
	"sync"
	"time"

	"github.com/aiwoochat/woochat/domain/retrieval"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/domain/usage"
	"github.com/aiwoochat/woochat/ports"
)

// How old what a Cache returns may be, and how soon it follows a change.
const (
	// CacheFor is the longest time that an entry is believed. It bounds what
	// happens when changes cannot be read.
	CacheFor = 5 * time.Second
	// CacheMissingFor is the same for what was not found: a shop that has just
	// been set up should not have to wait, nor guesses fill the memory.
	CacheMissingFor = time.Second
	// PollEvery is how often Run looks for changes. With the time that one
	// look takes it is how long a suspended license is still honoured.
	PollEvery = 500 * time.Millisecond
	// pollTimeout gives up a look that hangs, so that the next one is made.
	pollTimeout = 2 * time.Second
)

// CacheConfig says what a Cache needs.
type CacheConfig struct {
	Changes ports.Changes // required: of the store whose ports are cached
	Now     ports.Clock   // required
	// Size is how many entries of each kind are kept at most, the least
	// recently used going first; default 10,000. An eighth as many are kept of
	// what was not found.
	Size int
	// Failed is told by Run that changes cannot be read, once until they can
	// be again, and then with nil; nil tells nobody. It must not wait.
	Failed func(ctx context.Context, err error)
}

// Cache keeps in memory what every request looks up and few change: licenses,
// sites, whose a key is, and which generation of the index a site is searched in. An entry lives for CacheFor at most, and is
// dropped when the number of its kind has changed, which Run looks for; a
// write through a port of the cache is seen at once. Errors but ErrNotFound
// are not kept. It is safe for concurrent use.
//
// Whether a license admits requests is decided from the cached license at the
// time of each request (usage.License.Check), so its end needs no change.
type Cache struct {
	changes ports.Changes
	failed  func(ctx context.Context, err error)

	licenses *table[tenant.Scope, usage.License]
	sites    *table[tenant.Scope, tenant.Site]
	scopes   *table[[sha256.Size]byte, tenant.Scope] // by the hash of a site key
	apiKeys  *table[string, tenant.Key]              // by the hash of an API key
	indexes  *table[tenant.Scope, retrieval.Generations]

	mu    sync.Mutex // guards what follows, and is held while they are followed
	seen  ports.ChangeNumbers
	known bool // seen was read
}

// NewCache returns an empty cache. Without Run it follows time alone.
func NewCache(c CacheConfig) *Cache {
	if c.Size <= 0 {
		c.Size = 10_000
	}
	return &Cache{
		changes: c.Changes, failed: c.Failed,
		licenses: newTable[tenant.Scope, usage.License](c.Now, c.Size),
		sites:    newTable[tenant.Scope, tenant.Site](c.Now, c.Size),
		scopes:   newTable[[sha256.Size]byte, tenant.Scope](c.Now, c.Size),
		apiKeys:  newTable[string, tenant.Key](c.Now, c.Size),
		indexes:  newTable[tenant.Scope, retrieval.Generations](c.Now, c.Size),
	}
}

// Run looks for changes, at once and then at each PollEvery, until ctx is done.
// It is called once.
func (c *Cache) Run(ctx context.Context) {
	tick := time.NewTicker(PollEvery)
	defer tick.Stop()
	failing := false
	for {
		within, cancel := context.WithTimeout(ctx, pollTimeout)
		err := c.Poll(within)
		cancel()
		if ctx.Err() != nil {
			return
		}
		if failing != (err != nil) && c.failed != nil {
			c.failed(ctx, err)
		}
		failing = err != nil
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// Poll looks for changes once, and drops what has changed. The first time it
// drops all, since nobody knows how old that is. The error is that of the
// port; then nothing is dropped, and entries live for what is left of CacheFor.
func (c *Cache) Poll(ctx context.Context) error {
	n, err := c.changes.Numbers(ctx)
	if err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	old, known := c.seen, c.known
	c.seen, c.known = n, true
	if !known || n.Licenses != old.Licenses {
		c.licenses.drop()
	}
	if !known || n.Sites != old.Sites || n.Generations != old.Generations {
		c.sites.drop()
	}
	if !known || n.Keys != old.Keys || n.Sites != old.Sites {
		c.dropKeys()
	}
	if !known || n.Indexes != old.Indexes {
		c.indexes.drop()
	}
	return nil
}

// dropSites drops what a site or tenant says: a key of a disabled one is none.
func (c *Cache) dropSites() {
	c.sites.drop()
	c.dropKeys()
}

func (c *Cache) dropKeys() {
	c.scopes.drop()
	c.apiKeys.drop()
}
