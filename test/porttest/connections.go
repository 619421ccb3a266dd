package porttest

import (
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aiwoochat/woochat/domain/ingestion"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/ports"
)

// ConnectionsUnderTest is a store of connections, which cases may share. Each
// suite says which of the ports it needs; the others may be nil.
type ConnectionsUnderTest struct {
	ports.Connections
	ports.ConnectedSites
	ports.ConnectStates
	ports.Deliveries

	// Now is the store's own clock.
	Now ports.Clock
	// NewScope returns a site of a tenant that has no other, and makes both if
	// the store must know them.
	NewScope func(t *testing.T) tenant.Scope
	// NewSite returns one more site of the tenant.
	NewSite func(t *testing.T, id tenant.ID) tenant.Scope
	// Disable refuses, or lets in again, the tenant of s as a whole, or its
	// site alone.
	Disable func(t *testing.T, s tenant.Scope, whole, disabled bool)
}

// connections is the fixture of the suites about connections.
type connections struct {
	storeT
	ConnectionsUnderTest
}

func connectionsFixture(open func(t *testing.T) ConnectionsUnderTest) func(t *testing.T) connections {
	return func(t *testing.T) connections { return connections{storeT{t}, open(t)} }
}

// Connections checks an adapter of ports.Connections. open is called once for
// each case; it needs Connections.
func Connections(t *testing.T, open func(t *testing.T) ConnectionsUnderTest) {
	t.Helper()
	runCases(t, connectionCases, connectionsFixture(open))
}

// ConnectedSites checks an adapter of ports.ConnectedSites. It needs
// ConnectedSites, Connections and Disable.
func ConnectedSites(t *testing.T, open func(t *testing.T) ConnectionsUnderTest) {
	t.Helper()
	runCases(t, connectedCases, connectionsFixture(open))
}

// ConnectStates checks an adapter of ports.ConnectStates. It needs
// ConnectStates and Now.
func ConnectStates(t *testing.T, open func(t *testing.T) ConnectionsUnderTest) {
	t.Helper()
	runCases(t, connectStateCases, connectionsFixture(open))
}

// Deliveries checks an adapter of ports.Deliveries. It needs Deliveries and
// Connections.
func Deliveries(t *testing.T, open func(t *testing.T) ConnectionsUnderTest) {
	t.Helper()
	runCases(t, deliveryCases, connectionsFixture(open))
}

func (f connections) scopes() (a, sibling, b tenant.Scope) {
	f.Helper()
	a = f.NewScope(f.T)
	return a, f.NewSite(f.T, a.Tenant), f.NewScope(f.T)
}

// fullConnection has every field set but Version.
func fullConnection() ingestion.Connection {
	return ingestion.Connection{
		URL: "https://shop.example.com/sub?x=" + awkward, Auth: ingestion.Query, PlainPermalinks: true, Key: "v1.k." + long(300), Write: true,
		Secrets: []string{"v1.new." + awkward, "v1.old"}, Currency: "KWD", Exponent: 3, WeightUnit: "kg", DimensionUnit: "cm",
		Created: start(), Updated: start().Add(time.Microsecond),
	}
}

// bareConnection has nothing but a URL.
func bareConnection() ingestion.Connection {
	return ingestion.Connection{URL: "http://shop.example.com"}
}

func (f connections) save(s tenant.Scope, c ingestion.Connection) ingestion.Connection {
	f.Helper()
	got, err := f.SaveConnection(f.Context(), s, c)
	f.must("SaveConnection", err)
	return got
}

func (f connections) wantConnection(what string, s tenant.Scope, want ingestion.Connection) {
	f.Helper()
	got, err := f.Connection(f.Context(), s)
	f.wantErr(what+": Connection", err, nil)
	f.want(what+": Connection", got, want)
}

func (f connections) wantUnconnected(what string, s tenant.Scope) {
	f.Helper()
	got, err := f.Connection(f.Context(), s)
	f.wantErr(what+": Connection", err, ports.ErrNotFound)
	f.want(what+": Connection", got, ingestion.Connection{})
}

var connectionCases = []contractCase[connections]{
	{"round trip", "what is saved comes back as it is, its times in UTC", func(f connections) {
		s := f.NewScope(f.T)
		f.wantUnconnected("at first", s)
		want := fullConnection()
		f.wantNoZero(want, "Version")
		put := want
		put.Created, put.Updated = elsewhere(want.Created), elsewhere(want.Updated)
		got := f.save(s, put)
		if got.Version <= 0 {
			f.Errorf("the first version is %d", got.Version)
		}
		want.Version = got.Version
		f.want("SaveConnection", got, want)
		f.wantConnection("saved", s, want)
	}},
	{"bare", "what is not set comes back so", func(f connections) {
		s := f.NewScope(f.T)
		got := f.save(s, bareConnection())
		want := bareConnection()
		want.Version = got.Version
		f.wantConnection("saved", s, want)
		for _, auth := range []ingestion.Auth{ingestion.Basic, ingestion.Query, ingestion.OAuth1, 0} {
			want.Auth, want.Exponent = auth, uint8(auth)*2
			want.Version = f.save(s, want).Version
			f.wantConnection(auth.String(), s, want)
		}
		for _, secrets := range [][]string{{"one"}, {"two", "one"}, {"one", "two"}, {"two"}, nil} {
			want.Secrets = secrets
			want.Version = f.save(s, want).Version
			f.wantConnection(fmt.Sprint(secrets), s, want)
		}
	}},
	{"replaced", "a save replaces all that there is, and Version grows", func(f connections) {
		s := f.NewScope(f.T)
		first := f.save(s, fullConnection())
		next := bareConnection()
		next.Version = first.Version
		got := f.save(s, next)
		if got.Version <= first.Version {
			f.Errorf("the version was %d and is %d", first.Version, got.Version)
		}
		next.Version = got.Version
		f.wantConnection("replaced", s, next)
	}},
	{"conflict", "a save of another version than the stored one is ErrConflict, and nothing is stored", func(f connections) {
		s := f.NewScope(f.T)
		c := bareConnection()
		for _, version := range []int64{1, 2, -1} {
			c.Version = version
			got, err := f.SaveConnection(f.Context(), s, c)
			f.wantErr("the first save, of another version", err, ports.ErrConflict)
			f.want("what it returns", got, ingestion.Connection{})
		}
		f.wantUnconnected("refused", s)
		first := f.save(s, bareConnection())
		second := f.save(s, first)
		for _, version := range []int64{0, first.Version, second.Version + 1} {
			c := fullConnection()
			c.Version = version
			_, err := f.SaveConnection(f.Context(), s, c)
			f.wantErr(fmt.Sprintf("a save of version %d", version), err, ports.ErrConflict)
		}
		f.wantConnection("refused", s, second)
	}},
	{"at once", "of several saves of one version one is stored, whole", func(f connections) {
		s := f.NewScope(f.T)
		var version int64
		for round := range rounds / 6 {
			var done atomic.Int64
			together(6, func(i int) {
				c := bareConnection()
				c.Version, c.Key, c.Secrets = version, fmt.Sprint("key", i), []string{fmt.Sprint("key", i)}
				_, err := f.SaveConnection(f.Context(), s, c)
				if err == nil {
					done.Add(1)
					return
				}
				f.wantErr("SaveConnection", err, ports.ErrConflict)
			})
			if n := done.Load(); n != 1 {
				f.Fatalf("round %d: %d of 6 saves were stored", round, n)
			}
			got, err := f.Connection(f.Context(), s)
			f.must("Connection", err)
			f.want("secrets beside the key", got.Secrets, []string{got.Key})
			version = got.Version
		}
	}},
	{"invalid", "what Valid refuses is ErrInvalid, and nothing is stored", func(f connections) {
		s := f.NewScope(f.T)
		for name, spoil := range map[string]func(*ingestion.Connection){
			"no URL":          func(c *ingestion.Connection) { c.URL = "" },
			"three secrets":   func(c *ingestion.Connection) { c.Secrets = []string{"a", "b", "c"} },
			"an empty secret": func(c *ingestion.Connection) { c.Secrets = []string{"a", ""} },
			"no such auth":    func(c *ingestion.Connection) { c.Auth = 9 },
		} {
			c := fullConnection()
			spoil(&c)
			_, err := f.SaveConnection(f.Context(), s, c)
			f.wantErr(name, err, ports.ErrInvalid)
		}
		f.wantUnconnected("refused", s)
	}},
	{"removed", "RemoveConnection forgets it and all its secrets; to remove what is not there is no error", func(f connections) {
		s := f.NewScope(f.T)
		f.must("RemoveConnection of nothing", f.RemoveConnection(f.Context(), s))
		saved := f.save(s, fullConnection())
		for range 2 {
			f.must("RemoveConnection", f.RemoveConnection(f.Context(), s))
			f.wantUnconnected("removed", s)
		}
		_, err := f.SaveConnection(f.Context(), s, saved)
		f.wantErr("a save of what was removed", err, ports.ErrConflict)
		again := f.save(s, bareConnection())
		want := bareConnection()
		want.Version = again.Version
		f.wantConnection("connected again", s, want)
		_, err = f.SaveConnection(f.Context(), s, saved)
		f.wantErr("a save of the one before", err, ports.ErrConflict)
		f.wantConnection("connected again, and the one before was saved", s, want)
	}},
	{"isolation", "sites neither see nor change one another's connections", func(f connections) {
		a, sibling, b := f.scopes()
		saved := map[tenant.Scope]ingestion.Connection{}
		for _, s := range []tenant.Scope{a, sibling, b} {
			c := fullConnection()
			c.URL = "https://" + string(s.Site) + ".example.com"
			saved[s] = f.save(s, c)
		}
		strangers(a, sibling, b, func(mine, theirs tenant.Scope) {
			for _, s := range outsiders(mine, theirs) {
				if s == mine {
					continue
				}
				f.wantUnconnected("half-true", s)
				_, err := f.SaveConnection(f.Context(), s, saved[theirs])
				if err == nil {
					f.Errorf("%+v is saved", s)
				}
				_, err = f.SaveConnection(f.Context(), s, bareConnection())
				if err == nil {
					f.must("RemoveConnection", f.RemoveConnection(f.Context(), s))
				}
			}
			f.must("RemoveConnection", f.RemoveConnection(f.Context(), mine))
			f.wantConnection("theirs, when mine is removed", theirs, saved[theirs])
			c := saved[mine]
			c.Version = 0
			saved[mine] = f.save(mine, c)
			f.wantConnection("theirs, when mine is saved", theirs, saved[theirs])
		})
		for _, bad := range incomplete(a) {
			_, err := f.Connection(f.Context(), bad)
			f.wantErr("Connection", err, tenant.ErrNoScope)
			_, err = f.SaveConnection(f.Context(), bad, bareConnection())
			f.wantErr("SaveConnection", err, tenant.ErrNoScope)
			f.wantErr("RemoveConnection", f.RemoveConnection(f.Context(), bad), tenant.ErrNoScope)
		}
	}},
	{"not kept", "what is passed in is not kept, and what is returned belongs to the caller", func(f connections) {
		s := f.NewScope(f.T)
		c := fullConnection()
		saved := f.save(s, c)
		c.Secrets[0] = "spoilt"
		saved.Secrets[0] = "spoilt, too"
		got, err := f.Connection(f.Context(), s)
		f.must("Connection", err)
		f.want("secrets", got.Secrets, fullConnection().Secrets)
		got.Secrets[0] = "spoilt as well"
		got, err = f.Connection(f.Context(), s)
		f.must("Connection", err)
		f.want("secrets", got.Secrets, fullConnection().Secrets)
	}},
	{"done context", "a done context ends each call, and nothing is stored", func(f connections) {
		s, other := f.NewScope(f.T), f.NewScope(f.T)
		saved := f.save(s, fullConnection())
		_, err := f.SaveConnection(f.done(), other, bareConnection())
		f.wantErr("SaveConnection", err, f.done().Err())
		f.wantErr("RemoveConnection", f.RemoveConnection(f.done(), s), f.done().Err())
		_, err = f.Connection(f.done(), s)
		f.wantErr("Connection", err, f.done().Err())
		f.wantConnection("after it", s, saved)
		f.wantUnconnected("after it", other)
	}},
}

func (f connections) wantReceiver(what string, s tenant.Scope, c ingestion.Connection) {
	f.Helper()
	got, err := f.Receiver(f.Context(), s.Site)
	f.wantErr(what+": Receiver", err, nil)
	f.want(what+": Receiver", got, ingestion.Receiver{Scope: s, Secrets: c.Secrets, HasKey: c.Key != ""})
}

func (f connections) wantNoReceiver(what string, site tenant.SiteID) {
	f.Helper()
	got, err := f.Receiver(f.Context(), site)
	f.wantErr(what+": Receiver", err, ports.ErrNotFound)
	f.want(what+": Receiver", got, ingestion.Receiver{})
}

// all returns every connected site, read in pages.
func (f connections) all(page int) []tenant.Scope {
	f.Helper()
	var list []tenant.Scope
	var after tenant.SiteID
	for {
		got, err := f.Connected(f.Context(), after, page)
		f.must("Connected", err)
		if len(got) > page {
			f.Fatalf("a page of %d has %d", page, len(got))
		}
		for i, s := range got {
			if i == 0 && s.Site <= after || i > 0 && s.Site <= got[i-1].Site {
				f.Fatalf("after %s comes %v", after, got)
			}
		}
		list = append(list, got...)
		if len(got) < page {
			return list
		}
		after = got[len(got)-1].Site
	}
}

var connectedCases = []contractCase[connections]{
	{"receiver", "a connected site is found by its id, with its secrets and whether it has a key", func(f connections) {
		a, sibling, b := f.scopes()
		for _, s := range []tenant.Scope{a, sibling, b} {
			c := fullConnection()
			c.Secrets = []string{"new of " + string(s.Site), "old of " + string(s.Site)}
			f.save(s, c)
		}
		for _, s := range []tenant.Scope{a, sibling, b} {
			f.wantReceiver("full", s, ingestion.Connection{Key: "x", Secrets: []string{"new of " + string(s.Site), "old of " + string(s.Site)}})
		}
		bare := f.NewScope(f.T)
		f.save(bare, bareConnection())
		f.wantReceiver("bare", bare, bareConnection())
	}},
	{"changed", "Receiver sees a connection as it was saved last", func(f connections) {
		s := f.NewScope(f.T)
		c := f.save(s, fullConnection())
		c.Key, c.Secrets = "", []string{"v1.third"}
		c = f.save(s, c)
		f.wantReceiver("changed", s, c)
		f.must("RemoveConnection", f.RemoveConnection(f.Context(), s))
		f.wantNoReceiver("removed", s.Site)
	}},
	{"unknown", "a site that is not there, not connected, or no id at all, is ErrNotFound alike", func(f connections) {
		f.wantNoReceiver("not connected", f.NewScope(f.T).Site)
		f.wantNoReceiver("not there", newID[tenant.SiteID](tenant.SitePrefix))
		s := f.NewScope(f.T)
		f.save(s, fullConnection())
		for _, bad := range []tenant.SiteID{"", "site_", "x", tenant.SiteID(awkward), tenant.SiteID(s.Tenant), s.Site + "0", tenant.SiteID(string(s.Site)[len(tenant.SitePrefix):])} {
			f.wantNoReceiver(fmt.Sprintf("%q", bad), bad)
		}
	}},
	{"disabled", "a site that is disabled, or whose tenant is, is not found, until it is let in again", func(f connections) {
		for _, whole := range []bool{false, true} {
			s := f.NewScope(f.T)
			other := f.NewScope(f.T)
			c := f.save(s, fullConnection())
			f.save(other, fullConnection())
			f.Disable(f.T, s, whole, true)
			f.wantNoReceiver("disabled", s.Site)
			f.wantReceiver("another", other, c)
			if list := f.all(1000); slices.Contains(list, s) || !slices.Contains(list, other) {
				f.Errorf("whole %v: Connected has the disabled one, or lacks another", whole)
			}
			f.wantConnection("disabled", s, c)
			f.Disable(f.T, s, whole, false)
			f.wantReceiver("let in again", s, c)
			if !slices.Contains(f.all(1000), s) {
				f.Errorf("whole %v: Connected lacks what was let in again", whole)
			}
		}
	}},
	{"pages", "Connected lists each connected site once, in the order of site ids, and no other", func(f connections) {
		var want []tenant.Scope
		for i := range 7 {
			s := f.NewScope(f.T)
			if i == 3 {
				continue // not connected
			}
			f.save(s, bareConnection())
			want = append(want, s)
		}
		more := f.NewSite(f.T, want[0].Tenant)
		f.save(more, bareConnection())
		want = append(want, more)
		slices.SortFunc(want, func(a, b tenant.Scope) int { return compare(a.Site, b.Site) })
		for _, page := range []int{1, 3, 1000} {
			got := slices.DeleteFunc(f.all(page), func(s tenant.Scope) bool { return !slices.Contains(want, s) })
			f.want(fmt.Sprintf("in pages of %d", page), got, want)
		}
		for _, limit := range []int{0, -1} {
			none, err := f.Connected(f.Context(), "", limit)
			f.wantNone("a page of nothing", none, err)
		}
	}},
	{"done context", "a done context ends each call", func(f connections) {
		s := f.NewScope(f.T)
		f.save(s, fullConnection())
		_, err := f.Receiver(f.done(), s.Site)
		f.wantErr("Receiver", err, f.done().Err())
		_, err = f.Connected(f.done(), "", 10)
		f.wantErr("Connected", err, f.done().Err())
	}},
}

func compare[T ~string](a, b T) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}
