package demoshop_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	"github.com/aiwoochat/woochat/cmd/woochat/demoshop"
)

func ExampleHandler() {
	shop := demoshop.Handler(demoshop.Options{
		SiteKey:   "pk_demo",
		WidgetSrc: "/w.js",
		Now:       func() time.Time { return time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC) },
	})
	w := httptest.NewRecorder()
	shop.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/product/polaris-400-headlamp/", nil))
	fmt.Println(w.Code, strings.Contains(w.Body.String(), "€44.90"))
	// Output: 200 true
}

func ExampleProducts() {
	rows := strings.Split(string(demoshop.Products()), "\n")
	fmt.Println(strings.HasPrefix(rows[1], `1010,variable,FF-JKT-0101,,"Stormvind Rain Jacket",1,1,visible,`))
	// Output: true
}

func ExampleProductsAt() {
	export := string(demoshop.ProductsAt("http://127.0.0.1:8080"))
	fmt.Println(strings.Contains(export, "http://127.0.0.1:8080/wp-content/uploads/ff-mug-1020-blue.svg"))
	// Output: true
}

func ExamplePages() {
	for _, p := range demoshop.Pages()[:3] {
		fmt.Printf("/%s/ %s\n", p.Slug, p.Title)
	}
	// Output:
	// /shipping/ Shipping & Delivery
	// /returns/ Returns & Exchanges
	// /warranty/ Warranty & Repairs
}
