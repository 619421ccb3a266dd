package memory

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/aiwoochat/woochat/domain/roles"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/ports"
)

// PutMember implements [ports.Members].
func (a *Accounts) PutMember(ctx context.Context, id tenant.ID, m roles.Member) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := m.Valid(); err != nil {
		return fmt.Errorf("%w: %w", ports.ErrInvalid, err)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if _, ok := a.tenants[id]; !ok {
		return fmt.Errorf("tenant %s: %w", id, ports.ErrNotFound)
	}
	if m.Role != roles.Owner && a.lastOwner(id, m.Subject) {
		return fmt.Errorf("%w: a tenant needs an owner: make somebody else one first", ports.ErrConflict)
	}
	if a.members[id] == nil {
		a.members[id] = map[roles.Subject]roles.Member{}
	}
	a.members[id][m.Subject] = m
	return nil
}

// lastOwner reports whether who is the tenant's only owner. a.mu is held.
func (a *Accounts) lastOwner(id tenant.ID, who roles.Subject) bool {
	if a.members[id][who].Role != roles.Owner {
		return false
	}
	for s, m := range a.members[id] {
		if s != who && m.Role == roles.Owner {
			return false
		}
	}
	return true
}

// ListMembers implements [ports.Members].
func (a *Accounts) ListMembers(ctx context.Context, id tenant.ID) ([]roles.Member, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	a.mu.RLock()
	defer a.mu.RUnlock()
	return inOrder(a.members[id]), nil
}

// RemoveMember implements [ports.Members].
func (a *Accounts) RemoveMember(ctx context.Context, id tenant.ID, who roles.Subject) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.lastOwner(id, who) {
		return fmt.Errorf("%w: a tenant needs an owner: make somebody else one first", ports.ErrConflict)
	}
	delete(a.members[id], who)
	return nil
}

// PutPlatformUser implements [ports.PlatformUsers]. ErrInvalid if who is empty.
func (a *Accounts) PutPlatformUser(ctx context.Context, who roles.Subject, email string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if who == "" {
		return fmt.Errorf("%w: a platform user needs a subject", ports.ErrInvalid)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.platform[who] = roles.Member{Subject: who, Email: email}
	return nil
}

// ListPlatformUsers implements [ports.PlatformUsers].
func (a *Accounts) ListPlatformUsers(ctx context.Context) ([]roles.Member, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	a.mu.RLock()
	defer a.mu.RUnlock()
	return inOrder(a.platform), nil
}

// RemovePlatformUser implements [ports.PlatformUsers].
func (a *Accounts) RemovePlatformUser(ctx context.Context, who roles.Subject) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.platform, who)
	return nil
}

// GrantsOf implements [ports.Grants].
func (a *Accounts) GrantsOf(ctx context.Context, who roles.Subject) (roles.Grants, error) {
	if err := ctx.Err(); err != nil {
		return roles.Grants{}, err
	}
	a.mu.RLock()
	defer a.mu.RUnlock()
	g := roles.Grants{Subject: who, Tenants: map[tenant.ID]roles.Role{}}
	_, g.SuperAdmin = a.platform[who]
	for id, members := range a.members {
		if m, ok := members[who]; ok {
			g.Tenants[id] = m.Role
		}
	}
	return g, nil
}

func inOrder(members map[roles.Subject]roles.Member) []roles.Member {
	var list []roles.Member
	for _, who := range slices.Sorted(maps.Keys(members)) {
		list = append(list, members[who])
	}
	return list
}
