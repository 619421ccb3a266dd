package ingesting

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// errBusy says that another process embeds for the site.
var errBusy = errors.New("another process embeds for this site")

const (
	// leaseFor is how long others leave a site alone whose embedder has died.
	leaseFor = 15 * time.Second
	// renewEvery leaves time for two renewals that fail.
	renewEvery = 5 * time.Second
	// yieldTimeout bounds the giving back of a lease, which is done although the
	// caller has gone.
	yieldTimeout = 5 * time.Second
)

// lease is the right to embed for a site. It saves money and nothing else: who
// loses it while a call is under way goes on, and what is paid twice then is
// booked twice.
type lease struct {
	holder string
	stop   context.CancelFunc
	done   sync.WaitGroup
}

// hold takes the site's lease for as long as the Drain runs; fresh says that it
// was taken now. The error matches errBusy if another process has it.
func (d *draining) hold(ctx context.Context) (fresh bool, err error) {
	if d.deps.Leases == nil || d.lease != nil {
		return false, nil
	}
	// Each Drain is a holder of its own: two of one process would pay twice, too.
	holder := fmt.Sprintf("%s/%d", d.deps.Name, d.drains.Add(1))
	ours, err := d.deps.Leases.Hold(ctx, d.leaseName(), holder, leaseFor)
	switch {
	case err != nil:
		return false, fmt.Errorf("lease to embed: %w", err)
	case !ours:
		return false, errBusy
	}
	renewing, stop := context.WithCancel(ctx)
	d.lease = &lease{holder: holder, stop: stop}
	d.lease.done.Go(func() {
		tick := time.NewTicker(renewEvery)
		defer tick.Stop()
		for {
			select {
			case <-renewing.Done():
				return
			case <-tick.C:
				_, _ = d.deps.Leases.Hold(renewing, d.leaseName(), holder, leaseFor) // see lease
			}
		}
	})
	return true, nil
}

// yield gives the lease back.
func (d *draining) yield(ctx context.Context) {
	if d.lease == nil {
		return
	}
	d.lease.stop()
	d.lease.done.Wait()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), yieldTimeout)
	defer cancel()
	_ = d.deps.Leases.Yield(ctx, d.leaseName(), d.lease.holder) // it runs out by itself
}

func (d *draining) leaseName() string { return "embed " + string(d.scope.Site) }
