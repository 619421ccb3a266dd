package wooshop

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

func itoa(n int) string { return strconv.Itoa(n) }

// Create makes a product as the REST API does: product.created is due. It
// returns the product's id.
func (s *Shop) Create(in Product) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.create(in, "created")
}

// ImportCSV makes products as WooCommerce's importer does: for each of them
// product.created and product.updated are due.
func (s *Shop) ImportCSV(in ...Product) []int {
	s.mu.Lock()
	defer s.mu.Unlock()
	ids := make([]int, 0, len(in))
	for _, p := range in {
		ids = append(ids, s.create(p, "created", "updated"))
	}
	return ids
}

func (s *Shop) create(in Product, events ...string) int {
	now := s.clock()
	p := &product{id: s.id(), in: clone(in), created: now, modified: now}
	s.products[p.id] = p
	s.normal(p)
	for _, e := range events {
		s.fire("product", e, p.id)
	}
	return p.id
}

// Edit changes a product as the REST API does: product.updated is due, and so
// is product.published if a draft was published. It reports whether there is
// such a product; one in the trash cannot be edited.
func (s *Shop) Edit(id int, change func(*Product)) bool { return s.edit(id, change, false) }

// AdminSave changes a product as the merchant's screen does: it also fires the
// event that the age of the product decides, created within its first ten
// seconds and updated afterwards, so that both may come of one save.
func (s *Shop) AdminSave(id int, change func(*Product)) bool { return s.edit(id, change, true) }

func (s *Shop) edit(id int, change func(*Product), screen bool) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	p, ok := s.products[id]
	if !ok || p.v != nil || p.in.Status == "trash" {
		return false
	}
	was, in := p.in.Status, clone(p.in)
	change(&in)
	if in.Status == "trash" { // that is what Trash is for
		in.Status = was
	}
	p.in, p.modified = in, s.clock()
	s.normal(p)
	if screen {
		event := "updated"
		if s.clock().Unix()-10 <= p.created.Unix() {
			event = "created"
		}
		s.fire("product", event, id)
	}
	s.fire("product", "updated", id)
	if was == "draft" && p.in.Status == "publish" {
		s.fire("product", "published", id)
	}
	return true
}

// SetStatus publishes, hides or schedules a product.
func (s *Shop) SetStatus(id int, status string) bool {
	return s.Edit(id, func(p *Product) { p.Status = status })
}

// publishFuture publishes what was scheduled and is due, as WordPress's cron
// does: it sets the status and nothing else, so that no webhook tells of it and
// date_modified stays.
func (s *Shop) publishFuture() {
	if !s.scheduled {
		return
	}
	s.scheduled = false
	for _, p := range s.products {
		switch {
		case p.in.Status != "future":
		case p.created.After(s.clock()):
			s.scheduled = true
		default:
			p.in.Status = "publish"
		}
	}
}

// AddVariation makes a variation and returns its id: product.created is due,
// with the variation as its body. The parent tells nothing.
func (s *Shop) AddVariation(parent int, in Variation) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	p, ok := s.products[parent]
	if !ok || p.v != nil {
		return 0
	}
	now := s.clock()
	v := &product{id: s.id(), v: &in, parent: parent, created: now, modified: now}
	s.normalVariation(v)
	s.products[v.id] = v
	p.variations = append(p.variations, v.id)
	s.fire("product", "created", v.id)
	return v.id
}

func (s *Shop) normalVariation(p *product) {
	p.v.Options = slices.Clone(p.v.Options)
	p.v.Description = kses(p.v.Description)
	if p.v.StockStatus == "" {
		p.v.StockStatus = "instock"
	}
	if p.v.Backorders == "" {
		p.v.Backorders = "no"
	}
	if p.v.Image != nil {
		img := *p.v.Image
		s.upload(&img)
		p.v.Image = &img
	}
}

// EditVariation changes a variation: product.updated is due, with the
// variation as its body. The parent's date_modified stays
// (woocommerce/woocommerce#19562).
func (s *Shop) EditVariation(id int, change func(*Variation)) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	p, ok := s.products[id]
	if !ok || p.v == nil {
		return false
	}
	v := *p.v
	change(&v)
	p.v, p.modified = &v, s.clock()
	s.normalVariation(p)
	s.fire("product", "updated", id)
	return true
}

// DeleteVariation deletes a variation for good: no webhook tells of it, and
// the parent's date_modified moves.
func (s *Shop) DeleteVariation(id int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	v, ok := s.products[id]
	if !ok || v.v == nil {
		return false
	}
	delete(s.products, id)
	if p, ok := s.products[v.parent]; ok {
		p.variations = slices.DeleteFunc(p.variations, func(n int) bool { return n == id })
		p.modified = s.clock()
	}
	return true
}

// Trash puts a product into the trash: product.deleted is due, and coupon.deleted
// with the product's id, too.
func (s *Shop) Trash(id int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	p, ok := s.products[id]
	if !ok || p.v != nil || p.in.Status == "trash" {
		return false
	}
	p.before, p.in.Status, p.modified = p.in.Status, "trash", s.clock()
	p.slug += "__trashed"
	s.fire("coupon", "deleted", id)
	s.fire("product", "deleted", id)
	return true
}

// Restore takes a product out of the trash, as what it was before:
// product.restored is due, and coupon.restored with an error as its body, too.
func (s *Shop) Restore(id int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	p, ok := s.products[id]
	if !ok || p.v != nil || p.in.Status != "trash" {
		return false
	}
	p.in.Status, p.modified = p.before, s.clock()
	p.slug = strings.TrimSuffix(p.slug, "__trashed")
	s.normal(p)
	s.fire("coupon", "restored", id)
	s.fire("product", "restored", id)
	return true
}

// ForceDelete deletes a product and its variations for good: no webhook tells
// of it (woocommerce/woocommerce#28541).
func (s *Shop) ForceDelete(ids ...int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, id := range ids {
		if p, ok := s.products[id]; ok && p.v == nil {
			for _, v := range p.variations {
				delete(s.products, v)
			}
			delete(s.products, id)
		}
	}
}

// Order sells pieces of a product or variation: the stock falls and, unless
// [Options.OrdersTouch], date_modified stays; product.updated is due where the
// stock is managed. order.created and order.updated are due, with a customer in
// their bodies.
func (s *Shop) Order(id, pieces int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p, ok := s.products[id]
	if !ok {
		return
	}
	o := order{id: s.id(), at: s.clock(), product: id, pieces: pieces}
	s.orders[o.id] = o
	p.sales += pieces
	managed := p
	switch {
	case p.v != nil && p.v.ManageStock:
		v := *p.v
		v.Stock -= pieces
		p.v = &v
	case p.v != nil && s.products[p.parent].in.ManageStock:
		managed = s.products[p.parent]
		managed.in.Stock -= pieces
	case p.v == nil && p.in.ManageStock:
		p.in.Stock -= pieces
	default:
		managed = nil
	}
	s.fire("order", "created", o.id)
	s.fire("order", "updated", o.id)
	if managed != nil {
		if s.o.OrdersTouch {
			managed.modified = s.clock()
		}
		s.fire("product", "updated", managed.id)
	}
}

// Rate sets what shoppers gave a product on average, in hundredths of a star, and
// how many did. That is what importing, moderating or deleting reviews behind
// WooCommerce's back does to its meta: no webhook tells of it, and date_modified
// stays.
func (s *Shop) Rate(id, hundredths, ratings int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if p, ok := s.products[id]; ok && p.v == nil {
		p.stars, p.ratings = hundredths, ratings
		if ratings == 0 {
			p.stars = 0
		}
	}
}

// Redate makes a product older by d, as a plugin that writes dates into the
// database does: no webhook tells of it, and date_modified stays.
func (s *Shop) Redate(id int, d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if p, ok := s.products[id]; ok && p.v == nil && p.in.Status == "publish" {
		p.created = p.created.Add(-d).Truncate(time.Second)
		p.in.Published = p.created
	}
}

// Review adds a shopper's review without stars: product.updated is due.
func (s *Shop) Review(id int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if p, ok := s.products[id]; ok && p.v == nil {
		p.modified = s.clock()
		s.fire("product", "updated", id)
	}
}

// IDs returns the ids of all products, the trash included, in order.
func (s *Shop) IDs() []int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.DeleteFunc(s.sorted(), func(id int) bool { return s.products[id].v != nil })
}

// Variations returns the ids of a product's variations.
func (s *Shop) Variations(id int) []int {
	s.mu.Lock()
	defer s.mu.Unlock()
	if p, ok := s.products[id]; ok {
		return slices.Clone(p.variations)
	}
	return nil
}

// sorted returns the ids of products and variations, in order.
func (s *Shop) sorted() []int {
	ids := make([]int, 0, len(s.products))
	for id := range s.products {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return ids
}
