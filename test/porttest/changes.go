package porttest

import (
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/aiwoochat/woochat/domain/retrieval"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/domain/usage"
	"github.com/aiwoochat/woochat/ports"
)

// ChangesUnderTest is what an adapter's test gives to the suite Changes: what
// tells of changes, and the ports of the same store that make them.
type ChangesUnderTest struct {
	ports.Changes
	ports.Tenants
	ports.Sites
	ports.Keys
	ports.Licenses
	ports.LicenseBook
	ports.Generations
	// Replica opens the same store as another process would; nil if there is
	// no such thing.
	Replica func(t *testing.T) ChangesUnderTest
}

// Changes checks an adapter of ports.Changes. open is called once for each
// case. Others may use the store meanwhile.
func Changes(t *testing.T, open func(t *testing.T) ChangesUnderTest) {
	t.Helper()
	runCases(t, changesCases, func(t *testing.T) changing { return changing{storeT{t}, open(t)} })
}

type changing struct {
	storeT
	ChangesUnderTest
}

// known is a site with a license and a key.
type known struct {
	tenant  tenant.Tenant
	site    tenant.Site
	key     tenant.Key
	license usage.License
}

func (f changing) known() known {
	f.Helper()
	k := known{tenant: tenant.Tenant{ID: newID[tenant.ID](tenant.Prefix), Name: "Fjord & Fell", Created: start()}}
	k.site = tenant.Site{
		ID: newID[tenant.SiteID](tenant.SitePrefix), Tenant: k.tenant.ID, Name: "Shop", URL: "https://shop.example.com",
		TimeZone: "UTC", Created: start(), Generation: 1,
	}
	k.key, k.license = siteKey(k.site.Scope()), license("plan", usage.Active)
	f.must("PutTenant", f.PutTenant(f.Context(), k.tenant))
	f.must("PutSite", f.PutSite(f.Context(), k.site))
	f.must("PutKey", f.PutKey(f.Context(), k.key))
	f.must("PutLicense", f.PutLicense(f.Context(), k.site.Scope(), k.license))
	return k
}

func (f changing) numbers() ports.ChangeNumbers {
	f.Helper()
	n, err := f.Numbers(f.Context())
	f.must("Numbers", err)
	return n
}

// wentBack reports whether a number of b is lower than that of a.
func wentBack(a, b ports.ChangeNumbers) bool {
	return b.Licenses < a.Licenses || b.Keys < a.Keys || b.Sites < a.Sites || b.Prices < a.Prices || b.Generations < a.Generations || b.Indexes < a.Indexes
}

// change is one way to change what is stored.
type change struct {
	name string
	of   func(n ports.ChangeNumbers) int64 // the number that must grow
	make func(f changing, k *known) error
}

func licensesOf(n ports.ChangeNumbers) int64    { return n.Licenses }
func keysOf(n ports.ChangeNumbers) int64        { return n.Keys }
func sitesOf(n ports.ChangeNumbers) int64       { return n.Sites }
func generationsOf(n ports.ChangeNumbers) int64 { return n.Generations }
func indexesOf(n ports.ChangeNumbers) int64     { return n.Indexes }

func putSite(f changing, k *known) error   { return f.PutSite(f.Context(), k.site) }
func putTenant(f changing, k *known) error { return f.PutTenant(f.Context(), k.tenant) }
func putKey(f changing, k *known) error    { return f.PutKey(f.Context(), k.key) }
func putLicense(f changing, k *known) error {
	return f.PutLicense(f.Context(), k.site.Scope(), k.license)
}

var allChanges = []change{
	{"a suspended license", licensesOf, func(f changing, k *known) error { k.license.Status = usage.Suspended; return putLicense(f, k) }},
	{"a limit", licensesOf, func(f changing, k *known) error { k.license.Limits.ChatRequests++; return putLicense(f, k) }},
	{"a first license", licensesOf, func(f changing, k *known) error {
		k.site.ID = newID[tenant.SiteID](tenant.SitePrefix)
		return errors.Join(putSite(f, k), putLicense(f, k))
	}},
	{"a new key", keysOf, func(f changing, k *known) error { k.key = siteKey(k.key.Scope); return putKey(f, k) }},
	{"a new API key", keysOf, func(f changing, k *known) error { k.key, _ = apiKey(k.key.Scope); return putKey(f, k) }},
	{"a disabled key", keysOf, func(f changing, k *known) error { k.key.Disabled = true; return putKey(f, k) }},
	{"a new site", sitesOf, func(f changing, k *known) error {
		k.site.ID = newID[tenant.SiteID](tenant.SitePrefix)
		return putSite(f, k)
	}},
	{"a disabled site", sitesOf, func(f changing, k *known) error { k.site.Disabled = true; return putSite(f, k) }},
	{"a site's origins", sitesOf, func(f changing, k *known) error {
		k.site.Origins = []string{"https://www.shop.example.com"}
		return putSite(f, k)
	}},
	{"a disabled tenant", sitesOf, func(f changing, k *known) error { k.tenant.Disabled = true; return putTenant(f, k) }},
	{"a site's generation, of sites", sitesOf, func(f changing, k *known) error { k.site.Generation++; return putSite(f, k) }},
	{"a generation of the index", indexesOf, func(f changing, k *known) error {
		_, err := f.Begin(f.Context(), k.site.Scope(), retrieval.Rebuild{Model: "m", Anew: true, At: start()})
		return err
	}},
	{"a site's generation", generationsOf, func(f changing, k *known) error { k.site.Generation++; return putSite(f, k) }},
}

// each makes every change through by, and checks that the numbers that f gives
// tell of it, each time anew.
func (f changing) each(by changing, what string) {
	f.Helper()
	for _, c := range allChanges {
		k := by.known()
		for range 2 {
			before := f.numbers()
			f.must(c.name, c.make(by, &k))
			after := f.numbers()
			if c.of(after) <= c.of(before) {
				f.Errorf("%s%s: the numbers went from %+v to %+v", c.name, what, before, after)
			}
			if wentBack(before, after) {
				f.Errorf("%s%s: a number went back, from %+v to %+v", c.name, what, before, after)
			}
		}
	}
}

var changesCases = []contractCase[changing]{
	{"each change", "a number grows with each change of its kind, new or replaced", func(f changing) { f.each(f, "") }},
	{"another process", "changes of another process on the same store count, in both directions", func(f changing) {
		if f.Replica == nil {
			f.Skip("the store has one process")
		}
		other := changing{f.storeT, f.Replica(f.T)}
		f.each(other, " by another process")
		other.each(f, " by the first process")
	}},
	{"stands still", "a number stands still while nothing of its kind changes, whatever else does", func(f changing) {
		k := f.known()
		// Others may use the store, but not all the time.
		still := func(what string, do func() error, of ...func(ports.ChangeNumbers) int64) {
			for range rounds {
				before := f.numbers()
				f.must(what, do())
				after := f.numbers()
				same := true
				for _, number := range of {
					same = same && number(before) == number(after)
				}
				if same {
					return
				}
			}
			f.Errorf("%s: a number that has nothing to do with it changed in each of %d rounds", what, rounds)
		}
		still("nothing", func() error { return nil }, licensesOf, keysOf, sitesOf, generationsOf, indexesOf)
		still("a read", func() error {
			_, err := f.Site(f.Context(), k.site.Scope())
			_, lerr := f.LicenseOf(f.Context(), k.site.Scope())
			_, kerr := f.ListKeys(f.Context(), k.site.Scope())
			return errors.Join(err, lerr, kerr)
		}, licensesOf, keysOf, sitesOf, generationsOf, indexesOf)
		still("a license", func() error { return putLicense(f, &k) }, keysOf, sitesOf, generationsOf, indexesOf)
		still("a key", func() error { return putKey(f, &k) }, licensesOf, sitesOf, generationsOf)
		still("a site", func() error { return putSite(f, &k) }, licensesOf, keysOf, generationsOf, indexesOf)
	}},
	{"together", "of many changes at once each one counts", func(f changing) {
		k := f.known()
		for range 10 {
			before := f.numbers()
			const n = 8
			errs := make([]error, n)
			together(n, func(i int) { errs[i] = f.PutLicense(f.Context(), k.site.Scope(), license("plan", usage.Active)) })
			f.must("PutLicense", errors.Join(errs...))
			if grown := f.numbers().Licenses - before.Licenses; grown < n {
				f.Fatalf("%d changes, and the number grew by %d", n, grown)
			}
		}
	}},
	{"never back", "numbers never go back, while others change what there is", func(f changing) {
		k := f.known()
		together(4, func(i int) {
			var last ports.ChangeNumbers
			for range rounds {
				if err := f.PutLicense(f.Context(), k.site.Scope(), versioned(i)); err != nil {
					f.Errorf("PutLicense: %v", err)
					return
				}
				n, err := f.Numbers(f.Context())
				if err != nil || wentBack(last, n) {
					f.Errorf("the numbers went from %+v to %+v, error %v", last, n, err)
					return
				}
				last = n
			}
		})
	}},
	{"seen", "who has been given the number of a change finds the change when he reads after that", func(f changing) {
		k := f.known()
		const changes = 2 * rounds
		told := make([]int64, changes+1) // told[i] is the number once license i had been put
		type look struct{ number, version int64 }
		var looks []look
		put := func(i int) {
			f.must("PutLicense", f.PutLicense(f.Context(), k.site.Scope(), versioned(i)))
			told[i] = f.numbers().Licenses
		}
		put(0)
		over := make(chan struct{})
		var wg sync.WaitGroup
		stop := sync.OnceFunc(func() {
			close(over)
			wg.Wait()
		})
		defer stop()
		wg.Go(func() {
			for {
				select {
				case <-over:
					return
				default:
				}
				n, err := f.Numbers(f.Context())
				l, lerr := f.LicenseOf(f.Context(), k.site.Scope())
				if err != nil || lerr != nil {
					f.Errorf("Numbers: %v; LicenseOf: %v", err, lerr)
					return
				}
				looks = append(looks, look{n.Licenses, int64(l.Limits.ChatRequests)})
			}
		})
		for i := range changes {
			put(i + 1)
		}
		stop()
		f.sound()
		next := 0
		for _, l := range looks {
			for next+1 < len(told) && told[next+1] <= l.number {
				next++
			}
			if l.version < int64(next) {
				f.Fatalf("was given the number of change %d and then read version %d", next, l.version)
			}
		}
	}},
	{"done context", "a done context ends the call", func(f changing) {
		_, err := f.Numbers(f.done())
		f.wantErr("Numbers", err, f.done().Err())
	}},
}

// versioned is a license that says which of a row of licenses it is.
func versioned(i int) usage.License {
	l := license(fmt.Sprintf("plan %d", i), usage.Active)
	l.Limits.ChatRequests = usage.Limit(i)
	return l
}
