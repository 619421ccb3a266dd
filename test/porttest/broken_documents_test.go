package porttest_test

import (
	"cmp"
	"context"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aiwoochat/woochat/adapters/memory"
	"github.com/aiwoochat/woochat/domain/catalog"
	"github.com/aiwoochat/woochat/domain/retrieval"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/ports"
	"github.com/aiwoochat/woochat/test/porttest"
	"github.com/aiwoochat/woochat/test/porttest/brokentest"
)

// badDocs is a store of documents that works but for what is set.
type badDocs struct {
	good    *memory.Documents
	put     func(context.Context, tenant.Scope, retrieval.Document, []retrieval.Chunk) (bool, error)
	pending func(context.Context, tenant.Scope, int) ([]ports.PendingDocument, error)
	indexed func(context.Context, tenant.Scope, retrieval.DocumentID, string) error
	states  func(context.Context, tenant.Scope, retrieval.DocumentID, int) ([]retrieval.DocumentState, error)
	load    func(context.Context, tenant.Scope, []retrieval.PassageRef) ([]retrieval.Passage, error)
	cursor  func(context.Context, tenant.Scope, string) (catalog.Cursor, error)
	save    func(context.Context, tenant.Scope, string, catalog.Cursor) error
}

func newBadDocs() *badDocs {
	good := memory.NewDocuments()
	return &badDocs{
		good: good, put: good.Put, pending: good.Pending, indexed: good.Indexed, states: good.States, load: good.Load,
		cursor: good.Cursor, save: good.SaveCursor,
	}
}

func (b *badDocs) Put(ctx context.Context, s tenant.Scope, d retrieval.Document, chunks []retrieval.Chunk) (bool, error) {
	return b.put(ctx, s, d, chunks)
}

func (b *badDocs) Pending(ctx context.Context, s tenant.Scope, limit int) ([]ports.PendingDocument, error) {
	return b.pending(ctx, s, limit)
}

func (b *badDocs) Indexed(ctx context.Context, s tenant.Scope, id retrieval.DocumentID, revision string) error {
	return b.indexed(ctx, s, id, revision)
}

func (b *badDocs) States(ctx context.Context, s tenant.Scope, after retrieval.DocumentID, limit int) ([]retrieval.DocumentState, error) {
	return b.states(ctx, s, after, limit)
}

func (b *badDocs) Load(ctx context.Context, s tenant.Scope, refs []retrieval.PassageRef) ([]retrieval.Passage, error) {
	return b.load(ctx, s, refs)
}

func (b *badDocs) Cursor(ctx context.Context, s tenant.Scope, source string) (catalog.Cursor, error) {
	return b.cursor(ctx, s, source)
}

func (b *badDocs) SaveCursor(ctx context.Context, s tenant.Scope, source string, c catalog.Cursor) error {
	return b.save(ctx, s, source, c)
}

// TestDocumentSuitesCatch runs the suites on stores that are wrong in one way
// each.
func TestDocumentSuitesCatch(t *testing.T) {
	for _, b := range slices.Concat(brokenDocuments, brokenPassages, brokenInventory, brokenCursors) {
		t.Run(b.name, func(t *testing.T) {
			brokentest.Caught(t, b.by, func(t *testing.T) {
				b.suite(t, func(*testing.T) porttest.DocumentsUnderTest {
					bad := newBadDocs()
					b.spoil(bad)
					return porttest.DocumentsUnderTest{
						Documents: bad, Inventory: bad, Passages: bad, Cursors: bad, NewScope: freshScope, NewSite: freshSite,
					}
				})
			})
		})
	}
}

// waitFor gives others the time to come in between, but not for ever: where a
// broken adapter must be caught, the gap between its two steps must be wide.
func waitFor(happened func() bool) {
	for range 5_000 {
		if happened() {
			return
		}
		runtime.Gosched()
	}
}

type brokenDocs struct {
	name  string
	suite func(*testing.T, func(*testing.T) porttest.DocumentsUnderTest)
	by    string // the case that must catch it
	spoil func(b *badDocs)
}

// homes notes whose each document is, the last one to put it.
func homes(b *badDocs) *remembered[tenant.Scope] {
	var scope remembered[tenant.Scope]
	put := b.put
	b.put = func(ctx context.Context, s tenant.Scope, d retrieval.Document, chunks []retrieval.Chunk) (bool, error) {
		scope.set(string(d.ID), s)
		return put(ctx, s, d, chunks)
	}
	return &scope
}

// tenantWide puts all that belongs to a tenant on his first site.
func tenantWide() func(s tenant.Scope) tenant.Scope {
	var first remembered[tenant.Scope]
	return func(s tenant.Scope) tenant.Scope {
		if s.Valid() != nil {
			return s
		}
		first.note(string(s.Tenant), s)
		return first.of(string(s.Tenant), s)
	}
}

var brokenDocuments = []brokenDocs{
	{"an unchanged document is put again", porttest.Documents, "unchanged", func(b *badDocs) {
		b.put = func(ctx context.Context, s tenant.Scope, d retrieval.Document, chunks []retrieval.Chunk) (bool, error) {
			_, err := b.good.Put(ctx, s, d, chunks)
			return true, err
		}
	}},
	{"Shown is not compared", porttest.Documents, "tombstone", func(b *badDocs) {
		var revision remembered[string]
		b.put = func(ctx context.Context, s tenant.Scope, d retrieval.Document, chunks []retrieval.Chunk) (bool, error) {
			if revision.of(string(d.ID), "") == d.Revision {
				return false, nil
			}
			revision.set(string(d.ID), d.Revision)
			return b.good.Put(ctx, s, d, chunks)
		}
	}},
	{"a tombstone keeps its body", porttest.Documents, "tombstone", func(b *badDocs) {
		var body remembered[string]
		b.put = func(ctx context.Context, s tenant.Scope, d retrieval.Document, chunks []retrieval.Chunk) (bool, error) {
			body.set(string(d.ID), d.Body)
			return b.good.Put(ctx, s, d, chunks)
		}
		b.pending = func(ctx context.Context, s tenant.Scope, limit int) ([]ports.PendingDocument, error) {
			list, err := b.good.Pending(ctx, s, limit)
			for i := range list {
				list[i].Document.Body = body.of(string(list[i].Document.ID), "")
			}
			return list, err
		}
	}},
	{"tombstones are not pending", porttest.Documents, "tombstone", func(b *badDocs) {
		b.pending = func(ctx context.Context, s tenant.Scope, limit int) ([]ports.PendingDocument, error) {
			list, err := b.good.Pending(ctx, s, limit)
			return slices.DeleteFunc(list, func(p ports.PendingDocument) bool { return !p.Document.Shown }), err
		}
	}},
	{"vectors are kept", porttest.Documents, "round trip", func(b *badDocs) {
		b.pending = func(ctx context.Context, s tenant.Scope, limit int) ([]ports.PendingDocument, error) {
			list, err := b.good.Pending(ctx, s, limit)
			for _, p := range list {
				p.Chunks[0].Vector = []float32{1, 2, 3}
			}
			return list, err
		}
	}},
	{"a price of nothing is no price", porttest.Documents, "round trip", func(b *badDocs) {
		b.put = func(ctx context.Context, s tenant.Scope, d retrieval.Document, chunks []retrieval.Chunk) (bool, error) {
			d.Facts.Offers = slices.Clone(d.Facts.Offers)
			for i := range d.Facts.Offers {
				if d.Facts.Offers[i].Regular.Minor == 0 {
					d.Facts.Offers[i].Regular = catalog.Money{}
				}
			}
			return b.good.Put(ctx, s, d, chunks)
		}
	}},
	{"prices go through a float", porttest.Documents, "round trip", func(b *badDocs) {
		b.put = func(ctx context.Context, s tenant.Scope, d retrieval.Document, chunks []retrieval.Chunk) (bool, error) {
			d.Facts.Offers = slices.Clone(d.Facts.Offers)
			for i := range d.Facts.Offers {
				d.Facts.Offers[i].Sale.Minor = int64(float64(d.Facts.Offers[i].Sale.Minor))
			}
			return b.good.Put(ctx, s, d, chunks)
		}
	}},
	{"a sale ends on the second", porttest.Documents, "round trip", func(b *badDocs) {
		b.put = func(ctx context.Context, s tenant.Scope, d retrieval.Document, chunks []retrieval.Chunk) (bool, error) {
			d.Facts.Offers = slices.Clone(d.Facts.Offers)
			for i := range d.Facts.Offers {
				d.Facts.Offers[i].SaleTo = d.Facts.Offers[i].SaleTo.Truncate(time.Second)
			}
			return b.good.Put(ctx, s, d, chunks)
		}
	}},
	{"empty lists become nil", porttest.Documents, "bare facts", func(b *badDocs) {
		b.put = func(ctx context.Context, s tenant.Scope, d retrieval.Document, chunks []retrieval.Chunk) (bool, error) {
			if len(d.Facts.SKUs) == 0 {
				d.Facts.SKUs = nil
			}
			return b.good.Put(ctx, s, d, chunks)
		}
	}},
	{"a shorter revision leaves old chunks behind", porttest.Documents, "changed", func(b *badDocs) {
		var old remembered[[]retrieval.Chunk]
		b.put = func(ctx context.Context, s tenant.Scope, d retrieval.Document, chunks []retrieval.Chunk) (bool, error) {
			if before := old.of(string(d.ID), nil); len(before) > len(chunks) {
				chunks = append(slices.Clone(chunks), before[len(chunks):]...)
			}
			old.set(string(d.ID), chunks)
			return b.good.Put(ctx, s, d, chunks)
		}
	}},
	{"Pending is in the order of ids", porttest.Documents, "order", func(b *badDocs) {
		b.pending = func(ctx context.Context, s tenant.Scope, limit int) ([]ports.PendingDocument, error) {
			list, err := b.good.Pending(ctx, s, limit)
			slices.SortFunc(list, func(a, b ports.PendingDocument) int { return cmp.Compare(a.Document.ID, b.Document.ID) })
			return list, err
		}
	}},
	{"Pending is in the order of the shop's changes", porttest.Documents, "order", func(b *badDocs) {
		b.pending = func(ctx context.Context, s tenant.Scope, limit int) ([]ports.PendingDocument, error) {
			list, err := b.good.Pending(ctx, s, limit)
			slices.SortFunc(list, func(a, b ports.PendingDocument) int { return a.Document.Updated.Compare(b.Document.Updated) })
			return list, err
		}
	}},
	{"Pending has no limit", porttest.Documents, "order", func(b *badDocs) {
		b.pending = func(ctx context.Context, s tenant.Scope, _ int) ([]ports.PendingDocument, error) {
			return b.good.Pending(ctx, s, 1000)
		}
	}},
	{"Indexed ends the waiting of any revision", porttest.Documents, "indexed", func(b *badDocs) {
		var revision remembered[string]
		b.put = func(ctx context.Context, s tenant.Scope, d retrieval.Document, chunks []retrieval.Chunk) (bool, error) {
			revision.set(string(s.Site)+string(d.ID), d.Revision)
			return b.good.Put(ctx, s, d, chunks)
		}
		b.indexed = func(ctx context.Context, s tenant.Scope, id retrieval.DocumentID, rev string) error {
			return b.good.Indexed(ctx, s, id, revision.of(string(s.Site)+string(id), rev))
		}
	}},
	{"Indexed of what is not there is no error", porttest.Documents, "indexed", func(b *badDocs) {
		b.indexed = func(ctx context.Context, s tenant.Scope, id retrieval.DocumentID, rev string) error {
			_ = b.good.Indexed(ctx, s, id, rev)
			return nil
		}
	}},
	{"Put looks first and stores then", porttest.Documents, "same at once", func(b *badDocs) {
		var revision remembered[string]
		b.put = func(ctx context.Context, s tenant.Scope, d retrieval.Document, chunks []retrieval.Chunk) (bool, error) {
			if revision.of(string(d.ID), "") == d.Revision {
				return false, nil
			}
			runtime.Gosched()
			_, err := b.good.Put(ctx, s, d, chunks)
			revision.set(string(d.ID), d.Revision)
			return true, err
		}
	}},
	{"Indexed looks first and notes then", porttest.Documents, "change or indexed", func(b *badDocs) {
		var revision remembered[string]
		b.put = func(ctx context.Context, s tenant.Scope, d retrieval.Document, chunks []retrieval.Chunk) (bool, error) {
			ok, err := b.good.Put(ctx, s, d, chunks)
			revision.set(string(d.ID), d.Revision)
			return ok, err
		}
		b.indexed = func(ctx context.Context, s tenant.Scope, id retrieval.DocumentID, rev string) error {
			if revision.of(string(id), "") != rev {
				return b.good.Indexed(ctx, s, id, rev)
			}
			waitFor(func() bool { return revision.of(string(id), "") != rev })
			return b.good.Indexed(ctx, s, id, revision.of(string(id), ""))
		}
	}},
	{"document and chunks are two steps", porttest.Documents, "whole", func(b *badDocs) {
		var mu sync.Mutex // guards chunksOf and steps
		steps := 0
		chunksOf := map[retrieval.DocumentID][]retrieval.Chunk{}
		b.put = func(ctx context.Context, s tenant.Scope, d retrieval.Document, chunks []retrieval.Chunk) (bool, error) {
			ok, err := b.good.Put(ctx, s, d, nil)
			step := func() int {
				mu.Lock()
				defer mu.Unlock()
				return steps
			}
			before := step()
			waitFor(func() bool { return step() != before })
			mu.Lock()
			defer mu.Unlock()
			steps++
			chunksOf[d.ID] = slices.Clone(chunks)
			return ok, err
		}
		b.pending = func(ctx context.Context, s tenant.Scope, limit int) ([]ports.PendingDocument, error) {
			mu.Lock()
			defer mu.Unlock()
			list, err := b.good.Pending(ctx, s, limit)
			for i := range list {
				list[i].Chunks = chunksOf[list[i].Document.ID]
			}
			return list, err
		}
	}},
	{"Pending is the tenant's", porttest.Documents, "isolation", func(b *badDocs) {
		wide := tenantWide()
		b.put = func(ctx context.Context, s tenant.Scope, d retrieval.Document, chunks []retrieval.Chunk) (bool, error) {
			return b.good.Put(ctx, wide(s), d, chunks)
		}
		b.pending = func(ctx context.Context, s tenant.Scope, limit int) ([]ports.PendingDocument, error) {
			return b.good.Pending(ctx, wide(s), limit)
		}
	}},
	{"Indexed asks not whose the document is", porttest.Documents, "isolation", func(b *badDocs) {
		scope := homes(b)
		b.indexed = func(ctx context.Context, s tenant.Scope, id retrieval.DocumentID, rev string) error {
			return b.good.Indexed(ctx, scope.of(string(id), s), id, rev)
		}
	}},
	{"facts are shared", porttest.Documents, "not kept", func(b *badDocs) {
		var facts remembered[catalog.Facts]
		b.put = func(ctx context.Context, s tenant.Scope, d retrieval.Document, chunks []retrieval.Chunk) (bool, error) {
			facts.set(string(d.ID), d.Facts)
			return b.good.Put(ctx, s, d, chunks)
		}
		b.pending = func(ctx context.Context, s tenant.Scope, limit int) ([]ports.PendingDocument, error) {
			list, err := b.good.Pending(ctx, s, limit)
			for i := range list {
				list[i].Document.Facts = facts.of(string(list[i].Document.ID), catalog.Facts{})
			}
			return list, err
		}
	}},
}

var brokenPassages = []brokenDocs{
	{"stale passages are served", porttest.Passages, "left out", func(b *badDocs) {
		var revision remembered[string]
		b.put = func(ctx context.Context, s tenant.Scope, d retrieval.Document, chunks []retrieval.Chunk) (bool, error) {
			revision.set(string(s.Site)+string(d.ID), d.Revision)
			return b.good.Put(ctx, s, d, chunks)
		}
		b.load = func(ctx context.Context, s tenant.Scope, refs []retrieval.PassageRef) ([]retrieval.Passage, error) {
			refs = slices.Clone(refs)
			for i, r := range refs {
				refs[i].Revision = revision.of(string(s.Site)+string(r.Document), r.Revision)
			}
			return b.good.Load(ctx, s, refs)
		}
	}},
	{"what is hidden is served", porttest.Passages, "hidden and back", func(b *badDocs) {
		b.put = func(ctx context.Context, s tenant.Scope, d retrieval.Document, chunks []retrieval.Chunk) (bool, error) {
			if !d.Shown {
				return true, nil // the index will take it out, some day
			}
			if _, err := b.good.Put(ctx, s, d, chunks); err != nil {
				return false, err
			}
			return true, nil
		}
	}},
	{"passages come by document", porttest.Passages, "order", func(b *badDocs) {
		b.load = func(ctx context.Context, s tenant.Scope, refs []retrieval.PassageRef) ([]retrieval.Passage, error) {
			list, err := b.good.Load(ctx, s, refs)
			slices.SortFunc(list, func(a, b retrieval.Passage) int {
				return strings.Compare(string(a.Ref.Document), string(b.Ref.Document))
			})
			return list, err
		}
	}},
	{"one ref too many fails them all", porttest.Passages, "left out", func(b *badDocs) {
		b.load = func(ctx context.Context, s tenant.Scope, refs []retrieval.PassageRef) ([]retrieval.Passage, error) {
			list, err := b.good.Load(ctx, s, refs)
			if len(list) < len(refs) {
				return nil, ports.ErrNotFound
			}
			return list, err
		}
	}},
	{"facts are the first that were put", porttest.Passages, "facts are the store's", func(b *badDocs) {
		var facts remembered[catalog.Facts]
		b.load = func(ctx context.Context, s tenant.Scope, refs []retrieval.PassageRef) ([]retrieval.Passage, error) {
			list, err := b.good.Load(ctx, s, refs)
			for i := range list {
				facts.note(string(list[i].Ref.Document), list[i].Facts)
				list[i].Facts = facts.of(string(list[i].Ref.Document), list[i].Facts)
			}
			return list, err
		}
	}},
	{"the heading is forgotten", porttest.Passages, "load", func(b *badDocs) {
		b.load = func(ctx context.Context, s tenant.Scope, refs []retrieval.PassageRef) ([]retrieval.Passage, error) {
			list, err := b.good.Load(ctx, s, refs)
			for i := range list {
				list[i].Heading = ""
			}
			return list, err
		}
	}},
	{"another site's passages are served", porttest.Passages, "isolation", func(b *badDocs) {
		scope := homes(b)
		b.load = func(ctx context.Context, s tenant.Scope, refs []retrieval.PassageRef) ([]retrieval.Passage, error) {
			var list []retrieval.Passage
			for _, r := range refs {
				one, err := b.good.Load(ctx, scope.of(string(r.Document), s), []retrieval.PassageRef{r})
				if err != nil {
					return nil, err
				}
				list = append(list, one...)
			}
			return list, nil
		}
	}},
	{"the tenant's other sites' passages are served", porttest.Passages, "isolation", func(b *badDocs) {
		wide := tenantWide()
		b.put = func(ctx context.Context, s tenant.Scope, d retrieval.Document, chunks []retrieval.Chunk) (bool, error) {
			return b.good.Put(ctx, wide(s), d, chunks)
		}
		b.load = func(ctx context.Context, s tenant.Scope, refs []retrieval.PassageRef) ([]retrieval.Passage, error) {
			return b.good.Load(ctx, wide(s), refs)
		}
	}},
	{"only so many refs are loaded", porttest.Passages, "many", func(b *badDocs) {
		b.load = func(ctx context.Context, s tenant.Scope, refs []retrieval.PassageRef) ([]retrieval.Passage, error) {
			return b.good.Load(ctx, s, refs[:min(len(refs), 100)])
		}
	}},
	{"text and document are read apart", porttest.Passages, "while it changes", func(b *badDocs) {
		var stored remembered[string]
		b.put = func(ctx context.Context, s tenant.Scope, d retrieval.Document, chunks []retrieval.Chunk) (bool, error) {
			ok, err := b.good.Put(ctx, s, d, chunks)
			stored.set("", d.Revision)
			return ok, err
		}
		b.load = func(ctx context.Context, s tenant.Scope, refs []retrieval.PassageRef) ([]retrieval.Passage, error) {
			var list []retrieval.Passage
			for _, r := range refs {
				one, err := b.good.Load(ctx, s, []retrieval.PassageRef{r})
				if err != nil {
					return nil, err
				}
				list = append(list, one...)
				now := stored.of("", "")
				waitFor(func() bool { return stored.of("", "") != now })
			}
			return list, nil
		}
	}},
	{"passages of a document share their facts", porttest.Passages, "own copy", func(b *badDocs) {
		b.load = func(ctx context.Context, s tenant.Scope, refs []retrieval.PassageRef) ([]retrieval.Passage, error) {
			list, err := b.good.Load(ctx, s, refs)
			for i := range list {
				list[i].Facts = list[0].Facts
			}
			return list, err
		}
	}},
}

var brokenInventory = []brokenDocs{
	{"tombstones are not listed", porttest.Inventory, "tombstones", func(b *badDocs) {
		b.states = func(ctx context.Context, s tenant.Scope, after retrieval.DocumentID, limit int) ([]retrieval.DocumentState, error) {
			list, err := b.good.States(ctx, s, after, limit)
			return slices.DeleteFunc(list, func(d retrieval.DocumentState) bool { return !d.Shown }), err
		}
	}},
	{"ids are sorted without their case", porttest.Inventory, "list", func(b *badDocs) {
		b.states = func(ctx context.Context, s tenant.Scope, after retrieval.DocumentID, limit int) ([]retrieval.DocumentState, error) {
			list, err := b.good.States(ctx, s, after, limit)
			slices.SortStableFunc(list, func(a, b retrieval.DocumentState) int {
				return strings.Compare(strings.ToLower(string(a.ID)), strings.ToLower(string(b.ID)))
			})
			return list, err
		}
	}},
	{"a page begins at the given id", porttest.Inventory, "list", func(b *badDocs) {
		b.states = func(ctx context.Context, s tenant.Scope, after retrieval.DocumentID, limit int) ([]retrieval.DocumentState, error) {
			list, err := b.good.States(ctx, s, "", 1000)
			list = slices.DeleteFunc(list, func(d retrieval.DocumentState) bool { return d.ID < after })
			return list[:min(limit, len(list))], err
		}
	}},
	{"what is put counts as indexed", porttest.Inventory, "states", func(b *badDocs) {
		b.states = func(ctx context.Context, s tenant.Scope, after retrieval.DocumentID, limit int) ([]retrieval.DocumentState, error) {
			list, err := b.good.States(ctx, s, after, limit)
			for i := range list {
				list[i].Indexed = list[i].Revision
			}
			return list, err
		}
	}},
	{"the tenant's documents are listed", porttest.Inventory, "isolation", func(b *badDocs) {
		wide := tenantWide()
		b.states = func(ctx context.Context, s tenant.Scope, after retrieval.DocumentID, limit int) ([]retrieval.DocumentState, error) {
			return b.good.States(ctx, wide(s), after, limit)
		}
		b.put = func(ctx context.Context, s tenant.Scope, d retrieval.Document, chunks []retrieval.Chunk) (bool, error) {
			return b.good.Put(ctx, wide(s), d, chunks)
		}
	}},
}

var brokenCursors = []brokenDocs{
	{"a site has one cursor", porttest.Cursors, "sources", func(b *badDocs) {
		b.save = func(ctx context.Context, s tenant.Scope, _ string, c catalog.Cursor) error {
			return b.good.SaveCursor(ctx, s, "", c)
		}
		b.cursor = func(ctx context.Context, s tenant.Scope, _ string) (catalog.Cursor, error) {
			return b.good.Cursor(ctx, s, "")
		}
	}},
	{"a source has one cursor", porttest.Cursors, "isolation", func(b *badDocs) {
		var first remembered[tenant.Scope]
		b.save = func(ctx context.Context, s tenant.Scope, source string, c catalog.Cursor) error {
			first.note(source, s)
			return b.good.SaveCursor(ctx, first.of(source, s), source, c)
		}
		b.cursor = func(ctx context.Context, s tenant.Scope, source string) (catalog.Cursor, error) {
			return b.good.Cursor(ctx, first.of(source, s), source)
		}
	}},
	{"a cursor does not go back", porttest.Cursors, "round trip", func(b *badDocs) {
		b.save = func(ctx context.Context, s tenant.Scope, source string, c catalog.Cursor) error {
			if now, err := b.good.Cursor(ctx, s, source); err != nil || now > c {
				return err
			}
			return b.good.SaveCursor(ctx, s, source, c)
		}
	}},
}
