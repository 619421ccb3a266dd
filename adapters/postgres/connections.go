package postgres

import (
	"context"
	"database/sql"
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
//
// All is asked by the runtime login: what is not secret within one site's rows,
// and what is sealed, or comes without a scope, through functions that read or
// write one row. The list of all sites is the platform's own, and the service
// login's.
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
	URL             string       `db:"url"`
	Auth            string       `db:"auth"`
	PlainPermalinks bool         `db:"plain_permalinks"`
	Write           bool         `db:"can_write"`
	Currency        string       `db:"currency"`
	Exponent        uint8        `db:"exponent"`
	WeightUnit      string       `db:"weight_unit"`
	DimensionUnit   string       `db:"dimension_unit"`
	Created         sql.NullTime `db:"created_at"`
	Updated         sql.NullTime `db:"updated_at"`
	Version         int64        `db:"version"`
	Key             string       `db:"sealed_key"`
	New             string       `db:"sealed_new"`
	Before          string       `db:"sealed_before"`
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

const selectConnection = `select url, auth, plain_permalinks, can_write, currency, exponent, weight_unit, dimension_unit, created_at, updated_at,
	version, sealed_key, sealed_new, sealed_before from public.connection_of_site($1, $2)`

// Connection implements [ports.Connections].
func (c *Connections) Connection(ctx context.Context, s tenant.Scope) (ingestion.Connection, error) {
	fail := failing(ctx, "connection of", s.Site)
	o, err := ownerOf(s)
	if err != nil {
		return ingestion.Connection{}, fail(err)
	}
	var row connectionRow
	if err := c.db.runtime.GetContext(ctx, &row, selectConnection, o.tenant, o.site); err != nil {
		return ingestion.Connection{}, fail(err)
	}
	got, err := row.domain()
	return got, fail(err)
}

const saveConnection = `select public.save_connection($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)`

// SaveConnection implements [ports.Connections].
func (c *Connections) SaveConnection(ctx context.Context, s tenant.Scope, next ingestion.Connection) (ingestion.Connection, error) {
	fail := failing(ctx, "connection of", s.Site)
	o, err := ownerOf(s)
	if err != nil {
		return ingestion.Connection{}, fail(err)
	}
	if err := next.Valid(); err != nil {
		return ingestion.Connection{}, fail(fmt.Errorf("%w: %w", ports.ErrInvalid, err))
	}
	two := append(slices.Clip(next.Secrets), "", "")
	var version sql.NullInt64
	if err := c.db.runtime.GetContext(ctx, &version, saveConnection,
		o.tenant, o.site, next.Version, next.URL, next.Auth.String(), next.PlainPermalinks, next.Write, next.Currency, next.Exponent,
		next.WeightUnit, next.DimensionUnit, timeOrNull(next.Created), timeOrNull(next.Updated), next.Key, two[0], two[1]); err != nil {
		return ingestion.Connection{}, fail(err)
	}
	if !version.Valid {
		return ingestion.Connection{}, fail(fmt.Errorf("%w: it is not at version %d", ports.ErrConflict, next.Version))
	}
	next.Version, next.Secrets = version.Int64, secretsOf(two[0], two[1])
	next.Created, next.Updated = timeOrZero(timeOrNull(next.Created)), timeOrZero(timeOrNull(next.Updated))
	return next, nil
}

const removeConnection = `select public.remove_connection($1, $2)`

// RemoveConnection implements [ports.Connections].
func (c *Connections) RemoveConnection(ctx context.Context, s tenant.Scope) error {
	fail := failing(ctx, "connection of", s.Site)
	o, err := ownerOf(s)
	if err != nil {
		return fail(err)
	}
	_, err = c.db.runtime.ExecContext(ctx, removeConnection, o.tenant, o.site)
	return fail(err)
}

const selectReceiver = `select tenant_id, sealed_new, sealed_before, has_key from public.receiver_of_site($1)`

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
	if err := c.db.runtime.GetContext(ctx, &row, selectReceiver, id); err != nil {
		return ingestion.Receiver{}, fail(err)
	}
	return ingestion.Receiver{Scope: owner{row.Tenant, id}.scope(), Secrets: secretsOf(row.New, row.Before), HasKey: row.HasKey}, nil
}

const selectConnected = `select c.tenant_id, c.site_id from connections c
	join sites s on s.tenant_id = c.tenant_id and s.id = c.site_id
	join tenants t on t.id = c.tenant_id
	where ($1::uuid is null or c.site_id > $1) and not s.disabled and not t.disabled order by c.site_id limit $2`

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
	if err := c.db.asService(ctx, func(tx *sqlx.Tx) error {
		return tx.SelectContext(ctx, &rows, selectConnected, from, max(0, limit))
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
	saveState = `select public.save_connect_state($1, $2, $3, $4, $5, $6, $7, $8)`

	takeState = `select tenant_id, site_id, url, return_url, asked_by, expires_at from public.take_connect_state($1)`
)

// SaveState implements [ports.ConnectStates].
func (c *Connections) SaveState(ctx context.Context, s tenant.Scope, hash string, note ingestion.ConnectNote, expires time.Time) error {
	fail := failing(ctx, "state of", s.Site)
	o, err := ownerOf(s)
	if err != nil {
		return fail(err)
	}
	_, err = c.db.runtime.ExecContext(ctx, saveState, hash, o.tenant, o.site, note.URL, note.Return, note.By, micros(expires), micros(c.db.now()))
	return fail(err)
}

// TakeState implements [ports.ConnectStates].
func (c *Connections) TakeState(ctx context.Context, hash string) (tenant.Scope, ingestion.ConnectNote, error) {
	fail := failing(ctx, "connect", "state")
	if err := ctx.Err(); err != nil {
		return tenant.Scope{}, ingestion.ConnectNote{}, fail(err)
	}
	var row struct {
		Tenant  string    `db:"tenant_id"`
		Site    string    `db:"site_id"`
		URL     string    `db:"url"`
		Return  string    `db:"return_url"`
		By      string    `db:"asked_by"`
		Expires time.Time `db:"expires_at"`
	}
	err := c.db.runtime.GetContext(ctx, &row, takeState, hash)
	if err == nil && !row.Expires.After(micros(c.db.now())) {
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
	where c.tenant_id = $1 and c.site_id = $2`

	noteHeard = `insert into connection_deliveries (tenant_id, site_id, heard_at) values ($1, $2, $3)
	on conflict (tenant_id, site_id) do update set heard_at = greatest(connection_deliveries.heard_at, excluded.heard_at)`
)

// Shown implements [ports.Deliveries].
func (c *Connections) Shown(ctx context.Context, s tenant.Scope) (ingestion.Shown, error) {
	fail := failing(ctx, "connection of", s.Site)
	var row struct {
		URL     string       `db:"url"`
		HasKey  bool         `db:"has_key"`
		Write   bool         `db:"can_write"`
		Secrets int          `db:"secrets"`
		Heard   sql.NullTime `db:"heard_at"`
	}
	if err := c.db.withScope(ctx, s, func(tx *sqlx.Tx, o owner) error {
		return tx.GetContext(ctx, &row, selectShown, o.tenant, o.site)
	}); err != nil {
		return ingestion.Shown{}, fail(err)
	}
	return ingestion.Shown{Scope: s, URL: row.URL, HasKey: row.HasKey, Write: row.Write, Secrets: row.Secrets, LastHook: timeOrZero(row.Heard)}, nil
}

// Heard implements [ports.Deliveries].
func (c *Connections) Heard(ctx context.Context, s tenant.Scope, at time.Time) error {
	fail := failing(ctx, "delivery of", s.Site)
	return fail(c.db.withScope(ctx, s, func(tx *sqlx.Tx, o owner) error {
		_, err := tx.ExecContext(ctx, noteHeard, o.tenant, o.site, micros(at))
		return err
	}))
}
