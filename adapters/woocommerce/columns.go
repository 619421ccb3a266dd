package woocommerce

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/aiwoochat/woochat/ports"
)

// Ids of the columns that are read, as the exporter has them
// (class-wc-product-csv-exporter.php, get_default_column_names).
const (
	colID               = "id"
	colType             = "type"
	colSKU              = "sku"
	colGTIN             = "global_unique_id"
	colName             = "name"
	colPublished        = "published"
	colVisibility       = "catalog_visibility"
	colShort            = "short_description"
	colDescription      = "description"
	colSaleFrom         = "date_on_sale_from"
	colSaleTo           = "date_on_sale_to"
	colStockStatus      = "stock_status"
	colStock            = "stock"
	colBackorders       = "backorders"
	colWeight           = "weight"
	colLength           = "length"
	colWidth            = "width"
	colHeight           = "height"
	colSalePrice        = "sale_price"
	colRegularPrice     = "regular_price"
	colCategories       = "category_ids"
	colTags             = "tag_ids"
	colImages           = "images"
	colParent           = "parent_id"
	colGrouped          = "grouped_products"
	colBuyURL           = "product_url"
	colBrands           = "brand_ids"
	colPermalink        = "permalink"
	colPassword         = "post_password"
	colCreated          = "date_created"
	colAverage          = "average_rating"
	colRatings          = "rating_count"
	attributeNames      = "attributes:name"
	attributeValues     = "attributes:value"
	attributeVisibility = "attributes:visible"
)

// columnID returns the id of the column that the exporter heads like that in
// English; "" for one that is not read.
func columnID(header string) string {
	switch header {
	case colID, colType, colSKU, colGTIN, colName, colPublished, colVisibility, colShort, colDescription, colSaleFrom, colSaleTo,
		colStockStatus, colStock, colBackorders, colWeight, colLength, colWidth, colHeight, colSalePrice, colRegularPrice,
		colCategories, colTags, colImages, colParent, colGrouped, colBuyURL, colBrands, colPermalink, colPassword, colCreated, colAverage, colRatings:
		return header
	case "gtin, upc, ean, or isbn":
		return colGTIN
	case "visibility in catalog":
		return colVisibility
	case "short description":
		return colShort
	case "date sale price starts":
		return colSaleFrom
	case "date sale price ends":
		return colSaleTo
	case "in stock?":
		return colStockStatus
	case "stock_quantity":
		return colStock
	case "backorders allowed?":
		return colBackorders
	case "sale price":
		return colSalePrice
	case "regular price":
		return colRegularPrice
	case "categories":
		return colCategories
	case "tags":
		return colTags
	case "parent":
		return colParent
	case "grouped products":
		return colGrouped
	case "external url":
		return colBuyURL
	case "brands":
		return colBrands
	case "product url", "meta: permalink":
		return colPermalink
	case "password", "post password":
		return colPassword
	case "date created":
		return colCreated
	case "average rating", "meta: _wc_average_rating":
		return colAverage
	case "rating count", "meta: _wc_review_count":
		return colRatings
	}
	for id, form := range map[string][2]string{
		attributeNames: {"attribute ", " name"}, attributeValues: {"attribute ", " value(s)"}, attributeVisibility: {"attribute ", " visible"},
	} {
		n, ok := strings.CutPrefix(header, id)
		if !ok {
			n, ok = strings.CutPrefix(header, form[0])
			n, ok = strings.TrimSuffix(n, form[1]), ok && strings.HasSuffix(n, form[1])
		}
		if v, err := strconv.Atoi(n); ok && err == nil && v > 0 {
			return id + strconv.Itoa(v)
		}
	}
	return ""
}

// attributeColumns are the places of attribute n in a row, or -1.
type attributeColumns struct{ n, name, values, visible int }

// columns say where in a row what stands.
type columns struct {
	at         map[string]int
	width      int
	needed     int // a row with fewer fields than this has lost something
	weightUnit string
	sizeUnit   string
	attributes []attributeColumns
}

// readColumns reads the header. extra are names of columns beyond the English
// ones, with what they are. The error matches ports.ErrInvalid and names all
// that is wrong.
func readColumns(header []string, extra map[string]string) (columns, error) {
	c := columns{at: map[string]int{}, width: len(header)}
	other := map[string]string{}
	for name, is := range extra {
		name, is = normalHeader(name), normalHeader(is)
		if id := columnID(is); id != "" {
			is = id
		}
		other[name] = is
	}
	var faults, found []string
	attributes := map[int]*attributeColumns{}
	for i, raw := range header {
		name, unit := normalHeader(unescapeCell(raw)), ""
		found = append(found, fmt.Sprintf("%.40q", strings.TrimSpace(raw)))
		// "Weight (kg)": the unit is the shop's setting.
		if open := strings.LastIndex(name, " ("); open > 0 && strings.HasSuffix(name, ")") && columnID(name) == "" {
			name, unit = name[:open], strings.TrimSuffix(name[open+2:], ")")
		}
		id := columnID(name)
		if is, ok := other[name]; ok {
			id = is
		}
		if id == "" {
			continue
		}
		if at, twice := c.at[id]; twice {
			if added(id) {
				continue // the first is as good
			}
			faults = append(faults, fmt.Sprintf("columns %d and %d are both %s", at+1, i+1, title(id)))
			continue
		}
		c.at[id] = i
		switch id {
		case colWeight:
			c.weightUnit = unit
		case colLength, colWidth, colHeight:
			c.sizeUnit = unit
		}
		prefix := strings.TrimRight(id, "0123456789")
		n, err := strconv.Atoi(strings.TrimPrefix(id, prefix))
		if err != nil {
			if decisive(id) {
				c.needed = max(c.needed, i+1)
			}
			continue
		}
		a := attributes[n]
		if a == nil {
			a = &attributeColumns{n, -1, -1, -1}
			attributes[n] = a
		}
		switch prefix {
		case attributeNames:
			a.name = i
		case attributeValues:
			a.values = i
		case attributeVisibility:
			a.visible = i
		}
	}
	for _, a := range attributes {
		if a.name >= 0 && a.values >= 0 {
			c.attributes = append(c.attributes, *a)
		}
	}
	slices.SortFunc(c.attributes, func(a, b attributeColumns) int { return a.n - b.n })

	var missing []string
	if !c.has(colID) && !c.has(colSKU) {
		missing = append(missing, "ID or SKU")
	}
	for _, id := range []string{colType, colName, colPublished, colVisibility, colStockStatus, colRegularPrice} {
		if !c.has(id) {
			missing = append(missing, title(id))
		}
	}
	if len(missing) > 0 {
		faults = append(faults, "missing: "+strings.Join(missing, ", "))
	}
	if len(faults) == 0 {
		return c, nil
	}
	if len(found) > 60 {
		found = append(found[:60], fmt.Sprintf("and %d more", len(found)-60))
	}
	return columns{}, fmt.Errorf("%w: this is not a complete WooCommerce product export: %s; found: %s. Export all columns under Products > Export, with your WordPress profile set to English, so that the columns have their English names",
		ports.ErrInvalid, strings.Join(faults, "; "), strings.Join(found, ", "))
}

// decisive reports whether a product without this cell would be another one: of
// another price, or shown though it should not be.
func decisive(id string) bool {
	switch id {
	case colID, colSKU, colType, colName, colPublished, colVisibility, colSaleFrom, colSaleTo, colStockStatus, colStock,
		colBackorders, colSalePrice, colRegularPrice, colParent, colPassword:
		return true
	}
	return false
}

// added reports whether the exporter has no such column by itself: plugins and
// spreadsheets add it, under names of theirs.
func added(id string) bool { return id == colCreated || id == colAverage || id == colRatings }

func (c columns) has(id string) bool { _, ok := c.at[id]; return ok }

func normalHeader(s string) string { return strings.ToLower(oneLine(s)) }

// title returns how the exporter heads a column that is spoken of in an error.
func title(id string) string {
	switch id {
	case colID:
		return "ID"
	case colSKU:
		return "SKU"
	case colType:
		return "Type"
	case colName:
		return "Name"
	case colPublished:
		return "Published"
	case colVisibility:
		return "Visibility in catalog"
	case colStockStatus:
		return "In stock?"
	case colRegularPrice:
		return "Regular price"
	}
	return strconv.Quote(id)
}
