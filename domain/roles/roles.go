// Package roles decides what a subject may do. Decisions are pure: a port only
// fetches the Grants.
package roles

import (
	"errors"
	"fmt"
	"slices"

	"github.com/aiwoochat/woochat/domain/tenant"
)

// Subject is an authenticated user, as user_ and a UUID or as the identity
// provider names it.
type Subject string

// Role is held within one tenant.
type Role uint8

// Roles, weakest first. The zero Role may do nothing.
const (
	Support Role = iota + 1
	Admin
	Owner
)

// String returns the word of user_tenants.role.
func (r Role) String() string {
	switch r {
	case Support:
		return "support"
	case Admin:
		return "admin"
	case Owner:
		return "owner"
	}
	return ""
}

// ParseRole reads the word of user_tenants.role.
func ParseRole(s string) (Role, error) {
	for r := Support; r <= Owner; r++ {
		if r.String() == s {
			return r, nil
		}
	}
	return 0, fmt.Errorf("%q is not a role: want owner, admin or support", s)
}

// Action is something that a subject may or may not do.
type Action string

// Actions.
const (
	ReadUsage         Action = "usage.read"
	ReadSites         Action = "sites.read"
	WriteSites        Action = "sites.write"
	ReadKeys          Action = "keys.read"
	WriteKeys         Action = "keys.write"
	ReadDocuments     Action = "documents.read"
	WriteDocuments    Action = "documents.write"
	ReadConversations Action = "conversations.read"
	ReadMembers       Action = "members.read"
	WriteMembers      Action = "members.write"
	ReadLicenses      Action = "licenses.read"
	WriteLicenses     Action = "licenses.write"
	ReadTenants       Action = "tenants.read"
	WriteTenants      Action = "tenants.write"
	WritePlatform     Action = "platform.write"
	Ask               Action = "chat.ask" // the OpenAI-compatible API
)

// matrix holds the weakest role that may do each action. An action that is not
// here, and those at 0, are for a super admin only.
func matrix() map[Action]Role {
	return map[Action]Role{
		ReadUsage: Support, ReadSites: Support, ReadDocuments: Support, ReadConversations: Support, Ask: Support,
		ReadKeys: Admin, WriteKeys: Admin, WriteSites: Admin, WriteDocuments: Admin, ReadMembers: Admin,
		ReadLicenses: Support, ReadTenants: Support,
		WriteMembers:  Owner,
		WriteLicenses: 0, WriteTenants: 0, WritePlatform: 0,
	}
}

// Grants is all that a subject holds.
type Grants struct {
	Subject    Subject
	SuperAdmin bool
	Tenants    map[tenant.ID]Role
	// Sites narrows the grants to these sites; nil for all sites of Tenants.
	Sites []tenant.SiteID
}

// ErrForbidden is returned by Grants.Can.
var ErrForbidden = errors.New("not allowed")

// Can returns nil if g allows a on what s owns, and an error that matches
// ErrForbidden otherwise. s.Site may be empty for what belongs to the tenant as
// a whole, and all of s for what belongs to the platform.
func (g Grants) Can(a Action, s tenant.Scope) error {
	need, known := matrix()[a]
	switch {
	case g.SuperAdmin && known:
		return nil
	case !known || need == 0 || s.Tenant == "" || g.Tenants[s.Tenant] < need:
		return fmt.Errorf("%w: %s", ErrForbidden, a)
	case g.Sites != nil && !slices.Contains(g.Sites, s.Site):
		return fmt.Errorf("%w: %s", ErrForbidden, a)
	}
	return nil
}

// CanGrant returns nil if g may give or take role within t: only an owner may,
// and nobody gives more than he has.
func (g Grants) CanGrant(role Role, t tenant.ID) error {
	if err := g.Can(WriteMembers, tenant.Scope{Tenant: t}); err != nil {
		return err
	}
	if !g.SuperAdmin && g.Tenants[t] < role {
		return fmt.Errorf("%w: grant %s", ErrForbidden, role)
	}
	return nil
}

// Member is a subject with a role in a tenant.
type Member struct {
	Subject Subject
	Email   string
	Role    Role
}

// Valid checks that m can be stored.
func (m Member) Valid() error {
	if m.Subject == "" || m.Role.String() == "" {
		return errors.New("a member needs a subject and a role")
	}
	return nil
}
