package usecases

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/golang/mock/gomock"

	"github.com/aiwoochat/woochat/app/administering"
	"github.com/aiwoochat/woochat/domain/chat"
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
		LicenseBook: mocks.NewMockLicenseBook(ctrl), Members: mocks.NewMockMembers(ctrl), PlatformUsers: mocks.NewMockPlatformUsers(ctrl), Audit: mocks.NewMockAuditLog(ctrl),
		Erasure: mocks.NewMockErasure(ctrl), Unanswered: mocks.NewMockUnanswered(ctrl), Now: time.Now, NewID: porttest.NewID, Random: never{t},
	})
	if err != nil {
		t.Fatal(err)
	}
	other := roles.Grants{Subject: "user_1", Tenants: map[tenant.ID]roles.Role{"ten_2": roles.Owner}}
	for _, who := range []roles.Grants{{}, other} {
		for name, err := range everyCall(t, s, who) {
			if !errors.Is(err, roles.ErrForbidden) {
				t.Errorf("%s: got %v, want ErrForbidden", name, err)
			}
		}
	}
}

// everyCall makes each call of s with grants that no store may be asked for.
func everyCall(t *testing.T, s *administering.Service, who roles.Grants) map[string]error {
	t.Helper()
	ctx, site := t.Context(), tenant.Scope{Tenant: "ten_1", Site: "site_1"}
	drop := func(_ any, err error) error { return err }
	_, _, keyErr := s.CreateKey(ctx, who, site, tenant.SiteKey, "", 0)
	_, _, apiKeyErr := s.CreateKey(ctx, who, site, tenant.APIKey, "", roles.Owner)
	return map[string]error{
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
		"CreateKey, secret":  apiKeyErr,
		"ListKeys":           drop(s.ListKeys(ctx, who, site)),
		"SetKeyDisabled":     s.SetKeyDisabled(ctx, who, site, "key_1", true),
		"Unanswered":         drop(s.Unanswered(ctx, who, site, "", 1)),
		"Erase":              drop(s.Erase(ctx, who, site, chat.VisitorID(chat.VisitorPrefix+porttest.NewID()), nil)),
		"PutMember":          drop(s.PutMember(ctx, who, "ten_1", "a@example.com", roles.Support)),
		"ListMembers":        drop(s.ListMembers(ctx, who, "ten_1")),
		"RemoveMember":       s.RemoveMember(ctx, who, "ten_1", "a@example.com"),
		"PutPlatformUser":    drop(s.PutPlatformUser(ctx, who, "a@example.com")),
		"ListPlatformUsers":  drop(s.ListPlatformUsers(ctx, who)),
		"RemovePlatformUser": s.RemovePlatformUser(ctx, who, "a@example.com"),
	}
}

// TestNothingIsDoneUnrecorded: a super admin's call is recorded first, and where
// the log is away no store is asked. Every mock fails the test for a call.
func TestNothingIsDoneUnrecorded(t *testing.T) {
	ctrl := gomock.NewController(t)
	log := mocks.NewMockAuditLog(ctrl)
	calls := 0
	log.EXPECT().Record(gomock.Any(), gomock.Any()).AnyTimes().DoAndReturn(func(_ context.Context, e roles.AuditEntry) error {
		if err := e.Valid(); err != nil || e.Actor != "operator" || e.Reason != "ticket 4711" {
			t.Errorf("recorded as %+v: %v", e, err)
		}
		calls++
		return ports.ErrUnavailable
	})
	s, err := administering.New(administering.Deps{
		Tenants: mocks.NewMockTenants(ctrl), Sites: mocks.NewMockSites(ctrl), Keys: mocks.NewMockKeys(ctrl), Licenses: mocks.NewMockLicenses(ctrl),
		LicenseBook: mocks.NewMockLicenseBook(ctrl), Members: mocks.NewMockMembers(ctrl), PlatformUsers: mocks.NewMockPlatformUsers(ctrl), Audit: log,
		Erasure: mocks.NewMockErasure(ctrl), Unanswered: mocks.NewMockUnanswered(ctrl), Now: time.Now, NewID: porttest.NewID, Random: never{t},
	})
	if err != nil {
		t.Fatal(err)
	}
	who := administering.Operator()
	who.Reason = "ticket 4711"
	results := everyCall(t, s, who)
	for name, err := range results {
		if !errors.Is(err, ports.ErrUnavailable) {
			t.Errorf("%s: got %v, want ErrUnavailable", name, err)
		}
	}
	if calls != len(results) {
		t.Errorf("%d calls were recorded %d times", len(results), calls)
	}
	// Without a reason nothing is even tried.
	who.Reason = ""
	for name, err := range everyCall(t, s, who) {
		if !errors.Is(err, ports.ErrInvalid) {
			t.Errorf("%s without a reason: got %v, want ErrInvalid", name, err)
		}
	}
}

// TestABadOwnerStoresNoTenant: the address is read before the tenant is put.
func TestABadOwnerStoresNoTenant(t *testing.T) {
	ctrl := gomock.NewController(t)
	s, err := administering.New(administering.Deps{
		Tenants: mocks.NewMockTenants(ctrl), Sites: mocks.NewMockSites(ctrl), Keys: mocks.NewMockKeys(ctrl), Licenses: mocks.NewMockLicenses(ctrl),
		LicenseBook: mocks.NewMockLicenseBook(ctrl), Members: mocks.NewMockMembers(ctrl), PlatformUsers: mocks.NewMockPlatformUsers(ctrl), Audit: mocks.NewMockAuditLog(ctrl),
		Erasure: mocks.NewMockErasure(ctrl), Unanswered: mocks.NewMockUnanswered(ctrl), Now: time.Now, NewID: porttest.NewID, Random: never{t},
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.CreateTenant(t.Context(), administering.Operator(), "T", "no address"); !errors.Is(err, ports.ErrInvalid) {
		t.Errorf("got %v", err)
	}
}
