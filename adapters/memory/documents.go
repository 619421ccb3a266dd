package memory

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"

	"github.com/aiwoochat/woochat/domain/catalog"
	"github.com/aiwoochat/woochat/domain/retrieval"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/ports"
)

// Documents keeps documents, their chunks, the cursors of their sources, and the
// generations of the index in memory. It is a [ports.Documents],
// [ports.DocumentChunks], [ports.Inventory], [ports.Passages], [ports.Cursors],
// [ports.Generations], [ports.RetiredGenerations] and [ports.IndexModel].
type Documents struct {
	mu      sync.RWMutex // guards all below, and what they point to
	sites   map[tenant.Scope]map[retrieval.DocumentID]*storedDocument
	cursors map[sourceOf]catalog.Cursor
	changes int64 // counts the changes of all sites

	generations map[tenant.Scope]*siteGenerations
	indexes     int64 // counts the changes of generations
	wanted      retrieval.Wanted
}

type storedDocument struct {
	retrieval.Document
	chunks  map[retrieval.Chunking][]retrieval.Chunk // in the order of Seq, without vectors
	indexed string                                   // the revision that the index holds, "" for none
	pending int64                                    // the number of the change that the index must follow, 0 for none
	worded  bool                                     // it is found by its words as it is, though it is pending
	unbuilt bool                                     // the generation that is built lacks it
	former  *string                                  // the revision that the former generation holds, "" for none; nil: nobody knows
}

type sourceOf struct {
	scope  tenant.Scope
	source string
}

// NewDocuments returns an empty store.
func NewDocuments() *Documents {
	return &Documents{
		sites:   map[tenant.Scope]map[retrieval.DocumentID]*storedDocument{},
		cursors: map[sourceOf]catalog.Cursor{}, generations: map[tenant.Scope]*siteGenerations{},
	}
}

// Put implements [ports.Documents]. ErrInvalid for a document without an id,
// or two chunks of one Seq.
func (d *Documents) Put(ctx context.Context, s tenant.Scope, doc retrieval.Document, chunks []retrieval.Chunk) (bool, error) {
	changed, err := d.PutAll(ctx, s, []ports.PendingDocument{{Document: doc, Chunks: chunks}})
	if err != nil {
		return false, err
	}
	return changed[0], nil
}

// PutAll implements [ports.DocumentBatches]. ErrInvalid as in Put.
func (d *Documents) PutAll(ctx context.Context, s tenant.Scope, docs []ports.PendingDocument) ([]bool, error) {
	if err := begin(ctx, s); err != nil {
		return nil, err
	}
	if len(docs) > ports.MaxPut {
		return nil, fmt.Errorf("%w: %d documents are put, at most %d are", ports.ErrInvalid, len(docs), ports.MaxPut)
	}
	next := make([]*storedDocument, 0, len(docs))
	for _, p := range docs {
		n, err := newStored(p.Document, p.Chunks)
		if err != nil {
			return nil, err
		}
		next = append(next, n)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	changed := make([]bool, len(docs))
	for i, n := range next {
		changed[i] = d.put(s, n)
	}
	return changed, nil
}

// newStored returns a document as it is kept.
func newStored(doc retrieval.Document, chunks []retrieval.Chunk) (*storedDocument, error) {
	if doc.ID == "" {
		return nil, fmt.Errorf("%w: a document needs an id", ports.ErrInvalid)
	}
	doc = copyDocument(doc)
	if !doc.Shown {
		doc.Body, chunks = "", nil
	}
	c, chunks, err := ordered(doc.ID, chunks)
	if err != nil {
		return nil, err
	}
	n := &storedDocument{Document: doc, chunks: map[retrieval.Chunking][]retrieval.Chunk{}}
	if len(chunks) > 0 {
		n.chunks[c] = chunks
	}
	return n, nil
}

// put stores next. The caller holds d.mu.
func (d *Documents) put(s tenant.Scope, next *storedDocument) bool {
	site := d.sites[s]
	if site == nil {
		site = map[retrieval.DocumentID]*storedDocument{}
		d.sites[s] = site
	}
	if old := site[next.ID]; old != nil {
		if !next.Supersedes(retrieval.Age{Updated: old.Updated, Read: old.Read}) {
			return false
		}
		if old.Revision == next.Revision && old.Shown == next.Shown {
			old.Updated, old.Read = next.Updated, next.Read
			return false
		}
		next.indexed, next.former = old.indexed, old.former
	}
	next.Told = false // it is of this Put, and not of the document
	d.changes++
	next.pending = d.changes
	next.unbuilt = d.of(s).Building.No != 0
	site[next.ID] = next
	return true
}

// Pending implements [ports.Documents].
func (d *Documents) Pending(ctx context.Context, s tenant.Scope, at retrieval.Stage, limit int) ([]ports.PendingDocument, error) {
	if err := begin(ctx, s); err != nil {
		return nil, err
	}
	d.mu.RLock()
	defer d.mu.RUnlock()
	g := d.of(s)
	if !g.Has(at.Generation) {
		return nil, noGeneration(at.Generation)
	}
	building, chunking := at.Generation != g.Served.No, g.Served.Chunking
	if building {
		chunking = g.Building.Chunking
	}
	var waiting []*storedDocument
	for _, doc := range d.sites[s] {
		if building && doc.unbuilt || !building && doc.pending != 0 && !(at.Words && doc.worded) {
			waiting = append(waiting, doc)
		}
	}
	slices.SortFunc(waiting, func(a, b *storedDocument) int {
		return cmp.Or(cmp.Compare(a.pending, b.pending), cmp.Compare(a.ID, b.ID))
	})
	var list []ports.PendingDocument
	for _, doc := range waiting[:min(len(waiting), max(0, limit))] {
		list = append(list, ports.PendingDocument{Document: copyDocument(doc.Document), Chunks: slices.Clone(doc.chunks[chunking])})
	}
	return list, nil
}

// Indexed implements [ports.Documents]. An older revision that is noted late
// makes the document pending again, since the index holds the wrong one.
func (d *Documents) Indexed(ctx context.Context, s tenant.Scope, at retrieval.Stage, done []retrieval.DocumentRef) error {
	if err := begin(ctx, s); err != nil {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	g := d.of(s)
	if !g.Has(at.Generation) {
		return noGeneration(at.Generation)
	}
	for _, ref := range done {
		doc := d.sites[s][ref.ID]
		switch {
		case doc == nil:
		case at.Generation != g.Served.No:
			doc.unbuilt = ref.Revision != doc.Revision
		case ref.Revision != doc.Revision:
			doc.indexed, doc.worded = ref.Revision, false
			if doc.pending == 0 {
				d.changes++
				doc.pending = d.changes
			}
		case !doc.Shown: // taken out
			doc.indexed, doc.pending = "", 0
		case !at.Words:
			doc.indexed, doc.pending = ref.Revision, 0
		case doc.pending != 0:
			doc.worded = true
		}
	}
	return nil
}

// States implements [ports.Inventory].
func (d *Documents) States(ctx context.Context, s tenant.Scope, after retrieval.DocumentID, limit int) ([]retrieval.DocumentState, error) {
	if err := begin(ctx, s); err != nil {
		return nil, err
	}
	d.mu.RLock()
	defer d.mu.RUnlock()
	served := d.of(s).Served.Chunking
	var list []retrieval.DocumentState
	for _, id := range slices.Sorted(maps.Keys(d.sites[s])) {
		if doc := d.sites[s][id]; id > after && len(list) < limit {
			list = append(list, retrieval.DocumentState{
				ID: id, Revision: doc.Revision, Indexed: doc.indexed, Kind: doc.Kind, Source: doc.Source,
				Title: doc.Title, Shown: doc.Shown, Chunks: len(doc.chunks[served]), Updated: doc.Updated,
			})
		}
	}
	return list, nil
}

// Tally implements [ports.Inventory].
func (d *Documents) Tally(ctx context.Context, s tenant.Scope) (retrieval.Tally, error) {
	if err := begin(ctx, s); err != nil {
		return retrieval.Tally{}, err
	}
	d.mu.RLock()
	defer d.mu.RUnlock()
	served := d.of(s).Served.Chunking
	var n retrieval.Tally
	for _, doc := range d.sites[s] {
		n.Chunks += len(doc.chunks[served])
		for count, is := range map[*int]bool{
			&n.Shown: doc.Shown, &n.Hidden: !doc.Shown, &n.Unbuilt: doc.unbuilt,
			&n.Waiting: doc.pending != 0, &n.Unfound: doc.pending != 0 && !doc.worded,
		} {
			if is {
				*count++
			}
		}
	}
	return n, nil
}

// Load implements [ports.Passages].
func (d *Documents) Load(ctx context.Context, s tenant.Scope, c retrieval.Chunking, refs []retrieval.PassageRef) ([]retrieval.Passage, error) {
	if err := begin(ctx, s); err != nil {
		return nil, err
	}
	d.mu.RLock()
	defer d.mu.RUnlock()
	var list []retrieval.Passage
	for _, ref := range refs {
		doc := d.sites[s][ref.Document]
		if doc == nil || !doc.Shown || doc.Revision != ref.Revision {
			continue
		}
		chunks := doc.chunks[c]
		i, ok := slices.BinarySearchFunc(chunks, ref.Seq, func(c retrieval.Chunk, seq int) int { return cmp.Compare(c.Seq, seq) })
		if !ok {
			continue
		}
		list = append(list, retrieval.Passage{
			Ref: ref, Kind: doc.Kind, Locale: doc.Locale, Title: doc.Title, URL: doc.URL, Heading: chunks[i].Heading,
			Text: chunks[i].Text, Facts: copyFacts(doc.Facts), Updated: doc.Updated,
		})
	}
	return list, nil
}

// Cursor implements [ports.Cursors].
func (d *Documents) Cursor(ctx context.Context, s tenant.Scope, source string) (catalog.Cursor, error) {
	if err := begin(ctx, s); err != nil {
		return "", err
	}
	d.mu.RLock()
	defer d.mu.RUnlock()
	return d.cursors[sourceOf{s, source}], nil
}

// SaveCursor implements [ports.Cursors].
func (d *Documents) SaveCursor(ctx context.Context, s tenant.Scope, source string, c catalog.Cursor) error {
	if err := begin(ctx, s); err != nil {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.cursors[sourceOf{s, source}] = c
	return nil
}

// copyDocument returns a doc that shares nothing with it, its times in UTC.
func copyDocument(doc retrieval.Document) retrieval.Document {
	doc.Facts, doc.Updated, doc.Read = copyFacts(doc.Facts), doc.Updated.UTC(), doc.Read.UTC()
	return doc
}

func copyFacts(f catalog.Facts) catalog.Facts {
	for _, list := range []*[]string{&f.SKUs, &f.GTINs, &f.Brands, &f.Categories, &f.Tags} {
		*list = slices.Clone(*list)
	}
	f.Attributes, f.Offers, f.AsOf = copyAttributes(f.Attributes), slices.Clone(f.Offers), f.AsOf.UTC()
	for i := range f.Offers {
		o := &f.Offers[i]
		o.Attributes, o.SaleFrom, o.SaleTo = copyAttributes(o.Attributes), o.SaleFrom.UTC(), o.SaleTo.UTC()
	}
	return f
}
