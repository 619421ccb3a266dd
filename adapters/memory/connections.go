package memory

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/aiwoochat/woochat/domain/ingestion"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/ports"
)

// Connections keeps how shops are reached in process memory. It is a
// [ports.Connections], [ports.ConnectedSites], [ports.ConnectStates] and
// [ports.Deliveries].
type Connections struct {
	sites ports.Sites
	now   ports.Clock

	mu     sync.Mutex // guards all below
	all    map[tenant.Scope]*connection
	states map[string]connectState
}

type connection struct {
	ingestion.Connection
	heard time.Time
}

type connectState struct {
	scope   tenant.Scope
	note    ingestion.ConnectNote
	expires time.Time
}

var (
	_ ports.Connections    = (*Connections)(nil)
	_ ports.ConnectedSites = (*Connections)(nil)
	_ ports.ConnectStates  = (*Connections)(nil)
	_ ports.Deliveries     = (*Connections)(nil)
)

// NewConnections returns an empty store of the given sites. If sites is nil
// every complete scope is taken for a site that is there.
func NewConnections(sites ports.Sites, now ports.Clock) *Connections {
	return &Connections{sites: sites, now: now, all: map[tenant.Scope]*connection{}, states: map[string]connectState{}}
}

// site returns the site of s, one that is not disabled if all complete scopes
// are sites.
func (c *Connections) site(ctx context.Context, s tenant.Scope) (tenant.Site, error) {
	if c.sites == nil {
		return tenant.Site{ID: s.Site, Tenant: s.Tenant}, nil
	}
	return c.sites.Site(ctx, s)
}

// Connection implements [ports.Connections].
func (c *Connections) Connection(ctx context.Context, s tenant.Scope) (ingestion.Connection, error) {
	if err := begin(ctx, s); err != nil {
		return ingestion.Connection{}, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	have := c.all[s]
	if have == nil {
		return ingestion.Connection{}, fmt.Errorf("memory: connection of %s: %w", s.Site, ports.ErrNotFound)
	}
	return copyConnection(have.Connection), nil
}

// manyVersions is of how many one is the first of a connection: two that a site
// has one after the other do not meet.
const manyVersions = 1 << 52

// SaveConnection implements [ports.Connections].
func (c *Connections) SaveConnection(ctx context.Context, s tenant.Scope, next ingestion.Connection) (ingestion.Connection, error) {
	if err := begin(ctx, s); err != nil {
		return ingestion.Connection{}, err
	}
	if err := next.Valid(); err != nil {
		return ingestion.Connection{}, fmt.Errorf("memory: connection of %s: %w: %w", s.Site, ports.ErrInvalid, err)
	}
	if _, err := c.site(ctx, s); err != nil {
		return ingestion.Connection{}, fmt.Errorf("memory: connection of %s: %w", s.Site, err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	have := c.all[s]
	if have == nil {
		have = &connection{}
	}
	if have.Version != next.Version {
		return ingestion.Connection{}, fmt.Errorf("memory: connection of %s: %w: it is at version %d", s.Site, ports.ErrConflict, have.Version)
	}
	next = copyConnection(next)
	if next.Version == 0 {
		next.Version = rand.Int64N(manyVersions)
	}
	next.Version++
	have.Connection = next
	c.all[s] = have
	return copyConnection(next), nil
}

// RemoveConnection implements [ports.Connections].
func (c *Connections) RemoveConnection(ctx context.Context, s tenant.Scope) error {
	if err := begin(ctx, s); err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.all, s)
	return nil
}

// Receiver implements [ports.ConnectedSites].
func (c *Connections) Receiver(ctx context.Context, site tenant.SiteID) (ingestion.Receiver, error) {
	if err := ctx.Err(); err != nil {
		return ingestion.Receiver{}, err
	}
	for _, s := range c.connected() {
		if s.Site != site {
			continue
		}
		if found, err := c.site(ctx, s); err != nil || found.Disabled {
			break
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		if have := c.all[s]; have != nil {
			return ingestion.Receiver{Scope: s, Secrets: slices.Clone(have.Secrets), HasKey: have.Key != ""}, nil
		}
	}
	return ingestion.Receiver{}, fmt.Errorf("memory: receiver of %s: %w", site, ports.ErrNotFound)
}

// connected returns the scopes that have a connection, in the order of their
// sites.
func (c *Connections) connected() []tenant.Scope {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.SortedFunc(maps.Keys(c.all), func(a, b tenant.Scope) int {
		if a.Site < b.Site {
			return -1
		}
		return 1
	})
}

// Connected implements [ports.ConnectedSites].
func (c *Connections) Connected(ctx context.Context, after tenant.SiteID, limit int) ([]tenant.Scope, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	var list []tenant.Scope
	for _, s := range c.connected() {
		if len(list) >= limit {
			break
		}
		if found, err := c.site(ctx, s); s.Site > after && err == nil && !found.Disabled {
			list = append(list, s)
		}
	}
	return list, nil
}

// SaveState implements [ports.ConnectStates].
func (c *Connections) SaveState(ctx context.Context, s tenant.Scope, hash string, note ingestion.ConnectNote, expires time.Time) error {
	if err := begin(ctx, s); err != nil {
		return err
	}
	if hash == "" {
		return fmt.Errorf("memory: state: %w: it has no hash", ports.ErrInvalid)
	}
	if _, err := c.site(ctx, s); err != nil {
		return fmt.Errorf("memory: state of %s: %w", s.Site, err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	maps.DeleteFunc(c.states, func(_ string, old connectState) bool { return !old.expires.After(c.now()) })
	if _, there := c.states[hash]; there {
		return fmt.Errorf("memory: state of %s: %w: it is there", s.Site, ports.ErrConflict)
	}
	c.states[hash] = connectState{s, note, expires}
	return nil
}

// TakeState implements [ports.ConnectStates].
func (c *Connections) TakeState(ctx context.Context, hash string) (tenant.Scope, ingestion.ConnectNote, error) {
	if err := ctx.Err(); err != nil {
		return tenant.Scope{}, ingestion.ConnectNote{}, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	state, ok := c.states[hash]
	delete(c.states, hash)
	if !ok || !state.expires.After(c.now()) {
		return tenant.Scope{}, ingestion.ConnectNote{}, fmt.Errorf("memory: state: %w", ports.ErrNotFound)
	}
	return state.scope, state.note, nil
}

// Shown implements [ports.Deliveries].
func (c *Connections) Shown(ctx context.Context, s tenant.Scope) (ingestion.Shown, error) {
	if err := begin(ctx, s); err != nil {
		return ingestion.Shown{}, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	have := c.all[s]
	if have == nil {
		return ingestion.Shown{}, fmt.Errorf("memory: connection of %s: %w", s.Site, ports.ErrNotFound)
	}
	return have.Shown(s, have.heard), nil
}

// Heard implements [ports.Deliveries].
func (c *Connections) Heard(ctx context.Context, s tenant.Scope, at time.Time) error {
	if err := begin(ctx, s); err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	have := c.all[s]
	if have == nil {
		return fmt.Errorf("memory: connection of %s: %w", s.Site, ports.ErrNotFound)
	}
	if at = at.UTC().Round(0); at.After(have.heard) {
		have.heard = at
	}
	return nil
}

func copyConnection(c ingestion.Connection) ingestion.Connection {
	c.Secrets = slices.Clone(c.Secrets)
	if len(c.Secrets) == 0 {
		c.Secrets = nil
	}
	c.Created, c.Updated = c.Created.UTC().Round(0), c.Updated.UTC().Round(0)
	return c
}
