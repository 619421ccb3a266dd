package sqlite

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"fmt"

	"github.com/jmoiron/sqlx"

	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/ports"
)

// keyPrefix begins the id of every key.
const keyPrefix = "key_"

type keyRow struct {
	ID       string         `db:"id"`
	Tenant   string         `db:"tenant_id"`
	Site     string         `db:"site_id"`
	Kind     string         `db:"kind"`
	Name     string         `db:"name"`
	Text     sql.NullString `db:"key_text"`
	Hash     string         `db:"key_hash"`
	Hint     string         `db:"hint"`
	Role     string         `db:"role"`
	Created  int64          `db:"created_at"`
	Disabled bool           `db:"disabled"`
}

const keyColumns = `k.id, k.tenant_id, k.site_id, k.kind, k.name, k.key_text, k.key_hash, k.hint, k.role, k.created_at, k.disabled`

// Words of api_keys.kind.
const (
	siteKind = "site"
	apiKind  = "api"
)

func (r keyRow) key() tenant.Key {
	k := tenant.Key{
		ID: keyPrefix + r.ID, Kind: tenant.APIKey, Scope: owner{r.Tenant, r.Site}.scope(), Name: r.Name, Text: r.Text.String,
		Hash: r.Hash, Hint: r.Hint, Role: r.Role, Created: timeOf(r.Created), Disabled: r.Disabled,
	}
	if r.Kind == siteKind {
		k.Kind = tenant.SiteKey
	}
	return k
}

// PutKey implements [ports.Keys].
func (a *Accounts) PutKey(ctx context.Context, k tenant.Key) error {
	if err := k.Valid(); err != nil {
		return fmt.Errorf("%w: %w", ports.ErrInvalid, err)
	}
	o, err := ownerOf(k.Scope)
	if err != nil {
		return mapped(ctx, err)
	}
	id, err := bare(keyPrefix, k.ID)
	if err != nil {
		return mapped(ctx, err)
	}
	kind, text := apiKind, sql.NullString{}
	if k.Kind == tenant.SiteKey {
		kind, text = siteKind, sql.NullString{String: k.Text, Valid: true}
	}
	err = a.db.write(ctx, func(tx *sqlx.Tx) error {
		// What may not change is part of the condition: another key of the id,
		// and a change of anything else, update nothing. Another key with the
		// hash breaks the table's own rule.
		res, err := tx.ExecContext(ctx, `
			insert into api_keys (id, tenant_id, site_id, kind, name, key_text, key_hash, hint, role, created_at, disabled)
			values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
			on conflict (id) do update set name = excluded.name, disabled = excluded.disabled
			where api_keys.tenant_id = excluded.tenant_id and api_keys.site_id = excluded.site_id
				and api_keys.kind = excluded.kind and api_keys.key_text is excluded.key_text
				and api_keys.key_hash = excluded.key_hash and api_keys.hint = excluded.hint and api_keys.role = excluded.role`,
			id, o.tenant, o.site, kind, k.Name, text, k.Hash, k.Hint, k.Role, micros(k.Created), k.Disabled)
		if err != nil {
			return err
		}
		return changedOne(res, ports.ErrConflict)
	})
	if err != nil {
		return fmt.Errorf("key %s: %w", k.ID, err)
	}
	return nil
}

// ListKeys implements [ports.Keys].
func (a *Accounts) ListKeys(ctx context.Context, s tenant.Scope) ([]tenant.Key, error) {
	o, err := ownerOf(s)
	if err != nil {
		return nil, mapped(ctx, err)
	}
	var rows []keyRow
	err = a.db.read(ctx, func(tx *sqlx.Tx) error {
		return tx.SelectContext(ctx, &rows, `
			select `+keyColumns+` from api_keys k where k.tenant_id = ? and k.site_id = ? order by k.id`, o.tenant, o.site)
	})
	if err != nil {
		return nil, fmt.Errorf("list keys: %w", err)
	}
	var list []tenant.Key
	for _, r := range rows {
		list = append(list, r.key())
	}
	return list, nil
}

// ScopeOf implements [ports.SiteKeys]. The key is looked up by its hash, so
// that the time it takes says nothing about how much of a guess was right.
func (a *Accounts) ScopeOf(ctx context.Context, key string) (tenant.Scope, error) {
	hash := sha256.Sum256([]byte(key))
	k, err := a.keyOf(ctx, siteKind, hex.EncodeToString(hash[:]))
	return k.Scope, err
}

// APIKeyOf implements [ports.SiteKeys].
func (a *Accounts) APIKeyOf(ctx context.Context, hash string) (tenant.Key, error) {
	return a.keyOf(ctx, apiKind, hash)
}

// keyOf is one of the few statements without a scope: the hash is what a scope
// is found by.
func (a *Accounts) keyOf(ctx context.Context, kind, hash string) (tenant.Key, error) {
	var row keyRow
	err := a.db.read(ctx, func(tx *sqlx.Tx) error {
		return tx.GetContext(ctx, &row, `
			select `+keyColumns+` from api_keys k
			join sites s on s.tenant_id = k.tenant_id and s.id = k.site_id
			join tenants t on t.id = k.tenant_id
			where k.key_hash = ? and k.kind = ? and k.disabled = 0 and s.disabled = 0 and t.disabled = 0`, hash, kind)
	})
	if err != nil {
		return tenant.Key{}, fmt.Errorf("key: %w", err)
	}
	return row.key(), nil
}
