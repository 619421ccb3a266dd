package postgres

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/jmoiron/sqlx"

	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/domain/usage"
	"github.com/aiwoochat/woochat/ports"
)

// Licenses keeps the licenses of a [DB]: a [ports.Licenses] and a
// [ports.LicenseBook].
type Licenses struct{ db *DB }

var (
	_ ports.Licenses    = (*Licenses)(nil)
	_ ports.LicenseBook = (*Licenses)(nil)
)

// Licenses returns the licenses of db.
func (db *DB) Licenses() *Licenses { return &Licenses{db} }

const selectLicense = `select plan, status, plan_limits::text as plan_limits, valid_from, valid_until
	from licenses where tenant_id = $1 and site_id = $2`

// LicenseOf implements [ports.Licenses].
func (l *Licenses) LicenseOf(ctx context.Context, s tenant.Scope) (usage.License, error) {
	fail := failing(ctx, "license of", s.Site)
	var row struct {
		Plan   string       `db:"plan"`
		Status string       `db:"status"`
		Limits string       `db:"plan_limits"`
		From   sql.NullTime `db:"valid_from"`
		Until  sql.NullTime `db:"valid_until"`
	}
	if err := l.db.withScope(ctx, s, func(tx *sqlx.Tx, o owner) error {
		return tx.GetContext(ctx, &row, selectLicense, o.tenant, o.site)
	}); err != nil {
		return usage.License{}, fail(err)
	}
	lic := usage.License{Plan: row.Plan, ValidFrom: timeOrZero(row.From), ValidUntil: timeOrZero(row.Until)}
	var err error
	if lic.Status, err = usage.ParseStatus(row.Status); err != nil {
		return usage.License{}, fail(err)
	}
	if lic.Limits, err = parseLimits(row.Limits); err != nil {
		lic.Malformed = strings.TrimPrefix(err.Error(), usage.ErrLicenseInvalid.Error()+": ")
	}
	return lic, nil
}

const putLicense = `insert into licenses (tenant_id, site_id, plan, status, plan_limits, valid_from, valid_until)
	values ($1, $2, $3, $4, $5::jsonb, $6, $7)
	on conflict (site_id) do update set plan = excluded.plan, status = excluded.status, plan_limits = excluded.plan_limits,
	valid_from = excluded.valid_from, valid_until = excluded.valid_until
	where licenses.tenant_id = excluded.tenant_id`

// PutLicense implements [ports.LicenseBook].
func (l *Licenses) PutLicense(ctx context.Context, s tenant.Scope, lic usage.License) error {
	fail := failing(ctx, "license of", s.Site)
	o, err := ownerOf(s)
	if err != nil {
		return fail(err)
	}
	if err := lic.Valid(); err != nil {
		return fail(fmt.Errorf("%w: %w", ports.ErrInvalid, err))
	}
	limits, err := formatLimits(lic.Limits)
	if err != nil {
		return fail(err)
	}
	return fail(l.db.asService(ctx, func(tx *sqlx.Tx) error {
		err := one(tx.ExecContext(ctx, putLicense, o.tenant, o.site, lic.Plan, lic.Status.String(), limits,
			timeOrNull(lic.ValidFrom), timeOrNull(lic.ValidUntil)))
		if errors.Is(err, errNotOne) { // the site has a license, and is another tenant's
			return fmt.Errorf("%w: there is no such site", ports.ErrNotFound)
		}
		return err
	}))
}

// parseLimits reads licenses.plan_limits.
func parseLimits(text string) (usage.Limits, error) {
	var raw map[string]json.RawMessage
	if err := json.Unmarshal([]byte(text), &raw); err != nil {
		return usage.Limits{}, fmt.Errorf("%w: plan_limits is no JSON object: %w", usage.ErrLicenseInvalid, err)
	}
	tokens := make(map[string]string, len(raw))
	for k, v := range raw {
		tokens[k] = string(v)
	}
	return usage.ParseLimits(tokens)
}

// formatLimits returns l as licenses.plan_limits has it.
func formatLimits(l usage.Limits) (string, error) {
	raw := map[string]json.RawMessage{}
	for k, v := range l.Format() {
		raw[k] = json.RawMessage(v)
	}
	text, err := json.Marshal(raw)
	return string(text), err
}
