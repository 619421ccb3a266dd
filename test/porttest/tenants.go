package porttest

import (
	"slices"
	"testing"
	"time"

	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/ports"
)

// AccountsUnderTest is an empty store of accounts. Each suite says which of
// the ports it needs; the others may be nil. All cases but those of Tenants and
// PlatformUsers may share one store, since each makes tenants of its own.
type AccountsUnderTest struct {
	ports.Tenants
	ports.Sites
	ports.Keys
	ports.SiteKeys
	ports.Members
	ports.PlatformUsers
	ports.Grants
}

// accounts is the fixture of the suites about accounts.
type accounts struct {
	storeT
	AccountsUnderTest
}

func accountsFixture(open func(t *testing.T) AccountsUnderTest) func(t *testing.T) accounts {
	return func(t *testing.T) accounts { return accounts{storeT{t}, open(t)} }
}

// tenant stores a new tenant.
func (f accounts) tenant() tenant.Tenant {
	f.Helper()
	t := tenant.Tenant{ID: newID[tenant.ID](tenant.Prefix), Name: "Fjord & Fell", Created: start()}
	f.must("PutTenant", f.PutTenant(f.Context(), t))
	return t
}

// Tenants checks an adapter of ports.Tenants. open is called once for each case
// and returns an empty store; it needs Tenants.
func Tenants(t *testing.T, open func(t *testing.T) AccountsUnderTest) {
	t.Helper()
	runCases(t, tenantCases, accountsFixture(open))
}

var tenantCases = []contractCase[accounts]{
	{"round trip", "a tenant comes back as it was put, its time in UTC", func(f accounts) {
		want := tenant.Tenant{ID: newID[tenant.ID](tenant.Prefix), Name: awkward, Created: start(), Disabled: true}
		f.wantNoZero(want)
		put := want
		put.Created = elsewhere(want.Created)
		f.must("PutTenant", f.PutTenant(f.Context(), put))
		got, err := f.Tenant(f.Context(), want.ID)
		f.wantErr("Tenant", err, nil)
		f.want("Tenant", got, want)
	}},
	{"replace", "PutTenant stores a tenant in place of what there is of its id, and changes no other", func(f accounts) {
		other, t := f.tenant(), f.tenant()
		for _, disabled := range []bool{true, false} {
			t.Name, t.Disabled = "Renamed", disabled
			f.must("PutTenant", f.PutTenant(f.Context(), t))
			got, err := f.Tenant(f.Context(), t.ID)
			f.wantErr("Tenant", err, nil)
			f.want("Tenant", got, t)
		}
		got, err := f.Tenant(f.Context(), other.ID)
		f.wantErr("other Tenant", err, nil)
		f.want("other Tenant", got, other)
		all, err := f.ListTenants(f.Context(), "", 10)
		f.wantErr("ListTenants", err, nil)
		f.want("number of tenants", len(all), 2)
	}},
	{"invalid", "a tenant without an id or a name is refused and not stored", func(f accounts) {
		id := newID[tenant.ID](tenant.Prefix)
		f.wantErr("no id", f.PutTenant(f.Context(), tenant.Tenant{Name: "x", Created: start()}), ports.ErrInvalid)
		f.wantErr("no name", f.PutTenant(f.Context(), tenant.Tenant{ID: id, Created: start()}), ports.ErrInvalid)
		_, err := f.Tenant(f.Context(), id)
		f.wantErr("Tenant", err, ports.ErrNotFound)
	}},
	{"not found", "an unknown tenant is ErrNotFound, also beside known ones", func(f accounts) {
		f.tenant()
		_, err := f.Tenant(f.Context(), newID[tenant.ID](tenant.Prefix))
		f.wantErr("Tenant", err, ports.ErrNotFound)
	}},
	{"list", "ListTenants pages through all tenants in the order of their ids", func(f accounts) {
		list, err := f.ListTenants(f.Context(), "", 3)
		f.wantNone("ListTenants of nothing", list, err)
		var want []tenant.ID
		for range 7 {
			want = append(want, f.tenant().ID)
		}
		slices.Sort(want)
		var got []tenant.ID
		for after := tenant.ID(""); ; {
			page, err := f.ListTenants(f.Context(), after, 3)
			f.must("ListTenants", err)
			if len(page) > 3 {
				f.Fatalf("ListTenants of 3: got %d", len(page))
			}
			if len(page) == 0 {
				break
			}
			for _, t := range page {
				got = append(got, t.ID)
			}
			if len(got) > len(want) {
				f.Fatalf("ListTenants begins again: got %d of %d tenants", len(got), len(want))
			}
			after = got[len(got)-1]
		}
		f.want("ids", got, want)
		list, err = f.ListTenants(f.Context(), "", 0)
		f.wantNone("ListTenants of 0", list, err)
		// A page may begin after an id that is not there, or no more.
		gone := newID[tenant.ID](tenant.Prefix)
		list, err = f.ListTenants(f.Context(), gone, 100)
		f.wantErr("ListTenants", err, nil)
		at, _ := slices.BinarySearch(want, gone)
		f.want("number after an unknown id", len(list), len(want)-at)
	}},
	{"concurrent", "tenants put at the same time are all stored", func(f accounts) {
		ids := make([]tenant.ID, 16)
		together(len(ids), func(i int) {
			ids[i] = newID[tenant.ID](tenant.Prefix)
			f.wantErr("PutTenant", f.PutTenant(f.Context(), tenant.Tenant{ID: ids[i], Name: "n", Created: start().Add(time.Duration(i))}), nil)
		})
		slices.Sort(ids)
		list, err := f.ListTenants(f.Context(), "", 100)
		f.must("ListTenants", err)
		var got []tenant.ID
		for _, t := range list {
			got = append(got, t.ID)
		}
		f.want("ids", got, ids)
	}},
	{"done context", "a done context ends each call, and nothing is stored", func(f accounts) {
		t := f.tenant()
		t.Name = "changed"
		f.wantErr("PutTenant", f.PutTenant(f.done(), t), f.done().Err())
		_, err := f.Tenant(f.done(), t.ID)
		f.wantErr("Tenant", err, f.done().Err())
		_, err = f.ListTenants(f.done(), "", 10)
		f.wantErr("ListTenants", err, f.done().Err())
		got, err := f.Tenant(f.Context(), t.ID)
		f.wantErr("Tenant", err, nil)
		if got.Name == t.Name {
			f.Error("PutTenant with a done context has stored")
		}
	}},
}
