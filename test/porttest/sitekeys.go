package porttest

import (
	"strings"
	"testing"

	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/ports"
)

// SiteKeys checks an adapter of ports.SiteKeys. open is called once for each
// case and returns an empty store; it needs SiteKeys, Keys, Sites and Tenants.
func SiteKeys(t *testing.T, open func(t *testing.T) AccountsUnderTest) {
	t.Helper()
	runCases(t, siteKeyCases, accountsFixture(open))
}

// keyed is a site with a key of each kind.
type keyed struct {
	tenant tenant.Tenant
	site   tenant.Site
	public tenant.Key
	secret tenant.Key
}

func (f accounts) keyed() keyed {
	f.Helper()
	k := keyed{tenant: f.tenant()}
	k.site = f.site(k.tenant.ID)
	k.public = f.key(siteKey(k.site.Scope()))
	secret, _ := apiKey(k.site.Scope())
	k.secret = f.key(secret)
	return k
}

// wantFound checks that both keys of k lead to its site.
func (f accounts) wantFound(what string, k keyed) {
	f.Helper()
	s, err := f.ScopeOf(f.Context(), k.public.Text)
	f.wantErr(what+": ScopeOf", err, nil)
	f.want(what+": ScopeOf", s, k.site.Scope())
	got, err := f.APIKeyOf(f.Context(), k.secret.Hash)
	f.wantErr(what+": APIKeyOf", err, nil)
	f.want(what+": APIKeyOf", got, k.secret)
}

func (f accounts) wantLost(what string, k keyed) {
	f.Helper()
	s, err := f.ScopeOf(f.Context(), k.public.Text)
	f.wantErr(what+": ScopeOf", err, ports.ErrNotFound)
	f.want(what+": ScopeOf", s, tenant.Scope{})
	got, err := f.APIKeyOf(f.Context(), k.secret.Hash)
	f.wantErr(what+": APIKeyOf", err, ports.ErrNotFound)
	f.want(what+": APIKeyOf", got, tenant.Key{})
}

var siteKeyCases = []contractCase[accounts]{
	{"found", "each key leads to its own site, whatever other sites and keys there are", func(f accounts) {
		all := []keyed{f.keyed(), f.keyed(), f.keyed()}
		sibling := all[0]
		sibling.site = f.site(sibling.tenant.ID)
		sibling.public = f.key(siteKey(sibling.site.Scope()))
		secret, _ := apiKey(sibling.site.Scope())
		sibling.secret = f.key(secret)
		for _, k := range append(all, sibling) {
			f.wantFound("one of four sites", k)
		}
	}},
	{"kinds", "a public key is no API key and the other way round", func(f accounts) {
		s, _, _ := f.scopes()
		public := f.key(siteKey(s))
		secret, text := apiKey(s)
		f.key(secret)
		_, err := f.APIKeyOf(f.Context(), public.Hash)
		f.wantErr("APIKeyOf with a public key's hash", err, ports.ErrNotFound)
		_, err = f.ScopeOf(f.Context(), text)
		f.wantErr("ScopeOf with an API key's text", err, ports.ErrNotFound)
	}},
	{"near misses", "only the whole key counts: not its hash, another case, a part, or more of it", func(f accounts) {
		k := f.keyed()
		text := k.public.Text
		for _, wrong := range []string{
			"", " ", "pk_", "%", "pk_%", text[:len(text)-1], text + "a", text + " ", " " + text, text + "\x00",
			strings.ToUpper(text), strings.TrimPrefix(text, "pk_"), k.public.Hash, k.public.ID, string(k.site.ID), "' or '1'='1",
		} {
			_, err := f.ScopeOf(f.Context(), wrong)
			f.wantErr("ScopeOf("+wrong+")", err, ports.ErrNotFound)
		}
		for _, wrong := range []string{"", "%", k.secret.Hash[:63], k.secret.Hash + "0", k.secret.ID, strings.Repeat("0", 64)} {
			_, err := f.APIKeyOf(f.Context(), wrong)
			f.wantErr("APIKeyOf("+wrong+")", err, ports.ErrNotFound)
		}
	}},
	{"disabled", "a disabled key, site or tenant is ErrNotFound, and found again once it is not disabled", func(f accounts) {
		k, other := f.keyed(), f.keyed()
		f.wantFound("enabled", k)

		k.public.Disabled, k.secret.Disabled = true, true
		f.key(k.public)
		f.key(k.secret)
		f.wantLost("keys disabled", k)
		k.public.Disabled, k.secret.Disabled = false, false
		f.key(k.public)
		f.key(k.secret)
		f.wantFound("keys enabled", k)

		k.site.Disabled = true
		f.must("PutSite", f.PutSite(f.Context(), k.site))
		f.wantLost("site disabled", k)
		k.site.Disabled = false
		f.must("PutSite", f.PutSite(f.Context(), k.site))
		f.wantFound("site enabled", k)

		k.tenant.Disabled = true
		f.must("PutTenant", f.PutTenant(f.Context(), k.tenant))
		f.wantLost("tenant disabled", k)
		f.wantFound("another tenant's", other)
		k.tenant.Disabled = false
		f.must("PutTenant", f.PutTenant(f.Context(), k.tenant))
		f.wantFound("tenant enabled", k)
	}},
	{"one of several", "disabling one key of a site leaves its others in force", func(f accounts) {
		k := f.keyed()
		old := f.key(siteKey(k.site.Scope()))
		old.Disabled = true
		f.key(old)
		f.wantFound("the other key", k)
		_, err := f.ScopeOf(f.Context(), old.Text)
		f.wantErr("ScopeOf of the disabled key", err, ports.ErrNotFound)
	}},
	{"done context", "a done context ends each call", func(f accounts) {
		k := f.keyed()
		_, err := f.ScopeOf(f.done(), k.public.Text)
		f.wantErr("ScopeOf", err, f.done().Err())
		_, err = f.APIKeyOf(f.done(), k.secret.Hash)
		f.wantErr("APIKeyOf", err, f.done().Err())
	}},
}
