package woocommerce

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aiwoochat/woochat/domain/catalog"
)

// reading turns the rows of one file into changes.
type reading struct {
	cfg  CSVConfig
	cols columns

	out      []catalog.Change
	products []*entry
	byID     map[string]*entry
	bySKU    map[string]*entry // in lower case; of several, the first variable one
	rows     map[string]int    // ids of all rows read, variations too
}

// entry is a product on its way: its variations are still to come.
type entry struct {
	at        int // its place in out
	row       record
	product   *catalog.Product
	rejected  bool
	children  int
	invisible []invisibleAttribute
	stock     string // the parent's own, for variations that share it
	unread    bool   // what one of its variations costs could not be read
}

// invisibleAttribute is one that the product page does not list. It is shown
// all the same if shoppers choose variations by it.
type invisibleAttribute struct {
	at int // what stands before it
	catalog.Attribute
}

// variation is a variation whose parent is not known yet.
type variation struct {
	at     int
	row    record
	id     string
	parent string
}

func newReading(cfg CSVConfig, cols columns) *reading {
	return &reading{cfg: cfg, cols: cols, byID: map[string]*entry{}, bySKU: map[string]*entry{}, rows: map[string]int{}}
}

// changes returns one change for each product and each rejected row, in the
// order of the rows.
func (r *reading) changes(rows []record) []catalog.Change {
	var variations []variation
	for _, rec := range rows {
		if v := r.row(rec); v != nil {
			variations = append(variations, *v)
		}
	}
	for _, v := range variations {
		r.variation(v)
	}
	for _, e := range r.products {
		r.finish(e)
	}
	var out []catalog.Change
	for _, c := range r.out {
		if c != (catalog.Change{}) {
			out = append(out, c)
		}
	}
	return out
}

func (r *reading) reject(at int, rec record, id, format string, args ...any) {
	r.out[at].Rejected = &catalog.Rejected{Where: rec.where(), ID: id, Reason: fmt.Sprintf(format, args...)}
}

// row reads one row; a variation is returned, to be read when all parents are
// known.
func (r *reading) row(rec record) *variation {
	at := len(r.out)
	r.out = append(r.out, catalog.Change{})
	cell := func(id string) string { return r.cols.cell(rec.fields, id) }

	fault := rec.fault
	if fault == "" {
		fault = r.cols.short(rec.fields)
	}
	if fault != "" {
		// The id of a row whose cells may have moved cannot be trusted.
		r.reject(at, rec, "", "%s", fault)
		return nil
	}
	if strings.Trim(strings.Join(rec.fields, ""), " \t") == "" {
		return nil
	}
	id := cell(colID)
	if id == "" {
		id = cell(colSKU)
	}
	switch {
	case id == "":
		r.reject(at, rec, "", "has neither an ID nor a SKU: give the product a SKU")
		return nil
	case len(id) > 200:
		r.reject(at, rec, "", "has an ID of %d bytes, at most 200 are read", len(id))
		return nil
	}
	if before, twice := r.rows[id]; twice {
		r.reject(at, rec, id, "has the ID %s of row %d again; the first one is taken", id, before)
		return nil
	}
	r.rows[id] = rec.row

	kind, isVariation, known := productType(cell(colType))
	if isVariation {
		return &variation{at: at, row: rec, id: id, parent: cell(colParent)}
	}
	e := &entry{at: at, row: rec, stock: cell(colStock)}
	r.products = append(r.products, e)
	r.byID[id] = e
	if sku := strings.ToLower(cell(colSKU)); sku != "" {
		if other := r.bySKU[sku]; other == nil || kind == catalog.Variable && other.product != nil && other.product.Type != catalog.Variable {
			r.bySKU[sku] = e
		}
	}
	p, err := r.product(rec, e, id, kind, known)
	if err != nil {
		e.rejected = true
		r.reject(at, rec, id, "%v", err)
		r.out[at].Rejected.Kind = catalog.KindProduct // it may cost something else by now
		return nil
	}
	e.product = p
	r.out[at].Product = p
	return nil
}

// productType reads a type cell such as "simple, downloadable, virtual".
func productType(s string) (t catalog.Type, isVariation, known bool) {
	for _, word := range listRaw(strings.ToLower(s)) {
		switch word {
		case "simple":
			return catalog.Simple, false, true
		case "variable", "variable-subscription":
			return catalog.Variable, false, true
		case "grouped":
			return catalog.Grouped, false, true
		case "external":
			return catalog.External, false, true
		case "variation", "subscription_variation":
			return catalog.Simple, true, true
		}
	}
	return catalog.Simple, false, false
}

func (r *reading) product(rec record, e *entry, id string, kind catalog.Type, known bool) (*catalog.Product, error) {
	cell := func(id string) string { return r.cols.cell(rec.fields, id) }
	p := &catalog.Product{ID: id, Type: kind, Name: plain(cell(colName)), SKU: cell(colSKU), GTIN: cell(colGTIN)}
	if cell(colType) == "" {
		return nil, fmt.Errorf("has no type: simple, variable, grouped, external or variation")
	}
	var err error
	if p.Status, err = published(cell(colPublished)); err != nil {
		return nil, err
	}
	if p.Visibility, err = visibility(cell(colVisibility)); err != nil {
		return nil, err
	}
	p.Protected = cell(colPassword) != ""
	if !p.Shown() {
		// What is not shown is not read: it may be half-finished, and a fault
		// in it must not keep it from being taken out of sight.
		return p, nil
	}
	if p.Name == "" {
		return nil, fmt.Errorf("has no name")
	}
	p.Short = paragraphs(unescapeText(cell(colShort)))
	p.Description = paragraphs(unescapeText(cell(colDescription)))
	p.Brands = list(cell(colBrands))
	p.Categories = categories(cell(colCategories))
	p.Tags = list(cell(colTags))
	p.Images = webURLs(cell(colImages))
	if at, _, err := moment(cell(colCreated), r.cfg.Location); err == nil { // a date that cannot be read is no fault of what is sold
		p.Published = opened(at)
	}
	p.Rating = rating(cell(colAverage), cell(colRatings))
	p.Weight = measure(cell(colWeight), r.cols.weightUnit)
	p.Dimensions = dimensions(cell(colLength), cell(colWidth), cell(colHeight), r.cols.sizeUnit)
	if p.URL = webURL(cell(colPermalink)); p.URL == "" {
		p.URL = r.cfg.Permalink(p.Name, id)
	}
	for _, a := range r.cols.attributes {
		attr := catalog.Attribute{Name: plain(fieldAt(rec.fields, a.name)), Values: list(fieldAt(rec.fields, a.values))}
		if attr.Name == "" {
			continue
		}
		if shown, err := yesNo(fieldAt(rec.fields, a.visible)); err == nil && !shown {
			e.invisible = append(e.invisible, invisibleAttribute{len(p.Attributes), attr})
			continue
		}
		p.Attributes = append(p.Attributes, attr)
	}
	switch kind {
	case catalog.Grouped:
		p.Members = listRaw(cell(colGrouped)) // until finish
	case catalog.External:
		p.BuyURL = webURL(cell(colBuyURL))
	case catalog.Simple, catalog.Variable:
	}
	if (kind == catalog.Simple || kind == catalog.External) && known {
		if p.Offer, err = r.offer(rec, ""); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// offer reads price and stock of a row. parentStock is the quantity that a
// variation shares with its siblings.
func (r *reading) offer(rec record, parentStock string) (catalog.Offer, error) {
	cell := func(id string) string { return r.cols.cell(rec.fields, id) }
	o := catalog.Offer{SKU: cell(colSKU), GTIN: cell(colGTIN)}
	var err error
	if o.Regular, err = price(cell(colRegularPrice), r.cfg.Currency, r.cfg.Exponent); err != nil {
		return o, fmt.Errorf("regular price: %w", err)
	}
	if o.Sale, err = price(cell(colSalePrice), r.cfg.Currency, r.cfg.Exponent); err != nil {
		return o, fmt.Errorf("sale price: %w", err)
	}
	if o.SaleFrom, err = saleFrom(cell(colSaleFrom), r.cfg.Location); err != nil {
		return o, fmt.Errorf("date sale price starts: %w", err)
	}
	if o.SaleTo, err = saleTo(cell(colSaleTo), r.cfg.Location); err != nil {
		return o, fmt.Errorf("date sale price ends: %w", err)
	}
	o = withoutFalseSale(o)

	stock := cell(colStock)
	if strings.EqualFold(stock, "parent") {
		stock = parentStock
	}
	if stock != "" {
		if o.Quantity, err = quantity(stock); err != nil {
			return o, err
		}
		o.Counted = true
	}
	backorders, err := yesNo(cell(colBackorders))
	if err != nil {
		backorders = strings.EqualFold(cell(colBackorders), "notify")
	}
	o.Stock, err = stockStatus(cell(colStockStatus), o, backorders)
	return o, err
}

// withoutFalseSale drops a sale price that is none: WooCommerce does not show
// one that is not below the regular price.
func withoutFalseSale(o catalog.Offer) catalog.Offer {
	if o.Sale.IsSet() && (!o.Regular.IsSet() || o.Sale.Cmp(o.Regular) >= 0) {
		o.Sale = catalog.Money{}
	}
	if !o.Sale.IsSet() {
		o.SaleFrom, o.SaleTo = time.Time{}, time.Time{}
	}
	return o
}

// stockStatus reads an "In stock?" cell. A shop sets it by the counted pieces
// when it saves a product (WC_Product::validate_props); a file that was edited
// by hand may say otherwise, and then nothing is promised that is not there.
func stockStatus(s string, o catalog.Offer, backorders bool) (catalog.StockStatus, error) {
	none := catalog.OutOfStock
	if backorders {
		none = catalog.OnBackorder
	}
	switch in, err := yesNo(s); {
	case strings.EqualFold(s, "backorder"), strings.EqualFold(s, "onbackorder"):
		return catalog.OnBackorder, nil
	case err == nil && !in, strings.EqualFold(s, "outofstock"):
		return catalog.OutOfStock, nil
	case err == nil && in, strings.EqualFold(s, "instock"), s == "" && o.Counted:
		if o.Counted && o.Quantity <= 0 {
			return none, nil
		}
		return catalog.InStock, nil
	case s == "":
		return 0, nil
	}
	return 0, fmt.Errorf("in stock? %q is not 1, 0 or backorder", s)
}

func published(s string) (catalog.Status, error) {
	switch strings.ToLower(s) {
	case "1", "publish", "true", "yes":
		return catalog.Published, nil
	case "0", "private", "false", "no":
		return catalog.Private, nil
	case "-1", "draft", "pending":
		return catalog.Draft, nil
	case "future":
		return catalog.Scheduled, nil
	case "trash":
		return catalog.Trashed, nil
	}
	return 0, fmt.Errorf("published %q is not 1, 0 or -1", s)
}

func visibility(s string) (catalog.Visibility, error) {
	switch strings.ToLower(s) {
	case "visible":
		return catalog.Everywhere, nil
	case "catalog":
		return catalog.InCatalog, nil
	case "search":
		return catalog.InSearch, nil
	case "hidden":
		return catalog.Hidden, nil
	}
	return 0, fmt.Errorf("visibility in catalog %q is not visible, catalog, search or hidden", s)
}

// variation puts a variation to its parent.
func (r *reading) variation(v variation) {
	cell := func(id string) string { return r.cols.cell(v.row.fields, id) }
	parent := r.parent(v.parent)
	switch {
	case v.parent == "":
		r.reject(v.at, v.row, v.id, "is a variation and names no parent")
		return
	case parent == nil:
		r.reject(v.at, v.row, v.id, "its parent %.80q is not in the file: export the parents, too", v.parent)
		return
	case parent.rejected:
		parent.children++
		return // the parent's row says what is wrong
	case parent.product.Type != catalog.Variable:
		r.reject(v.at, v.row, v.id, "its parent in row %d is not of type variable", parent.row.row)
		return
	case !parent.product.Shown():
		return
	}
	status, err := published(cell(colPublished))
	if err != nil {
		parent.unread = true
		r.reject(v.at, v.row, v.id, "%v: its product is kept without prices", err)
		return
	}
	child := catalog.Variation{ID: v.id, Status: status}
	if status == catalog.Published {
		if child.Offer, err = r.offer(v.row, parent.stock); err != nil {
			parent.unread = true
			r.reject(v.at, v.row, v.id, "%v: its product is kept without prices", err)
			return
		}
		if images := webURLs(cell(colImages)); len(images) > 0 {
			child.Image = images[0]
		}
		for _, a := range r.cols.attributes {
			name, value := plain(fieldAt(v.row.fields, a.name)), plain(strings.ReplaceAll(fieldAt(v.row.fields, a.values), `\,`, ","))
			if name == "" {
				continue
			}
			attr := catalog.Attribute{Name: name}
			if value != "" { // none means any
				attr.Values = []string{value}
			}
			child.Offer.Attributes = append(child.Offer.Attributes, attr)
		}
	}
	parent.product.Variations = append(parent.product.Variations, child)
}

// parent resolves what a Parent cell says: id:44, a SKU, or an ID.
func (r *reading) parent(ref string) *entry {
	if id, ok := strings.CutPrefix(ref, "id:"); ok {
		return r.byID[strings.TrimSpace(id)]
	}
	if e := r.bySKU[strings.ToLower(ref)]; e != nil {
		return e
	}
	return r.byID[ref]
}

// finish does what needs all rows. An attribute that the product page does not
// list is shown if a variation is chosen by it; members get their ids; and who
// mends a rejected row hears how much hangs on it. Where one of its variations
// could not be read, a product has no prices: theirs may be the lowest or highest.
func (r *reading) finish(e *entry) {
	if e.rejected {
		if e.children > 0 {
			r.out[e.at].Rejected.Reason += fmt.Sprintf(" (its %d variations are left out, too)", e.children)
		}
		return
	}
	for _, hidden := range slices.Backward(e.invisible) {
		if e.chosenBy(hidden.Name) {
			e.product.Attributes = slices.Insert(e.product.Attributes, hidden.at, hidden.Attribute)
		}
	}
	var members []string
	for _, ref := range e.product.Members {
		if m := r.parent(ref); m != nil && m.product != nil {
			members = append(members, m.product.ID)
		}
	}
	e.product.Members = members
	if e.unread {
		e.product.Variations = nil
	}
}

func (e *entry) chosenBy(name string) bool {
	for _, v := range e.product.Variations {
		for _, a := range v.Offer.Attributes {
			if strings.EqualFold(a.Name, name) {
				return true
			}
		}
	}
	return false
}
