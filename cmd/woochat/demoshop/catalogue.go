package demoshop

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// product is one product as the shop front shows it.
type product struct {
	id, sku, name, slug string
	kind                string // simple, variable, grouped, external
	published           bool
	visibility          string // visible, catalog, search, hidden
	featured            bool
	short, description  string // HTML
	categories          []string
	images              []string // paths on this host, the main one first
	brand, gtin, weight string
	attributes          []attribute
	offer               offer
	variations          []offer
	members, related    []string // SKUs
	buyURL, buyText     string
	virtual             bool
}

type attribute struct {
	name    string
	values  []string
	visible bool
}

// offer is one thing that can be bought: a simple product or a variation.
type offer struct {
	sku, gtin string
	options   []attribute // of a variation; no value means any
	image     string
	regular   cents // -1: no price
	sale      cents // -1: none
	from, to  time.Time
	status    string // 1, 0, backorder
	quantity  int
	counted   bool
	low       int
}

// cents is an amount of money in hundredths of a euro.
type cents int64

// shown says whether a shopper may open the product's page.
func (p *product) shown() bool { return p.published && p.visibility != "hidden" }

// listed says whether the product stands in the catalogue.
func (p *product) listed() bool {
	return p.published && (p.visibility == "visible" || p.visibility == "catalog")
}

// searchable says whether the shop's search finds the product.
func (p *product) searchable() bool {
	return p.published && (p.visibility == "visible" || p.visibility == "search")
}

// onSale says whether o's sale price holds at now. A date without an end is
// open, and the end's second belongs to the sale, as in WooCommerce.
func (o *offer) onSale(now time.Time) bool {
	return o.sale >= 0 && o.sale < o.regular && !now.Before(o.from) && (o.to.IsZero() || !now.After(o.to))
}

// price returns what o costs at now, -1 if it has no price.
func (o *offer) price(now time.Time) cents {
	if o.onSale(now) {
		return o.sale
	}
	return o.regular
}

func (c cents) String() string { return fmt.Sprintf("€%d.%02d", int64(c)/100, int64(c)%100) }

// readCatalogue reads a product export. It returns the products in the
// export's order, each with its variations, whether they may be shown or not.
func readCatalogue(export []byte) ([]*product, error) {
	r := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(export, []byte("\ufeff"))))
	head, err := r.Read()
	if err != nil {
		return nil, fmt.Errorf("header: %w", err)
	}
	column := make(columns, len(head))
	for i, name := range head {
		column[name] = i
	}
	rows, err := r.ReadAll() // encoding/csv refuses a row of another length than the header
	if err != nil {
		return nil, err
	}

	var products []*product
	parents := make(map[string]*product)
	var variations [][]string
	for _, row := range rows {
		cell := column.of(row)
		if slices.Contains(list(cell("Type")), "variation") {
			variations = append(variations, row) // its parent may stand below it
			continue
		}
		p, err := readProduct(cell)
		if err != nil {
			return nil, fmt.Errorf("product %s: %w", cell("ID"), err)
		}
		products = append(products, p)
		parents["id:"+p.id] = p
		if p.sku != "" {
			parents[p.sku] = p
		}
	}
	for _, row := range variations {
		cell := column.of(row)
		parent := parents[cell("Parent")]
		if parent == nil {
			return nil, fmt.Errorf("variation %s: no product %q", cell("ID"), cell("Parent"))
		}
		o, err := readOffer(cell)
		if err != nil {
			return nil, fmt.Errorf("variation %s: %w", cell("ID"), err)
		}
		if cell("Stock") == "parent" {
			o.status, o.quantity, o.counted, o.low = parent.offer.status, parent.offer.quantity, parent.offer.counted, parent.offer.low
		}
		if cell("Published") == "1" {
			parent.variations = append(parent.variations, o)
		}
	}
	return products, nil
}

// columns says at which place each column of an export stands.
type columns map[string]int

// of returns a look-up of row's cells by column, "" for a column that the
// export has not.
func (c columns) of(row []string) func(column string) string {
	return func(name string) string {
		if i, ok := c[name]; ok {
			return row[i]
		}
		return ""
	}
}

func readProduct(cell func(string) string) (*product, error) {
	o, err := readOffer(cell)
	if err != nil {
		return nil, err
	}
	kinds := list(cell("Type"))
	p := &product{
		id: cell("ID"), sku: cell("SKU"), name: cell("Name"), slug: slugify(cell("Name")),
		kind:      kinds[0],
		virtual:   slices.Contains(kinds, "virtual"),
		published: cell("Published") == "1", visibility: cell("Visibility in catalog"), featured: cell("Is featured?") == "1",
		short: displayHTML(cell("Short description")), description: displayHTML(cell("Description")),
		categories: list(cell("Categories")), brand: cell("Brands"), gtin: o.gtin, weight: cell("Weight (kg)"),
		offer: o, members: list(cell("Grouped products")),
		related: append(list(cell("Cross-sells")), list(cell("Upsells"))...),
		buyURL:  cell("External URL"), buyText: cell("Button text"),
	}
	for _, image := range list(cell("Images")) {
		p.images = append(p.images, localPath(image))
	}
	p.attributes = readAttributes(cell)
	return p, nil
}

func readOffer(cell func(string) string) (offer, error) {
	o := offer{
		sku: cell("SKU"), gtin: cell("GTIN, UPC, EAN, or ISBN"), options: readAttributes(cell),
		image: localPath(cell("Images")), status: cell("In stock?"), low: 2,
	}
	var err error
	if o.regular, err = readCents(cell("Regular price")); err != nil {
		return o, err
	}
	if o.sale, err = readCents(cell("Sale price")); err != nil {
		return o, err
	}
	if o.from, err = readTime(cell("Date sale price starts")); err != nil {
		return o, err
	}
	if o.to, err = readTime(cell("Date sale price ends")); err != nil {
		return o, err
	}
	if s := cell("Stock"); s != "" && s != "parent" {
		if o.quantity, err = strconv.Atoi(s); err != nil {
			return o, fmt.Errorf("stock: %w", err)
		}
		o.counted = true
	}
	if s := cell("Low stock amount"); s != "" {
		if o.low, err = strconv.Atoi(s); err != nil {
			return o, fmt.Errorf("low stock amount: %w", err)
		}
	}
	return o, nil
}

func readAttributes(cell func(string) string) []attribute {
	var found []attribute
	for i := 1; ; i++ {
		n := strconv.Itoa(i)
		name := cell("Attribute " + n + " name")
		if name == "" {
			return found
		}
		found = append(found, attribute{name: name, values: list(cell("Attribute " + n + " value(s)")), visible: cell("Attribute "+n+" visible") == "1"})
	}
}

// readCents reads a price as WooCommerce writes it: "49", "49.9" or "49.90".
func readCents(s string) (cents, error) {
	if s == "" {
		return -1, nil
	}
	whole, part, _ := strings.Cut(s, ".")
	if len(part) > 2 {
		return 0, fmt.Errorf("price %q: more than two decimals", s)
	}
	n, err := strconv.ParseUint(whole+(part + "00")[:2], 10, 40)
	if err != nil {
		return 0, fmt.Errorf("price %q: %w", s, err)
	}
	return cents(n), nil
}

// readTime reads a date of a sale. The export carries the shop's local time
// without a zone; this shop's clock is UTC.
func readTime(s string) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	return time.Parse("2006-01-02 15:04:05", s)
}

// list splits a cell of several values: commas part them, a comma within a
// value has a backslash before it.
func list(cell string) []string {
	if cell == "" {
		return nil
	}
	var values []string
	var value strings.Builder
	for i := 0; i < len(cell); i++ {
		switch {
		case cell[i] == '\\' && i+1 < len(cell) && cell[i+1] == ',':
			value.WriteByte(',')
			i++
		case cell[i] == ',':
			values = append(values, strings.TrimSpace(value.String()))
			value.Reset()
		default:
			value.WriteByte(cell[i])
		}
	}
	return append(values, strings.TrimSpace(value.String()))
}

// slugify returns the permalink part of a name.
func slugify(name string) string {
	var slug strings.Builder
	gap := false
	for _, r := range strings.ToLower(name) {
		if (r < 'a' || r > 'z') && (r < '0' || r > '9') {
			gap = true
			continue
		}
		if gap && slug.Len() > 0 {
			slug.WriteByte('-')
		}
		gap = false
		slug.WriteRune(r)
	}
	return slug.String()
}

// displayHTML returns a description as a theme would print it: line breaks
// that the export wrote as \n, links on this host, no shortcode whose plugin
// is not there.
func displayHTML(s string) string {
	s = strings.ReplaceAll(s, `\n`, "\n")
	s = strings.ReplaceAll(s, ExportedURL, "")
	return withoutShortcodes(s)
}

func localPath(address string) string { return strings.TrimPrefix(address, ExportedURL) }

// withoutShortcodes cuts [name ...] out of a description, with the paragraph
// around it if it stands alone.
func withoutShortcodes(s string) string {
	var kept strings.Builder
	for {
		open := strings.IndexByte(s, '[')
		end := -1
		if open >= 0 {
			end = strings.IndexByte(s[open:], ']')
		}
		if end < 0 {
			kept.WriteString(s)
			return strings.ReplaceAll(kept.String(), "<p></p>", "")
		}
		kept.WriteString(s[:open])
		s = s[open+end+1:]
	}
}

// withoutTags returns the text of a short description, a blank for each tag.
func withoutTags(s string) string {
	var text strings.Builder
	inside := false
	for _, r := range s {
		switch {
		case r == '<':
			inside = true
			text.WriteByte(' ')
		case r == '>':
			inside = false
		case !inside:
			text.WriteRune(r)
		}
	}
	return text.String()
}
