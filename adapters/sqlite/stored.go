package sqlite

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/jmoiron/sqlx"

	"github.com/aiwoochat/woochat/domain/retrieval"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/ports"
)

var _ ports.StoredDocuments = (*Documents)(nil)

// Stored implements [ports.StoredDocuments].
func (d *Documents) Stored(ctx context.Context, s tenant.Scope, ids []retrieval.DocumentID) ([]retrieval.Document, error) {
	o, err := ownerOf(s)
	if err != nil {
		return nil, mapped(ctx, err)
	}
	if len(ids) > ports.MaxStored {
		return nil, fmt.Errorf("%w: %d documents are looked up, at most %d are", ports.ErrInvalid, len(ids), ports.MaxStored)
	}
	if ids == nil {
		ids = []retrieval.DocumentID{}
	}
	asked, err := json.Marshal(ids)
	if err != nil {
		return nil, err
	}
	var rows []documentRow
	err = d.db.read(ctx, func(tx *sqlx.Tx) error {
		return tx.SelectContext(ctx, &rows, `
			select id, revision, kind, source, title, url, '' as body, locale, facts, shown, updated_at, read_at from documents
			where tenant_id = ? and site_id = ? and id in (select value from json_each(?)) order by id`, o.tenant, o.site, string(asked))
	})
	if err != nil {
		return nil, fmt.Errorf("stored documents: %w", err)
	}
	var list []retrieval.Document
	for _, r := range rows {
		doc, err := r.document()
		if err != nil {
			return nil, fmt.Errorf("document %s: %w", r.ID, err)
		}
		list = append(list, doc)
	}
	return list, nil
}
