package rls

import (
	"testing"

	"github.com/aiwoochat/woochat/test/harness/pgtest"
)

// TestSupabase asks all of this of a database of Supabase's shape, migrated by
// its login, who is no superuser.
func TestSupabase(t *testing.T) {
	s := supabase(t)
	d := walled(t, s)
	t.Run("matrix", func(t *testing.T) { everyCell(t, d) })
	t.Run("functions", func(t *testing.T) { everyFunction(t, d, true) })
	t.Run("catalogue", func(t *testing.T) { catalogue(t, d) })
	t.Run("what comes later", func(t *testing.T) { nobodys(t, d) })
	t.Run("cases", func(t *testing.T) { everyCase(t, d) })
	t.Run("who asks", func(t *testing.T) { sameUID(t, d) })
}

// sameUID holds private.uid, which may not call auth.uid, to what that says.
func sameUID(t *testing.T, d pgtest.Database) {
	const a, b = "aaaaaaaa-0000-4000-8000-0000000000a1", "bbbbbbbb-0000-4000-8000-0000000000b1"
	for _, settings := range []map[string]string{
		{},
		{"request.jwt.claims": `{"sub":"` + a + `","role":"authenticated"}`},
		{"request.jwt.claim.sub": a},
		{"request.jwt.claim.sub": a, "request.jwt.claims": `{"sub":"` + b + `"}`},
		{"request.jwt.claim.sub": "", "request.jwt.claims": `{"sub":"` + b + `"}`},
		{"request.jwt.claims": ""},
		{"request.jwt.claims": "{}"},
		{"request.jwt.claims": `{"sub":null}`},
	} {
		tx := begin(t, d.URL("app_runtime"))
		do(t, tx, "set local role authenticated")
		for k, v := range settings {
			do(t, tx, "select set_config($1, $2, true)", k, v)
		}
		if !one[bool](t, tx, "select private.uid() is not distinct from auth.uid()") {
			t.Errorf("%v: private.uid() is not auth.uid()", settings)
		}
	}
}
