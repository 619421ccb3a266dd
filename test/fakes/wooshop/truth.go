package wooshop

import (
	"slices"
	"time"
)

// Seen is one thing that a shopper may see now.
type Seen struct {
	Kind  string // product, page or post
	ID    string
	Title string // plain text
	URL   string
	// Words are texts that stand in it, in plain text; whatever it says beside
	// the other fields is in one of them.
	Words []string

	Type                     string // of a product
	Brands, Categories, Tags []string
	Attributes               [][2]string // each name with each of its values that shoppers see
	Image                    string
	Offers                   []SeenOffer
	SKUs, GTINs              []string
	Weight                   string // with its unit
	Published                time.Time
	Stars, Ratings           int // hundredths on average, and of how many
}

// SeenOffer is one thing that can be bought. Prices are as they were entered; a
// sale that makes nothing cheaper is left out. SaleTo is the last second of it.
type SeenOffer struct {
	SKU, GTIN        string
	Regular, Sale    string
	SaleFrom, SaleTo time.Time
	Stock            string // instock, outofstock, onbackorder
	Counted          bool
	Quantity         int
	Chosen           [][2]string // of a variation
}

// Truth returns what a shopper may see of the shop now, in the order of ids:
// what an index of the shop must hold, and nothing else. It is computed from
// what merchants entered, not from what the API answers.
func (s *Shop) Truth() []Seen {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.publishFuture()
	var out []Seen
	for _, id := range s.sorted() {
		p := s.products[id]
		if p.v != nil || !p.visible() {
			continue
		}
		out = append(out, s.seen(p))
	}
	for _, id := range s.pageIDs() {
		p := s.pages[id]
		if p.Status == "publish" && p.Password == "" {
			out = append(out, Seen{Kind: p.kind(), ID: itoa(id), Title: p.Title, URL: s.pageLinkOf(p), Words: []string{strip(p.HTML)}})
		}
	}
	return out
}

// tells returns what a shopper may see of a product as far as the product itself
// tells it: of a variable one nothing of its variations, and of a weight no unit.
// nil if that is nothing.
func (s *Shop) tells(id int) *Seen {
	p, ok := s.products[id]
	if !ok || p.v != nil || !p.visible() {
		return nil
	}
	alone := *p
	alone.variations = nil
	t := s.seen(&alone)
	t.Weight = p.in.Weight
	return &t
}

func (p *product) visible() bool {
	return p.in.Status == "publish" && p.in.Password == "" && p.in.Visibility != "hidden"
}

func (s *Shop) seen(p *product) Seen {
	in := p.in
	t := Seen{
		Kind: "product", ID: itoa(p.id), Title: strip(in.Name), URL: s.permalink(p), Type: in.Type,
		Published: p.created, Stars: p.stars, Ratings: p.ratings,
	}
	for _, text := range []string{in.Short, in.Description} {
		if w := strip(shortcodes(text)); w != "" {
			t.Words = append(t.Words, w)
		}
	}
	t.Brands, t.Categories, t.Tags = s.names(in.Brands), s.names(in.Categories), s.names(in.Tags)
	if len(in.Images) > 0 {
		t.Image = s.url + "/wp-content/uploads/" + in.Images[0].File
	}
	if in.Weight != "" {
		t.Weight = in.Weight + " " + s.o.WeightUnit
	}
	for _, a := range in.Attributes {
		for _, v := range a.Options {
			if !a.Hidden || a.Variation {
				t.attribute(a.Name, v)
			}
		}
	}
	t.code(&t.SKUs, in.SKU)
	t.code(&t.GTINs, in.GTIN)
	switch in.Type {
	case "simple", "external":
		t.offer(SeenOffer{
			SKU: in.SKU, GTIN: in.GTIN, Regular: in.Regular, Sale: in.Sale, SaleFrom: in.SaleFrom, SaleTo: in.SaleTo,
			Stock: stockOf(in.ManageStock, in.Stock, in.StockStatus, in.Backorders), Counted: in.ManageStock, Quantity: in.Stock,
		})
	case "variable":
		for _, id := range p.variations {
			v := s.products[id].v
			if v.Private {
				continue
			}
			o := SeenOffer{SKU: v.SKU, GTIN: v.GTIN, Regular: v.Regular, Sale: v.Sale, SaleFrom: v.SaleFrom, SaleTo: v.SaleTo, Counted: v.ManageStock, Quantity: v.Stock}
			o.Stock = stockOf(v.ManageStock, v.Stock, v.StockStatus, v.Backorders)
			if in.ManageStock && !v.ManageStock {
				o.Counted, o.Quantity, o.Stock = true, in.Stock, stockOf(true, in.Stock, v.StockStatus, in.Backorders)
			}
			for _, c := range v.Options {
				if c[1] != "" {
					o.Chosen = append(o.Chosen, c)
					t.attribute(c[0], c[1])
				}
			}
			if t.Image == "" && v.Image != nil {
				t.Image = s.url + "/wp-content/uploads/" + v.Image.File
			}
			t.code(&t.SKUs, v.SKU)
			t.code(&t.GTINs, v.GTIN)
			t.offer(o)
		}
	}
	return t
}

func stockOf(managed bool, quantity int, status, backorders string) string {
	switch {
	case !managed:
		return status
	case quantity > 0:
		return "instock"
	case backorders != "no" && backorders != "":
		return "onbackorder"
	}
	return "outofstock"
}

// offer adds o unless it has no price: such a thing cannot be bought.
func (t *Seen) offer(o SeenOffer) {
	if number(o.Regular) == nil {
		return
	}
	if !lower(o.Sale, o.Regular) {
		o.Sale, o.SaleFrom, o.SaleTo = "", time.Time{}, time.Time{}
	}
	if !o.Counted {
		o.Quantity = 0
	}
	t.Offers = append(t.Offers, o)
}

func (t *Seen) attribute(name, value string) {
	pair := [2]string{strip(name), strip(value)}
	if !slices.Contains(t.Attributes, pair) {
		t.Attributes = append(t.Attributes, pair)
	}
}

func (*Seen) code(list *[]string, code string) {
	if code != "" && !slices.Contains(*list, code) {
		*list = append(*list, code)
	}
}

func (s *Shop) names(ids []int) []string {
	var out []string
	for _, id := range ids {
		if t, ok := s.terms[id]; ok {
			out = append(out, strip(escaped(t.name)))
		}
	}
	return out
}
