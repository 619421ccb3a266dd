package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/aiwoochat/woochat/adapters/memory"
	"github.com/aiwoochat/woochat/app/answering"
	"github.com/aiwoochat/woochat/domain/catalog"
	"github.com/aiwoochat/woochat/domain/chat"
	"github.com/aiwoochat/woochat/domain/retrieval"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/ports"
)

// fill puts a product and a page into the stores. A real shop is imported with
// app/ingesting, from WooCommerce or a source of one's own.
func fill(ctx context.Context, stores *memory.Stores, scope tenant.Scope) error {
	euros := func(cents int64) catalog.Money { return catalog.Money{Minor: cents, Currency: "EUR", Exponent: 2} }
	return errors.Join(
		stores.Add(ctx, scope, retrieval.Document{
			ID: "product:1", Kind: catalog.KindProduct, Title: "Storm Jacket", URL: "https://shop.example.com/product/storm-jacket/",
			Facts: catalog.Facts{SKUs: []string{"TT-101"}, Offers: []catalog.Offer{
				{SKU: "TT-101", Regular: euros(12990), Sale: euros(9742), Stock: catalog.InStock},
			}},
		}, "A waterproof jacket for bad days. Weight 420 g."),
		stores.Add(ctx, scope, retrieval.Document{
			ID: "page:1", Kind: catalog.KindPage, Title: "Shipping", URL: "https://shop.example.com/shipping/",
		}, "Shipping costs €4.90. Orders from €60 ship free."),
	)
}

// model stands for a real one, such as adapters/openai. It says something that
// the shop's data does not bear out: watch it go missing.
func model() ports.ChatModel {
	return memory.NewModel("The Storm Jacket costs €97.42 [1] and is in stock [1]. Today it comes with a €20 voucher. Shipping costs €4.90 [2].")
}

// show prints an answer as it comes.
func show(ctx context.Context, w io.Writer, answer *answering.Stream) error {
	for {
		e, err := answer.Next(ctx)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		switch e.Kind {
		case chat.EventDelta:
			fmt.Fprint(w, e.Text)
		case chat.EventSources:
			fmt.Fprintln(w)
			for _, s := range e.Sources {
				fmt.Fprintf(w, "[%d] %s, %s\n", s.Marker, s.Title, s.URL)
			}
		case chat.EventProducts:
			for _, c := range e.Cards {
				fmt.Fprintf(w, "Card: %s, %s, %s\n", c.Title, chat.PriceText(c.Price.Min, c.Price.Max), chat.StockText(c.Stock))
			}
		case chat.EventError:
			return e.Err
		case chat.EventStart, chat.EventEnd:
		}
	}
}
