package postgres_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"github.com/aiwoochat/woochat/adapters/postgres"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/ports"
	"github.com/aiwoochat/woochat/test/porttest"
)

func TestChanges(t *testing.T) {
	of := func(db *postgres.DB) porttest.ChangesUnderTest {
		a, l := db.Accounts(), db.Licenses()
		return porttest.ChangesUnderTest{Changes: db.Changes(), Tenants: a, Sites: a, Keys: a, Licenses: l, LicenseBook: l, Generations: db.Documents()}
	}
	porttest.Changes(t, func(t *testing.T) porttest.ChangesUnderTest {
		d := migrated(t)
		c := of(opened(t, d, time.Now))
		c.Replica = func(t *testing.T) porttest.ChangesUnderTest { return of(opened(t, d, time.Now)) }
		return c
	})
}

// numbersOf returns the numbers as they are now.
func numbersOf(t *testing.T, db *postgres.DB) ports.ChangeNumbers {
	t.Helper()
	n, err := db.Changes().Numbers(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// ids returns the bare ids of a scope.
func ids(s tenant.Scope) (tenantID, site string) {
	return strings.TrimPrefix(string(s.Tenant), tenant.Prefix), strings.TrimPrefix(string(s.Site), tenant.SitePrefix)
}

const licenseByHand = `insert into licenses (tenant_id, site_id, plan_limits) values ($1, $2,
	'{"max_tokens_per_day":null,"max_chat_requests_per_day":null,"max_embedding_tokens_per_day":null}')`

// A hand in the database is seen, too: what it deletes, and what it changes
// past the ports. Each kind of change moves its own numbers by one, however many
// rows it changes, and no other.
func TestChangesPastThePorts(t *testing.T) {
	d := migrated(t)
	db, hand := opened(t, d, time.Now), super(t, d)
	s := makeSite(t, hand)
	tid, site := ids(s)
	makeSite(t, hand)
	last := numbersOf(t, db)
	for _, c := range []struct {
		sql  string
		args []any
		want ports.ChangeNumbers // by how much
	}{
		{licenseByHand, []any{tid, site}, ports.ChangeNumbers{Licenses: 1}},
		{`update licenses set status = 'suspended' where site_id = $1`, []any{site}, ports.ChangeNumbers{Licenses: 1}},
		{`insert into api_keys (id, tenant_id, site_id, kind, key_text, key_hash, created_at)
			select gen_random_uuid(), $1, $2, 'site', 'pk_', md5(n::text) || md5(n::text), now() from generate_series(1, 2) n`, []any{tid, site}, ports.ChangeNumbers{Keys: 1}},
		{`update sites set generation = generation + 1`, nil, ports.ChangeNumbers{Sites: 1, Generations: 1}},
		{`update sites set name = 'renamed'`, nil, ports.ChangeNumbers{Sites: 1}},
		{`update tenants set disabled = true where id = $1`, []any{tid}, ports.ChangeNumbers{Sites: 1}},
		{`update tenants set disabled = true where false`, nil, ports.ChangeNumbers{}},
		{`delete from api_keys where site_id = $1`, []any{site}, ports.ChangeNumbers{Keys: 1}},
		{`delete from sites where id = $1`, []any{site}, ports.ChangeNumbers{Sites: 1, Licenses: 1}}, // the license goes with it
		{`delete from tenants where id = $1`, []any{tid}, ports.ChangeNumbers{Sites: 1}},
	} {
		if _, err := hand.ExecContext(t.Context(), c.sql, c.args...); err != nil {
			t.Fatalf("%s: %v", c.sql, err)
		}
		n := numbersOf(t, db)
		if got := (ports.ChangeNumbers{
			Licenses: n.Licenses - last.Licenses, Keys: n.Keys - last.Keys, Sites: n.Sites - last.Sites,
			Prices: n.Prices - last.Prices, Generations: n.Generations - last.Generations,
		}); got != c.want {
			t.Errorf("%s: the numbers grew by %+v, want %+v", c.sql, got, c.want)
		}
		last = n
	}
}

// A number counts what is committed, also what comes after a savepoint that was
// given up.
func TestChangesAreCountedWithTheirTransaction(t *testing.T) {
	d := migrated(t)
	db, hand := opened(t, d, time.Now), super(t, d)
	s := makeSite(t, hand)
	_, site := ids(s)
	run := func(end string, statements ...string) int64 {
		t.Helper()
		before := numbersOf(t, db).Sites
		conn, err := hand.Connx(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		rename := `update sites set name = name || '!' where id = '` + site + `'`
		for _, q := range append(append([]string{"begin"}, statements...), end) {
			if _, err := conn.ExecContext(t.Context(), strings.ReplaceAll(q, "RENAME", rename)); err != nil {
				t.Fatalf("%s: %v", q, err)
			}
		}
		return numbersOf(t, db).Sites - before
	}
	for _, c := range []struct {
		want       int64
		end        string
		statements []string
	}{
		{1, "commit", []string{"RENAME", "RENAME"}},
		{0, "rollback", []string{"RENAME"}},
		{0, "commit", []string{"savepoint a", "RENAME", "rollback to a"}},
		{1, "commit", []string{"savepoint a", "RENAME", "rollback to a", "RENAME"}},
		{1, "commit", []string{"set constraints all immediate", "savepoint a", "RENAME", "rollback to a", "RENAME"}},
		{1, "commit", []string{"set constraints all immediate", "RENAME", "savepoint a", "RENAME", "rollback to a"}},
	} {
		if got := run(c.end, c.statements...); got != c.want {
			t.Errorf("%q, %s: the number grew by %d, want %d", c.statements, c.end, got, c.want)
		}
	}
}

// A change that is not committed yet keeps nobody from making another, and two
// transactions that change the same kinds the other way round do not wait for
// each other.
func TestChangesDoNotWaitForEachOther(t *testing.T) {
	d := migrated(t)
	db, hand := opened(t, d, time.Now), super(t, d)
	a, b := makeSite(t, hand), makeSite(t, hand)
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	license := func(tx *sqlx.Tx, s tenant.Scope) {
		t.Helper()
		tid, site := ids(s)
		if _, err := tx.ExecContext(ctx, licenseByHand, tid, site); err != nil {
			t.Fatal(err)
		}
	}
	rename := func(tx *sqlx.Tx, s tenant.Scope) {
		t.Helper()
		_, site := ids(s)
		if _, err := tx.ExecContext(ctx, `update sites set name = 'renamed' where id = $1`, site); err != nil {
			t.Fatal(err)
		}
	}
	before := numbersOf(t, db)
	first, err := hand.BeginTxx(ctx, nil)
	if err != nil {
		t.Fatal(err)
	}
	second, err := hand.BeginTxx(ctx, nil)
	if err != nil {
		t.Fatal(err)
	}
	license(first, a)
	rename(second, b)
	license(second, b)
	rename(first, a)
	for _, tx := range []*sqlx.Tx{second, first} {
		if err := tx.Commit(); err != nil {
			t.Fatal(err)
		}
	}
	if n := numbersOf(t, db); n.Licenses != before.Licenses+2 || n.Sites != before.Sites+2 {
		t.Errorf("the numbers went from %+v to %+v", before, n)
	}
}

// Nobody reads or writes the numbers but by the function, and that is for the
// runtime login alone.
func TestChangesAreNobodysToTouch(t *testing.T) {
	d := migrated(t)
	for _, role := range []string{"anon", "authenticated", "app_widget", "service_role", "app_runtime", "app_ledger", "app_service"} {
		tx, err := super(t, d).BeginTxx(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := tx.ExecContext(t.Context(), `set local role `+role); err != nil {
			t.Fatal(err)
		}
		statements := []string{`select * from public.changes`, `update public.changes set licenses = 0`, `delete from public.changes`}
		if role != "app_runtime" {
			statements = append(statements, `select * from public.changes()`)
		}
		for _, q := range statements {
			if _, err := tx.ExecContext(t.Context(), `savepoint before`); err != nil {
				t.Fatal(err)
			}
			wantDenied(t, tx, q)
			if _, err := tx.ExecContext(t.Context(), `rollback to before`); err != nil {
				t.Fatal(err)
			}
		}
		_ = tx.Rollback()
	}
}
