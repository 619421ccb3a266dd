package porttest_test

import (
	"context"
	"runtime"
	"sync"
	"testing"

	"github.com/aiwoochat/woochat/adapters/memory"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/domain/usage"
	"github.com/aiwoochat/woochat/ports"
	"github.com/aiwoochat/woochat/test/porttest"
	"github.com/aiwoochat/woochat/test/porttest/brokentest"
)

// badChanges counts changes as its functions say. Two that share stores are
// two processes on one store.
type badChanges struct {
	*memory.Accounts
	*memory.Licenses
	*memory.Documents
	good       *memory.Changes
	numbers    func(context.Context) (ports.ChangeNumbers, error)
	putLicense func(context.Context, tenant.Scope, usage.License) error

	mu    sync.Mutex // guards count
	count ports.ChangeNumbers
}

func newBadChanges(a *memory.Accounts, l *memory.Licenses, d *memory.Documents) *badChanges {
	b := &badChanges{Accounts: a, Licenses: l, Documents: d, good: memory.NewChanges(a, l, d)}
	b.numbers, b.putLicense = b.good.Numbers, l.PutLicense
	return b
}

func (b *badChanges) Numbers(ctx context.Context) (ports.ChangeNumbers, error) { return b.numbers(ctx) }

func (b *badChanges) PutLicense(ctx context.Context, s tenant.Scope, l usage.License) error {
	return b.putLicense(ctx, s, l)
}

// without returns the good numbers after change.
func (b *badChanges) without(change func(n *ports.ChangeNumbers)) {
	b.numbers = func(ctx context.Context) (ports.ChangeNumbers, error) {
		n, err := b.good.Numbers(ctx)
		change(&n)
		return n, err
	}
}

// counted makes the number of licenses b's own.
func (b *badChanges) counted() {
	b.without(func(n *ports.ChangeNumbers) {
		b.mu.Lock()
		defer b.mu.Unlock()
		n.Licenses = b.count.Licenses
	})
}

func (b *badChanges) add(n int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.count.Licenses += n
}

func (b *badChanges) read() int64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.count.Licenses
}

func (b *badChanges) underTest() porttest.ChangesUnderTest {
	return porttest.ChangesUnderTest{Changes: b, Tenants: b, Sites: b, Keys: b, Licenses: b, LicenseBook: b, Generations: b}
}

var brokenChanges = []struct {
	name  string
	by    string // the case that must catch it
	spoil func(b *badChanges)
}{
	{"licenses do not count", "each change", func(b *badChanges) { b.without(func(n *ports.ChangeNumbers) { n.Licenses = 0 }) }},
	{"keys do not count", "each change", func(b *badChanges) { b.without(func(n *ports.ChangeNumbers) { n.Keys = 0 }) }},
	{"sites do not count", "each change", func(b *badChanges) { b.without(func(n *ports.ChangeNumbers) { n.Sites = 0 }) }},
	{"generations do not count", "each change", func(b *badChanges) { b.without(func(n *ports.ChangeNumbers) { n.Generations = 0 }) }},
	{"generations of the index do not count", "each change", func(b *badChanges) { b.without(func(n *ports.ChangeNumbers) { n.Indexes = 0 }) }},
	{"only a site's first license counts", "each change", func(b *badChanges) {
		b.counted()
		b.putLicense = func(ctx context.Context, s tenant.Scope, l usage.License) error {
			_, err := b.LicenseOf(ctx, s)
			if perr := b.Licenses.PutLicense(ctx, s, l); perr != nil {
				return perr
			}
			if err != nil {
				b.add(1)
			}
			return nil
		}
	}},
	{"the number is a flag", "each change", func(b *badChanges) { b.without(func(n *ports.ChangeNumbers) { n.Licenses %= 2 }) }},
	{"each process counts its own changes", "another process", func(b *badChanges) {
		b.counted()
		b.putLicense = func(ctx context.Context, s tenant.Scope, l usage.License) error {
			defer b.add(1)
			return b.Licenses.PutLicense(ctx, s, l)
		}
	}},
	{"each call gives another number", "stands still", func(b *badChanges) {
		b.without(func(n *ports.ChangeNumbers) {
			b.add(1)
			n.Keys += b.read()
		})
	}},
	{"all kinds have one number", "stands still", func(b *badChanges) {
		b.without(func(n *ports.ChangeNumbers) {
			all := n.Licenses + n.Keys + n.Sites + n.Generations + n.Indexes
			*n = ports.ChangeNumbers{Licenses: all, Keys: all, Sites: all, Prices: all, Generations: all, Indexes: all}
		})
	}},
	{"the number is read, then written", "together", func(b *badChanges) {
		b.counted()
		b.putLicense = func(ctx context.Context, s tenant.Scope, l usage.License) error {
			n := b.read()
			runtime.Gosched()
			err := b.Licenses.PutLicense(ctx, s, l)
			b.mu.Lock()
			defer b.mu.Unlock()
			b.count.Licenses = n + 1
			return err
		}
	}},
	{"a change counts before it can be read", "seen", func(b *badChanges) {
		b.counted()
		b.putLicense = func(ctx context.Context, s tenant.Scope, l usage.License) error {
			b.add(1)
			runtime.Gosched()
			return b.Licenses.PutLicense(ctx, s, l)
		}
	}},
	{"numbers go back", "never back", func(b *badChanges) {
		b.without(func(n *ports.ChangeNumbers) {
			b.add(1)
			if b.read()%3 == 0 {
				n.Sites--
			}
		})
	}},
	{"a done context does not end the call", "done context", func(b *badChanges) {
		b.numbers = func(ctx context.Context) (ports.ChangeNumbers, error) {
			return b.good.Numbers(context.WithoutCancel(ctx))
		}
	}},
}

func TestChangesSuiteCatches(t *testing.T) {
	for _, broken := range brokenChanges {
		t.Run(broken.name, func(t *testing.T) {
			brokentest.Caught(t, broken.by, func(t *testing.T) {
				porttest.Changes(t, func(*testing.T) porttest.ChangesUnderTest {
					accounts := memory.NewAccounts()
					licenses := memory.NewLicenses(accounts)
					documents := memory.NewDocuments()
					process := func(*testing.T) porttest.ChangesUnderTest {
						b := newBadChanges(accounts, licenses, documents)
						broken.spoil(b)
						return b.underTest()
					}
					first := process(t)
					first.Replica = process
					return first
				})
			})
		})
	}
}
