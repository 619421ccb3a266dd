package postgres

import (
	"fmt"
	"testing"

	"github.com/aiwoochat/woochat/domain/retrieval"
	"github.com/aiwoochat/woochat/domain/tenant"
)

// pageOf is an entry of one chunk.
func pageOf(id, text string) retrieval.Entry {
	return retrieval.Entry{Document: retrieval.DocumentID(id), Title: id, Chunks: []retrieval.Chunk{{Text: text, Vector: []float32{1, 2}}}}
}

func newsOf(last int64, es ...retrieval.Entry) indexNews {
	n := indexNews{last: last}
	for _, e := range es {
		c := changedEntry{id: e.Document}
		if len(e.Chunks) > 0 {
			c.document = newSiteDocument(e)
		}
		n.changed = append(n.changed, c)
	}
	return n
}

func shopNo(i int) indexOf {
	return indexOf{scope: tenant.Scope{Tenant: "ten", Site: tenant.SiteID(fmt.Sprint(i))}}
}

func TestIndexCacheIsBounded(t *testing.T) {
	c := newIndexCache(4*size(t), retrieval.FusionWeights{})
	for round := range 3 {
		for i := range 10 {
			slot := c.slot(shopNo(i))
			c.keep(shopNo(i), slot, slot.site.apply(newsOf(1, pageOf("page:1", "copper kettle"))))
			var all int64
			for _, o := range c.slots {
				all += o.bytes
			}
			if all > c.limit || len(c.slots) > 4 {
				t.Fatalf("%d bytes of %d sites are kept, the limit is %d", all, len(c.slots), c.limit)
			}
			if round > 0 && len(c.slots) != 4 {
				t.Errorf("%d sites are kept, 4 have room", len(c.slots))
			}
			if c.slots[shopNo(i)] != slot {
				t.Error("the site searched last is not kept")
			}
		}
	}
	// The one that was used is kept, and the others go first.
	c.slot(shopNo(6))
	for i := 20; i < 23; i++ {
		slot := c.slot(shopNo(i))
		c.keep(shopNo(i), slot, slot.site.apply(newsOf(1, pageOf("page:1", "copper kettle"))))
	}
	if c.slots[shopNo(6)] == nil || c.slots[shopNo(7)] != nil {
		t.Error("the site that was not used for longest is kept, and not the one that was")
	}
}

// A site that is larger alone than all may take is kept: or every search of it
// would load it.
func TestIndexCacheKeepsALargeSite(t *testing.T) {
	c := newIndexCache(1, retrieval.FusionWeights{})
	for i := range 2 {
		slot := c.slot(shopNo(i))
		c.keep(shopNo(i), slot, slot.site.apply(newsOf(1, pageOf("page:1", "copper kettle"))))
		if len(c.slots) != 1 || c.slots[shopNo(i)] != slot {
			t.Errorf("%d sites are kept, want the last one", len(c.slots))
		}
	}
}

func size(t *testing.T) int64 {
	t.Helper()
	return newSiteIndex(retrieval.FusionWeights{}).apply(newsOf(1, pageOf("page:1", "copper kettle")))
}

// What is replaced and taken out leaves nothing behind.
func TestSiteIndexForgets(t *testing.T) {
	x := newSiteIndex(retrieval.FusionWeights{})
	for i := range int64(50) {
		x.apply(newsOf(i+1,
			pageOf(fmt.Sprint("page:", i%7), fmt.Sprint("common word", i)),
			pageOf(fmt.Sprint("page:", 10+i%3), fmt.Sprint("common other", i))))
	}
	if n := len(x.words["common"].postings); n != 10 || x.corpus.Len() != 10 || x.corpus.Dim(nil) != 2 {
		t.Errorf("%d postings, %d documents, vectors of length %d, want 10, 10 and 2", n, x.corpus.Len(), x.corpus.Dim(nil))
	}
	var out []retrieval.Entry
	for id := range x.documents {
		out = append(out, retrieval.Entry{Document: id})
	}
	if bytes := x.apply(newsOf(100, out...)); bytes != 0 || len(x.words) != 0 || len(x.documents) != 0 || x.corpus.Len() != 0 || x.corpus.Dim(nil) != 0 {
		t.Errorf("%d bytes, %d words, %d and %d documents, vectors of length %d are left", bytes, len(x.words), len(x.documents), x.corpus.Len(), x.corpus.Dim(nil))
	}
	x.apply(newsOf(101, pageOf("page:1", "kettle")))
	n := newsOf(102, pageOf("page:2", "lamp"))
	n.cleared = 102
	if x.apply(n); len(x.documents) != 1 || x.words["kettle"] != nil || x.at() != 102 {
		t.Errorf("after all was taken out: %d documents at %d, want the new one", len(x.documents), x.at())
	}
}
