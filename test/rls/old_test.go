package rls

import (
	"database/sql"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/aiwoochat/woochat/test/harness/pgtest"
	"github.com/aiwoochat/woochat/test/harness/shapes"
)

// TestOldDatabases asks all of this of the databases that were there before, with
// the rows that they had: what they bring along opens no way around the walls.
func TestOldDatabases(t *testing.T) {
	for where, all := range map[string][]before{"plain": befores(""), "supabase": befores(shapes.SupabaseLogin)} {
		t.Run(where, func(t *testing.T) {
			s := pgtest.Need(t)
			if where == "supabase" {
				s = supabase(t)
			}
			for _, b := range all {
				if b.scripts == nil {
					continue // a new one: TestMatrix, TestSupabase
				}
				t.Run(b.name, func(t *testing.T) {
					if where == "supabase" && b.name == "smallest" && os.Getenv("WOOCHAT_PROVE") != "full" {
						t.Skip("make prove PART=rls runs it: the plain one and the one on which the seed ran are enough each day")
					}
					d, url := b.prepared(t, s)
					migrate(t, url)
					super := open(t, d.Superuser())
					registered(t, super)
					do(t, super, fill())
					if n := one[int](t, super, "select count(*) from sites where tenant_id::text like 'aaaaaaaa%'"); n == 0 {
						t.Error("nothing of before is there")
					}
					t.Run("matrix", func(t *testing.T) { everyCell(t, d) })
					t.Run("functions", func(t *testing.T) { everyFunction(t, d, false) })
					t.Run("catalogue", func(t *testing.T) { catalogue(t, d) })
					t.Run("what comes later", func(t *testing.T) { nobodys(t, d) })
					t.Run("cases", func(t *testing.T) { everyCase(t, d) })
				})
			}
		})
	}
}

// registered makes the fixture's people users of Supabase's, where the seed's
// tables ask that of a member.
func registered(t *testing.T, super *sql.DB) {
	t.Helper()
	if !one[bool](t, super, "select to_regclass('auth.users') is not null") {
		return
	}
	ids := []string{id("new")}
	for _, name := range []string{"owner", "partner", "admin", "support", "dual", "stranger", "super", "owner of B"} {
		ids = append(ids, id("person", name))
	}
	for _, p := range places() {
		ids = append(ids, id("person", p.tenant, "first"), id("person", p.tenant, "new"))
	}
	seen := map[string]bool{}
	var rows []string
	for _, one := range ids {
		if !seen[one] {
			rows = append(rows, fmt.Sprintf("('%s', '%s@example.com')", one, one))
		}
		seen[one] = true
	}
	do(t, super, "insert into auth.users (id, email) values "+strings.Join(rows, ", "))
}
