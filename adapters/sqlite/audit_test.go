package sqlite

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"github.com/aiwoochat/woochat/domain/roles"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/ports"
	"github.com/aiwoochat/woochat/test/porttest"
)

func TestAuditLog(t *testing.T) {
	porttest.AuditLog(t, func(t *testing.T) porttest.AuditStore {
		db := openWith(t, migratedDir(t), time.Now)
		return porttest.AuditStore{AuditLog: db.AuditLog(), NewScope: newSiteOf(db)}
	})
}

// What the schema itself refuses, should code ever try.
func TestAuditLogIsOnlyAddedTo(t *testing.T) {
	db := openWith(t, migratedDir(t), time.Now)
	s := makeSite(t, db)
	e := roles.AuditEntry{
		ID: roles.AuditID(roles.AuditPrefix + porttest.NewID()), At: epoch, Actor: "root@example.com", Action: roles.ReadUsage, Scope: s, Reason: "test",
	}
	if err := db.AuditLog().Record(t.Context(), e); err != nil {
		t.Fatal(err)
	}
	for _, query := range []string{
		`update audit_log set reason = 'another'`, `delete from audit_log`,
		`insert or replace into audit_log (seq, id, actor, action, reason, created_at) select seq, id, 'me', 'usage.read', 'another', 0 from audit_log`,
	} {
		err := db.write(t.Context(), func(tx *sqlx.Tx) error {
			_, err := tx.Exec(query)
			return err
		})
		if err == nil {
			t.Errorf("%s went through", query)
		}
	}
	who := roles.Grants{Subject: "root@example.com", SuperAdmin: true}
	if list, err := db.AuditLog().List(t.Context(), who, s, "", 10); err != nil || len(list) != 1 || list[0].Reason != "test" {
		t.Errorf("the log has %+v, error %v", list, err)
	}
}

func TestAuditIDsThatAreNone(t *testing.T) {
	db := openWith(t, migratedDir(t), time.Now)
	e := roles.AuditEntry{ID: "evt_1", At: epoch, Actor: "root@example.com", Action: roles.ReadUsage, Reason: "test"}
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

// Each list is read by an index, in its order: the newest page of a long log
// costs what that of a short one does.
func TestAuditLogIsReadByIndex(t *testing.T) {
	db := openWith(t, migratedDir(t), time.Now)
	for query, args := range map[string][]any{
		selectSiteAudit:   {porttest.NewID(), porttest.NewID(), beforeAll, 10},
		selectTenantAudit: {nil, beforeAll, 10},
	} {
		if plan := planOf(t, db, query, args...); !strings.Contains(plan, "SEARCH audit_log USING INDEX") || strings.Contains(plan, "TEMP B-TREE") {
			t.Errorf("%s\nis done by\n%s", query, plan)
		}
	}
}

// planOf returns how SQLite runs a query.
func planOf(t *testing.T, db *DB, query string, args ...any) string {
	t.Helper()
	var rows []struct {
		ID      int    `db:"id"`
		Parent  int    `db:"parent"`
		NotUsed int    `db:"notused"`
		Detail  string `db:"detail"`
	}
	if err := db.read(t.Context(), func(tx *sqlx.Tx) error {
		return tx.SelectContext(t.Context(), &rows, "explain query plan "+query, args...)
	}); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	var lines []string
	for _, r := range rows {
		lines = append(lines, r.Detail)
	}
	return strings.Join(lines, "\n")
}
