package memory_test

import (
	"errors"
	"testing"

	"github.com/aiwoochat/woochat/adapters/memory"
	"github.com/aiwoochat/woochat/domain/retrieval"
	"github.com/aiwoochat/woochat/ports"
	"github.com/aiwoochat/woochat/test/porttest"
)

func TestDocuments(t *testing.T) {
	open := func(*testing.T) porttest.DocumentsUnderTest {
		d := memory.NewDocuments()
		return porttest.DocumentsUnderTest{
			Documents: d, DocumentBatches: d, Inventory: d, StoredDocuments: d, Passages: d, Cursors: d, DocumentTotals: d, Generations: d, RetiredGenerations: d, IndexModel: d, DocumentChunks: d, NewScope: newScope, NewSite: newSite,
		}
	}
	for name, suite := range map[string]func(*testing.T, func(*testing.T) porttest.DocumentsUnderTest){
		"Documents": porttest.Documents, "DocumentBatches": porttest.DocumentBatches, "Inventory": porttest.Inventory, "StoredDocuments": porttest.StoredDocuments, "Passages": porttest.Passages, "Cursors": porttest.Cursors, "DocumentTotals": porttest.DocumentTotals,
		"Generations": porttest.Generations, "Chunkings": porttest.Chunkings, "IndexModel": porttest.IndexModel,
	} {
		t.Run(name, func(t *testing.T) { suite(t, open) })
	}
}

func TestDocumentsRefuse(t *testing.T) {
	d, s := memory.NewDocuments(), newScope(t)
	for what, c := range map[string]struct {
		doc    retrieval.Document
		chunks []retrieval.Chunk
	}{
		"no id":            {},
		"two chunks alike": {retrieval.Document{ID: "page:1", Shown: true}, []retrieval.Chunk{{Seq: 1}, {Seq: 0}, {Seq: 1}}},
	} {
		if _, err := d.Put(t.Context(), s, c.doc, c.chunks); !errors.Is(err, ports.ErrInvalid) {
			t.Errorf("%s: got error %v, want ErrInvalid", what, err)
		}
	}
	if got, err := d.States(t.Context(), s, "", 10); err != nil || len(got) != 0 {
		t.Errorf("States: got %v, %v after refused Puts", got, err)
	}
}

// A worker that notes an old revision late has put it into the index late, too:
// the document must go there again.
func TestIndexedLate(t *testing.T) {
	d, s := memory.NewDocuments(), newScope(t)
	for _, revision := range []string{"r1", "r2"} {
		if _, err := d.Put(t.Context(), s, retrieval.Document{ID: "page:1", Revision: revision, Shown: true}, nil); err != nil {
			t.Fatal(err)
		}
	}
	for _, revision := range []string{"r2", "r1"} {
		if err := d.Indexed(t.Context(), s, retrieval.Stage{}, []retrieval.DocumentRef{{ID: "page:1", Revision: revision}}); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := d.Pending(t.Context(), s, retrieval.Stage{}, 10); err != nil || len(got) != 1 || got[0].Document.Revision != "r2" {
		t.Errorf("Pending: got %v, %v, want r2 once more", got, err)
	}
}
