package sqlite

import (
	"testing"

	"github.com/jmoiron/sqlx"

	"github.com/aiwoochat/woochat/test/porttest"
)

func TestChanges(t *testing.T) {
	of := func(db *DB) porttest.ChangesUnderTest {
		a, l := db.Accounts(), db.Licenses()
		return porttest.ChangesUnderTest{Changes: db.Changes(), Tenants: a, Sites: a, Keys: a, Licenses: l, LicenseBook: l, Generations: db.Documents()}
	}
	porttest.Changes(t, func(t *testing.T) porttest.ChangesUnderTest {
		dir := migratedDir(t)
		c := of(openAt(t, dir, true))
		c.Replica = func(t *testing.T) porttest.ChangesUnderTest { return of(openAt(t, dir, false)) }
		return c
	})
}

// A hand in the database is seen, too: what it deletes, and what it changes
// past the ports.
func TestChangesPastThePorts(t *testing.T) {
	db := openAt(t, migratedDir(t), false)
	s := makeSite(t, db)
	o, err := begin(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	last, err := db.Changes().Numbers(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		sql  string
		args []any
		kind string
	}{
		{`insert into licenses (site_id, tenant_id, plan, status, plan_limits) values (?, ?, '', 'active',
			'{"max_tokens_per_day":null,"max_chat_requests_per_day":null,"max_embedding_tokens_per_day":null}')`, []any{o.site, o.tenant}, "licenses"},
		{`update licenses set status = 'suspended' where site_id = ?`, []any{o.site}, "licenses"},
		{`insert into api_keys (id, tenant_id, site_id, kind, key_text, key_hash, created_at) values ('k', ?, ?, 'site', 'pk_', hex(zeroblob(32)), 0)`, []any{o.tenant, o.site}, "keys"},
		{`delete from api_keys where id = 'k'`, nil, "keys"},
		{`delete from licenses where site_id = ?`, []any{o.site}, "licenses"},
		{`update tenants set disabled = 1 where id = ?`, []any{o.tenant}, "sites"},
		{`delete from sites where id = ?`, []any{o.site}, "sites"},
		{`delete from tenants where id = ?`, []any{o.tenant}, "sites"},
	} {
		if err := db.write(t.Context(), func(tx *sqlx.Tx) error { _, err := tx.Exec(c.sql, c.args...); return err }); err != nil {
			t.Fatalf("%s: %v", c.sql, err)
		}
		n, err := db.Changes().Numbers(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		grown := map[string]bool{"licenses": n.Licenses > last.Licenses, "keys": n.Keys > last.Keys, "sites": n.Sites > last.Sites}
		if !grown[c.kind] {
			t.Errorf("%s: the numbers went from %+v to %+v", c.sql, last, n)
		}
		last = n
	}
}
