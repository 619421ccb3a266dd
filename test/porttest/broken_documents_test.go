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
	pending func(context.Context, tenant.Scope, retrieval.Stage, int) ([]ports.PendingDocument, error)
	indexed func(context.Context, tenant.Scope, retrieval.Stage, []retrieval.DocumentRef) error
	states  func(context.Context, tenant.Scope, retrieval.DocumentID, int) ([]retrieval.DocumentState, error)
	load    func(context.Context, tenant.Scope, retrieval.Chunking, []retrieval.PassageRef) ([]retrieval.Passage, error)
	putAll  func(context.Context, tenant.Scope, []ports.PendingDocument) ([]bool, error)
	stored  func(context.Context, tenant.Scope, []retrieval.DocumentID) ([]retrieval.Document, error)
	cursor  func(context.Context, tenant.Scope, string) (catalog.Cursor, error)
	save    func(context.Context, tenant.Scope, string, catalog.Cursor) error
	tally   func(context.Context, tenant.Scope) (retrieval.Tally, error)
	of      func(context.Context, tenant.Scope) (retrieval.Generations, error)
	begin   func(context.Context, tenant.Scope, retrieval.Rebuild) (retrieval.Generations, error)
	swap    func(context.Context, tenant.Scope, int64, time.Time) (retrieval.Generations, error)
	retired func(context.Context, tenant.Scope, time.Time) ([]int64, error)
	forget  func(context.Context, tenant.Scope, int64) error
	expire  func(context.Context, tenant.Scope, time.Time, time.Time) error
	want    func(context.Context, string) error
	cut     func(context.Context, retrieval.Chunking) error
	wanted  func(context.Context) (retrieval.Wanted, error)
	chunks  func(context.Context, tenant.Scope, []ports.PendingDocument) ([]bool, error)
}

func newBadDocs() *badDocs {
	good := memory.NewDocuments()
	return &badDocs{
		good: good, put: good.Put, pending: good.Pending, indexed: good.Indexed, states: good.States, load: good.Load,
		putAll: good.PutAll, stored: good.Stored, cursor: good.Cursor, save: good.SaveCursor, tally: good.Tally, of: good.GenerationsOf, begin: good.Begin, swap: good.Switch,
		retired: good.Retired, forget: good.Forget, expire: good.Expire, want: good.WantModel, cut: good.WantChunking, wanted: good.Wanted, chunks: good.PutChunks,
	}
}

func (b *badDocs) Put(ctx context.Context, s tenant.Scope, d retrieval.Document, chunks []retrieval.Chunk) (bool, error) {
	return b.put(ctx, s, d, chunks)
}

func (b *badDocs) Pending(ctx context.Context, s tenant.Scope, at retrieval.Stage, limit int) ([]ports.PendingDocument, error) {
	return b.pending(ctx, s, at, limit)
}

func (b *badDocs) Indexed(ctx context.Context, s tenant.Scope, at retrieval.Stage, done []retrieval.DocumentRef) error {
	return b.indexed(ctx, s, at, done)
}

func (b *badDocs) Tally(ctx context.Context, s tenant.Scope) (retrieval.Tally, error) {
	return b.tally(ctx, s)
}

func (b *badDocs) GenerationsOf(ctx context.Context, s tenant.Scope) (retrieval.Generations, error) {
	return b.of(ctx, s)
}

func (b *badDocs) Begin(ctx context.Context, s tenant.Scope, r retrieval.Rebuild) (retrieval.Generations, error) {
	return b.begin(ctx, s, r)
}

func (b *badDocs) Switch(ctx context.Context, s tenant.Scope, no int64, at time.Time) (retrieval.Generations, error) {
	return b.swap(ctx, s, no, at)
}

func (b *badDocs) Retired(ctx context.Context, s tenant.Scope, before time.Time) ([]int64, error) {
	return b.retired(ctx, s, before)
}

func (b *badDocs) Forget(ctx context.Context, s tenant.Scope, no int64) error {
	return b.forget(ctx, s, no)
}

func (b *badDocs) Expire(ctx context.Context, s tenant.Scope, before, at time.Time) error {
	return b.expire(ctx, s, before, at)
}

func (b *badDocs) WantModel(ctx context.Context, model string) error { return b.want(ctx, model) }

func (b *badDocs) WantChunking(ctx context.Context, c retrieval.Chunking) error { return b.cut(ctx, c) }

func (b *badDocs) Wanted(ctx context.Context) (retrieval.Wanted, error) { return b.wanted(ctx) }

func (b *badDocs) PutChunks(ctx context.Context, s tenant.Scope, docs []ports.PendingDocument) ([]bool, error) {
	return b.chunks(ctx, s, docs)
}

func (b *badDocs) States(ctx context.Context, s tenant.Scope, after retrieval.DocumentID, limit int) ([]retrieval.DocumentState, error) {
	return b.states(ctx, s, after, limit)
}

func (b *badDocs) Load(ctx context.Context, s tenant.Scope, c retrieval.Chunking, refs []retrieval.PassageRef) ([]retrieval.Passage, error) {
	return b.load(ctx, s, c, refs)
}

func (b *badDocs) PutAll(ctx context.Context, s tenant.Scope, docs []ports.PendingDocument) ([]bool, error) {
	return b.putAll(ctx, s, docs)
}

func (b *badDocs) Stored(ctx context.Context, s tenant.Scope, ids []retrieval.DocumentID) ([]retrieval.Document, error) {
	return b.stored(ctx, s, ids)
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
	for _, b := range slices.Concat(brokenDocuments, brokenPassages, brokenBatches, brokenInventory, brokenStored, brokenCursors, brokenGenerations, brokenChunkings) {
		t.Run(b.name, func(t *testing.T) {
			brokentest.Caught(t, b.by, func(t *testing.T) {
				b.suite(t, func(*testing.T) porttest.DocumentsUnderTest {
					bad := newBadDocs()
					b.spoil(bad)
					return porttest.DocumentsUnderTest{
						Documents: bad, DocumentBatches: bad, Inventory: bad, StoredDocuments: bad, Passages: bad, Cursors: bad, Generations: bad, RetiredGenerations: bad, IndexModel: bad, DocumentChunks: bad,
						NewScope: freshScope, NewSite: freshSite,
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
	{"who comes last holds", porttest.Documents, "late", func(b *badDocs) {
		n := time.Duration(0)
		b.put = func(ctx context.Context, s tenant.Scope, d retrieval.Document, chunks []retrieval.Chunk) (bool, error) {
			n++
			d.Read = time.Date(2030, 1, 1, 0, 0, 0, int(n), time.UTC)
			return b.good.Put(ctx, s, d, chunks)
		}
	}},
	{"that it was found unchanged is not noted", porttest.Documents, "late", func(b *badDocs) {
		var revision remembered[string]
		b.put = func(ctx context.Context, s tenant.Scope, d retrieval.Document, chunks []retrieval.Chunk) (bool, error) {
			if d.Shown && revision.of(string(d.ID), "") == d.Revision {
				return false, nil
			}
			changed, err := b.good.Put(ctx, s, d, chunks)
			if changed {
				revision.set(string(d.ID), d.Revision)
			}
			return changed, err
		}
	}},
	{"what is told is as good as what was asked for", porttest.Documents, "told", func(b *badDocs) {
		b.put = func(ctx context.Context, s tenant.Scope, d retrieval.Document, chunks []retrieval.Chunk) (bool, error) {
			d.Told = false
			return b.good.Put(ctx, s, d, chunks)
		}
	}},
	{"what was asked for is no better than what is told", porttest.Documents, "told", func(b *badDocs) {
		b.put = func(ctx context.Context, s tenant.Scope, d retrieval.Document, chunks []retrieval.Chunk) (bool, error) {
			d.Told = true
			return b.good.Put(ctx, s, d, chunks)
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
		b.pending = func(ctx context.Context, s tenant.Scope, at retrieval.Stage, limit int) ([]ports.PendingDocument, error) {
			list, err := b.good.Pending(ctx, s, at, limit)
			for i := range list {
				list[i].Document.Body = body.of(string(list[i].Document.ID), "")
			}
			return list, err
		}
	}},
	{"tombstones are not pending", porttest.Documents, "tombstone", func(b *badDocs) {
		b.pending = func(ctx context.Context, s tenant.Scope, at retrieval.Stage, limit int) ([]ports.PendingDocument, error) {
			list, err := b.good.Pending(ctx, s, at, limit)
			return slices.DeleteFunc(list, func(p ports.PendingDocument) bool { return !p.Document.Shown }), err
		}
	}},
	{"vectors are kept", porttest.Documents, "round trip", func(b *badDocs) {
		b.pending = func(ctx context.Context, s tenant.Scope, at retrieval.Stage, limit int) ([]ports.PendingDocument, error) {
			list, err := b.good.Pending(ctx, s, at, limit)
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
		b.pending = func(ctx context.Context, s tenant.Scope, at retrieval.Stage, limit int) ([]ports.PendingDocument, error) {
			list, err := b.good.Pending(ctx, s, at, limit)
			slices.SortFunc(list, func(a, b ports.PendingDocument) int { return cmp.Compare(a.Document.ID, b.Document.ID) })
			return list, err
		}
	}},
	{"Pending is in the order of the shop's changes", porttest.Documents, "order", func(b *badDocs) {
		b.pending = func(ctx context.Context, s tenant.Scope, at retrieval.Stage, limit int) ([]ports.PendingDocument, error) {
			list, err := b.good.Pending(ctx, s, at, limit)
			slices.SortFunc(list, func(a, b ports.PendingDocument) int { return a.Document.Updated.Compare(b.Document.Updated) })
			return list, err
		}
	}},
	{"Pending has no limit", porttest.Documents, "order", func(b *badDocs) {
		b.pending = func(ctx context.Context, s tenant.Scope, at retrieval.Stage, _ int) ([]ports.PendingDocument, error) {
			return b.good.Pending(ctx, s, at, 1000)
		}
	}},
	{"Indexed ends the waiting of any revision", porttest.Documents, "indexed", func(b *badDocs) {
		var revision remembered[string]
		b.put = func(ctx context.Context, s tenant.Scope, d retrieval.Document, chunks []retrieval.Chunk) (bool, error) {
			revision.set(string(s.Site)+string(d.ID), d.Revision)
			return b.good.Put(ctx, s, d, chunks)
		}
		b.indexed = func(ctx context.Context, s tenant.Scope, at retrieval.Stage, done []retrieval.DocumentRef) error {
			done = slices.Clone(done)
			for i, d := range done {
				done[i].Revision = revision.of(string(s.Site)+string(d.ID), d.Revision)
			}
			return b.good.Indexed(ctx, s, at, done)
		}
	}},
	{"Indexed of what is not there ends the call", porttest.Documents, "indexed", func(b *badDocs) {
		b.indexed = func(ctx context.Context, s tenant.Scope, at retrieval.Stage, done []retrieval.DocumentRef) error {
			for _, d := range done {
				states, err := b.good.States(ctx, s, "", 1000)
				if err != nil {
					return err
				}
				if !slices.ContainsFunc(states, func(st retrieval.DocumentState) bool { return st.ID == d.ID }) {
					return nil
				}
				if err := b.good.Indexed(ctx, s, at, []retrieval.DocumentRef{d}); err != nil {
					return err
				}
			}
			return nil
		}
	}},
	{"Indexed notes the first only", porttest.Documents, "indexed", func(b *badDocs) {
		b.indexed = func(ctx context.Context, s tenant.Scope, at retrieval.Stage, done []retrieval.DocumentRef) error {
			return b.good.Indexed(ctx, s, at, done[:min(1, len(done))])
		}
	}},
	{"by words is whole", porttest.Documents, "by words", func(b *badDocs) {
		b.indexed = func(ctx context.Context, s tenant.Scope, at retrieval.Stage, done []retrieval.DocumentRef) error {
			at.Words = false
			return b.good.Indexed(ctx, s, at, done)
		}
	}},
	{"by words is not noted", porttest.Documents, "by words", func(b *badDocs) {
		b.pending = func(ctx context.Context, s tenant.Scope, at retrieval.Stage, limit int) ([]ports.PendingDocument, error) {
			at.Words = false
			return b.good.Pending(ctx, s, at, limit)
		}
	}},
	{"any generation will do", porttest.Documents, "generation", func(b *badDocs) {
		b.indexed = func(ctx context.Context, s tenant.Scope, at retrieval.Stage, done []retrieval.DocumentRef) error {
			g, err := b.good.GenerationsOf(ctx, s)
			if err != nil {
				return err
			}
			at.Generation = g.Served.No
			return b.good.Indexed(ctx, s, at, done)
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
		b.indexed = func(ctx context.Context, s tenant.Scope, at retrieval.Stage, done []retrieval.DocumentRef) error {
			id, rev := string(done[0].ID), done[0].Revision
			if revision.of(id, "") != rev {
				return b.good.Indexed(ctx, s, at, done)
			}
			waitFor(func() bool { return revision.of(id, "") != rev })
			return b.good.Indexed(ctx, s, at, []retrieval.DocumentRef{{ID: done[0].ID, Revision: revision.of(id, "")}})
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
		b.pending = func(ctx context.Context, s tenant.Scope, at retrieval.Stage, limit int) ([]ports.PendingDocument, error) {
			mu.Lock()
			defer mu.Unlock()
			list, err := b.good.Pending(ctx, s, at, limit)
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
		b.pending = func(ctx context.Context, s tenant.Scope, at retrieval.Stage, limit int) ([]ports.PendingDocument, error) {
			return b.good.Pending(ctx, wide(s), at, limit)
		}
	}},
	{"Indexed asks not whose the document is", porttest.Documents, "isolation", func(b *badDocs) {
		scope := homes(b)
		b.indexed = func(ctx context.Context, s tenant.Scope, at retrieval.Stage, done []retrieval.DocumentRef) error {
			for _, d := range done {
				if err := b.good.Indexed(ctx, scope.of(string(d.ID), s), at, []retrieval.DocumentRef{d}); err != nil {
					return err
				}
			}
			return nil
		}
	}},
	{"facts are shared", porttest.Documents, "not kept", func(b *badDocs) {
		var facts remembered[catalog.Facts]
		b.put = func(ctx context.Context, s tenant.Scope, d retrieval.Document, chunks []retrieval.Chunk) (bool, error) {
			facts.set(string(d.ID), d.Facts)
			return b.good.Put(ctx, s, d, chunks)
		}
		b.pending = func(ctx context.Context, s tenant.Scope, at retrieval.Stage, limit int) ([]ports.PendingDocument, error) {
			list, err := b.good.Pending(ctx, s, at, limit)
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
		b.load = func(ctx context.Context, s tenant.Scope, c retrieval.Chunking, refs []retrieval.PassageRef) ([]retrieval.Passage, error) {
			refs = slices.Clone(refs)
			for i, r := range refs {
				refs[i].Revision = revision.of(string(s.Site)+string(r.Document), r.Revision)
			}
			return b.good.Load(ctx, s, c, refs)
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
		b.load = func(ctx context.Context, s tenant.Scope, c retrieval.Chunking, refs []retrieval.PassageRef) ([]retrieval.Passage, error) {
			list, err := b.good.Load(ctx, s, c, refs)
			slices.SortFunc(list, func(a, b retrieval.Passage) int {
				return strings.Compare(string(a.Ref.Document), string(b.Ref.Document))
			})
			return list, err
		}
	}},
	{"one ref too many fails them all", porttest.Passages, "left out", func(b *badDocs) {
		b.load = func(ctx context.Context, s tenant.Scope, c retrieval.Chunking, refs []retrieval.PassageRef) ([]retrieval.Passage, error) {
			list, err := b.good.Load(ctx, s, c, refs)
			if len(list) < len(refs) {
				return nil, ports.ErrNotFound
			}
			return list, err
		}
	}},
	{"facts are the first that were put", porttest.Passages, "facts are the store's", func(b *badDocs) {
		var facts remembered[catalog.Facts]
		b.load = func(ctx context.Context, s tenant.Scope, c retrieval.Chunking, refs []retrieval.PassageRef) ([]retrieval.Passage, error) {
			list, err := b.good.Load(ctx, s, c, refs)
			for i := range list {
				facts.note(string(list[i].Ref.Document), list[i].Facts)
				list[i].Facts = facts.of(string(list[i].Ref.Document), list[i].Facts)
			}
			return list, err
		}
	}},
	{"the heading is forgotten", porttest.Passages, "load", func(b *badDocs) {
		b.load = func(ctx context.Context, s tenant.Scope, c retrieval.Chunking, refs []retrieval.PassageRef) ([]retrieval.Passage, error) {
			list, err := b.good.Load(ctx, s, c, refs)
			for i := range list {
				list[i].Heading = ""
			}
			return list, err
		}
	}},
	{"another site's passages are served", porttest.Passages, "isolation", func(b *badDocs) {
		scope := homes(b)
		b.load = func(ctx context.Context, s tenant.Scope, c retrieval.Chunking, refs []retrieval.PassageRef) ([]retrieval.Passage, error) {
			var list []retrieval.Passage
			for _, r := range refs {
				one, err := b.good.Load(ctx, scope.of(string(r.Document), s), c, []retrieval.PassageRef{r})
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
		b.load = func(ctx context.Context, s tenant.Scope, c retrieval.Chunking, refs []retrieval.PassageRef) ([]retrieval.Passage, error) {
			return b.good.Load(ctx, wide(s), c, refs)
		}
	}},
	{"only so many refs are loaded", porttest.Passages, "many", func(b *badDocs) {
		b.load = func(ctx context.Context, s tenant.Scope, c retrieval.Chunking, refs []retrieval.PassageRef) ([]retrieval.Passage, error) {
			return b.good.Load(ctx, s, c, refs[:min(len(refs), 100)])
		}
	}},
	{"text and document are read apart", porttest.Passages, "while it changes", func(b *badDocs) {
		var stored remembered[string]
		b.put = func(ctx context.Context, s tenant.Scope, d retrieval.Document, chunks []retrieval.Chunk) (bool, error) {
			ok, err := b.good.Put(ctx, s, d, chunks)
			stored.set("", d.Revision)
			return ok, err
		}
		b.load = func(ctx context.Context, s tenant.Scope, c retrieval.Chunking, refs []retrieval.PassageRef) ([]retrieval.Passage, error) {
			var list []retrieval.Passage
			for _, r := range refs {
				one, err := b.good.Load(ctx, s, c, []retrieval.PassageRef{r})
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
		b.load = func(ctx context.Context, s tenant.Scope, c retrieval.Chunking, refs []retrieval.PassageRef) ([]retrieval.Passage, error) {
			list, err := b.good.Load(ctx, s, c, refs)
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
	{"what is found by words does not wait", porttest.Inventory, "tally", func(b *badDocs) {
		b.tally = func(ctx context.Context, s tenant.Scope) (retrieval.Tally, error) {
			n, err := b.good.Tally(ctx, s)
			n.Waiting = n.Unfound
			return n, err
		}
	}},
	{"tombstones are counted as shown", porttest.Inventory, "tally", func(b *badDocs) {
		b.tally = func(ctx context.Context, s tenant.Scope) (retrieval.Tally, error) {
			n, err := b.good.Tally(ctx, s)
			n.Shown += n.Hidden
			return n, err
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

var brokenBatches = []brokenDocs{
	{"what comes before a bad document is stored", porttest.DocumentBatches, "all or none", func(b *badDocs) {
		b.putAll = func(ctx context.Context, s tenant.Scope, docs []ports.PendingDocument) ([]bool, error) {
			var out []bool
			for _, d := range docs {
				changed, err := b.good.Put(ctx, s, d.Document, d.Chunks)
				if err != nil {
					return nil, err
				}
				out = append(out, changed)
			}
			return out, ctx.Err()
		}
	}},
	{"all are said to have changed", porttest.DocumentBatches, "as Put", func(b *badDocs) {
		b.putAll = func(ctx context.Context, s tenant.Scope, docs []ports.PendingDocument) ([]bool, error) {
			out, err := b.good.PutAll(ctx, s, docs)
			for i := range out {
				out[i] = true
			}
			return out, err
		}
	}},
	{"of two of one id the first one stays", porttest.DocumentBatches, "as Put", func(b *badDocs) {
		b.putAll = func(ctx context.Context, s tenant.Scope, docs []ports.PendingDocument) ([]bool, error) {
			docs = slices.Clone(docs)
			slices.Reverse(docs)
			out, err := b.good.PutAll(ctx, s, docs)
			slices.Reverse(out)
			return out, err
		}
	}},
	{"any number is put", porttest.DocumentBatches, "limit", func(b *badDocs) {
		b.putAll = func(ctx context.Context, s tenant.Scope, docs []ports.PendingDocument) ([]bool, error) {
			var out []bool
			for part := range slices.Chunk(docs, ports.MaxPut) {
				more, err := b.good.PutAll(ctx, s, part)
				if err != nil {
					return nil, err
				}
				out = append(out, more...)
			}
			return out, ctx.Err()
		}
	}},
	{"the tenant's documents are put", porttest.DocumentBatches, "isolation", func(b *badDocs) {
		wide := tenantWide()
		b.putAll = func(ctx context.Context, s tenant.Scope, docs []ports.PendingDocument) ([]bool, error) {
			return b.good.PutAll(ctx, wide(s), docs)
		}
		b.states = func(ctx context.Context, s tenant.Scope, after retrieval.DocumentID, limit int) ([]retrieval.DocumentState, error) {
			return b.good.States(ctx, wide(s), after, limit)
		}
	}},
}

var brokenStored = []brokenDocs{
	{"the text is returned, too", porttest.StoredDocuments, "stored", func(b *badDocs) {
		b.stored = func(ctx context.Context, s tenant.Scope, ids []retrieval.DocumentID) ([]retrieval.Document, error) {
			list, err := b.good.Stored(ctx, s, ids)
			for i := range list {
				list[i].Body = "text"
			}
			return list, err
		}
	}},
	{"what is asked for twice comes twice", porttest.StoredDocuments, "stored", func(b *badDocs) {
		b.stored = func(ctx context.Context, s tenant.Scope, ids []retrieval.DocumentID) ([]retrieval.Document, error) {
			var list []retrieval.Document
			for _, id := range slices.Sorted(slices.Values(ids)) {
				one, err := b.good.Stored(ctx, s, []retrieval.DocumentID{id})
				if err != nil {
					return nil, err
				}
				list = append(list, one...)
			}
			return list, ctx.Err()
		}
	}},
	{"facts are not returned", porttest.StoredDocuments, "stored", func(b *badDocs) {
		b.stored = func(ctx context.Context, s tenant.Scope, ids []retrieval.DocumentID) ([]retrieval.Document, error) {
			list, err := b.good.Stored(ctx, s, ids)
			for i := range list {
				list[i].Facts.Offers = nil
			}
			return list, err
		}
	}},
	{"tombstones are not there", porttest.StoredDocuments, "tombstones", func(b *badDocs) {
		b.stored = func(ctx context.Context, s tenant.Scope, ids []retrieval.DocumentID) ([]retrieval.Document, error) {
			list, err := b.good.Stored(ctx, s, ids)
			return slices.DeleteFunc(list, func(d retrieval.Document) bool { return !d.Shown }), err
		}
	}},
	{"only a page of ids is looked up", porttest.StoredDocuments, "limit", func(b *badDocs) {
		b.stored = func(ctx context.Context, s tenant.Scope, ids []retrieval.DocumentID) ([]retrieval.Document, error) {
			return b.good.Stored(ctx, s, ids[:min(len(ids), 500)])
		}
	}},
	{"the tenant's documents are found", porttest.StoredDocuments, "isolation", func(b *badDocs) {
		wide := tenantWide()
		b.stored = func(ctx context.Context, s tenant.Scope, ids []retrieval.DocumentID) ([]retrieval.Document, error) {
			return b.good.Stored(ctx, wide(s), ids)
		}
		b.put = func(ctx context.Context, s tenant.Scope, d retrieval.Document, chunks []retrieval.Chunk) (bool, error) {
			return b.good.Put(ctx, wide(s), d, chunks)
		}
	}},
}

var brokenCursors = []brokenDocs{
	{"a cursor is cut at 64 KiB", porttest.Cursors, "round trip", func(b *badDocs) {
		b.save = func(ctx context.Context, s tenant.Scope, source string, c catalog.Cursor) error {
			return b.good.SaveCursor(ctx, s, source, c[:min(len(c), 64<<10)])
		}
	}},
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
