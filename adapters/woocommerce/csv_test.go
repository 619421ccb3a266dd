package woocommerce_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/aiwoochat/woochat/adapters/woocommerce"
	"github.com/aiwoochat/woochat/domain/catalog"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/ports"
	"github.com/aiwoochat/woochat/test/porttest"
)

var site = tenant.Scope{Tenant: "ten_00000000-0000-7000-8000-000000000001", Site: "site_00000000-0000-7000-8000-000000000001"}

func config() woocommerce.CSVConfig {
	return woocommerce.CSVConfig{Currency: "EUR", Exponent: 2, SiteURL: "https://shop.example.com"}
}

func text(csv string) func() (io.ReadCloser, error) {
	return func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(csv)), nil }
}

func eur(minor int64) catalog.Money {
	return catalog.Money{Minor: minor, Currency: "EUR", Exponent: 2}
}

// head has every column that is read; rows name the cells that they set.
var head = []string{
	"ID", "Type", "SKU", "GTIN, UPC, EAN, or ISBN", "Name", "Published", "Visibility in catalog", "Short description", "Description",
	"Date sale price starts", "Date sale price ends", "In stock?", "Stock", "Backorders allowed?", "Weight (kg)", "Length (cm)", "Width (cm)", "Height (cm)",
	"Purchase note", "Sale price", "Regular price", "Categories", "Tags", "Images", "Parent", "Grouped products", "External URL", "Brands",
	"Attribute 1 name", "Attribute 1 value(s)", "Attribute 1 visible", "Attribute 2 name", "Attribute 2 value(s)", "Attribute 2 visible",
	"Meta: _purchase_cost", "Download 1 URL", "Permalink", "Post password", "Date created", "Average rating", "Rating count", "Meta: _wc_review_count",
}

type cells map[string]string

func export(rows ...cells) string {
	var b strings.Builder
	write := func(values []string) {
		for i, v := range values {
			if i > 0 {
				b.WriteByte(',')
			}
			b.WriteString(`"` + strings.ReplaceAll(v, `"`, `""`) + `"`)
		}
		b.WriteByte('\n')
	}
	write(head)
	for _, row := range rows {
		var values []string
		for _, h := range head {
			values = append(values, row[h])
		}
		write(values)
	}
	return b.String()
}

func with(base cells, more ...string) cells {
	c := cells{}
	maps.Copy(c, base)
	for i := 0; i < len(more); i += 2 {
		c[more[i]] = more[i+1]
	}
	return c
}

var (
	simple    = cells{"ID": "10", "Type": "simple", "SKU": "MUG", "Name": "Mug", "Published": "1", "Visibility in catalog": "visible", "In stock?": "1", "Regular price": "14.90"}
	variable  = cells{"ID": "20", "Type": "variable", "SKU": "TEE", "Name": "Tee", "Published": "1", "Visibility in catalog": "visible", "In stock?": "1", "Attribute 1 name": "Colour", "Attribute 1 value(s)": "Blue, Red", "Attribute 1 visible": "1"}
	variation = cells{"ID": "21", "Type": "variation", "SKU": "TEE-B", "Name": "Tee - Blue", "Published": "1", "Visibility in catalog": "visible", "In stock?": "1", "Regular price": "20", "Parent": "TEE", "Attribute 1 name": "Colour", "Attribute 1 value(s)": "Blue"}
)

func read(t testing.TB, csv string, cfg woocommerce.CSVConfig) []catalog.Change {
	t.Helper()
	var got []catalog.Change
	_, err := woocommerce.NewCSVSource(text(csv), cfg).Changes(t.Context(), site, "", func(c catalog.Change) error { got = append(got, c); return nil })
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func TestDocumentSource(t *testing.T) {
	csv := export(variation, simple, with(simple, "ID", "11", "Regular price", "cheap"), variable, with(simple, "ID", "12", "Type", "grouped"))
	porttest.DocumentSource(t, func(*testing.T) porttest.SourceUnderTest {
		return porttest.SourceUnderTest{DocumentSource: woocommerce.NewCSVSource(text(csv), config()), Scope: site}
	})
}

func TestCells(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	inBerlin := config()
	inBerlin.Location = berlin
	yen := config()
	yen.Currency, yen.Exponent = "JPY", 0

	for name, c := range map[string]struct {
		row  cells
		cfg  woocommerce.CSVConfig
		got  func(catalog.Product) any
		want any
	}{
		"name":               {with(simple, "Name", "Möbel &amp; <em>Décor</em>"), config(), func(p catalog.Product) any { return p.Name }, "Möbel & Décor"},
		"price":              {simple, config(), func(p catalog.Product) any { return p.Offer.Regular }, eur(1490)},
		"decimal comma":      {with(simple, "Regular price", "1299,90"), config(), func(p catalog.Product) any { return p.Offer.Regular }, eur(129990)},
		"more decimals":      {with(simple, "Regular price", "12.605"), config(), func(p catalog.Product) any { return p.Offer.Regular }, eur(1261)},
		"no decimals":        {with(simple, "Regular price", "1499.5"), yen, func(p catalog.Product) any { return p.Offer.Regular.Minor }, int64(1500)},
		"no price":           {with(simple, "Regular price", ""), config(), func(p catalog.Product) any { return p.Offer.Regular.IsSet() }, false},
		"free":               {with(simple, "Regular price", "0"), config(), func(p catalog.Product) any { return p.Offer.Regular }, eur(0)},
		"sale":               {with(simple, "Sale price", "9.90"), config(), func(p catalog.Product) any { return p.Offer.Sale }, eur(990)},
		"sale above regular": {with(simple, "Sale price", "19.90"), config(), func(p catalog.Product) any { return p.Offer.Sale.IsSet() }, false},
		"sale ends after a second": {
			with(simple, "Sale price", "9.90", "Date sale price ends", "2026-11-30 23:59:59"), inBerlin,
			func(p catalog.Product) any { return p.Offer.SaleTo.UTC() }, time.Date(2026, 11, 30, 23, 0, 0, 0, time.UTC),
		},
		"sale ends with its day": {
			with(simple, "Sale price", "9.90", "Date sale price ends", "2026-11-30"), inBerlin,
			func(p catalog.Product) any { return p.Offer.SaleTo.UTC() }, time.Date(2026, 11, 30, 23, 0, 0, 0, time.UTC),
		},
		"sale begins": {
			with(simple, "Sale price", "9.90", "Date sale price starts", "2026-11-20 0:00:00"), inBerlin,
			func(p catalog.Product) any { return p.Offer.SaleFrom.UTC() }, time.Date(2026, 11, 19, 23, 0, 0, 0, time.UTC),
		},
		"stock not counted":   {simple, config(), func(p catalog.Product) any { return p.Offer.Counted }, false},
		"stock counted":       {with(simple, "Stock", "7"), config(), func(p catalog.Product) any { return p.Offer.Quantity }, int64(7)},
		"stock in parts":      {with(simple, "Stock", "2.75"), config(), func(p catalog.Product) any { return p.Offer.Quantity }, int64(2)},
		"stock below zero":    {with(simple, "Stock", "'-3"), config(), func(p catalog.Product) any { return p.Offer.Stock }, catalog.OutOfStock},
		"none, but backorder": {with(simple, "Stock", "0", "Backorders allowed?", "notify"), config(), func(p catalog.Product) any { return p.Offer.Stock }, catalog.OnBackorder},
		"backorder":           {with(simple, "In stock?", "backorder"), config(), func(p catalog.Product) any { return p.Offer.Stock }, catalog.OnBackorder},
		"out of stock":        {with(simple, "In stock?", "0", "Stock", "5"), config(), func(p catalog.Product) any { return p.Offer.Stock }, catalog.OutOfStock},
		"private":             {with(simple, "Published", "0"), config(), func(p catalog.Product) any { return p.Status }, catalog.Private},
		"draft, as escaped":   {with(simple, "Published", "'-1"), config(), func(p catalog.Product) any { return p.Status }, catalog.Draft},
		"hidden":              {with(simple, "Visibility in catalog", "hidden"), config(), func(p catalog.Product) any { return p.Shown() }, false},
		"protected":           {with(simple, "Post password", "secret"), config(), func(p catalog.Product) any { return p.Protected }, true},
		"categories": {
			with(simple, "Categories", `Clothing, Clothing > Jackets &amp; Coats, Care\, Repair`), config(),
			func(p catalog.Product) any { return p.Categories },
			[]string{"Clothing", "Clothing > Jackets & Coats", "Care, Repair"},
		},
		"attributes": {
			with(simple, "Attribute 1 name", "Material", "Attribute 1 value(s)", `Nylon\, recycled, Wool`, "Attribute 1 visible", "1", "Attribute 2 name", "Supplier", "Attribute 2 value(s)", "Acme", "Attribute 2 visible", "0"), config(),
			func(p catalog.Product) any { return p.Attributes },
			[]catalog.Attribute{{Name: "Material", Values: []string{"Nylon, recycled", "Wool"}}},
		},
		"images": {
			with(simple, "Images", "https://shop.example.com/a.jpg, javascript:x, /b.jpg"), config(),
			func(p catalog.Product) any { return p.Images },
			[]string{"https://shop.example.com/a.jpg"},
		},
		"description": {with(simple, "Description", `<p>a</p>\n<p>b \\n c</p>`), config(), func(p catalog.Product) any { return p.Description }, "<p>a</p>\n<p>b \\n c</p>\n"},
		"plain text":  {with(simple, "Description", "a\nb\n\nc"), config(), func(p catalog.Product) any { return p.Description }, "<p>a<br>\nb</p>\n<p>c</p>\n"},
		"weight":      {with(simple, "Weight (kg)", ".5"), config(), func(p catalog.Product) any { return p.Weight }, "0.5 kg"},
		"published": {
			with(simple, "Date created", "2026-05-04 12:00:00"), inBerlin,
			func(p catalog.Product) any { return p.Published }, time.Date(2026, 5, 4, 10, 0, 0, 0, time.UTC),
		},
		"published, no date": {with(simple, "Date created", "last spring"), config(), func(p catalog.Product) any { return p.Published }, time.Time{}},
		"rating": {
			with(simple, "Average rating", "4.67", "Rating count", "12", "Meta: _wc_review_count", "99"), config(), // of two columns the first
			func(p catalog.Product) any { return p.Rating }, catalog.Rating{Hundredths: 467, Count: 12},
		},
		"rated by nobody": {with(simple, "Average rating", "0", "Rating count", "0"), config(), func(p catalog.Product) any { return p.Rating.IsSet() }, false},
		"dimensions":      {with(simple, "Length (cm)", "24", "Width (cm)", "1", "Height (cm)", "2"), config(), func(p catalog.Product) any { return p.Dimensions }, "24 × 1 × 2 cm"},
		"some dimensions": {with(simple, "Height (cm)", "2"), config(), func(p catalog.Product) any { return p.Dimensions }, "height 2 cm"},
		"address":         {with(simple, "Name", "Couchtisch „Åse“ – Eiche 🪵 massiv"), config(), func(p catalog.Product) any { return p.URL }, "https://shop.example.com/product/couchtisch-ase-eiche-%f0%9f%aa%b5-massiv/"},
		"own address":     {with(simple, "Permalink", "https://shop.example.com/p/1"), config(), func(p catalog.Product) any { return p.URL }, "https://shop.example.com/p/1"},
		"external": {
			with(simple, "Type", "external", "External URL", "https://example.org/x?a=1&b=2"), config(),
			func(p catalog.Product) any { return p.BuyURL }, "https://example.org/x?a=1&b=2",
		},
		"virtual":                {with(simple, "Type", "simple, downloadable, virtual"), config(), func(p catalog.Product) any { return p.Type }, catalog.Simple},
		"a plugin's type":        {with(simple, "Type", "subscription"), config(), func(p catalog.Product) any { return p.Offer.Regular.IsSet() }, false},
		"price of a draft":       {with(simple, "Published", "-1", "Regular price", "to be done"), config(), func(p catalog.Product) any { return p.Status }, catalog.Draft},
		"a formula is unescaped": {with(simple, "Name", "'=1+1"), config(), func(p catalog.Product) any { return p.Name }, "=1+1"},
		"no id":                  {with(simple, "ID", ""), config(), func(p catalog.Product) any { return p.ID }, "MUG"},
	} {
		t.Run(name, func(t *testing.T) {
			changes := read(t, export(c.row), c.cfg)
			if len(changes) != 1 || changes[0].Product == nil {
				t.Fatalf("got %+v", changes[0])
			}
			if got := c.got(*changes[0].Product); !reflect.DeepEqual(got, c.want) {
				t.Errorf("got %#v, want %#v", got, c.want)
			}
		})
	}
}

func TestVariations(t *testing.T) {
	red := with(variation, "ID", "22", "SKU", "TEE-R", "Parent", "id:20", "Attribute 1 value(s)", "Red", "In stock?", "1", "Stock", "parent")
	anySize := with(variation, "ID", "23", "SKU", "TEE-A", "Parent", "20", "Attribute 2 name", "Size")
	parent := with(variable, "Stock", "4", "Attribute 2 name", "Size", "Attribute 2 value(s)", "S, M", "Attribute 2 visible", "0")
	changes := read(t, export(red, parent, variation, anySize), config())
	if len(changes) != 1 {
		t.Fatalf("%d changes, want the parent with all its variations", len(changes))
	}
	p := *changes[0].Product
	if got := len(p.ShownVariations()); got != 3 {
		t.Fatalf("%d variations, want 3, of parents named by id:, SKU and number", got)
	}
	if o := p.Variations[0].Offer; !o.Counted || o.Quantity != 4 {
		t.Errorf("stock %d, counted %v; want the parent's 4", o.Quantity, o.Counted)
	}
	if o := p.Variations[2].Offer; len(o.Attributes) != 2 || o.Attributes[1].Values != nil {
		t.Errorf("attributes %v, want any size", o.Attributes)
	}
	if len(p.Attributes) != 2 || p.Attributes[1].Name != "Size" {
		t.Errorf("attributes %v, want Size, for variations are chosen by it", p.Attributes)
	}
}

func TestVariationsOfHiddenParents(t *testing.T) {
	for _, hide := range [][]string{{"Published", "-1"}, {"Published", "0"}, {"Visibility in catalog", "hidden"}, {"Post password", "x"}} {
		changes := read(t, export(with(variable, hide...), variation, with(variation, "ID", "9", "Regular price", "secret")), config())
		if len(changes) != 1 || changes[0].Product == nil {
			t.Fatalf("%v: got %+v", hide, changes)
		}
		p := changes[0].Product
		if f := p.Facts(time.Now()); p.Shown() || len(f.SKUs) > 0 || len(f.Offers) > 0 {
			t.Errorf("%v: shown: %+v", hide, f)
		}
	}
	changes := read(t, export(variable, with(variation, "Published", "0")), config())
	if f := changes[0].Product.Facts(time.Now()); len(f.Offers) > 0 {
		t.Errorf("a disabled variation is offered: %+v", f.Offers)
	}
}

func TestGroupedMembersAreIDs(t *testing.T) {
	changes := read(t, export(with(simple, "ID", "30", "SKU", "SET", "Type", "grouped", "Grouped products", "MUG, id:20, GONE"), simple, variable), config())
	if got := changes[0].Product.Members; !reflect.DeepEqual(got, []string{"10", "20"}) {
		t.Errorf("members are %v", got)
	}
}

func TestBrokenRows(t *testing.T) {
	good := with(simple, "ID", "99", "SKU", "GOOD")
	for name, c := range map[string]struct {
		rows  []cells
		where string
		id    string
		says  string
	}{
		"price":             {[]cells{with(simple, "Regular price", "call us")}, "row 2", "10", "regular price"},
		"thousands":         {[]cells{with(simple, "Regular price", "1,234")}, "row 2", "10", "regular price"},
		"sale price":        {[]cells{with(simple, "Sale price", "1.234,00")}, "row 2", "10", "sale price"},
		"negative price":    {[]cells{with(simple, "Regular price", "'-5")}, "row 2", "10", "regular price"},
		"sale date":         {[]cells{with(simple, "Sale price", "1", "Date sale price ends", "30.11.2026")}, "row 2", "10", "write it as 2026-11-30"},
		"stock":             {[]cells{with(simple, "Stock", "many")}, "row 2", "10", `"many" is not a number`},
		"stock status":      {[]cells{with(simple, "In stock?", "soon")}, "row 2", "10", "1, 0 or backorder"},
		"published":         {[]cells{with(simple, "Published", "maybe")}, "row 2", "10", "1, 0 or -1"},
		"visibility":        {[]cells{with(simple, "Visibility in catalog", "")}, "row 2", "10", "visible, catalog, search or hidden"},
		"no type":           {[]cells{with(simple, "Type", "")}, "row 2", "10", "no type"},
		"no name":           {[]cells{with(simple, "Name", " ")}, "row 2", "10", "no name"},
		"no id":             {[]cells{with(simple, "ID", "", "SKU", "")}, "row 2", "", "neither an ID nor a SKU"},
		"same id":           {[]cells{simple, simple}, "row 3", "10", "of row 2 again"},
		"no parent":         {[]cells{with(variation, "Parent", "")}, "row 2", "21", "names no parent"},
		"unknown parent":    {[]cells{with(variation, "Parent", "id:5")}, "row 2", "21", "export the parents"},
		"simple parent":     {[]cells{simple, with(variation, "Parent", "MUG")}, "row 3", "21", "not of type variable"},
		"variation's price": {[]cells{variable, with(variation, "Regular price", "x")}, "row 3", "21", "regular price"},
		"rejected parent":   {[]cells{with(variable, "Name", ""), variation, with(variation, "ID", "22")}, "row 2", "20", "its 2 variations are left out"},
		"a large cell":      {[]cells{with(simple, "Description", strings.Repeat("x", 1<<20+1))}, "row 2", "", "bytes"},
	} {
		t.Run(name, func(t *testing.T) {
			var rejected []catalog.Rejected
			kept := false
			for _, ch := range read(t, export(append(c.rows, good)...), config()) {
				if ch.Rejected != nil {
					rejected = append(rejected, *ch.Rejected)
				}
				kept = kept || ch.Product != nil && ch.Product.ID == "99"
			}
			if len(rejected) != 1 || !kept {
				t.Fatalf("rejected %+v, good row kept: %v", rejected, kept)
			}
			if r := rejected[0]; r.Where != c.where || r.ID != c.id || !strings.Contains(r.Reason, c.says) {
				t.Errorf("rejected %+v; want %s, id %q, %q", r, c.where, c.id, c.says)
			}
			// What is stored of it costs something else by now, perhaps.
			if r := rejected[0]; (r.Kind == catalog.KindProduct) != (r.ID == "10" && name != "same id" || name == "rejected parent") {
				t.Errorf("a rejected %v", r.Kind)
			}
		})
	}
}

// Where one variation cannot be read the product stays, but not the range of its
// siblings' prices: the one that is missing may be the lowest or the highest.
func TestRejectedVariationTakesTheRange(t *testing.T) {
	for _, spoiled := range [][]string{{"Regular price", "x"}, {"Sale price", "?"}, {"Published", "perhaps"}} {
		changes := read(t, export(variable, with(variation, append([]string{"ID", "22"}, spoiled...)...), variation), config())
		if len(changes) != 2 || changes[0].Product == nil || len(changes[0].Product.Facts(time.Time{}).Offers) != 0 ||
			changes[1].Rejected == nil || !strings.Contains(changes[1].Rejected.Reason, "without prices") {
			t.Errorf("%v: got %+v", spoiled, changes)
		}
	}
}

func TestSameSKU(t *testing.T) {
	// Translation plugins export a product once for each language.
	if changes := read(t, export(simple, with(simple, "ID", "11", "Name", "Becher")), config()); len(changes) != 2 || changes[1].Product == nil {
		t.Errorf("got %+v", changes)
	}
	noIDs := "Type,SKU,Name,Published,Visibility in catalog,In stock?,Regular price\nsimple,MUG,Mug,1,visible,1,5\nsimple,MUG,Mug 2,1,visible,1,5\n"
	changes := read(t, noIDs, config())
	if len(changes) != 2 || changes[0].Product == nil || changes[0].Product.ID != "MUG" || changes[1].Rejected == nil {
		t.Errorf("got %+v", changes)
	}
}

const small = "ID,Type,Name,Published,Visibility in catalog,In stock?,Regular price,Description\n"

// What is not a row of the table costs that row and not those around it.
func TestBrokenCSV(t *testing.T) {
	row := func(id, description string) string {
		return id + ",simple,Mug,1,visible,1,5," + description + "\n"
	}
	for name, c := range map[string]struct {
		csv, where, says string
		products         int
	}{
		"a quote is never closed": {row("1", "a") + row("2", `"b`) + row("3", "c") + row("4", `"d"`), "row 3", "quote", 3},
		"… in the last row":       {row("1", "a") + row("2", "b") + row("3", `"c`), "row 4", "never closed", 2},
		"a quote in a cell":       {row("1", `5" pipe`) + row("2", "b"), "row 2", "quote", 1},
		"too many cells":          {row("1", "a,b") + row("2", "b"), "row 2", "9 cells", 1},
		"too few cells":           {row("1", "a") + "2,simple,Mug,1,visible\n" + row("3", "c"), "row 3", "5 cells", 2},
		"the file breaks off":     {row("1", "a") + "2,simple,Mug,1,visible,1,5", "row 3", "breaks off", 1},
		"lines within a cell":     {row("1", "\"a\nb\"") + "2,simple\n" + row("3", "c"), "row 3 (line 4 of the file)", "2 cells", 2},
	} {
		t.Run(name, func(t *testing.T) {
			var products int
			var rejected []catalog.Rejected
			for _, ch := range read(t, small+c.csv, config()) {
				if ch.Rejected != nil {
					rejected = append(rejected, *ch.Rejected)
				} else {
					products++
				}
			}
			if products != c.products || len(rejected) != 1 {
				t.Fatalf("%d products, rejected %+v; want %d products, 1 rejected", products, rejected, c.products)
			}
			if r := rejected[0]; r.Where != c.where || r.ID != "" || !strings.Contains(r.Reason, c.says) {
				t.Errorf("rejected %+v, want %s: %s", r, c.where, c.says)
			}
		})
	}
}

func TestOtherSpreadsheets(t *testing.T) {
	for name, csv := range map[string]string{
		"semicolons":             strings.ReplaceAll(small, ",", ";") + "1;simple;Mug, large;1;visible;1;5,50;x\n",
		"tabs and CRLF":          strings.ReplaceAll(strings.ReplaceAll(small, ",", "\t"), "\n", "\r\n") + "1\tsimple\tMug, large\t1\tvisible\t1\t5.50\tx\r\n",
		"byte order mark":        "\uFEFF" + small + "1,simple,\"Mug, large\",1,visible,1,5.50,x\n",
		"empty cells left out":   small + "1,simple,\"Mug, large\",1,visible,1,5.50\n",
		"no line end at the end": small + "1,simple,\"Mug, large\",1,visible,1,5.50,x",
		"upper case, ids":        "ID,TYPE,Name,published,catalog_visibility,stock_status,regular_price\n1,simple,\"Mug, large\",1,visible,1,5.50\n",
		"empty lines":            small + "\n1,simple,\"Mug, large\",1,visible,1,5.50,x\n\n,,,,,,,\n",
	} {
		changes := read(t, csv, config())
		if len(changes) != 1 || changes[0].Product == nil || changes[0].Product.Name != "Mug, large" || changes[0].Product.Offer.Regular != eur(550) {
			t.Errorf("%s: got %+v", name, changes)
		}
	}
	german := config()
	german.Columns = map[string]string{"Typ": "Type", "Artikelnummer": "SKU", "Veröffentlicht": "Published", "Sichtbarkeit im Katalog": "Visibility in catalog", "Vorrätig?": "In stock?", "Regulärer Preis": "Regular price"}
	changes := read(t, "ID,Typ,Artikelnummer,Name,Veröffentlicht,Sichtbarkeit im Katalog,Vorrätig?,Regulärer Preis\n1,simple,A,Becher,1,visible,1,\"5,50\"\n", german)
	if len(changes) != 1 || changes[0].Product == nil || changes[0].Product.SKU != "A" {
		t.Errorf("German: got %+v", changes)
	}
}

func TestNotAnExport(t *testing.T) {
	for name, c := range map[string]struct {
		csv  string
		says []string
	}{
		"empty":          {" \n", []string{"empty"}},
		"spreadsheet":    {"PK\x03\x04xlsx", []string{"save it as CSV"}},
		"web page":       {"\n<!DOCTYPE html><html>", []string{"log-in page"}},
		"UTF-16":         {"\xff\xfeI\x00D\x00", []string{"UTF-16"}},
		"Latin-1":        {small + "1,simple,M\xf6bel,1,visible,1,5,x\n", []string{"line 2", "0xf6", "UTF-8"}},
		"zero byte":      {small + "1,\x00\n", []string{"zero byte"}},
		"columns":        {"Name,Price,\"Weight (kg)\"\nMug,5,1\n", []string{"ID or SKU", "Type", "Published", "Visibility in catalog", "In stock?", "Regular price", `found: "Name", "Price", "Weight (kg)"`}},
		"a column twice": {strings.TrimSpace(small) + ",Name\n", []string{"columns 3 and 9 are both Name"}},
		"broken header":  {"ID,\"Type\n", []string{"header"}},
		"not a table":    {"hello world\nthis is text\n", []string{"missing", `found: "hello world"`}},
	} {
		calls := 0
		_, err := woocommerce.NewCSVSource(text(c.csv), config()).Changes(t.Context(), site, "", func(catalog.Change) error { calls++; return nil })
		if !errors.Is(err, ports.ErrInvalid) || calls > 0 {
			t.Errorf("%s: %d changes, %v; want ErrInvalid and none", name, calls, err)
			continue
		}
		for _, want := range c.says {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%s: error lacks %q: %v", name, want, err)
			}
		}
	}
}

func TestConfigFaultsAreNamedTogether(t *testing.T) {
	_, err := woocommerce.NewCSVSource(text(small), woocommerce.CSVConfig{Currency: "€", Exponent: 9, SiteURL: "shop"}).Changes(t.Context(), site, "", nil)
	for _, want := range []string{"currency", "decimals", "site URL"} {
		if !errors.Is(err, ports.ErrInvalid) || !strings.Contains(err.Error(), want) {
			t.Errorf("error lacks %q: %v", want, err)
		}
	}
}

func TestFileTooLarge(t *testing.T) {
	cfg := config()
	cfg.MaxBytes = 1 << 20
	_, err := woocommerce.NewCSVSource(text(small+strings.Repeat("x", 1<<20)), cfg).Changes(t.Context(), site, "", nil)
	if !errors.Is(err, ports.ErrInvalid) || !strings.Contains(err.Error(), "1 MiB") {
		t.Errorf("got %v", err)
	}
}

func TestFileCannotBeOpened(t *testing.T) {
	_, err := woocommerce.NewCSVSource(func() (io.ReadCloser, error) { return nil, os.ErrPermission }, config()).Changes(t.Context(), site, "", nil)
	if !errors.Is(err, os.ErrPermission) {
		t.Errorf("got %v", err)
	}
}

func TestCursorOfOtherContentStartsOver(t *testing.T) {
	content := export(simple, variable)
	s := woocommerce.NewCSVSource(func() (io.ReadCloser, error) { return text(content)() }, config())
	count := func(since catalog.Cursor) (int, catalog.Cursor) {
		n := 0
		end, err := s.Changes(t.Context(), site, since, func(catalog.Change) error { n++; return nil })
		if err != nil {
			t.Fatal(err)
		}
		return n, end
	}
	n, end := count("")
	if n != 2 {
		t.Fatalf("%d changes, want 2", n)
	}
	if n, _ := count(end); n != 0 {
		t.Errorf("%d changes after the end", n)
	}
	content = export(simple)
	if n, _ := count(end); n != 1 {
		t.Errorf("%d changes of the new file, want all 1", n)
	}
	cfg := config()
	cfg.Currency = "USD"
	other := woocommerce.NewCSVSource(text(export(simple, variable)), cfg)
	n = 0
	if _, err := other.Changes(t.Context(), site, end, func(catalog.Change) error { n++; return nil }); err != nil || n != 2 {
		t.Errorf("%d changes in another currency, %v; want all 2", n, err)
	}
}

func FuzzCSV(f *testing.F) {
	f.Add(export(simple, variable, variation))
	f.Add(small + "1,simple,\"Mug\n2,simple,a\"b,1,visible,1,5,x\n3")
	f.Add("\uFEFF" + strings.ReplaceAll(small, ",", ";") + "1;variation;x;1;visible;1;;\n")
	f.Fuzz(func(t *testing.T, csv string) {
		s := woocommerce.NewCSVSource(text(csv), config())
		var got []catalog.Change
		end, err := s.Changes(context.Background(), site, "", func(c catalog.Change) error { got = append(got, c); return nil })
		if err != nil {
			if !errors.Is(err, ports.ErrInvalid) || len(got) > 0 {
				t.Fatalf("%d changes, %v", len(got), err)
			}
			return
		}
		ids := map[string]bool{}
		for _, c := range got {
			if (c.Product == nil) == (c.Rejected == nil) {
				t.Fatalf("change %+v", c)
			}
			if p := c.Product; p != nil {
				if p.ID == "" || ids[p.ID] {
					t.Fatalf("id %q is empty or came twice", p.ID)
				}
				ids[p.ID] = true
				for _, o := range p.Facts(time.Unix(0, 0)).Offers {
					if o.Regular.Minor < 0 || o.Sale.IsSet() && o.Sale.Cmp(o.Regular) >= 0 {
						t.Fatalf("offer %+v", o)
					}
				}
			} else if c.Rejected.Where == "" || c.Rejected.Reason == "" {
				t.Fatalf("rejected %+v", c.Rejected)
			}
		}
		if _, err := s.Changes(context.Background(), site, end, func(catalog.Change) error { t.Fatal("a change after the end"); return nil }); err != nil {
			t.Fatal(err)
		}
	})
}

func ExampleNewCSVSource() {
	export := `ID,Type,SKU,Name,Published,"Visibility in catalog","In stock?","Regular price"
10,simple,MUG,Enamel Mug,1,visible,1,14.90
11,simple,CAP,Cap,1,visible,1,cheap
`
	source := woocommerce.NewCSVSource(
		func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(export)), nil },
		woocommerce.CSVConfig{Currency: "EUR", Exponent: 2, SiteURL: "https://shop.example.com"})
	_, err := source.Changes(context.Background(), site, "", func(c catalog.Change) error {
		if c.Rejected != nil {
			fmt.Println(c.Rejected.Where, c.Rejected.Reason)
			return nil
		}
		fmt.Println(c.Product.Name, c.Product.Offer.Regular, c.Product.URL)
		return nil
	})
	fmt.Println(err)
	// Output:
	// Enamel Mug €14.90 https://shop.example.com/product/enamel-mug/
	// row 3 regular price: not a price: "cheap" is not a plain decimal number without thousands separators
	// <nil>
}
