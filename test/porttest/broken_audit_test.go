package porttest_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aiwoochat/woochat/adapters/memory"
	"github.com/aiwoochat/woochat/domain/roles"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/ports"
	"github.com/aiwoochat/woochat/test/porttest"
	"github.com/aiwoochat/woochat/test/porttest/brokentest"
)

// badAudit is an audit log that works but for what is set.
type badAudit struct {
	good   *memory.AuditLog
	record func(context.Context, roles.AuditEntry) error
	list   func(context.Context, roles.Grants, tenant.Scope, roles.AuditID, int) ([]roles.AuditEntry, error)
}

func (b *badAudit) Record(ctx context.Context, e roles.AuditEntry) error { return b.record(ctx, e) }

func (b *badAudit) List(ctx context.Context, who roles.Grants, s tenant.Scope, after roles.AuditID, limit int) ([]roles.AuditEntry, error) {
	return b.list(ctx, who, s, after, limit)
}

// every returns all entries of one list, whoever asks.
func (b *badAudit) every(ctx context.Context, s tenant.Scope) []roles.AuditEntry {
	list, _ := b.good.List(ctx, all(), s, "", 1000)
	return list
}

func openAudit(fault func(*badAudit)) func(*testing.T) porttest.AuditStore {
	return func(*testing.T) porttest.AuditStore {
		good := memory.NewAuditLog()
		b := &badAudit{good: good, record: good.Record, list: good.List}
		fault(b)
		return porttest.AuditStore{AuditLog: b, NewScope: randomScope}
	}
}

func TestAuditLogSuitePassesWithoutAFault(t *testing.T) {
	porttest.AuditLog(t, openAudit(func(*badAudit) {}))
}

func TestAuditLogSuiteCatches(t *testing.T) {
	for _, b := range []struct {
		name, by string
		fault    func(*badAudit)
	}{
		{"loses the details", "round trip", func(b *badAudit) {
			b.record = func(ctx context.Context, e roles.AuditEntry) error {
				e.Details = ""
				return b.good.Record(ctx, e)
			}
		}},
		{"stores times to the second", "round trip", func(b *badAudit) {
			b.record = func(ctx context.Context, e roles.AuditEntry) error {
				e.At = e.At.Truncate(time.Second)
				return b.good.Record(ctx, e)
			}
		}},
		{"orders by time", "order", func(b *badAudit) {
			b.list = func(ctx context.Context, who roles.Grants, s tenant.Scope, after roles.AuditID, limit int) ([]roles.AuditEntry, error) {
				list, err := b.good.List(ctx, who, s, after, limit)
				slices.SortStableFunc(list, func(x, y roles.AuditEntry) int { return y.At.Compare(x.At) })
				return list, err
			}
		}},
		{"orders by id", "order", func(b *badAudit) {
			b.list = func(ctx context.Context, who roles.Grants, s tenant.Scope, after roles.AuditID, limit int) ([]roles.AuditEntry, error) {
				list, err := b.good.List(ctx, who, s, after, limit)
				slices.SortFunc(list, func(x, y roles.AuditEntry) int { return strings.Compare(string(y.ID), string(x.ID)) })
				return list, err
			}
		}},
		{"the oldest comes first", "scopes", func(b *badAudit) {
			b.list = func(ctx context.Context, who roles.Grants, s tenant.Scope, after roles.AuditID, limit int) ([]roles.AuditEntry, error) {
				list, err := b.good.List(ctx, who, s, after, limit)
				slices.Reverse(list)
				return list, err
			}
		}},
		{"pages by number", "pages", func(b *badAudit) {
			pages := map[roles.AuditID]int{}
			b.list = func(ctx context.Context, who roles.Grants, s tenant.Scope, after roles.AuditID, limit int) ([]roles.AuditEntry, error) {
				list, err := b.good.List(ctx, who, s, "", 1000)
				list = list[min(pages[after], len(list)):]
				list = list[:min(max(limit, 0), len(list))]
				for i, e := range list {
					pages[e.ID] = pages[after] + i + 1
				}
				return list, err
			}
		}},
		{"a page of no limit", "pages", func(b *badAudit) {
			b.list = func(ctx context.Context, who roles.Grants, s tenant.Scope, after roles.AuditID, limit int) ([]roles.AuditEntry, error) {
				if limit == 0 {
					limit = 100
				}
				return b.good.List(ctx, who, s, after, limit)
			}
		}},
		{"an unknown page is the first one", "after", func(b *badAudit) {
			b.list = func(ctx context.Context, who roles.Grants, s tenant.Scope, after roles.AuditID, limit int) ([]roles.AuditEntry, error) {
				list, err := b.good.List(ctx, who, s, after, limit)
				if errors.Is(err, ports.ErrNotFound) {
					return b.good.List(ctx, who, s, "", limit)
				}
				return list, err
			}
		}},
		{"any entry begins a page", "after", func(b *badAudit) {
			ids := map[roles.AuditID]bool{}
			b.record = func(ctx context.Context, e roles.AuditEntry) error {
				ids[e.ID] = true
				return b.good.Record(ctx, e)
			}
			b.list = func(ctx context.Context, who roles.Grants, s tenant.Scope, after roles.AuditID, limit int) ([]roles.AuditEntry, error) {
				list, err := b.good.List(ctx, who, s, after, limit)
				if errors.Is(err, ports.ErrNotFound) && ids[after] {
					return nil, nil
				}
				return list, err
			}
		}},
		{"a tenant's list has the platform's acts", "scopes", func(b *badAudit) {
			b.list = func(ctx context.Context, who roles.Grants, s tenant.Scope, after roles.AuditID, limit int) ([]roles.AuditEntry, error) {
				list, err := b.good.List(ctx, who, s, after, limit)
				if s.Tenant != "" && s.Site == "" {
					list = append(list, b.every(ctx, tenant.Scope{})...)
				}
				return list, err
			}
		}},
		{"a tenant's list leaves its sites out", "scopes", func(b *badAudit) {
			b.list = func(ctx context.Context, who roles.Grants, s tenant.Scope, after roles.AuditID, limit int) ([]roles.AuditEntry, error) {
				list, err := b.good.List(ctx, who, s, after, limit)
				return slices.DeleteFunc(list, func(e roles.AuditEntry) bool { return e.Scope.Site != s.Site }), err
			}
		}},
		{"a site's list is its tenant's", "scopes", func(b *badAudit) {
			b.list = func(ctx context.Context, who roles.Grants, s tenant.Scope, after roles.AuditID, limit int) ([]roles.AuditEntry, error) {
				if who.Sites == nil && who.Can(roles.ReadAudit, s) == nil {
					s.Site = ""
				}
				return b.good.List(ctx, who, s, after, limit)
			}
		}},
		{"shown to everybody", "isolation", func(b *badAudit) {
			b.list = func(ctx context.Context, _ roles.Grants, s tenant.Scope, after roles.AuditID, limit int) ([]roles.AuditEntry, error) {
				return b.good.List(ctx, all(), s, after, limit)
			}
		}},
		{"shown to admins", "isolation", func(b *badAudit) {
			b.list = func(ctx context.Context, who roles.Grants, s tenant.Scope, after roles.AuditID, limit int) ([]roles.AuditEntry, error) {
				if who.Can(roles.WriteKeys, s) == nil {
					who = all()
				}
				return b.good.List(ctx, who, s, after, limit)
			}
		}},
		{"a key reads its tenant's", "isolation", func(b *badAudit) {
			b.list = func(ctx context.Context, who roles.Grants, s tenant.Scope, after roles.AuditID, limit int) ([]roles.AuditEntry, error) {
				who.Sites = nil
				return b.good.List(ctx, who, s, after, limit)
			}
		}},
		{"the platform's is everybody's", "isolation", func(b *badAudit) {
			b.list = func(ctx context.Context, who roles.Grants, s tenant.Scope, after roles.AuditID, limit int) ([]roles.AuditEntry, error) {
				if s == (tenant.Scope{}) {
					who = all()
				}
				return b.good.List(ctx, who, s, after, limit)
			}
		}},
		{"a list goes by its site alone", "isolation", func(b *badAudit) {
			owners := map[tenant.SiteID]tenant.Scope{}
			b.record = func(ctx context.Context, e roles.AuditEntry) error {
				owners[e.Scope.Site] = e.Scope
				return b.good.Record(ctx, e)
			}
			b.list = func(ctx context.Context, who roles.Grants, s tenant.Scope, after roles.AuditID, limit int) ([]roles.AuditEntry, error) {
				if owner, ok := owners[s.Site]; ok && s.Site != "" && who.SuperAdmin && who.Subject.IsPerson() {
					s = owner
				}
				return b.good.List(ctx, who, s, after, limit)
			}
		}},
		{"an entry can be written over", "again", func(b *badAudit) {
			b.record = func(ctx context.Context, e roles.AuditEntry) error {
				if err := b.good.Record(ctx, e); !errors.Is(err, ports.ErrConflict) {
					return err
				}
				return nil
			}
		}},
		{"an entry again is one more", "again", func(b *badAudit) {
			ids := map[roles.AuditID]bool{}
			b.record = func(ctx context.Context, e roles.AuditEntry) error {
				if ids[e.ID] && e.Reason == "ticket 4711" && e.Details == "plan pro" {
					e.ID = roles.AuditID(roles.AuditPrefix + porttest.NewID())
				}
				ids[e.ID] = true
				return b.good.Record(ctx, e)
			}
		}},
		{"no reason is needed", "invalid", func(b *badAudit) {
			b.record = func(ctx context.Context, e roles.AuditEntry) error {
				if e.Reason == "" {
					e.Reason = "(none)"
				}
				return b.good.Record(ctx, e)
			}
		}},
		{"looks first and records then", "at once", func(b *badAudit) {
			var looked sync.Map // a channel by id: the first waits there, so that the second has looked, too
			b.record = func(ctx context.Context, e roles.AuditEntry) error {
				gate, second := looked.LoadOrStore(e.ID, make(chan struct{}))
				if ch := gate.(chan struct{}); second {
					close(ch)
				} else {
					<-ch
				}
				e.ID = roles.AuditID(roles.AuditPrefix + porttest.NewID())
				return b.good.Record(ctx, e)
			}
		}},
		{"returns what it keeps", "owned by the caller", func(b *badAudit) {
			var kept []roles.AuditEntry
			b.list = func(ctx context.Context, who roles.Grants, s tenant.Scope, after roles.AuditID, limit int) ([]roles.AuditEntry, error) {
				if kept == nil {
					kept, _ = b.good.List(ctx, who, s, after, limit)
				}
				return kept, nil
			}
		}},
		{"records although the context is done", "done context", func(b *badAudit) {
			b.record = func(ctx context.Context, e roles.AuditEntry) error {
				return errors.Join(b.good.Record(context.WithoutCancel(ctx), e), ctx.Err())
			}
		}},
	} {
		t.Run(b.name, func(t *testing.T) {
			brokentest.Caught(t, b.by, func(t *testing.T) { porttest.AuditLog(t, openAudit(b.fault)) })
		})
	}
}
