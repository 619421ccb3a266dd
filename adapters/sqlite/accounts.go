package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/jmoiron/sqlx"

	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/ports"
)

// Accounts keeps tenants, sites, keys and members. It is a [ports.Tenants],
// [ports.Sites], [ports.Keys], [ports.SiteKeys], [ports.Members],
// [ports.PlatformUsers] and [ports.Grants].
type Accounts struct{ db *DB }

// Accounts returns the store of accounts in db.
func (db *DB) Accounts() *Accounts { return &Accounts{db} }

// PutTenant implements [ports.Tenants].
func (a *Accounts) PutTenant(ctx context.Context, t tenant.Tenant) error {
	if t.ID == "" || strings.TrimSpace(t.Name) == "" {
		return fmt.Errorf("%w: a tenant needs an id and a name", ports.ErrInvalid)
	}
	id, err := bare(tenant.Prefix, t.ID)
	if err != nil {
		return mapped(ctx, err)
	}
	return a.db.write(ctx, func(tx *sqlx.Tx) error {
		_, err := tx.ExecContext(ctx, `
			insert into tenants (id, name, created_at, disabled) values (?, ?, ?, ?)
			on conflict (id) do update set name = excluded.name, created_at = excluded.created_at, disabled = excluded.disabled`,
			id, t.Name, micros(t.Created), t.Disabled)
		return err
	})
}

type tenantRow struct {
	ID       string `db:"id"`
	Name     string `db:"name"`
	Created  int64  `db:"created_at"`
	Disabled bool   `db:"disabled"`
}

func (r tenantRow) tenant() tenant.Tenant {
	return tenant.Tenant{ID: tenant.ID(tenant.Prefix + r.ID), Name: r.Name, Created: timeOf(r.Created), Disabled: r.Disabled}
}

// Tenant implements [ports.Tenants].
func (a *Accounts) Tenant(ctx context.Context, id tenant.ID) (tenant.Tenant, error) {
	bareID, err := bare(tenant.Prefix, id)
	if err != nil {
		return tenant.Tenant{}, mapped(ctx, err)
	}
	var row tenantRow
	err = a.db.read(ctx, func(tx *sqlx.Tx) error {
		return tx.GetContext(ctx, &row, `select id, name, created_at, disabled from tenants where id = ?`, bareID)
	})
	if err != nil {
		return tenant.Tenant{}, fmt.Errorf("tenant %s: %w", id, err)
	}
	return row.tenant(), nil
}

// ListTenants implements [ports.Tenants].
func (a *Accounts) ListTenants(ctx context.Context, after tenant.ID, limit int) ([]tenant.Tenant, error) {
	var rows []tenantRow
	err := a.db.read(ctx, func(tx *sqlx.Tx) error {
		return tx.SelectContext(ctx, &rows, `select id, name, created_at, disabled from tenants where id > ? order by id limit ?`,
			strings.TrimPrefix(string(after), tenant.Prefix), max(0, limit))
	})
	if err != nil {
		return nil, fmt.Errorf("list tenants: %w", err)
	}
	var list []tenant.Tenant
	for _, r := range rows {
		list = append(list, r.tenant())
	}
	return list, nil
}

// PutSite implements [ports.Sites].
func (a *Accounts) PutSite(ctx context.Context, site tenant.Site) error {
	if err := site.Valid(); err != nil {
		return fmt.Errorf("%w: %w", ports.ErrInvalid, err)
	}
	o, err := ownerOf(site.Scope())
	if err != nil {
		return mapped(ctx, err)
	}
	origins, err := textList(site.Origins)
	if err != nil {
		return err
	}
	suggestions, err := textList(site.Suggestions)
	if err != nil {
		return err
	}
	err = a.db.write(ctx, func(tx *sqlx.Tx) error {
		res, err := tx.ExecContext(ctx, `
			insert into sites (id, tenant_id, name, url, origins, locale, currency, timezone, zone_before, zone_since, zone_floor,
				limit_text, greeting, suggestions, contact_url, generation, created_at, disabled, accent_colour)
			values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
			on conflict (id) do update set name = excluded.name, url = excluded.url, origins = excluded.origins,
				locale = excluded.locale, currency = excluded.currency, timezone = excluded.timezone,
				zone_before = excluded.zone_before, zone_since = excluded.zone_since, zone_floor = excluded.zone_floor,
				limit_text = excluded.limit_text, greeting = excluded.greeting, suggestions = excluded.suggestions,
				contact_url = excluded.contact_url, generation = excluded.generation, created_at = excluded.created_at,
				disabled = excluded.disabled, accent_colour = excluded.accent_colour
			where sites.tenant_id = excluded.tenant_id`,
			o.site, o.tenant, site.Name, site.URL, origins, site.Locale, site.Currency, site.TimeZone, site.ZoneBefore,
			microsOrNull(site.ZoneSince), site.ZoneFloor, site.LimitText, site.Greeting, suggestions, site.ContactURL,
			site.Generation, micros(site.Created), site.Disabled, site.AccentColour)
		if err != nil {
			return err
		}
		return changedOne(res, ports.ErrConflict)
	})
	if err != nil {
		return fmt.Errorf("site %s: %w", site.ID, err)
	}
	return nil
}

// textList returns list as JSON. Both nil and an empty list are [].
func textList(list []string) (string, error) {
	if len(list) == 0 {
		return "[]", nil
	}
	b, err := json.Marshal(list)
	return string(b), err
}

// changedOne returns otherwise unless res has changed exactly one row.
func changedOne(res sql.Result, otherwise error) error {
	n, err := res.RowsAffected()
	if err == nil && n != 1 {
		err = otherwise
	}
	return err
}

type siteRow struct {
	ID             string        `db:"id"`
	Tenant         string        `db:"tenant_id"`
	Name           string        `db:"name"`
	URL            string        `db:"url"`
	Origins        []byte        `db:"origins"`
	Locale         string        `db:"locale"`
	Currency       string        `db:"currency"`
	TimeZone       string        `db:"timezone"`
	ZoneBefore     string        `db:"zone_before"`
	ZoneSince      sql.NullInt64 `db:"zone_since"`
	ZoneFloor      string        `db:"zone_floor"`
	LimitText      string        `db:"limit_text"`
	Greeting       string        `db:"greeting"`
	Suggestions    []byte        `db:"suggestions"`
	ContactURL     string        `db:"contact_url"`
	Generation     int64         `db:"generation"`
	Created        int64         `db:"created_at"`
	Disabled       bool          `db:"disabled"`
	AccentColour   string        `db:"accent_colour"`
	TenantDisabled bool          `db:"tenant_disabled"`
}

const siteColumns = `s.id, s.tenant_id, s.name, s.url, s.origins, s.locale, s.currency, s.timezone, s.zone_before, s.zone_since,
	s.zone_floor, s.limit_text, s.greeting, s.suggestions, s.contact_url, s.generation, s.created_at, s.disabled, s.accent_colour,
	t.disabled as tenant_disabled`

func (r siteRow) site() (tenant.Site, error) {
	scope := owner{r.Tenant, r.ID}.scope()
	s := tenant.Site{
		ID: scope.Site, Tenant: scope.Tenant, Name: r.Name, URL: r.URL, Locale: r.Locale, Currency: r.Currency,
		TimeZone: r.TimeZone, ZoneBefore: r.ZoneBefore, ZoneSince: timeOrZero(r.ZoneSince), ZoneFloor: r.ZoneFloor,
		LimitText: r.LimitText, Greeting: r.Greeting, ContactURL: r.ContactURL, Generation: r.Generation,
		Created: timeOf(r.Created), Disabled: r.Disabled, AccentColour: r.AccentColour,
	}
	for _, list := range []struct {
		stored []byte
		to     *[]string
	}{{r.Origins, &s.Origins}, {r.Suggestions, &s.Suggestions}} {
		if err := json.Unmarshal(list.stored, list.to); err != nil {
			return tenant.Site{}, fmt.Errorf("site %s: stored list: %w: %w", s.ID, ports.ErrUnavailable, err)
		}
	}
	return s, nil
}

// Site implements [ports.Sites].
func (a *Accounts) Site(ctx context.Context, s tenant.Scope) (tenant.Site, error) {
	o, err := ownerOf(s)
	if err != nil {
		return tenant.Site{}, mapped(ctx, err)
	}
	var row siteRow
	err = a.db.read(ctx, func(tx *sqlx.Tx) error {
		return tx.GetContext(ctx, &row, `
			select `+siteColumns+` from sites s join tenants t on t.id = s.tenant_id
			where s.tenant_id = ? and s.id = ?`, o.tenant, o.site)
	})
	if err != nil {
		return tenant.Site{}, fmt.Errorf("site %s: %w", s.Site, err)
	}
	site, err := row.site()
	site.Disabled = site.Disabled || row.TenantDisabled
	return site, err
}

// ListSites implements [ports.Sites].
func (a *Accounts) ListSites(ctx context.Context, id tenant.ID, after tenant.SiteID, limit int) ([]tenant.Site, error) {
	bareID, err := bare(tenant.Prefix, id)
	if err != nil {
		return nil, mapped(ctx, err)
	}
	var rows []siteRow
	err = a.db.read(ctx, func(tx *sqlx.Tx) error {
		return tx.SelectContext(ctx, &rows, `
			select `+siteColumns+` from sites s join tenants t on t.id = s.tenant_id
			where s.tenant_id = ? and s.id > ? order by s.id limit ?`,
			bareID, strings.TrimPrefix(string(after), tenant.SitePrefix), max(0, limit))
	})
	if err != nil {
		return nil, fmt.Errorf("list sites: %w", err)
	}
	var list []tenant.Site
	for _, r := range rows {
		site, err := r.site()
		if err != nil {
			return nil, err
		}
		list = append(list, site)
	}
	return list, nil
}
