package demoshop

import (
	"fmt"
	"html/template"
	"slices"
	"strings"
	"time"
)

// card is a product in a grid.
type card struct {
	URL, Name, Image, Brand string
	Price                   price
	Badge, BadgeKind        string
	SoldOut                 bool
}

// price is what is printed beside a product; Was is struck through.
type price struct{ Now, Was string }

// stock is what is printed about whether something can be had.
type stock struct{ Text, Kind string }

// choice is a row of the table of variations.
type choice struct {
	Options []string
	SKU     string
	Price   price
	Stock   stock
}

// swatch is a link that shows the product in another colour.
type swatch struct {
	URL, Name, Class, Image string
	Current                 bool
}

// detail is what a product's page shows.
type detail struct {
	Name, SKU, Brand, Image, Alt string
	Short, Description           template.HTML
	Price                        price
	Stock                        stock
	Sale                         string
	Crumbs                       []link
	Swatches                     []swatch
	OptionNames                  []string
	Choices                      []choice
	Facts                        []fact
	Members, Related             []card
	BuyURL, BuyText              string
	Ships                        bool // it comes in a parcel from this shop
}

type link struct{ URL, Text string }

type fact struct{ Name, Value string }

// offers returns what can be bought of p: its variations or itself.
func (p *product) offers() []offer {
	if p.kind == "variable" {
		return p.variations
	}
	return []offer{p.offer}
}

// priceView returns the printed price of offers at now: one price, struck
// through if reduced, or the range of a product with several.
func priceView(offers []offer, now time.Time) price {
	low, high, was := cents(-1), cents(-1), cents(-1)
	uniform := true
	for i := range offers {
		c := offers[i].price(now)
		if c < 0 {
			continue
		}
		if low < 0 || c < low {
			low = c
		}
		high = max(high, c)
		uniform = uniform && (was < 0 || was == offers[i].regular)
		was = offers[i].regular
	}
	switch {
	case low < 0:
		return price{}
	case low != high:
		return price{Now: low.String() + " – " + high.String()}
	case uniform && was > low:
		return price{Now: low.String(), Was: was.String()}
	}
	return price{Now: low.String()}
}

// saleBadge returns the biggest reduction among offers at now, "" if none.
func saleBadge(offers []offer, now time.Time) string {
	best, equal := int64(0), true
	for i := range offers {
		percent := int64(0)
		if o := &offers[i]; o.onSale(now) {
			percent = int64(((o.regular-o.sale)*100 + o.regular/2) / o.regular)
		}
		equal = equal && (i == 0 || percent == best)
		best = max(best, percent)
	}
	switch {
	case best == 0:
		return ""
	case equal:
		return fmt.Sprintf("Sale −%d%%", best)
	}
	return fmt.Sprintf("Up to −%d%%", best)
}

// stockView says whether an offer can be had.
func stockView(o *offer) stock {
	switch {
	case o.status == "backorder":
		return stock{"Available on backorder", "wait"}
	case o.status != "1":
		return stock{"Out of stock", "out"}
	case o.counted && o.quantity <= o.low:
		return stock{fmt.Sprintf("Only %d left in stock", o.quantity), "low"}
	}
	return stock{"In stock", "in"}
}

// overallStock sums up offers: the product can be had if one of them can.
func overallStock(offers []offer) stock {
	best := stock{"Out of stock", "out"}
	rank := []string{"out", "wait", "low", "in"}
	for i := range offers {
		if s := stockView(&offers[i]); slices.Index(rank, s.Kind) > slices.Index(rank, best.Kind) {
			best = s
		}
	}
	if best.Kind == "low" && len(offers) > 1 {
		best.Text = "Only a few left in stock"
	}
	return best
}

func (s *shop) card(p *product, now time.Time) card {
	offers := s.offersOf(p)
	c := card{URL: p.url(), Name: p.name, Image: p.images[0], Brand: p.brand, Price: priceView(offers, now)}
	switch have := overallStock(offers); {
	case have.Kind == "out":
		c.Badge, c.BadgeKind, c.SoldOut = "Out of stock", "out", true
	case saleBadge(offers, now) != "":
		c.Badge, c.BadgeKind = saleBadge(offers, now), "sale"
	case have.Kind == "wait":
		c.Badge, c.BadgeKind = "On backorder", "wait"
	case have.Kind == "low":
		c.Badge, c.BadgeKind = "Last pieces", "low"
	}
	return c
}

func (s *shop) cards(products []*product, now time.Time) []card {
	cards := make([]card, len(products))
	for i, p := range products {
		cards[i] = s.card(p, now)
	}
	return cards
}

// offersOf returns what can be bought of p; a grouped product is bought as
// its members.
func (s *shop) offersOf(p *product) []offer {
	if p.kind != "grouped" {
		return p.offers()
	}
	var offers []offer
	for _, m := range s.bySKUs(p.members) {
		offers = append(offers, m.offers()...)
	}
	return offers
}

// detail returns p's page, with its picture in colour if there is one.
func (s *shop) detail(p *product, colour string, now time.Time) detail {
	offers := s.offersOf(p)
	d := detail{
		Name: p.name, SKU: p.sku, Brand: p.brand, Image: p.images[0], Alt: p.name,
		//nolint:gosec // The HTML is this package's own content, not input.
		Short: template.HTML(p.short), Description: template.HTML(p.description),
		Price: priceView(offers, now), Stock: overallStock(offers), Sale: saleBadge(offers, now),
		Crumbs: []link{{"/", "Home"}, {"/shop/", "Shop"}},
		BuyURL: p.buyURL, BuyText: p.buyText, Ships: !p.virtual && p.kind != "external",
	}
	if p.kind == "external" {
		d.Stock = stock{"Sold by a partner", "in"}
	}
	deepest := ""
	for _, c := range p.categories {
		if strings.Count(c, " > ") >= strings.Count(deepest, " > ") {
			deepest = c
		}
	}
	for path, rest := "", deepest; rest != ""; {
		var name string
		name, rest, _ = strings.Cut(rest, " > ")
		if path != "" {
			path += " > "
		}
		path += name
		d.Crumbs = append(d.Crumbs, link{categoryURL(path), name})
	}
	if p.kind == "variable" {
		d.addVariations(p, colour, now)
	}
	for _, a := range p.attributes {
		if a.visible {
			d.Facts = append(d.Facts, fact{a.name, strings.Join(a.values, ", ")})
		}
	}
	if p.weight != "" {
		d.Facts = append(d.Facts, fact{"Weight", p.weight + " kg"})
	}
	if p.brand != "" {
		d.Facts = append(d.Facts, fact{"Brand", p.brand})
	}
	if p.gtin != "" {
		d.Facts = append(d.Facts, fact{"GTIN", p.gtin})
	}
	if p.kind == "grouped" {
		d.Members = s.cards(s.bySKUs(p.members), now)
	}
	d.Related = s.cards(s.relatedTo(p), now)
	return d
}

func (d *detail) addVariations(p *product, colour string, now time.Time) {
	for i := range p.variations {
		o := &p.variations[i]
		c := choice{SKU: o.sku, Price: priceView([]offer{*o}, now), Stock: stockView(o)}
		if len(d.OptionNames) == 0 {
			for _, a := range o.options {
				d.OptionNames = append(d.OptionNames, a.name)
			}
		}
		for _, a := range o.options {
			value := "any " + strings.ToLower(a.name)
			if len(a.values) > 0 {
				value = a.values[0]
			}
			c.Options = append(c.Options, value)
			if a.name == "Colour" && len(a.values) > 0 && !slices.ContainsFunc(d.Swatches, func(s swatch) bool { return s.Name == value }) {
				class := slugify(value)
				d.Swatches = append(d.Swatches, swatch{
					URL: p.url() + "?colour=" + class, Name: value, Class: "swatch-" + class, Image: o.image,
				})
			}
		}
		d.Choices = append(d.Choices, c)
	}
	for i := range d.Swatches {
		s := &d.Swatches[i]
		s.Current = "swatch-"+colour == s.Class || colour == "" && s.Image == p.mainColour()
		if s.Current {
			d.Image, d.Alt = s.Image, p.name+" in "+strings.ToLower(s.Name)
		}
	}
}

// mainColour returns the picture of the colour that is no picture of the
// gallery: the main picture stands for it.
func (p *product) mainColour() string {
	for i := range p.variations {
		if image := p.variations[i].image; !slices.Contains(p.images[1:], image) {
			return image
		}
	}
	return p.images[0]
}

func (p *product) url() string { return "/product/" + p.slug + "/" }

// categoryURL returns the address of a category by its path, such as
// "Clothing > Jackets".
func categoryURL(path string) string {
	var address strings.Builder
	address.WriteString("/product-category/")
	for name := range strings.SplitSeq(path, " > ") {
		address.WriteString(slugify(name) + "/")
	}
	return address.String()
}
