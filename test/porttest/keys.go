package porttest

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/ports"
)

// Keys checks an adapter of ports.Keys. open is called once for each case and
// returns an empty store; it needs Keys, Sites and Tenants.
func Keys(t *testing.T, open func(t *testing.T) AccountsUnderTest) {
	t.Helper()
	runCases(t, keyCases, accountsFixture(open))
}

func hashOf(text string) string {
	h := sha256.Sum256([]byte(text))
	return hex.EncodeToString(h[:])
}

// siteKey is a new public key of the site, with all fields set that such a key
// has.
func siteKey(s tenant.Scope) tenant.Key {
	text := tenant.SiteKeyPrefix + strings.ReplaceAll(NewID(), "-", "")
	return tenant.Key{
		ID: newID[string]("key_"), Kind: tenant.SiteKey, Scope: s, Name: awkward, Text: text, Hash: hashOf(text),
		Hint: text[len(text)-4:], Created: start(),
	}
}

// apiKey is a new secret key of the site, and its text.
func apiKey(s tenant.Scope) (tenant.Key, string) {
	text := tenant.APIKeyPrefix + strings.ReplaceAll(NewID(), "-", "")
	return tenant.Key{
		ID: newID[string]("key_"), Kind: tenant.APIKey, Scope: s, Name: "server", Hash: hashOf(text),
		Hint: text[len(text)-4:], Role: "admin", Created: start(),
	}, text
}

func (f accounts) key(k tenant.Key) tenant.Key {
	f.Helper()
	f.must("PutKey", f.PutKey(f.Context(), k))
	return k
}

func (f accounts) wantKeys(s tenant.Scope, want ...tenant.Key) {
	f.Helper()
	slices.SortFunc(want, func(a, b tenant.Key) int { return strings.Compare(a.ID, b.ID) })
	got, err := f.ListKeys(f.Context(), s)
	f.wantErr("ListKeys", err, nil)
	if len(got)+len(want) > 0 {
		f.want("ListKeys", got, want)
	}
}

var keyCases = []contractCase[accounts]{
	{"round trip", "keys come back as they were put, in the order of their ids, their times in UTC", func(f accounts) {
		s, _, _ := f.scopes()
		f.wantKeys(s)
		var want []tenant.Key
		for range 4 {
			secret, _ := apiKey(s)
			secret.Disabled = true
			want = append(want, siteKey(s), secret)
		}
		f.wantNoZero(want[0], "Role", "Disabled")
		f.wantNoZero(want[1], "Text")
		for _, k := range want {
			k.Created = elsewhere(k.Created)
			f.key(k)
		}
		f.wantKeys(s, want...)
	}},
	{"rename and disable", "a key's name and Disabled may change, and those of no other key do", func(f accounts) {
		s, _, _ := f.scopes()
		k, other := f.key(siteKey(s)), f.key(siteKey(s))
		for _, disabled := range []bool{true, false} {
			k.Name, k.Disabled = "renamed", disabled
			f.key(k)
			f.wantKeys(s, k, other)
		}
	}},
	{"hash stays", "a key's hash may not change: ErrConflict, and nothing is changed", func(f accounts) {
		s, _, _ := f.scopes()
		k := f.key(siteKey(s))
		changed := siteKey(s)
		changed.ID = k.ID
		f.wantErr("PutKey with another hash", f.PutKey(f.Context(), changed), ports.ErrConflict)
		f.wantKeys(s, k)
	}},
	{"hash is unique", "a hash that another key has, of any site, is ErrConflict", func(f accounts) {
		a, sibling, b := f.scopes()
		k := f.key(siteKey(a))
		for _, s := range []tenant.Scope{a, sibling, b} {
			copied := k
			copied.ID, copied.Scope = newID[string]("key_"), s
			f.wantErr("PutKey with the hash of another key", f.PutKey(f.Context(), copied), ports.ErrConflict)
		}
		f.wantKeys(a, k)
		f.wantKeys(sibling)
		f.wantKeys(b)
	}},
	{"isolation", "a site lists and changes its own keys only: another's key id is ErrConflict", func(f accounts) {
		a, sibling, b := f.scopes()
		own := map[tenant.Scope]tenant.Key{}
		for _, s := range []tenant.Scope{a, sibling, b} {
			own[s] = f.key(siteKey(s))
		}
		for _, mine := range []tenant.Scope{a, sibling, b} {
			for _, theirs := range []tenant.Scope{a, sibling, b} {
				if mine == theirs {
					continue
				}
				taken := siteKey(mine)
				taken.ID = own[theirs].ID
				f.wantErr("PutKey of another site's id", f.PutKey(f.Context(), taken), ports.ErrConflict)
				moved := own[theirs]
				moved.Scope, moved.Disabled = mine, true
				f.wantErr("PutKey of another site's key", f.PutKey(f.Context(), moved), ports.ErrConflict)
			}
		}
		for s, k := range own {
			f.wantKeys(s, k)
		}
		f.wantKeys(tenant.Scope{Tenant: a.Tenant, Site: b.Site})
		f.wantKeys(tenant.Scope{Tenant: b.Tenant, Site: a.Site})
		_, err := f.ListKeys(f.Context(), tenant.Scope{Tenant: a.Tenant})
		f.wantErr("ListKeys without a site", err, tenant.ErrNoScope)
	}},
	{"no site", "a key of a site that does not exist, or not under this tenant, is ErrNotFound", func(f accounts) {
		a, _, b := f.scopes()
		for _, s := range []tenant.Scope{
			{Tenant: a.Tenant, Site: newID[tenant.SiteID](tenant.SitePrefix)},
			{Tenant: a.Tenant, Site: b.Site},
			{Tenant: b.Tenant, Site: a.Site},
		} {
			f.wantErr("PutKey", f.PutKey(f.Context(), siteKey(s)), ports.ErrNotFound)
		}
	}},
	{"invalid", "what k.Valid refuses is ErrInvalid or, without a scope, ErrNoScope", func(f accounts) {
		s, _, _ := f.scopes()
		for name, spoil := range map[string]func(*tenant.Key){
			"id":   func(k *tenant.Key) { k.ID = "x" },
			"kind": func(k *tenant.Key) { k.Kind = 0 },
			"hash": func(k *tenant.Key) { k.Hash = "abc" },
			"text": func(k *tenant.Key) { k.Text = "" },
		} {
			k := siteKey(s)
			spoil(&k)
			f.wantErr("PutKey with a wrong "+name, f.PutKey(f.Context(), k), ports.ErrInvalid)
		}
		k, _ := apiKey(s)
		k.Text = "sk_secret"
		f.wantErr("PutKey of an API key with its text", f.PutKey(f.Context(), k), ports.ErrInvalid)
		if err := f.PutKey(f.Context(), siteKey(tenant.Scope{Tenant: s.Tenant})); !errors.Is(err, ports.ErrInvalid) && !errors.Is(err, tenant.ErrNoScope) {
			f.Errorf("PutKey without a site: got %v", err)
		}
		f.wantKeys(s)
	}},
	{"one hash, one key", "of keys with the same hash that are put at the same time, one is stored", func(f accounts) {
		a, sibling, b := f.scopes()
		for range rounds {
			first := siteKey(a)
			var stored atomic.Int64
			together(6, func(i int) {
				k := first
				k.ID, k.Scope = newID[string]("key_"), []tenant.Scope{a, sibling, b}[i%3]
				switch err := f.PutKey(f.Context(), k); {
				case err == nil:
					stored.Add(1)
				case !errors.Is(err, ports.ErrConflict):
					f.Errorf("PutKey: got %v, want ErrConflict", err)
				}
			})
			if n := stored.Load(); n != 1 {
				f.Fatalf("%d keys with one hash were stored", n)
			}
		}
	}},
	{"done context", "a done context ends each call, and nothing is stored", func(f accounts) {
		s, _, _ := f.scopes()
		f.wantErr("PutKey", f.PutKey(f.done(), siteKey(s)), f.done().Err())
		_, err := f.ListKeys(f.done(), s)
		f.wantErr("ListKeys", err, f.done().Err())
		f.wantKeys(s)
	}},
}
