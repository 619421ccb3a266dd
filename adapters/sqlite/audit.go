package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

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
	Created int64          `db:"created_at"`
}

// auditRowOf returns e as it is stored. The error matches roles.ErrBadEntry or
// tenant.ErrBadID.
func auditRowOf(e roles.AuditEntry) (auditRow, error) {
	if err := e.Valid(); err != nil {
		return auditRow{}, err
	}
	id, err := bare(roles.AuditPrefix, e.ID)
	if err != nil {
		return auditRow{}, err
	}
	t, err := bareOrNull(tenant.Prefix, e.Scope.Tenant)
	if err != nil {
		return auditRow{}, err
	}
	site, err := bareOrNull(tenant.SitePrefix, e.Scope.Site)
	return auditRow{id, t, site, string(e.Actor), string(e.Action), e.Reason, e.Details, micros(e.At)}, err
}

func (r auditRow) domain() roles.AuditEntry {
	return roles.AuditEntry{
		ID: roles.AuditID(roles.AuditPrefix + r.ID), At: timeOf(r.Created), Actor: roles.Subject(r.Actor), Action: roles.Action(r.Action),
		Scope:  tenant.Scope{Tenant: full[tenant.ID](tenant.Prefix, r.Tenant), Site: full[tenant.SiteID](tenant.SitePrefix, r.Site)},
		Reason: r.Reason, Details: r.Details,
	}
}

const auditColumns = `id, tenant_id, site_id, actor, action, reason, details, created_at`

const (
	selectAudit = `select ` + auditColumns + ` from audit_log where id = ?`

	insertAudit = `insert into audit_log (` + auditColumns + `) values (?, ?, ?, ?, ?, ?, ?, ?)`
)

// Record implements [ports.AuditLog].
func (a *AuditLog) Record(ctx context.Context, e roles.AuditEntry) error {
	fail := failing(ctx, "record", e.ID)
	row, err := auditRowOf(e)
	if err != nil {
		return fail(err)
	}
	return fail(a.db.write(ctx, func(tx *sqlx.Tx) error {
		var old auditRow
		switch err := tx.GetContext(ctx, &old, selectAudit, row.ID); {
		case err == nil && old == row:
			return nil
		case err == nil:
			return fmt.Errorf("%w: another entry has the id", ports.ErrConflict)
		case !errors.Is(err, sql.ErrNoRows):
			return err
		}
		_, err := tx.ExecContext(ctx, insertAudit, row.ID, row.Tenant, row.Site, row.Actor, row.Action, row.Reason, row.Details, row.Created)
		return err
	}))
}

// The three lists, each by an index of its own: of a site, of a tenant, of the
// platform. "is" finds null, too.
const (
	selectSiteAudit = `select ` + auditColumns + ` from audit_log
		where tenant_id is ? and site_id is ? and seq < ? order by seq desc limit ?`

	selectTenantAudit = `select ` + auditColumns + ` from audit_log
		where tenant_id is ? and seq < ? order by seq desc limit ?`

	selectAuditSeq = `select seq from audit_log where id = ? and tenant_id is ? and (? is null or site_id is ?)`
)

// beforeAll is a seq that no row reaches.
const beforeAll = int64(1)<<62 - 1

// List implements [ports.AuditLog].
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
	if err := a.db.read(ctx, func(tx *sqlx.Tx) error {
		seq := beforeAll
		if after != "" {
			id, err := bare(roles.AuditPrefix, after)
			if err != nil {
				return err
			}
			if err := tx.GetContext(ctx, &seq, selectAuditSeq, id, t, site, site); err != nil {
				return err
			}
		}
		if site.Valid {
			return tx.SelectContext(ctx, &rows, selectSiteAudit, t, site, seq, max(limit, 0))
		}
		return tx.SelectContext(ctx, &rows, selectTenantAudit, t, seq, max(limit, 0))
	}); err != nil {
		return nil, fail(err)
	}
	entries := make([]roles.AuditEntry, len(rows))
	for i, r := range rows {
		entries[i] = r.domain()
	}
	return entries, nil
}
