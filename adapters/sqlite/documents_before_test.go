package sqlite

import (
	"io/fs"
	"path/filepath"
	"testing"
	"testing/fstest"

	"github.com/jmoiron/sqlx"

	"github.com/aiwoochat/woochat/domain/retrieval"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/migrations"
)

// beforeChunkings is the last file of the schema in which chunks were of one size.
const beforeChunkings = "20240119000003_keep_former_generations.sql"

const (
	tenantOfBefore = "00000000-0000-7000-8000-000000000001"
	siteOfBefore   = "00000000-0000-7000-8000-000000000002"
	ofBefore       = "'" + tenantOfBefore + "', '" + siteOfBefore + "'"
)

// rowsBefore are a site that is searched in generation 2 and could go back to 1,
// with a document of two chunks, as a program of that time wrote them.
var rowsBefore = []string{
	`insert into tenants (id, name, created_at) values ('` + tenantOfBefore + `', 'T', 0)`,
	`insert into sites (tenant_id, id, name, url, created_at) values (` + ofBefore + `, 'S', 'https://shop.example.com', 0)`,
	`insert into documents (tenant_id, site_id, id, revision, kind, facts, shown, indexed_revision, former_revision, body) values (` + ofBefore + `, 'page:1', 'r1', 'page', '{"v":1,"data":{}}', 1, 'r1', 'r1', 'One. Two.')`,
	`insert into chunks (tenant_id, site_id, document_id, seq, heading, text) values (` + ofBefore + `, 'page:1', 0, '', 'One.'), (` + ofBefore + `, 'page:1', 1, 'H', 'Two.')`,
	`insert into index_generations (tenant_id, site_id, generation, model, state, since, former) values (` + ofBefore + `, 1, 'a', 'retired', 0, 1), (` + ofBefore + `, 2, 'b', 'served', 0, 0)`,
	`update index_model set model = 'b' where id = 1`,
}

// A shop that was indexed before there was a choice has the default, is not
// indexed anew by it, and can be cut in another way and go back like any other.
func TestShopsOfBeforeHaveTheDefaultChunking(t *testing.T) {
	dir := t.TempDir()
	f, err := openFile(t.Context(), filepath.Join(dir, mainFile), "FULL")
	if err != nil {
		t.Fatal(err)
	}
	if err := migrate(t.Context(), f, upTo(t, beforeChunkings), filepath.Join(dir, migrateLock), fixedClock); err != nil {
		t.Fatal(err)
	}
	for _, statement := range rowsBefore {
		if _, err := f.writer.ExecContext(t.Context(), statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
	if err := f.close(); err != nil {
		t.Fatal(err)
	}

	d := openAt(t, dir, true).Documents()
	s := tenant.Scope{Tenant: tenant.Prefix + tenantOfBefore, Site: tenant.SitePrefix + siteOfBefore}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	refs := []retrieval.PassageRef{{Document: "page:1", Revision: "r1", Seq: 1}, {Document: "page:1", Revision: "r1", Seq: 0}}
	wantTexts := func() {
		t.Helper()
		got, err := d.Load(t.Context(), s, retrieval.Chunking{}, refs)
		if err != nil || len(got) != 2 || got[0].Text != "Two." || got[0].Heading != "H" || got[1].Text != "One." {
			t.Errorf("loaded %+v, %v", got, err)
		}
	}
	wantTexts()
	w, err := d.Wanted(t.Context())
	if must(err); w.Chunking != nil || w.Model == nil || *w.Model != "b" {
		t.Errorf("wanted %+v", w)
	}
	before := retrieval.Generations{Served: retrieval.Generation{No: 2, Model: "b"}, Former: retrieval.Generation{No: 1, Model: "a"}}
	g, err := d.GenerationsOf(t.Context(), s)
	if must(err); g != before {
		t.Errorf("generations %+v", g)
	}
	if g, err = d.Begin(t.Context(), s, retrieval.Rebuild{Model: "b", At: epoch}); err != nil || g != before {
		t.Errorf("with default settings it becomes %+v, %v", g, err)
	}
	tally, err := d.Tally(t.Context(), s)
	if must(err); tally != (retrieval.Tally{Shown: 1, Chunks: 2}) {
		t.Errorf("counted %+v", tally)
	}
	other := retrieval.Chunking{Target: 64, Max: 100}
	if g, err = d.Begin(t.Context(), s, retrieval.Rebuild{Model: "b", Chunking: other, At: epoch}); err != nil || g.Building != (retrieval.Generation{No: 3, Model: "b", Chunking: other}) {
		t.Errorf("cut in another way it becomes %+v, %v", g, err)
	}
	wantTexts()
	if g, err = d.Begin(t.Context(), s, retrieval.Rebuild{Back: true, At: epoch}); err != nil || g.Building.No != 1 {
		t.Errorf("back it becomes %+v, %v", g, err)
	}
	lacks, err := d.Pending(t.Context(), s, retrieval.Stage{Generation: 1}, 10)
	if must(err); len(lacks) != 0 {
		t.Errorf("the generation of before lacks %+v", lacks)
	}
	// Nothing is left of a document that is gone: the new table is tied as the old one was.
	must(d.db.write(t.Context(), func(tx *sqlx.Tx) error {
		_, err := tx.Exec(`delete from documents`)
		return err
	}))
	var left int
	must(d.db.read(t.Context(), func(tx *sqlx.Tx) error { return tx.Get(&left, `select count(*) from chunks`) }))
	if left != 0 {
		t.Errorf("%d chunks are left", left)
	}
}

// upTo returns the migrations up to a file.
func upTo(t *testing.T, last string) fs.FS {
	t.Helper()
	names, err := fs.Glob(migrations.SQLite(), "*.sql")
	if err != nil {
		t.Fatal(err)
	}
	files := fstest.MapFS{}
	for _, name := range names {
		if name > last {
			continue
		}
		data, err := fs.ReadFile(migrations.SQLite(), name)
		if err != nil {
			t.Fatal(err)
		}
		files[name] = &fstest.MapFile{Data: data}
	}
	return files
}
