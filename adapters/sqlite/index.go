package sqlite

import (
	"cmp"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/jmoiron/sqlx"

	"github.com/aiwoochat/woochat/domain/retrieval"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/ports"
)

// IndexConfig says where the index is and what it may use.
type IndexConfig struct {
	// Dir is the data folder. It is made, for its owner only, if it is not
	// there.
	Dir string
	// CacheBytes is about how much memory the documents of recently searched
	// sites may take; 0 for 256 MiB. A site that is larger alone is held while
	// it is searched.
	CacheBytes int64
	// Weights says how words and meaning are fused; zero for
	// retrieval.DefaultFusionWeights.
	Weights retrieval.FusionWeights
}

// Index finds passages in index.db: words by full text, meaning by comparing
// all vectors of the site, facts by the filter itself. It is a
// [ports.Searcher] and a [ports.Indexer]; several processes may use one folder.
//
// It is written with synchronous=NORMAL: a power cut may take the last entries,
// never a part of one. All of it can be made again from the documents, and
// must be when NeedsRebuild says so.
type Index struct {
	file  *file
	cache *indexCache
}

// OpenIndex opens the index in the folder c.Dir, and makes it if it is not
// there or was made by another version of woochat; see [Index.NeedsRebuild].
//
// Errors: ports.ErrUnavailable if the file cannot be read or written. If it is
// damaged, delete it: it will be made anew.
func OpenIndex(ctx context.Context, c IndexConfig) (*Index, error) {
	if c.Dir == "" {
		return nil, fmt.Errorf("sqlite: open index: %w: a folder is needed", ports.ErrInvalid)
	}
	if err := os.MkdirAll(c.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("sqlite: make the data folder: %w: %w", ports.ErrUnavailable, err)
	}
	dir, err := filepath.Abs(c.Dir)
	if err != nil {
		return nil, fmt.Errorf("sqlite: open index: %w: %w", ports.ErrInvalid, err)
	}
	path := filepath.Join(dir, indexFile)
	f, err := openFile(ctx, path, "NORMAL")
	if err != nil {
		return nil, fmt.Errorf("sqlite: open index %s: %w", path, err)
	}
	if err := prepareIndex(ctx, f); err != nil {
		return nil, errors.Join(fmt.Errorf("sqlite: open index %s: %w", path, err), f.close())
	}
	return &Index{file: f, cache: newIndexCache(cmp.Or(c.CacheBytes, 256<<20), c.Weights)}, nil
}

// Close closes the file. Calls under way end with an error. Closing again does
// nothing.
func (x *Index) Close() error { return x.file.close() }

// chunkBits is how many bits of a chunk's id number it within its entry; the
// others are the entry's id.
const chunkBits = 16

// maxChunks is how many chunks a document may have.
const maxChunks = 1 << chunkBits

func chunkID(entry int64, chunk int) int64 { return entry<<chunkBits | int64(chunk) }

// Put implements [ports.Indexer]. A document of more than 65,536 chunks is
// ErrInvalid.
func (x *Index) Put(ctx context.Context, s tenant.Scope, e retrieval.Entry) error {
	if err := s.Valid(); err != nil {
		return err
	}
	dim, err := e.Dim()
	if err == nil && len(e.Chunks) > maxChunks {
		err = fmt.Errorf("%d chunks, at most %d can be indexed", len(e.Chunks), maxChunks)
	}
	if err != nil {
		return fmt.Errorf("sqlite: index %s: %w: %w", e.Document, ports.ErrInvalid, err)
	}
	if err := x.file.write(ctx, func(tx *sqlx.Tx) error { return putEntry(ctx, tx, s, e, dim) }); err != nil {
		return fmt.Errorf("sqlite: index %s: %w", e.Document, err)
	}
	return nil
}

// indexedSite is a generation of a site as the index has it.
type indexedSite struct {
	ID      int64 `db:"id"`
	Change  int64 `db:"change_no"`
	Cleared int64 `db:"cleared"`
}

// changeSite counts a change of a site's generation, and makes it if it is not
// there.
func changeSite(ctx context.Context, tx *sqlx.Tx, s tenant.Scope, generation int64) (site indexedSite, err error) {
	err = tx.GetContext(ctx, &site, `insert into sites (tenant, site, generation, change_no) values (?, ?, ?, 1)
		on conflict (tenant, site, generation) do update set change_no = change_no + 1 returning id, change_no, cleared`,
		s.Tenant, s.Site, generation)
	return site, err
}

func putEntry(ctx context.Context, tx *sqlx.Tx, s tenant.Scope, e retrieval.Entry, dim int) error {
	site, err := changeSite(ctx, tx, s, e.Generation)
	if err != nil {
		return err
	}
	if dim > 0 {
		var have []int
		err := tx.SelectContext(ctx, &have, `select dim from entries where site_id = ? and dim > 0 and document <> ? limit 1`, site.ID, e.Document)
		if err != nil {
			return err
		}
		if len(have) > 0 && have[0] != dim {
			return fmt.Errorf("%w: vectors of length %d, the index has vectors of length %d: clear and rebuild it for another embedding model", ports.ErrInvalid, dim, have[0])
		}
	}
	facts, err := json.Marshal(e.Facts)
	if err != nil {
		return fmt.Errorf("%w: facts: %w", ports.ErrInvalid, err)
	}
	if len(e.Chunks) == 0 {
		e.Revision, e.Kind, e.Title, facts = "", 0, "", []byte("{}") // nothing is kept of what is taken out
	}
	type row struct {
		ID     int64 `db:"id"`
		Chunks int   `db:"chunks"`
	}
	var old, entry row
	var had []row
	if err := tx.SelectContext(ctx, &had, `select id, chunks from entries where site_id = ? and document = ?`, site.ID, e.Document); err != nil {
		return err
	}
	switch {
	case len(had) > 0:
		old = had[0]
	case len(e.Chunks) == 0:
		return nil
	}
	for i := range old.Chunks {
		for _, statement := range []string{`delete from words where rowid = ?`, `delete from chunks where id = ?`} {
			if _, err := tx.ExecContext(ctx, statement, chunkID(old.ID, i)); err != nil {
				return err
			}
		}
	}
	err = tx.GetContext(ctx, &entry, `insert into entries (site_id, document, change_no, revision, kind, title, facts, chunks, dim)
		values (?, ?, ?, ?, ?, ?, ?, ?, ?)
		on conflict (site_id, document) do update set change_no = excluded.change_no, revision = excluded.revision, kind = excluded.kind,
			title = excluded.title, facts = excluded.facts, chunks = excluded.chunks, dim = excluded.dim
		returning id, chunks`,
		site.ID, e.Document, site.Change, e.Revision, e.Kind, e.Title, facts, len(e.Chunks), dim)
	if err != nil {
		return err
	}
	return putChunks(ctx, tx, site.ID, entry.ID, e)
}

func putChunks(ctx context.Context, tx *sqlx.Tx, site, entry int64, e retrieval.Entry) error {
	if len(e.Chunks) == 0 {
		return nil
	}
	insertWords, err := tx.PrepareContext(ctx, `insert into words (rowid, title, brand, attributes, categories, body) values (?, ?, ?, ?, ?, ?)`)
	if err != nil {
		return err
	}
	defer func() { _ = insertWords.Close() }() // the transaction's end closes it anyway
	insertChunk, err := tx.PrepareContext(ctx, `insert into chunks (id, seq, tokens, vector, text_key) values (?, ?, ?, ?, ?)`)
	if err != nil {
		return err
	}
	defer func() { _ = insertChunk.Close() }()
	chunks := slices.SortedFunc(slices.Values(e.Chunks), func(a, b retrieval.Chunk) int { return cmp.Compare(a.Seq, b.Seq) })
	for i, c := range chunks {
		args, tokens := []any{chunkID(entry, i)}, 0
		for _, f := range retrieval.Fields() {
			ts := retrieval.FieldTokens(f, e, c)
			tokens += len(ts)
			args = append(args, siteTerms(site, ts))
		}
		if _, err := insertWords.ExecContext(ctx, args...); err != nil {
			return err
		}
		var key any // null for a text without a vector
		if len(c.Vector) > 0 {
			key = string(retrieval.KeyOf(retrieval.EmbeddingText(e.Title, c)))
		}
		if _, err := insertChunk.ExecContext(ctx, chunkID(entry, i), c.Seq, tokens, vectorBytes(c.Vector), key); err != nil {
			return err
		}
	}
	return nil
}

// siteTerm returns token as the words table has it for the site.
func siteTerm(site int64, token string) string { return strconv.FormatInt(site, 10) + "_" + token }

func siteTerms(site int64, tokens []string) string {
	var b strings.Builder
	for _, t := range tokens {
		b.WriteString(siteTerm(site, t))
		b.WriteByte(' ')
	}
	return b.String()
}

// vectorBytes returns v as it is stored; nil, which is null, for none.
func vectorBytes(v []float32) []byte {
	if len(v) == 0 {
		return nil
	}
	out := make([]byte, 0, 4*len(v))
	for _, x := range v {
		out = binary.LittleEndian.AppendUint32(out, math.Float32bits(x))
	}
	return out
}

func vectorOf(stored []byte) []float32 {
	if len(stored) == 0 {
		return nil
	}
	out := make([]float32, len(stored)/4)
	for i := range out {
		out[i] = math.Float32frombits(binary.LittleEndian.Uint32(stored[4*i:]))
	}
	return out
}
