package tenant_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/aiwoochat/woochat/domain/tenant"
)

func TestKeyValid(t *testing.T) {
	scope := tenant.Scope{Tenant: "ten_" + uuid, Site: "site_" + uuid}
	public := tenant.Key{ID: "key_" + uuid, Kind: tenant.SiteKey, Scope: scope, Text: "pk_x", Hash: strings.Repeat("a", 64)}
	secret := tenant.Key{ID: "key_" + uuid, Kind: tenant.APIKey, Scope: scope, Role: "admin", Hash: strings.Repeat("a", 64)}
	for name, c := range map[string]struct {
		from  tenant.Key
		spoil func(*tenant.Key)
		want  error
	}{
		"public":                     {public, func(*tenant.Key) {}, nil},
		"secret":                     {secret, func(*tenant.Key) {}, nil},
		"disabled":                   {secret, func(k *tenant.Key) { k.Disabled = true }, nil},
		"no site":                    {public, func(k *tenant.Key) { k.Scope.Site = "" }, tenant.ErrNoScope},
		"no id":                      {public, func(k *tenant.Key) { k.ID = "" }, tenant.ErrBadKey},
		"the id without its prefix":  {public, func(k *tenant.Key) { k.ID = uuid }, tenant.ErrBadKey},
		"no hash":                    {public, func(k *tenant.Key) { k.Hash = "" }, tenant.ErrBadKey},
		"half a hash":                {public, func(k *tenant.Key) { k.Hash = k.Hash[:32] }, tenant.ErrBadKey},
		"no kind":                    {public, func(k *tenant.Key) { k.Kind = 0 }, tenant.ErrBadKey},
		"a third kind":               {public, func(k *tenant.Key) { k.Kind = 3 }, tenant.ErrBadKey},
		"public without its text":    {public, func(k *tenant.Key) { k.Text = "" }, tenant.ErrBadKey},
		"secret with its text":       {secret, func(k *tenant.Key) { k.Text = "sk_x" }, tenant.ErrBadKey},
		"secret that may do nothing": {secret, func(k *tenant.Key) { k.Role = "" }, tenant.ErrBadKey},
	} {
		c.spoil(&c.from)
		if got := c.from.Valid(); !errors.Is(got, c.want) {
			t.Errorf("%s: Valid() = %v, want %v", name, got, c.want)
		}
	}
}
