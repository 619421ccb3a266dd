package demoshop

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strings"
	"time"
)

// shop serves the shop front. Nothing in it changes after Handler made it.
type shop struct {
	options   Options
	products  []*product // that may be shown, in the export's order
	bySKU     map[string]*product
	bySlug    map[string]*product
	tree      []category
	pages     []Page
	templates map[string]*template.Template
	policy    string
}

// category is a part of the catalogue with its parts.
type category struct {
	Name, Path, URL, Image string
	Count                  int
	Parts                  []category
}

// Handler returns the shop front: the home page, /shop/ with search and sort,
// /product-category/.../, /product/<slug>/, the pages of [Pages], /cart/, and
// the pictures below /wp-content/uploads/. Everything else is a page that says
// 404; so are products that are drafts, private or hidden.
//
// A product's slug is its name in lower case with each run of other characters
// than a-z and 0-9 turned into one hyphen, which is also its permalink in
// WooCommerce.
//
// Every page ends with the widget's snippet. Answers carry a strict
// Content-Security-Policy: no inline script or style, and no other origin than
// the shop's own and the widget's. It may be called more than once; each
// handler is independent and safe for concurrent use.
func Handler(options Options) http.Handler {
	if options.Now == nil {
		options.Now = time.Now
	}
	all, err := readCatalogue(Products())
	if err != nil {
		panic(fmt.Sprintf("demoshop: content/products.csv: %v", err)) // see mustRead
	}
	s := &shop{
		options: options, pages: Pages(), policy: policy(options.WidgetSrc),
		bySKU: make(map[string]*product), bySlug: make(map[string]*product),
		templates: make(map[string]*template.Template),
	}
	for _, p := range all {
		if p.shown() {
			s.products = append(s.products, p)
			s.bySlug[p.slug] = p
			s.bySKU[p.sku] = p
		}
	}
	s.tree = categories(s.products)
	layout := template.Must(template.ParseFS(embedded, "templates/layout.html", "templates/grid.html"))
	for _, name := range []string{"home", "list", "product", "page", "cart", "missing"} {
		s.templates[name] = template.Must(template.Must(layout.Clone()).ParseFS(embedded, "templates/"+name+".html"))
	}
	return s.routes()
}

func (s *shop) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", s.home)
	mux.HandleFunc("GET /shop/{$}", s.list)
	mux.HandleFunc("GET /product-category/", s.list)
	mux.HandleFunc("GET /product/{slug}/{$}", s.product)
	mux.HandleFunc("GET /cart/{$}", func(w http.ResponseWriter, r *http.Request) {
		s.render(w, r, http.StatusOK, "cart", "Your basket", nil)
	})
	for _, p := range s.pages {
		mux.HandleFunc("GET /"+p.Slug+"/{$}", func(w http.ResponseWriter, r *http.Request) {
			//nolint:gosec // The HTML is this package's own content, not input.
			s.render(w, r, http.StatusOK, "page", p.Title, template.HTML(p.HTML))
		})
	}
	mux.HandleFunc("GET /wp-content/uploads/{file}", func(w http.ResponseWriter, r *http.Request) {
		s.file(w, r, "content/images/"+path.Base(r.PathValue("file")))
	})
	mux.HandleFunc("GET /assets/shop.css", func(w http.ResponseWriter, r *http.Request) {
		s.file(w, r, "static/shop.css")
	})
	mux.HandleFunc("GET /", s.missing)
	return mux
}

// policy returns the Content-Security-Policy of a page whose widget is loaded
// from src.
func policy(src string) string {
	own := "'self'"
	if u, err := url.Parse(src); err == nil && u.Host != "" && (u.Scheme == "http" || u.Scheme == "https") {
		own += " " + u.Scheme + "://" + u.Host
	}
	return "default-src 'none'; script-src " + own + "; style-src " + own + "; connect-src " + own +
		"; img-src " + own + " data:; font-src " + own +
		"; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
}

// frame is what the layout prints around a page.
type frame struct {
	Title, Path, Query string
	Categories         []category
	Pages              []Page
	SiteKey, WidgetSrc string
	Body               any
}

func (s *shop) render(w http.ResponseWriter, r *http.Request, status int, name, title string, body any) {
	var page bytes.Buffer
	err := s.templates[name].ExecuteTemplate(&page, "layout", frame{
		Title: title, Path: r.URL.Path, Query: r.URL.Query().Get("q"), Categories: s.tree, Pages: s.pages,
		SiteKey: s.options.SiteKey, WidgetSrc: s.options.WidgetSrc, Body: body,
	})
	if err != nil { // before anything was sent, so that half a page is never a 200
		http.Error(w, "The page could not be made: "+err.Error(), http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-cache")
	h.Set("Content-Security-Policy", s.policy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "strict-origin-when-cross-origin")
	w.WriteHeader(status)
	_, _ = page.WriteTo(w) // the shopper left: nobody to tell
}

func (s *shop) file(w http.ResponseWriter, r *http.Request, name string) {
	content, err := fs.ReadFile(embedded, name)
	if err != nil {
		s.missing(w, r)
		return
	}
	h := w.Header()
	h.Set("Cache-Control", "max-age=300")
	h.Set("ETag", fmt.Sprintf(`"%x"`, sha256.Sum256(content)))
	h.Set("X-Content-Type-Options", "nosniff")
	if strings.HasSuffix(name, ".svg") { // not every system knows the type
		h.Set("Content-Type", "image/svg+xml")
		h.Set("Content-Security-Policy", "default-src 'none'")
	}
	http.ServeContent(w, r, name, time.Time{}, bytes.NewReader(content))
}

func (s *shop) missing(w http.ResponseWriter, r *http.Request) {
	s.render(w, r, http.StatusNotFound, "missing", "Page not found", s.cards(s.featured(4), s.options.Now()))
}

func (s *shop) home(w http.ResponseWriter, r *http.Request) {
	now := s.options.Now()
	var sale []*product
	for _, p := range s.products {
		if p.listed() && s.card(p, now).BadgeKind == "sale" && !p.featured && len(sale) < 4 {
			sale = append(sale, p)
		}
	}
	s.render(w, r, http.StatusOK, "home", "", struct{ Featured, Sale []card }{
		s.cards(s.featured(8), now), s.cards(sale, now),
	})
}

func (s *shop) featured(n int) []*product {
	var found []*product
	for _, p := range s.products {
		if p.featured && p.listed() && len(found) < n {
			found = append(found, p)
		}
	}
	return found
}

// list serves the catalogue: all of it, one category, or what a search finds.
func (s *shop) list(w http.ResponseWriter, r *http.Request) {
	now := s.options.Now()
	title, inPath := "All products", ""
	var crumbs []link
	if r.URL.Path != "/shop/" {
		trail := s.trail(r.URL.Path)
		if len(trail) == 0 {
			s.missing(w, r)
			return
		}
		last := trail[len(trail)-1]
		title, inPath = last.Name, last.Path
		for _, c := range trail {
			crumbs = append(crumbs, link{c.URL, c.Name})
		}
	}
	words := strings.Fields(strings.ToLower(r.URL.Query().Get("q")))
	if len(words) > 0 {
		title = "Search results"
	}
	var found []*product
	for _, p := range s.products {
		if inPath != "" && !slices.ContainsFunc(p.categories, func(c string) bool { return within(c, inPath) }) {
			continue
		}
		if len(words) > 0 && p.searchable() && p.matches(words) || len(words) == 0 && p.listed() {
			found = append(found, p)
		}
	}
	order := r.URL.Query().Get("orderby")
	s.sort(found, order, now)
	s.render(w, r, http.StatusOK, "list", title, listing{r.URL.Path, order, crumbs, s.cards(found, now)})
}

// listing is what a page of the catalogue shows.
type listing struct {
	Action, Order string
	Crumbs        []link
	Products      []card
}

// Within says whether the page is about the top category at address or a part
// of it.
func (l listing) Within(address string) bool {
	return len(l.Crumbs) > 0 && l.Crumbs[0].URL == address
}

func (s *shop) sort(products []*product, order string, now time.Time) {
	lowest := func(p *product) cents {
		low := cents(-1)
		for _, o := range s.offersOf(p) {
			if c := o.price(now); low < 0 || c >= 0 && c < low {
				low = c
			}
		}
		return low
	}
	switch order {
	case "price":
		slices.SortStableFunc(products, func(a, b *product) int { return int(lowest(a) - lowest(b)) })
	case "price-desc":
		slices.SortStableFunc(products, func(a, b *product) int { return int(lowest(b) - lowest(a)) })
	case "title":
		slices.SortStableFunc(products, func(a, b *product) int { return strings.Compare(a.name, b.name) })
	}
}

func (s *shop) product(w http.ResponseWriter, r *http.Request) {
	p := s.bySlug[r.PathValue("slug")]
	if p == nil {
		s.missing(w, r)
		return
	}
	s.render(w, r, http.StatusOK, "product", p.name, s.detail(p, r.URL.Query().Get("colour"), s.options.Now()))
}

// matches says whether every word stands in the product's name, SKUs,
// categories, options or short description.
func (p *product) matches(words []string) bool {
	text := p.name + " " + p.sku + " " + p.brand + " " + strings.Join(p.categories, " ") + " " + withoutTags(p.short)
	for _, a := range p.attributes {
		text += " " + strings.Join(a.values, " ")
	}
	for i := range p.variations {
		text += " " + p.variations[i].sku
	}
	text = strings.ToLower(text)
	for _, w := range words {
		if !strings.Contains(text, w) {
			return false
		}
	}
	return true
}

func (s *shop) bySKUs(skus []string) []*product {
	var found []*product
	for _, sku := range skus {
		if p := s.bySKU[sku]; p != nil {
			found = append(found, p)
		}
	}
	return found
}

// relatedTo returns what the shop recommends beside p, filled up to four from
// p's own category.
func (s *shop) relatedTo(p *product) []*product {
	found := s.bySKUs(p.related)
	for _, other := range s.products {
		if len(found) >= 4 || len(p.categories) == 0 {
			break
		}
		same := slices.Contains(other.categories, p.categories[len(p.categories)-1])
		if same && other != p && other.listed() && !slices.Contains(found, other) {
			found = append(found, other)
		}
	}
	return found[:min(4, len(found))]
}

// categories returns the tree of what products are in, in the order in which
// the export names them.
func categories(products []*product) []category {
	var tree []category
	for _, p := range products {
		if !p.listed() {
			continue
		}
		for _, top := range topNames(p) {
			tree = counted(tree, top, top, p)
		}
		for _, c := range p.categories {
			if top, part, ok := strings.Cut(c, " > "); ok {
				i := slices.IndexFunc(tree, func(t category) bool { return t.Name == top })
				tree[i].Parts = counted(tree[i].Parts, part, c, p)
			}
		}
	}
	return tree
}

// topNames returns the top categories of p, each once.
func topNames(p *product) []string {
	var names []string
	for _, c := range p.categories {
		if top, _, _ := strings.Cut(c, " > "); !slices.Contains(names, top) {
			names = append(names, top)
		}
	}
	return names
}

// counted returns tree with p counted in the category name.
func counted(tree []category, name, inPath string, p *product) []category {
	i := slices.IndexFunc(tree, func(c category) bool { return c.Name == name })
	if i < 0 {
		i = len(tree)
		tree = append(tree, category{Name: name, Path: inPath, URL: categoryURL(inPath), Image: p.images[0]})
	}
	tree[i].Count++
	return tree
}

// within says whether category c is parent or a part of it.
func within(c, parent string) bool { return c == parent || strings.HasPrefix(c, parent+" > ") }

// trail returns the categories from the top down to the one at an address,
// none if there is no such category.
func (s *shop) trail(address string) []category {
	for _, top := range s.tree {
		if top.URL == address {
			return []category{top}
		}
		for _, part := range top.Parts {
			if part.URL == address {
				return []category{top, part}
			}
		}
	}
	return nil
}
