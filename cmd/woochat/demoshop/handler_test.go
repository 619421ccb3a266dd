package demoshop_test

import (
	"html"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aiwoochat/woochat/cmd/woochat/demoshop"
)

const (
	siteKey = "pk_test_4f1a"
	snippet = `<script async src="/w.js" data-site-key="` + siteKey + `"></script>`
)

var autumn = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func front(at time.Time) http.Handler {
	return demoshop.Handler(demoshop.Options{SiteKey: siteKey, WidgetSrc: "/w.js", Now: func() time.Time { return at }})
}

func get(h http.Handler, address string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, address, nil))
	return w
}

var (
	reference = regexp.MustCompile(`(?:href|src|action)="([^"]*)"`)
	host      = regexp.MustCompile(`(?:https?:)?//([a-zA-Z0-9][a-zA-Z0-9.-]*\.[a-zA-Z]+)`)
	titled    = regexp.MustCompile(`<title>([^<]+)</title>`)
	image     = regexp.MustCompile(`<img [^>]*>`)
	identity  = regexp.MustCompile(` id="([^"]+)"`)
)

// TestEveryLinkLeadsSomewhere walks the whole shop from its home page, looks at
// each page it finds, and ends with the list of what it must have found.
func TestEveryLinkLeadsSomewhere(t *testing.T) {
	t.Parallel()
	h := front(autumn)
	from := map[string]string{"/": ""}
	titles := make(map[string]string)
	queue := []string{"/"}
	for len(queue) > 0 {
		address := queue[0]
		queue = queue[1:]
		w := get(h, address)
		if w.Code != http.StatusOK {
			t.Errorf("%s, linked from %s: status %d", address, from[address], w.Code)
			continue
		}
		if !strings.HasPrefix(w.Header().Get("Content-Type"), "text/html") {
			continue
		}
		body := w.Body.String()
		checkPage(t, address, w)
		if m := titled.FindStringSubmatch(body); m != nil {
			titles[address] = html.UnescapeString(m[1])
		}
		for _, m := range reference.FindAllStringSubmatch(body, -1) {
			link := html.UnescapeString(m[1])
			switch {
			case link == "/w.js" || strings.HasPrefix(link, "mailto:"):
			case strings.HasPrefix(link, "#"):
				if !strings.Contains(body, ` id="`+link[1:]+`"`) {
					t.Errorf("%s: nothing has the id of %s", address, link)
				}
			case strings.HasPrefix(link, "/"):
				if _, seen := from[link]; !seen {
					from[link] = address
					queue = append(queue, link)
				}
			case !strings.HasPrefix(link, "https://example.com/"):
				t.Errorf("%s links to %q", address, link)
			}
		}
	}

	want := map[string]string{"/cart/": "Your basket", "/shop/": "All products", "/product-category/clothing/jackets/": "Jackets"}
	for _, p := range demoshop.Pages() {
		want["/"+p.Slug+"/"] = p.Title
	}
	for _, x := range rows(t) {
		if !x.is("variation") && x.shown() && x["Visibility in catalog"] == "visible" {
			want["/product/"+slug(x["Name"])+"/"] = x["Name"]
		}
	}
	for address, title := range want {
		if got, ok := titles[address]; !ok || got != title+" – Fjell & Fjord Outfitters" {
			t.Errorf("%s: title %q, found %v; want %q", address, got, ok, title)
		}
	}
}

// checkPage holds one page to what every page promises.
func checkPage(t *testing.T, address string, w *httptest.ResponseRecorder) {
	t.Helper()
	body := w.Body.String()
	if strings.Count(body, snippet) != 1 || !strings.HasSuffix(strings.TrimSpace(body), snippet+"\n</body>\n</html>") {
		t.Errorf("%s does not end with the widget's snippet", address)
	}
	for _, once := range []string{"<h1", "<main id=\"main\">", "<footer", "<title>", "role=\"search\"", `<html lang="en">`} {
		if strings.Count(body, once) != 1 {
			t.Errorf("%s: %s stands %d times, want once", address, once, strings.Count(body, once))
		}
	}
	if strings.Count(body, "<script") != 1 || strings.Contains(body, "<style") || strings.Contains(body, " style=") || regexp.MustCompile(` on[a-z]+="`).MatchString(body) {
		t.Errorf("%s holds an inline script or style", address)
	}
	if policy := w.Header().Get("Content-Security-Policy"); !strings.Contains(policy, "default-src 'none'") || strings.Contains(policy, "unsafe") {
		t.Errorf("%s: Content-Security-Policy %q", address, policy)
	}
	for _, m := range host.FindAllStringSubmatch(body, -1) {
		if m[1] != "example.com" {
			t.Errorf("%s names the host %s", address, m[1])
		}
	}
	for _, tag := range image.FindAllString(body, -1) {
		if !strings.Contains(tag, " alt=") || !strings.Contains(tag, " width=") || !strings.Contains(tag, " height=") {
			t.Errorf("%s: %s lacks alt, width or height", address, tag)
		}
	}
	seen := make(map[string]bool)
	for _, m := range identity.FindAllStringSubmatch(body, -1) {
		if seen[m[1]] {
			t.Errorf("%s: two things have the id %q", address, m[1])
		}
		seen[m[1]] = true
	}
	for _, left := range []string{`\n`, "[size_chart", "[gallery", demoshop.ExportedURL, "<no value>", "ZgotmplZ", "%!"} {
		if strings.Contains(body, left) {
			t.Errorf("%s shows %q", address, left)
		}
	}
	for _, secret := range []string{"PLANNER-7741", "woocommerce_uploads", "SV-3L-2201", "61.40", "b5f0c1d2"} {
		if strings.Contains(body, secret) {
			t.Errorf("%s shows %q, which is for the merchant or a buyer", address, secret)
		}
	}
}

// TestSecretsAreInTheExport keeps the list of secrets above from going stale.
func TestSecretsAreInTheExport(t *testing.T) {
	t.Parallel()
	export := string(demoshop.Products())
	for _, secret := range []string{"PLANNER-7741", "woocommerce_uploads", "SV-3L-2201", "61.40", "b5f0c1d2"} {
		if !strings.Contains(export, secret) {
			t.Errorf("the export has no %q any more: no page could show it", secret)
		}
	}
}

func TestWhatIsNotShownIsNowhere(t *testing.T) {
	t.Parallel()
	h := front(autumn)
	var hidden []string
	for _, x := range rows(t) {
		if x.is("variation") || x.shown() {
			continue
		}
		hidden = append(hidden, slug(x["Name"]))
		w := get(h, "/product/"+slug(x["Name"])+"/")
		if w.Code != http.StatusNotFound {
			t.Errorf("%s: status %d, want 404", x["Name"], w.Code)
		}
		checkPage(t, x["Name"], w)
	}
	if len(hidden) < 4 {
		t.Fatalf("only %q are not shown", hidden)
	}
	for _, address := range []string{"/", "/shop/", "/shop/?q=blue", "/shop/?q=mug", "/shop/?q=FF-VST-9001", "/shop/?q=blanket", "/shop/?q=lid", "/product-category/camping/stoves-cookware/"} {
		body := get(h, address).Body.String()
		for _, name := range hidden {
			if strings.Contains(body, "/product/"+name+"/") {
				t.Errorf("%s shows %s", address, name)
			}
		}
	}
}

func TestUnknownAddresses(t *testing.T) {
	t.Parallel()
	h := front(autumn)
	for _, address := range []string{
		"/nothing/", "/product/", "/product/nothing/", "/product-category/", "/product-category/nothing/", "/shop/nothing",
		"/wp-content/uploads/nothing.svg", "/wp-content/uploads/..%2f..%2fcontent%2fproducts.csv", "/content/products.csv", "/assets/", "/w.js",
	} {
		w := get(h, address)
		if w.Code != http.StatusNotFound {
			t.Errorf("%s: status %d, want 404", address, w.Code)
		}
		checkPage(t, address, w)
	}
	if w := get(h, "/shipping"); w.Code/100 != 3 || w.Header().Get("Location") != "/shipping/" {
		t.Errorf("/shipping: status %d to %q, want a redirect to /shipping/", w.Code, w.Header().Get("Location"))
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/cart/", nil))
	if w.Code != http.StatusMethodNotAllowed {
		t.Errorf("POST: status %d, want 405", w.Code)
	}
}

func TestPricesFollowTheClock(t *testing.T) {
	t.Parallel()
	const peaked, shell = "/product/summit-cap/", "/product/brisk-windshell/"
	for _, test := range []struct {
		at      time.Time
		address string
		want    string // as a reader hears it
	}{
		{time.Date(2026, 1, 31, 23, 59, 59, 0, time.UTC), peaked, "€32.00"},
		{time.Date(2026, 2, 1, 0, 0, 0, 0, time.UTC), peaked, "€24.00 – €32.00"},
		{time.Date(2026, 2, 28, 23, 59, 59, 0, time.UTC), peaked, "€24.00 – €32.00"},
		{time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC), peaked, "€32.00"},
		{autumn, shell, "€89.00"},
		{time.Date(2034, 11, 25, 0, 0, 0, 0, time.UTC), shell, "Was €89.00 Now €69.00"},
		{autumn, "/product/polaris-400-headlamp/", "Was €59.00 Now €44.90"},
		{autumn, "/product/hengekoye-hammock/", "Was €69.00 Now €55.20"},
		{autumn, "/product/cook-carry-kitchen-set/", "€8.50 – €54.00"},
	} {
		body := get(front(test.at), test.address).Body.String()
		_, cost, _ := strings.Cut(body, `<p class="cost">`)
		cost, _, _ = strings.Cut(cost, "<small>")
		got := strings.Join(strings.Fields(regexp.MustCompile(`<[^>]*>`).ReplaceAllString(cost, "")), " ")
		if got != test.want {
			t.Errorf("%s at %s: %q, want %q", test.address, test.at.Format(time.DateTime), got, test.want)
		}
	}
}

func TestProductPages(t *testing.T) {
	t.Parallel()
	h := front(autumn)
	for _, test := range []struct {
		address string
		want    []string
	}{
		{"/product/stormvind-rain-jacket/", []string{"FF-JKT-0101-BLU-M", "Out of stock", "Only 2 left in stock", `alt="Stormvind Rain Jacket in blue"`, `href="/size-guide/"`}},
		{"/product/stormvind-rain-jacket/?colour=red", []string{`<p class="picture"><img src="/wp-content/uploads/ff-jkt-0101-red.svg"`}},
		{"/product/merino-hiking-socks/", []string{`<p class="picture"><img src="/wp-content/uploads/is-soc-0601-charcoal.svg"`}},
		{"/product/grid-fleece-pullover/", []string{"any size"}},
		{"/product/hardanger-wool-gloves/", []string{"Only 4 left in stock"}},
		{"/product/ultralight-tarp-3-x-3/", []string{"Available on backorder"}},
		{"/product/bekk-water-filter/", []string{"Out of stock</button>"}},
		{"/product/mountain-cabin-membership/", []string{`href="https://example.com/cabin-association/join"`, "Sold by a partner"}},
		{"/product/first-day-hike-bundle/", []string{"In this set", `href="/product/trail-first-aid-kit/"`}},
		{"/product/merino-base-layer-top/", []string{"Charcoal, Blue"}},
		{"/product/packable-rain-poncho/", []string{"Polyester, PU coated"}},
		{"/product/tent-pole-repair-sleeve/", []string{`href="/product-category/care-repair-spares/"`, "Care, Repair &amp; Spares"}},
		{"/product/glacier-enamel-mug/", []string{"FF-MUG-1020-GRE"}},
	} {
		w := get(h, test.address)
		if w.Code != http.StatusOK {
			t.Errorf("%s: status %d", test.address, w.Code)
		}
		for _, want := range test.want {
			if !strings.Contains(w.Body.String(), want) {
				t.Errorf("%s lacks %s", test.address, want)
			}
		}
	}
}

var named = regexp.MustCompile(`<span class="name">([^<]+)</span>`)

func names(h http.Handler, address string) []string {
	var found []string
	for _, m := range named.FindAllStringSubmatch(get(h, address).Body.String(), -1) {
		found = append(found, html.UnescapeString(m[1]))
	}
	return found
}

func TestCatalogueFiltersSearchesAndSorts(t *testing.T) {
	t.Parallel()
	h := front(autumn)
	if got := names(h, "/product-category/clothing/socks/"); !slices.Equal(got, []string{"Merino Hiking Socks", "Liner Socks 2-Pack"}) {
		t.Errorf("socks: %q", got)
	}
	if got := names(h, "/product-category/camping/tents-tarps/?orderby=price-desc"); !slices.Equal(got, []string{"Nattely Tent", "Ultralight Tarp 3 x 3", "Nattely Footprint"}) {
		t.Errorf("tents by falling price: %q", got)
	}
	if got := names(h, "/shop/?q=ff-bot-1201-blu-05l"); !slices.Equal(got, []string{"Kilde Insulated Bottle"}) {
		t.Errorf("search by SKU: %q", got)
	}
	if got := names(h, "/shop/?q=repair+sleeve"); !slices.Equal(got, []string{"Tent Pole Repair Sleeve"}) {
		t.Errorf("search for what only the search shows: %q", got)
	}
	all := names(h, "/shop/?orderby=title")
	if slices.Contains(all, "Tent Pole Repair Sleeve") || len(all) < 60 || !slices.IsSorted(all) {
		t.Errorf("all by name: %d products, %q", len(all), all)
	}
	if cheapest := names(h, "/shop/?orderby=price"); len(cheapest) != len(all) || cheapest[0] != "Field Repair Tape" {
		t.Errorf("cheapest: %q", cheapest)
	}
	if body := get(h, "/shop/?q="+url.QueryEscape(`"><script>`)).Body.String(); strings.Contains(body, `"><script>`) || !strings.Contains(body, "Nothing found") {
		t.Error("a search term reaches the page unescaped, or is not said to find nothing")
	}
}

func TestOptionsReachThePageEscaped(t *testing.T) {
	t.Parallel()
	h := demoshop.Handler(demoshop.Options{SiteKey: `pk_"><b>`, WidgetSrc: "http://127.0.0.1:8080/w.js"})
	w := get(h, "/")
	want := `<script async src="http://127.0.0.1:8080/w.js" data-site-key="pk_&#34;&gt;&lt;b&gt;"></script>`
	if !strings.Contains(w.Body.String(), want) {
		t.Errorf("the page lacks %s", want)
	}
	policy := w.Header().Get("Content-Security-Policy")
	for _, part := range []string{"script-src 'self' http://127.0.0.1:8080;", "connect-src 'self' http://127.0.0.1:8080;"} {
		if !strings.Contains(policy, part) {
			t.Errorf("policy %q lacks %q", policy, part)
		}
	}
	if h := demoshop.Handler(demoshop.Options{WidgetSrc: "javascript:alert(1)"}); strings.Contains(get(h, "/").Body.String(), "javascript:") {
		t.Error("a script address that is no address reaches the page")
	}
}

func TestPicturesAndStylesAreCached(t *testing.T) {
	t.Parallel()
	h := front(autumn)
	for address, kind := range map[string]string{"/wp-content/uploads/logo.svg": "image/svg+xml", "/assets/shop.css": "text/css; charset=utf-8"} {
		w := get(h, address)
		if w.Code != http.StatusOK || w.Header().Get("Content-Type") != kind || w.Header().Get("ETag") == "" {
			t.Errorf("%s: %d %v", address, w.Code, w.Header())
		}
		again := httptest.NewRequest(http.MethodGet, address, nil)
		again.Header.Set("If-None-Match", w.Header().Get("ETag"))
		second := httptest.NewRecorder()
		if h.ServeHTTP(second, again); second.Code != http.StatusNotModified {
			t.Errorf("%s again: status %d, want 304", address, second.Code)
		}
	}
	if m := host.FindString(get(h, "/assets/shop.css").Body.String()); m != "" {
		t.Errorf("the style sheet names %s", m)
	}
}

func TestPages(t *testing.T) {
	t.Parallel()
	pages := demoshop.Pages()
	var slugs []string
	for _, p := range pages {
		slugs = append(slugs, p.Slug)
		if len(p.HTML) < 900 || strings.Contains(p.HTML, "<h1") || strings.Contains(p.HTML, "<script") {
			t.Errorf("%s: %d bytes; want a page's worth of text without a title of its own and without scripts", p.Slug, len(p.HTML))
		}
	}
	if want := []string{"shipping", "returns", "warranty", "payment", "size-guide", "faq", "about"}; !slices.Equal(slugs, want) {
		t.Errorf("pages %q, want %q", slugs, want)
	}
	i := slices.Index(slugs, "faq")
	if n := strings.Count(pages[i].HTML, "<summary>"); n < 10 || n != strings.Count(pages[i].HTML, "</details>") {
		t.Errorf("the FAQ has %d questions", n)
	}
	pages[0].Title = "changed"
	if demoshop.Pages()[0].Title == "changed" {
		t.Error("a caller's write reached the pages")
	}
}
