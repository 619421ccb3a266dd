// Package roles decides what a subject may do. Decisions are pure: a port only
// fetches the Grants.
package roles

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/aiwoochat/woochat/domain/tenant"
)

// Subject is who asks: a person, as user_ and a UUID, as an e-mail address or as
// the identity provider names him, or an API key, as key_ and a UUID.
type Subject string

// machines begin the subjects that are no person: API keys and visitors.
func machines() []string { return []string{"key_", "vis_"} }

// IsPerson reports whether s can be a person, who alone may be a super admin.
func (s Subject) IsPerson() bool {
	return s != "" && !slices.ContainsFunc(machines(), func(prefix string) bool { return strings.HasPrefix(string(s), prefix) })
}

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
	RepriceUsage      Action = "usage.reprice" // to compute costs again at other prices
	ReadSites         Action = "sites.read"
	WriteSites        Action = "sites.write"
	ReadKeys          Action = "keys.read"
	WriteKeys         Action = "keys.write"
	ReadDocuments     Action = "documents.read"
	WriteDocuments    Action = "documents.write"
	ReadConversations Action = "conversations.read"
	// EraseConversations forgets a shopper who asks for it.
	EraseConversations Action = "conversations.erase"
	ReadMembers        Action = "members.read"
	WriteMembers       Action = "members.write"
	ReadLicenses       Action = "licenses.read"
	WriteLicenses      Action = "licenses.write"
	ReadTenants        Action = "tenants.read"
	WriteTenants       Action = "tenants.write"
	ReadPlatform       Action = "platform.read"
	WritePlatform      Action = "platform.write"
	ReadAudit          Action = "audit.read"
	Ask                Action = "chat.ask" // the OpenAI-compatible API
)

// matrix holds the weakest role that may do each action. An action that is not
// here, and those at 0, are for a super admin only.
func matrix() map[Action]Role {
	return map[Action]Role{
		ReadUsage: Support, ReadSites: Support, ReadDocuments: Support, ReadConversations: Support, Ask: Support,
		ReadKeys: Admin, WriteKeys: Admin, WriteSites: Admin, WriteDocuments: Admin, ReadMembers: Admin,
		ReadLicenses: Support, ReadTenants: Support,
		EraseConversations: Admin,
		WriteMembers:       Owner, ReadAudit: Owner,
		WriteLicenses: 0, WriteTenants: 0, ReadPlatform: 0, WritePlatform: 0,
		RepriceUsage: 0,
	}
}

// Actions returns every action that there is, in order.
func Actions() []Action { return slices.Sorted(maps.Keys(matrix())) }

// Grants is all that a subject holds.
type Grants struct {
	Subject Subject
	// SuperAdmin is for persons, and means nothing for an API key, for a
	// visitor, and where Sites narrows the grants.
	SuperAdmin bool
	Tenants    map[tenant.ID]Role
	// Sites narrows the grants to these sites; nil for all sites of Tenants.
	Sites []tenant.SiteID
	// Reason is why a super admin uses his power this time, in his words. It
	// is recorded, and allows nothing.
	Reason string
}

// super reports whether g is the platform's.
func (g Grants) super() bool { return g.SuperAdmin && g.Sites == nil && g.Subject.IsPerson() }

// ErrForbidden is returned by Grants.Can.
var ErrForbidden = errors.New("not allowed")

// Can returns nil if g allows a on what s owns, and an error that matches
// ErrForbidden otherwise. s.Site may be empty for what belongs to the tenant as
// a whole, and all of s for what belongs to the platform.
func (g Grants) Can(a Action, s tenant.Scope) error {
	need, known := matrix()[a]
	switch {
	case g.super() && known:
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
	if !g.Holds(role, t) {
		return fmt.Errorf("%w: grant %s", ErrForbidden, role)
	}
	return nil
}

// Holds reports whether g has role, or more, in t. Nobody hands out a role that
// he does not hold, in whatever form.
func (g Grants) Holds(role Role, t tenant.ID) bool { return g.super() || g.Tenants[t] >= role }

// BySuperAdmin reports whether g may do a on what s owns as a super admin only,
// and not by a role in the tenant: then it must be recorded.
func (g Grants) BySuperAdmin(a Action, s tenant.Scope) bool {
	if g.Can(a, s) != nil {
		return false
	}
	g.SuperAdmin = false
	return g.Can(a, s) != nil
}

// Where returns the tenants in which g allows a, in order; all is true for a
// super admin, who may everywhere. Sites may narrow it further.
func (g Grants) Where(a Action) (tenants []tenant.ID, all bool) {
	need, known := matrix()[a]
	if g.super() && known {
		return nil, true
	}
	for id, r := range g.Tenants {
		if known && need != 0 && r >= need && id != "" {
			tenants = append(tenants, id)
		}
	}
	slices.Sort(tenants)
	return tenants, false
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
