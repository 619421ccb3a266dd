package sqlite

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sync"

	"github.com/jmoiron/sqlx"

	"github.com/aiwoochat/woochat/domain/catalog"
	"github.com/aiwoochat/woochat/domain/retrieval"
	"github.com/aiwoochat/woochat/ports"
)

// siteState is what the index holds of a generation of a site after one of its
// changes.
type siteState struct {
	weights retrieval.FusionWeights

	mu      sync.RWMutex // guards all below; a search holds it for reading
	site    int64
	change  int64       // 0 before anything was loaded
	entries []siteEntry // by id
	corpus  *retrieval.Corpus
	bytes   int64
}

// siteEntry is a row of entries; its document has no chunks if it was taken out.
type siteEntry struct {
	id       int64
	document *retrieval.Indexed
}

func compareEntry(e siteEntry, id int64) int { return cmp.Compare(e.id, id) }

func newSiteState(w retrieval.FusionWeights) *siteState {
	return &siteState{weights: w, corpus: retrieval.NewCorpus(nil, w)}
}

// at returns the change that the state is of.
func (st *siteState) at() int64 {
	st.mu.RLock()
	defer st.mu.RUnlock()
	return st.change
}

// use calls do if the state is that of row, and reports whether it is. It
// returns errOvertaken if it is a newer one.
func (st *siteState) use(row indexedSite, do func(*siteState) error) (current bool, err error) {
	st.mu.RLock()
	defer st.mu.RUnlock()
	switch {
	case st.change < row.Change:
		return false, nil
	case st.change > row.Change:
		return false, errOvertaken
	}
	return true, do(st)
}

// load takes in what tx sees and the state has not: all of it, or what is newer.
// It returns about how many bytes the state takes then. One may load at a time,
// while others search what there was before.
func (st *siteState) load(ctx context.Context, tx *sqlx.Tx, row indexedSite) (int64, error) {
	after := st.at()
	if after < row.Cleared {
		after = 0
	}
	if after == 0 {
		return st.loadAll(ctx, tx, row)
	}
	var changed []siteEntry
	if err := loadEntries(ctx, tx, row, after, func(es []siteEntry) { changed = append(changed, es...) }); err != nil {
		return 0, err
	}
	st.mu.Lock()
	defer st.mu.Unlock()
	var added []siteEntry
	var documents []*retrieval.Indexed
	for _, e := range changed {
		if i, ok := slices.BinarySearchFunc(st.entries, e.id, compareEntry); ok {
			st.bytes -= sizeOf(st.entries[i].document, st.corpus.Dim(nil))
			st.corpus.Remove(st.entries[i].document)
			st.entries[i].document = e.document
		} else {
			added = append(added, e)
		}
		if len(e.document.Chunks) > 0 {
			documents = append(documents, e.document)
		}
	}
	st.corpus.Add(documents...)
	for _, d := range documents {
		st.bytes += sizeOf(d, st.corpus.Dim(nil))
	}
	st.entries = slices.DeleteFunc(append(st.entries, added...), func(e siteEntry) bool { return len(e.document.Chunks) == 0 })
	slices.SortFunc(st.entries, func(a, b siteEntry) int { return cmp.Compare(a.id, b.id) })
	st.site, st.change = row.ID, row.Change
	return st.bytes, nil
}

// loadAll loads a site from nothing. What is loaded is beside what is searched
// until it is whole; its vectors are never there twice.
func (st *siteState) loadAll(ctx context.Context, tx *sqlx.Tx, row indexedSite) (int64, error) {
	corpus := retrieval.NewCorpus(nil, st.weights)
	var entries []siteEntry
	err := loadEntries(ctx, tx, row, 0, func(es []siteEntry) {
		documents := make([]*retrieval.Indexed, 0, len(es))
		for _, e := range es {
			if len(e.document.Chunks) > 0 {
				entries, documents = append(entries, e), append(documents, e.document)
			}
		}
		corpus.Add(documents...)
	})
	if err != nil {
		return 0, err
	}
	slices.SortFunc(entries, func(a, b siteEntry) int { return cmp.Compare(a.id, b.id) })
	var bytes int64
	for _, e := range entries {
		bytes += sizeOf(e.document, corpus.Dim(nil))
	}
	st.mu.Lock()
	defer st.mu.Unlock()
	st.site, st.change, st.entries, st.corpus, st.bytes = row.ID, row.Change, entries, corpus, bytes
	return bytes, nil
}

// loadBatch is how many documents are read before they are passed on.
const loadBatch = 512

// loadEntries reads the entries of a site that are newer than a change, and
// passes them on, some at a time. Both statements go along entries_by_change, so
// that nothing is sorted, which would copy all vectors.
func loadEntries(ctx context.Context, tx *sqlx.Tx, row indexedSite, after int64, pass func([]siteEntry)) error {
	entries, err := loadDocuments(ctx, tx, row, after)
	if err != nil {
		return err
	}
	rows, err := tx.QueryxContext(ctx, `select e.id, c.seq, c.tokens, c.vector
		from entries e join chunks c on c.id >= e.id << 16 and c.id < (e.id + 1) << 16
		where e.site_id = ? and e.change_no > ? order by e.change_no, e.id, c.id`, row.ID, after)
	if err != nil {
		return err
	}
	defer rows.Close()
	passed, at := 0, 0
	for rows.Next() {
		var id int64
		var k retrieval.IndexedChunk
		var vector []byte
		if err := rows.Scan(&id, &k.Seq, &k.Tokens, &vector); err != nil {
			return err
		}
		if len(vector) > 0 {
			k.Unit = retrieval.Unit(vectorOf(vector))
		}
		for at < len(entries) && entries[at].id != id {
			at++
		}
		if at-passed >= loadBatch {
			pass(entries[passed:at])
			passed = at
		}
		if at == len(entries) {
			return fmt.Errorf("%w: the index is damaged: rebuild it", ports.ErrUnavailable)
		}
		entries[at].document.Chunks = append(entries[at].document.Chunks, k)
	}
	pass(entries[passed:])
	return rows.Err()
}

// loadDocuments reads those entries without their chunks.
func loadDocuments(ctx context.Context, tx *sqlx.Tx, row indexedSite, after int64) ([]siteEntry, error) {
	rows, err := tx.QueryxContext(ctx, `select id, document, revision, kind, locale, title, facts, chunks from entries
		where site_id = ? and change_no > ? order by change_no, id`, row.ID, after)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []siteEntry
	for rows.Next() {
		e := siteEntry{document: &retrieval.Indexed{}}
		d := e.document
		var kind, chunks int64
		var facts []byte
		if err := rows.Scan(&e.id, &d.Document, &d.Revision, &kind, &d.Locale, &d.Title, &facts, &chunks); err != nil {
			return nil, err
		}
		if len(facts) > 0 {
			if err := json.Unmarshal(facts, &d.Facts); err != nil {
				return nil, fmt.Errorf("%w: the index is damaged, rebuild it: %w", ports.ErrUnavailable, err)
			}
		}
		d.Kind = catalog.Kind(kind)
		d.Chunks = make([]retrieval.IndexedChunk, 0, chunks)
		d.Prepare()
		out = append(out, e)
	}
	return out, rows.Err()
}

// sizeOf returns about how much memory d takes with vectors of length dim, in
// bytes.
func sizeOf(d *retrieval.Indexed, dim int) int64 {
	n := 640 + len(d.Document) + len(d.Revision) + 3*len(d.Title) + 256*len(d.Facts.Offers)
	for _, list := range [][]string{d.Facts.SKUs, d.Facts.GTINs, d.Facts.Brands, d.Facts.Categories, d.Facts.Tags} {
		for _, s := range list {
			n += 32 + len(s)
		}
	}
	return int64(n + len(d.Chunks)*(96+4*dim+dim/8))
}
