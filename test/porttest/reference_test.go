package porttest_test

import (
	"context"
	"testing"

	"github.com/aiwoochat/woochat/adapters/memory"
	"github.com/aiwoochat/woochat/domain/retrieval"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/test/porttest"
	"github.com/aiwoochat/woochat/test/porttest/brokentest"
)

func compared(x porttest.SearchedIndex) func(*testing.T) {
	return func(t *testing.T) {
		t.Run("reference", func(t *testing.T) {
			porttest.CompareIndexes(t, x, memory.NewIndex(), tenant.Scope{Tenant: "ten_1", Site: "site_1"}, porttest.Comparison{})
		})
	}
}

func TestCompareIndexes(t *testing.T) {
	compared(memory.NewIndex())(t)
}

func TestCompareIndexesCatchesWhatStays(t *testing.T) {
	brokentest.Caught(t, "reference", compared(index{Index: memory.NewIndex(), put: func(ctx context.Context, x *memory.Index, s tenant.Scope, e retrieval.Entry) error {
		if len(e.Chunks) == 0 {
			return nil // what was taken out is still found
		}
		return x.Put(ctx, s, e)
	}}))
}

func TestCompareIndexesCatchesAnotherOrder(t *testing.T) {
	brokentest.Caught(t, "reference", compared(index{Index: memory.NewIndex(), search: func(ctx context.Context, x *memory.Index, s tenant.Scope, q retrieval.Query) ([]retrieval.Passage, error) {
		q.Codes = nil
		return x.Search(ctx, s, q)
	}}))
}
