package usecases

import (
	"errors"
	"testing"
	"time"

	"github.com/golang/mock/gomock"

	"github.com/aiwoochat/woochat/app/administering"
	"github.com/aiwoochat/woochat/domain/roles"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/domain/usage"
	"github.com/aiwoochat/woochat/ports"
	"github.com/aiwoochat/woochat/test/mocks"
	"github.com/aiwoochat/woochat/test/porttest"
)

// never is a source of randomness that nobody may ask.
type never struct{ t *testing.T }

func (n never) Read([]byte) (int, error) {
	n.t.Error("randomness was read")
	return 0, errors.New("never")
}

// TestNobodyReachesAStore goes over every call with grants of nothing: each is
// refused before any store is asked, so that not even the time that it takes
// says what is there. Every mock fails the test for a call.
func TestNobodyReachesAStore(t *testing.T) {
	ctrl := gomock.NewController(t)
	s, err := administering.New(administering.Deps{
		Tenants: mocks.NewMockTenants(ctrl), Sites: mocks.NewMockSites(ctrl), Keys: mocks.NewMockKeys(ctrl), Licenses: mocks.NewMockLicenses(ctrl),
		LicenseBook: mocks.NewMockLicenseBook(ctrl), Members: mocks.NewMockMembers(ctrl), PlatformUsers: mocks.NewMockPlatformUsers(ctrl),
		Now: time.Now, NewID: porttest.NewID, Random: never{t},
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, site := t.Context(), tenant.Scope{Tenant: "ten_1", Site: "site_1"}
	other := roles.Grants{Subject: "user_1", Tenants: map[tenant.ID]roles.Role{"ten_2": roles.Owner}}
	for _, who := range []roles.Grants{{}, other} {
		drop := func(_ any, err error) error { return err }
		_, _, keyErr := s.CreateKey(ctx, who, site, tenant.SiteKey, "", 0)
		for name, err := range map[string]error{
			"CreateTenant":       drop(s.CreateTenant(ctx, who, "T", "a@example.com")),
			"ListTenants":        drop(s.ListTenants(ctx, who, "", 1)),
			"SetTenantDisabled":  s.SetTenantDisabled(ctx, who, "ten_1", true),
			"CreateSite":         drop(s.CreateSite(ctx, who, "ten_1", administering.NewSite{URL: "https://shop.example.com"})),
			"ListSites":          drop(s.ListSites(ctx, who, "ten_1", "", 1)),
			"SetSiteDisabled":    s.SetSiteDisabled(ctx, who, site, true),
			"SetOrigins":         s.SetOrigins(ctx, who, site, "https://shop.example.com", nil),
			"SetTimeZone":        s.SetTimeZone(ctx, who, site, "UTC"),
			"SetLicense":         s.SetLicense(ctx, who, site, usage.License{Status: usage.Active}),
			"License":            drop(s.License(ctx, who, site)),
			"CreateKey":          keyErr,
			"ListKeys":           drop(s.ListKeys(ctx, who, site)),
			"SetKeyDisabled":     s.SetKeyDisabled(ctx, who, site, "key_1", true),
			"PutMember":          drop(s.PutMember(ctx, who, "ten_1", "a@example.com", roles.Support)),
			"ListMembers":        drop(s.ListMembers(ctx, who, "ten_1")),
			"RemoveMember":       s.RemoveMember(ctx, who, "ten_1", "a@example.com"),
			"PutPlatformUser":    drop(s.PutPlatformUser(ctx, who, "a@example.com")),
			"ListPlatformUsers":  drop(s.ListPlatformUsers(ctx, who)),
			"RemovePlatformUser": s.RemovePlatformUser(ctx, who, "a@example.com"),
		} {
			if !errors.Is(err, roles.ErrForbidden) {
				t.Errorf("%s: got %v, want ErrForbidden", name, err)
			}
		}
	}
}

// TestABadOwnerStoresNoTenant: the address is read before the tenant is put.
func TestABadOwnerStoresNoTenant(t *testing.T) {
	ctrl := gomock.NewController(t)
	s, err := administering.New(administering.Deps{
		Tenants: mocks.NewMockTenants(ctrl), Sites: mocks.NewMockSites(ctrl), Keys: mocks.NewMockKeys(ctrl), Licenses: mocks.NewMockLicenses(ctrl),
		LicenseBook: mocks.NewMockLicenseBook(ctrl), Members: mocks.NewMockMembers(ctrl), PlatformUsers: mocks.NewMockPlatformUsers(ctrl),
		Now: time.Now, NewID: porttest.NewID, Random: never{t},
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.CreateTenant(t.Context(), administering.Operator(), "T", "no address"); !errors.Is(err, ports.ErrInvalid) {
		t.Errorf("got %v", err)
	}
}
