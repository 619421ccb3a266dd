// Package porttest checks that adapters keep the contracts of package ports.
//
// An adapter's own test is one call for each port that it implements:
//
//	func TestLedger(t *testing.T) {
//		porttest.Ledger(t, func(t *testing.T, now ports.Clock) porttest.UsageStore { ... })
//	}
//
// A suite is a table of cases. Each is a subtest on a store of its own, and
// carries the sentence of the contract that it checks, which is printed when
// it fails. Scopes come from the adapter under test (NewScope), since an
// adapter may know only the sites that it was told of. Where an adapter offers
// a Replica, the suite checks too what several processes on one store promise.
//
// That the suites catch what they should is checked with package brokentest.
//
// The package imports the standard library, the domain and the ports only, so
// that other modules can test their own adapters with it.
package porttest

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/aiwoochat/woochat/domain/tenant"
)

// start is where the clock of every case begins: three minutes before midnight
// UTC, so that a few steps reach the next day.
func start() time.Time { return time.Date(2026, 11, 23, 23, 57, 0, 123456000, time.UTC) }

// Clock is a clock that stands still until it is advanced. Its Now method is a
// ports.Clock.
type Clock struct {
	mu sync.Mutex // guards t
	t  time.Time
}

// NewClock returns a clock that shows t.
func NewClock(t time.Time) *Clock { return &Clock{t: t} }

// Now returns the time that the clock shows.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.t
}

// Advance moves the clock by d.
func (c *Clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = c.t.Add(d)
}

// NewID returns a fresh random UUID in its canonical form, without a prefix:
// what adapters accept behind one. It is a ports.NewID but for the order.
func NewID() string {
	var b [16]byte
	if _, err := rand.Read(b[:]); err != nil {
		panic(err) // crypto/rand documents that it never returns an error
	}
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	h := hex.EncodeToString(b[:])
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}

// newID returns a fresh id with the given prefix.
func newID[T ~string](prefix string) T { return T(prefix + NewID()) }

// contractCase is one row of a suite, for a fixture of type F.
type contractCase[F any] struct {
	name     string
	contract string // the sentence that it checks
	run      func(f F)
}

// runCases runs every case as a subtest on the fixture that open returns.
func runCases[F any](t *testing.T, cases []contractCase[F], open func(t *testing.T) F) {
	t.Helper()
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Cleanup(func() {
				if t.Failed() {
					t.Logf("contract: %s", c.contract)
				}
			})
			c.run(open(t))
		})
	}
}

// wantErr fails the test unless err is nil if want is, and matches want
// otherwise.
func wantErr(t *testing.T, what string, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("%s: got error %v, want %v", what, err, want)
	}
}

// bothWays calls check for a pair of scopes in both orders.
func bothWays(a, b tenant.Scope, check func(me, other tenant.Scope)) {
	check(a, b)
	check(b, a)
}

// incomplete returns the scopes that own nothing.
func incomplete(s tenant.Scope) []tenant.Scope {
	return []tenant.Scope{{}, {Tenant: s.Tenant}, {Site: s.Site}}
}

// mixed returns the scopes that name the site of one and the tenant of the
// other: nobody's.
func mixed(a, b tenant.Scope) []tenant.Scope {
	return []tenant.Scope{{Tenant: a.Tenant, Site: b.Site}, {Tenant: b.Tenant, Site: a.Site}}
}

// together calls do n times at once: all wait at one gate first.
func together(n int, do func(i int)) {
	var ready, done sync.WaitGroup
	gate := make(chan struct{})
	for i := range n {
		ready.Add(1)
		done.Go(func() {
			ready.Done()
			<-gate
			do(i)
		})
	}
	ready.Wait()
	close(gate)
	done.Wait()
}
