package postgres

import (
	"context"
	"fmt"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"github.com/aiwoochat/woochat/domain/retrieval"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/ports"
)

var _ ports.StoredDocuments = (*Documents)(nil)

const selectStoredDocuments = `select id, revision, kind, source, title, url, '' as body, locale, facts, shown, updated_at, read_at from documents
	where tenant_id = $1 and site_id = $2 and id = any($3::text[]) order by id`

// Stored implements [ports.StoredDocuments].
func (d *Documents) Stored(ctx context.Context, s tenant.Scope, ids []retrieval.DocumentID) ([]retrieval.Document, error) {
	fail := failing(ctx, "stored documents of", s.Site)
	o, err := ownerOf(s)
	if err != nil {
		return nil, fail(err)
	}
	if len(ids) > ports.MaxStored {
		return nil, fail(fmt.Errorf("%w: %d documents are looked up, at most %d are", ports.ErrInvalid, len(ids), ports.MaxStored))
	}
	asked := make(pq.StringArray, 0, len(ids))
	for _, id := range ids {
		asked = append(asked, string(id))
	}
	var rows []documentRow
	if err := d.db.asService(ctx, func(tx *sqlx.Tx) error {
		return tx.SelectContext(ctx, &rows, selectStoredDocuments, o.tenant, o.site, asked)
	}); err != nil {
		return nil, fail(err)
	}
	var list []retrieval.Document
	for _, r := range rows {
		doc, err := r.document()
		if err != nil {
			return nil, fail(fmt.Errorf("document %s: %w", r.ID, err))
		}
		list = append(list, doc)
	}
	return list, nil
}
