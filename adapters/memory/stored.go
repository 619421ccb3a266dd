package memory

import (
	"context"
	"fmt"
	"slices"

	"github.com/aiwoochat/woochat/domain/retrieval"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/ports"
)

var _ ports.StoredDocuments = (*Documents)(nil)

// Stored implements [ports.StoredDocuments].
func (d *Documents) Stored(ctx context.Context, s tenant.Scope, ids []retrieval.DocumentID) ([]retrieval.Document, error) {
	if err := begin(ctx, s); err != nil {
		return nil, err
	}
	if len(ids) > ports.MaxStored {
		return nil, fmt.Errorf("%w: %d documents are looked up, at most %d are", ports.ErrInvalid, len(ids), ports.MaxStored)
	}
	ids = slices.Clone(ids)
	slices.Sort(ids)
	d.mu.RLock()
	defer d.mu.RUnlock()
	var list []retrieval.Document
	for _, id := range slices.Compact(ids) {
		if doc := d.sites[s][id]; doc != nil {
			c := copyDocument(doc.Document)
			c.Body = ""
			list = append(list, c)
		}
	}
	return list, nil
}
