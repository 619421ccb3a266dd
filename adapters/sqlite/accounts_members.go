package sqlite

import (
	"context"
	"fmt"

	"github.com/jmoiron/sqlx"

	"github.com/aiwoochat/woochat/domain/roles"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/ports"
)

type memberRow struct {
	Subject string `db:"user_id"`
	Email   string `db:"email"`
	Role    string `db:"role"`
}

// lastOwner returns ErrConflict if who is the tenant's only owner.
func lastOwner(ctx context.Context, tx *sqlx.Tx, tenantID string, who roles.Subject) error {
	var last bool
	err := tx.GetContext(ctx, &last, `
		select exists (select 1 from user_tenants where tenant_id = ? and user_id = ? and role = 'owner')
			and not exists (select 1 from user_tenants where tenant_id = ? and user_id <> ? and role = 'owner')`,
		tenantID, string(who), tenantID, string(who))
	if err == nil && last {
		return fmt.Errorf("%w: a tenant needs an owner: make somebody else one first", ports.ErrConflict)
	}
	return err
}

// PutMember implements [ports.Members].
func (a *Accounts) PutMember(ctx context.Context, id tenant.ID, m roles.Member) error {
	if err := m.Valid(); err != nil {
		return fmt.Errorf("%w: %w", ports.ErrInvalid, err)
	}
	bareID, err := bare(tenant.Prefix, id)
	if err != nil {
		return mapped(ctx, err)
	}
	err = a.db.write(ctx, func(tx *sqlx.Tx) error {
		if m.Role != roles.Owner {
			if err := lastOwner(ctx, tx, bareID, m.Subject); err != nil {
				return err
			}
		}
		_, err := tx.ExecContext(ctx, `
			insert into user_tenants (tenant_id, user_id, role, email) values (?, ?, ?, ?)
			on conflict (tenant_id, user_id) do update set role = excluded.role, email = excluded.email`,
			bareID, string(m.Subject), m.Role.String(), m.Email)
		return err
	})
	if err != nil {
		return fmt.Errorf("member of tenant %s: %w", id, err)
	}
	return nil
}

// ListMembers implements [ports.Members].
func (a *Accounts) ListMembers(ctx context.Context, id tenant.ID) ([]roles.Member, error) {
	bareID, err := bare(tenant.Prefix, id)
	if err != nil {
		return nil, mapped(ctx, err)
	}
	var rows []memberRow
	err = a.db.read(ctx, func(tx *sqlx.Tx) error {
		return tx.SelectContext(ctx, &rows, `select user_id, email, role from user_tenants where tenant_id = ? order by user_id`, bareID)
	})
	if err != nil {
		return nil, fmt.Errorf("list members: %w", err)
	}
	var list []roles.Member
	for _, r := range rows {
		role, err := roles.ParseRole(r.Role)
		if err != nil {
			return nil, fmt.Errorf("list members: %w: %w", ports.ErrUnavailable, err)
		}
		list = append(list, roles.Member{Subject: roles.Subject(r.Subject), Email: r.Email, Role: role})
	}
	return list, nil
}

// RemoveMember implements [ports.Members].
func (a *Accounts) RemoveMember(ctx context.Context, id tenant.ID, who roles.Subject) error {
	bareID, err := bare(tenant.Prefix, id)
	if err != nil {
		return mapped(ctx, err)
	}
	err = a.db.write(ctx, func(tx *sqlx.Tx) error {
		if err := lastOwner(ctx, tx, bareID, who); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `delete from user_tenants where tenant_id = ? and user_id = ?`, bareID, string(who))
		return err
	})
	if err != nil {
		return fmt.Errorf("member of tenant %s: %w", id, err)
	}
	return nil
}

// PutPlatformUser implements [ports.PlatformUsers]. ErrInvalid if who is empty.
func (a *Accounts) PutPlatformUser(ctx context.Context, who roles.Subject, email string) error {
	if who == "" {
		return fmt.Errorf("%w: a platform user needs a subject", ports.ErrInvalid)
	}
	return a.db.write(ctx, func(tx *sqlx.Tx) error {
		_, err := tx.ExecContext(ctx, `
			insert into platform_users (user_id, email) values (?, ?)
			on conflict (user_id) do update set email = excluded.email`, string(who), email)
		return err
	})
}

// ListPlatformUsers implements [ports.PlatformUsers].
func (a *Accounts) ListPlatformUsers(ctx context.Context) ([]roles.Member, error) {
	var rows []memberRow
	err := a.db.read(ctx, func(tx *sqlx.Tx) error {
		return tx.SelectContext(ctx, &rows, `select user_id, email from platform_users order by user_id`)
	})
	if err != nil {
		return nil, fmt.Errorf("list platform users: %w", err)
	}
	var list []roles.Member
	for _, r := range rows {
		list = append(list, roles.Member{Subject: roles.Subject(r.Subject), Email: r.Email})
	}
	return list, nil
}

// RemovePlatformUser implements [ports.PlatformUsers].
func (a *Accounts) RemovePlatformUser(ctx context.Context, who roles.Subject) error {
	return a.db.write(ctx, func(tx *sqlx.Tx) error {
		_, err := tx.ExecContext(ctx, `delete from platform_users where user_id = ?`, string(who))
		return err
	})
}

// GrantsOf implements [ports.Grants].
func (a *Accounts) GrantsOf(ctx context.Context, who roles.Subject) (roles.Grants, error) {
	g := roles.Grants{Subject: who, Tenants: map[tenant.ID]roles.Role{}}
	err := a.db.read(ctx, func(tx *sqlx.Tx) error {
		if err := tx.GetContext(ctx, &g.SuperAdmin, `select exists (select 1 from platform_users where user_id = ?)`, string(who)); err != nil {
			return err
		}
		var rows []struct {
			Tenant string `db:"tenant_id"`
			Role   string `db:"role"`
		}
		if err := tx.SelectContext(ctx, &rows, `select tenant_id, role from user_tenants where user_id = ?`, string(who)); err != nil {
			return err
		}
		for _, r := range rows {
			role, err := roles.ParseRole(r.Role)
			if err != nil {
				return err
			}
			g.Tenants[tenant.ID(tenant.Prefix+r.Tenant)] = role
		}
		return nil
	})
	if err != nil {
		return roles.Grants{}, fmt.Errorf("grants: %w", err)
	}
	return g, nil
}
