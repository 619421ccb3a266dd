package extractive_test

import (
	"time"

	"github.com/aiwoochat/woochat/domain/catalog"
	"github.com/aiwoochat/woochat/domain/chat"
	"github.com/aiwoochat/woochat/domain/retrieval"
)

func eur(minor int64) catalog.Money { return catalog.Money{Minor: minor, Currency: "EUR", Exponent: 2} }

func product(id, title, sku string, regular, sale int64, stock catalog.StockStatus, text string) retrieval.Passage {
	o := catalog.Offer{SKU: sku, Regular: eur(regular), Stock: stock}
	if sale > 0 {
		o.Sale = eur(sale)
	}
	return retrieval.Passage{
		Ref: retrieval.PassageRef{Document: retrieval.DocumentID("product:" + id)}, Kind: catalog.KindProduct, Title: title,
		URL: "https://shop.example.com/product/" + id + "/", Text: title + "\n\n" + text,
		Facts: catalog.Facts{SKUs: []string{sku}, Offers: []catalog.Offer{o}},
	}
}

func page(id, title, text string) retrieval.Passage {
	return retrieval.Passage{
		Ref: retrieval.PassageRef{Document: retrieval.DocumentID("page:" + id)}, Kind: catalog.KindPage, Title: title,
		URL: "https://shop.example.com/" + id + "/", Text: text,
	}
}

// shop is what a retriever might find for most questions of these tests.
func shop() []retrieval.Passage {
	variable := product("4", "Trail Shirt", "TR-SHT", 4900, 0, catalog.InStock, "- Material: Merino wool\n\nLight and quick to dry.")
	variable.Facts.Offers = []catalog.Offer{
		{SKU: "TR-SHT-BLU-M", Regular: eur(4900), Stock: catalog.InStock, Attributes: []catalog.Attribute{{Name: "Color", Values: []string{"Blue"}}, {Name: "Size", Values: []string{"M"}}}},
		{SKU: "TR-SHT-RED-L", Regular: eur(5400), Stock: catalog.OutOfStock, Attributes: []catalog.Attribute{{Name: "Color", Values: []string{"Red"}}, {Name: "Size", Values: []string{"L"}}}},
	}
	return []retrieval.Passage{
		product("1", "Storm Jacket", "FJ-JKT-01", 12990, 9742, catalog.InStock, "- Brand: Fjord\n- Weight: 420 g\n\nWaterproof to 10,000 mm. The hood packs away. It is cut long for winter riding."),
		product("2", "Rain Shell Jacket", "RN-SHL", 7900, 0, catalog.InStock, "A waterproof shell for summer. It folds into its own pocket."),
		product("3", "Camp Mug", "CM-MUG-02", 1490, 0, catalog.OutOfStock, "Enamel, 350 ml. Dishwasher safe. Not for the microwave."),
		variable,
		page("shipping", "Shipping", "# Shipping\n\nShipping costs €4.90 within Germany. Free from €60. Delivery takes 2-4 working days.\n\n| Country | Days | Cost |\n| --- | --- | --- |\n| Austria | 3-5 | €9.90 |\n| France | 4-6 | €12.90 |"),
		page("returns", "Returns", "## How long can I return an item?\n\nYou have 30 days. Write to us first [2], then send it unworn.\n\n## Who pays?\n\nWe pay for faulty goods, e.g. a broken zip. You pay otherwise."),
	}
}

func now() time.Time { return time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC) }

func shelf() []chat.Evidence { return chat.EvidenceOf(shop(), now()) }
