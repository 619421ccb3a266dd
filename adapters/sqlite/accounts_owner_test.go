package sqlite

import (
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestTheLastOwnerStays: whoever writes the file, and by whatever statement, a
// tenant that has an owner keeps one.
func TestTheLastOwnerStays(t *testing.T) {
	dir := migratedDir(t)
	openWith(t, dir, time.Now)
	db, err := pool(filepath.Join(dir, mainFile), 1, "_foreign_keys=on")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	const begin = `insert into tenants (id, name, created_at) values ('t', 'n', 0), ('u', 'n', 0);
		insert into user_tenants (tenant_id, user_id, role) values ('t', 'ada', 'owner'), ('t', 'bob', 'admin')`
	for what, c := range map[string]struct {
		statements string
		stays      bool // the last one is refused
	}{
		"she leaves":                          {`delete from user_tenants where user_id = 'ada'`, true},
		"all leave":                           {`delete from user_tenants`, true},
		"she becomes an admin":                {`update user_tenants set role = 'admin'`, true},
		"... by an upsert":                    {`insert into user_tenants (tenant_id, user_id, role) values ('t', 'ada', 'admin') on conflict do update set role = 'admin'`, true},
		"... by a replacement":                {`insert or replace into user_tenants (tenant_id, user_id, role) values ('t', 'ada', 'admin')`, true},
		"she goes elsewhere":                  {`update user_tenants set tenant_id = 'u' where user_id = 'ada'`, true},
		"her name changes":                    {`update user_tenants set user_id = 'eve' where user_id = 'ada'`, false},
		"another one is there":                {`update user_tenants set role = 'owner'; delete from user_tenants where user_id = 'ada'`, false},
		"an admin leaves":                     {`delete from user_tenants where user_id = 'bob'`, false},
		"members go with their tenant":        {`delete from tenants where id = 't'`, false},
		"a replacement that leaves her owner": {`insert or replace into user_tenants (tenant_id, user_id, role) values ('t', 'ada', 'owner')`, false},
	} {
		t.Run(what, func(t *testing.T) {
			tx, err := db.BeginTxx(t.Context(), nil)
			if err != nil {
				t.Fatal(err)
			}
			defer tx.Rollback()
			if _, err := tx.ExecContext(t.Context(), begin); err != nil {
				t.Fatal(err)
			}
			_, err = tx.ExecContext(t.Context(), c.statements)
			if c.stays != (err != nil) || err != nil && !strings.Contains(err.Error(), "needs an owner") {
				t.Errorf("got %v", err)
			}
		})
	}
}
