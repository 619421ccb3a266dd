package ingesting

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/domain/usage"
)

const (
	// smallBody is what may be held of each body at a time; of more than that
	// there is a place for a few bodies only.
	smallBody = 1 << 20
	// largeBodies is how many places there are, and so bounds what all of them
	// hold; one site, or one sender, cannot take them from all others.
	largeBodies  = 4
	largeOfSite  = 2
	largeOfOne   = 1
	largePatient = 3 * time.Second // how long one waits for a place; WooCommerce waits 60 s for an answer

	// badBurst is how many bad signatures a sender has for a site until its large
	// bodies are not read any more, and badEvery how long it takes for one more.
	badBurst = 60
	badEvery = time.Second
	// manySenders is how many senders are remembered until old ones are forgotten.
	manySenders = 10_000
	// goodFor is how long a sender is known to be a shop.
	goodFor = 7 * 24 * time.Hour
)

// places are for large bodies on their way in.
type places struct {
	mu    sync.Mutex // guards all below
	all   int
	sites map[tenant.SiteID]int
	ones  map[string]int
	freed chan struct{} // closed, and made anew, when a place is given back
}

func newPlaces() *places {
	return &places{sites: map[tenant.SiteID]int{}, ones: map[string]int{}, freed: make(chan struct{})}
}

// take waits for a place for a body that one sends to a site, for a while.
func (p *places) take(ctx context.Context, site tenant.SiteID, one string) bool {
	late := time.NewTimer(largePatient)
	defer late.Stop()
	for {
		p.mu.Lock()
		if p.all < largeBodies && p.sites[site] < largeOfSite && (one == "" || p.ones[one] < largeOfOne) {
			p.all++
			p.sites[site]++
			p.ones[one]++
			p.mu.Unlock()
			return true
		}
		freed := p.freed
		p.mu.Unlock()
		select {
		case <-freed:
		case <-late.C:
			return false
		case <-ctx.Done():
			return false
		}
	}
}

// give gives a place back.
func (p *places) give(site tenant.SiteID, one string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.all--
	if p.sites[site]--; p.sites[site] == 0 {
		delete(p.sites, site)
	}
	if p.ones[one]--; p.ones[one] == 0 {
		delete(p.ones, one)
	}
	close(p.freed)
	p.freed = make(chan struct{})
}

// sender is who sends deliveries to a site, by its network address.
type sender struct {
	site tenant.SiteID
	from string
}

// senders remembers who has sent what is signed, and who too much that is not.
type senders struct {
	mu   sync.Mutex // guards all below
	good map[sender]time.Time
	bad  map[sender]time.Time // until when
}

// nobody is the scope in which bad signatures count that are for no site.
func nobody() tenant.Scope { return tenant.Scope{Tenant: "nobody", Site: "nobody"} }

// suspect reports whether a sender has sent too many bad signatures, and no good
// one: its small deliveries are looked at all the same, for it may be a shop
// behind the same address, but nobody reads 32 MiB of it.
func (r *Receiver) suspect(s sender) bool {
	now := r.deps.Now()
	r.senders.mu.Lock()
	defer r.senders.mu.Unlock()
	return r.senders.bad[s].After(now) && now.Sub(r.senders.good[s]) > goodFor
}

// forged counts a bad signature.
func (r *Receiver) forged(ctx context.Context, s sender, scope tenant.Scope) {
	if r.deps.Limiter == nil || s.from == "" || r.suspect(s) {
		return
	}
	err := r.deps.Limiter.Take(ctx, scope, usage.Bucket{Key: "bad signature:" + s.from, Burst: badBurst, Every: badEvery}, 1)
	over, ok := errors.AsType[*usage.RateError](err)
	if !ok {
		return // what cannot be counted is refused all the same
	}
	now := r.deps.Now()
	r.senders.mu.Lock()
	defer r.senders.mu.Unlock()
	forget(r.senders.bad, now)
	r.senders.bad[s] = now.Add(over.Retry + badBurst*badEvery)
}

// signs notes that a sender has sent what is signed.
func (r *Receiver) signs(s sender) {
	now := r.deps.Now()
	r.senders.mu.Lock()
	defer r.senders.mu.Unlock()
	forget(r.senders.good, now.Add(-goodFor))
	r.senders.good[s] = now
}

// forget drops what is over, if there is much; and all if it is too much.
func forget(of map[sender]time.Time, before time.Time) {
	if len(of) < manySenders {
		return
	}
	for s, at := range of {
		if at.Before(before) {
			delete(of, s)
		}
	}
	if len(of) >= manySenders {
		clear(of)
	}
}
