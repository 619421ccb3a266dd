package administering

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"strings"

	"github.com/aiwoochat/woochat/domain/roles"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/ports"
)

// keyBytes is the entropy of a key.
const keyBytes = 24

// CreateKey creates a key of the site and returns its text, which for an API
// key is stored nowhere and cannot be shown again. role is for an API key, and
// may be no more than the caller's own.
func (s *Service) CreateKey(ctx context.Context, who roles.Grants, sc tenant.Scope, kind tenant.KeyKind, name string, role roles.Role) (tenant.Key, string, error) {
	if err := who.Can(roles.WriteKeys, sc); err != nil {
		return tenant.Key{}, "", err
	}
	if len(name) > maxName {
		return tenant.Key{}, "", &FieldError{"name", fmt.Sprintf("is longer than %d bytes", maxName)}
	}
	prefix := tenant.SiteKeyPrefix
	k := tenant.Key{ID: "key_" + s.deps.NewID(), Kind: kind, Scope: sc, Name: strings.TrimSpace(name), Created: s.deps.Now()}
	switch kind {
	case tenant.SiteKey:
	case tenant.APIKey:
		if role.String() == "" {
			return tenant.Key{}, "", &FieldError{"role", "must be owner, admin or support"}
		}
		if !who.Holds(role, sc.Tenant) {
			return tenant.Key{}, "", fmt.Errorf("%w: a key with a higher role than one's own", roles.ErrForbidden)
		}
		prefix, k.Role = tenant.APIKeyPrefix, role.String()
	default:
		return tenant.Key{}, "", &FieldError{"kind", "must be site or api"}
	}
	// A role that is handed out in a key may rest on his power, too.
	plain := who
	plain.SuperAdmin = false
	if plain.Can(roles.WriteKeys, sc) != nil || !plain.Holds(role, sc.Tenant) {
		if err := s.audit.Record(ctx, who, roles.WriteKeys, sc, strings.TrimSpace("create "+k.ID+" "+k.Role)); err != nil {
			return tenant.Key{}, "", err
		}
	}
	raw := make([]byte, keyBytes)
	if _, err := io.ReadFull(s.deps.Random, raw); err != nil {
		return tenant.Key{}, "", fmt.Errorf("create key: %w", err)
	}
	text := prefix + base64.RawURLEncoding.EncodeToString(raw)
	sum := sha256.Sum256([]byte(text))
	k.Hash, k.Hint = hex.EncodeToString(sum[:]), text[len(text)-4:]
	if kind == tenant.SiteKey {
		k.Text = text
	}
	if err := s.deps.Keys.PutKey(ctx, k); err != nil {
		return tenant.Key{}, "", fmt.Errorf("create key: %w", err)
	}
	return k, text, nil
}

// ListKeys returns the site's keys; the texts of API keys are not known.
func (s *Service) ListKeys(ctx context.Context, who roles.Grants, sc tenant.Scope) ([]tenant.Key, error) {
	if err := s.audit.Allow(ctx, who, roles.ReadKeys, sc, ""); err != nil {
		return nil, err
	}
	return s.deps.Keys.ListKeys(ctx, sc)
}

// SetKeyDisabled refuses, or lets in again, a key of the site. Whoever may write
// keys may disable any, since one that has leaked must be stopped; a key that is
// let in again hands out its role, which may be no more than the caller's own.
func (s *Service) SetKeyDisabled(ctx context.Context, who roles.Grants, sc tenant.Scope, id string, disabled bool) error {
	if err := s.audit.Allow(ctx, who, roles.WriteKeys, sc, letIn(disabled)+" "+id); err != nil {
		return err
	}
	keys, err := s.deps.Keys.ListKeys(ctx, sc)
	if err != nil {
		return err
	}
	for _, k := range keys {
		if k.ID == id {
			if !disabled {
				if err := s.handOut(ctx, who, k); err != nil {
					return err
				}
			}
			k.Disabled = disabled
			return s.deps.Keys.PutKey(ctx, k)
		}
	}
	return fmt.Errorf("key %s: %w", id, ports.ErrNotFound)
}

// handOut returns nil if who may let in k with the role that it has. A role that
// rests on a super admin's power is recorded, where the call itself was not.
func (s *Service) handOut(ctx context.Context, who roles.Grants, k tenant.Key) error {
	role, err := roles.ParseRole(k.Role)
	if err != nil {
		return nil //nolint:nilerr // a key without a role may do nothing
	}
	if !who.Holds(role, k.Scope.Tenant) {
		return fmt.Errorf("%w: enable a key with a higher role than one's own", roles.ErrForbidden)
	}
	plain := who
	plain.SuperAdmin = false
	if plain.Holds(role, k.Scope.Tenant) || who.BySuperAdmin(roles.WriteKeys, k.Scope) {
		return nil
	}
	return s.audit.Record(ctx, who, roles.WriteKeys, k.Scope, "enable "+k.ID+" "+k.Role)
}
