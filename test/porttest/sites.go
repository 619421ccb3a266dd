package porttest

import (
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/ports"
)

// Sites checks an adapter of ports.Sites. open is called once for each case and
// returns an empty store; it needs Sites and Tenants.
func Sites(t *testing.T, open func(t *testing.T) AccountsUnderTest) {
	t.Helper()
	runCases(t, siteCases, accountsFixture(open))
}

// fullSite is a site of the tenant with every field set but Disabled.
func fullSite(t tenant.ID) tenant.Site {
	return tenant.Site{
		ID: newID[tenant.SiteID](tenant.SitePrefix), Tenant: t,
		Name: awkward, URL: "https://shop.example.com/laden/?a=b",
		Origins: []string{"https://shop.example.com", "https://www.shop.example.com", "http://localhost:8080"},
		Locale:  "de-AT", Currency: "EUR",
		TimeZone: "Europe/Vienna", ZoneBefore: "UTC", ZoneSince: start().Add(-time.Hour), ZoneFloor: "2026-11-22",
		LimitText: awkward, Greeting: awkward, Suggestions: []string{"Passt Größe „M“?", awkward},
		ContactURL: "https://shop.example.com/kontakt", Generation: 1<<53 + 1,
		Created: start(), AccentColour: "#0a5",
	}
}

// site stores a new site of the tenant.
func (f accounts) site(t tenant.ID) tenant.Site {
	f.Helper()
	s := tenant.Site{
		ID: newID[tenant.SiteID](tenant.SitePrefix), Tenant: t, Name: "Shop", URL: "https://shop.example.com",
		TimeZone: "UTC", Created: start(),
	}
	f.must("PutSite", f.PutSite(f.Context(), s))
	return s
}

// scopes stores sites of which no pair is the same: two tenants, and a second
// site of the first.
func (f accounts) scopes() (a, sibling, b tenant.Scope) {
	f.Helper()
	ta, tb := f.tenant(), f.tenant()
	return f.site(ta.ID).Scope(), f.site(ta.ID).Scope(), f.site(tb.ID).Scope()
}

func (f accounts) wantSite(want tenant.Site) {
	f.Helper()
	got, err := f.Site(f.Context(), want.Scope())
	f.wantErr("Site", err, nil)
	f.want("Site", got, want)
}

func (f accounts) siteIDs(id tenant.ID, after tenant.SiteID, limit int) []tenant.SiteID {
	f.Helper()
	list, err := f.ListSites(f.Context(), id, after, limit)
	f.must("ListSites", err)
	ids := []tenant.SiteID{}
	for _, s := range list {
		if s.Tenant != id {
			f.Errorf("ListSites(%s) returned a site of %s", id, s.Tenant)
		}
		ids = append(ids, s.ID)
	}
	return ids
}

var siteCases = []contractCase[accounts]{
	{"round trip", "a site comes back as it was put, its times in UTC, from Site and from ListSites", func(f accounts) {
		want := fullSite(f.tenant().ID)
		f.wantNoZero(want, "Disabled")
		put := want
		put.Created, put.ZoneSince = elsewhere(want.Created), elsewhere(want.ZoneSince)
		f.must("PutSite", f.PutSite(f.Context(), put))
		f.wantSite(want)
		list, err := f.ListSites(f.Context(), want.Tenant, "", 10)
		f.wantErr("ListSites", err, nil)
		f.want("ListSites", list, []tenant.Site{want})
		want.Disabled = true
		f.must("PutSite", f.PutSite(f.Context(), want))
		f.wantSite(want)
	}},
	{"bare", "a site of which only the least is set comes back so: no origins, no suggestions, zero times", func(f accounts) {
		s := f.site(f.tenant().ID)
		got, err := f.Site(f.Context(), s.Scope())
		f.must("Site", err)
		if len(got.Origins) != 0 || len(got.Suggestions) != 0 || !got.ZoneSince.IsZero() {
			f.Errorf("Site: got origins %q, suggestions %q, zone since %v; want none", got.Origins, got.Suggestions, got.ZoneSince)
		}
		got.Origins, got.Suggestions = nil, nil
		f.want("Site", got, s)
	}},
	{"replace", "PutSite stores a site in place of what there is of its id, and changes no other", func(f accounts) {
		t := f.tenant()
		other, s := f.site(t.ID), fullSite(t.ID)
		f.must("PutSite", f.PutSite(f.Context(), s))
		s.Origins, s.Name, s.Generation, s.ZoneSince = []string{"https://new.example.com"}, "Renamed", 7, time.Time{}
		f.must("PutSite", f.PutSite(f.Context(), s))
		f.wantSite(s)
		got, err := f.Site(f.Context(), other.Scope())
		f.wantErr("other Site", err, nil)
		f.want("other Site's name", got.Name, other.Name)
		f.want("number of sites", len(f.siteIDs(t.ID, "", 10)), 2)
	}},
	{"invalid", "what site.Valid refuses is ErrInvalid or, without a scope, ErrNoScope, and is not stored", func(f accounts) {
		t := f.tenant()
		for _, spoil := range []func(*tenant.Site){
			func(s *tenant.Site) { s.Name = " " },
			func(s *tenant.Site) { s.URL = "shop.example.com" },
			func(s *tenant.Site) { s.Origins = []string{"https://shop.example.com/"} },
			func(s *tenant.Site) { s.TimeZone = "Mars/Olympus" },
		} {
			s := fullSite(t.ID)
			spoil(&s)
			f.wantErr("PutSite", f.PutSite(f.Context(), s), ports.ErrInvalid)
			_, err := f.Site(f.Context(), s.Scope())
			f.wantErr("Site", err, ports.ErrNotFound)
		}
		s := fullSite(t.ID)
		s.ID = ""
		if err := f.PutSite(f.Context(), s); !errors.Is(err, ports.ErrInvalid) && !errors.Is(err, tenant.ErrNoScope) {
			f.Errorf("PutSite without an id: got %v", err)
		}
	}},
	{"no tenant", "a site of a tenant that does not exist is ErrNotFound", func(f accounts) {
		s := fullSite(newID[tenant.ID](tenant.Prefix))
		f.wantErr("PutSite", f.PutSite(f.Context(), s), ports.ErrNotFound)
		f.must("PutTenant", f.PutTenant(f.Context(), tenant.Tenant{ID: s.Tenant, Name: "n", Created: start()}))
		_, err := f.Site(f.Context(), s.Scope())
		f.wantErr("Site", err, ports.ErrNotFound)
	}},
	{"isolation", "a site's id under another tenant is nothing to read, and ErrConflict to write", func(f accounts) {
		a, b := fullSite(f.tenant().ID), fullSite(f.tenant().ID)
		f.must("PutSite", f.PutSite(f.Context(), a))
		f.must("PutSite", f.PutSite(f.Context(), b))
		for _, p := range [][2]tenant.Site{{a, b}, {b, a}} {
			mine, theirs := p[0], p[1]
			_, err := f.Site(f.Context(), tenant.Scope{Tenant: mine.Tenant, Site: theirs.ID})
			f.wantErr("Site of another tenant", err, ports.ErrNotFound)
			stolen := theirs
			stolen.Tenant, stolen.Name = mine.Tenant, "stolen"
			f.wantErr("PutSite of another tenant's id", f.PutSite(f.Context(), stolen), ports.ErrConflict)
			f.wantSite(theirs)
			f.want("ListSites", f.siteIDs(mine.Tenant, "", 10), []tenant.SiteID{mine.ID})
		}
		_, err := f.Site(f.Context(), tenant.Scope{Tenant: a.Tenant})
		f.wantErr("Site without a site", err, tenant.ErrNoScope)
		_, err = f.Site(f.Context(), tenant.Scope{Site: a.ID})
		f.wantErr("Site without a tenant", err, tenant.ErrNoScope)
	}},
	{"disabled tenant", "a site of a disabled tenant comes back Disabled, and as it was once the tenant is not", func(f accounts) {
		t, other := f.tenant(), f.tenant()
		s, untouched := f.site(t.ID), f.site(other.ID)
		for _, disabled := range []bool{true, false} {
			t.Disabled = disabled
			f.must("PutTenant", f.PutTenant(f.Context(), t))
			got, err := f.Site(f.Context(), s.Scope())
			f.wantErr("Site", err, nil)
			f.want(fmt.Sprintf("Disabled while the tenant's is %v", disabled), got.Disabled, disabled)
			got, err = f.Site(f.Context(), untouched.Scope())
			f.wantErr("another tenant's Site", err, nil)
			f.want("another tenant's Disabled", got.Disabled, false)
		}
	}},
	{"list", "ListSites pages through the tenant's sites in the order of their ids", func(f accounts) {
		t, other := f.tenant(), f.tenant()
		f.want("sites of a tenant without any", f.siteIDs(t.ID, "", 3), []tenant.SiteID{})
		var want []tenant.SiteID
		for range 5 {
			want = append(want, f.site(t.ID).ID)
			f.site(other.ID)
		}
		slices.Sort(want)
		f.want("first page", f.siteIDs(t.ID, "", 2), want[:2])
		f.want("second page", f.siteIDs(t.ID, want[1], 2), want[2:4])
		f.want("last page", f.siteIDs(t.ID, want[3], 2), want[4:])
		f.want("after the last", f.siteIDs(t.ID, want[4], 2), []tenant.SiteID{})
		f.want("all", f.siteIDs(t.ID, "", 100), want)
		f.want("a limit of 0", f.siteIDs(t.ID, "", 0), []tenant.SiteID{})
		f.want("an unknown tenant", f.siteIDs(newID[tenant.ID](tenant.Prefix), "", 100), []tenant.SiteID{})
	}},
	{"not kept", "slices passed in are not kept, those returned belong to the caller", func(f accounts) {
		s := fullSite(f.tenant().ID)
		want := s
		want.Origins, want.Suggestions = slices.Clone(s.Origins), slices.Clone(s.Suggestions)
		f.must("PutSite", f.PutSite(f.Context(), s))
		s.Origins[0], s.Suggestions[0] = "https://evil.example.com", "changed"
		f.wantSite(want)
		f.sound()
		got, _ := f.Site(f.Context(), want.Scope())
		got.Origins[0], got.Suggestions[0] = "https://evil.example.com", "changed"
		list, err := f.ListSites(f.Context(), want.Tenant, "", 1)
		f.wantErr("ListSites", err, nil)
		f.wantSite(want)
		f.sound()
		for _, l := range list {
			l.Origins[0], l.Suggestions[0] = "https://evil.example.com", "changed"
		}
		f.wantSite(want)
	}},
	{"one owner", "of tenants that put a site of the same id at the same time, one has it", func(f accounts) {
		tenants := []tenant.Tenant{f.tenant(), f.tenant(), f.tenant(), f.tenant()}
		for range rounds {
			id := newID[tenant.SiteID](tenant.SitePrefix)
			var stored atomic.Int64
			together(len(tenants), func(i int) {
				s := fullSite(tenants[i].ID)
				s.ID = id
				switch err := f.PutSite(f.Context(), s); {
				case err == nil:
					stored.Add(1)
				case !errors.Is(err, ports.ErrConflict):
					f.Errorf("PutSite: got %v, want ErrConflict", err)
				}
			})
			if n := stored.Load(); n != 1 {
				f.Fatalf("%d tenants were told that they have the site", n)
			}
		}
	}},
	{"done context", "a done context ends each call, and nothing is stored", func(f accounts) {
		s := f.site(f.tenant().ID)
		changed := s
		changed.Name = "changed"
		f.wantErr("PutSite", f.PutSite(f.done(), changed), f.done().Err())
		_, err := f.Site(f.done(), s.Scope())
		f.wantErr("Site", err, f.done().Err())
		_, err = f.ListSites(f.done(), s.Tenant, "", 10)
		f.wantErr("ListSites", err, f.done().Err())
		got, err := f.Site(f.Context(), s.Scope())
		f.wantErr("Site", err, nil)
		f.want("name", got.Name, s.Name)
	}},
}
