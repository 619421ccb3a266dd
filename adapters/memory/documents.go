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

// Documents keeps documents, their chunks and the cursors of their sources in
// memory. It is a [ports.Documents], [ports.Inventory], [ports.Passages] and
// [ports.Cursors].
type Documents struct {
	mu      sync.RWMutex // guards all below, and what they point to
	sites   map[tenant.Scope]map[retrieval.DocumentID]*storedDocument
	cursors map[sourceOf]catalog.Cursor
	changes int64 // counts the changes of all sites
}

type storedDocument struct {
	retrieval.Document
	chunks  []retrieval.Chunk // in the order of Seq, without vectors
	indexed string            // the revision that the index holds, "" for none
	pending int64             // the number of the change that the index must follow, 0 for none
}

type sourceOf struct {
	scope  tenant.Scope
	source string
}

// NewDocuments returns an empty store.
func NewDocuments() *Documents {
	return &Documents{
		sites:   map[tenant.Scope]map[retrieval.DocumentID]*storedDocument{},
		cursors: map[sourceOf]catalog.Cursor{},
	}
}

// Put implements [ports.Documents]. ErrInvalid for a document without an id,
// or two chunks of one Seq.
func (d *Documents) Put(ctx context.Context, s tenant.Scope, doc retrieval.Document, chunks []retrieval.Chunk) (bool, error) {
	if err := begin(ctx, s); err != nil {
		return false, err
	}
	if doc.ID == "" {
		return false, fmt.Errorf("%w: a document needs an id", ports.ErrInvalid)
	}
	doc = copyDocument(doc)
	if !doc.Shown {
		doc.Body, chunks = "", nil
	}
	chunks = slices.Clone(chunks)
	for i := range chunks {
		chunks[i].Vector = nil
	}
	slices.SortFunc(chunks, func(a, b retrieval.Chunk) int { return cmp.Compare(a.Seq, b.Seq) })
	if len(slices.CompactFunc(slices.Clone(chunks), func(a, b retrieval.Chunk) bool { return a.Seq == b.Seq })) < len(chunks) {
		return false, fmt.Errorf("document %s: %w: two chunks have one number", doc.ID, ports.ErrInvalid)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	site := d.sites[s]
	if site == nil {
		site = map[retrieval.DocumentID]*storedDocument{}
		d.sites[s] = site
	}
	next := &storedDocument{Document: doc, chunks: chunks}
	if old := site[doc.ID]; old != nil {
		if old.Revision == doc.Revision && old.Shown == doc.Shown {
			return false, nil
		}
		next.indexed = old.indexed
	}
	d.changes++
	next.pending = d.changes
	site[doc.ID] = next
	return true, nil
}

// Pending implements [ports.Documents].
func (d *Documents) Pending(ctx context.Context, s tenant.Scope, limit int) ([]ports.PendingDocument, error) {
	if err := begin(ctx, s); err != nil {
		return nil, err
	}
	d.mu.RLock()
	defer d.mu.RUnlock()
	var waiting []*storedDocument
	for _, doc := range d.sites[s] {
		if doc.pending != 0 {
			waiting = append(waiting, doc)
		}
	}
	slices.SortFunc(waiting, func(a, b *storedDocument) int { return cmp.Compare(a.pending, b.pending) })
	var list []ports.PendingDocument
	for _, doc := range waiting[:min(len(waiting), max(0, limit))] {
		list = append(list, ports.PendingDocument{Document: copyDocument(doc.Document), Chunks: slices.Clone(doc.chunks)})
	}
	return list, nil
}

// Indexed implements [ports.Documents]. An older revision that is noted late
// makes the document pending again, since the index holds the wrong one.
func (d *Documents) Indexed(ctx context.Context, s tenant.Scope, id retrieval.DocumentID, revision string) error {
	if err := begin(ctx, s); err != nil {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	doc := d.sites[s][id]
	switch {
	case doc == nil:
		return fmt.Errorf("document %s: %w", id, ports.ErrNotFound)
	case revision != doc.Revision:
		doc.indexed = revision
		if doc.pending == 0 {
			d.changes++
			doc.pending = d.changes
		}
	case doc.Shown:
		doc.indexed, doc.pending = revision, 0
	default: // taken out
		doc.indexed, doc.pending = "", 0
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
	var list []retrieval.DocumentState
	for _, id := range slices.Sorted(maps.Keys(d.sites[s])) {
		if doc := d.sites[s][id]; id > after && len(list) < limit {
			list = append(list, retrieval.DocumentState{
				ID: id, Revision: doc.Revision, Indexed: doc.indexed, Kind: doc.Kind, Source: doc.Source,
				Title: doc.Title, Shown: doc.Shown, Chunks: len(doc.chunks), Updated: doc.Updated,
			})
		}
	}
	return list, nil
}

// Load implements [ports.Passages].
func (d *Documents) Load(ctx context.Context, s tenant.Scope, refs []retrieval.PassageRef) ([]retrieval.Passage, error) {
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
		i, ok := slices.BinarySearchFunc(doc.chunks, ref.Seq, func(c retrieval.Chunk, seq int) int { return cmp.Compare(c.Seq, seq) })
		if !ok {
			continue
		}
		list = append(list, retrieval.Passage{
			Ref: ref, Kind: doc.Kind, Title: doc.Title, URL: doc.URL, Heading: doc.chunks[i].Heading,
			Text: doc.chunks[i].Text, Facts: copyFacts(doc.Facts), Updated: doc.Updated,
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
	doc.Facts, doc.Updated = copyFacts(doc.Facts), doc.Updated.UTC()
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
