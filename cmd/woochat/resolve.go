package main

import (
	"context"
	"fmt"
	"net/url"
	"strings"

	"github.com/aiwoochat/woochat/app/wiring"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/ports"
)

// page is how many rows one read of a list brings.
const page = 200

// allTenants returns every tenant.
func allTenants(ctx context.Context, app *wiring.App) ([]tenant.Tenant, error) {
	var all []tenant.Tenant
	var after tenant.ID
	for {
		some, err := app.Administering.ListTenants(ctx, app.Operator, after, page)
		if err != nil {
			return nil, err
		}
		all = append(all, some...)
		if len(some) < page {
			return all, nil
		}
		after = some[len(some)-1].ID
	}
}

// sitesOf returns every site of one tenant.
func sitesOf(ctx context.Context, app *wiring.App, id tenant.ID) ([]tenant.Site, error) {
	var all []tenant.Site
	var after tenant.SiteID
	for {
		some, err := app.Administering.ListSites(ctx, app.Operator, id, after, page)
		if err != nil {
			return nil, err
		}
		all = append(all, some...)
		if len(some) < page {
			return all, nil
		}
		after = some[len(some)-1].ID
	}
}

// allSites returns every site of every tenant.
func allSites(ctx context.Context, app *wiring.App) ([]tenant.Site, error) {
	tenants, err := allTenants(ctx, app)
	if err != nil {
		return nil, err
	}
	var all []tenant.Site
	for _, t := range tenants {
		sites, err := sitesOf(ctx, app, t.ID)
		if err != nil {
			return nil, err
		}
		all = append(all, sites...)
	}
	return all, nil
}

// tenantNamed finds a tenant by its id or its name. An empty ref is the only
// tenant there is.
func tenantNamed(ctx context.Context, app *wiring.App, ref string) (tenant.Tenant, error) {
	all, err := allTenants(ctx, app)
	if err != nil {
		return tenant.Tenant{}, err
	}
	return choose(all, "tenant", ref, func(t tenant.Tenant) bool {
		return string(t.ID) == ref || tenant.Prefix+ref == string(t.ID) || strings.EqualFold(t.Name, ref)
	})
}

// siteNamed finds a site by its id, its name, its address or its host. An empty
// ref is the only site there is.
func siteNamed(ctx context.Context, app *wiring.App, ref string) (tenant.Site, error) {
	all, err := allSites(ctx, app)
	if err != nil {
		return tenant.Site{}, err
	}
	return choose(all, "site", ref, func(s tenant.Site) bool {
		u, err := url.Parse(s.URL)
		return string(s.ID) == ref || tenant.SitePrefix+ref == string(s.ID) || strings.EqualFold(s.Name, ref) ||
			strings.TrimRight(s.URL, "/") == strings.TrimRight(ref, "/") || err == nil && strings.EqualFold(u.Host, ref)
	})
}

// choose returns the one of all that matches, or the only one for no ref.
func choose[T any](all []T, what, ref string, matches func(T) bool) (T, error) {
	var found []T
	for _, one := range all {
		if ref == "" || matches(one) {
			found = append(found, one)
		}
	}
	var none T
	switch {
	case len(found) == 1:
		return found[0], nil
	case len(all) == 0:
		return none, withHint(fmt.Errorf("there is no %s yet: %w", what, ports.ErrNotFound), `"woochat init" creates the first one`)
	case ref == "":
		return none, withHint(fmt.Errorf("there are %d %ss: name one with --%s", len(all), what, what), "\"woochat %s list\" shows them", what)
	case len(found) == 0:
		return none, withHint(fmt.Errorf("%s %q: %w", what, ref, ports.ErrNotFound), "\"woochat %s list\" shows what there is", what)
	}
	return none, withHint(fmt.Errorf("%q means %d %ss: give the id", ref, len(found), what), "\"woochat %s list\" shows the ids", what)
}
