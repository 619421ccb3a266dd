package woocommerce

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/aiwoochat/woochat/domain/catalog"
	"github.com/aiwoochat/woochat/ports"
)

// RESTConfig says what REST v3 does not repeat with every product.
type RESTConfig struct {
	Currency      string // ISO 4217
	Exponent      uint8  // decimals that the shop shows
	WeightUnit    string // such as kg
	DimensionUnit string // such as cm
}

// APIError is an error of WooCommerce's REST API. It also comes as the body of
// a webhook with a good signature, when the user that owns the webhook may not
// read the product (woocommerce/woocommerce#37806). It matches ports.ErrNotFound
// for status 404 and ports.ErrInvalid otherwise: asking again does not help
// until somebody gives the user the right to read.
type APIError struct {
	Code    string // such as woocommerce_rest_cannot_view
	Message string // the shop's text, for the operator
	Status  int    // as HTTP would have it, 0 if not given
}

func (e *APIError) Error() string {
	return fmt.Sprintf("woocommerce: %s (status %d): %s", e.Code, e.Status, e.Message)
}

// Unwrap returns the port error that e matches.
func (e *APIError) Unwrap() error {
	if e.Status == 404 {
		return ports.ErrNotFound
	}
	return ports.ErrInvalid
}

// VariationError says that what was to be a product is a variation. What a
// shopper sees of it is decided by its parent: read that.
type VariationError struct {
	ID     string
	Parent string
}

func (e *VariationError) Error() string {
	return fmt.Sprintf("%s is a variation of product %s: read product %s instead", e.ID, e.Parent, e.Parent)
}

// Unwrap returns ports.ErrInvalid.
func (e *VariationError) Unwrap() error { return ports.ErrInvalid }

// ParseProduct reads a product as REST v3 and webhooks send it. Of a variable
// product's variations REST gives the ids only: they are in Variations, not yet
// shown, until each is replaced by what ParseVariation reads.
//
// Errors: an *APIError if the body is one, a *VariationError for a variation,
// ports.ErrInvalid for anything else that is no product (a deletion is only an
// id). If it is one of which something cannot be read, it is returned with the
// error: without an offer if its price or stock is at fault, and hidden if it does
// not say where it is listed. The post password is noted as Protected and not kept.
func ParseProduct(body []byte, cfg RESTConfig) (catalog.Product, error) {
	w, err := decode(body)
	if err != nil {
		return catalog.Product{}, err
	}
	id := string(w.ID)
	if w.Type == "variation" {
		return catalog.Product{}, &VariationError{ID: id, Parent: string(w.ParentID)}
	}
	kind, _, known := productType(string(w.Type))
	p := catalog.Product{
		ID: id, Type: kind, Name: plain(string(w.Name)), SKU: string(w.SKU), GTIN: string(w.GTIN), URL: webURL(string(w.Permalink)), Locale: localeOf(w.Lang),
		Protected: w.Password != "", Updated: gmt(w.Modified),
	}
	if p.Status, err = published(string(w.Status)); err != nil {
		p.Status = catalog.Draft // pending, auto-draft, or a plugin's own: not for shoppers
	}
	if p.Visibility, err = visibility(string(w.Visibility)); err != nil {
		return p, fmt.Errorf("%w: product %s: %w", ports.ErrInvalid, id, err)
	}
	if !p.Shown() {
		return p, nil
	}
	p.Short, p.Description = string(w.Short), string(w.Description)
	p.Brands, p.Categories, p.Tags = w.Brands.names(), w.Categories.names(), w.Tags.names()
	for _, img := range w.Images {
		if u := webURL(string(img.Src)); u != "" {
			p.Images = append(p.Images, u)
		}
	}
	for _, a := range w.Attributes {
		if name, values := plain(string(a.Name)), plainAll(a.Options); name != "" && (a.Visible || a.Variation) {
			p.Attributes = append(p.Attributes, catalog.Attribute{Name: name, Values: values})
		}
	}
	p.Published, p.Rating = opened(gmt(w.Created)), rating(string(w.Average), string(w.Ratings))
	p.Weight = measure(string(w.Weight), cfg.WeightUnit)
	p.Dimensions = dimensions(string(w.Dimensions.Length), string(w.Dimensions.Width), string(w.Dimensions.Height), cfg.DimensionUnit)
	for _, v := range w.Variations {
		p.Variations = append(p.Variations, catalog.Variation{ID: string(v)})
	}
	for _, m := range w.Grouped {
		p.Members = append(p.Members, string(m))
	}
	if kind == catalog.External {
		p.BuyURL = webURL(string(w.ExternalURL))
	}
	if (kind == catalog.Simple || kind == catalog.External) && known {
		if p.Offer, err = w.offer(cfg); err != nil {
			p.Offer = catalog.Offer{}
			return p, fmt.Errorf("%w: product %s: %w", ports.ErrInvalid, id, err)
		}
	}
	return p, nil
}

// ParseVariation reads a variation as REST v3 (products/<id>/variations) and
// webhooks send it, and returns the id of its parent. A variation says that it
// is published even if its parent is a draft
// (woocommerce/woocommerce#20109); Product.ShownVariations heeds that. Errors
// as in ParseProduct.
func ParseVariation(body []byte, cfg RESTConfig) (v catalog.Variation, parent string, err error) {
	w, err := decode(body)
	if err != nil {
		return v, "", err
	}
	if w.ParentID == "" || w.ParentID == "0" {
		return v, "", fmt.Errorf("%w: product %s is not a variation", ports.ErrInvalid, w.ID)
	}
	v, err = w.variation(cfg)
	return v, string(w.ParentID), err
}

// variation returns the variation that w is, whoever its parent may be.
func (w wireProduct) variation(cfg RESTConfig) (v catalog.Variation, err error) {
	v.ID = string(w.ID)
	if v.Status, err = published(string(w.Status)); err != nil {
		v.Status = catalog.Draft
	}
	if v.Offer, err = w.offer(cfg); err != nil {
		return v, fmt.Errorf("%w: variation %s: %w", ports.ErrInvalid, w.ID, err)
	}
	images := w.Images
	if w.Image != nil {
		images = append(wireList[wireImage]{*w.Image}, images...)
	}
	for _, img := range images {
		if v.Image == "" {
			v.Image = webURL(string(img.Src))
		}
	}
	for _, a := range w.Attributes {
		name, value := plain(string(a.Name)), plain(string(a.Option))
		if name == "" {
			continue
		}
		attr := catalog.Attribute{Name: name}
		if value != "" { // none means any
			attr.Values = []string{value}
		}
		v.Offer.Attributes = append(v.Offer.Attributes, attr)
	}
	return v, nil
}

// wireProduct is what is read of a product. Plugins change types: see text and
// wireList.
type wireProduct struct {
	ID          text                 `json:"id"`
	ParentID    text                 `json:"parent_id"`
	Type        text                 `json:"type"`
	Name        text                 `json:"name"`
	SKU         text                 `json:"sku"`
	GTIN        text                 `json:"global_unique_id"`
	Permalink   text                 `json:"permalink"`
	Status      text                 `json:"status"`
	Visibility  text                 `json:"catalog_visibility"`
	Password    text                 `json:"post_password"`
	Created     text                 `json:"date_created_gmt"`
	Modified    text                 `json:"date_modified_gmt"`
	Average     text                 `json:"average_rating"`
	Ratings     text                 `json:"rating_count"`
	Description text                 `json:"description"`
	Short       text                 `json:"short_description"`
	Regular     text                 `json:"regular_price"`
	Sale        text                 `json:"sale_price"`
	SaleFrom    text                 `json:"date_on_sale_from_gmt"`
	SaleTo      text                 `json:"date_on_sale_to_gmt"`
	StockStatus text                 `json:"stock_status"`
	Quantity    text                 `json:"stock_quantity"`
	ManageStock text                 `json:"manage_stock"`
	Backorders  text                 `json:"backorders"`
	Weight      text                 `json:"weight"`
	Dimensions  wireDimensions       `json:"dimensions"`
	Brands      terms                `json:"brands"`
	Categories  terms                `json:"categories"`
	Tags        terms                `json:"tags"`
	Images      wireList[wireImage]  `json:"images"`
	Image       *wireImage           `json:"image"`
	Attributes  wireList[wireChoice] `json:"attributes"`
	Variations  wireList[text]       `json:"variations"`
	Grouped     wireList[text]       `json:"grouped_products"`
	ExternalURL text                 `json:"external_url"`
	// Lang is the language of a translated shop's product: WPML's WooCommerce
	// Multilingual and Polylang Pro add it to what WooCommerce says.
	Lang any `json:"lang"`

	// Of an error.
	Code    text            `json:"code"`
	Message text            `json:"message"`
	Data    json.RawMessage `json:"data"`
}

type wireDimensions struct {
	Length text `json:"length"`
	Width  text `json:"width"`
	Height text `json:"height"`
}

type wireImage struct {
	Src text `json:"src"`
}

type wireChoice struct {
	Name      text           `json:"name"`
	Visible   bool           `json:"visible"`
	Variation bool           `json:"variation"`
	Options   wireList[text] `json:"options"`
	Option    text           `json:"option"`
}

// text is a string that may come as a number, true, false or null.
type text string

// UnmarshalJSON implements json.Unmarshaler.
func (t *text) UnmarshalJSON(b []byte) error {
	switch {
	case bytes.Equal(b, []byte("null")):
		*t = ""
	case b[0] == '"':
		if err := json.Unmarshal(b, (*string)(t)); err != nil {
			return err
		}
		// No store keeps a zero byte in a text.
		*t = text(strings.ReplaceAll(string(*t), "\x00", ""))
	case b[0] == '{' || b[0] == '[':
		return fmt.Errorf("%.40s is no text", b)
	default:
		*t = text(b)
	}
	return nil
}

// wireList is an array; PHP writes an empty one as [], {}, false, null or "".
type wireList[T any] []T

// UnmarshalJSON implements json.Unmarshaler.
func (l *wireList[T]) UnmarshalJSON(b []byte) error {
	if b[0] == '[' {
		return json.Unmarshal(b, (*[]T)(l))
	}
	*l = nil
	return nil
}

type terms wireList[struct {
	Name text `json:"name"`
}]

// UnmarshalJSON implements json.Unmarshaler.
func (t *terms) UnmarshalJSON(b []byte) error {
	return (*wireList[struct {
		Name text `json:"name"`
	}])(t).UnmarshalJSON(b)
}

func (t terms) names() []string {
	var names []string
	for _, term := range t {
		if name := plain(string(term.Name)); name != "" {
			names = append(names, name)
		}
	}
	return names
}

func plainAll(values []text) []string {
	var out []string
	for _, v := range values {
		if s := plain(string(v)); s != "" {
			out = append(out, s)
		}
	}
	return out
}

// unmarshal reads one thing of the REST API into v. encoding/json takes broken
// text and keys that are there twice, in any case, as they come; a product that
// says "draft" first and "Publish" then is not guessed at.
func unmarshal(body []byte, v any) error {
	if !utf8.Valid(body) {
		return errors.New("it is not UTF-8: a plugin or the database breaks texts of other languages; save it again in the shop")
	}
	if err := json.Unmarshal(body, v); err != nil {
		return err
	}
	if key := twice(body); key != "" {
		return fmt.Errorf("it has %.40q twice: a plugin changes what the shop's API says", key)
	}
	return nil
}

// decode reads a product, or a variation that says so.
func decode(body []byte) (wireProduct, error) {
	w, err := decodeAny(body)
	if err == nil && w.Type == "" && w.ParentID == "" {
		err = fmt.Errorf("%w: not a product: it has no id or no type", ports.ErrInvalid)
	}
	return w, err
}

// decodeAny reads a product or a variation. In its own list a variation of an
// older shop says neither its type nor its parent.
func decodeAny(body []byte) (wireProduct, error) {
	var w wireProduct
	if err := unmarshal(body, &w); err != nil {
		return w, fmt.Errorf("%w: not a product of WooCommerce's REST API: %w", ports.ErrInvalid, err)
	}
	if w.ID == "" && w.Code != "" {
		var data struct {
			Status int `json:"status"`
		}
		if err := json.Unmarshal(w.Data, &data); err != nil {
			data.Status = 0 // some plugins send null, or a text
		}
		return w, &APIError{Code: fmt.Sprintf("%.80s", w.Code), Message: fmt.Sprintf("%.200s", plain(string(w.Message))), Status: data.Status}
	}
	if w.ID == "" {
		return w, fmt.Errorf("%w: not a product: it has no id or no type", ports.ErrInvalid)
	}
	return w, nil
}

func (w wireProduct) offer(cfg RESTConfig) (catalog.Offer, error) {
	o := catalog.Offer{SKU: string(w.SKU), GTIN: string(w.GTIN)}
	var err error
	if o.Regular, err = price(string(w.Regular), cfg.Currency, cfg.Exponent); err != nil {
		return o, fmt.Errorf("regular_price: %w", err)
	}
	if o.Sale, err = price(string(w.Sale), cfg.Currency, cfg.Exponent); err != nil {
		return o, fmt.Errorf("sale_price: %w", err)
	}
	if o.SaleFrom, err = saleFrom(string(w.SaleFrom), time.UTC); err != nil {
		return o, fmt.Errorf("date_on_sale_from_gmt: %w", err)
	}
	if o.SaleTo, err = saleTo(string(w.SaleTo), time.UTC); err != nil {
		return o, fmt.Errorf("date_on_sale_to_gmt: %w", err)
	}
	o = withoutFalseSale(o)
	// "parent": the quantity is the parent's, and is given here, too.
	if (w.ManageStock == "true" || w.ManageStock == "parent") && w.Quantity != "" {
		if o.Quantity, err = quantity(string(w.Quantity)); err != nil {
			return o, err
		}
		o.Counted = true
	}
	o.Stock, err = stockStatus(string(w.StockStatus), o, w.Backorders == "yes" || w.Backorders == "notify")
	return o, err
}

// gmt reads a time that WordPress gives without a zone; the zero time if it
// cannot.
func gmt(s text) time.Time {
	t, err := time.Parse("2006-01-02T15:04:05", string(s))
	if err != nil {
		return time.Time{}
	}
	return t
}
