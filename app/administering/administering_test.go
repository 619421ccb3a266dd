package administering_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/aiwoochat/woochat/adapters/memory"
	"github.com/aiwoochat/woochat/app/administering"
	"github.com/aiwoochat/woochat/domain/chat"
	"github.com/aiwoochat/woochat/domain/roles"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/domain/usage"
	"github.com/aiwoochat/woochat/ports"
	"github.com/aiwoochat/woochat/test/porttest"
)

// world is a service on the memory adapters, with two tenants of one site each.
type world struct {
	*testing.T
	accounts *memory.Accounts
	licenses *memory.Licenses
	talks    *memory.Conversations
	erasure  *memory.Erasure
	clock    *porttest.Clock
	deps     administering.Deps
	*administering.Service
	mine, other tenant.Site
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{T: t, accounts: memory.NewAccounts(), talks: memory.NewConversations(), clock: porttest.NewClock(time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC))}
	w.licenses = memory.NewLicenses(w.accounts)
	w.erasure = memory.NewErasure(w.talks, memory.NewLedger(w.clock.Now, porttest.NewID))
	a := w.accounts
	w.deps = administering.Deps{
		Tenants: a, Sites: a, Keys: a, Licenses: w.licenses, LicenseBook: w.licenses, Members: a, PlatformUsers: a, Audit: memory.NewAuditLog(),
		Erasure: w.erasure, Unanswered: w.talks, Now: w.clock.Now, NewID: porttest.NewID, Random: &counter{},
	}
	w.Service = w.service(w.deps)
	for _, site := range []*tenant.Site{&w.mine, &w.other} {
		ten, err := w.CreateTenant(t.Context(), administering.Operator(), "Tenant", "owner@example.com")
		w.must(err)
		*site, err = w.CreateSite(t.Context(), administering.Operator(), ten.ID, administering.NewSite{URL: "https://shop.example.com"})
		w.must(err)
	}
	return w
}

func (w *world) service(d administering.Deps) *administering.Service {
	w.Helper()
	s, err := administering.New(d)
	w.must(err)
	return s
}

func (w *world) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

// counter gives other bytes each time.
type counter struct{ n byte }

func (c *counter) Read(p []byte) (int, error) {
	for i := range p {
		c.n++
		p[i] = c.n
	}
	return len(p), nil
}

// holding returns the grants of one who has role in my tenant.
func (w *world) holding(role roles.Role) roles.Grants {
	return roles.Grants{Subject: "me", Tenants: map[tenant.ID]roles.Role{w.mine.Tenant: role}}
}

func TestNewNamesAllThatIsMissing(t *testing.T) {
	_, err := administering.New(administering.Deps{})
	for _, name := range []string{
		"Tenants", "Sites", "Keys", "Licenses", "LicenseBook", "Members", "PlatformUsers", "Erasure", "Unanswered", "Audit", "Now", "NewID", "Random",
	} {
		if err == nil || !strings.Contains(err.Error(), "Deps."+name+" ") {
			t.Errorf("the error does not name %s: %v", name, err)
		}
	}
}

// TestWhoMay goes over every call and every role: who is allowed in his own
// tenant, and nobody in another's.
func TestWhoMay(t *testing.T) {
	w := newWorld(t)
	key, _, err := w.CreateKey(t.Context(), administering.Operator(), w.mine.Scope(), tenant.SiteKey, "", 0)
	w.must(err)
	license := usage.License{Plan: "p", Status: usage.Active, Limits: usage.NoLimits()}
	const nobody = roles.Owner + 1 // only a super admin
	for name, c := range map[string]struct {
		least roles.Role
		call  func(ctx context.Context, who roles.Grants, site tenant.Site) error
	}{
		"CreateTenant": {nobody, func(ctx context.Context, who roles.Grants, _ tenant.Site) error {
			_, err := w.CreateTenant(ctx, who, "T", "")
			return err
		}},
		"ListTenants": {nobody, func(ctx context.Context, who roles.Grants, _ tenant.Site) error {
			_, err := w.ListTenants(ctx, who, "", 5)
			return err
		}},
		"SetTenantDisabled": {nobody, func(ctx context.Context, who roles.Grants, s tenant.Site) error {
			return w.SetTenantDisabled(ctx, who, s.Tenant, false)
		}},
		"SetLicense": {nobody, func(ctx context.Context, who roles.Grants, s tenant.Site) error {
			return w.SetLicense(ctx, who, s.Scope(), license)
		}},
		"PutPlatformUser": {nobody, func(ctx context.Context, who roles.Grants, _ tenant.Site) error {
			_, err := w.PutPlatformUser(ctx, who, "root@example.com")
			return err
		}},
		"ListPlatformUsers": {nobody, func(ctx context.Context, who roles.Grants, _ tenant.Site) error {
			_, err := w.ListPlatformUsers(ctx, who)
			return err
		}},
		"RemovePlatformUser": {nobody, func(ctx context.Context, who roles.Grants, _ tenant.Site) error {
			return w.RemovePlatformUser(ctx, who, "root@example.com")
		}},
		"PutMember": {roles.Owner, func(ctx context.Context, who roles.Grants, s tenant.Site) error {
			_, err := w.PutMember(ctx, who, s.Tenant, "support@example.com", roles.Support)
			return err
		}},
		"RemoveMember": {roles.Owner, func(ctx context.Context, who roles.Grants, s tenant.Site) error {
			return w.RemoveMember(ctx, who, s.Tenant, "support@example.com")
		}},
		"ListMembers": {roles.Admin, func(ctx context.Context, who roles.Grants, s tenant.Site) error {
			_, err := w.ListMembers(ctx, who, s.Tenant)
			return err
		}},
		"CreateSite": {roles.Admin, func(ctx context.Context, who roles.Grants, s tenant.Site) error {
			_, err := w.CreateSite(ctx, who, s.Tenant, administering.NewSite{URL: "https://shop2.example.com"})
			return err
		}},
		"SetSiteDisabled": {roles.Admin, func(ctx context.Context, who roles.Grants, s tenant.Site) error {
			return w.SetSiteDisabled(ctx, who, s.Scope(), false)
		}},
		"SetOrigins": {roles.Admin, func(ctx context.Context, who roles.Grants, s tenant.Site) error {
			return w.SetOrigins(ctx, who, s.Scope(), s.URL, s.Origins)
		}},
		"SetTimeZone": {roles.Admin, func(ctx context.Context, who roles.Grants, s tenant.Site) error {
			return w.SetTimeZone(ctx, who, s.Scope(), "UTC")
		}},
		"CreateKey": {roles.Admin, func(ctx context.Context, who roles.Grants, s tenant.Site) error {
			_, _, err := w.CreateKey(ctx, who, s.Scope(), tenant.SiteKey, "", 0)
			return err
		}},
		"ListKeys": {roles.Admin, func(ctx context.Context, who roles.Grants, s tenant.Site) error {
			_, err := w.ListKeys(ctx, who, s.Scope())
			return err
		}},
		"SetKeyDisabled": {roles.Admin, func(ctx context.Context, who roles.Grants, s tenant.Site) error {
			err := w.SetKeyDisabled(ctx, who, s.Scope(), key.ID, false)
			if s.ID != w.mine.ID && errors.Is(err, ports.ErrNotFound) {
				return nil // the operator, at another site: it has no such key
			}
			return err
		}},
		"Erase": {roles.Admin, func(ctx context.Context, who roles.Grants, s tenant.Site) error {
			_, err := w.Erase(ctx, who, s.Scope(), chat.VisitorID(chat.VisitorPrefix+porttest.NewID()), nil)
			return err
		}},
		"Unanswered": {roles.Support, func(ctx context.Context, who roles.Grants, s tenant.Site) error {
			_, err := w.Unanswered(ctx, who, s.Scope(), "", 1)
			return err
		}},
		"ListSites": {roles.Support, func(ctx context.Context, who roles.Grants, s tenant.Site) error {
			_, err := w.ListSites(ctx, who, s.Tenant, "", 5)
			return err
		}},
		"License": {roles.Support, func(ctx context.Context, who roles.Grants, s tenant.Site) error {
			_, err := w.License(ctx, who, s.Scope())
			return err
		}},
	} {
		t.Run(name, func(t *testing.T) {
			for role := roles.Role(0); role <= roles.Owner; role++ {
				err := c.call(t.Context(), w.holding(role), w.mine)
				if allowed := role >= c.least; allowed != (err == nil) || !allowed && !errors.Is(err, roles.ErrForbidden) {
					t.Errorf("role %q in its own tenant: %v", role, err)
				}
				if err := c.call(t.Context(), w.holding(role), w.other); !errors.Is(err, roles.ErrForbidden) {
					t.Errorf("role %q in another tenant: %v", role, err)
				}
			}
			if err := c.call(t.Context(), administering.Operator(), w.mine); err != nil {
				t.Errorf("the operator: %v", err)
			}
			if err := c.call(t.Context(), roles.Grants{}, w.mine); !errors.Is(err, roles.ErrForbidden) {
				t.Errorf("nobody: %v", err)
			}
		})
	}
}

// TestBadOrders: each is refused by the field's name, and nothing is stored.
func TestBadOrders(t *testing.T) {
	w := newWorld(t)
	op, ctx := administering.Operator(), t.Context()
	site := func(n administering.NewSite) error {
		_, err := w.CreateSite(ctx, op, w.mine.Tenant, n)
		return err
	}
	tenantOf := func(name, owner string) error {
		_, err := w.CreateTenant(ctx, op, name, owner)
		return err
	}
	keyOf := func(k tenant.KeyKind, name string, r roles.Role) error {
		_, _, err := w.CreateKey(ctx, op, w.mine.Scope(), k, name, r)
		return err
	}
	erase := func(v chat.VisitorID, ids []chat.ConversationID) error {
		_, err := w.Erase(ctx, op, w.mine.Scope(), v, ids)
		return err
	}
	member := func(email string, r roles.Role) error {
		_, err := w.PutMember(ctx, op, w.mine.Tenant, email, r)
		return err
	}
	for name, c := range map[string]struct {
		err  error
		want string // in the error's text
	}{
		"tenant without a name":    {tenantOf(" ", ""), "name must have"},
		"tenant with a long name":  {tenantOf(strings.Repeat("n", 201), ""), "name must have"},
		"tenant with a bad owner":  {tenantOf("T", "owner"), "email is not"},
		"site without a URL":       {site(administering.NewSite{}), "url is not"},
		"site with a bad URL":      {site(administering.NewSite{URL: "ftp://shop.example.com"}), "url is not"},
		"site with a bad origin":   {site(administering.NewSite{URL: "https://shop.example.com", Origins: []string{"https://x.example.com/path"}}), "origin"},
		"site with a bad zone":     {site(administering.NewSite{URL: "https://shop.example.com", TimeZone: "Mars/Olympus"}), "IANA"},
		"zone of nothing":          {w.SetTimeZone(ctx, op, w.mine.Scope(), ""), "time_zone is not"},
		"the machine's zone":       {w.SetTimeZone(ctx, op, w.mine.Scope(), "Local"), "time_zone is not"},
		"zone of nowhere":          {w.SetTimeZone(ctx, op, w.mine.Scope(), "Mars/Olympus"), "time_zone is not"},
		"origins that are none":    {w.SetOrigins(ctx, op, w.mine.Scope(), "https://shop.example.com", []string{"*"}), "origin"},
		"license without a status": {w.SetLicense(ctx, op, w.mine.Scope(), usage.License{Limits: usage.NoLimits()}), "license needs"},
		"license that is broken":   {w.SetLicense(ctx, op, w.mine.Scope(), usage.License{Status: usage.Active, Malformed: "x"}), "license needs"},
		"key of no kind":           {keyOf(0, "", 0), "kind must be"},
		"key with a long name":     {keyOf(tenant.SiteKey, strings.Repeat("n", 201), 0), "name is longer"},
		"API key without a role":   {keyOf(tenant.APIKey, "", 0), "role must be"},
		"member without a role":    {member("a@example.com", 0), "role must be"},
		"member without an @":      {member("example.com", roles.Admin), "email is not"},
		"member of nothing":        {member("a@b", roles.Admin), "email is not"},
		"two members":              {member("a@example.com,b@example.com", roles.Admin), "email is not"},
		"erasure of nobody":        {erase("", nil), "visitor or a conversation"},
		"erasure of no visitor":    {erase("shopper", nil), "visitor is not"},
		"erasure of no talk":       {erase("", []chat.ConversationID{"conv_1"}), "conversation is not"},
		"platform user of nothing": {func() error { _, err := w.PutPlatformUser(ctx, op, ""); return err }(), "email is not"},
	} {
		t.Run(name, func(t *testing.T) {
			if !errors.Is(c.err, ports.ErrInvalid) || !strings.Contains(c.err.Error(), c.want) {
				t.Errorf("got %v, want ErrInvalid that says %q", c.err, c.want)
			}
		})
	}
	tenants, err := w.ListTenants(ctx, op, "", 100)
	w.must(err)
	sites, err := w.ListSites(ctx, op, w.mine.Tenant, "", 100)
	w.must(err)
	keys, err := w.ListKeys(ctx, op, w.mine.Scope())
	w.must(err)
	members, err := w.ListMembers(ctx, op, w.mine.Tenant)
	w.must(err)
	if len(tenants) != 2 || len(sites) != 1 || len(keys) != 0 || len(members) != 1 {
		t.Errorf("left behind: %d tenants, %d sites, %d keys, %d members", len(tenants), len(sites), len(keys), len(members))
	}
	if l, err := w.License(ctx, op, w.mine.Scope()); err != nil || l != (usage.License{}) {
		t.Errorf("license %+v, %v", l, err)
	}
}

func TestUnknownThings(t *testing.T) {
	w := newWorld(t)
	op, ctx := administering.Operator(), t.Context()
	nobody := tenant.ID(tenant.Prefix + porttest.NewID())
	mixed := tenant.Scope{Tenant: w.mine.Tenant, Site: w.other.ID}
	_, siteErr := w.CreateSite(ctx, op, nobody, administering.NewSite{URL: "https://shop.example.com"})
	_, memberErr := w.PutMember(ctx, op, nobody, "a@example.com", roles.Owner)
	_, _, keyErr := w.CreateKey(ctx, op, mixed, tenant.SiteKey, "", 0)
	for name, err := range map[string]error{
		"site of no tenant": siteErr, "member of no tenant": memberErr, "key of no site": keyErr,
		"disable no tenant": w.SetTenantDisabled(ctx, op, nobody, true),
		"disable no site":   w.SetSiteDisabled(ctx, op, mixed, true),
		"disable no key":    w.SetKeyDisabled(ctx, op, w.mine.Scope(), "key_1", true),
		"license of none":   w.SetLicense(ctx, op, mixed, usage.License{Status: usage.Active, Limits: usage.NoLimits()}),
	} {
		if !errors.Is(err, ports.ErrNotFound) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestCreateSiteDefaults(t *testing.T) {
	w := newWorld(t)
	got := w.mine
	want := tenant.Site{
		ID: got.ID, Tenant: got.Tenant, Name: "shop.example.com", URL: "https://shop.example.com",
		Origins: []string{"https://shop.example.com", "https://www.shop.example.com"}, Locale: "en", Currency: "EUR", TimeZone: "UTC",
		Generation: 1, Created: w.clock.Now(),
	}
	if fmt.Sprintf("%+v", got) != fmt.Sprintf("%+v", want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	full, err := w.CreateSite(t.Context(), administering.Operator(), got.Tenant, administering.NewSite{
		Name: " My shop ", URL: "https://www.shop2.example.com/", Origins: []string{"https://staging.example.com"}, TimeZone: "Europe/Berlin", Locale: "de",
		Currency: "chf", LimitText: "Tomorrow", Greeting: "Hi", Suggestions: []string{"Sizes?"}, ContactURL: "https://shop2.example.com/contact",
	})
	w.must(err)
	if full.Name != "My shop" || full.Currency != "CHF" || len(full.Origins) != 3 || !full.Allows("https://shop2.example.com") || !full.Allows("https://staging.example.com") || full.Greeting != "Hi" {
		t.Errorf("got %+v", full)
	}
}

func TestKeys(t *testing.T) {
	w := newWorld(t)
	op, ctx := administering.Operator(), t.Context()
	site, siteText, err := w.CreateKey(ctx, op, w.mine.Scope(), tenant.SiteKey, " widget ", 0)
	w.must(err)
	api, apiText, err := w.CreateKey(ctx, op, w.mine.Scope(), tenant.APIKey, "export", roles.Support)
	w.must(err)
	if !strings.HasPrefix(siteText, "pk_") || !strings.HasPrefix(apiText, "sk_") || len(apiText) != 3+32 || siteText[3:] == apiText[3:] {
		t.Errorf("keys %s, %s", siteText, apiText)
	}
	if site.Text != siteText || site.Name != "widget" || api.Text != "" || !strings.HasSuffix(apiText, api.Hint) || len(api.Hint) != 4 || api.Role != "support" {
		t.Errorf("site key %+v, API key %+v", site, api)
	}
	if s, err := w.accounts.ScopeOf(ctx, siteText); err != nil || s != w.mine.Scope() {
		t.Errorf("site key opens %+v, %v", s, err)
	}
	sum := sha256.Sum256([]byte(apiText))
	byHash := func() error { _, err := w.accounts.APIKeyOf(ctx, hex.EncodeToString(sum[:])); return err }
	w.must(byHash())
	list, err := w.ListKeys(ctx, op, w.mine.Scope())
	if err != nil || len(list) != 2 || strings.Contains(fmt.Sprintf("%+v", list), apiText) {
		t.Errorf("the API key's text can be read again: %+v, %v", list, err)
	}
	w.must(w.SetKeyDisabled(ctx, op, w.mine.Scope(), api.ID, true))
	if err := byHash(); !errors.Is(err, ports.ErrNotFound) {
		t.Errorf("a disabled key opens: %v", err)
	}
	if err := w.SetKeyDisabled(ctx, op, w.other.Scope(), api.ID, false); !errors.Is(err, ports.ErrNotFound) {
		t.Errorf("another tenant's site names the key: %v", err)
	}
	w.must(w.SetKeyDisabled(ctx, op, w.mine.Scope(), api.ID, false))
	w.must(byHash())
	_, same, err := w.CreateKey(ctx, op, w.mine.Scope(), tenant.APIKey, "", roles.Owner)
	if err != nil || same == apiText {
		t.Errorf("the same key twice: %v", err)
	}
}

// TestWhoMayDisableAKey: whoever may write keys stops any, and lets in again those
// of a role that he has himself.
func TestWhoMayDisableAKey(t *testing.T) {
	w := newWorld(t)
	for _, c := range []struct {
		mine, role      roles.Role
		disable, enable bool
	}{
		{roles.Support, roles.Support, false, false},
		{roles.Admin, roles.Support, true, true},
		{roles.Admin, roles.Admin, true, true},
		{roles.Admin, roles.Owner, true, false},
		{roles.Owner, roles.Owner, true, true},
	} {
		k, _, err := w.CreateKey(t.Context(), administering.Operator(), w.mine.Scope(), tenant.APIKey, "", c.role)
		w.must(err)
		for _, to := range []struct{ disabled, ok bool }{{true, c.disable}, {false, c.enable}} {
			err := w.SetKeyDisabled(t.Context(), w.holding(c.mine), w.mine.Scope(), k.ID, to.disabled)
			if (err == nil) != to.ok || !to.ok && !errors.Is(err, roles.ErrForbidden) {
				t.Errorf("an %v sets a key of an %v disabled = %v: %v", c.mine, c.role, to.disabled, err)
			}
		}
		keys, err := w.ListKeys(t.Context(), administering.Operator(), w.mine.Scope())
		w.must(err)
		if got := keys[slices.IndexFunc(keys, func(o tenant.Key) bool { return o.ID == k.ID })].Disabled; got != (c.disable && !c.enable) {
			t.Errorf("the key of an %v is disabled: %v, after an %v tried", c.role, got, c.mine)
		}
	}
	site, _, err := w.CreateKey(t.Context(), administering.Operator(), w.mine.Scope(), tenant.SiteKey, "", 0)
	w.must(err)
	for _, disabled := range []bool{true, false} {
		w.must(w.SetKeyDisabled(t.Context(), w.holding(roles.Admin), w.mine.Scope(), site.ID, disabled))
	}
}

// TestNoKeyAboveOnesOwnRole: nobody climbs by making himself a key.
func TestNoKeyAboveOnesOwnRole(t *testing.T) {
	w := newWorld(t)
	for _, c := range []struct {
		mine, wanted roles.Role
		ok           bool
	}{{roles.Admin, roles.Support, true}, {roles.Admin, roles.Admin, true}, {roles.Admin, roles.Owner, false}, {roles.Owner, roles.Owner, true}} {
		_, text, err := w.CreateKey(t.Context(), w.holding(c.mine), w.mine.Scope(), tenant.APIKey, "", c.wanted)
		if (err == nil) != c.ok || !c.ok && (!errors.Is(err, roles.ErrForbidden) || text != "") {
			t.Errorf("an %v asks for a key of an %v: %v", c.mine, c.wanted, err)
		}
	}
	if _, err := w.PutMember(t.Context(), w.holding(roles.Admin), w.mine.Tenant, "me@example.com", roles.Owner); !errors.Is(err, roles.ErrForbidden) {
		t.Errorf("an admin makes himself owner: %v", err)
	}
	// An API key speaks for its site, and not for its tenant.
	key := w.holding(roles.Owner)
	key.Sites = []tenant.SiteID{w.mine.ID}
	if _, err := w.PutMember(t.Context(), key, w.mine.Tenant, "me@example.com", roles.Owner); !errors.Is(err, roles.ErrForbidden) {
		t.Errorf("a key of a site makes a member: %v", err)
	}
}

func TestNoRandomNoKey(t *testing.T) {
	w := newWorld(t)
	for name, r := range map[string]*strings.Reader{"short": strings.NewReader("abc"), "empty": strings.NewReader("")} {
		d := w.deps
		d.Random = r
		if _, text, err := w.service(d).CreateKey(t.Context(), administering.Operator(), w.mine.Scope(), tenant.APIKey, "", roles.Admin); err == nil || text != "" {
			t.Errorf("%s: a key of %q", name, text)
		}
	}
	d := w.deps
	d.Random = iotest.OneByteReader(bytes.NewReader(make([]byte, 100)))
	if _, text, err := w.service(d).CreateKey(t.Context(), administering.Operator(), w.mine.Scope(), tenant.APIKey, "", roles.Admin); err != nil || len(text) != 35 {
		t.Errorf("a slow source: %q, %v", text, err)
	}
}

func TestMembers(t *testing.T) {
	w := newWorld(t)
	op, ctx, id := administering.Operator(), t.Context(), w.mine.Tenant
	m, err := w.PutMember(ctx, op, id, " Anna@Example.com ", roles.Admin)
	if err != nil || m.Subject != "anna@example.com" || m.Email != "Anna@Example.com" {
		t.Errorf("got %+v, %v", m, err)
	}
	if _, err := w.PutMember(ctx, op, id, "ANNA@example.com", roles.Support); err != nil {
		t.Error(err)
	}
	list, err := w.ListMembers(ctx, op, id)
	if err != nil || len(list) != 2 || list[0].Role != roles.Support {
		t.Errorf("members %+v, %v", list, err)
	}
	if err := w.RemoveMember(ctx, op, id, "owner@example.com"); !errors.Is(err, ports.ErrConflict) {
		t.Errorf("the last owner is removed: %v", err)
	}
	w.must(w.RemoveMember(ctx, op, id, "Anna@example.com"))
	if list, _ := w.ListMembers(ctx, op, id); len(list) != 1 {
		t.Errorf("members %+v", list)
	}
	if list, _ := w.ListMembers(ctx, op, w.other.Tenant); len(list) != 1 {
		t.Errorf("the other tenant's members %+v", list)
	}
}

func TestPlatformUsers(t *testing.T) {
	w := newWorld(t)
	op, ctx := administering.Operator(), t.Context()
	who, err := w.PutPlatformUser(ctx, op, "Root@example.com")
	w.must(err)
	g, err := w.accounts.GrantsOf(ctx, who)
	if err != nil || !g.SuperAdmin || who != "root@example.com" {
		t.Errorf("grants %+v of %s, %v", g, who, err)
	}
	g.Reason = "a look"
	if list, err := w.ListPlatformUsers(ctx, g); err != nil || len(list) != 1 {
		t.Errorf("got %+v, %v", list, err)
	}
	w.must(w.RemovePlatformUser(ctx, op, "root@example.com"))
	if g, _ := w.accounts.GrantsOf(ctx, who); g.SuperAdmin {
		t.Error("a removed super admin is one still")
	}
}

// TestSiteOfADisabledTenant: what the tenant's state says of its site must not
// be stored as the site's own.
func TestSiteOfADisabledTenant(t *testing.T) {
	w := newWorld(t)
	op, ctx := administering.Operator(), t.Context()
	w.must(w.SetTenantDisabled(ctx, op, w.mine.Tenant, true))
	for name, err := range map[string]error{
		"zone":    w.SetTimeZone(ctx, op, w.mine.Scope(), "Europe/Berlin"),
		"origins": w.SetOrigins(ctx, op, w.mine.Scope(), "https://new.example.com", []string{"https://new.example.com"}),
		"disable": w.SetSiteDisabled(ctx, op, w.mine.Scope(), false),
	} {
		if !errors.Is(err, ports.ErrConflict) {
			t.Errorf("%s: %v", name, err)
		}
	}
	w.must(w.SetTenantDisabled(ctx, op, w.mine.Tenant, false))
	site, err := w.accounts.Site(ctx, w.mine.Scope())
	if err != nil || site.Disabled || site.URL != w.mine.URL {
		t.Errorf("after the tenant was let in again: %+v, %v", site, err)
	}
	w.must(w.SetSiteDisabled(ctx, op, w.mine.Scope(), true))
	w.must(w.SetOrigins(ctx, op, w.mine.Scope(), "https://new.example.com", []string{"https://new.example.com"}))
	if site, _ := w.accounts.Site(ctx, w.mine.Scope()); !site.Disabled || site.URL != "https://new.example.com" {
		t.Errorf("a disabled site of a tenant that is not: %+v", site)
	}
}

// TestSetTimeZone moves at the old zone's midnight, and no day comes twice.
func TestSetTimeZone(t *testing.T) {
	w := newWorld(t)
	op, ctx := administering.Operator(), t.Context()
	w.must(w.SetTimeZone(ctx, op, w.mine.Scope(), "America/New_York"))
	site, err := w.accounts.Site(ctx, w.mine.Scope())
	w.must(err)
	if site.TimeZone != "America/New_York" || site.ZoneBefore != "UTC" || !site.ZoneSince.Equal(time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC)) || site.ZoneFloor != "2026-11-23" {
		t.Errorf("site %+v", site)
	}
	// Changed again before it came into force: the zone in force stays UTC.
	w.must(w.SetTimeZone(ctx, op, w.mine.Scope(), "Asia/Tokyo"))
	if site, _ = w.accounts.Site(ctx, w.mine.Scope()); site.ZoneBefore != "UTC" || site.TimeZone != "Asia/Tokyo" {
		t.Errorf("site %+v", site)
	}
}

func ExampleService_CreateKey() {
	ctx := context.Background()
	accounts := memory.NewAccounts()
	licenses := memory.NewLicenses(accounts)
	admin, err := administering.New(administering.Deps{
		Tenants: accounts, Sites: accounts, Keys: accounts, Licenses: licenses, LicenseBook: licenses, Members: accounts, PlatformUsers: accounts, Audit: memory.NewAuditLog(),
		Erasure: memory.NewErasure(memory.NewConversations(), memory.NewLedger(time.Now, porttest.NewID)), Unanswered: memory.NewConversations(), Now: time.Now, NewID: porttest.NewID, Random: &counter{}, // crypto/rand.Reader
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	who := administering.Operator()
	t, _ := admin.CreateTenant(ctx, who, "My company", "me@example.com")
	site, _ := admin.CreateSite(ctx, who, t.ID, administering.NewSite{URL: "https://shop.example.com"})
	_, text, _ := admin.CreateKey(ctx, who, site.Scope(), tenant.SiteKey, "widget", 0)
	scope, _ := accounts.ScopeOf(ctx, text)
	fmt.Println(site.Origins, scope == site.Scope())
	// Output: [https://shop.example.com https://www.shop.example.com] true
}
