package rls

import (
	"io/fs"
	"testing"

	"github.com/aiwoochat/woochat/migrations"
	"github.com/aiwoochat/woochat/test/harness/shapes"
)

// TestChunksOfBefore: what a program wrote that knew one way of cutting documents
// is of the default one, for which ” stands, and no server is said to have asked
// for any; so is what that program writes while it still runs beside a newer one.
func TestChunksOfBefore(t *testing.T) {
	d, url := befores(shapes.SupabaseLogin)[0].prepared(t, supabase(t))
	db, super := open(t, url), open(t, d.Superuser())
	db.SetMaxOpenConns(1)
	super.SetMaxOpenConns(1)
	do(t, super, "set session_replication_role = replica") // rows without those that they are of
	write := func(document string, generation int) {
		t.Helper()
		do(t, super, `insert into public.chunks (tenant_id, site_id, document_id, seq, heading, text)
			select gen_random_uuid(), gen_random_uuid(), $1, s, 'H', 'Text' from generate_series(0, 1) s`, document)
		do(t, super, `insert into public.index_generations (tenant_id, site_id, generation, model, state, since)
			values (gen_random_uuid(), gen_random_uuid(), $1, 'a', 'served', now())`, generation)
	}
	for _, name := range files(t, migrations.Postgres()) {
		text, err := fs.ReadFile(migrations.Postgres(), name)
		if err != nil {
			t.Fatal(err)
		}
		if name == "20240120000005_keep_chunkings.sql" {
			do(t, super, `update public.index_model set model = 'a'`)
			write("page:1", 1)
		}
		do(t, db, string(text))
	}
	write("page:2", 2)
	if n := one[int](t, super, `select count(*) from public.chunks where chunking = ''`); n != 4 {
		t.Errorf("%d chunks of 4 are of the default chunking", n)
	}
	if n := one[int](t, super, `select count(*) from public.index_generations where chunking = ''`); n != 2 {
		t.Errorf("%d generations of 2 are", n)
	}
	if !one[bool](t, super, `select model = 'a' and chunking is null from public.index_model`) {
		t.Error("a server is said to have asked for a chunking")
	}
}
