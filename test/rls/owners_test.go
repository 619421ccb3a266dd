package rls

import (
	"database/sql"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/lib/pq"
	"github.com/lib/pq/pqerror"
)

// TestTheLastOwnerStays: whoever writes, and by whatever statement, a tenant that
// has an owner keeps one.
func TestTheLastOwnerStays(t *testing.T) {
	d := plain(t)
	const last = "needs an owner"
	for what, c := range map[string]struct {
		actor, statement, must string
	}{
		"an owner leaves, and another is there": {"owner", "delete from user_tenants where user_id = $owner", done},
		"all owners at once":                    {"owner", "delete from user_tenants where tenant_id = $A", last},
		"all become admins":                     {"owner", "update user_tenants set role = 'admin' where tenant_id = $A", last},
		"the platform, too":                     {"service", "delete from user_tenants where tenant_id = $A and role = 'owner'", last},
		"a last owner goes elsewhere":           {"service", "update user_tenants set tenant_id = $B where tenant_id = $A and role = 'owner'", last},
		"an owner is another person":            {"service", "update user_tenants set user_id = $new where user_id = $owner", done},
		"one of two becomes an admin":           {"service", "update user_tenants set role = 'admin' where user_id = $owner", done},
		"members go with their tenant": {"app_owner", `with t as (insert into tenants (id, name) values ($new, 'n') returning id)
			select 1 from t` + "\n;\ninsert into user_tenants (tenant_id, user_id, role) values ($new, $new, 'owner')\n;\ndelete from tenants where id = $new", done},
	} {
		t.Run(what, func(t *testing.T) {
			who := actorNamed(t, c.actor)
			tx := begin(t, urlOf(d, who))
			become(t, tx, who)
			if got := try(t, tx, named().Replace(c.statement)); got != c.must && (c.must != last || !strings.Contains(got, "needs an owner")) {
				t.Errorf("came to %q, want %q", got, c.must)
			}
		})
	}
}

// TestTwoOwnersLeaveAtOnce: each takes himself out, neither sees the other's
// transaction, and one of them must stay; at every level of isolation.
func TestTwoOwnersLeaveAtOnce(t *testing.T) {
	for _, level := range []sql.IsolationLevel{sql.LevelReadCommitted, sql.LevelRepeatableRead, sql.LevelSerializable} {
		t.Run(level.String(), func(t *testing.T) {
			d := plain(t)
			super := open(t, d.Superuser())
			leave := func(who actor) (*sql.Tx, func() error) {
				db := open(t, d.URL(who.login))
				tx, err := db.BeginTx(t.Context(), &sql.TxOptions{Isolation: level})
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { _ = tx.Rollback() })
				become(t, tx, who)
				// Its moment is now, before the other has done anything.
				if n := one[int](t, tx, "select count(*) from user_tenants where role = 'owner' and tenant_id = '"+places()[0].tenant+"'"); n != 2 {
					t.Fatalf("there are %d owners", n)
				}
				return tx, func() error {
					_, err := tx.ExecContext(t.Context(), "delete from user_tenants where user_id = '"+who.person+"'")
					return err
				}
			}
			first, goes := leave(actorNamed(t, "owner"))
			second, goesToo := leave(person("partner"))
			if err := goes(); err != nil {
				t.Fatal(err)
			}
			came := make(chan error, 1)
			go func() {
				err := goesToo()
				if err == nil {
					err = second.Commit()
				}
				came <- err
			}()
			waits(t, super, came)
			if err := first.Commit(); err != nil {
				t.Fatal(err)
			}
			err := <-came
			server, ok := errors.AsType[*pq.Error](err)
			if want := code(level); !ok || server.Code != want {
				t.Errorf("the second one: %v, want %s", err, want)
			}
			if n := one[int](t, super, "select count(*) from user_tenants where role = 'owner' and tenant_id = '"+places()[0].tenant+"'"); n != 1 {
				t.Errorf("%d owners are left", n)
			}
		})
	}
}

// code is how the second one is told: he sees that he is the last, or that what
// he sees is out of date.
func code(level sql.IsolationLevel) pqerror.Code {
	if level == sql.LevelReadCommitted {
		return pqerror.CheckViolation
	}
	return pqerror.TRSerializationFailure
}

// waits returns once somebody waits for a lock; nobody must have come before.
func waits(t *testing.T, super *sql.DB, came <-chan error) {
	t.Helper()
	for deadline := time.Now().Add(5 * time.Second); time.Now().Before(deadline); {
		if one[int](t, super, "select count(*) from pg_locks where not granted") > 0 {
			return
		}
		select {
		case err := <-came:
			t.Fatalf("the second one did not wait: %v", err)
		default:
		}
	}
	t.Fatal("nobody waits")
}
