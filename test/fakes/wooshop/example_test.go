package wooshop_test

import (
	"context"
	"fmt"
	"io"
	"net/http"

	"github.com/aiwoochat/woochat/test/fakes/wooshop"
)

func ExampleStart() {
	shop, err := wooshop.Start(wooshop.Options{TLS: true}, "")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer shop.Close()
	shop.Create(wooshop.Product{Name: "Mug", Regular: "12.50"})

	key := shop.AddKey("read")
	req, err := http.NewRequest(http.MethodGet, shop.URL()+"/wp-json/wc/v3/products?_fields=id,name,price", http.NoBody)
	if err != nil {
		fmt.Println(err)
		return
	}
	req.SetBasicAuth(key.Key, key.Secret)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	fmt.Println(resp.Header.Get("X-WP-Total"), string(body), err)
	// Output: 1 [{"id":10,"name":"Mug","price":"12.50"}] <nil>
}

// A webhook of a shop in this process, whose receiver is a handler: nothing
// goes over a network, and nothing waits.
func ExampleNew() {
	receiver := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		fmt.Println(r.Header.Get("X-WC-Webhook-Topic"), string(body), err)
	})
	shop := wooshop.New(wooshop.Options{Transport: wooshop.HandlerTransport(receiver)})
	if _, err := shop.AddHook("product.deleted", "https://chat.example.com/hook", "a secret"); err != nil {
		fmt.Println(err)
	}
	shop.Trash(shop.Create(wooshop.Product{Name: "Mug"}))
	fmt.Println(shop.Deliver(context.Background()))
	// Output:
	//  webhook_id=1 <nil>
	// product.deleted {"id":10} <nil>
	// 1
}

func ExampleShop_SetFate() {
	heard := 0
	receiver := http.HandlerFunc(func(http.ResponseWriter, *http.Request) { heard++ })
	shop := wooshop.New(wooshop.Options{Transport: wooshop.HandlerTransport(receiver)})
	if _, err := shop.AddHook("product.created", "https://chat.example.com/hook", "a secret"); err != nil {
		fmt.Println(err)
	}
	shop.SetFate(func(d wooshop.Delivery) wooshop.Fate { return wooshop.Fate{Lost: d.N == 1, Copies: 1} })
	shop.Create(wooshop.Product{Name: "Lost"})
	shop.Create(wooshop.Product{Name: "Twice"})
	shop.Deliver(context.Background())
	fmt.Println(heard, "requests, the ping among them")
	// Output: 3 requests, the ping among them
}
