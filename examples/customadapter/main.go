// Command customadapter shows an adapter of one's own (index.go) at work. Its
// test is one call of a conformance suite, which checks every sentence of the
// port's contract, isolation between tenants included.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"time"

	"github.com/aiwoochat/woochat/domain/catalog"
	"github.com/aiwoochat/woochat/domain/retrieval"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/ports"
)

func main() {
	if err := run(context.Background(), os.Stdout, NewIndex()); err != nil {
		log.Fatal(err)
	}
}

// index is what an adapter for searching is: any will do.
type index interface {
	ports.Searcher
	ports.Indexer
}

func run(ctx context.Context, w io.Writer, x index) error {
	mine, other := tenant.Scope{Tenant: "ten_1", Site: "site_1"}, tenant.Scope{Tenant: "ten_2", Site: "site_2"}
	euros := func(cents int64) catalog.Money { return catalog.Money{Minor: cents, Currency: "EUR", Exponent: 2} }
	product := func(id, title, text string, cents int64) retrieval.Entry {
		return retrieval.Entry{
			Document: retrieval.DocumentID("product:" + id), Kind: catalog.KindProduct, Title: title,
			Facts:  catalog.Facts{Offers: []catalog.Offer{{SKU: "SKU-" + id, Regular: euros(cents), Stock: catalog.InStock}}},
			Chunks: []retrieval.Chunk{{Text: text}},
		}
	}
	if err := errors.Join(
		x.Put(ctx, mine, product("1", "Storm Jacket", "Keeps the rain out.", 12990)),
		x.Put(ctx, mine, product("2", "Sun Hat", "Keeps the sun off, and the rain for a while.", 1990)),
		x.Put(ctx, other, product("3", "Rain Barrel", "Collects rain.", 4990)),
	); err != nil {
		return err
	}
	for _, q := range []struct {
		what  string
		query retrieval.Query
	}{
		{"words", retrieval.Query{Text: "rain"}},
		{"a name", retrieval.Query{Text: "storm jacket"}},
		{"a SKU", retrieval.Query{Codes: []string{"sku-2"}}},
		{"a price", retrieval.Query{Text: "rain", Filter: retrieval.Filter{MaxPrice: euros(3000)}}},
	} {
		q.query.Limit, q.query.At = 5, time.Now()
		found, err := x.Search(ctx, mine, q.query)
		if err != nil {
			return err
		}
		fmt.Fprintf(w, "By %s:", q.what)
		for _, p := range found {
			fmt.Fprintf(w, " %s", p.Ref.Document)
		}
		fmt.Fprintln(w)
	}
	return nil
}
