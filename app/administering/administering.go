// Package administering creates and changes tenants, sites, licenses, keys and
// members. Every call is authorised by the caller's grants; what he may not see
// looks as if it did not exist. What a super admin does is recorded before it
// is done, and is not done if it cannot be recorded: see package auditing.
package administering

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/aiwoochat/woochat/app/auditing"
	"github.com/aiwoochat/woochat/app/metering"
	"github.com/aiwoochat/woochat/domain/roles"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/domain/usage"
	"github.com/aiwoochat/woochat/ports"
)

// Deps are what a Service needs. All are required.
type Deps struct {
	Tenants       ports.Tenants
	Sites         ports.Sites
	Keys          ports.Keys
	Licenses      ports.Licenses
	LicenseBook   ports.LicenseBook
	Members       ports.Members
	PlatformUsers ports.PlatformUsers
	Erasure       ports.Erasure
	Unanswered    ports.Unanswered
	Audit         ports.AuditLog // of what is done as a super admin
	Now           ports.Clock
	NewID         ports.NewID
	Random        io.Reader // of cryptographic quality, for keys
}

// Service administers. Make one with New; it is safe for concurrent use.
type Service struct {
	deps  Deps
	audit *auditing.Service
}

// New returns a Service. It reports everything that is missing at once.
func New(d Deps) (*Service, error) {
	var errs []error
	need := func(ok bool, what string) {
		if !ok {
			errs = append(errs, fmt.Errorf("administering: Deps.%s is missing", what))
		}
	}
	need(d.Tenants != nil, "Tenants")
	need(d.Sites != nil, "Sites")
	need(d.Keys != nil, "Keys")
	need(d.Licenses != nil, "Licenses")
	need(d.LicenseBook != nil, "LicenseBook")
	need(d.Members != nil, "Members")
	need(d.PlatformUsers != nil, "PlatformUsers")
	need(d.Erasure != nil, "Erasure")
	need(d.Unanswered != nil, "Unanswered")
	need(d.Audit != nil, "Audit")
	need(d.Now != nil, "Now")
	need(d.NewID != nil, "NewID")
	need(d.Random != nil, "Random")
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	audit, err := auditing.New(auditing.Deps{Log: d.Audit, Now: d.Now, NewID: d.NewID})
	if err != nil {
		return nil, err
	}
	return &Service{deps: d, audit: audit}, nil
}

// Operator returns the grants of whoever can run commands on the server: all.
// Subject and Reason go to the audit log: a command sets them to who runs it,
// and why.
func Operator() roles.Grants {
	return roles.Grants{Subject: "operator", SuperAdmin: true, Reason: "a command on the server"}
}

// FieldError says which field of an order is wrong, and why.
type FieldError struct {
	Field  string
	Reason string // reads on after the field's name
}

func (e *FieldError) Error() string { return e.Field + " " + e.Reason }

// Unwrap returns ports.ErrInvalid.
func (e *FieldError) Unwrap() error { return ports.ErrInvalid }

// CreateTenant creates a tenant with its first owner; owner may be empty.
func (s *Service) CreateTenant(ctx context.Context, who roles.Grants, name, owner string) (tenant.Tenant, error) {
	if err := who.Can(roles.WriteTenants, tenant.Scope{}); err != nil {
		return tenant.Tenant{}, err
	}
	if name = strings.TrimSpace(name); name == "" || len(name) > maxName {
		return tenant.Tenant{}, &FieldError{"name", fmt.Sprintf("must have 1 to %d bytes", maxName)}
	}
	if owner != "" {
		// Before anything is stored: a bad address must not leave half a tenant.
		if _, err := subjectOf(owner); err != nil {
			return tenant.Tenant{}, err
		}
	}
	t := tenant.Tenant{ID: tenant.ID(tenant.Prefix + s.deps.NewID()), Name: name, Created: s.deps.Now()}
	if err := s.audit.Allow(ctx, who, roles.WriteTenants, tenant.Scope{Tenant: t.ID}, "create "+name); err != nil {
		return tenant.Tenant{}, err
	}
	if err := s.deps.Tenants.PutTenant(ctx, t); err != nil {
		return tenant.Tenant{}, fmt.Errorf("create tenant: %w", err)
	}
	if owner == "" {
		return t, nil
	}
	_, err := s.PutMember(ctx, who, t.ID, owner, roles.Owner)
	return t, err
}

const maxName = 200

// ListTenants returns at most limit tenants after the given one.
func (s *Service) ListTenants(ctx context.Context, who roles.Grants, after tenant.ID, limit int) ([]tenant.Tenant, error) {
	if err := s.audit.Allow(ctx, who, roles.ReadPlatform, tenant.Scope{}, "list tenants"); err != nil {
		return nil, err
	}
	return s.deps.Tenants.ListTenants(ctx, after, limit)
}

// SetTenantDisabled refuses, or lets in again, all sites of a tenant.
func (s *Service) SetTenantDisabled(ctx context.Context, who roles.Grants, id tenant.ID, disabled bool) error {
	if err := s.audit.Allow(ctx, who, roles.WriteTenants, tenant.Scope{Tenant: id}, letIn(disabled)); err != nil {
		return err
	}
	t, err := s.deps.Tenants.Tenant(ctx, id)
	if err != nil {
		return err
	}
	t.Disabled = disabled
	return s.deps.Tenants.PutTenant(ctx, t)
}

// NewSite is an order for a site. URL is required; the rest has defaults.
type NewSite struct {
	Name        string // the URL's host by default
	URL         string
	Origins     []string // beside those of URL
	TimeZone    string   // UTC by default
	Locale      string   // en by default
	Currency    string   // EUR by default
	LimitText   string
	Greeting    string
	Suggestions []string
	ContactURL  string
}

// CreateSite creates a site of the tenant. The widget may run on the origin of
// its URL, with and without www, and on n.Origins.
func (s *Service) CreateSite(ctx context.Context, who roles.Grants, id tenant.ID, n NewSite) (tenant.Site, error) {
	site, err := s.newSite(id, n)
	if err := errors.Join(who.Can(roles.WriteSites, tenant.Scope{Tenant: id}), err); err != nil {
		return tenant.Site{}, err
	}
	if err := s.audit.Allow(ctx, who, roles.WriteSites, site.Scope(), "create "+site.URL); err != nil {
		return tenant.Site{}, err
	}
	if _, err := s.deps.Tenants.Tenant(ctx, id); err != nil {
		return tenant.Site{}, fmt.Errorf("tenant %s: %w", id, err)
	}
	if err := s.deps.Sites.PutSite(ctx, site); err != nil {
		return tenant.Site{}, fmt.Errorf("create site: %w", err)
	}
	return site, nil
}

func (s *Service) newSite(id tenant.ID, n NewSite) (tenant.Site, error) {
	def := func(v, d string) string {
		if v = strings.TrimSpace(v); v == "" {
			return d
		}
		return v
	}
	origins, err := tenant.OriginsOf(n.URL)
	if err != nil {
		return tenant.Site{}, &FieldError{"url", "is not the address of a shop, such as https://shop.example.com"}
	}
	_, host, _ := strings.Cut(origins[0], "://")
	site := tenant.Site{
		ID: tenant.SiteID(tenant.SitePrefix + s.deps.NewID()), Tenant: id, Name: def(n.Name, host), URL: strings.TrimSpace(n.URL),
		Origins: append(origins, n.Origins...), Locale: def(n.Locale, "en"), Currency: strings.ToUpper(def(n.Currency, "EUR")),
		TimeZone: def(n.TimeZone, "UTC"), LimitText: n.LimitText, Greeting: n.Greeting, Suggestions: n.Suggestions,
		ContactURL: n.ContactURL, Generation: 1, Created: s.deps.Now(),
	}
	if err := site.Valid(); err != nil {
		return tenant.Site{}, fmt.Errorf("%w: %w", ports.ErrInvalid, err)
	}
	return site, nil
}

// ListSites returns at most limit sites of the tenant after the given one.
func (s *Service) ListSites(ctx context.Context, who roles.Grants, id tenant.ID, after tenant.SiteID, limit int) ([]tenant.Site, error) {
	if err := s.audit.Allow(ctx, who, roles.ReadSites, tenant.Scope{Tenant: id}, "list sites"); err != nil {
		return nil, err
	}
	return s.deps.Sites.ListSites(ctx, id, after, limit)
}

// SetSiteDisabled refuses, or lets in again, a site.
func (s *Service) SetSiteDisabled(ctx context.Context, who roles.Grants, sc tenant.Scope, disabled bool) error {
	return s.changeSite(ctx, who, sc, letIn(disabled), func(site *tenant.Site) error {
		site.Disabled = disabled
		return nil
	})
}

// SetOrigins replaces the origins on which the site's widget may run.
func (s *Service) SetOrigins(ctx context.Context, who roles.Grants, sc tenant.Scope, shopURL string, origins []string) error {
	return s.changeSite(ctx, who, sc, "address "+shopURL+", origins "+strings.Join(origins, " "), func(site *tenant.Site) error {
		site.URL, site.Origins = shopURL, origins
		return nil
	})
}

// SetTimeZone moves the site's calendar to another zone, from the next midnight
// of the one in force.
func (s *Service) SetTimeZone(ctx context.Context, who roles.Grants, sc tenant.Scope, zone string) error {
	return s.changeSite(ctx, who, sc, "time zone "+zone, func(site *tenant.Site) error {
		to, err := time.LoadLocation(zone)
		if err != nil || zone == "" || zone == "Local" {
			return &FieldError{"time_zone", "is not an IANA zone such as Europe/Berlin"}
		}
		cal, err := metering.Calendar(*site)
		if err != nil {
			return err
		}
		moved := cal.Move(to, s.deps.Now())
		site.TimeZone, site.ZoneBefore = zone, moved.Before.String()
		site.ZoneSince, site.ZoneFloor = moved.Since, string(moved.Floor)
		return nil
	})
}

func (s *Service) changeSite(ctx context.Context, who roles.Grants, sc tenant.Scope, details string, change func(*tenant.Site) error) error {
	if err := s.audit.Allow(ctx, who, roles.WriteSites, sc, details); err != nil {
		return err
	}
	site, err := s.deps.Sites.Site(ctx, sc)
	if err != nil {
		return err
	}
	if site.Disabled {
		// A site of a disabled tenant comes back disabled, whatever is stored:
		// to store that would leave it so when the tenant is let in again.
		t, err := s.deps.Tenants.Tenant(ctx, sc.Tenant)
		if err != nil {
			return err
		}
		if t.Disabled {
			return fmt.Errorf("tenant %s is disabled: enable it before its sites are changed: %w", t.ID, ports.ErrConflict)
		}
	}
	if err := change(&site); err != nil {
		return err
	}
	return s.deps.Sites.PutSite(ctx, site)
}

// SetLicense gives a site the license l. Only a super admin may.
func (s *Service) SetLicense(ctx context.Context, who roles.Grants, sc tenant.Scope, l usage.License) error {
	if err := who.Can(roles.WriteLicenses, sc); err != nil {
		return err
	}
	if l.Status.String() == "none" || l.Malformed != "" {
		return &FieldError{"license", "needs a status and limits"}
	}
	if err := s.audit.Allow(ctx, who, roles.WriteLicenses, sc, fmt.Sprintf("plan %s, %s, limits %+v", l.Plan, l.Status, l.Limits)); err != nil {
		return err
	}
	return s.deps.LicenseBook.PutLicense(ctx, sc, l)
}

// License returns a site's license, the zero License if it has none.
func (s *Service) License(ctx context.Context, who roles.Grants, sc tenant.Scope) (usage.License, error) {
	if err := s.audit.Allow(ctx, who, roles.ReadLicenses, sc, ""); err != nil {
		return usage.License{}, err
	}
	l, err := s.deps.Licenses.LicenseOf(ctx, sc)
	if errors.Is(err, ports.ErrNotFound) {
		return usage.License{}, nil
	}
	return l, err
}

// letIn says what happens to what is disabled or not.
func letIn(disabled bool) string {
	if disabled {
		return "disable"
	}
	return "enable"
}
