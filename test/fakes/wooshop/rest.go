package wooshop

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// rest answers a request to the API.
func (s *Shop) rest(q *request) answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	parts := strings.Split(strings.Trim(q.route, "/"), "/")
	if parts[0] == "" {
		return s.common(q, s.index())
	}
	switch {
	case len(parts) == 2 && parts[0] == "wc" && parts[1] == "v3":
		return s.common(q, reply(object{{"namespace", "wc/v3"}, {"routes", object{}}}))
	case len(parts) >= 3 && parts[0] == "wc" && parts[1] == "v3":
		return s.common(q, s.wc(q, parts[2:]))
	case len(parts) >= 3 && parts[0] == "wp" && parts[1] == "v2":
		return s.common(q, s.wp(q, parts[2:]))
	case len(parts) >= 4 && parts[0] == "wc" && parts[1] == "store" && parts[2] == "v1":
		return s.common(q, s.store(q, parts[3:]))
	}
	return s.common(q, noRoute())
}

func noRoute() answer {
	return fail("rest_no_route", "No route was found matching the URL and request method.", http.StatusNotFound)
}

// common adds what WordPress says with every answer of its API.
func (s *Shop) common(q *request, a answer) answer {
	link := false
	for _, h := range a.header {
		link = link || h[0] == "Link"
	}
	if !link {
		a = a.with("Link", "<"+s.api("/")+`>; rel="https://api.w.org/"`)
	}
	a = a.with("X-Robots-Tag", "noindex").with("X-Content-Type-Options", "nosniff").
		with("Access-Control-Expose-Headers", "X-WP-Total, X-WP-TotalPages, Link").
		with("Access-Control-Allow-Headers", "Authorization, X-WP-Nonce, Content-Disposition, Content-MD5, Content-Type")
	if strings.HasPrefix(q.route, "/wc/v3") {
		a = a.with("Expires", "Wed, 11 Jan 1984 05:00:00 GMT").with("Cache-Control", "no-cache, must-revalidate, max-age=0, no-store, private")
	} else {
		a = a.with("Vary", "Origin")
	}
	return a
}

func (s *Shop) index() answer {
	return reply(object{
		{"name", "A shop"},
		{"description", ""},
		{"url", s.url},
		{"home", s.url},
		{"gmt_offset", "0"},
		{"timezone_string", s.o.Zone.String()},
		{"namespaces", list{"oembed/1.0", "wc/v1", "wc/v2", "wc/v3", "wc/store/v1", "wp/v2"}},
		{"authentication", object{}},
		{"routes", object{}},
	})
}

// wc answers /wc/v3/...
func (s *Shop) wc(q *request, parts []string) answer {
	single := len(parts) == 2 && parts[0] != "settings"
	if refused := s.allowed(q, single); refused != nil {
		return *refused
	}
	get := q.r.Method == http.MethodGet
	switch {
	case parts[0] == "products" && len(parts) == 1 && get:
		return s.listProducts(q).with("Allow", "GET, POST")
	case parts[0] == "products" && len(parts) == 2 && parts[1] == "categories" && get:
		return s.listTerms(q, "product_cat")
	case parts[0] == "products" && len(parts) == 2 && parts[1] == "tags" && get:
		return s.listTerms(q, "product_tag")
	case parts[0] == "products" && len(parts) == 2 && parts[1] == "batch" && q.r.Method == http.MethodPost:
		return s.batch(q)
	case parts[0] == "products" && len(parts) == 2:
		return s.oneProduct(q, parts[1])
	case parts[0] == "products" && len(parts) == 3 && parts[2] == "variations" && get:
		return s.listVariations(q, number0(parts[1])).with("Allow", "GET, POST")
	case parts[0] == "products" && len(parts) == 4 && parts[2] == "variations" && get:
		return s.oneVariation(q, number0(parts[1]), number0(parts[3]))
	case parts[0] == "settings" && len(parts) >= 2 && get:
		return s.settings(parts[1:]).with("Allow", "GET")
	case parts[0] == "system_status" && len(parts) == 1 && get:
		return s.systemStatus(q)
	case parts[0] == "webhooks":
		return s.webhooks(q, parts[1:])
	case parts[0] == "orders" && len(parts) == 1 && get:
		return s.listOrders(q)
	}
	return noRoute()
}

// number0 reads an id; 0 is nobody's.
func number0(s string) int {
	n, err := strconv.Atoi(s)
	if err != nil {
		return 0
	}
	return n
}

func (s *Shop) oneProduct(q *request, id string) answer {
	p, ok := s.products[number0(id)]
	if !ok {
		return fail("woocommerce_rest_product_invalid_id", "Invalid ID.", http.StatusNotFound)
	}
	switch {
	case q.r.Method == http.MethodGet && s.breaksAt(q, p.id):
		return crashed()
	case q.r.Method == http.MethodGet:
		return reply(s.said(p.id, s.view(p)).only(q.query.Get("_fields"))).with("Allow", "GET, POST, PUT, PATCH, DELETE")
	case q.r.Method == http.MethodDelete && p.v == nil && q.query.Get("force") == "true":
		gone := s.view(p)
		s.delete(p.id)
		return reply(gone)
	}
	return noRoute()
}

func (s *Shop) delete(id int) {
	if p, ok := s.products[id]; ok && p.v == nil {
		for _, v := range p.variations {
			delete(s.products, v)
		}
		delete(s.products, id)
	}
}

// batch is POST products/batch, of which only "delete" is here.
func (s *Shop) batch(q *request) answer {
	var in struct {
		Delete []int `json:"delete"`
	}
	if !q.json(&in) {
		return badJSON()
	}
	gone := list{}
	for _, id := range in.Delete {
		if p, ok := s.products[id]; ok {
			gone = append(gone, s.view(p))
			s.delete(id)
		}
	}
	return reply(object{{"delete", gone}})
}

func (s *Shop) oneVariation(q *request, parent, id int) answer {
	p, ok := s.products[id]
	if !ok || p.v == nil || p.parent != parent {
		return fail("woocommerce_rest_product_variation_invalid_id", "Invalid ID.", http.StatusNotFound)
	}
	return reply(s.variationView(p).only(q.query.Get("_fields"))).with("Allow", "GET, POST, PUT, PATCH, DELETE")
}

// paged cuts a page out of n things: from and to are its bounds. A page beyond
// the last is empty.
func (s *Shop) paged(q *request, n int) (from, to int, head func(answer) answer, refused *answer) {
	per, bad := q.number("per_page", 10, 1, 100)
	page, bad2 := q.number("page", 1, 1, 1<<30)
	if bad == nil {
		bad = bad2
	}
	if bad != nil {
		return 0, 0, nil, bad
	}
	pages := (n + per - 1) / per
	// An offset goes before a page; totals stay those of all.
	offset, bad := q.number("offset", (page-1)*per, 0, 1<<30)
	if bad != nil {
		return 0, 0, nil, bad
	}
	from = min(offset, n)
	to = min(from+per, n)
	head = func(a answer) answer {
		a = a.with("X-WP-Total", itoa(n)).with("X-WP-TotalPages", itoa(pages))
		var links []string
		if page > 1 {
			links = append(links, "<"+s.pageLink(q, min(page-1, max(pages, 1)))+`>; rel="prev"`)
		}
		if page < pages {
			links = append(links, "<"+s.pageLink(q, page+1)+`>; rel="next"`)
		}
		if len(links) > 0 {
			a = a.with("Link", strings.Join(links, ", "))
		}
		return a
	}
	return from, to, head, nil
}

// pageLink is the address of another page: the request's own query, with its
// key or signature in it, and the page at its end. Who signs must sign anew.
func (s *Shop) pageLink(q *request, page int) string {
	link := s.api(q.route)
	sep := "?"
	if strings.Contains(link, "?") {
		sep = "&"
	}
	for part := range strings.SplitSeq(q.r.URL.RawQuery, "&") {
		name, value, _ := strings.Cut(part, "=")
		if name == "page" || name == "rest_route" || name == "" {
			continue
		}
		if plain, err := url.QueryUnescape(value); err == nil {
			value = url.QueryEscape(plain)
		}
		if name == "dates_are_gmt" && value == "true" {
			value = "1"
		}
		link += sep + name + "=" + value
		sep = "&"
	}
	return link + sep + "page=" + itoa(page)
}

// number reads a parameter that must be within bounds.
func (q *request) number(name string, def, low, high int) (int, *answer) {
	text := q.query.Get(name)
	if text == "" {
		return def, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < low || n > high {
		return 0, invalid(name, name+" must be between "+itoa(low)+" (inclusive) and "+itoa(high)+" (inclusive)")
	}
	return n, nil
}

// invalid is what WordPress answers to a parameter that it does not take.
func invalid(name, why string) *answer {
	a := reply(object{
		{"code", "rest_invalid_param"},
		{"message", "Invalid parameter(s): " + name},
		{"data", object{{"status", 400}, {"params", object{{name, why}}}, {"details", object{}}}},
	})
	a.status = http.StatusBadRequest
	return &a
}

func (s *Shop) listTerms(q *request, taxonomy string) answer {
	all := list{}
	for id := 1; id <= s.lastTerm; id++ {
		if t, ok := s.terms[id]; ok && t.taxonomy == taxonomy {
			all = append(all, object{{"id", t.id}, {"name", escaped(t.name)}, {"slug", t.slug}, {"parent", t.parent}, {"description", ""}, {"display", "default"}, {"image", nil}, {"menu_order", 0}}.only(q.query.Get("_fields")))
		}
	}
	from, to, head, refused := s.paged(q, len(all))
	if refused != nil {
		return *refused
	}
	return head(reply(all[from:to])).with("Allow", "GET, POST")
}

func (s *Shop) listOrders(q *request) answer {
	all := list{}
	for id := s.lastID; id > 0; id-- {
		if o, ok := s.orders[id]; ok {
			all = append(all, s.orderView(o))
		}
	}
	from, to, head, refused := s.paged(q, len(all))
	if refused != nil {
		return *refused
	}
	return head(reply(all[from:to])).with("Allow", "GET, POST")
}
