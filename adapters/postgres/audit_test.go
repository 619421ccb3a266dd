package postgres_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"github.com/aiwoochat/woochat/adapters/postgres"
	"github.com/aiwoochat/woochat/domain/roles"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/ports"
	"github.com/aiwoochat/woochat/test/harness/pgtest"
	"github.com/aiwoochat/woochat/test/porttest"
)

// know returns a function that makes grants real: the policies look them up.
func know(db *postgres.DB, d pgtest.Database) func(t *testing.T, who roles.Grants) {
	return func(t *testing.T, who roles.Grants) {
		t.Helper()
		a, hand := db.Accounts(), super(t, d)
		if who.SuperAdmin {
			if err := a.PutPlatformUser(t.Context(), who.Subject, ""); err != nil {
				t.Fatal(err)
			}
		}
		for id, role := range who.Tenants {
			if key, ok := strings.CutPrefix(string(who.Subject), "key_"); ok {
				tid, site := ids(tenant.Scope{Tenant: id, Site: who.Sites[0]})
				if _, err := hand.ExecContext(t.Context(), `insert into api_keys (id, tenant_id, site_id, kind, key_hash, role, created_at)
					values ($1::uuid, $2, $3, 'api', md5($1::text) || md5($1::text), $4, now())`, key, tid, site, role.String()); err != nil {
					t.Fatal(err)
				}
				continue
			}
			tid, _ := ids(tenant.Scope{Tenant: id})
			if _, err := hand.ExecContext(t.Context(), `insert into user_tenants (tenant_id, user_id, role) values ($1, $2, $3)`,
				tid, strings.TrimPrefix(string(who.Subject), "user_"), role.String()); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func TestAuditLog(t *testing.T) {
	porttest.AuditLog(t, func(t *testing.T) porttest.AuditStore {
		d := migrated(t)
		db := opened(t, d, time.Now)
		return porttest.AuditStore{AuditLog: db.AuditLog(), NewScope: newScope(d), Know: know(db, d)}
	})
}

func auditEntry(s tenant.Scope) roles.AuditEntry {
	return roles.AuditEntry{
		ID: roles.AuditID(roles.AuditPrefix + porttest.NewID()), At: time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC),
		Actor: "root@example.com", Action: roles.ReadUsage, Scope: s, Reason: "test",
	}
}

// What the schema itself refuses, should code ever try; the superuser, too.
func TestAuditLogIsOnlyAddedTo(t *testing.T) {
	d := migrated(t)
	db, s := opened(t, d, time.Now), newScope(d)(t)
	if err := db.AuditLog().Record(t.Context(), auditEntry(s)); err != nil {
		t.Fatal(err)
	}
	for _, q := range []string{
		`update audit_log set reason = 'another'`, `delete from audit_log`, `truncate audit_log`,
		`insert into audit_log (id, actor, action, reason, created_at) select id, 'me', 'usage.read', 'another', now() from audit_log
			on conflict (id) do update set reason = excluded.reason`,
	} {
		wantDenied(t, super(t, d), q)
	}
	who := roles.Grants{Subject: "root@example.com", SuperAdmin: true}
	if list, err := db.AuditLog().List(t.Context(), who, s, "", 10); err != nil || len(list) != 1 || list[0].Reason != "test" {
		t.Errorf("the log has %+v, error %v", list, err)
	}
}

// Who claims what the database does not know of sees nothing: the policies look
// again.
func TestGrantsThatAreMadeUp(t *testing.T) {
	d := migrated(t)
	db, s := opened(t, d, time.Now), newScope(d)(t)
	if err := db.AuditLog().Record(t.Context(), auditEntry(s)); err != nil {
		t.Fatal(err)
	}
	for _, who := range []roles.Grants{
		{Subject: roles.Subject("user_" + porttest.NewID()), Tenants: map[tenant.ID]roles.Role{s.Tenant: roles.Owner}},
		{Subject: roles.Subject("key_" + porttest.NewID()), Tenants: map[tenant.ID]roles.Role{s.Tenant: roles.Owner}, Sites: []tenant.SiteID{s.Site}},
	} {
		if list, err := db.AuditLog().List(t.Context(), who, s, "", 10); err != nil || len(list) > 0 {
			t.Errorf("%s: got %+v, error %v, want nothing", who.Subject, list, err)
		}
	}
	owner := roles.Grants{Subject: roles.Subject("user_" + porttest.NewID()), Tenants: map[tenant.ID]roles.Role{s.Tenant: roles.Owner}}
	know(db, d)(t, owner)
	if list, err := db.AuditLog().List(t.Context(), owner, s, "", 10); err != nil || len(list) != 1 {
		t.Errorf("the owner got %+v, error %v, want the entry", list, err)
	}
}

func TestAuditIDsThatAreNone(t *testing.T) {
	db := opened(t, migrated(t), time.Now)
	e := auditEntry(tenant.Scope{})
	e.ID = "evt_1"
	if err := db.AuditLog().Record(t.Context(), e); !errors.Is(err, ports.ErrInvalid) {
		t.Errorf("Record: %v, want ErrInvalid", err)
	}
	who := roles.Grants{Subject: "root@example.com", SuperAdmin: true}
	for _, s := range []tenant.Scope{{Tenant: "site_1"}, {Tenant: tenant.ID(tenant.Prefix + porttest.NewID()), Site: "ten_1"}} {
		if _, err := db.AuditLog().List(t.Context(), who, s, "", 1); !errors.Is(err, ports.ErrInvalid) {
			t.Errorf("List of %+v: %v, want ErrInvalid", s, err)
		}
	}
}

// planOf returns how a query of a role that no policy binds is run.
func planOf(t *testing.T, db *sqlx.DB, query string) string {
	t.Helper()
	var lines []string
	if err := db.SelectContext(t.Context(), &lines, "explain (costs off) "+query); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return strings.Join(lines, "\n")
}

// Each list is read by an index, in its order: the newest page of a long log
// costs what that of a short one does.
func TestAuditLogIsReadByIndex(t *testing.T) {
	d := migrated(t)
	hand := super(t, d)
	for _, q := range []string{
		`insert into audit_log (id, tenant_id, site_id, actor, action, reason, created_at)
			select gen_random_uuid(), case when n % 5 > 0 then md5((n % 200)::text)::uuid end, case when n % 5 > 1 then md5((n % 400)::text)::uuid end,
				'root', 'usage.read', 'test', now() from generate_series(1, 20000) n`,
		`analyze audit_log`,
	} {
		if _, err := hand.ExecContext(t.Context(), q); err != nil {
			t.Fatal(err)
		}
	}
	const one = `'00000000-0000-7000-8000-000000000001'`
	for where, index := range map[string]string{
		`tenant_id = ` + one + ` and site_id = ` + one: "audit_log_by_site",
		`tenant_id = md5('1')::uuid`:                   "audit_log_by_tenant",
		`tenant_id is null`:                            "audit_log_of_platform",
	} {
		query := `select * from audit_log where ` + where + ` and seq < 10000 order by seq desc limit 10`
		if plan := planOf(t, hand, query); !strings.Contains(plan, "Backward using "+index) || strings.Contains(plan, "Sort") {
			t.Errorf("%s\nis done by\n%s", query, plan)
		}
	}
}
