package sqlite

import (
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"

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
	// sites may take; 0 for 256 MiB. The one that was loaded last is held however
	// large it is.
	CacheBytes int64
	// Weights says how words and meaning are fused; zero for
	// retrieval.DefaultFusionWeights.
	Weights retrieval.FusionWeights
}

// Index finds passages in index.db: words by full text, meaning by comparing
// the vectors of the site, which are held in memory (see [retrieval.Vectors]),
// facts by the filter itself. It is a [ports.Searcher], a [ports.Indexer] and a
// [ports.IndexBatches]; several processes may use one folder.
//
// It is written with synchronous=NORMAL: a power cut may take the last entries,
// never a part of one. All of it can be made again from the documents, and
// must be when NeedsRebuild says so.
type Index struct {
	file  *file
	stmts *statements
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
	return &Index{file: f, stmts: newStatements(f), cache: newIndexCache(cmp.Or(c.CacheBytes, 256<<20), c.Weights)}, nil
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
	return x.PutAll(ctx, s, []retrieval.Entry{e})
}

// indexedSite is a generation of a site as the index has it.
type indexedSite struct {
	ID      int64 `db:"id"`
	Change  int64 `db:"change_no"`
	Cleared int64 `db:"cleared"`
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
