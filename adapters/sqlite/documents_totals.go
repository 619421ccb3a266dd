package sqlite

import (
	"context"
	"database/sql"

	"github.com/jmoiron/sqlx"

	"github.com/aiwoochat/woochat/domain/retrieval"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/ports"
)

var _ ports.DocumentTotals = (*Documents)(nil)

const selectTotals = `select count(*) as documents, count(*) filter (where shown) as shown, count(*) filter (where change_no is not null and not worded) as waiting,
		min(updated_at) filter (where change_no is not null and not worded) as oldest,
		max(updated_at) filter (where change_no is not null and not worded) as newest,
		(select count(*) from chunks where tenant_id = ?1 and site_id = ?2 and chunking = ` + servedChunking + `) as chunks
	from documents where tenant_id = ?1 and site_id = ?2`

// Totals implements [ports.DocumentTotals].
func (d *Documents) Totals(ctx context.Context, s tenant.Scope) (retrieval.Totals, error) {
	fail := failing(ctx, "totals of", s.Site)
	o, err := begin(ctx, s)
	if err != nil {
		return retrieval.Totals{}, fail(err)
	}
	var row struct {
		Documents int64         `db:"documents"`
		Shown     int64         `db:"shown"`
		Waiting   int64         `db:"waiting"`
		Chunks    int64         `db:"chunks"`
		Oldest    sql.NullInt64 `db:"oldest"`
		Newest    sql.NullInt64 `db:"newest"`
	}
	if err := d.db.read(ctx, func(tx *sqlx.Tx) error {
		return tx.GetContext(ctx, &row, selectTotals, o.tenant, o.site)
	}); err != nil {
		return retrieval.Totals{}, fail(err)
	}
	return retrieval.Totals{
		Documents: row.Documents, Shown: row.Shown, Chunks: row.Chunks, Waiting: row.Waiting, Oldest: timeOrZero(row.Oldest), Newest: timeOrZero(row.Newest),
	}, nil
}
