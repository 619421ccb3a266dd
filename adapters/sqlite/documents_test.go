package sqlite

import (
	"testing"
	"time"

	"github.com/aiwoochat/woochat/domain/catalog"
	"github.com/aiwoochat/woochat/domain/retrieval"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/test/porttest"
)

func TestDocuments(t *testing.T) {
	// One store for all cases, each of which has sites of its own.
	db := openAt(t, migratedDir(t), false)
	open := func(*testing.T) porttest.DocumentsUnderTest {
		d := db.Documents()
		return porttest.DocumentsUnderTest{
			Documents: d, DocumentBatches: d, Inventory: d, StoredDocuments: d, Passages: d, Cursors: d, DocumentTotals: d, Generations: d, RetiredGenerations: d, IndexModel: d, DocumentChunks: d,
			NewScope: func(t *testing.T) tenant.Scope { return newTenantsSite(t, db) },
			NewSite:  func(t *testing.T, id tenant.ID) tenant.Scope { return newSite(t, db, id) },
		}
	}
	for name, suite := range map[string]func(*testing.T, func(*testing.T) porttest.DocumentsUnderTest){
		"Documents": porttest.Documents, "DocumentBatches": porttest.DocumentBatches, "Inventory": porttest.Inventory, "StoredDocuments": porttest.StoredDocuments, "Passages": porttest.Passages, "Cursors": porttest.Cursors, "DocumentTotals": porttest.DocumentTotals,
		"Generations": porttest.Generations, "Chunkings": porttest.Chunkings,
	} {
		t.Run(name, func(t *testing.T) { suite(t, open) })
	}
}

func TestIndexModel(t *testing.T) {
	porttest.IndexModel(t, func(t *testing.T) porttest.DocumentsUnderTest {
		return porttest.DocumentsUnderTest{IndexModel: openAt(t, migratedDir(t), false).Documents()}
	})
}

// An index that was lost has lost the generations that are built and kept, too.
func TestRequeueAllOfBothGenerations(t *testing.T) {
	db := openAt(t, migratedDir(t), false)
	d, s := db.Documents(), newTenantsSite(t, db)
	doc := retrieval.Document{ID: "page:1", Revision: "r1", Kind: catalog.KindPage, Shown: true}
	refs := []retrieval.DocumentRef{{ID: "page:1", Revision: "r1"}}
	if _, err := d.Put(t.Context(), s, doc, nil); err != nil {
		t.Fatal(err)
	}
	for _, model := range []string{"a", "b"} {
		g, err := d.Begin(t.Context(), s, retrieval.Rebuild{Model: model, At: epoch})
		if err == nil {
			err = d.Indexed(t.Context(), s, retrieval.Stage{Generation: g.Head().No}, refs)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if n, err := d.Tally(t.Context(), s); err != nil || n.Waiting+n.Unbuilt != 0 {
		t.Fatalf("before: %+v, %v", n, err)
	}
	if err := d.RequeueAll(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n, err := d.Tally(t.Context(), s); err != nil || n.Waiting != 1 || n.Unfound != 1 || n.Unbuilt != 1 {
		t.Errorf("after: %+v, %v", n, err)
	}
	// And the one that was searched before it.
	for _, no := range []int64{1, 2} {
		if err := d.Indexed(t.Context(), s, retrieval.Stage{Generation: no}, refs); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := d.Switch(t.Context(), s, 2, time.Date(2026, 11, 23, 13, 0, 0, 0, time.UTC)); err != nil {
		t.Fatal(err)
	}
	if err := d.RequeueAll(t.Context()); err != nil {
		t.Fatal(err)
	}
	g, err := d.Begin(t.Context(), s, retrieval.Rebuild{Back: true, At: time.Date(2026, 11, 23, 14, 0, 0, 0, time.UTC)})
	if err != nil || g.Building.No != 1 {
		t.Fatalf("back: %+v, %v", g, err)
	}
	if n, err := d.Tally(t.Context(), s); err != nil || n.Unbuilt != 1 {
		t.Errorf("back: %+v, %v", n, err)
	}
}
