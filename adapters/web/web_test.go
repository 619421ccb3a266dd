package web_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aiwoochat/woochat/adapters/html"
	"github.com/aiwoochat/woochat/adapters/web"
	"github.com/aiwoochat/woochat/domain/catalog"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/ports"
	"github.com/aiwoochat/woochat/test/porttest"
)

var (
	scope = tenant.Scope{Tenant: "ten_00000000-0000-7000-8000-000000000001", Site: "site_00000000-0000-7000-8000-000000000001"}
	noon  = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
)

// reply is what the site of a test answers at one path.
type reply struct {
	status int
	kind   string
	header map[string]string
	body   string
}

func page(body string) reply { return reply{kind: "text/html; charset=utf-8", body: body} }

func sitemap(locs ...string) reply {
	var b strings.Builder
	b.WriteString(`<?xml version="1.0" encoding="UTF-8"?><urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">`)
	for _, l := range locs {
		loc, date, _ := strings.Cut(l, "|")
		b.WriteString("<url><loc>" + loc + "</loc>")
		if date != "" {
			b.WriteString("<lastmod>" + date + "</lastmod>")
		}
		b.WriteString("<image:image><image:loc>https://cdn.example.com/x.png</image:loc></image:image></url>")
	}
	return reply{kind: "application/xml", body: b.String() + "</urlset>"}
}

// place is a site of a test.
type place struct {
	*httptest.Server
	mu     sync.Mutex
	at     map[string]reply
	asked  []string
	waits  []time.Duration
	header http.Header       // of the last request
	ifs    map[string]string // of the last request of each path that had a condition
}

func newPlace(t *testing.T, at map[string]reply) *place {
	t.Helper()
	p := &place{at: at, ifs: map[string]string{}}
	p.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.asked, p.header = append(p.asked, r.URL.RequestURI()), r.Header.Clone()
		a, ok := p.at[r.URL.RequestURI()]
		if !ok {
			http.NotFound(w, r)
			return
		}
		for k, v := range a.header {
			w.Header().Set(k, strings.ReplaceAll(v, "SITE", p.URL))
		}
		if a.kind != "" {
			w.Header().Set("Content-Type", a.kind)
		}
		// As nginx does by default: a date must be the very one, and a tag says more.
		tag, date := r.Header.Get("If-None-Match"), r.Header.Get("If-Modified-Since")
		if tag+date != "" {
			p.ifs[r.URL.Path] = tag + date
		}
		if a.status == 0 && (tag != "" && tag == w.Header().Get("ETag") || tag == "" && date != "" && date == w.Header().Get("Last-Modified")) {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		w.WriteHeader(max(a.status, http.StatusOK*boolInt(a.status == 0)))
		_, _ = w.Write([]byte(strings.ReplaceAll(a.body, "SITE", p.URL)))
	}))
	t.Cleanup(p.Close)
	return p
}

func boolInt(b bool) int {
	if b {
		return 1
	}
	return 0
}

func (p *place) crawl(change func(*web.Config)) *web.Crawl {
	c := web.Config{
		Client: p.Client(), Read: html.New().WebPage, Now: func() time.Time { return noon },
		Wait: func(ctx context.Context, d time.Duration) error {
			p.mu.Lock()
			defer p.mu.Unlock()
			p.waits = append(p.waits, d)
			return ctx.Err()
		},
	}
	if change != nil {
		change(&c)
	}
	return web.New(p.URL, c)
}

func read(t *testing.T, s ports.DocumentSource, since catalog.Cursor) ([]string, catalog.Cursor, error) {
	t.Helper()
	var got []string
	end, err := s.Changes(t.Context(), scope, since, func(c catalog.Change) error {
		switch {
		case c.Page != nil && c.Page.Shown():
			text, err := html.New().Text(c.Page.HTML, c.Page.URL)
			if err != nil {
				t.Error(err)
			}
			got = append(got, fmt.Sprintf("page %s | %s | %s | %s", c.Page.ID, c.Page.Title, c.Page.Locale, strings.ReplaceAll(text, "\n", "/")))
		case c.Page != nil:
			got = append(got, "hidden "+c.Page.ID)
		case c.FAQ != nil:
			got = append(got, fmt.Sprintf("faq %s | %s", c.FAQ.Question, c.FAQ.Answer))
		case c.Deleted != nil:
			got = append(got, "deleted "+c.Deleted.ID)
		case c.Rejected != nil:
			got = append(got, "rejected "+c.Rejected.ID+" | "+c.Rejected.Reason)
		}
		return nil
	})
	return got, end, err
}

func same(t *testing.T, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestCrawlIsADocumentSource(t *testing.T) {
	porttest.DocumentSource(t, func(t *testing.T) porttest.SourceUnderTest {
		p := newPlace(t, map[string]reply{
			"/sitemap.xml": sitemap("SITE/a/", "SITE/b/", "SITE/c/", "SITE/d/", "SITE/e/"),
			"/a/":          page("<main>A</main>"), "/b/": page(strings.Repeat("<div>", 600)), "/c/": page("<main>C<details><summary>q?</summary>a</details></main>"), "/d/": page("D"), "/e/": page("E"),
		})
		return porttest.SourceUnderTest{DocumentSource: p.crawl(nil), Scope: scope}
	})
}

func TestCrawl(t *testing.T) {
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	if _, err := z.Write([]byte(`<urlset><url><loc>/packed/</loc></url></urlset>`)); err != nil || z.Close() != nil {
		t.Fatal(err)
	}
	p := newPlace(t, map[string]reply{
		"/robots.txt":      {body: "User-agent: *\nDisallow: /checkout/\nDisallow: /*?add\nCrawl-delay: 2\nSitemap: SITE/index.xml\nSitemap: https://elsewhere.example.com/sitemap.xml\n"},
		"/index.xml":       {body: `<sitemapindex><sitemap><loc>SITE/pages.xml</loc></sitemap><sitemap><loc>/packed.xml.gz</loc></sitemap><sitemap><loc>https://elsewhere.example.com/a.xml</loc></sitemap><sitemap><loc>SITE/index.xml</loc></sitemap></sitemapindex>`},
		"/pages.xml":       sitemap("SITE/about/", "SITE/about/#team", "SITE/help/", "SITE/checkout/", "SITE/?add-to-cart=4", "https://elsewhere.example.com/x/", "SITE/mug/", "SITE/old/", "SITE/secret/", "SITE/copy/", "SITE/quiet/", "SITE/away/", "SITE/file.pdf", "SITE/broken/", "SITE/private/", "SITE/moved/", "SITE/latin/"),
		"/packed.xml.gz":   {body: packed.String()},
		"/about/":          page(`<html lang="nb-NO"><head><title>About us – Mugs</title><meta property="og:site_name" content="Mugs"></head><body><header><nav>Menu</nav>Top</header><main><h1>About us</h1><p>We make mugs.</p><aside>Sale!</aside><div class="sharedaddy">Share</div></main><footer>Imprint</footer></body></html>`),
		"/help/":           page(`<title>Help</title><script type="application/ld+json">{"@type":"FAQPage","mainEntity":[{"@type":"Question","name":"Do you ship?","acceptedAnswer":{"text":"Yes."}}]}</script><body><div id="sidebar">Side</div><article><p>Ask us.</p></article></body>`),
		"/mug/":            page(`<body class="product-template-default single single-product woocommerce"><main>9.90</main>`),
		"/old/":            {status: 410},
		"/secret/":         {kind: "text/html", header: map[string]string{"X-Robots-Tag": "noindex"}, body: "secret"},
		"/quiet/":          page(`<meta name="robots" content="noindex, follow"><main>quiet</main>`),
		"/copy/":           page(`<link rel="canonical" href="/about/"><main>copy</main>`),
		"/away/":           {status: 302, header: map[string]string{"Location": "SITE/help/"}},
		"/moved/":          {status: 401},
		"/file.pdf":        {kind: "application/pdf", body: "%PDF"},
		"/broken/":         {status: 500},
		"/private/":        {status: 403},
		"/packed/":         page(`<link rel=canonical href="SITE/packed/"><p>Packed.</p>`),
		"/latin/":          page("M\xf6bel"),
		"/sitemap.xml":     sitemap("SITE/never/"),
		"/wp-sitemap.xml":  sitemap("SITE/never/"),
		"/elsewhere/x.xml": sitemap("SITE/never/"),
	})
	got, _, err := read(t, p.crawl(nil), "")
	if err != nil {
		t.Fatal(err)
	}
	same(t, got,
		"page web:/about/ | About us | nb-NO | # About us//We make mugs.",
		"deleted web:/away/", "page web:/help/ | Help |  | Ask us.", "faq Do you ship? | Yes.",
		"rejected web:/broken/ | the site answers 500",
		"hidden web:/copy/",
		`rejected web:/file.pdf | it is application/pdf and no page: import files with "woochat ingest files"`,
		"page web:/help/ | Help |  | Ask us.", "faq Do you ship? | Yes.",
		"page web:/latin/ | web:/latin/ |  | M\uFFFDbel",
		"hidden web:/moved/",
		"hidden web:/mug/",
		"deleted web:/old/",
		"page web:/packed/ | web:/packed/ |  | Packed.",
		"rejected web:/private/ | the site answers 403",
		"hidden web:/quiet/",
		"hidden web:/secret/",
	)
	for _, path := range p.asked {
		if path == "/checkout/" || strings.Contains(path, "add") || path == "/sitemap.xml" || path == "/never/" {
			t.Errorf("%s was asked", path)
		}
	}
	if len(p.waits) != len(p.asked)-1-1 || slices.Min(p.waits[1:]) != 2*time.Second { // one request is a redirect
		t.Errorf("%d requests, waits %v", len(p.asked), p.waits)
	}
	if agent := p.header.Get("User-Agent"); !strings.HasPrefix(agent, "woochat") {
		t.Errorf("agent %q", agent)
	}
}

// From the end of a crawl, only what has changed since is read.
func TestCrawlReadsWhatHasChanged(t *testing.T) {
	p := newPlace(t, map[string]reply{
		"/sitemap_index.xml": sitemap("SITE/dated/|2026-11-20", "SITE/new/|2026-11-23T13:00:00+00:00", "SITE/same/", "SITE/today/|2026-11-23", "SITE/unknown/"),
		"/dated/":            page("dated"), "/new/": page("new"), "/today/": page("today"), "/unknown/": page("unknown"),
		"/same/": {kind: "text/html", header: map[string]string{"Last-Modified": noon.Add(-time.Hour).Format(http.TimeFormat)}, body: "same"},
	})
	all, end, err := read(t, p.crawl(nil), "")
	if err != nil || len(all) != 5 {
		t.Fatalf("%v, %v", all, err)
	}
	got, end, err := read(t, p.crawl(func(c *web.Config) { c.Now = func() time.Time { return noon.Add(time.Hour) } }), end)
	if err != nil {
		t.Fatal(err)
	}
	same(t, got, "page web:/new/ | web:/new/ |  | new", "page web:/today/ | web:/today/ |  | today", "page web:/unknown/ | web:/unknown/ |  | unknown")
	if !strings.Contains(string(end), fmt.Sprint(noon.Add(time.Hour).Unix())) {
		t.Errorf("the next crawl begins at %s", end)
	}
}

// A page is asked for by what the site said of it the last time, and one that is as
// it was says nothing, so that what was stored of it stays. What was not read, or
// says nothing that it could be asked by, is read again.
func TestCrawlAsksWhetherAPageHasChanged(t *testing.T) {
	date := noon.Add(-time.Hour).Format(http.TimeFormat)
	with := func(body string, header ...string) reply {
		r := reply{kind: "text/html", header: map[string]string{}, body: body}
		for i := 0; i < len(header); i += 2 {
			r.header[header[i]] = header[i+1]
		}
		return r
	}
	p := newPlace(t, map[string]reply{
		"/sitemap.xml": sitemap("SITE/both/", "SITE/broken/|2026-11-20", "SITE/date/", "SITE/file/", "SITE/gone/", "SITE/long/", "SITE/moved/", "SITE/none/", "SITE/odd/", "SITE/quiet/", "SITE/tag/", "SITE/weak/"),
		"/both/":       with("both", "ETag", `"b"`, "Last-Modified", date), "/date/": with("date", "Last-Modified", date), "/none/": page("none"),
		"/tag/": with("tag", "ETag", `"t"`), "/weak/": with("weak", "ETag", `W/"w"`), "/odd/": with("odd", "ETag", `o"dd`, "Last-Modified", "soon"),
		"/long/": with("long", "ETag", `"`+strings.Repeat("x", 200)+`"`), "/quiet/": with("quiet", "ETag", `"q"`, "X-Robots-Tag", "noindex"),
		"/broken/": {status: 500, header: map[string]string{"ETag": `"e"`}}, "/file/": {kind: "application/pdf", header: map[string]string{"ETag": `"f"`}},
		"/gone/": {status: 404, header: map[string]string{"ETag": `"g"`}}, "/moved/": {status: 302, header: map[string]string{"Location": "SITE/to/"}}, "/to/": with("to", "ETag", `"to"`),
	})
	again := func(since catalog.Cursor) ([]string, catalog.Cursor) {
		t.Helper()
		clear(p.ifs)
		got, end, err := read(t, p.crawl(nil), since)
		if err != nil {
			t.Fatal(err)
		}
		return got, end
	}
	all, end := again("")
	if len(all) != 13 || len(p.ifs) > 0 {
		t.Errorf("the first time: %q, asked by %v", all, p.ifs)
	}
	p.at["/broken/"] = with("mended", "ETag", `"e"`)
	got, end := again(end)
	same(t, got,
		"page web:/broken/ | web:/broken/ |  | mended",
		`rejected web:/file/ | it is application/pdf and no page: import files with "woochat ingest files"`,
		"deleted web:/gone/", "page web:/long/ | web:/long/ |  | long", "deleted web:/moved/", "page web:/to/ | web:/to/ |  | to",
		"page web:/none/ | web:/none/ |  | none", "page web:/odd/ | web:/odd/ |  | odd")
	if want := map[string]string{"/both/": `"b"`, "/date/": date, "/quiet/": `"q"`, "/tag/": `"t"`, "/weak/": `W/"w"`}; !maps.Equal(p.ifs, want) {
		t.Errorf("asked by %v, want %v", p.ifs, want)
	}
	// What was as it was is asked by the same, and what has changed by what it says now.
	p.at["/tag/"], p.at["/date/"] = with("another", "ETag", `"t2"`), with("then", "Last-Modified", noon.Format(http.TimeFormat))
	p.at["/both/"] = reply{status: 302, header: map[string]string{"Location": "SITE/to/", "ETag": `"b"`}}
	p.at["/to/"] = with("to", "ETag", `"b"`) // by chance
	got, end = again(end)
	for _, want := range []string{"page web:/tag/ | web:/tag/ |  | another", "page web:/date/ | web:/date/ |  | then", "deleted web:/both/"} {
		if !slices.Contains(got, want) {
			t.Errorf("%q is missing in %q", want, got)
		}
	}
	if got, _ = again(end); slices.ContainsFunc(got, func(s string) bool { return strings.Contains(s, "tag") || strings.Contains(s, "broken") }) || p.ifs["/tag/"] != `"t2"` {
		t.Errorf("read %q, asked by %v", got, p.ifs)
	}
	// From the beginning all is read, and a sitemap that names less forgets the rest.
	if got, _ := again(""); len(got) < 10 || len(p.ifs) > 0 {
		t.Errorf("from the beginning: %q, asked by %v", got, p.ifs)
	}
	p.at["/sitemap.xml"] = sitemap("SITE/tag/")
	if _, end = again(end); strings.Count(string(end), "\n") != 1 {
		t.Errorf("kept %q", end)
	}
}

// A cursor of the version before, which did not know what was read, is taken.
func TestCrawlFromAnOlderCursor(t *testing.T) {
	p := newPlace(t, map[string]reply{
		"/sitemap.xml": sitemap("SITE/dated/|2026-11-20", "SITE/tag/"), "/dated/": page("dated"),
		"/tag/": {kind: "text/html", header: map[string]string{"ETag": `"t"`, "Last-Modified": noon.Format(http.TimeFormat)}, body: "tag"},
	})
	at := catalog.Cursor(fmt.Sprintf("web1:d:%d:0:", noon.Unix()))
	got, end, err := read(t, p.crawl(nil), at)
	if err != nil || len(got) > 0 || p.ifs["/tag/"] != noon.Format(http.TimeFormat) {
		t.Errorf("%q, %v, asked by %v", got, err, p.ifs)
	}
	if !strings.HasPrefix(string(end), "web2:d:") {
		t.Errorf("the next crawl begins at %s", end)
	}
	for _, bad := range []catalog.Cursor{"web2:d:1:0:\nshort", "web2:d:1:0:\n\n", "web2:x:1:0:", "web2:d:-1:0:"} {
		if _, _, err := read(t, p.crawl(nil), bad); !errors.Is(err, ports.ErrInvalid) {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

// A crawl whose time is over, or that the site sends away, goes on later.
func TestCrawlGoesOn(t *testing.T) {
	p := newPlace(t, map[string]reply{
		"/sitemap.xml": sitemap("SITE/a/", "SITE/b/", "SITE/c/"),
		"/a/":          page("a"), "/b/": {status: 503, header: map[string]string{"Retry-After": "120"}}, "/c/": page("c"),
	})
	got, at, err := read(t, p.crawl(nil), "")
	if !errors.Is(err, ports.ErrUnavailable) || !strings.Contains(err.Error(), "in 120 seconds") || len(got) != 1 {
		t.Fatalf("%v, %v", got, err)
	}
	p.at["/b/"] = page("b")
	got, _, err = read(t, p.crawl(nil), at)
	if err != nil {
		t.Fatal(err)
	}
	same(t, got, "page web:/b/ | web:/b/ |  | b", "page web:/c/ | web:/c/ |  | c")

	now := noon
	slow := p.crawl(func(c *web.Config) {
		c.Now, c.MaxTime = func() time.Time { return now }, time.Minute
		c.Wait = func(context.Context, time.Duration) error { now = now.Add(11 * time.Second); return nil }
	})
	got, at, err = read(t, slow, "")
	if !errors.Is(err, ports.ErrUnavailable) || !strings.Contains(err.Error(), "goes on from here") || len(got) == 3 {
		t.Fatalf("%v, %v", got, err)
	}
	if rest, _, err := read(t, p.crawl(nil), at); err != nil || len(got)+len(rest) != 3 {
		t.Errorf("then %v, and %v, %v", got, rest, err)
	}
}

func TestCrawlRefuses(t *testing.T) {
	many := make([]string, 60)
	for i := range many {
		many[i] = fmt.Sprintf("SITE/%d/", i)
	}
	bomb := func() string {
		var b bytes.Buffer
		z := gzip.NewWriter(&b)
		_, _ = z.Write([]byte("<urlset>"))
		for range 60 {
			_, _ = z.Write([]byte("<x>" + strings.Repeat(" ", 1_000_000) + "</x>"))
		}
		_ = z.Close()
		return b.String()
	}()
	for name, c := range map[string]struct {
		at   map[string]reply
		want error
		says string
	}{
		"no sitemap":               {nil, ports.ErrInvalid, "name one, such as"},
		"robots says no":           {map[string]reply{"/robots.txt": {body: "User-agent: *\nDisallow: /\n"}}, ports.ErrInvalid, "robots.txt keeps woochat from"},
		"robots fails":             {map[string]reply{"/robots.txt": {status: 500}}, ports.ErrUnavailable, "answers 500"},
		"no page":                  {map[string]reply{"/sitemap.xml": sitemap()}, ports.ErrInvalid, "name no page"},
		"pages of another":         {map[string]reply{"/sitemap.xml": sitemap("https://elsewhere.example.com/a/")}, ports.ErrInvalid, "name no page"},
		"HTML":                     {map[string]reply{"/robots.txt": {body: "Sitemap: SITE/s.xml"}, "/s.xml": page("<html><body>soon</body></html>")}, ports.ErrInvalid, "no sitemap"},
		"cut":                      {map[string]reply{"/robots.txt": {body: "Sitemap: SITE/s.xml"}, "/s.xml": {body: "<urlset><url><loc>SITE/a/</loc></url>"}}, ports.ErrInvalid, "no sitemap that can be read"},
		"too many pages":           {map[string]reply{"/sitemap.xml": sitemap(many...)}, ports.ErrInvalid, "more than 50 pages"},
		"a gzip bomb":              {map[string]reply{"/robots.txt": {body: "Sitemap: SITE/s.xml"}, "/s.xml": {body: bomb}}, ports.ErrInvalid, "larger than 50 MiB when unpacked"},
		"deep":                     {map[string]reply{"/robots.txt": {body: "Sitemap: SITE/s.xml"}, "/s.xml": {body: strings.Repeat("<urlset>", 100)}}, ports.ErrInvalid, "nested too deeply"},
		"an entity":                {map[string]reply{"/robots.txt": {body: "Sitemap: SITE/s.xml"}, "/s.xml": {body: `<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><urlset><url><loc>SITE/&e;</loc></url></urlset>`}}, ports.ErrInvalid, "no sitemap that can be read"},
		"one of the sitemaps away": {map[string]reply{"/sitemap.xml": {body: "<sitemapindex><sitemap><loc>SITE/a.xml</loc></sitemap><sitemap><loc>SITE/b.xml</loc></sitemap></sitemapindex>"}, "/a.xml": sitemap("SITE/a/"), "/b.xml": {status: 502}}, ports.ErrUnavailable, "sitemap /b.xml"},
		"all pages away": {map[string]reply{
			"/sitemap.xml": sitemap(many[:20]...), "/0/": page("x"),
			"/1/": {status: 302, header: map[string]string{"Location": "http://127.0.0.1:1/"}}, "/10/": {status: 302, header: map[string]string{"Location": "http://127.0.0.1:1/"}}, "/11/": {status: 302, header: map[string]string{"Location": "http://127.0.0.1:1/"}},
			"/12/": {status: 302, header: map[string]string{"Location": "http://127.0.0.1:1/"}}, "/13/": {status: 302, header: map[string]string{"Location": "http://127.0.0.1:1/"}},
		}, ports.ErrUnavailable, "5 pages in a row"},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPlace(t, c.at)
			if _, _, err := read(t, p.crawl(func(c *web.Config) { c.MaxPages = 50 }), ""); !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.says) {
				t.Errorf("%v, want %q", err, c.says)
			}
		})
	}
	for _, start := range []string{"", "shop.example.com", "ftp://shop.example.com", "https://user:pw@shop.example.com", "http://[::1"} {
		if _, _, err := read(t, web.New(start, web.Config{Client: http.DefaultClient, Read: html.New().WebPage, Now: func() time.Time { return noon }}), ""); !errors.Is(err, ports.ErrInvalid) {
			t.Errorf("%q: %v", start, err)
		}
	}
}

// The sitemap that is named is read, and no other.
func TestCrawlOfOneSitemap(t *testing.T) {
	p := newPlace(t, map[string]reply{
		"/robots.txt": {body: "Sitemap: SITE/all.xml"}, "/all.xml": sitemap("SITE/a/", "SITE/b/"), "/page-sitemap.xml": sitemap("SITE/b/"), "/b/": page("b"),
	})
	c := web.Config{Client: p.Client(), Read: html.New().WebPage, Now: func() time.Time { return noon }, Delay: time.Nanosecond}
	got, _, err := read(t, web.New(p.URL+"/page-sitemap.xml", c), "")
	if err != nil {
		t.Fatal(err)
	}
	same(t, got, "page web:/b/ | web:/b/ |  | b")
}

func ExampleNew() {
	mux := http.NewServeMux()
	mux.HandleFunc("/sitemap.xml", func(w http.ResponseWriter, r *http.Request) {
		_, _ = fmt.Fprintf(w, "<urlset><url><loc>http://%s/returns/</loc></url></urlset>", r.Host)
	})
	mux.HandleFunc("/returns/", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = fmt.Fprint(w, "<title>Returns</title><nav>Menu</nav><main>Within 60 days.</main>")
	})
	site := httptest.NewServer(mux)
	defer site.Close()
	crawl := web.New(site.URL, web.Config{Client: site.Client(), Read: html.New().WebPage, Now: time.Now, Delay: time.Millisecond})
	_, err := crawl.Changes(context.Background(), scope, "", func(c catalog.Change) error {
		fmt.Println(c.Page.ID, c.Page.Title, c.Page.HTML)
		return nil
	})
	fmt.Println(err)
	// Output:
	// web:/returns/ Returns <main>Within 60 days.</main>
	// <nil>
}
