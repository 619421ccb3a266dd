package porttest_test

import (
	"context"
	"testing"

	"github.com/aiwoochat/woochat/adapters/memory"
	"github.com/aiwoochat/woochat/domain/retrieval"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/test/porttest"
	"github.com/aiwoochat/woochat/test/porttest/brokentest"
)

// badTotals counts right but for what spoil does.
type badTotals struct {
	*memory.Documents
	spoil func(ctx context.Context, d *memory.Documents, s tenant.Scope, t *retrieval.Totals)
}

func (b badTotals) Totals(ctx context.Context, s tenant.Scope) (retrieval.Totals, error) {
	t, err := b.Documents.Totals(ctx, s)
	if err == nil {
		b.spoil(ctx, b.Documents, s, &t)
	}
	return t, err
}

func openBadTotals(spoil func(context.Context, *memory.Documents, tenant.Scope, *retrieval.Totals)) func(*testing.T) porttest.DocumentsUnderTest {
	return func(*testing.T) porttest.DocumentsUnderTest {
		d := memory.NewDocuments()
		return porttest.DocumentsUnderTest{
			Documents: d, DocumentTotals: badTotals{d, spoil}, NewScope: randomScope,
			NewSite: func(_ *testing.T, id tenant.ID) tenant.Scope {
				return tenant.Scope{Tenant: id, Site: tenant.SiteID(tenant.SitePrefix + porttest.NewID())}
			},
		}
	}
}

func TestDocumentTotalsSuiteCatches(t *testing.T) {
	for _, b := range []struct {
		name, by string
		spoil    func(context.Context, *memory.Documents, tenant.Scope, *retrieval.Totals)
	}{
		{"counts hidden ones as shown", "counts", func(_ context.Context, _ *memory.Documents, _ tenant.Scope, t *retrieval.Totals) {
			t.Shown = t.Documents
		}},
		{"everything waits", "counts", func(_ context.Context, _ *memory.Documents, _ tenant.Scope, t *retrieval.Totals) {
			t.Waiting = t.Documents
		}},
		{"what waits for its vectors waits", "by words", func(ctx context.Context, d *memory.Documents, s tenant.Scope, t *retrieval.Totals) {
			if n, err := d.Tally(ctx, s); err == nil {
				t.Waiting = int64(n.Waiting)
			}
		}},
		{"the newest is the oldest", "counts", func(_ context.Context, _ *memory.Documents, _ tenant.Scope, t *retrieval.Totals) { t.Newest = t.Oldest }},
		{"counts documents for chunks", "counts", func(_ context.Context, _ *memory.Documents, _ tenant.Scope, t *retrieval.Totals) { t.Chunks = t.Shown }},
		{"what has no time does not wait", "no time", func(_ context.Context, _ *memory.Documents, _ tenant.Scope, t *retrieval.Totals) {
			if t.Oldest.IsZero() {
				t.Waiting = 0
			}
		}},
	} {
		t.Run(b.name, func(t *testing.T) {
			brokentest.Caught(t, b.by, func(t *testing.T) { porttest.DocumentTotals(t, openBadTotals(b.spoil)) })
		})
	}
}
