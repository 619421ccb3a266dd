package memory

import (
	"context"

	"github.com/aiwoochat/woochat/domain/retrieval"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/ports"
)

var _ ports.DocumentTotals = (*Documents)(nil)

// Totals implements [ports.DocumentTotals].
func (d *Documents) Totals(ctx context.Context, s tenant.Scope) (retrieval.Totals, error) {
	if err := begin(ctx, s); err != nil {
		return retrieval.Totals{}, err
	}
	d.mu.RLock()
	defer d.mu.RUnlock()
	var t retrieval.Totals
	served := d.of(s).Served.Chunking
	for _, doc := range d.sites[s] {
		t.Documents++
		t.Chunks += int64(len(doc.chunks[served]))
		if doc.Shown {
			t.Shown++
		}
		if doc.pending == 0 || doc.worded {
			continue
		}
		t.Waiting++
		if u := doc.Updated.UTC(); !u.IsZero() {
			if t.Oldest.IsZero() || u.Before(t.Oldest) {
				t.Oldest = u
			}
			if u.After(t.Newest) {
				t.Newest = u
			}
		}
	}
	return t, nil
}
