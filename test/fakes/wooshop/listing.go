package wooshop

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// listProducts is GET products: variations are not in it, the trash only if it
// is asked for.
func (s *Shop) listProducts(q *request) answer {
	found := s.filtered(q, func(p *product) bool { return p.v == nil })
	return s.page(q, found, s.view)
}

func (s *Shop) listVariations(q *request, parent int) answer {
	found := s.filtered(q, func(p *product) bool { return p.v != nil && p.parent == parent })
	return s.page(q, found, s.variationView)
}

// filtered returns what a list's filters leave, nil and an answer in bad if one
// of them is wrong.
func (s *Shop) filtered(q *request, is func(*product) bool) found {
	f := found{bad: s.known(q)}
	if f.bad != nil {
		return f
	}
	include, exclude := numbers(q.query["include"], q.query["include[]"]), numbers(q.query["exclude"], q.query["exclude[]"])
	status := q.query.Get("status")
	sku := q.query.Get("sku")
	for _, id := range s.sorted() {
		p := s.products[id]
		st := p.status()
		switch {
		case sku != "" && !(p.v == nil && p.in.SKU == sku || p.v != nil && p.v.SKU == sku):
		case sku == "" && !is(p):
		case len(include) > 0 && !slices.Contains(include, id), slices.Contains(exclude, id):
		case (status == "" || status == "any") && st == "trash", status != "" && status != "any" && st != status:
		case q.query.Get("type") != "" && p.in.Type != q.query.Get("type"):
		case !s.within(q, "modified", p.modified), !s.within(q, "", p.created):
		default:
			f.all = append(f.all, p)
		}
	}
	s.sort(f.all, q.query.Get("orderby"), q.query.Get("order"), include)
	return f
}

type found struct {
	all []*product
	bad *answer
}

func (s *Shop) page(q *request, f found, view func(*product) object) answer {
	if f.bad != nil {
		return *f.bad
	}
	from, to, head, refused := s.paged(q, len(f.all))
	if refused != nil {
		return *refused
	}
	out := list{}
	for _, p := range f.all[from:to] {
		if s.breaksAt(q, p.id) {
			return crashed()
		}
		out = append(out, s.said(p.id, view(p)).only(q.query.Get("_fields")))
	}
	return head(reply(out))
}

// known checks the parameters that take some values only.
func (s *Shop) known(q *request) *answer {
	for name, values := range map[string]string{
		"orderby": "date id include title slug modified price popularity rating menu_order", "order": "asc desc",
		"status": "any draft pending private publish future trash", "type": "simple grouped external variable",
	} {
		if v := q.query.Get(name); v != "" && !slices.Contains(strings.Fields(values), v) {
			return invalid(name, name+" is not one of "+strings.Join(strings.Fields(values), ", ")+".")
		}
	}
	for _, name := range []string{"modified_after", "modified_before", "after", "before"} {
		if v := q.query.Get(name); v != "" {
			if _, ok := moment(v, time.UTC); !ok {
				return invalid(name, "Invalid date.")
			}
		}
	}
	return nil
}

// within reports whether at passes the filters modified_after and
// modified_before, or after and before. They exclude their own second, and read
// a time without a zone as the shop's unless dates_are_gmt is set.
func (s *Shop) within(q *request, kind string, at time.Time) bool {
	zone := s.o.Zone
	if g := q.query.Get("dates_are_gmt"); g == "true" || g == "1" {
		zone = time.UTC
	}
	prefix := ""
	if kind != "" {
		prefix = kind + "_"
	}
	at = at.Truncate(time.Second)
	if v := q.query.Get(prefix + "after"); v != "" {
		if t, ok := moment(v, zone); ok && !at.After(t) {
			return false
		}
	}
	if v := q.query.Get(prefix + "before"); v != "" {
		if t, ok := moment(v, zone); ok && !at.Before(t) {
			return false
		}
	}
	return true
}

func moment(text string, zone *time.Location) (time.Time, bool) {
	if t, err := time.Parse(time.RFC3339, text); err == nil {
		return t, true
	}
	t, err := time.ParseInLocation("2006-01-02T15:04:05", text, zone)
	return t, err == nil
}

func (s *Shop) sort(all []*product, by, order string, include []int) {
	compare := func(a, b *product) int {
		return a.created.Truncate(time.Second).Compare(b.created.Truncate(time.Second))
	}
	switch by {
	case "id":
		compare = func(a, b *product) int { return 0 }
	case "include":
		slices.SortStableFunc(all, func(a, b *product) int {
			return cmp.Compare(slices.Index(include, a.id), slices.Index(include, b.id))
		})
		return
	case "title":
		compare = func(a, b *product) int { return strings.Compare(a.in.Name, b.in.Name) }
	case "slug":
		compare = func(a, b *product) int { return strings.Compare(a.slug, b.slug) }
	case "modified":
		compare = func(a, b *product) int {
			return a.modified.Truncate(time.Second).Compare(b.modified.Truncate(time.Second))
		}
	case "menu_order":
		compare = func(a, b *product) int { return cmp.Compare(a.in.MenuOrder, b.in.MenuOrder) }
	}
	slices.SortStableFunc(all, func(a, b *product) int {
		c := compare(a, b)
		if c == 0 {
			c = cmp.Compare(a.id, b.id)
		}
		if order != "asc" {
			c = -c
		}
		return c
	})
}

func numbers(values ...[]string) []int {
	var out []int
	for _, vs := range values {
		for _, v := range vs {
			for part := range strings.SplitSeq(v, ",") {
				if n := number0(strings.TrimSpace(part)); n > 0 {
					out = append(out, n)
				}
			}
		}
	}
	return out
}
