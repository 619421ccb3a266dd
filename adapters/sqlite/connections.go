package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jmoiron/sqlx"

	"github.com/aiwoochat/woochat/domain/ingestion"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/ports"
)

// Connections keeps how shops are reached. It is a [ports.Connections],
// [ports.ConnectedSites], [ports.ConnectStates] and [ports.Deliveries].
type Connections struct{ db *DB }

var (
	_ ports.Connections    = (*Connections)(nil)
	_ ports.ConnectedSites = (*Connections)(nil)
	_ ports.ConnectStates  = (*Connections)(nil)
	_ ports.Deliveries     = (*Connections)(nil)
)

// Connections returns the store of connections in db.
func (db *DB) Connections() *Connections { return &Connections{db} }

type connectionRow struct {
	URL             string        `db:"url"`
	Auth            string        `db:"auth"`
	PlainPermalinks bool          `db:"plain_permalinks"`
	Write           bool          `db:"can_write"`
	Currency        string        `db:"currency"`
	Exponent        uint8         `db:"exponent"`
	WeightUnit      string        `db:"weight_unit"`
	DimensionUnit   string        `db:"dimension_unit"`
	Created         sql.NullInt64 `db:"created_at"`
	Updated         sql.NullInt64 `db:"updated_at"`
	Version         int64         `db:"version"`
	Key             string        `db:"sealed_key"`
	New             string        `db:"sealed_new"`
	Before          string        `db:"sealed_before"`
}

func (r connectionRow) domain() (ingestion.Connection, error) {
	auth, err := ingestion.ParseAuth(r.Auth)
	if err != nil {
		return ingestion.Connection{}, fmt.Errorf("%w: %w", ports.ErrUnavailable, err)
	}
	return ingestion.Connection{
		URL: r.URL, Auth: auth, PlainPermalinks: r.PlainPermalinks, Key: r.Key, Write: r.Write, Secrets: secretsOf(r.New, r.Before),
		Currency: r.Currency, Exponent: r.Exponent, WeightUnit: r.WeightUnit, DimensionUnit: r.DimensionUnit,
		Created: timeOrZero(r.Created), Updated: timeOrZero(r.Updated), Version: r.Version,
	}, nil
}

// secretsOf returns the list of the secrets that are there, the newest first.
func secretsOf(newest, before string) []string {
	var list []string
	for _, s := range []string{newest, before} {
		if s != "" {
			list = append(list, s)
		}
	}
	return list
}

const selectConnection = `select c.url, c.auth, c.plain_permalinks, c.can_write, c.currency, c.exponent, c.weight_unit, c.dimension_unit,
		c.created_at, c.updated_at, c.version, x.sealed_key, x.sealed_new, x.sealed_before
	from connections c join connection_secrets x on x.tenant_id = c.tenant_id and x.site_id = c.site_id
	where c.tenant_id = ? and c.site_id = ?`

// Connection implements [ports.Connections].
func (c *Connections) Connection(ctx context.Context, s tenant.Scope) (ingestion.Connection, error) {
	fail := failing(ctx, "connection of", s.Site)
	o, err := begin(ctx, s)
	if err != nil {
		return ingestion.Connection{}, fail(err)
	}
	var row connectionRow
	if err := c.db.read(ctx, func(tx *sqlx.Tx) error {
		return tx.GetContext(ctx, &row, selectConnection, o.tenant, o.site)
	}); err != nil {
		return ingestion.Connection{}, fail(err)
	}
	got, err := row.domain()
	return got, fail(err)
}

const (
	// Two connections that a site has one after the other share no version.
	insertConnection = `insert into connections (url, auth, plain_permalinks, has_key, can_write, secrets, currency, exponent,
		weight_unit, dimension_unit, created_at, updated_at, version, tenant_id, site_id)
	values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1 + abs(random() % 4503599627370496), ?, ?)
	on conflict (tenant_id, site_id) do nothing`

	updateConnection = `update connections set url = ?, auth = ?, plain_permalinks = ?, has_key = ?, can_write = ?, secrets = ?, currency = ?,
		exponent = ?, weight_unit = ?, dimension_unit = ?, created_at = ?, updated_at = ?, version = version + 1
	where tenant_id = ? and site_id = ? and version = ?`

	putConnectionSecrets = `insert into connection_secrets (tenant_id, site_id, sealed_key, sealed_new, sealed_before) values (?, ?, ?, ?, ?)
	on conflict (tenant_id, site_id) do update set sealed_key = excluded.sealed_key, sealed_new = excluded.sealed_new, sealed_before = excluded.sealed_before`
)

// SaveConnection implements [ports.Connections].
func (c *Connections) SaveConnection(ctx context.Context, s tenant.Scope, next ingestion.Connection) (ingestion.Connection, error) {
	fail := failing(ctx, "connection of", s.Site)
	o, err := begin(ctx, s)
	if err != nil {
		return ingestion.Connection{}, fail(err)
	}
	if err := next.Valid(); err != nil {
		return ingestion.Connection{}, fail(fmt.Errorf("%w: %w", ports.ErrInvalid, err))
	}
	args := []any{
		next.URL, next.Auth.String(), next.PlainPermalinks, next.Key != "", next.Write, len(next.Secrets), next.Currency, next.Exponent,
		next.WeightUnit, next.DimensionUnit, microsOrNull(next.Created), microsOrNull(next.Updated), o.tenant, o.site,
	}
	statement := insertConnection
	if next.Version != 0 {
		statement, args = updateConnection, append(args, next.Version)
	}
	var row connectionRow
	if err := c.db.write(ctx, func(tx *sqlx.Tx) error {
		switch err := one(tx.ExecContext(ctx, statement, args...)); {
		case errors.Is(err, errNotOne):
			return fmt.Errorf("%w: it is not at version %d", ports.ErrConflict, next.Version)
		case err != nil:
			return err
		}
		two := append(slices.Clip(next.Secrets), "", "")
		if _, err := tx.ExecContext(ctx, putConnectionSecrets, o.tenant, o.site, next.Key, two[0], two[1]); err != nil {
			return err
		}
		return tx.GetContext(ctx, &row, selectConnection, o.tenant, o.site)
	}); err != nil {
		return ingestion.Connection{}, fail(err)
	}
	got, err := row.domain()
	return got, fail(err)
}

const deleteConnection = `delete from connections where tenant_id = ? and site_id = ?`

// RemoveConnection implements [ports.Connections].
func (c *Connections) RemoveConnection(ctx context.Context, s tenant.Scope) error {
	fail := failing(ctx, "connection of", s.Site)
	o, err := begin(ctx, s)
	if err != nil {
		return fail(err)
	}
	return fail(c.db.write(ctx, func(tx *sqlx.Tx) error {
		_, err := tx.ExecContext(ctx, deleteConnection, o.tenant, o.site)
		return err
	}))
}

const selectReceiver = `select c.tenant_id, x.sealed_new, x.sealed_before, c.has_key from connections c
	join connection_secrets x on x.tenant_id = c.tenant_id and x.site_id = c.site_id
	join sites s on s.tenant_id = c.tenant_id and s.id = c.site_id
	join tenants t on t.id = c.tenant_id
	where c.site_id = ? and not s.disabled and not t.disabled`

// Receiver implements [ports.ConnectedSites].
func (c *Connections) Receiver(ctx context.Context, site tenant.SiteID) (ingestion.Receiver, error) {
	fail := failing(ctx, "receiver of", site)
	if err := ctx.Err(); err != nil {
		return ingestion.Receiver{}, fail(err)
	}
	id, err := bare(tenant.SitePrefix, site)
	if err != nil {
		return ingestion.Receiver{}, fail(fmt.Errorf("%w: %w", ports.ErrNotFound, err))
	}
	var row struct {
		Tenant string `db:"tenant_id"`
		New    string `db:"sealed_new"`
		Before string `db:"sealed_before"`
		HasKey bool   `db:"has_key"`
	}
	if err := c.db.read(ctx, func(tx *sqlx.Tx) error { return tx.GetContext(ctx, &row, selectReceiver, id) }); err != nil {
		return ingestion.Receiver{}, fail(err)
	}
	return ingestion.Receiver{Scope: owner{row.Tenant, id}.scope(), Secrets: secretsOf(row.New, row.Before), HasKey: row.HasKey}, nil
}

const selectConnected = `select c.tenant_id, c.site_id from connections c
	join sites s on s.tenant_id = c.tenant_id and s.id = c.site_id
	join tenants t on t.id = c.tenant_id
	where c.site_id > ? and not s.disabled and not t.disabled order by c.site_id limit ?`

// Connected implements [ports.ConnectedSites].
func (c *Connections) Connected(ctx context.Context, after tenant.SiteID, limit int) ([]tenant.Scope, error) {
	fail := failing(ctx, "connected sites after", after)
	if err := ctx.Err(); err != nil {
		return nil, fail(err)
	}
	from, err := bareOrNull(tenant.SitePrefix, after)
	if err != nil {
		return nil, fail(err)
	}
	var rows []struct {
		Tenant string `db:"tenant_id"`
		Site   string `db:"site_id"`
	}
	if err := c.db.read(ctx, func(tx *sqlx.Tx) error {
		return tx.SelectContext(ctx, &rows, selectConnected, from.String, max(0, limit))
	}); err != nil {
		return nil, fail(err)
	}
	var list []tenant.Scope
	for _, r := range rows {
		list = append(list, owner{r.Tenant, r.Site}.scope())
	}
	return list, nil
}

const (
	deleteExpiredStates = `delete from connect_states where tenant_id = ? and site_id = ? and expires_at <= ?`

	insertState = `insert into connect_states (hash, tenant_id, site_id, url, return_url, asked_by, expires_at) values (?, ?, ?, ?, ?, ?, ?)`

	takeState = `delete from connect_states where hash = ? returning tenant_id, site_id, url, return_url, asked_by, expires_at`
)

// SaveState implements [ports.ConnectStates].
func (c *Connections) SaveState(ctx context.Context, s tenant.Scope, hash string, note ingestion.ConnectNote, expires time.Time) error {
	fail := failing(ctx, "state of", s.Site)
	o, err := begin(ctx, s)
	if err != nil {
		return fail(err)
	}
	return fail(c.db.write(ctx, func(tx *sqlx.Tx) error {
		if _, err := tx.ExecContext(ctx, deleteExpiredStates, o.tenant, o.site, micros(c.db.now())); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, insertState, hash, o.tenant, o.site, note.URL, note.Return, note.By, micros(expires))
		return err
	}))
}

// TakeState implements [ports.ConnectStates].
func (c *Connections) TakeState(ctx context.Context, hash string) (tenant.Scope, ingestion.ConnectNote, error) {
	fail := failing(ctx, "connect", "state")
	if err := ctx.Err(); err != nil {
		return tenant.Scope{}, ingestion.ConnectNote{}, fail(err)
	}
	var row struct {
		Tenant  string `db:"tenant_id"`
		Site    string `db:"site_id"`
		URL     string `db:"url"`
		Return  string `db:"return_url"`
		By      string `db:"asked_by"`
		Expires int64  `db:"expires_at"`
	}
	err := c.db.write(ctx, func(tx *sqlx.Tx) error { return tx.GetContext(ctx, &row, takeState, hash) })
	if err == nil && row.Expires <= micros(c.db.now()) {
		err = fmt.Errorf("%w: it has expired", ports.ErrNotFound)
	}
	if err != nil {
		return tenant.Scope{}, ingestion.ConnectNote{}, fail(err)
	}
	return owner{row.Tenant, row.Site}.scope(), ingestion.ConnectNote{URL: row.URL, Return: row.Return, By: row.By}, nil
}

const (
	selectShown = `select c.url, c.has_key, c.can_write, c.secrets, d.heard_at
	from connections c left join connection_deliveries d on d.tenant_id = c.tenant_id and d.site_id = c.site_id
	where c.tenant_id = ? and c.site_id = ?`

	noteHeard = `insert into connection_deliveries (tenant_id, site_id, heard_at) values (?, ?, ?)
	on conflict (tenant_id, site_id) do update set heard_at = max(connection_deliveries.heard_at, excluded.heard_at)`
)

// Shown implements [ports.Deliveries].
func (c *Connections) Shown(ctx context.Context, s tenant.Scope) (ingestion.Shown, error) {
	fail := failing(ctx, "connection of", s.Site)
	o, err := begin(ctx, s)
	if err != nil {
		return ingestion.Shown{}, fail(err)
	}
	var row struct {
		URL     string        `db:"url"`
		HasKey  bool          `db:"has_key"`
		Write   bool          `db:"can_write"`
		Secrets int           `db:"secrets"`
		Heard   sql.NullInt64 `db:"heard_at"`
	}
	if err := c.db.read(ctx, func(tx *sqlx.Tx) error {
		return tx.GetContext(ctx, &row, selectShown, o.tenant, o.site)
	}); err != nil {
		return ingestion.Shown{}, fail(err)
	}
	return ingestion.Shown{Scope: s, URL: row.URL, HasKey: row.HasKey, Write: row.Write, Secrets: row.Secrets, LastHook: timeOrZero(row.Heard)}, nil
}

// Heard implements [ports.Deliveries].
func (c *Connections) Heard(ctx context.Context, s tenant.Scope, at time.Time) error {
	fail := failing(ctx, "delivery of", s.Site)
	o, err := begin(ctx, s)
	if err != nil {
		return fail(err)
	}
	return fail(c.db.write(ctx, func(tx *sqlx.Tx) error {
		_, err := tx.ExecContext(ctx, noteHeard, o.tenant, o.site, micros(at))
		return err
	}))
}
