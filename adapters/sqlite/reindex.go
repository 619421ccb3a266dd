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
		update documents set indexed_revision = '', former_revision = null, worded = 0, change_no = numbered.no,
			unbuilt = shown and exists (
				select 1 from index_generations g
				where g.tenant_id = documents.tenant_id and g.site_id = documents.site_id and g.state = 'building'
			)
		from numbered where numbered.row = documents.rowid`
)

// RequeueAll makes all documents of all sites pending again, in the generation
// that is searched and in one that is built, as an index needs that has lost them; see [Index.NeedsRebuild]. It may be called again.
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
