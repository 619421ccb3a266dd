package bench

import (
	"cmp"
	"database/sql"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aiwoochat/woochat/adapters/sqlite"
	"github.com/aiwoochat/woochat/adapters/system"
	"github.com/aiwoochat/woochat/domain/catalog"
	"github.com/aiwoochat/woochat/domain/retrieval"
	"github.com/aiwoochat/woochat/domain/tenant"
)

// BenchmarkIndexOnSQLite searches a site of 100,000 chunks with 384 numbers
// each, which stands beside one of 5,000, by words and meaning. In turn with it
// the same is asked bare: the nearest of one slice of all vectors, and then the
// same words of the same table by FTS5, the best by its own bm25.
//
// "of_bare" is the 95th percentile of searches over that of the two bare
// queries one after the other, "filtered_of_bare" that of searches for what is
// in stock of the question's sort (a filter by kind and category), "recall" how
// many of the ten nearest of all a search by meaning finds, "recall_5k" the same
// in the smaller site, "open_ms" how long opening takes and "first_ms" the first
// search, which loads the site, "after_put_ms" one by meaning after a document
// was put, and "of_raw" the memory that the site takes over that of the bare
// vectors. "of_bare_fts5" is what a search takes over the bare words alone.
func BenchmarkIndexOnSQLite(b *testing.B) {
	ctx := b.Context()
	d, dir := readShopData(b), b.TempDir()
	x := openIndex(b, dir)
	small := d.fill(ctx, b, x, 1, 0, 5000/chunksADocument)
	large := d.fill(ctx, b, x, 2, 0, 100_000/chunksADocument)
	if err := x.Close(); err != nil {
		b.Fatal(err)
	}

	before, start := heap(), time.Now()
	x = openIndex(b, dir)
	opened := time.Since(start)
	search := func(s tenant.Scope, q retrieval.Query) []retrieval.Passage {
		q.Limit, q.At = 10, system.Now()
		ps, err := x.Search(ctx, s, q)
		if err != nil {
			b.Fatal(err)
		}
		return ps
	}
	start = time.Now()
	search(large, retrieval.Query{Text: d.questions[0], Vector: d.asked[0]})
	first := time.Since(start)
	memory := float64(heap()-before) / (100_000 * shopDim * 4)
	var changed []time.Duration
	for n := range 21 {
		if err := x.Put(ctx, large, d.document(n)); err != nil {
			b.Fatal(err)
		}
		start = time.Now()
		search(large, retrieval.Query{Vector: d.asked[0]})
		changed = append(changed, time.Since(start))
	}

	bare := newBare(b, dir, large, d.bareVectors(100_000))
	recall5k, recall := d.recall(small, bare.vectors[:5000*shopDim], search), d.recall(large, bare.vectors, search)
	var times [5][]time.Duration
	timed := func(i int, do func()) {
		start := time.Now()
		do()
		times[i] = append(times[i], time.Since(start))
	}
	for b.Loop() {
		for i, text := range d.questions {
			q := retrieval.Query{Text: text, Vector: d.asked[i]}
			filtered := q
			filtered.Filter = retrieval.Filter{Kinds: []catalog.Kind{catalog.KindProduct}, Categories: d.products[i].Category[:min(1, len(d.products[i].Category))]}
			runs := []func(){
				func() { search(large, q) },
				func() { search(large, filtered) },
				func() { nearest(bare.vectors, d.asked[i], 10) },
				func() { bare.words(b, text) },
			}
			for n := range runs { // each goes first in turn
				at := (i + n) % len(runs)
				timed(at, runs[at])
			}
			last := len(times[2]) - 1
			times[4] = append(times[4], times[2][last]+times[3][last])
		}
	}
	const hybrid, filtered, vector, words, both = 0, 1, 2, 3, 4
	of := func(a, b int) float64 { return percentile(times[a], 95) / percentile(times[b], 95) }
	b.ReportMetric(millis(opened), "open_ms")
	b.ReportMetric(millis(first), "first_ms")
	b.ReportMetric(memory, "of_raw")
	b.ReportMetric(percentile(changed, 50), "after_put_ms")
	b.ReportMetric(recall5k, "recall_5k")
	b.ReportMetric(recall, "recall")
	b.ReportMetric(percentile(times[hybrid], 50), "p50_ms")
	b.ReportMetric(percentile(times[hybrid], 95), "p95_ms")
	b.ReportMetric(percentile(times[vector], 95), "bare_vector_p95_ms")
	b.ReportMetric(percentile(times[words], 95), "bare_fts5_p95_ms")
	b.ReportMetric(of(hybrid, both), "of_bare")
	b.ReportMetric(of(filtered, both), "filtered_of_bare")
	b.ReportMetric(of(hybrid, words), "of_bare_fts5")
}

// BenchmarkIndexOfManySites searches one of 1,000 sites of 100 chunks each, and
// in turn with it the same site in an index that holds nothing else. "of_alone"
// is the ratio of the medians.
func BenchmarkIndexOfManySites(b *testing.B) {
	ctx := b.Context()
	d := readShopData(b)
	many, alone := openIndex(b, b.TempDir()), openIndex(b, b.TempDir())
	const sites, documents, searched = 1000, 100 / chunksADocument, 500
	var s tenant.Scope
	for n := range sites {
		if o := d.fill(ctx, b, many, n, n*documents, documents); n == searched {
			s = o
		}
	}
	d.fill(ctx, b, alone, searched, searched*documents, documents)
	var times [2][]time.Duration
	for b.Loop() {
		for i, text := range d.questions {
			q := retrieval.Query{Text: text, Vector: d.asked[i], Limit: 10, At: system.Now()}
			var found [2][]retrieval.Passage
			for n := range 2 {
				at := (i + n) % 2
				x := []*sqlite.Index{many, alone}[at]
				start := time.Now()
				ps, err := x.Search(ctx, s, q)
				if err != nil {
					b.Fatal(err)
				}
				times[at], found[at] = append(times[at], time.Since(start)), ps
			}
			if !slices.Equal(refs(found[0]), refs(found[1])) {
				b.Fatalf("%q: got %v beside others, %v alone", text, found[0], found[1])
			}
		}
	}
	b.ReportMetric(1000*percentile(times[0], 50), "many_us")
	b.ReportMetric(1000*percentile(times[1], 50), "alone_us")
	b.ReportMetric(percentile(times[0], 50)/percentile(times[1], 50), "of_alone")
	b.ReportMetric(percentile(times[0], 95)/percentile(times[1], 95), "of_alone_p95")
}

func openIndex(b *testing.B, dir string) *sqlite.Index {
	b.Helper()
	x, err := sqlite.OpenIndex(b.Context(), sqlite.IndexConfig{Dir: dir})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = x.Close() })
	return x
}

// heap returns how many bytes are in use.
func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

func refs(ps []retrieval.Passage) []retrieval.PassageRef {
	var out []retrieval.PassageRef
	for _, p := range ps {
		out = append(out, p.Ref)
	}
	return out
}

// bareVectors returns the vectors of so many chunks, one after the other.
func (d shopData) bareVectors(n int) []float32 {
	out := make([]float32, 0, n*shopDim)
	for i := range n / chunksADocument {
		for _, c := range d.document(i).Chunks {
			out = append(out, retrieval.Unit(c.Vector)...)
		}
	}
	return out
}

// recall returns how many of the ten nearest of all a search by meaning finds.
func (d shopData) recall(s tenant.Scope, vectors []float32, search func(tenant.Scope, retrieval.Query) []retrieval.Passage) float64 {
	found := 0
	for _, v := range d.asked {
		want := nearest(vectors, retrieval.Unit(v), 10) // as the index reads it
		for _, p := range search(s, retrieval.Query{Vector: v}) {
			n, _ := strconv.Atoi(strings.TrimPrefix(string(p.Ref.Document), "product:"))
			if slices.Contains(want, n*chunksADocument+p.Ref.Seq) {
				found++
			}
		}
	}
	return float64(found) / float64(10*len(d.asked))
}

// nearest is a bare vector query.
func nearest(vectors, to []float32, n int) []int {
	type near struct {
		at    int
		score float64
	}
	var best []near
	for i := 0; i < len(vectors); i += shopDim {
		s := near{i / shopDim, retrieval.Dot(vectors[i:i+shopDim], to)}
		if len(best) == n && s.score <= best[n-1].score {
			continue
		}
		at, _ := slices.BinarySearchFunc(best, s, func(a, b near) int { return cmp.Compare(b.score, a.score) })
		best = slices.Insert(best[:min(len(best), n-1)], at, s)
	}
	out := make([]int, len(best))
	for i, s := range best {
		out[i] = s.at
	}
	return out
}

// bare asks an index's file by SQL and nothing else.
type bare struct {
	db      *sql.DB
	site    string
	vectors []float32
}

func newBare(b *testing.B, dir string, s tenant.Scope, vectors []float32) bare {
	b.Helper()
	db, err := sql.Open("sqlite", "file:"+filepath.Join(dir, "index.db")+"?mode=ro")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = db.Close() })
	out := bare{db: db, vectors: vectors}
	if err := db.QueryRowContext(b.Context(), `select id from sites where tenant = ? and site = ?`, s.Tenant, s.Site).Scan(&out.site); err != nil {
		b.Fatal(err)
	}
	return out
}

// words is a bare FTS5 query: any of the question's words, weighted by field.
func (x bare) words(b *testing.B, text string) {
	b.Helper()
	tokens := retrieval.QueryTokens(text)
	for i, t := range tokens {
		tokens[i] = x.site + "_" + t
	}
	rows, err := x.db.QueryContext(b.Context(), `select rowid from words where words match ? order by bm25(words, 5, 3, 2, 2, 1) limit 10`, strings.Join(tokens, " OR "))
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var id int64
		if err := rows.Scan(&id); err != nil {
			b.Fatal(err)
		}
	}
	if err := rows.Err(); err != nil {
		b.Fatal(err)
	}
}
