package bench

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
)

// catalogShop is a WooCommerce shop on the loopback interface that answers as
// fast as it can: its products are made when they are asked for, so that a large
// one takes no memory of its own. It believes every key.
type catalogShop struct {
	*httptest.Server
	products int
}

// newCatalogShop returns a shop with n products of the shape of real ones: a
// description of 900 to 2,500 bytes of HTML with headings and lists, attributes,
// categories, tags and images, and every eighth with six variations.
func newCatalogShop(tb testing.TB, n int) *catalogShop {
	tb.Helper()
	s := &catalogShop{products: n}
	s.Server = httptest.NewServer(http.HandlerFunc(s.answer))
	tb.Cleanup(s.Close)
	return s
}

func (s *catalogShop) answer(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json; charset=UTF-8")
	path := strings.TrimPrefix(r.URL.Path, "/wp-json")
	q := r.URL.Query()
	switch {
	case path == "/":
		fmt.Fprint(w, `{"namespaces":["wc/v3","wp/v2"]}`)
	case path == "/wc/v3/settings/general":
		fmt.Fprint(w, `[{"id":"woocommerce_currency","value":"EUR"},{"id":"woocommerce_price_num_decimals","value":"2"}]`)
	case path == "/wc/v3/settings/products":
		fmt.Fprint(w, `[{"id":"woocommerce_weight_unit","value":"kg"},{"id":"woocommerce_dimension_unit","value":"cm"}]`)
	case path == "/wc/v3/webhooks":
		w.WriteHeader(http.StatusBadRequest)
		fmt.Fprint(w, `{"code":"rest_missing_callback_param","message":"x","data":{"status":400}}`)
	case path == "/wc/v3/products":
		s.list(w, q.Get("offset"), q.Get("per_page"), strings.Contains(q.Get("_fields"), "description"))
	case strings.HasSuffix(path, "/variations"):
		id, err := strconv.Atoi(strings.Split(path, "/")[4])
		if err != nil {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("X-WP-Total", "6")
		_, _ = w.Write(variationsOf(id))
	default:
		http.NotFound(w, r)
	}
}

func (s *catalogShop) list(w http.ResponseWriter, offset, size string, full bool) {
	from, _ := strconv.Atoi(offset)
	per, _ := strconv.Atoi(size)
	w.Header().Set("X-WP-Total", strconv.Itoa(s.products))
	var b bytes.Buffer
	b.WriteByte('[')
	for i := from; i < min(from+per, s.products); i++ {
		if i > from {
			b.WriteByte(',')
		}
		writeProduct(&b, i+1, full)
	}
	b.WriteByte(']')
	_, _ = w.Write(b.Bytes())
}

var benchWords = strings.Fields(`oak walnut steel linen cotton enamel table chair lamp shelf kettle jacket boot tent bottle pan knife board
	light heavy slim wide warm dry soft solid folding stackable washable rechargeable handmade recycled waterproof matt polished natural
	with for and from the under above kitchen garden office travel winter summer evening children guests care clean wipe oil store keep
	handle base lid seat back frame strap zip pocket seam sole lining surface edge corner screw cable plug battery`)

func writeWords(b *bytes.Buffer, r *rand.Rand, n int) {
	for i := range n {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(benchWords[r.IntN(len(benchWords))])
	}
}

// isVariable is true for every eighth product.
func isVariable(id int) bool { return id%8 == 0 }

func writeProduct(b *bytes.Buffer, id int, full bool) {
	r := rand.New(rand.NewPCG(uint64(id), 7))
	kind, more := "simple", ""
	if isVariable(id) {
		ids := make([]string, 6)
		for i := range ids {
			ids[i] = strconv.Itoa(10_000_000 + id*10 + i)
		}
		kind, more = "variable", `,"variations":[`+strings.Join(ids, ",")+`]`
	}
	fmt.Fprintf(b, `{"id":%d,"type":"%s","status":"publish","catalog_visibility":"visible","post_password":"","date_modified_gmt":"2026-11-23T12:00:00"`, id, kind)
	if !full {
		b.WriteString(more + "}")
		return
	}
	fmt.Fprintf(b, `,"name":"Product %d `, id)
	writeWords(b, r, 4)
	fmt.Fprintf(b, `","sku":"SKU-%d","global_unique_id":"%013d","permalink":"https:\/\/shop.example.com\/product\/product-%d\/","description":"`, id, 4_000_000_000_000+id, id)
	for range 2 + r.IntN(3) {
		b.WriteString(`<h3>`)
		writeWords(b, r, 3)
		b.WriteString(`<\/h3>\n<p>`)
		writeWords(b, r, 40+r.IntN(40))
		b.WriteString(`.<\/p>\n<ul>\n`)
		for range 3 {
			b.WriteString(`<li>`)
			writeWords(b, r, 6)
			b.WriteString(`<\/li>\n`)
		}
		b.WriteString(`<\/ul>\n`)
	}
	b.WriteString(`","short_description":"<p>`)
	writeWords(b, r, 20)
	fmt.Fprintf(b, `.<\/p>","regular_price":"%d.90","sale_price":"","date_on_sale_from_gmt":null,"date_on_sale_to_gmt":null,"stock_status":"instock","stock_quantity":%d,"manage_stock":true,"backorders":"no","weight":"1.2","dimensions":{"length":"10","width":"20","height":"30"},"brands":[{"id":1,"name":"Brand %d"}],"categories":[{"id":2,"name":"Home %d"},{"id":3,"name":"All"}],"tags":[{"id":4,"name":"new"}],"images":[{"id":5,"src":"https:\/\/shop.example.com\/a%d.jpg","name":"a","alt":""},{"id":6,"src":"https:\/\/shop.example.com\/b%d.jpg","name":"b","alt":""}],"attributes":[{"id":1,"name":"Colour","visible":true,"variation":true,"options":["red","green","blue"]},{"id":0,"name":"Material","visible":true,"variation":false,"options":["oak","steel"]}],"grouped_products":[],"external_url":""%s}`,
		10+id%200, id%50, id%40, id%30, id, id, more)
}

func variationsOf(id int) []byte {
	var b bytes.Buffer
	b.WriteByte('[')
	for i := range 6 {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `{"id":%d,"parent_id":%d,"type":"variation","status":"publish","sku":"SKU-%d-%d","regular_price":"%d.50","sale_price":"","stock_status":"instock","stock_quantity":%d,"manage_stock":true,"backorders":"no","image":null,"attributes":[{"id":1,"name":"Colour","option":"%s"}]}`,
			10_000_000+id*10+i, id, id, i, 10+i, i, []string{"red", "green", "blue"}[i%3])
	}
	b.WriteByte(']')
	return b.Bytes()
}
