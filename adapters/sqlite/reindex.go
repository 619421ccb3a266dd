package sqlite

import (
	"context"
	"fmt"

	"github.com/jmoiron/sqlx"
)

const (
	// Two steps, since numbers are unique within a site at every moment.
	forgetChanges = `update documents set change_no = null where change_no is not null`
	queueAll      = `
		with numbered as (
			select rowid as row, row_number() over (partition by tenant_id, site_id order by coalesce(change_no, 0), id) as no from documents
		)
		update documents set indexed_revision = '', change_no = numbered.no from numbered where numbered.row = documents.rowid`
)

// RequeueAll makes all documents of all sites pending again, as an index needs
// that has lost them; see [Index.NeedsRebuild]. It may be called again.
func (d *Documents) RequeueAll(ctx context.Context) error {
	err := d.db.write(ctx, func(tx *sqlx.Tx) error {
		for _, statement := range []string{forgetChanges, queueAll} {
			if _, err := tx.ExecContext(ctx, statement); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("sqlite: queue all documents for the index: %w", err)
	}
	return nil
}

// UseModel says which model's vectors the index is to hold. If it holds those
// of another one, or of none, it is cleared, so that NeedsRebuild is true: an
// index never mixes the vectors of two models. "" changes nothing: whoever has
// no embedder leaves the vectors as they are.
func (x *Index) UseModel(ctx context.Context, model string) error {
	if model == "" {
		return nil
	}
	var have string
	err := x.file.read(ctx, func(tx *sqlx.Tx) error {
		return tx.GetContext(ctx, &have, `select embedding_model from state`)
	})
	if err != nil {
		return fmt.Errorf("sqlite: read the index's model: %w", err)
	}
	if have == model {
		return nil
	}
	if err := x.Clear(ctx); err != nil {
		return err
	}
	err = x.file.write(ctx, func(tx *sqlx.Tx) error {
		_, err := tx.ExecContext(ctx, `update state set embedding_model = ?`, model)
		return err
	})
	if err != nil {
		return fmt.Errorf("sqlite: note the index's model: %w", err)
	}
	return nil
}
