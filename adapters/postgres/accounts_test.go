package postgres_test

import (
	"context"
	"errors"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lib/pq"
	"github.com/lib/pq/pqerror"

	"github.com/jmoiron/sqlx"

	"github.com/aiwoochat/woochat/adapters/postgres"
	"github.com/aiwoochat/woochat/domain/roles"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/domain/usage"
	"github.com/aiwoochat/woochat/ports"
	"github.com/aiwoochat/woochat/test/porttest"
)

func TestAccounts(t *testing.T) {
	of := func(db *postgres.DB) porttest.AccountsUnderTest {
		a := db.Accounts()
		return porttest.AccountsUnderTest{
			Tenants: a, Sites: a, Keys: a, SiteKeys: a, Members: a, PlatformUsers: a, Grants: a,
		}
	}
	type suite = func(*testing.T, func(*testing.T) porttest.AccountsUnderTest)
	// These list what there is on the platform.
	for name, suite := range map[string]suite{"Tenants": porttest.Tenants, "PlatformUsers": porttest.PlatformUsers} {
		t.Run(name, func(t *testing.T) {
			suite(t, func(t *testing.T) porttest.AccountsUnderTest { return of(opened(t, migrated(t), time.Now)) })
		})
	}
	// One store for all cases of the others, each of which has tenants of its own.
	db := opened(t, migrated(t), time.Now)
	for name, suite := range map[string]suite{
		"Sites": porttest.Sites, "Keys": porttest.Keys, "SiteKeys": porttest.SiteKeys, "Members": porttest.Members, "Grants": porttest.Grants,
	} {
		t.Run(name, func(t *testing.T) {
			suite(t, func(*testing.T) porttest.AccountsUnderTest { return of(db) })
		})
	}
}

// Two processes that each take one of the two owners away, in any mixture of
// ways, leave one.
func TestLastOwnerOfTwoProcesses(t *testing.T) {
	d := migrated(t)
	here, there := opened(t, d, time.Now).Accounts(), opened(t, d, time.Now).Accounts()
	s := newScope(d)(t)
	first, second := roles.Subject("user_"+porttest.NewID()), roles.Subject("second@shop.example.com")
	for round := range 60 {
		for _, who := range []roles.Subject{first, second} {
			if err := here.PutMember(t.Context(), s.Tenant, roles.Member{Subject: who, Role: roles.Owner}); err != nil {
				t.Fatal(err)
			}
		}
		var errs [2]error
		var wg sync.WaitGroup
		wg.Go(func() { errs[0] = here.RemoveMember(t.Context(), s.Tenant, first) })
		wg.Go(func() {
			if round%2 == 0 {
				errs[1] = there.RemoveMember(t.Context(), s.Tenant, second)
				return
			}
			errs[1] = there.PutMember(t.Context(), s.Tenant, roles.Member{Subject: second, Role: roles.Support})
		})
		wg.Wait()
		refused := 0
		for _, err := range errs {
			if errors.Is(err, ports.ErrConflict) {
				refused++
			} else if err != nil {
				t.Fatal(err)
			}
		}
		members, err := here.ListMembers(t.Context(), s.Tenant)
		if err != nil {
			t.Fatal(err)
		}
		owners := 0
		for _, m := range members {
			if m.Role == roles.Owner {
				owners++
			}
		}
		if refused != 1 || owners != 1 {
			t.Fatalf("round %d: %d were refused and %d owners are left, want one of each: %v", round, refused, owners, errs)
		}
	}
}

// People keep the name by which the identity provider knows them, and those
// whom it names by a UUID are known to Supabase's auth.uid() by it.
func TestSubjects(t *testing.T) {
	d := migrated(t)
	a, s := opened(t, d, time.Now).Accounts(), newScope(d)(t)
	id := porttest.NewID()
	for _, who := range []roles.Subject{
		roles.Subject("user_" + id), "auth0|5f7c8ec7c33c6c004bbafe82", "owner@shop.example.com", "user_", "user_Owner",
		roles.Subject("user_" + strings.ToUpper(id)), roles.Subject(id),
	} {
		if err := a.PutMember(t.Context(), s.Tenant, roles.Member{Subject: who, Role: roles.Owner}); err != nil {
			t.Fatal(err)
		}
		g, err := a.GrantsOf(t.Context(), who)
		if want := (roles.Grants{Subject: who, Tenants: map[tenant.ID]roles.Role{s.Tenant: roles.Owner}}); err != nil || !reflect.DeepEqual(g, want) {
			t.Errorf("%s: got %+v, error %v, want %+v", who, g, err, want)
		}
	}
	members, err := a.ListMembers(t.Context(), s.Tenant)
	if err != nil || len(members) != 7 {
		t.Errorf("got %d members, error %v, want 7", len(members), err)
	}
	var names []string
	if err := super(t, d).SelectContext(t.Context(), &names, `select subject from user_tenants where user_id = $1`, id); err != nil || len(names) != 1 || names[0] != "" {
		t.Errorf("%q are stored under the UUID itself, error %v, want one without a name", names, err)
	}
	for _, key := range []roles.Subject{roles.Subject("key_" + id), "key_", "key_x"} {
		if g, err := a.GrantsOf(t.Context(), key); err != nil || g.SuperAdmin || len(g.Tenants) > 0 {
			t.Errorf("%s: got %+v, error %v, want nothing", key, g, err)
		}
	}
}

// wantDenied checks that the server refuses a statement for want of a right.
func wantDenied(t *testing.T, db sqlx.ExecerContext, statement string) {
	t.Helper()
	_, err := db.ExecContext(context.Background(), statement)
	if e, ok := errors.AsType[*pq.Error](err); !ok || e.Code != pqerror.InsufficientPrivilege {
		t.Errorf("%s: got %v, want that it is not allowed", statement, err)
	}
}

// The runtime login has no right of its own on any table: what it sees it sees
// as one site's widget or as one person.
func TestRuntimeLoginAloneSeesNothing(t *testing.T) {
	d := migrated(t)
	makeSite(t, super(t, d))
	var tables []string
	if err := super(t, d).SelectContext(t.Context(), &tables, `select format('%I.%I', n.nspname, c.relname) from pg_class c
		join pg_namespace n on n.oid = c.relnamespace
		where c.relkind in ('r', 'p', 'v', 'm') and n.nspname not in ('pg_catalog', 'information_schema', 'pg_toast')`); err != nil {
		t.Fatal(err)
	}
	if len(tables) < 15 {
		t.Fatalf("only %q are there", tables)
	}
	alone, err := sqlx.Open("postgres", d.URL("app_runtime"))
	if err != nil {
		t.Fatal(err)
	}
	defer alone.Close()
	for _, table := range tables {
		wantDenied(t, alone, `select * from `+table)
		wantDenied(t, alone, `delete from `+table)
	}
}

// What a request of a shopper or a tenant looks up runs under row-level
// security: the service login, which passes it, is not even asked.
func TestLookUpsAreNotTheServices(t *testing.T) {
	d := migrated(t)
	admin := opened(t, d, time.Now)
	s := newScope(d)(t)
	for _, err := range []error{
		admin.Licenses().PutLicense(t.Context(), s, usage.License{Plan: "plan", Status: usage.Active, Limits: usage.NoLimits()}),
		admin.Accounts().PutMember(t.Context(), s.Tenant, roles.Member{Subject: "owner", Role: roles.Owner}),
		admin.Close(),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	db := opened(t, d, time.Now)
	_, terr := db.Accounts().Tenant(t.Context(), s.Tenant)
	_, serr := db.Accounts().Site(t.Context(), s)
	_, lerr := db.Licenses().LicenseOf(t.Context(), s)
	_, cerr := db.Changes().Numbers(t.Context())
	g, gerr := db.Accounts().GrantsOf(t.Context(), "owner")
	if err := errors.Join(terr, serr, lerr, cerr, gerr, db.Limiter().Take(t.Context(), s, usage.Bucket{Key: "v", Burst: 1, Every: time.Second}, 1)); err != nil {
		t.Fatal(err)
	}
	if g.Tenants[s.Tenant] != roles.Owner {
		t.Errorf("got %+v, want the owner's grants", g)
	}
	for name, look := range map[string]func() error{
		"ScopeOf":  func() error { _, err := db.Accounts().ScopeOf(t.Context(), "pk_no"); return err },
		"APIKeyOf": func() error { _, err := db.Accounts().APIKeyOf(t.Context(), strings.Repeat("0", 64)); return err },
	} {
		if err := look(); !errors.Is(err, ports.ErrNotFound) {
			t.Errorf("%s: got %v, want not found", name, err)
		}
	}
	var last []string
	if err := super(t, d).SelectContext(t.Context(), &last, `select query from pg_stat_activity
		where datname = current_database() and usename = 'app_service'`); err != nil {
		t.Fatal(err)
	}
	if len(last) != 1 || !strings.Contains(last[0], "pg_has_role") {
		t.Errorf("the service login ran %q, want no more than the check of Open", last)
	}
}
