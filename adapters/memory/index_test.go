package memory_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/aiwoochat/woochat/adapters/memory"
	"github.com/aiwoochat/woochat/domain/catalog"
	"github.com/aiwoochat/woochat/domain/retrieval"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/test/porttest"
)

func newIndexScope(*testing.T) tenant.Scope {
	return tenant.Scope{Tenant: tenant.ID(tenant.Prefix + porttest.NewID()), Site: tenant.SiteID(tenant.SitePrefix + porttest.NewID())}
}

func TestIndex(t *testing.T) {
	porttest.Index(t, func(*testing.T) porttest.IndexUnderTest {
		x := memory.NewIndex()
		return porttest.IndexUnderTest{Searcher: x, Indexer: x, NewScope: newIndexScope}
	})
	porttest.IndexBatches(t, func(*testing.T) porttest.IndexUnderTest {
		x := memory.NewIndex()
		return porttest.IndexUnderTest{Searcher: x, Indexer: x, Batches: x, NewScope: newIndexScope}
	})
}

func ExampleNewIndex() {
	ctx := context.Background()
	shop := tenant.Scope{Tenant: "ten_0197a000-0000-7000-8000-000000000001", Site: "site_0197a000-0000-7000-8000-000000000002"}
	index := memory.NewIndex()
	err := index.Put(ctx, shop, retrieval.Entry{
		Document: "product:7", Revision: "1", Kind: catalog.KindProduct, Title: "Copper kettle",
		Facts:  catalog.Facts{SKUs: []string{"KT-7"}},
		Chunks: []retrieval.Chunk{{Text: "Copper kettle\nBoils a litre in four minutes."}},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	found, err := index.Search(ctx, shop, retrieval.Query{Text: "which kettle is fastest?", Limit: 5})
	fmt.Println(len(found), found[0].Ref.Document, err)
	// Output: 1 product:7 <nil>
}
