// Package catalog holds what a shop sells and says: products, pages and
// questions with answers; prices and stock; and which of it a shopper may see.
package catalog

import "time"

// Status is a thing's state of publication in the shop.
type Status uint8

// Statuses. The zero Status is invalid and hides the thing.
const (
	Published Status = iota + 1
	Draft            // also pending and auto-draft
	Private
	Scheduled // will be published at a later time
	Trashed
)

// Visibility is where a shop lists a product.
type Visibility uint8

// Visibilities. The zero Visibility is invalid and hides the product.
const (
	Everywhere Visibility = iota + 1 // catalogue and search
	InCatalog
	InSearch
	Hidden
)

// Type is a kind of product.
type Type uint8

// Types of products. The zero Type is invalid.
const (
	Simple Type = iota + 1
	Variable
	Grouped
	External // sold elsewhere: cannot be put into the cart
)

// Product is one product of a shop, with its variations.
type Product struct {
	ID         string // the shop's own id of it
	Type       Type
	Name       string // plain text
	SKU        string
	GTIN       string
	URL        string // the product's page
	Status     Status
	Visibility Visibility
	Protected  bool // behind a password

	Locale      string // of the texts, BCP 47; "" for the site's
	Short       string // HTML
	Description string // HTML

	Brands     []string
	Categories []string // each a path, such as "Clothing > Jackets"
	Tags       []string
	Attributes []Attribute
	Images     []string // URLs, the main one first
	Weight     string   // with its unit, such as "1.2 kg"; "" if not given
	Dimensions string   // with its unit; "" if not given
	Rating     Rating   // of all its variations

	Offer      Offer       // of a product without variations
	Variations []Variation // of a Variable product
	Members    []string    // ids of a Grouped product's products
	BuyURL     string      // of an External product

	Published time.Time // when the shop first offered it; zero if it does not say
	Updated   time.Time // when the shop changed it; zero if it does not say
}

// Variation is one choice of a Variable product.
type Variation struct {
	ID     string
	Status Status
	Image  string
	Offer  Offer
}

// Attribute is a named property with its values, such as Colour: Blue, Green.
type Attribute struct {
	Name   string
	Values []string
}

// Offer is what one SKU costs and whether it can be had. Its Attributes say
// which variation it is; a missing attribute means any value.
type Offer struct {
	SKU        string
	GTIN       string
	Attributes []Attribute
	Regular    Money // not set: no price, cannot be bought
	Sale       Money // not set: never on sale
	SaleFrom   time.Time
	SaleTo     time.Time // zero: open. The sale runs from SaleFrom up to and without SaleTo
	Stock      StockStatus
	Quantity   int64 // pieces left; meaningful if Counted
	Counted    bool  // the shop counts pieces
}

// StockStatus says whether something can be had. The zero StockStatus is
// unknown.
type StockStatus uint8

// Stock statuses.
const (
	InStock StockStatus = iota + 1
	OutOfStock
	OnBackorder
)

// String returns WooCommerce's word for s.
func (s StockStatus) String() string {
	switch s {
	case InStock:
		return "instock"
	case OutOfStock:
		return "outofstock"
	case OnBackorder:
		return "onbackorder"
	}
	return ""
}

// Page is a page or post of a shop.
type Page struct {
	ID        string
	Title     string // plain text
	URL       string
	Status    Status
	Protected bool
	HTML      string
	Locale    string // of the text, BCP 47; "" for the site's
	Updated   time.Time
}

// FAQ is one question with its answer.
type FAQ struct {
	ID       string
	Question string
	Answer   string // HTML
	URL      string // where it stands in the shop
	Locale   string // of the text, BCP 47; "" for the site's
	Updated  time.Time
}

// Kind says what a document is made of.
type Kind uint8

// Kinds of documents. The zero Kind is invalid.
const (
	KindProduct Kind = iota + 1
	KindPage
	KindFAQ
)

// String returns product, page or faq.
func (k Kind) String() string {
	switch k {
	case KindProduct:
		return "product"
	case KindPage:
		return "page"
	case KindFAQ:
		return "faq"
	}
	return ""
}

// Change is one step of a shop's feed: exactly one of Product, Page, FAQ,
// Deleted and Rejected is set.
type Change struct {
	Product  *Product
	Page     *Page
	FAQ      *FAQ
	Deleted  *Deleted
	Rejected *Rejected

	// Read is when the shop was asked for what the Change says: before the
	// request was sent. The zero time is when whoever reads the feed began.
	Read time.Time
}

// Deleted says that a thing is gone from the shop.
type Deleted struct {
	Kind Kind
	ID   string
}

// Rejected says that a thing could not be read; the others are not affected.
type Rejected struct {
	Where  string // such as "row 17" or "product 42"
	ID     string // the shop's id of the thing, "" if it could not be read
	Reason string // what is wrong and what to do about it

	// Kind is set if the shop has something new to say of the thing, and nobody
	// knows what: what was known of it may be wrong by now.
	Kind Kind
	// Known is what could be read of a product all the same: whether it is shown,
	// its terms, its offers, which are all or none, and its texts or none. nil if
	// nothing could.
	Known *Product
}

// Cursor marks a position in a feed. Only the source that made it can read it.
// The zero Cursor is the beginning.
type Cursor string
