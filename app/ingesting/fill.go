package ingesting

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/aiwoochat/woochat/domain/retrieval"
	"github.com/aiwoochat/woochat/ports"
)

// pass brings one generation after the store.
type pass struct {
	*draining
	gen      retrieval.Generation
	building bool // gen is not searched yet
	// from is a generation of the same model, whose vectors are as good; nil for
	// none.
	from     *int64
	embedder ports.Embedder // nil if none is needed, or none is there

	until time.Time // when to leave the rest to the next Drain; zero: never
	cut   bool      // it was

	paused error // why embedding stopped
	// serial is set when the day's limit comes near: one call at a time then
	// uses up what is left.
	serial bool
	sure   bool // the vectors of from are those of the embedder
}

func (d *draining) pass(g retrieval.Generation) *pass {
	return &pass{draining: d, gen: g, embedder: d.embedder(g.Model)}
}

// blind reports whether the generation wants vectors that nobody here can make.
func (p *pass) blind() bool { return p.gen.Model != "" && p.embedder == nil }

// stopped reports whether embedding has paused.
func (p *pass) stopped() bool { return p.paused != nil }

// over reports whether the rest is the next Drain's.
func (p *pass) over() bool { return !p.until.IsZero() && !p.deps.Now().Before(p.until) }

// Sizes of the pages in which pending documents are read: a page should be
// enough for all calls that run at once, but documents may be large.
const (
	firstPage = 100
	leastPage = 10
	mostPage  = 1000
)

// fill embeds and puts all that the generation lacks, as far as it can.
func (p *pass) fill(ctx context.Context) error {
	if p.blind() {
		return nil
	}
	limit := p.pageOf(p.scope)
	defer func() { p.setPage(p.scope, limit, p.cut) }()
	for {
		docs, err := p.pending(ctx, retrieval.Stage{Generation: p.gen.No}, limit)
		if err != nil || len(docs) == 0 {
			return err
		}
		page, err := p.page(ctx, docs)
		if err != nil {
			return err
		}
		if err := page.index(ctx); err != nil {
			return err
		}
		if p.cut = p.cut || !p.stopped() && p.over(); p.cut {
			limit = next(p, page, limit)
			return nil
		}
		// Documents that change faster than they are indexed do not keep us.
		if p.stopped() || page.noted == 0 {
			return nil
		}
		limit = next(p, page, limit)
	}
}

// next returns how many documents are read after a page of so many.
func next(p *pass, page *page, limit int) int {
	wanted := 2 * p.deps.EmbedTexts * p.deps.EmbedParallel // so that puts go on beside calls
	return min(max(len(page.docs)*wanted/max(page.texts, 1), leastPage), 2*limit, mostPage)
}

// byWords puts what is still not found to the index without the vectors that are
// missing. What needs none is whole by that.
func (p *pass) byWords(ctx context.Context) error {
	for {
		docs, err := p.pending(ctx, retrieval.Stage{Generation: p.gen.No, Words: true}, firstPage)
		if err != nil || len(docs) == 0 {
			return err
		}
		page, err := p.page(ctx, docs)
		if err != nil {
			return err
		}
		page.words = true
		if err := page.index(ctx); err != nil {
			return err
		}
		if page.noted == 0 {
			return nil
		}
		if p.cut = p.over(); p.cut {
			return nil
		}
	}
}

func (p *pass) pending(ctx context.Context, at retrieval.Stage, limit int) ([]ports.PendingDocument, error) {
	docs, err := p.deps.Documents.Pending(ctx, p.scope, at, limit)
	if err != nil {
		return nil, moved(fmt.Errorf("list what has changed: %w", err))
	}
	return docs, nil
}

// page is some pending documents on their way into the index.
type page struct {
	*pass
	words bool // nothing is embedded
	docs  []*leaving
	wants map[retrieval.TextKey]*text
	order []*text // the wants, in the order of the documents
	texts int     // of all documents
	noted int
}

// leaving is a document of a page.
type leaving struct {
	ports.PendingDocument
	keys    []retrieval.TextKey // of its chunks; nil if it needs no vectors
	missing int                 // of its chunks' vectors, those that may still come
	noted   bool
}

// text is what is embedded: once, however many chunks it is.
type text struct {
	key    retrieval.TextKey
	text   string
	tokens int64
	of     []*leaving // once for each chunk
	vector []float32  // nil until it has come
	kept   bool       // the index had it
	err    error      // why it will never come
}

// page returns documents that are pending, cut as the generation's are.
func (p *pass) page(ctx context.Context, docs []ports.PendingDocument) (*page, error) {
	docs, err := p.recut(ctx, docs)
	if err != nil {
		return nil, err
	}
	g := &page{pass: p, wants: map[retrieval.TextKey]*text{}}
	for _, doc := range docs {
		l := &leaving{PendingDocument: doc}
		g.docs = append(g.docs, l)
		g.texts += len(doc.Chunks)
		if p.gen.Model == "" {
			continue
		}
		for _, c := range doc.Chunks {
			t := retrieval.EmbeddingText(doc.Document.Title, c)
			key := retrieval.KeyOf(t)
			want := g.wants[key]
			if want == nil {
				want = &text{key: key, text: t}
				g.wants[key] = want
				g.order = append(g.order, want)
			}
			want.of = append(want.of, l)
			l.keys = append(l.keys, key)
		}
		l.missing = len(l.keys)
	}
	return g, nil
}

// index brings the documents of the page into the index.
func (g *page) index(ctx context.Context) error {
	if err := g.takeOver(ctx); err != nil {
		return err
	}
	if err := g.putReady(ctx); err != nil {
		return err
	}
	if g.words {
		return g.putRest(ctx)
	}
	return g.embed(ctx)
}

// takeOver takes the vectors that the index has already.
func (g *page) takeOver(ctx context.Context) error {
	var ids []retrieval.DocumentID
	for _, l := range g.docs {
		if l.missing > 0 {
			ids = append(ids, l.Document.ID)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	held, err := g.held(ctx, g.gen.No, ids)
	if err != nil {
		return err
	}
	g.keep(held)
	if g.from == nil {
		return nil
	}
	if held, err = g.held(ctx, *g.from, ids); err != nil || len(held) == 0 {
		return err
	}
	same, err := g.sameModel(ctx, held)
	if same {
		g.keep(held)
	}
	return err
}

func (g *page) held(ctx context.Context, no int64, ids []retrieval.DocumentID) ([]retrieval.Embedded, error) {
	held, err := g.deps.Indexer.Vectors(ctx, g.scope, no, ids)
	if err != nil {
		return nil, fmt.Errorf("vectors that the index has: %w", err)
	}
	return held, nil
}

// keep takes vectors for the texts that they were made of.
func (g *page) keep(held []retrieval.Embedded) {
	for _, h := range held {
		if want := g.wants[h.Key]; want != nil && want.vector == nil {
			want.arrived(h.Vector)
			want.kept = true
		}
	}
}

// arrived notes the vector of a text.
func (t *text) arrived(vector []float32) {
	t.vector = vector
	for _, l := range t.of {
		l.missing--
	}
}

// failed notes that the vector of a text will never come.
func (t *text) failed(err error) {
	t.err = err
	for _, l := range t.of {
		l.missing--
	}
}

// putReady puts the documents of which no vector is missing.
func (g *page) putReady(ctx context.Context) error {
	var ready []*leaving
	for _, l := range g.docs {
		if l.missing == 0 && !l.noted {
			ready = append(ready, l)
		}
	}
	return g.put(ctx, ready, false)
}

// putRest puts all others by words.
func (g *page) putRest(ctx context.Context) error {
	var rest []*leaving
	for _, l := range g.docs {
		if l.missing > 0 {
			rest = append(rest, l)
		}
	}
	return g.put(ctx, rest, true)
}

// put puts documents to the index with the vectors that are there, and notes
// that it did.
func (g *page) put(ctx context.Context, docs []*leaving, words bool) error {
	if len(docs) == 0 {
		return nil
	}
	refs := make([]retrieval.DocumentRef, 0, len(docs))
	for _, l := range docs {
		refs = append(refs, retrieval.DocumentRef{ID: l.Document.ID, Revision: l.Document.Revision})
	}
	for group := range slices.Chunk(docs, groupSize) {
		if err := g.putGroup(ctx, group); err != nil {
			return err
		}
	}
	if err := g.deps.Documents.Indexed(ctx, g.scope, retrieval.Stage{Generation: g.gen.No, Words: words}, refs); err != nil {
		return moved(fmt.Errorf("note what is indexed: %w", err))
	}
	g.noted += len(refs)
	for _, l := range docs {
		l.noted = true
		g.count(l, words)
	}
	return nil
}

// count counts a document that was put and noted.
func (g *page) count(l *leaving, words bool) {
	switch {
	case words:
		return
	case g.building:
		g.report.Built++
	default:
		g.report.Indexed++
		if len(l.Chunks) == 0 {
			g.report.TakenOut++
		}
	}
	var refused error
	for _, key := range l.keys {
		if t := g.wants[key]; t.kept {
			g.report.Kept++
		} else if t.err != nil {
			refused = t.err
		}
	}
	if refused != nil {
		g.report.Refused = append(g.report.Refused, Refused{Document: l.Document.ID, Err: refused})
	}
}

// putGroup puts documents as they are, with the vectors that are there, at once if
// the index can.
func (g *page) putGroup(ctx context.Context, docs []*leaving) error {
	if g.deps.Entries == nil || len(docs) == 1 {
		for _, l := range docs {
			if err := g.putOne(ctx, l); err != nil {
				return err
			}
		}
		return nil
	}
	entries := make([]retrieval.Entry, len(docs))
	for i, l := range docs {
		entries[i] = g.entry(l)
	}
	return g.explained(docs[0].Document.ID, g.deps.Entries.PutAll(ctx, g.scope, entries))
}

// putOne puts a document as it is, with the vectors that are there.
func (g *page) putOne(ctx context.Context, l *leaving) error {
	return g.explained(l.Document.ID, g.deps.Indexer.Put(ctx, g.scope, g.entry(l)))
}

func (g *page) entry(l *leaving) retrieval.Entry {
	doc := l.Document
	e := retrieval.Entry{Generation: g.gen.No, Document: doc.ID, Revision: doc.Revision, Kind: doc.Kind, Locale: doc.Locale}
	if len(l.Chunks) > 0 {
		e.Title, e.Facts = doc.Title, doc.Facts
	}
	for i, c := range l.Chunks {
		c.Vector = nil
		if l.keys != nil {
			c.Vector = g.wants[l.keys[i]].vector
		}
		e.Chunks = append(e.Chunks, c)
	}
	return e
}

// explained says what to do about an error of the index, which it had over the
// document or one that was put with it.
func (g *page) explained(id retrieval.DocumentID, err error) error {
	if errors.Is(err, ports.ErrInvalid) && g.gen.Model != "" {
		return fmt.Errorf("index %s: the embedder's vectors do not go with those in the index: was the server behind the model's name changed? woochat index rebuild makes them anew: %w", id, err)
	}
	if err != nil {
		return fmt.Errorf("index %s: %w", id, err)
	}
	return nil
}
