package sqlite

import (
	"context"
	"fmt"

	"github.com/jmoiron/sqlx"

	"github.com/aiwoochat/woochat/domain/ingestion"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/ports"
)

// SiteHealth keeps findings about sites. It is a [ports.SiteHealth].
type SiteHealth struct{ db *DB }

var _ ports.SiteHealth = (*SiteHealth)(nil)

// SiteHealth returns the findings of db.
func (db *DB) SiteHealth() *SiteHealth { return &SiteHealth{db} }

const (
	// What ingestion.Finding.After decides, in SQL; the texts are cut in Go.
	raiseFinding = `insert into site_health (tenant_id, site_id, kind, subject, detail, count, first_at, last_at) values (?, ?, ?, ?, ?, ?, ?, ?)
	on conflict (tenant_id, site_id, kind, subject) do update set detail = excluded.detail, count = site_health.count + excluded.count,
		first_at = min(site_health.first_at, excluded.first_at), last_at = max(site_health.last_at, excluded.last_at)`

	clearFindings = `delete from site_health where tenant_id = ? and site_id = ? and kind = ? and (? = '' or subject = ?)`

	selectFindings = `select kind, subject, detail, count, first_at, last_at from site_health
	where tenant_id = ? and site_id = ? order by last_at desc, kind, subject limit ?`
)

// Raise implements [ports.SiteHealth].
func (h *SiteHealth) Raise(ctx context.Context, s tenant.Scope, f ingestion.Finding) error {
	fail := failing(ctx, "finding of", s.Site)
	o, err := begin(ctx, s)
	if err != nil {
		return fail(err)
	}
	if f.Kind == "" || f.Last.IsZero() {
		return fail(fmt.Errorf("%w: it has no kind or no time", ports.ErrInvalid))
	}
	f = f.After(ingestion.Finding{})
	return fail(h.db.write(ctx, func(tx *sqlx.Tx) error {
		_, err := tx.ExecContext(ctx, raiseFinding, o.tenant, o.site, string(f.Kind), f.Subject, f.Detail, f.Count, micros(f.First), micros(f.Last))
		return err
	}))
}

// Clear implements [ports.SiteHealth].
func (h *SiteHealth) Clear(ctx context.Context, s tenant.Scope, kind ingestion.FindingKind, subject string) error {
	fail := failing(ctx, "finding of", s.Site)
	o, err := begin(ctx, s)
	if err != nil {
		return fail(err)
	}
	return fail(h.db.write(ctx, func(tx *sqlx.Tx) error {
		_, err := tx.ExecContext(ctx, clearFindings, o.tenant, o.site, string(kind), subject, subject)
		return err
	}))
}

// Findings implements [ports.SiteHealth].
func (h *SiteHealth) Findings(ctx context.Context, s tenant.Scope, limit int) ([]ingestion.Finding, error) {
	fail := failing(ctx, "findings of", s.Site)
	o, err := begin(ctx, s)
	if err != nil {
		return nil, fail(err)
	}
	var rows []struct {
		Kind    string `db:"kind"`
		Subject string `db:"subject"`
		Detail  string `db:"detail"`
		Count   int64  `db:"count"`
		First   int64  `db:"first_at"`
		Last    int64  `db:"last_at"`
	}
	if err := h.db.read(ctx, func(tx *sqlx.Tx) error {
		return tx.SelectContext(ctx, &rows, selectFindings, o.tenant, o.site, max(limit, 0))
	}); err != nil {
		return nil, fail(err)
	}
	var list []ingestion.Finding
	for _, r := range rows {
		list = append(list, ingestion.Finding{
			Kind: ingestion.FindingKind(r.Kind), Subject: r.Subject, Detail: r.Detail, Count: r.Count, First: timeOf(r.First), Last: timeOf(r.Last),
		})
	}
	return list, nil
}
