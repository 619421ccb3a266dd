package postgres

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"github.com/aiwoochat/woochat/domain/roles"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/ports"
)

// AuditLog is the audit log of a [DB]. It is a [ports.AuditLog].
type AuditLog struct{ db *DB }

var _ ports.AuditLog = (*AuditLog)(nil)

// AuditLog returns the audit log of db.
func (db *DB) AuditLog() *AuditLog { return &AuditLog{db} }

type auditRow struct {
	ID      string         `db:"id"`
	Tenant  sql.NullString `db:"tenant_id"`
	Site    sql.NullString `db:"site_id"`
	Actor   string         `db:"actor"`
	Action  string         `db:"action"`
	Reason  string         `db:"reason"`
	Details string         `db:"details"`
	Created time.Time      `db:"created_at"`
}

func (r auditRow) domain() roles.AuditEntry {
	return roles.AuditEntry{
		ID: roles.AuditID(roles.AuditPrefix + r.ID), At: r.Created.UTC(), Actor: roles.Subject(r.Actor), Action: roles.Action(r.Action),
		Scope:  tenant.Scope{Tenant: full[tenant.ID](tenant.Prefix, r.Tenant), Site: full[tenant.SiteID](tenant.SitePrefix, r.Site)},
		Reason: r.Reason, Details: r.Details,
	}
}

const auditColumns = `id, tenant_id, site_id, actor, action, reason, details, created_at`

const (
	// One entry is recorded after the other, so that they are seen in the order
	// of their numbers: a page that begins after one misses none before it.
	lockAudit = `select pg_advisory_xact_lock(hashtextextended('woochat audit log', 0))`

	insertAudit = `insert into audit_log (` + auditColumns + `) values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict (id) do nothing`

	selectAudit = `select ` + auditColumns + ` from audit_log where id = $1`
)

// Record implements [ports.AuditLog].
func (a *AuditLog) Record(ctx context.Context, e roles.AuditEntry) error {
	fail := failing(ctx, "record", e.ID)
	if err := e.Valid(); err != nil {
		return fail(err)
	}
	id, err := bare(roles.AuditPrefix, e.ID)
	if err != nil {
		return fail(err)
	}
	t, err := bareOrNull(tenant.Prefix, e.Scope.Tenant)
	if err != nil {
		return fail(err)
	}
	site, err := bareOrNull(tenant.SitePrefix, e.Scope.Site)
	if err != nil {
		return fail(err)
	}
	e.At = micros(e.At) // as it comes back
	return fail(a.db.asService(ctx, func(tx *sqlx.Tx) error {
		if _, err := tx.ExecContext(ctx, lockAudit); err != nil {
			return err
		}
		res, err := tx.ExecContext(ctx, insertAudit, id, t, site, string(e.Actor), string(e.Action), e.Reason, e.Details, e.At)
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err != nil || n == 1 {
			return err
		}
		var old auditRow
		if err := tx.GetContext(ctx, &old, selectAudit, id); err != nil {
			return err
		}
		if old.domain() != e {
			return fmt.Errorf("%w: another entry has the id", ports.ErrConflict)
		}
		return nil
	}))
}

// The three lists, each by an index of its own: of a site, of a tenant, of the
// platform; and where in them an entry is.
const (
	selectSiteAudit = `select ` + auditColumns + ` from audit_log
		where tenant_id = $1 and site_id = $2 and ($3::bigint is null or seq < $3) order by seq desc limit $4`

	selectTenantAudit = `select ` + auditColumns + ` from audit_log
		where tenant_id = $1 and ($2::bigint is null or seq < $2) order by seq desc limit $3`

	selectPlatformAudit = `select ` + auditColumns + ` from audit_log
		where tenant_id is null and ($1::bigint is null or seq < $1) order by seq desc limit $2`

	selectAuditSeq = `select seq from audit_log
		where id = $1 and tenant_id is not distinct from $2 and ($3::uuid is null or site_id = $3)`
)

// List implements [ports.AuditLog]. A super admin's list is read by the service
// login; for everybody else the policies look once more who he is.
func (a *AuditLog) List(ctx context.Context, who roles.Grants, s tenant.Scope, after roles.AuditID, limit int) ([]roles.AuditEntry, error) {
	fail := failing(ctx, "audit log after", after)
	if err := ctx.Err(); err != nil {
		return nil, fail(err)
	}
	t, err := bareOrNull(tenant.Prefix, s.Tenant)
	if err != nil {
		return nil, fail(err)
	}
	site, err := bareOrNull(tenant.SitePrefix, s.Site)
	if err != nil {
		return nil, fail(err)
	}
	if who.Can(roles.ReadAudit, s) != nil {
		if after != "" {
			return nil, fail(ports.ErrNotFound)
		}
		return nil, nil
	}
	var rows []auditRow
	if err := a.db.asGranted(ctx, who, roles.ReadAudit, func(tx *sqlx.Tx) error {
		var seq *int64
		if after != "" {
			id, err := bare(roles.AuditPrefix, after)
			if err != nil {
				return err
			}
			seq = new(int64)
			if err := tx.GetContext(ctx, seq, selectAuditSeq, id, t, site); err != nil {
				return err
			}
		}
		switch {
		case site != nil:
			return tx.SelectContext(ctx, &rows, selectSiteAudit, t, site, seq, max(limit, 0))
		case t != nil:
			return tx.SelectContext(ctx, &rows, selectTenantAudit, t, seq, max(limit, 0))
		}
		return tx.SelectContext(ctx, &rows, selectPlatformAudit, seq, max(limit, 0))
	}); err != nil {
		return nil, fail(err)
	}
	entries := make([]roles.AuditEntry, len(rows))
	for i, r := range rows {
		entries[i] = r.domain()
	}
	return entries, nil
}

// asGranted runs do as who: a super admin, who may do action everywhere, sees
// everything, and everybody else what the policies find that he may.
func (db *DB) asGranted(ctx context.Context, who roles.Grants, action roles.Action, do func(tx *sqlx.Tx) error) error {
	if _, everywhere := who.Where(action); everywhere {
		return db.asService(ctx, do)
	}
	return db.asCaller(ctx, who.Subject, do)
}
