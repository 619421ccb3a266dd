package postgres

import (
	"context"
	"errors"
	"net"
	"os"
	"sync/atomic"
	"time"
)

// How long a server may say nothing while its answer is waited for. A failover
// or a router that forgets a connection leaves it silent, and the driver waits
// for it whatever its context says. The ledger's calls are short; the service's
// sum up and sweep.
const (
	ledgerSilence  = 15 * time.Second
	runtimeSilence = 30 * time.Second
	serviceSilence = 60 * time.Second
	neverSilent    = 0 // a migration may take its time
)

// dialTime bounds how long a server's address is knocked at.
const dialTime = 5 * time.Second

// patience dials connections that end by themselves when the other side has
// been silent for so long; 0: never. It implements pq.Dialer and
// pq.DialerContext.
type patience struct{ silence time.Duration }

// Dial implements pq.Dialer.
func (p patience) Dial(network, address string) (net.Conn, error) {
	return p.DialTimeout(network, address, dialTime)
}

// DialTimeout implements pq.Dialer.
func (p patience) DialTimeout(network, address string, timeout time.Duration) (net.Conn, error) {
	c, err := net.DialTimeout(network, address, min(timeout, dialTime)) //nolint:noctx // the driver passes none here
	return p.bounded(c), err
}

// DialContext implements pq.DialerContext.
func (p patience) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	c, err := (&net.Dialer{Timeout: dialTime}).DialContext(ctx, network, address)
	return p.bounded(c), err
}

func (p patience) bounded(c net.Conn) net.Conn {
	if c == nil || p.silence == 0 {
		return c
	}
	return &impatient{Conn: c, silence: p.silence}
}

// impatient is a connection of which each read and write has a deadline.
type impatient struct {
	net.Conn

	silence time.Duration
	until   atomic.Pointer[time.Time] // the driver's own deadline, for logging in; nil: none
}

// Read implements net.Conn.
func (c *impatient) Read(b []byte) (int, error) {
	if err := c.Conn.SetReadDeadline(c.deadline()); err != nil {
		return 0, err
	}
	n, err := c.Conn.Read(b)
	return n, c.over(err)
}

// Write implements net.Conn.
func (c *impatient) Write(b []byte) (int, error) {
	if err := c.Conn.SetWriteDeadline(c.deadline()); err != nil {
		return 0, err
	}
	n, err := c.Conn.Write(b)
	return n, c.over(err)
}

// SetDeadline implements net.Conn.
func (c *impatient) SetDeadline(t time.Time) error {
	c.until.Store(&t)
	return c.Conn.SetDeadline(t)
}

func (c *impatient) deadline() time.Time {
	at := time.Now().Add(c.silence) //nolint:forbidigo // the network's clock is the machine's
	if own := c.until.Load(); own != nil && !own.IsZero() && own.Before(at) {
		return *own
	}
	return at
}

// over closes a connection that was silent for too long: an answer that comes
// later would be taken for that of another question.
func (c *impatient) over(err error) error {
	if errors.Is(err, os.ErrDeadlineExceeded) {
		_ = c.Conn.Close() // what went wrong is err
	}
	return err
}
