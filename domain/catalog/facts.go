package catalog

import "time"

// Facts are what is known about a document as fields: the part that is
// filtered, sorted and stated, never guessed from text. Pages and FAQs have
// none but perhaps Tags.
type Facts struct {
	SKUs       []string // the product's and its variations'
	GTINs      []string
	Brands     []string
	Categories []string
	Tags       []string
	Attributes []Attribute // the product's own and all values of its variations
	Offers     []Offer     // one for a product without variations; empty if it has no price
	ImageURL   string
	External   bool // cannot be put into the cart
	// Published is when the shop first offered it; zero if nobody said.
	Published time.Time
	Rating    Rating
	Weight    Weight
	// AsOf is when the shop was read.
	AsOf time.Time
}

// OnSale reports whether o's sale price holds at the time now.
func (o Offer) OnSale(now time.Time) bool {
	return o.Sale.IsSet() && o.Regular.IsSet() && o.Sale.Cmp(o.Regular) < 0 &&
		!now.Before(o.SaleFrom) && (o.SaleTo.IsZero() || now.Before(o.SaleTo))
}

// Price returns what o costs at the time now; not set if it has no price.
func (o Offer) Price(now time.Time) Money {
	if o.OnSale(now) {
		return o.Sale
	}
	return o.Regular
}

// PriceRange is what a product costs: Min and Max are the same for one price.
type PriceRange struct {
	Min, Max Money // not set: no price
	// Regular is the range before a sale; set only if OnSale.
	RegularMin, RegularMax Money
	OnSale                 bool
}

// PriceRange returns the range over all offers at the time now.
func (f Facts) PriceRange(now time.Time) PriceRange {
	var r PriceRange
	widen := func(lo, hi *Money, m Money) {
		if !lo.IsSet() || m.Cmp(*lo) < 0 {
			*lo = m
		}
		if !hi.IsSet() || m.Cmp(*hi) > 0 {
			*hi = m
		}
	}
	for _, o := range f.Offers {
		p := o.Price(now)
		if !p.IsSet() {
			continue
		}
		widen(&r.Min, &r.Max, p)
		widen(&r.RegularMin, &r.RegularMax, o.Regular)
		r.OnSale = r.OnSale || o.OnSale(now)
	}
	if !r.OnSale {
		r.RegularMin, r.RegularMax = Money{}, Money{}
	}
	return r
}

// Stock returns the best status of all offers: in stock if one of them is.
func (f Facts) Stock() StockStatus {
	rank := func(s StockStatus) int {
		switch s {
		case InStock:
			return 3
		case OnBackorder:
			return 2
		case OutOfStock:
			return 1
		}
		return 0
	}
	var best StockStatus
	for _, o := range f.Offers {
		if rank(o.Stock) > rank(best) {
			best = o.Stock
		}
	}
	return best
}
