package postgres

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/ports"
)

type apiKeyRow struct {
	ID       string         `db:"id"`
	Tenant   string         `db:"tenant_id"`
	Site     string         `db:"site_id"`
	Kind     string         `db:"kind"`
	Name     string         `db:"name"`
	Text     sql.NullString `db:"key_text"`
	Hash     string         `db:"key_hash"`
	Hint     string         `db:"hint"`
	Role     string         `db:"role"`
	Created  time.Time      `db:"created_at"`
	Disabled bool           `db:"disabled"`
}

// Words of api_keys.kind.
const (
	siteKind = "site"
	apiKind  = "api"
)

func (r apiKeyRow) domain() tenant.Key {
	k := tenant.Key{
		ID: keyPrefix + r.ID, Kind: tenant.APIKey, Scope: owner{r.Tenant, r.Site}.scope(), Name: r.Name, Text: r.Text.String,
		Hash: r.Hash, Hint: r.Hint, Role: r.Role, Created: r.Created.UTC(), Disabled: r.Disabled,
	}
	if r.Kind == siteKind {
		k.Kind = tenant.SiteKey
	}
	return k
}

// What may not change is part of the condition: another key of the id, and a
// change of anything else, update nothing. Another key with the hash breaks the
// table's own rule.
const putKey = `insert into api_keys (id, tenant_id, site_id, kind, name, key_text, key_hash, hint, role, created_at, disabled)
	values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
	on conflict (id) do update set name = excluded.name, disabled = excluded.disabled
	where api_keys.tenant_id = excluded.tenant_id and api_keys.site_id = excluded.site_id
		and api_keys.kind = excluded.kind and api_keys.key_text is not distinct from excluded.key_text
		and api_keys.key_hash = excluded.key_hash and api_keys.hint = excluded.hint and api_keys.role = excluded.role`

// PutKey implements [ports.Keys].
func (a *Accounts) PutKey(ctx context.Context, k tenant.Key) error {
	fail := failing(ctx, "key", k.ID)
	if err := k.Valid(); err != nil {
		return fail(fmt.Errorf("%w: %w", ports.ErrInvalid, err))
	}
	o, err := ownerOf(k.Scope)
	if err != nil {
		return fail(err)
	}
	id, err := bare(keyPrefix, k.ID)
	if err != nil {
		return fail(err)
	}
	kind, text := apiKind, sql.NullString{}
	if k.Kind == tenant.SiteKey {
		kind, text = siteKind, sql.NullString{String: k.Text, Valid: true}
	}
	return fail(a.db.asService(ctx, func(tx *sqlx.Tx) error {
		err := one(tx.ExecContext(ctx, putKey, id, o.tenant, o.site, kind, k.Name, text, k.Hash, k.Hint, k.Role, micros(k.Created), k.Disabled))
		if errors.Is(err, errNotOne) {
			return fmt.Errorf("%w: only a key's name and whether it is disabled may change", ports.ErrConflict)
		}
		return err
	}))
}

const listKeys = `select id, tenant_id, site_id, kind, name, key_text, key_hash, hint, role, created_at, disabled
	from api_keys where tenant_id = $1 and site_id = $2 order by id`

// ListKeys implements [ports.Keys].
func (a *Accounts) ListKeys(ctx context.Context, s tenant.Scope) ([]tenant.Key, error) {
	fail := failing(ctx, "list the keys of site", s.Site)
	o, err := ownerOf(s)
	if err != nil {
		return nil, fail(err)
	}
	var rows []apiKeyRow
	if err := a.db.asService(ctx, func(tx *sqlx.Tx) error {
		return tx.SelectContext(ctx, &rows, listKeys, o.tenant, o.site)
	}); err != nil {
		return nil, fail(err)
	}
	list := make([]tenant.Key, len(rows))
	for i, r := range rows {
		list[i] = r.domain()
	}
	return list, nil
}

// These are among the few statements without a scope: the hash is what a scope
// is found by. The functions show one row of one hash to a login that may read
// no table. A statement of its own that the driver repeats reads again.
const (
	scopeOfSiteKey = `select tenant_id, site_id from public.scope_of_site_key($1)`
	scopeOfAPIKey  = `select id, tenant_id, site_id, name, key_hash, hint, role, created_at from public.scope_of_api_key($1)`
)

// ScopeOf implements [ports.SiteKeys]. The key is looked up by its hash, so
// that the time it takes says nothing about how much of a guess was right.
func (a *Accounts) ScopeOf(ctx context.Context, key string) (tenant.Scope, error) {
	hash := sha256.Sum256([]byte(key))
	var row apiKeyRow
	if err := a.db.runtime.GetContext(ctx, &row, scopeOfSiteKey, hex.EncodeToString(hash[:])); err != nil {
		return tenant.Scope{}, fmt.Errorf("postgres: site key: %w", mapped(ctx, err))
	}
	return owner{row.Tenant, row.Site}.scope(), nil
}

// APIKeyOf implements [ports.SiteKeys].
func (a *Accounts) APIKeyOf(ctx context.Context, hash string) (tenant.Key, error) {
	if b, err := hex.DecodeString(hash); err != nil || len(b) != sha256.Size {
		return tenant.Key{}, fmt.Errorf("postgres: API key: %w: it is no SHA-256", ports.ErrNotFound)
	}
	row := apiKeyRow{Kind: apiKind}
	if err := a.db.runtime.GetContext(ctx, &row, scopeOfAPIKey, hash); err != nil {
		return tenant.Key{}, fmt.Errorf("postgres: API key: %w", mapped(ctx, err))
	}
	return row.domain(), nil
}
