package porttest_test

import (
	"context"
	"fmt"
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

// index is a right index but for what its hooks do.
type index struct {
	*memory.Index
	search func(ctx context.Context, x *memory.Index, s tenant.Scope, q retrieval.Query) ([]retrieval.Passage, error)
	put    func(ctx context.Context, x *memory.Index, s tenant.Scope, e retrieval.Entry) error

	vectors func(ctx context.Context, x *memory.Index, s tenant.Scope, no int64, ids []retrieval.DocumentID) ([]retrieval.Embedded, error)
	drop    func(ctx context.Context, x *memory.Index, s tenant.Scope, no int64) error
}

func (x index) Search(ctx context.Context, s tenant.Scope, q retrieval.Query) ([]retrieval.Passage, error) {
	if x.search == nil {
		return x.Index.Search(ctx, s, q)
	}
	return x.search(ctx, x.Index, s, q)
}

func (x index) Put(ctx context.Context, s tenant.Scope, e retrieval.Entry) error {
	if x.put == nil {
		return x.Index.Put(ctx, s, e)
	}
	return x.put(ctx, x.Index, s, e)
}

func (x index) Vectors(ctx context.Context, s tenant.Scope, no int64, ids []retrieval.DocumentID) ([]retrieval.Embedded, error) {
	if x.vectors == nil {
		return x.Index.Vectors(ctx, s, no, ids)
	}
	return x.vectors(ctx, x.Index, s, no, ids)
}

func (x index) Drop(ctx context.Context, s tenant.Scope, no int64) error {
	if x.drop == nil {
		return x.Index.Drop(ctx, s, no)
	}
	return x.drop(ctx, x.Index, s, no)
}

// nobody is a scope that the suite never sees.
func nobody() tenant.Scope { return tenant.Scope{Tenant: "ten_x", Site: "site_x"} }

// brokenIndexes are wrong in one way each; by is the case that must catch it.
func brokenIndexes() map[string]struct {
	by   string
	open func() index
} {
	type broken = struct {
		by   string
		open func() index
	}
	type mem = memory.Index
	type scope = tenant.Scope
	type query = retrieval.Query
	type passages = []retrieval.Passage
	searching := func(by string, search func(ctx context.Context, x *mem, s scope, q query) (passages, error)) broken {
		return broken{by, func() index { return index{Index: memory.NewIndex(), search: search} }}
	}
	putting := func(by string, put func(ctx context.Context, x *mem, s scope, e retrieval.Entry) error) broken {
		return broken{by, func() index { return index{Index: memory.NewIndex(), put: put} }}
	}
	return map[string]broken{
		"one index for all sites": {"isolation", func() index {
			return index{
				Index: memory.NewIndex(),
				search: func(ctx context.Context, x *mem, s scope, q query) (passages, error) {
					if err := s.Valid(); err != nil {
						return nil, err
					}
					return x.Search(ctx, nobody(), q)
				},
				put: func(ctx context.Context, x *mem, s scope, e retrieval.Entry) error {
					if err := s.Valid(); err != nil {
						return err
					}
					return x.Put(ctx, nobody(), e)
				},
			}
		}},
		"scope by site only": {"no scope", func() index {
			return index{
				Index: memory.NewIndex(),
				search: func(ctx context.Context, x *mem, s scope, q query) (passages, error) {
					return x.Search(ctx, scope{Tenant: "ten_x", Site: s.Site}, q)
				},
				put: func(ctx context.Context, x *mem, s scope, e retrieval.Entry) error {
					return x.Put(ctx, scope{Tenant: "ten_x", Site: s.Site}, e)
				},
			}
		}},
		// All sites share one list of words, as in one full-text table whose
		// rows are filtered by site after they were scored.
		"shared statistics": {"statistics", func() index {
			key := func(s scope) string { return string(s.Tenant) + string(s.Site) + "|" }
			return index{
				Index: memory.NewIndex(),
				search: func(ctx context.Context, x *mem, s scope, q query) (passages, error) {
					limit := q.Limit
					q.Limit = 1 << 20
					ps, err := x.Search(ctx, nobody(), q)
					ps = slices.DeleteFunc(ps, func(p retrieval.Passage) bool { return !strings.HasPrefix(string(p.Ref.Document), key(s)) })
					for i := range ps {
						ps[i].Ref.Document = retrieval.DocumentID(strings.TrimPrefix(string(ps[i].Ref.Document), key(s)))
					}
					return ps[:min(limit, len(ps))], err
				},
				put: func(ctx context.Context, x *mem, s scope, e retrieval.Entry) error {
					e.Document = retrieval.DocumentID(key(s)) + e.Document
					return x.Put(ctx, nobody(), e)
				},
			}
		}},
		"one document for all sites of an id": {"same ids", func() index {
			var mu sync.Mutex
			sites := map[scope]bool{}
			return index{Index: memory.NewIndex(), put: func(ctx context.Context, x *mem, s scope, e retrieval.Entry) error {
				mu.Lock()
				defer mu.Unlock()
				for o := range sites {
					if len(e.Chunks) == 0 {
						if err := x.Put(ctx, o, e); err != nil {
							return err
						}
					}
				}
				sites[s] = true
				return x.Put(ctx, s, e)
			}}
		}},
		"filters the best only": searching("filter before limit", func(ctx context.Context, x *mem, s scope, q query) (passages, error) {
			all := q
			all.Text, all.Vector, all.Codes, all.Limit = "", nil, nil, 1<<20
			allowed, err := x.Search(ctx, s, all)
			if err != nil {
				return nil, err
			}
			ok := map[retrieval.DocumentID]bool{}
			for _, p := range allowed {
				ok[p.Ref.Document] = true
			}
			q.Filter = retrieval.Filter{}
			ps, err := x.Search(ctx, s, q)
			return slices.DeleteFunc(ps, func(p retrieval.Passage) bool { return !ok[p.Ref.Document] }), err
		}),
		"forgets the filter": searching("filter", func(ctx context.Context, x *mem, s scope, q query) (passages, error) {
			q.Filter = retrieval.Filter{}
			return x.Search(ctx, s, q)
		}),
		"forgets the language": searching("language", func(ctx context.Context, x *mem, s scope, q query) (passages, error) {
			q.Filter.Language = retrieval.Language{}
			return x.Search(ctx, s, q)
		}),
		"asks the language of every kind": searching("language", func(ctx context.Context, x *mem, s scope, q query) (passages, error) {
			q.Filter.Language.Kinds = nil
			return x.Search(ctx, s, q)
		}),
		"compares regions": putting("language", func(ctx context.Context, x *mem, s scope, e retrieval.Entry) error {
			e.Locale = strings.ReplaceAll(e.Locale, "-", "x") // de-AT is no de then
			return x.Put(ctx, s, e)
		}),
		"takes the site's language for none": putting("language", func(ctx context.Context, x *mem, s scope, e retrieval.Entry) error {
			if e.Locale == "" {
				e.Locale = retrieval.LocaleUnknown
			}
			return x.Put(ctx, s, e)
		}),
		"mixes offers": searching("one offer", func(ctx context.Context, x *mem, s scope, q query) (passages, error) {
			price, rest := q, q
			price.Filter = retrieval.Filter{MaxPrice: q.Filter.MaxPrice, InStock: q.Filter.InStock}
			rest.Filter.MaxPrice, rest.Filter.InStock = q.Filter.MinPrice, false
			some, err := x.Search(ctx, s, price)
			if err != nil {
				return nil, err
			}
			ps, err := x.Search(ctx, s, rest)
			return slices.DeleteFunc(ps, func(p retrieval.Passage) bool {
				return !slices.ContainsFunc(some, func(o retrieval.Passage) bool { return o.Ref == p.Ref })
			}), err
		}),
		"reads sale prices at another time": searching("sale windows", func(ctx context.Context, x *mem, s scope, q query) (passages, error) {
			q.At = q.At.Truncate(24 * time.Hour)
			return x.Search(ctx, s, q)
		}),
		"forgets alternatives": searching("alternatives", func(ctx context.Context, x *mem, s scope, q query) (passages, error) {
			if q.Valid(0) == nil {
				q.Also = nil
			}
			return x.Search(ctx, s, q)
		}),
		"asks for one of several": searching("several words for one", func(ctx context.Context, x *mem, s scope, q query) (passages, error) {
			if q.Valid(0) == nil {
				q.Also = slices.Clone(q.Also)
				for i, a := range q.Also {
					q.Also[i].Tokens = a.Tokens[:1]
				}
			}
			return x.Search(ctx, s, q)
		}),
		"searches what counts as nothing": searching("alternatives of nothing", func(ctx context.Context, x *mem, s scope, q query) (passages, error) {
			if q.Valid(0) == nil {
				for _, a := range q.Also {
					q.Text = strings.Join(a.Tokens, " ") + " " + q.Text
				}
			}
			return x.Search(ctx, s, q)
		}),
		"takes any alternative": searching("bad alternatives", func(ctx context.Context, x *mem, s scope, q query) (passages, error) {
			if len(q.Also) > 0 && q.Valid(0) != nil {
				q.Also = nil
			}
			return x.Search(ctx, s, q)
		}),
		"needs all words": searching("any number of words", func(ctx context.Context, x *mem, s scope, q query) (passages, error) {
			ps, err := x.Search(ctx, s, q)
			for _, t := range retrieval.QueryTokens(q.Text) {
				one := q
				one.Text = t
				with, err := x.Search(ctx, s, one)
				if err != nil {
					return nil, err
				}
				ps = slices.DeleteFunc(ps, func(p retrieval.Passage) bool {
					return !slices.ContainsFunc(with, func(o retrieval.Passage) bool { return o.Ref == p.Ref })
				})
			}
			return ps, err
		}),
		"hands the text to a query language": searching("operators", func(ctx context.Context, x *mem, s scope, q query) (passages, error) {
			if strings.Count(q.Text, `"`)%2 == 1 || strings.Contains(q.Text, "(") {
				return nil, fmt.Errorf("%w: syntax error", ports.ErrUnavailable)
			}
			return x.Search(ctx, s, q)
		}),
		"reads NOT as an operator": searching("operators", func(ctx context.Context, x *mem, s scope, q query) (passages, error) {
			q.Text, _, _ = strings.Cut(q.Text, " NOT ")
			return x.Search(ctx, s, q)
		}),
		"refuses long text": searching("long text", func(ctx context.Context, x *mem, s scope, q query) (passages, error) {
			if len(q.Text) > 4096 {
				return nil, fmt.Errorf("%w: too long", ports.ErrInvalid)
			}
			return x.Search(ctx, s, q)
		}),
		"finds ASCII only": searching("scripts", func(ctx context.Context, x *mem, s scope, q query) (passages, error) {
			q.Text = strings.Map(func(r rune) rune {
				if r > 127 {
					return ' '
				}
				return r
			}, q.Text)
			return x.Search(ctx, s, q)
		}),
		"forgets codes": searching("codes", func(ctx context.Context, x *mem, s scope, q query) (passages, error) {
			if q.Text != "" {
				q.Codes = nil
			}
			return x.Search(ctx, s, q)
		}),
		"forgets models": searching("models", func(ctx context.Context, x *mem, s scope, q query) (passages, error) {
			if q.Text != "" {
				q.Codes = nil
			}
			return x.Search(ctx, s, q)
		}),
		"forgets age, rating and weight": putting("order of facts", func(ctx context.Context, x *mem, s scope, e retrieval.Entry) error {
			e.Facts.Published, e.Facts.Rating, e.Facts.Weight = time.Time{}, catalog.Rating{}, catalog.Weight{}
			return x.Put(ctx, s, e)
		}),
		"takes codes for words": searching("codes", func(ctx context.Context, x *mem, s scope, q query) (passages, error) {
			q.Text, q.Codes = strings.TrimSpace(q.Text+" "+strings.Join(q.Codes, " ")), nil
			return x.Search(ctx, s, q)
		}),
		"forgets titles": searching("title", func(ctx context.Context, x *mem, s scope, q query) (passages, error) {
			q.Text += " xyzzy"
			return x.Search(ctx, s, q)
		}),
		"finds nothing for everything": searching("everything", func(ctx context.Context, x *mem, s scope, q query) (passages, error) {
			if q.Text == "" && q.Vector == nil && q.Codes == nil {
				return nil, nil
			}
			return x.Search(ctx, s, q)
		}),
		"nothing is an error": searching("nothing found", func(ctx context.Context, x *mem, s scope, q query) (passages, error) {
			ps, err := x.Search(ctx, s, q)
			if err == nil && len(ps) == 0 {
				return nil, fmt.Errorf("%w: no passages", ports.ErrNotFound)
			}
			return ps, err
		}),
		"breaks ties by the last": searching("ties", func(ctx context.Context, x *mem, s scope, q query) (passages, error) {
			limit := q.Limit
			q.Limit = 1 << 20
			ps, err := x.Search(ctx, s, q)
			slices.Reverse(ps)
			for i := range ps {
				ps[i].Score = float64(len(ps) - i)
			}
			return ps[:min(limit, len(ps))], err
		}),
		"takes no limit for no end": searching("limit", func(ctx context.Context, x *mem, s scope, q query) (passages, error) {
			if q.Limit < 1 {
				q.Limit = 10
			}
			return x.Search(ctx, s, q)
		}),
		"cuts before it sorts": searching("limit", func(ctx context.Context, x *mem, s scope, q query) (passages, error) {
			limit := q.Limit
			q.Limit = 1 << 20
			ps, err := x.Search(ctx, s, q)
			return ps[max(0, len(ps)-max(0, limit)):], err
		}),
		"fills in more": searching("found", func(ctx context.Context, x *mem, s scope, q query) (passages, error) {
			ps, err := x.Search(ctx, s, q)
			for i := range ps {
				ps[i].Text = "stale"
			}
			return ps, err
		}),
		"words are not compared with what there could be": searching("evidence", func(ctx context.Context, x *mem, s scope, q query) (passages, error) {
			ps, err := x.Search(ctx, s, q)
			for i := range ps {
				ps[i].Arms.Words = 0
			}
			return ps, err
		}),
		"scores for cosines": searching("evidence", func(ctx context.Context, x *mem, s scope, q query) (passages, error) {
			ps, err := x.Search(ctx, s, q)
			for i := range ps {
				ps[i].Arms.Cosine = ps[i].Score
			}
			return ps, err
		}),
		"lexical only": searching("both", func(ctx context.Context, x *mem, s scope, q query) (passages, error) {
			if q.Text != "" {
				q.Vector = nil
			}
			return x.Search(ctx, s, q)
		}),
		"takes a scalar product for a cosine": putting("meaning", func(ctx context.Context, x *mem, s scope, e retrieval.Entry) error {
			e.Chunks = slices.Clone(e.Chunks)
			for i, c := range e.Chunks {
				if len(c.Vector) > 0 && c.Vector[0] < 0.1 && c.Vector[0] > 0 {
					e.Chunks[i].Vector = []float32{0, 0, 1}
				}
			}
			return x.Put(ctx, s, e)
		}),
		"takes any vector": searching("wrong vectors", func(ctx context.Context, x *mem, s scope, q query) (passages, error) {
			if len(q.Vector) > 2 {
				q.Vector = q.Vector[:2]
			}
			return x.Search(ctx, s, q)
		}),
		"ignores the context": searching("done context", func(ctx context.Context, x *mem, s scope, q query) (passages, error) {
			return x.Search(context.WithoutCancel(ctx), s, q)
		}),
		"sorts the best matches only": searching("order", func(ctx context.Context, x *mem, s scope, q query) (passages, error) {
			q.Sort = retrieval.ByRelevance
			return x.Search(ctx, s, q)
		}),
		"sorts whatever has a word": searching("order of some", func(ctx context.Context, x *mem, s scope, q query) (passages, error) {
			return sortedOnly(ctx, x, s, q, func(retrieval.Passage, retrieval.Passage) bool { return true })
		}),
		"sorts what scores nearly as much": searching("order of some", func(ctx context.Context, x *mem, s scope, q query) (passages, error) {
			return sortedOnly(ctx, x, s, q, func(p, best retrieval.Passage) bool { return p.Score >= 0.8*best.Score })
		}),
		"knows brands by one field": putting("brand as attribute", func(ctx context.Context, x *mem, s scope, e retrieval.Entry) error {
			e.Facts.Brands = nil
			return x.Put(ctx, s, e)
		}),
		"wants all fields": putting("what lacks a field", func(ctx context.Context, x *mem, s scope, e retrieval.Entry) error {
			if len(e.Facts.Brands) == 0 {
				e.Facts.Brands = []string{"no brand"}
			}
			return x.Put(ctx, s, e)
		}),
		"adds instead of replacing": putting("replace", func(ctx context.Context, x *mem, s scope, e retrieval.Entry) error {
			e.Document += retrieval.DocumentID(" " + e.Revision)
			return x.Put(ctx, s, e)
		}),
		"removes before it adds": putting("replace at once", func(ctx context.Context, x *mem, s scope, e retrieval.Entry) error {
			if err := x.Put(ctx, s, retrieval.Entry{Document: e.Document}); err != nil {
				return err
			}
			for range 100 { // long enough for a search to come by
				if _, err := x.Search(ctx, s, query{Text: "thing", Limit: 1}); err != nil {
					return err
				}
			}
			return x.Put(ctx, s, e)
		}),
		"keeps what is taken out": putting("take out", func(ctx context.Context, x *mem, s scope, e retrieval.Entry) error {
			if len(e.Chunks) == 0 {
				return ctx.Err()
			}
			return x.Put(ctx, s, e)
		}),
		"fails to take out nothing": putting("take out", func(ctx context.Context, x *mem, s scope, e retrieval.Entry) error {
			if all, err := x.Search(ctx, s, query{Limit: 1 << 20}); err == nil && len(e.Chunks) == 0 &&
				!slices.ContainsFunc(all, func(p retrieval.Passage) bool { return p.Ref.Document == e.Document }) {
				return ports.ErrNotFound
			}
			return x.Put(ctx, s, e)
		}),
		"numbers chunks itself": putting("chunk numbers", func(ctx context.Context, x *mem, s scope, e retrieval.Entry) error {
			e.Chunks = slices.Clone(e.Chunks)
			for i := range e.Chunks {
				e.Chunks[i].Seq = i
			}
			return x.Put(ctx, s, e)
		}),
		"cuts long documents": putting("many chunks", func(ctx context.Context, x *mem, s scope, e retrieval.Entry) error {
			e.Chunks = e.Chunks[:min(len(e.Chunks), 100)]
			return x.Put(ctx, s, e)
		}),
		"folds ids": putting("odd ids", func(ctx context.Context, x *mem, s scope, e retrieval.Entry) error {
			e.Document = retrieval.DocumentID(strings.ToLower(string(e.Document)))
			return x.Put(ctx, s, e)
		}),
		"writes behind": {"read your writes", func() index {
			var mu sync.Mutex
			var waiting []func() error
			return index{Index: memory.NewIndex(), put: func(ctx context.Context, x *mem, s scope, e retrieval.Entry) error {
				mu.Lock()
				defer mu.Unlock()
				for _, w := range waiting {
					if err := w(); err != nil {
						return err
					}
				}
				waiting = []func() error{func() error { return x.Put(ctx, s, e) }}
				return nil
			}}
		}},
		"keeps the caller's slices": {"not kept", func() index {
			var mu sync.Mutex
			var last retrieval.Entry
			return index{
				Index: memory.NewIndex(),
				search: func(ctx context.Context, x *mem, s scope, q query) (passages, error) {
					mu.Lock()
					defer mu.Unlock()
					if last.Document != "" {
						if err := x.Put(ctx, s, last); err != nil {
							return nil, err
						}
					}
					return x.Search(ctx, s, q)
				},
				put: func(ctx context.Context, x *mem, s scope, e retrieval.Entry) error {
					mu.Lock()
					defer mu.Unlock()
					last = e
					return x.Put(ctx, s, e)
				},
			}
		}},
		"loses concurrent writes": {"writers", func() index {
			var mu sync.Mutex
			busy := false
			return index{Index: memory.NewIndex(), put: func(ctx context.Context, x *mem, s scope, e retrieval.Entry) error {
				mu.Lock()
				was := busy
				busy = true
				mu.Unlock()
				if was {
					return nil
				}
				err := x.Put(ctx, s, e)
				for range 1000 { // long enough for another writer to come by
					if _, err := x.Search(ctx, s, query{Limit: 1}); err != nil {
						return err
					}
				}
				mu.Lock()
				busy = false
				mu.Unlock()
				return err
			}}
		}},
		"two processes that do not see each other": {"replicas", func() index { return index{Index: memory.NewIndex()} }},
		"one length for all sites": {"lengths by site", func() index {
			var mu sync.Mutex
			dim := 0
			return index{Index: memory.NewIndex(), put: func(ctx context.Context, x *mem, s scope, e retrieval.Entry) error {
				n, err := e.Dim()
				if err != nil {
					return fmt.Errorf("%w: %w", ports.ErrInvalid, err)
				}
				mu.Lock()
				defer mu.Unlock()
				if dim > 0 && n > 0 && n != dim {
					return ports.ErrInvalid
				}
				dim = max(dim, n)
				return x.Put(ctx, s, e)
			}}
		}},
		"zeros for missing vectors": putting("some vectors", func(ctx context.Context, x *mem, s scope, e retrieval.Entry) error {
			e.Chunks = slices.Clone(e.Chunks)
			for i := range e.Chunks {
				if e.Chunks[i].Vector == nil {
					e.Chunks[i].Vector = []float32{0, 0}
				}
			}
			return x.Put(ctx, s, e)
		}),
		"compares prices by their digits": searching("money", func(ctx context.Context, x *mem, s scope, q query) (passages, error) {
			if q.Filter.MaxPrice.IsSet() {
				q.Filter.MaxPrice.Exponent = 0
				q.Filter.MaxPrice.Minor = 4
			}
			return x.Search(ctx, s, q)
		}),
		"all generations are one": {"generations", func() index {
			return index{
				Index: memory.NewIndex(),
				search: func(ctx context.Context, x *mem, s scope, q query) (passages, error) {
					q.Generation = 0
					return x.Search(ctx, s, q)
				},
				put: func(ctx context.Context, x *mem, s scope, e retrieval.Entry) error {
					e.Generation = 0
					return x.Put(ctx, s, e)
				},
			}
		}},
		"a document is in one generation": putting("generations", func(ctx context.Context, x *mem, s scope, e retrieval.Entry) error {
			for no := range int64(4) {
				if no == e.Generation {
					continue
				}
				if err := x.Put(ctx, s, retrieval.Entry{Document: e.Document, Generation: no}); err != nil {
					return err
				}
			}
			return x.Put(ctx, s, e)
		}),
		"vectors come back at length 1": {"vectors", func() index {
			return index{Index: memory.NewIndex(), vectors: func(ctx context.Context, x *mem, s scope, no int64, ids []retrieval.DocumentID) ([]retrieval.Embedded, error) {
				list, err := x.Vectors(ctx, s, no, ids)
				for i := range list {
					list[i].Vector = retrieval.Unit(list[i].Vector)
				}
				return list, err
			}}
		}},
		"vectors of all generations": {"vectors", func() index {
			return index{Index: memory.NewIndex(), vectors: func(ctx context.Context, x *mem, s scope, no int64, ids []retrieval.DocumentID) ([]retrieval.Embedded, error) {
				list, err := x.Vectors(ctx, s, no, ids)
				if len(list) == 0 && err == nil {
					list, err = x.Vectors(ctx, s, 1, ids)
				}
				return list, err
			}}
		}},
		"vectors are keyed by the text without its title": {"vectors", func() index {
			return index{Index: memory.NewIndex(), vectors: func(ctx context.Context, x *mem, s scope, no int64, ids []retrieval.DocumentID) ([]retrieval.Embedded, error) {
				list, err := x.Vectors(ctx, s, no, ids)
				for i := range list {
					list[i].Key = retrieval.KeyOf("one")
				}
				return list, err
			}}
		}},
		"drop takes out the site": {"drop", func() index {
			return index{Index: memory.NewIndex(), drop: func(ctx context.Context, x *mem, s scope, _ int64) error {
				for no := range int64(4) {
					if err := x.Drop(ctx, s, no); err != nil {
						return err
					}
				}
				return nil
			}}
		}},
		"drop does nothing": {"drop", func() index {
			return index{Index: memory.NewIndex(), drop: func(ctx context.Context, _ *mem, s scope, _ int64) error {
				if err := ctx.Err(); err != nil {
					return err
				}
				return s.Valid()
			}}
		}},
		"drop asks not for whom": {"generation scope", func() index {
			return index{Index: memory.NewIndex(), drop: func(ctx context.Context, x *mem, s scope, no int64) error {
				_ = x.Drop(ctx, s, no)
				return ctx.Err()
			}}
		}},
		"searches titles' words nowhere": putting("fields", func(ctx context.Context, x *mem, s scope, e retrieval.Entry) error {
			e.Title = ""
			return x.Put(ctx, s, e)
		}),
	}
}

func TestIndexSuiteCatches(t *testing.T) {
	for name, b := range brokenIndexes() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			brokentest.Caught(t, b.by, func(t *testing.T) {
				porttest.Index(t, func(*testing.T) porttest.IndexUnderTest {
					x := b.open()
					u := porttest.IndexUnderTest{Searcher: x, Indexer: x, NewScope: func(*testing.T) tenant.Scope {
						return tenant.Scope{Tenant: tenant.ID(tenant.Prefix + porttest.NewID()), Site: tenant.SiteID(tenant.SitePrefix + porttest.NewID())}
					}}
					if b.by == "replicas" {
						u.Replica = func(*testing.T) porttest.IndexUnderTest {
							other := b.open()
							return porttest.IndexUnderTest{Searcher: other, Indexer: other}
						}
					}
					return u
				})
			})
		})
	}
}

// sortedOnly answers a query with an order by putting in order what is found by
// relevance and, beside the best, is wanted.
func sortedOnly(ctx context.Context, x *memory.Index, s tenant.Scope, q retrieval.Query, wanted func(p, best retrieval.Passage) bool) ([]retrieval.Passage, error) {
	if q.Sort == retrieval.ByRelevance {
		return x.Search(ctx, s, q)
	}
	all := q
	all.Text, all.Vector, all.Limit = "", nil, 1<<20
	sorted, err := x.Search(ctx, s, all)
	if err != nil {
		return nil, err
	}
	q.Sort = retrieval.ByRelevance
	found, err := x.Search(ctx, s, q)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(sorted, func(p retrieval.Passage) bool {
		return !slices.ContainsFunc(found, func(f retrieval.Passage) bool { return f.Ref == p.Ref && wanted(f, found[0]) })
	}), nil
}
