package postgres

import (
	"time"

	"github.com/aiwoochat/woochat/domain/catalog"
)

// factsJSON is how catalog.Facts are stored; see conversations_json.go for the
// rules.
type factsJSON struct {
	SKUs       []string        `json:"skus,omitzero"`
	GTINs      []string        `json:"gtins,omitzero"`
	Brands     []string        `json:"brands,omitzero"`
	Categories []string        `json:"categories,omitzero"`
	Tags       []string        `json:"tags,omitzero"`
	Attributes []attributeJSON `json:"attributes,omitzero"`
	Offers     []offerJSON     `json:"offers,omitzero"`
	ImageURL   string          `json:"image_url,omitzero"`
	External   bool            `json:"external,omitzero"`
	Published  time.Time       `json:"published,omitzero"`
	Rating     ratingJSON      `json:"rating,omitzero"`
	Weight     weightJSON      `json:"weight,omitzero"`
	AsOf       time.Time       `json:"as_of,omitzero"`
}

type ratingJSON struct {
	Hundredths int64 `json:"hundredths,omitzero"`
	Count      int64 `json:"count,omitzero"`
}

type weightJSON struct {
	Milligrams int64  `json:"milligrams,omitzero"`
	Unit       string `json:"unit,omitzero"`
}

type offerJSON struct {
	SKU        string              `json:"sku,omitzero"`
	GTIN       string              `json:"gtin,omitzero"`
	Attributes []attributeJSON     `json:"attributes,omitzero"`
	Regular    moneyJSON           `json:"regular,omitzero"`
	Sale       moneyJSON           `json:"sale,omitzero"`
	SaleFrom   time.Time           `json:"sale_from,omitzero"`
	SaleTo     time.Time           `json:"sale_to,omitzero"`
	Stock      catalog.StockStatus `json:"stock,omitzero"` // its numbers are part of the format
	Quantity   int64               `json:"quantity,omitzero"`
	Counted    bool                `json:"counted,omitzero"`
}

func factsToJSON(f catalog.Facts) (string, error) { return encoded(factsJSONOf(f)) }

func factsJSONOf(f catalog.Facts) factsJSON {
	return factsJSON{
		SKUs: f.SKUs, GTINs: f.GTINs, Brands: f.Brands, Categories: f.Categories, Tags: f.Tags,
		Attributes: attributesToJSON(f.Attributes),
		Offers: each(f.Offers, func(o catalog.Offer) offerJSON {
			return offerJSON{
				SKU: o.SKU, GTIN: o.GTIN, Attributes: attributesToJSON(o.Attributes), Regular: moneyJSON(o.Regular), Sale: moneyJSON(o.Sale),
				SaleFrom: o.SaleFrom.UTC(), SaleTo: o.SaleTo.UTC(), Stock: o.Stock, Quantity: o.Quantity, Counted: o.Counted,
			}
		}),
		ImageURL: f.ImageURL, External: f.External, AsOf: f.AsOf.UTC(),
		Published: f.Published.UTC(), Rating: ratingJSON(f.Rating), Weight: weightJSON(f.Weight),
	}
}

func factsOfJSON(stored string) (catalog.Facts, error) {
	f, err := decoded[factsJSON](stored)
	if err != nil {
		return catalog.Facts{}, err
	}
	return f.facts(), nil
}

func (f factsJSON) facts() catalog.Facts {
	return catalog.Facts{
		SKUs: f.SKUs, GTINs: f.GTINs, Brands: f.Brands, Categories: f.Categories, Tags: f.Tags,
		Attributes: attributesOfJSON(f.Attributes),
		Offers: each(f.Offers, func(o offerJSON) catalog.Offer {
			return catalog.Offer{
				SKU: o.SKU, GTIN: o.GTIN, Attributes: attributesOfJSON(o.Attributes),
				Regular: catalog.Money(o.Regular), Sale: catalog.Money(o.Sale),
				SaleFrom: o.SaleFrom.UTC(), SaleTo: o.SaleTo.UTC(), Stock: o.Stock, Quantity: o.Quantity, Counted: o.Counted,
			}
		}),
		ImageURL: f.ImageURL, External: f.External, AsOf: f.AsOf.UTC(),
		Published: f.Published.UTC(), Rating: catalog.Rating(f.Rating), Weight: catalog.Weight(f.Weight),
	}
}
