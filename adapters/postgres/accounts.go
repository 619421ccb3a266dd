package postgres

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"

	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/ports"
)

// Accounts keeps tenants, sites, keys and members. It is a [ports.Tenants],
// [ports.Sites], [ports.Keys], [ports.SiteKeys], [ports.Members],
// [ports.PlatformUsers] and [ports.Grants].
//
// What a request of a shopper or a tenant looks up is read by the runtime login,
// under row-level security; what operators and use cases that have asked for the
// grants write and list goes through the service login.
type Accounts struct{ db *DB }

var (
	_ ports.Tenants       = (*Accounts)(nil)
	_ ports.Sites         = (*Accounts)(nil)
	_ ports.Keys          = (*Accounts)(nil)
	_ ports.SiteKeys      = (*Accounts)(nil)
	_ ports.Members       = (*Accounts)(nil)
	_ ports.PlatformUsers = (*Accounts)(nil)
	_ ports.Grants        = (*Accounts)(nil)
)

// Accounts returns the store of accounts in db.
func (db *DB) Accounts() *Accounts { return &Accounts{db} }

const putTenant = `insert into tenants (id, name, created_at, disabled) values ($1, $2, $3, $4)
	on conflict (id) do update set name = excluded.name, created_at = excluded.created_at, disabled = excluded.disabled`

// PutTenant implements [ports.Tenants].
func (a *Accounts) PutTenant(ctx context.Context, t tenant.Tenant) error {
	fail := failing(ctx, "tenant", t.ID)
	if t.ID == "" || strings.TrimSpace(t.Name) == "" {
		return fail(fmt.Errorf("%w: a tenant needs an id and a name", ports.ErrInvalid))
	}
	id, err := bare(tenant.Prefix, t.ID)
	if err != nil {
		return fail(err)
	}
	return fail(a.db.asService(ctx, func(tx *sqlx.Tx) error {
		return one(tx.ExecContext(ctx, putTenant, id, t.Name, micros(t.Created), t.Disabled))
	}))
}

type tenantRow struct {
	ID       string    `db:"id"`
	Name     string    `db:"name"`
	Created  time.Time `db:"created_at"`
	Disabled bool      `db:"disabled"`
}

func (r tenantRow) domain() tenant.Tenant {
	return tenant.Tenant{ID: tenant.ID(tenant.Prefix + r.ID), Name: r.Name, Created: r.Created.UTC(), Disabled: r.Disabled}
}

const selectTenant = `select id, name, created_at, disabled from tenants where id = $1`

// Tenant implements [ports.Tenants].
func (a *Accounts) Tenant(ctx context.Context, id tenant.ID) (tenant.Tenant, error) {
	var row tenantRow
	if err := a.db.withTenant(ctx, id, func(tx *sqlx.Tx, t string) error {
		return tx.GetContext(ctx, &row, selectTenant, t)
	}); err != nil {
		return tenant.Tenant{}, failing(ctx, "tenant", id)(err)
	}
	return row.domain(), nil
}

const listTenants = `select id, name, created_at, disabled from tenants where $1::uuid is null or id > $1 order by id limit $2`

// ListTenants implements [ports.Tenants].
func (a *Accounts) ListTenants(ctx context.Context, after tenant.ID, limit int) ([]tenant.Tenant, error) {
	fail := failing(ctx, "list tenants after", after)
	from, err := bareOrNull(tenant.Prefix, after)
	if err != nil {
		return nil, fail(err)
	}
	var rows []tenantRow
	if err := a.db.asService(ctx, func(tx *sqlx.Tx) error {
		return tx.SelectContext(ctx, &rows, listTenants, from, max(0, limit))
	}); err != nil {
		return nil, fail(err)
	}
	list := make([]tenant.Tenant, len(rows))
	for i, r := range rows {
		list[i] = r.domain()
	}
	return list, nil
}

const putSite = `insert into sites (id, tenant_id, name, url, origins, locale, currency, timezone, zone_before, zone_since, zone_floor,
		limit_text, greeting, suggestions, contact_url, generation, created_at, disabled, accent_colour)
	values ($1, $2, $3, $4, $5::jsonb, $6, $7, $8, $9, $10, $11, $12, $13, $14::jsonb, $15, $16, $17, $18, $19)
	on conflict (id) do update set name = excluded.name, url = excluded.url, origins = excluded.origins,
		locale = excluded.locale, currency = excluded.currency, timezone = excluded.timezone,
		zone_before = excluded.zone_before, zone_since = excluded.zone_since, zone_floor = excluded.zone_floor,
		limit_text = excluded.limit_text, greeting = excluded.greeting, suggestions = excluded.suggestions,
		contact_url = excluded.contact_url, generation = excluded.generation, created_at = excluded.created_at,
		disabled = excluded.disabled, accent_colour = excluded.accent_colour
	where sites.tenant_id = excluded.tenant_id`

// PutSite implements [ports.Sites].
func (a *Accounts) PutSite(ctx context.Context, site tenant.Site) error {
	fail := failing(ctx, "site", site.ID)
	if err := site.Valid(); err != nil {
		return fail(fmt.Errorf("%w: %w", ports.ErrInvalid, err))
	}
	o, err := ownerOf(site.Scope())
	if err != nil {
		return fail(err)
	}
	origins, err := jsonList(site.Origins)
	if err != nil {
		return fail(err)
	}
	suggestions, err := jsonList(site.Suggestions)
	if err != nil {
		return fail(err)
	}
	return fail(a.db.asService(ctx, func(tx *sqlx.Tx) error {
		err := one(tx.ExecContext(ctx, putSite,
			o.site, o.tenant, site.Name, site.URL, origins, site.Locale, site.Currency, site.TimeZone, site.ZoneBefore,
			timeOrNull(site.ZoneSince), site.ZoneFloor, site.LimitText, site.Greeting, suggestions, site.ContactURL,
			site.Generation, micros(site.Created), site.Disabled, site.AccentColour))
		if errors.Is(err, errNotOne) {
			return fmt.Errorf("%w: the id is another tenant's", ports.ErrConflict)
		}
		return err
	}))
}

// jsonList returns list as JSON. Both nil and an empty list are [].
func jsonList(list []string) (string, error) {
	if len(list) == 0 {
		return "[]", nil
	}
	b, err := json.Marshal(list)
	return string(b), err
}

type siteRow struct {
	ID             string       `db:"id"`
	Tenant         string       `db:"tenant_id"`
	Name           string       `db:"name"`
	URL            string       `db:"url"`
	Origins        []byte       `db:"origins"`
	Locale         string       `db:"locale"`
	Currency       string       `db:"currency"`
	TimeZone       string       `db:"timezone"`
	ZoneBefore     string       `db:"zone_before"`
	ZoneSince      sql.NullTime `db:"zone_since"`
	ZoneFloor      string       `db:"zone_floor"`
	LimitText      string       `db:"limit_text"`
	Greeting       string       `db:"greeting"`
	Suggestions    []byte       `db:"suggestions"`
	ContactURL     string       `db:"contact_url"`
	Generation     int64        `db:"generation"`
	Created        time.Time    `db:"created_at"`
	Disabled       bool         `db:"disabled"`
	AccentColour   string       `db:"accent_colour"`
	TenantDisabled bool         `db:"tenant_disabled"`
}

func (r siteRow) domain() (tenant.Site, error) {
	scope := owner{r.Tenant, r.ID}.scope()
	s := tenant.Site{
		ID: scope.Site, Tenant: scope.Tenant, Name: r.Name, URL: r.URL, Locale: r.Locale, Currency: r.Currency,
		TimeZone: r.TimeZone, ZoneBefore: r.ZoneBefore, ZoneSince: timeOrZero(r.ZoneSince), ZoneFloor: r.ZoneFloor,
		LimitText: r.LimitText, Greeting: r.Greeting, ContactURL: r.ContactURL, Generation: r.Generation,
		Created: r.Created.UTC(), Disabled: r.Disabled, AccentColour: r.AccentColour,
	}
	for _, list := range []struct {
		stored []byte
		to     *[]string
	}{{r.Origins, &s.Origins}, {r.Suggestions, &s.Suggestions}} {
		if err := json.Unmarshal(list.stored, list.to); err != nil {
			return tenant.Site{}, fmt.Errorf("stored list of site %s: %w: %w", s.ID, ports.ErrUnavailable, err)
		}
	}
	return s, nil
}

const siteColumns = `s.id, s.tenant_id, s.name, s.url, s.origins, s.locale, s.currency, s.timezone, s.zone_before, s.zone_since,
	s.zone_floor, s.limit_text, s.greeting, s.suggestions, s.contact_url, s.generation, s.created_at, s.disabled, s.accent_colour,
	t.disabled as tenant_disabled`

const selectSite = `select ` + siteColumns + ` from sites s join tenants t on t.id = s.tenant_id
	where s.tenant_id = $1 and s.id = $2`

// Site implements [ports.Sites].
func (a *Accounts) Site(ctx context.Context, s tenant.Scope) (tenant.Site, error) {
	fail := failing(ctx, "site", s.Site)
	var row siteRow
	if err := a.db.withScope(ctx, s, func(tx *sqlx.Tx, o owner) error {
		return tx.GetContext(ctx, &row, selectSite, o.tenant, o.site)
	}); err != nil {
		return tenant.Site{}, fail(err)
	}
	site, err := row.domain()
	site.Disabled = site.Disabled || row.TenantDisabled
	return site, fail(err)
}

const listSites = `select ` + siteColumns + ` from sites s join tenants t on t.id = s.tenant_id
	where s.tenant_id = $1 and ($2::uuid is null or s.id > $2) order by s.id limit $3`

// ListSites implements [ports.Sites].
func (a *Accounts) ListSites(ctx context.Context, id tenant.ID, after tenant.SiteID, limit int) ([]tenant.Site, error) {
	fail := failing(ctx, "list the sites of tenant", id)
	t, err := bare(tenant.Prefix, id)
	if err != nil {
		return nil, fail(err)
	}
	from, err := bareOrNull(tenant.SitePrefix, after)
	if err != nil {
		return nil, fail(err)
	}
	var rows []siteRow
	if err := a.db.asService(ctx, func(tx *sqlx.Tx) error {
		return tx.SelectContext(ctx, &rows, listSites, t, from, max(0, limit))
	}); err != nil {
		return nil, fail(err)
	}
	list := make([]tenant.Site, len(rows))
	for i, r := range rows {
		if list[i], err = r.domain(); err != nil {
			return nil, fail(err)
		}
	}
	return list, nil
}
