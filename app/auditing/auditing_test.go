package auditing_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/aiwoochat/woochat/adapters/memory"
	"github.com/aiwoochat/woochat/app/auditing"
	"github.com/aiwoochat/woochat/domain/roles"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/ports"
	"github.com/aiwoochat/woochat/test/porttest"
)

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func shop() tenant.Scope { return tenant.Scope{Tenant: "ten_1", Site: "site_1"} }

func root() roles.Grants {
	return roles.Grants{Subject: "root@example.com", SuperAdmin: true, Reason: " ticket 4711 "}
}

func holding(r roles.Role) roles.Grants {
	return roles.Grants{Subject: "me@example.com", Tenants: map[tenant.ID]roles.Role{"ten_1": r}}
}

func newService(t *testing.T, log ports.AuditLog) *auditing.Service {
	t.Helper()
	s, err := auditing.New(auditing.Deps{Log: log, Now: func() time.Time { return noon }, NewID: porttest.NewID})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// entries are those about ten_1.
func entries(t *testing.T, log *memory.AuditLog) []roles.AuditEntry {
	t.Helper()
	list, err := log.List(t.Context(), root(), tenant.Scope{Tenant: "ten_1"}, "", 100)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func TestNewNamesAllThatIsMissing(t *testing.T) {
	_, err := auditing.New(auditing.Deps{})
	for _, name := range []string{"Log", "Now", "NewID"} {
		if err == nil || !strings.Contains(err.Error(), "Deps."+name+" ") {
			t.Errorf("the error does not name %s: %v", name, err)
		}
	}
}

func TestAllow(t *testing.T) {
	both := root()
	both.Tenants = map[tenant.ID]roles.Role{"ten_1": roles.Owner}
	for name, c := range map[string]struct {
		who      roles.Grants
		action   roles.Action
		want     error
		recorded bool
	}{
		"a role that may":                {holding(roles.Owner), roles.WriteMembers, nil, false},
		"a role that may not":            {holding(roles.Support), roles.WriteMembers, roles.ErrForbidden, false},
		"nobody":                         {roles.Grants{}, roles.ReadUsage, roles.ErrForbidden, false},
		"a super admin":                  {root(), roles.ReadUsage, nil, true},
		"a super admin who owns it":      {both, roles.WriteMembers, nil, false},
		"what the owner may not":         {both, roles.WriteLicenses, nil, true},
		"a super admin without a reason": {roles.Grants{Subject: "root@example.com", SuperAdmin: true, Reason: " "}, roles.ReadUsage, ports.ErrInvalid, false},
		"a key that claims all":          {roles.Grants{Subject: "key_1", SuperAdmin: true, Reason: "x"}, roles.ReadUsage, roles.ErrForbidden, false},
		"an endless reason":              {roles.Grants{Subject: "root@example.com", SuperAdmin: true, Reason: strings.Repeat("r", 501)}, roles.ReadUsage, ports.ErrInvalid, false},
	} {
		t.Run(name, func(t *testing.T) {
			log := memory.NewAuditLog()
			if err := newService(t, log).Allow(t.Context(), c.who, c.action, shop(), "what"); !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
			got := entries(t, log)
			if (len(got) == 1) != c.recorded {
				t.Fatalf("recorded: %+v", got)
			}
			if !c.recorded {
				return
			}
			want := roles.AuditEntry{ID: got[0].ID, At: noon, Actor: "root@example.com", Action: c.action, Scope: shop(), Reason: "ticket 4711", Details: "what"}
			if got[0] != want || tenant.CheckID(roles.AuditPrefix, string(got[0].ID)) != nil {
				t.Errorf("got  %+v\nwant %+v", got[0], want)
			}
		})
	}
}

// away is a log that cannot be written.
type away struct{ ports.AuditLog }

func (away) Record(context.Context, roles.AuditEntry) error { return ports.ErrUnavailable }

func TestWhatCannotBeRecordedIsRefused(t *testing.T) {
	s := newService(t, away{memory.NewAuditLog()})
	if err := s.Allow(t.Context(), root(), roles.ReadUsage, shop(), ""); !errors.Is(err, ports.ErrUnavailable) {
		t.Errorf("Allow: %v", err)
	}
	if _, err := s.List(t.Context(), root(), shop(), "", 1); !errors.Is(err, ports.ErrUnavailable) {
		t.Errorf("List: %v", err)
	}
	// A role needs no record.
	if err := s.Allow(t.Context(), holding(roles.Owner), roles.ReadUsage, shop(), ""); err != nil {
		t.Errorf("an owner: %v", err)
	}
}

func TestLongDetailsAreCut(t *testing.T) {
	log := memory.NewAuditLog()
	if err := newService(t, log).Allow(t.Context(), root(), roles.ReadUsage, shop(), "x"+strings.Repeat("ö", roles.MaxDetails)); err != nil {
		t.Fatal(err)
	}
	if d := entries(t, log)[0].Details; len(d) != roles.MaxDetails-1 || !utf8.ValidString(d) {
		t.Errorf("%d bytes, valid: %v", len(d), utf8.ValidString(d))
	}
}

func TestList(t *testing.T) {
	log := memory.NewAuditLog()
	s := newService(t, log)
	if err := s.Allow(t.Context(), root(), roles.WriteLicenses, shop(), "plan pro"); err != nil {
		t.Fatal(err)
	}
	whole := tenant.Scope{Tenant: "ten_1"}
	list, err := s.List(t.Context(), holding(roles.Owner), whole, "", 10)
	if err != nil || len(list) != 1 || list[0].Details != "plan pro" {
		t.Errorf("an owner sees %+v, %v", list, err)
	}
	for _, who := range []roles.Grants{{}, holding(roles.Admin), holding(roles.Support)} {
		if _, err := s.List(t.Context(), who, whole, "", 10); !errors.Is(err, roles.ErrForbidden) {
			t.Errorf("%+v reads the log: %v", who, err)
		}
	}
	if list, err := s.List(t.Context(), root(), whole, "", 10); err != nil || len(list) != 2 || list[0].Action != roles.ReadAudit {
		t.Errorf("a super admin, whose look is recorded, sees %+v, %v", list, err)
	}
}

func ExampleService_Allow() {
	ctx := context.Background()
	log := memory.NewAuditLog()
	audit, err := auditing.New(auditing.Deps{Log: log, Now: time.Now, NewID: porttest.NewID})
	if err != nil {
		fmt.Println(err)
		return
	}
	site := tenant.Scope{Tenant: "ten_1", Site: "site_1"}
	admin := roles.Grants{Subject: "root@example.com", SuperAdmin: true, Reason: "the shop asked for a bigger plan"}
	if err := audit.Allow(ctx, admin, roles.WriteLicenses, site, "plan pro"); err != nil {
		fmt.Println(err)
		return
	}
	owner := roles.Grants{Subject: "owner@example.com", Tenants: map[tenant.ID]roles.Role{"ten_1": roles.Owner}}
	list, _ := audit.List(ctx, owner, tenant.Scope{Tenant: "ten_1"}, "", 10)
	fmt.Println(list[0].Actor, list[0].Action, list[0].Details, "-", list[0].Reason)
	// Output: root@example.com licenses.write plan pro - the shop asked for a bigger plan
}
