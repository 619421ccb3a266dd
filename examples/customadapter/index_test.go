package main

import (
	"context"
	"fmt"
	"os"
	"testing"

	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/test/porttest"
)

// TestIndex is all that an adapter's author writes.
func TestIndex(t *testing.T) {
	porttest.Index(t, func(*testing.T) porttest.IndexUnderTest {
		x := NewIndex()
		return porttest.IndexUnderTest{Searcher: x, Indexer: x, NewScope: func(*testing.T) tenant.Scope {
			return tenant.Scope{Tenant: tenant.ID(tenant.Prefix + porttest.NewID()), Site: tenant.SiteID(tenant.SitePrefix + porttest.NewID())}
		}}
	})
}

func Example() {
	if err := run(context.Background(), os.Stdout, NewIndex()); err != nil {
		fmt.Println(err)
	}
	// Output:
	// By words: product:1 product:2
	// By a name: product:1
	// By a SKU: product:2
	// By a price: product:2
}
