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
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/ports"
)

// indexCache keeps the documents of recently searched generations of sites in
// memory. What another process has written is seen by the number of the last
// change.
type indexCache struct {
	limit   int64 // bytes, about
	weights retrieval.FusionWeights

	mu    sync.Mutex // guards all below, and the used and state of each slot
	clock int64      // counts uses
	bytes int64      // of all slots
	slots map[indexOf]*siteSlot
}

// indexOf is one generation of a site.
type indexOf struct {
	scope      tenant.Scope
	generation int64
}

// siteSlot is one site's place in the cache.
type siteSlot struct {
	loading chan struct{} // holds one token; who has it may load
	state   *siteState    // nil until loaded
	used    int64
}

// siteState is what the index holds of a site's generation after one of its
// changes. It is not changed once it is made.
type siteState struct {
	site    int64
	change  int64
	entries []int64 // ids, ascending; beside corpus.Documents
	corpus  retrieval.Corpus
	dim     int
	bytes   int64
}

// entry returns the document of the entry with the given id.
func (st *siteState) entry(id int64) (*retrieval.Indexed, bool) {
	i, ok := slices.BinarySearch(st.entries, id)
	if !ok {
		return nil, false
	}
	return st.corpus.Documents[i], true
}

func newIndexCache(limit int64, w retrieval.FusionWeights) *indexCache {
	return &indexCache{limit: limit, weights: w, slots: make(map[indexOf]*siteSlot)}
}

// state returns what tx sees of the site, from memory as far as that is
// current. It returns errOvertaken if memory is ahead of tx.
func (c *indexCache) state(ctx context.Context, tx *sqlx.Tx, s indexOf) (*siteState, error) {
	var rows []indexedSite
	if err := tx.SelectContext(ctx, &rows, `select id, change_no, cleared from sites where tenant = ? and site = ? and generation = ?`,
		s.scope.Tenant, s.scope.Site, s.generation); err != nil {
		return nil, err
	}
	if len(rows) == 0 {
		return &siteState{}, nil
	}
	row := rows[0]
	slot := c.slot(s)
	if st, err := c.current(slot, row); st != nil || err != nil {
		return st, err
	}
	// One loads, the others wait for it.
	select {
	case slot.loading <- struct{}{}:
		defer func() { <-slot.loading }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	st, err := c.current(slot, row)
	if st != nil || err != nil {
		return st, err
	}
	c.mu.Lock()
	old := slot.state
	c.mu.Unlock()
	if st, err = loadSite(ctx, tx, row, old, c.weights); err != nil {
		return nil, err
	}
	c.keep(s, slot, st)
	return st, nil
}

func (c *indexCache) slot(s indexOf) *siteSlot {
	c.mu.Lock()
	defer c.mu.Unlock()
	slot := c.slots[s]
	if slot == nil {
		slot = &siteSlot{loading: make(chan struct{}, 1)}
		c.slots[s] = slot
	}
	c.clock++
	slot.used = c.clock
	return slot
}

// current returns the slot's state if it is that of row, nil if it is older.
func (c *indexCache) current(slot *siteSlot, row indexedSite) (*siteState, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch st := slot.state; {
	case st == nil || st.change < row.Change:
		return nil, nil //nolint:nilnil // nothing to use is no error here
	case st.change > row.Change:
		return nil, errOvertaken
	default:
		return st, nil
	}
}

// keep puts st into the slot and forgets the sites that were not used for
// longest until the rest fits.
func (c *indexCache) keep(s indexOf, slot *siteSlot, st *siteState) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.slots[s] = slot // it may have been forgotten meanwhile
	slot.state = st
	c.bytes = 0
	for _, o := range c.slots {
		if o.state != nil {
			c.bytes += o.state.bytes
		}
	}
	for c.bytes > c.limit {
		var oldest indexOf
		found := false
		for scope, o := range c.slots {
			if o.state != nil && (!found || o.used < c.slots[oldest].used) {
				oldest, found = scope, true
			}
		}
		if !found {
			return
		}
		c.bytes -= c.slots[oldest].state.bytes
		// Searches that hold the state go on with it.
		c.slots[oldest].state = nil
		delete(c.slots, oldest)
	}
}

// loadSite returns what tx sees of a site: all of it, or what is newer than old
// and the rest of old.
func loadSite(ctx context.Context, tx *sqlx.Tx, row indexedSite, old *siteState, w retrieval.FusionWeights) (*siteState, error) {
	if old == nil || old.change < row.Cleared {
		old = &siteState{}
	}
	changed, err := loadEntries(ctx, tx, row, old.change)
	if err != nil {
		return nil, err
	}
	st := &siteState{site: row.ID, change: row.Change}
	documents := make([]*retrieval.Indexed, 0, len(old.entries)+len(changed))
	keep := func(id int64, d *retrieval.Indexed) {
		if len(d.Chunks) == 0 {
			return // taken out
		}
		st.entries = append(st.entries, id)
		documents = append(documents, d)
		st.bytes += sizeOf(d)
		if st.dim == 0 {
			st.dim = dimOf(d)
		}
	}
	i := 0
	for _, n := range changed {
		for ; i < len(old.entries) && old.entries[i] < n.id; i++ {
			keep(old.entries[i], old.corpus.Documents[i])
		}
		if i < len(old.entries) && old.entries[i] == n.id {
			i++
		}
		keep(n.id, n.document)
	}
	for ; i < len(old.entries); i++ {
		keep(old.entries[i], old.corpus.Documents[i])
	}
	st.corpus = retrieval.NewCorpus(documents, w)
	return st, nil
}

// changedEntry is an entry that is newer than a state.
type changedEntry struct {
	id       int64
	document *retrieval.Indexed
}

// loadEntries reads the entries of a site that are newer than a change, in
// the order of their ids.
func loadEntries(ctx context.Context, tx *sqlx.Tx, row indexedSite, after int64) ([]changedEntry, error) {
	rows, err := tx.QueryxContext(ctx, `select id, document, revision, kind, title, facts from entries
		where site_id = ? and change_no > ? order by id`, row.ID, after)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []changedEntry
	for rows.Next() {
		e := changedEntry{document: &retrieval.Indexed{}}
		d := e.document
		var kind int64
		var facts []byte
		if err := rows.Scan(&e.id, &d.Document, &d.Revision, &kind, &d.Title, &facts); err != nil {
			return nil, err
		}
		if len(facts) > 0 {
			if err := json.Unmarshal(facts, &d.Facts); err != nil {
				return nil, fmt.Errorf("%w: the index is damaged, rebuild it: %w", ports.ErrUnavailable, err)
			}
		}
		d.Kind = catalog.Kind(kind)
		d.Prepare()
		out = append(out, e)
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	return out, loadChunks(ctx, tx, row, after, out)
}

// loadChunks reads the chunks of those entries.
func loadChunks(ctx context.Context, tx *sqlx.Tx, row indexedSite, after int64, entries []changedEntry) error {
	rows, err := tx.QueryxContext(ctx, `select e.id, c.seq, c.tokens, c.vector
		from entries e join chunks c on c.id >= e.id << 16 and c.id < (e.id + 1) << 16
		where e.site_id = ? and e.change_no > ? order by e.id, c.id`, row.ID, after)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var id int64
		var k retrieval.IndexedChunk
		var vector []byte
		if err := rows.Scan(&id, &k.Seq, &k.Tokens, &vector); err != nil {
			return err
		}
		if v := vectorOf(vector); v != nil {
			k.Unit = retrieval.Unit(v)
		}
		i, ok := slices.BinarySearchFunc(entries, id, func(e changedEntry, id int64) int { return cmp.Compare(e.id, id) })
		if !ok {
			return fmt.Errorf("%w: the index is damaged: rebuild it", ports.ErrUnavailable)
		}
		d := entries[i].document
		d.Chunks = append(d.Chunks, k)
	}
	return rows.Err()
}

// sizeOf returns about how much memory d takes, in bytes.
func sizeOf(d *retrieval.Indexed) int64 {
	n := 512 + len(d.Document) + len(d.Revision) + 2*len(d.Title) + 256*len(d.Facts.Offers)
	for _, list := range [][]string{d.Facts.SKUs, d.Facts.GTINs, d.Facts.Brands, d.Facts.Categories, d.Facts.Tags} {
		for _, s := range list {
			n += 32 + len(s)
		}
	}
	for _, k := range d.Chunks {
		n += 64 + 4*len(k.Unit)
	}
	return int64(n)
}

func dimOf(d *retrieval.Indexed) int {
	for _, k := range d.Chunks {
		if len(k.Unit) > 0 {
			return len(k.Unit)
		}
	}
	return 0
}
