package porttest_test

import (
	"context"
	"errors"
	"testing"

	"github.com/aiwoochat/woochat/adapters/memory"
	"github.com/aiwoochat/woochat/domain/retrieval"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/ports"
	"github.com/aiwoochat/woochat/test/porttest"
	"github.com/aiwoochat/woochat/test/porttest/brokentest"
)

// putsAll is a function that is a ports.IndexBatches.
type putsAll func(ctx context.Context, s tenant.Scope, entries []retrieval.Entry) error

func (p putsAll) PutAll(ctx context.Context, s tenant.Scope, entries []retrieval.Entry) error {
	return p(ctx, s, entries)
}

// TestIndexBatchesSuiteCatches runs the suite on indexes that are wrong in one way
// each.
func TestIndexBatchesSuiteCatches(t *testing.T) {
	only := func(x *memory.Index, keep func(i int, e retrieval.Entry, all []retrieval.Entry) bool) putsAll {
		return func(ctx context.Context, s tenant.Scope, entries []retrieval.Entry) error {
			var kept []retrieval.Entry
			for i, e := range entries {
				if keep(i, e, entries) {
					kept = append(kept, e)
				}
			}
			return x.PutAll(ctx, s, kept)
		}
	}
	for name, b := range map[string]struct {
		by  string
		put func(x *memory.Index) putsAll
	}{
		"what comes before a bad entry is put": {"batch all or none", func(x *memory.Index) putsAll {
			return func(ctx context.Context, s tenant.Scope, entries []retrieval.Entry) error {
				for _, e := range entries {
					if err := x.Put(ctx, s, e); err != nil {
						return err
					}
				}
				return nil
			}
		}},
		"of two of one document the first stays": {"batch as Put", func(x *memory.Index) putsAll {
			return only(x, func(i int, e retrieval.Entry, all []retrieval.Entry) bool {
				for _, before := range all[:i] {
					if before.Document == e.Document {
						return false
					}
				}
				return true
			})
		}},
		"nothing is taken out": {"batch as Put", func(x *memory.Index) putsAll {
			return only(x, func(_ int, e retrieval.Entry, _ []retrieval.Entry) bool { return len(e.Chunks) > 0 })
		}},
		"all go to one generation": {"batch generations", func(x *memory.Index) putsAll {
			return func(ctx context.Context, s tenant.Scope, entries []retrieval.Entry) error {
				all := make([]retrieval.Entry, len(entries))
				for i, e := range entries {
					e.Generation = entries[0].Generation
					all[i] = e
				}
				return x.PutAll(ctx, s, all)
			}
		}},
		"any number is put": {"batch limit", func(x *memory.Index) putsAll {
			return func(ctx context.Context, s tenant.Scope, entries []retrieval.Entry) error {
				for len(entries) > ports.MaxPut {
					if err := x.PutAll(ctx, s, entries[:ports.MaxPut]); err != nil {
						return err
					}
					entries = entries[ports.MaxPut:]
				}
				return x.PutAll(ctx, s, entries)
			}
		}},
		"it asks not for whom": {"batch scope", func(x *memory.Index) putsAll {
			return func(ctx context.Context, s tenant.Scope, entries []retrieval.Entry) error {
				if err := x.PutAll(ctx, s, entries); !errors.Is(err, tenant.ErrNoScope) {
					return err
				}
				return nil
			}
		}},
		"a done context puts": {"batch scope", func(x *memory.Index) putsAll {
			return func(ctx context.Context, s tenant.Scope, entries []retrieval.Entry) error {
				return x.PutAll(context.WithoutCancel(ctx), s, entries)
			}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			brokentest.Caught(t, b.by, func(t *testing.T) {
				porttest.IndexBatches(t, func(*testing.T) porttest.IndexUnderTest {
					x := memory.NewIndex()
					return porttest.IndexUnderTest{Searcher: x, Indexer: x, Batches: b.put(x), NewScope: freshScope}
				})
			})
		})
	}
}
