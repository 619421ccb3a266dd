package postgres

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"github.com/jmoiron/sqlx"

	"github.com/aiwoochat/woochat/domain/roles"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/ports"
)

type memberRow struct {
	ID      string `db:"user_id"`
	Subject string `db:"subject"`
	Email   string `db:"email"`
	Role    string `db:"role"`
}

const (
	// Two processes that each take one of two owners away would both find the
	// other there. Nobody but them waits for this lock: checks of foreign keys
	// pass it.
	lockTenant = `select id from tenants where id = $1 for no key update`

	selectLastOwner = `select exists (select from user_tenants where tenant_id = $1 and user_id = $2 and role = 'owner')
		and not exists (select from user_tenants where tenant_id = $1 and user_id <> $2 and role = 'owner')`

	putMember = `insert into user_tenants (tenant_id, user_id, role, email, subject) values ($1, $2, $3, $4, $5)
		on conflict (tenant_id, user_id) do update set role = excluded.role, email = excluded.email, subject = excluded.subject`

	deleteMember = `delete from user_tenants where tenant_id = $1 and user_id = $2`

	// In the order of their subjects, byte by byte as Go compares them.
	listMembers = `select user_id, subject, email, role from user_tenants where tenant_id = $1
		order by (case when subject = '' then 'user_' || user_id::text else subject end) collate "C"`
)

// changeMembers runs do once nobody else changes the tenant's members: do may
// look at them first. It is sql.ErrNoRows if there is no such tenant.
func (a *Accounts) changeMembers(ctx context.Context, id string, do func(tx *sqlx.Tx) error) error {
	return a.db.asService(ctx, func(tx *sqlx.Tx) error {
		var locked string
		if err := tx.GetContext(ctx, &locked, lockTenant, id); err != nil {
			return err
		}
		return do(tx)
	})
}

// lastOwner returns ErrConflict if who is the tenant's only owner.
func lastOwner(ctx context.Context, tx *sqlx.Tx, tenantID string, who roles.Subject) error {
	var last bool
	err := tx.GetContext(ctx, &last, selectLastOwner, tenantID, userID(who))
	if err == nil && last {
		return fmt.Errorf("%w: a tenant needs an owner: make somebody else one first", ports.ErrConflict)
	}
	return err
}

// PutMember implements [ports.Members].
func (a *Accounts) PutMember(ctx context.Context, id tenant.ID, m roles.Member) error {
	fail := failing(ctx, "member of tenant", id)
	if err := m.Valid(); err != nil {
		return fail(fmt.Errorf("%w: %w", ports.ErrInvalid, err))
	}
	t, err := bare(tenant.Prefix, id)
	if err != nil {
		return fail(err)
	}
	return fail(a.changeMembers(ctx, t, func(tx *sqlx.Tx) error {
		if m.Role != roles.Owner {
			if err := lastOwner(ctx, tx, t, m.Subject); err != nil {
				return err
			}
		}
		return one(tx.ExecContext(ctx, putMember, t, userID(m.Subject), m.Role.String(), m.Email, subjectName(m.Subject)))
	}))
}

// ListMembers implements [ports.Members].
func (a *Accounts) ListMembers(ctx context.Context, id tenant.ID) ([]roles.Member, error) {
	fail := failing(ctx, "list the members of tenant", id)
	t, err := bare(tenant.Prefix, id)
	if err != nil {
		return nil, fail(err)
	}
	var rows []memberRow
	if err := a.db.asService(ctx, func(tx *sqlx.Tx) error { return tx.SelectContext(ctx, &rows, listMembers, t) }); err != nil {
		return nil, fail(err)
	}
	list := make([]roles.Member, len(rows))
	for i, r := range rows {
		role, err := roles.ParseRole(r.Role)
		if err != nil {
			return nil, fail(err)
		}
		list[i] = roles.Member{Subject: subjectOf(r.ID, r.Subject), Email: r.Email, Role: role}
	}
	return list, nil
}

// RemoveMember implements [ports.Members].
func (a *Accounts) RemoveMember(ctx context.Context, id tenant.ID, who roles.Subject) error {
	fail := failing(ctx, "member of tenant", id)
	t, err := bare(tenant.Prefix, id)
	if err != nil {
		return fail(err)
	}
	err = a.changeMembers(ctx, t, func(tx *sqlx.Tx) error {
		if err := lastOwner(ctx, tx, t, who); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, deleteMember, t, userID(who))
		return err
	})
	if errors.Is(err, sql.ErrNoRows) {
		return nil // of a tenant that is not there, nobody is a member
	}
	return fail(err)
}

const (
	putPlatformUser = `insert into platform_users (user_id, email, subject) values ($1, $2, $3)
		on conflict (user_id) do update set email = excluded.email, subject = excluded.subject`

	listPlatformUsers = `select user_id, subject, email, '' as role from platform_users
		order by (case when subject = '' then 'user_' || user_id::text else subject end) collate "C"`

	deletePlatformUser = `delete from platform_users where user_id = $1`
)

// PutPlatformUser implements [ports.PlatformUsers]. ErrInvalid if who is empty.
func (a *Accounts) PutPlatformUser(ctx context.Context, who roles.Subject, email string) error {
	if who == "" {
		return fmt.Errorf("postgres: %w: a platform user needs a subject", ports.ErrInvalid)
	}
	if err := a.db.asService(ctx, func(tx *sqlx.Tx) error {
		return one(tx.ExecContext(ctx, putPlatformUser, userID(who), email, subjectName(who)))
	}); err != nil {
		return fmt.Errorf("postgres: put a platform user: %w", err)
	}
	return nil
}

// ListPlatformUsers implements [ports.PlatformUsers].
func (a *Accounts) ListPlatformUsers(ctx context.Context) ([]roles.Member, error) {
	var rows []memberRow
	if err := a.db.asService(ctx, func(tx *sqlx.Tx) error { return tx.SelectContext(ctx, &rows, listPlatformUsers) }); err != nil {
		return nil, fmt.Errorf("postgres: list platform users: %w", err)
	}
	list := make([]roles.Member, len(rows))
	for i, r := range rows {
		list[i] = roles.Member{Subject: subjectOf(r.ID, r.Subject), Email: r.Email}
	}
	return list, nil
}

// RemovePlatformUser implements [ports.PlatformUsers].
func (a *Accounts) RemovePlatformUser(ctx context.Context, who roles.Subject) error {
	if err := a.db.asService(ctx, func(tx *sqlx.Tx) error {
		_, err := tx.ExecContext(ctx, deletePlatformUser, userID(who))
		return err
	}); err != nil {
		return fmt.Errorf("postgres: remove a platform user: %w", err)
	}
	return nil
}

// One statement, so that the two are as of one moment. A row without a tenant is
// there for whoever has no membership.
const selectGrants = `select public.is_super_admin() as super_admin, m.tenant_id, coalesce(m.role, '') as role
	from (select $1::uuid as user_id) who left join user_tenants m on m.user_id = who.user_id`

// GrantsOf implements [ports.Grants]. The policies show a person his own
// memberships. A key is no person and holds nothing here: what it may do is in
// APIKeyOf.
func (a *Accounts) GrantsOf(ctx context.Context, who roles.Subject) (roles.Grants, error) {
	g := roles.Grants{Subject: who, Tenants: map[tenant.ID]roles.Role{}}
	if strings.HasPrefix(string(who), keyPrefix) {
		return g, ctx.Err()
	}
	var rows []struct {
		SuperAdmin bool           `db:"super_admin"`
		Tenant     sql.NullString `db:"tenant_id"`
		Role       string         `db:"role"`
	}
	err := a.db.asCaller(ctx, who, func(tx *sqlx.Tx) error { return tx.SelectContext(ctx, &rows, selectGrants, userID(who)) })
	if err != nil {
		return roles.Grants{}, fmt.Errorf("postgres: grants: %w", err)
	}
	for _, r := range rows {
		g.SuperAdmin = g.SuperAdmin || r.SuperAdmin
		if !r.Tenant.Valid {
			continue
		}
		role, err := roles.ParseRole(r.Role)
		if err != nil {
			return roles.Grants{}, fmt.Errorf("postgres: grants: %w", mapped(ctx, err))
		}
		g.Tenants[full[tenant.ID](tenant.Prefix, r.Tenant)] = role
	}
	return g, nil
}
