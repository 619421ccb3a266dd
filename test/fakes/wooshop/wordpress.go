package wooshop

import (
	"net/http"
	"slices"
	"strings"
	"time"
)

// Page is a page or a post of the WordPress that the shop runs in.
type Page struct {
	Post     bool // a post; else a page
	Title    string
	HTML     string // as shown
	Status   string // publish (default), draft, private
	Password string
	Lang     string // as Polylang Pro adds it (polylang.pro/doc/rest-api, "The language and translations in responses"); "" without that plugin
}

type page struct {
	Page
	id                int
	slug              string
	created, modified time.Time
}

// AddPage makes a page or post and returns its id. No webhook tells of pages.
func (s *Shop) AddPage(in Page) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	if in.Status == "" {
		in.Status = "publish"
	}
	p := &page{Page: in, id: s.id(), slug: slug(in.Title), created: s.clock(), modified: s.clock()}
	s.pages[p.id] = p
	return p.id
}

// EditPage changes a page or post.
func (s *Shop) EditPage(id int, change func(*Page)) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	p, ok := s.pages[id]
	if ok {
		change(&p.Page)
		p.modified = s.clock()
	}
	return ok
}

// DeletePage deletes a page or post for good.
func (s *Shop) DeletePage(id int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.pages, id)
}

// PageIDs returns the ids of all pages and posts, in order.
func (s *Shop) PageIDs() []int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.pageIDs()
}

func (s *Shop) pageIDs() []int {
	ids := make([]int, 0, len(s.pages))
	for id := range s.pages {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return ids
}

// wp answers /wp/v2/...: to everybody, since a shop's REST keys are no keys of
// WordPress itself.
func (s *Shop) wp(q *request, parts []string) answer {
	post := parts[0] == "posts"
	if !post && parts[0] != "pages" || q.r.Method != http.MethodGet || len(parts) > 2 {
		return noRoute()
	}
	if user, _, ok := q.r.BasicAuth(); ok && q.tls {
		return fail("invalid_username", "Unknown username. Check again or try your email address. "+strip(user[:min(3, len(user))]), http.StatusUnauthorized)
	}
	if len(parts) == 2 {
		p, ok := s.pages[number0(parts[1])]
		switch {
		case !ok || p.Post != post:
			return fail("rest_post_invalid_id", "Invalid post ID.", http.StatusNotFound)
		case p.Status != "publish":
			return fail("rest_forbidden", "Sorry, you are not allowed to do that.", http.StatusUnauthorized)
		}
		return reply(s.pageView(p).only(q.query.Get("_fields"))).with("Allow", "GET")
	}
	if st := q.query.Get("status"); st != "" && st != "publish" {
		return *invalid("status", "Status is forbidden.")
	}
	if bad := s.known(&request{r: q.r, query: without(q.query, "status")}); bad != nil {
		return *bad
	}
	var all []*page
	include := numbers(q.query["include"], q.query["include[]"])
	for _, id := range s.pageIDs() {
		p := s.pages[id]
		if p.Post == post && p.Status == "publish" && (len(include) == 0 || slices.Contains(include, id)) && s.within(q, "modified", p.modified) {
			all = append(all, p)
		}
	}
	slices.SortStableFunc(all, func(a, b *page) int {
		c := a.created.Compare(b.created)
		switch q.query.Get("orderby") {
		case "id":
			c = a.id - b.id
		case "modified":
			c = a.modified.Compare(b.modified)
		}
		if c == 0 {
			c = a.id - b.id
		}
		if q.query.Get("order") != "asc" {
			c = -c
		}
		return c
	})
	if n, bad := q.number("page", 1, 1, 1<<30); bad == nil && n > 1 {
		if per, bad := q.number("per_page", 10, 1, 100); bad == nil && (n-1)*per >= len(all) {
			return fail("rest_post_invalid_page_number", "The page number requested is larger than the number of pages available.", http.StatusBadRequest)
		}
	}
	from, to, head, refused := s.paged(q, len(all))
	if refused != nil {
		return *refused
	}
	out := list{}
	for _, p := range all[from:to] {
		out = append(out, s.pageView(p).only(q.query.Get("_fields")))
	}
	return head(reply(out)).with("Allow", "GET")
}

func without(q map[string][]string, name string) map[string][]string {
	out := map[string][]string{}
	for n, v := range q {
		if n != name {
			out[n] = v
		}
	}
	return out
}

func (p *page) kind() string {
	if p.Post {
		return "post"
	}
	return "page"
}

func (s *Shop) pageLinkOf(p *page) string {
	if s.o.PlainPermalinks {
		if p.Post {
			return s.url + "/?p=" + itoa(p.id)
		}
		return s.url + "/?page_id=" + itoa(p.id)
	}
	return s.url + "/" + p.slug + "/"
}

func (s *Shop) pageView(p *page) object {
	content, excerpt := p.HTML, "<p>"+strip(p.HTML)+"</p>\n"
	title := strings.ReplaceAll(strings.ReplaceAll(p.Title, "&", "&#038;"), "<", "&lt;")
	protected := p.Password != ""
	if protected { // the title says so, the content is not given
		content, excerpt, title = "", "", "Protected: "+title
	}
	kind := p.kind()
	o := object{
		{"id", p.id},
		{"date", s.local(p.created)},
		{"date_gmt", gmt(p.created)},
		{"guid", object{{"rendered", s.url + "/?p=" + itoa(p.id)}}},
		{"modified", s.local(p.modified)},
		{"modified_gmt", gmt(p.modified)},
		{"slug", p.slug},
		{"status", p.Status},
		{"type", kind},
		{"link", s.pageLinkOf(p)},
		{"title", object{{"rendered", title}}},
		{"content", object{{"rendered", content}, {"protected", protected}}},
		{"excerpt", object{{"rendered", excerpt}, {"protected", protected}}},
		{"author", 1},
		{"featured_media", 0},
	}
	if p.Lang != "" {
		o = append(o, object{{"lang", p.Lang}, {"translations", object{{p.Lang, p.id}}}}...)
	}
	if p.Post {
		o = append(o, object{{"comment_status", "open"}, {"ping_status", "open"}, {"sticky", false}, {"template", ""}, {"format", "standard"}, {"meta", object{{"footnotes", ""}}}, {"categories", list{1}}, {"tags", list{}}}...)
	} else {
		o = append(o, object{{"parent", 0}, {"menu_order", 0}, {"comment_status", "closed"}, {"ping_status", "closed"}, {"template", ""}, {"meta", object{{"footnotes", ""}}}}...)
	}
	return append(o, object{
		{"class_list", list{"post-" + itoa(p.id), kind, "type-" + kind, "status-" + p.Status, "hentry"}},
		{"_links", object{
			{"self", list{object{{"href", s.api("/wp/v2/" + kind + "s/" + itoa(p.id))}, {"targetHints", object{{"allow", list{"GET"}}}}}}},
			{"collection", list{object{{"href", s.api("/wp/v2/" + kind + "s")}}}},
		}},
	}...)
}
