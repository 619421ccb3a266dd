package postgres_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/aiwoochat/woochat/adapters/postgres"
	"github.com/aiwoochat/woochat/domain/catalog"
	"github.com/aiwoochat/woochat/domain/retrieval"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/ports"
	"github.com/aiwoochat/woochat/test/porttest"
)

func TestDocuments(t *testing.T) {
	// One database for all cases, each of which has sites of its own.
	d := migrated(t)
	docs := opened(t, d, noon).Documents()
	open := func(*testing.T) porttest.DocumentsUnderTest {
		return porttest.DocumentsUnderTest{
			Documents: docs, DocumentBatches: docs, Inventory: docs, StoredDocuments: docs, Passages: docs, Cursors: docs, DocumentTotals: docs, Generations: docs, RetiredGenerations: docs, IndexModel: docs, DocumentChunks: docs,
			NewScope: newScope(d), NewSite: nextSite(d),
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
		return porttest.DocumentsUnderTest{IndexModel: opened(t, migrated(t), noon).Documents()}
	})
}

// shopPage is a shown document of one chunk.
func shopPage(id, revision string) (retrieval.Document, []retrieval.Chunk) {
	return retrieval.Document{ID: retrieval.DocumentID(id), Revision: revision, Kind: catalog.KindPage, Body: revision, Shown: true},
		[]retrieval.Chunk{{Text: revision}}
}

// pendingIDs returns which documents the index must follow, in order.
func pendingIDs(t *testing.T, docs *postgres.Documents, s tenant.Scope) []string {
	t.Helper()
	list, err := docs.Pending(t.Context(), s, retrieval.Stage{}, 1000)
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, p := range list {
		ids = append(ids, string(p.Document.ID))
	}
	return ids
}

// Changes that two processes make have a number each: none is lost, and none
// fails.
func TestChangesOfTwoProcesses(t *testing.T) {
	dbs, s := replicas(t)
	for round := range 5 {
		atOnce(dbs, 16, func(i int, db *postgres.DB) {
			doc, chunks := shopPage(fmt.Sprintf("page:%02d", i), fmt.Sprint("r", round))
			if changed, err := db.Documents().Put(t.Context(), s, doc, chunks); err != nil || !changed {
				t.Errorf("Put: %v, %v, want true", changed, err)
			}
			if i%4 == 0 {
				if err := db.Documents().Indexed(t.Context(), s, retrieval.Stage{}, []retrieval.DocumentRef{{ID: doc.ID, Revision: "an older one"}}); err != nil {
					t.Errorf("Indexed: %v", err)
				}
			}
		})
		if got := pendingIDs(t, dbs[0].Documents(), s); len(got) != 32 {
			t.Errorf("%d documents are pending, want 32: %v", len(got), got)
		}
	}
}

func TestRequeueAll(t *testing.T) {
	d := migrated(t)
	docs := opened(t, d, noon).Documents()
	a, b := newScope(d)(t), newScope(d)(t)
	for _, id := range []string{"page:3", "page:1", "page:2"} {
		doc, chunks := shopPage(id, "r1")
		if _, err := docs.Put(t.Context(), a, doc, chunks); err != nil {
			t.Fatal(err)
		}
	}
	if err := docs.Indexed(t.Context(), a, retrieval.Stage{}, []retrieval.DocumentRef{{ID: "page:1", Revision: "r1"}}); err != nil {
		t.Fatal(err)
	}
	doc, chunks := shopPage("page:1", "r1")
	if _, err := docs.Put(t.Context(), b, doc, chunks); err != nil {
		t.Fatal(err)
	}
	if err := docs.Indexed(t.Context(), b, retrieval.Stage{}, []retrieval.DocumentRef{{ID: "page:1", Revision: "r1"}}); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := docs.RequeueAll(t.Context()); err != nil {
			t.Fatal(err)
		}
		// What was pending keeps its order, after what was not.
		if got := fmt.Sprint(pendingIDs(t, docs, a), pendingIDs(t, docs, b)); got != "[page:1 page:3 page:2] [page:1]" {
			t.Errorf("pending: %s", got)
		}
	}
	states, err := docs.States(t.Context(), a, "", 1)
	if err != nil || len(states) != 1 || states[0].Indexed != "" {
		t.Errorf("states: %+v, %v, want page:1 as not indexed", states, err)
	}
}

// What Postgres cannot hold is refused, and nothing of it is stored.
func TestDocumentsThatCannotBeStored(t *testing.T) {
	d := migrated(t)
	docs, s := opened(t, d, noon).Documents(), newScope(d)(t)
	far := time.Date(12026, 1, 1, 0, 0, 0, 0, time.UTC)
	for what, spoil := range map[string]func(*retrieval.Document, []retrieval.Chunk){
		"U+0000 in the id":      func(d *retrieval.Document, _ []retrieval.Chunk) { d.ID = "page:\x00" },
		"U+0000 in the body":    func(d *retrieval.Document, _ []retrieval.Chunk) { d.Body = "\x00" },
		"U+0000 in the facts":   func(d *retrieval.Document, _ []retrieval.Chunk) { d.Facts.SKUs = []string{"\x00"} },
		"U+0000 in a chunk":     func(_ *retrieval.Document, c []retrieval.Chunk) { c[0].Text = "\x00" },
		"no UTF-8 in a heading": func(_ *retrieval.Document, c []retrieval.Chunk) { c[0].Heading = "\xff" },
		"no UTF-8 in the title": func(d *retrieval.Document, _ []retrieval.Chunk) { d.Title = "\xff" },
		"no kind":               func(d *retrieval.Document, _ []retrieval.Chunk) { d.Kind = 0 },
		"no id":                 func(d *retrieval.Document, _ []retrieval.Chunk) { d.ID = "" },
		"a time beyond JSON":    func(d *retrieval.Document, _ []retrieval.Chunk) { d.Facts.AsOf = far },
		"two chunks of one seq": func(_ *retrieval.Document, c []retrieval.Chunk) { c[1].Seq = 0 },
	} {
		doc, chunks := shopPage("page:1", "r1")
		chunks = append(chunks, retrieval.Chunk{Seq: 1, Text: "more"})
		spoil(&doc, chunks)
		if _, err := docs.Put(t.Context(), s, doc, chunks); !errors.Is(err, ports.ErrInvalid) {
			t.Errorf("%s: %v, want ErrInvalid", what, err)
		}
	}
	if states, err := docs.States(t.Context(), s, "", 10); err != nil || len(states) != 0 {
		t.Errorf("States: %v, %v, want none", states, err)
	}
	doc, chunks := shopPage("page:1", "r1")
	if _, err := docs.Put(t.Context(), s, doc, chunks); err != nil {
		t.Fatal(err)
	}
	// A ref that nothing can be stored under is left out like any other.
	got, err := docs.Load(t.Context(), s, retrieval.Chunking{}, []retrieval.PassageRef{{Document: "page:\x00", Revision: "r1"}, {Document: "page:1", Revision: "r1"}})
	if err != nil || len(got) != 1 || got[0].Text != "r1" {
		t.Errorf("Load: %+v, %v, want the one that is there", got, err)
	}
}

// An index that was lost has lost the generations that are built and kept, too.
func TestRequeueAllOfBothGenerations(t *testing.T) {
	d := migrated(t)
	docs, s := opened(t, d, noon).Documents(), newScope(d)(t)
	doc, chunks := shopPage("page:1", "r1")
	refs := []retrieval.DocumentRef{{ID: "page:1", Revision: "r1"}}
	if _, err := docs.Put(t.Context(), s, doc, chunks); err != nil {
		t.Fatal(err)
	}
	for _, model := range []string{"a", "b"} {
		g, err := docs.Begin(t.Context(), s, retrieval.Rebuild{Model: model, At: time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)})
		if err == nil {
			err = docs.Indexed(t.Context(), s, retrieval.Stage{Generation: g.Head().No}, refs)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if n, err := docs.Tally(t.Context(), s); err != nil || n.Waiting+n.Unbuilt != 0 {
		t.Fatalf("before: %+v, %v", n, err)
	}
	if err := docs.RequeueAll(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n, err := docs.Tally(t.Context(), s); err != nil || n.Waiting != 1 || n.Unfound != 1 || n.Unbuilt != 1 {
		t.Errorf("after: %+v, %v", n, err)
	}
	// And the one that was searched before it.
	for _, no := range []int64{1, 2} {
		if err := docs.Indexed(t.Context(), s, retrieval.Stage{Generation: no}, refs); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := docs.Switch(t.Context(), s, 2, time.Date(2026, 11, 23, 13, 0, 0, 0, time.UTC)); err != nil {
		t.Fatal(err)
	}
	if err := docs.RequeueAll(t.Context()); err != nil {
		t.Fatal(err)
	}
	g, err := docs.Begin(t.Context(), s, retrieval.Rebuild{Back: true, At: time.Date(2026, 11, 23, 14, 0, 0, 0, time.UTC)})
	if err != nil || g.Building.No != 1 {
		t.Fatalf("back: %+v, %v", g, err)
	}
	if n, err := docs.Tally(t.Context(), s); err != nil || n.Unbuilt != 1 {
		t.Errorf("back: %+v, %v", n, err)
	}
}
