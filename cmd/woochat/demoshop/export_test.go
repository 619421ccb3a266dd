package demoshop_test

import (
	"bytes"
	"encoding/csv"
	"encoding/xml"
	"errors"
	"io"
	"io/fs"
	"math/big"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aiwoochat/woochat/cmd/woochat/demoshop"
)

// row is one row of the export by column. The tests read the export by
// themselves, so that a slip of the shop front's reader cannot hide one of the
// data.
type row map[string]string

func rows(t *testing.T) []row {
	t.Helper()
	export := demoshop.Products()
	if !bytes.HasPrefix(export, []byte("\ufeff")) {
		t.Fatal("the export has no byte order mark, WooCommerce's has")
	}
	r := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(export, []byte("\ufeff"))))
	all, err := r.ReadAll() // refuses rows of different length
	if err != nil {
		t.Fatal(err)
	}
	var found []row
	for _, cells := range all[1:] {
		x := make(row)
		for i, name := range all[0] {
			if _, twice := x[name]; twice {
				t.Fatalf("column %q stands twice in the header", name)
			}
			x[name] = cells[i]
		}
		found = append(found, x)
	}
	return found
}

func (x row) is(kind string) bool { return slices.Contains(split(x["Type"]), kind) }

// attribute returns the values of an attribute and whether x has it.
func (x row) attribute(name string) ([]string, bool) {
	for i := 1; ; i++ {
		n := "Attribute " + strconv.Itoa(i)
		switch x[n+" name"] {
		case "":
			return nil, false
		case name:
			return split(x[n+" value(s)"]), true
		}
	}
}

func (x row) shown() bool {
	return x["Published"] == "1" && x["Visibility in catalog"] != "hidden"
}

var unescaped = regexp.MustCompile(`([^\\]), `)

func split(cell string) []string {
	if cell == "" {
		return nil
	}
	parts := strings.Split(unescaped.ReplaceAllString(cell, "$1\x00"), "\x00")
	for i, p := range parts {
		parts[i] = strings.ReplaceAll(p, `\,`, ",")
	}
	return parts
}

func price(t *testing.T, s string) *big.Rat {
	t.Helper()
	if s == "" {
		return nil
	}
	if !regexp.MustCompile(`^\d+(\.\d{1,2})?$`).MatchString(s) {
		t.Fatalf("price %q is no amount of euro", s)
	}
	r, _ := new(big.Rat).SetString(s)
	return r
}

func day(t *testing.T, s string) time.Time {
	t.Helper()
	if s == "" {
		return time.Time{}
	}
	d, err := time.Parse("2006-01-02 15:04:05", s)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// now returns what x costs at a time.
func (x row) now(t *testing.T, at time.Time) *big.Rat {
	regular, sale := price(t, x["Regular price"]), price(t, x["Sale price"])
	from, to := day(t, x["Date sale price starts"]), day(t, x["Date sale price ends"])
	if sale != nil && !at.Before(from) && (to.IsZero() || !at.After(to)) {
		return sale
	}
	return regular
}

func slug(name string) string {
	return strings.Trim(regexp.MustCompile(`[^a-z0-9]+`).ReplaceAllString(strings.ToLower(name), "-"), "-")
}

func parents(all []row) map[string]row {
	found := make(map[string]row)
	for _, x := range all {
		if x.is("variation") {
			continue
		}
		found["id:"+x["ID"]] = x
		if x["SKU"] != "" {
			found[x["SKU"]] = x
		}
	}
	return found
}

func TestExportHasTheColumnsOfWooCommerce(t *testing.T) {
	t.Parallel()
	head, _, _ := strings.Cut(strings.TrimPrefix(string(demoshop.Products()), "\ufeff"), "\n")
	want := `ID,Type,SKU,"GTIN, UPC, EAN, or ISBN",Name,Published,"Is featured?","Visibility in catalog","Short description",Description,` +
		`"Date sale price starts","Date sale price ends","Tax status","Tax class","In stock?",Stock,"Low stock amount","Backorders allowed?",` +
		`"Sold individually?","Weight (kg)","Length (cm)","Width (cm)","Height (cm)","Allow customer reviews?","Purchase note","Sale price",` +
		`"Regular price",Categories,Tags,"Shipping class",Images,"Download limit","Download expiry days",Parent,"Grouped products",Upsells,` +
		`Cross-sells,"External URL","Button text",Position,Brands,"Attribute 1 name",`
	if !strings.HasPrefix(head, want) {
		t.Errorf("header\n%s\nwant it to begin\n%s", head, want)
	}
	for _, name := range []string{`"Attribute 1 default"`, `"Attribute 3 global"`, `"Meta: _supplier_ref"`, `"Download 1 URL"`} {
		if !strings.Contains(head, name) {
			t.Errorf("header lacks %s", name)
		}
	}
}

func TestEveryRowIsSound(t *testing.T) {
	t.Parallel()
	all := rows(t)
	parents := parents(all)
	ids, skus, gtins, slugs := map[string]bool{}, map[string]bool{}, map[string]bool{}, map[string]bool{}
	once := func(seen map[string]bool, what, value string) {
		if value != "" && seen[value] {
			t.Errorf("%s %q stands twice", what, value)
		}
		seen[value] = true
	}
	oneOf := func(x row, column string, allowed ...string) {
		if !slices.Contains(allowed, x[column]) {
			t.Errorf("%s: %s is %q, want one of %q", x["Name"], column, x[column], allowed)
		}
	}
	for _, x := range all {
		name := x["Name"]
		once(ids, "id", x["ID"])
		once(skus, "SKU", x["SKU"])
		once(gtins, "GTIN", x["GTIN, UPC, EAN, or ISBN"])
		if _, err := strconv.Atoi(x["ID"]); err != nil || name == "" {
			t.Errorf("row %v has no id or no name", x)
		}
		oneOf(x, "Published", "1", "0", "-1")
		oneOf(x, "Is featured?", "1", "0")
		oneOf(x, "Visibility in catalog", "visible", "catalog", "search", "hidden")
		oneOf(x, "In stock?", "1", "0", "backorder")
		oneOf(x, "Backorders allowed?", "0", "1", "notify")
		oneOf(x, "Tax status", "taxable", "none")
		oneOf(x, "Type", "simple", "variable", "grouped", "external", "variation", "variable, virtual", "variation, virtual", "simple, downloadable, virtual")
		if code := x["GTIN, UPC, EAN, or ISBN"]; code != "" && !validGTIN(code) {
			t.Errorf("%s: the check digit of GTIN %q is wrong", name, code)
		}
		if s := x["Stock"]; s != "" && s != "parent" {
			if _, err := strconv.Atoi(s); err != nil {
				t.Errorf("%s: stock %q", name, s)
			}
		}

		regular, sale := price(t, x["Regular price"]), price(t, x["Sale price"])
		switch {
		case x.is("variable") || x.is("grouped"):
			if regular != nil {
				t.Errorf("%s: its price is that of its parts", name)
			}
		case regular == nil:
			t.Errorf("%s has no price", name)
		}
		if sale != nil && sale.Cmp(regular) >= 0 {
			t.Errorf("%s: the sale price is not below the regular one", name)
		}
		if from, to := day(t, x["Date sale price starts"]), day(t, x["Date sale price ends"]); !to.IsZero() && !from.Before(to) {
			t.Errorf("%s: its sale ends before it begins", name)
		}

		if x.is("variation") {
			parent, ok := parents[x["Parent"]]
			if !ok || !parent.is("variable") {
				t.Errorf("%s: parent %q is no variable product", name, x["Parent"])
				continue
			}
			if !strings.HasPrefix(name, parent["Name"]+" - ") {
				t.Errorf("%s: does not begin with its parent's name %q", name, parent["Name"])
			}
			for i := 1; x["Attribute "+strconv.Itoa(i)+" name"] != ""; i++ {
				attribute := x["Attribute "+strconv.Itoa(i)+" name"]
				value, _ := x.attribute(attribute)
				allowed, ok := parent.attribute(attribute)
				if !ok || len(value) > 1 || len(value) == 1 && !slices.Contains(allowed, value[0]) {
					t.Errorf("%s: %s %q is not among its parent's %q", name, attribute, value, allowed)
				}
			}
			continue
		}
		once(slugs, "permalink", slug(name))
		if x["Short description"] == "" || x["Description"] == "" || x["Categories"] == "" || x["Images"] == "" {
			t.Errorf("%s lacks a description, a category or a picture", name)
		}
		for _, column := range []string{"Grouped products", "Cross-sells", "Upsells"} {
			for _, sku := range split(x[column]) {
				if _, ok := parents[sku]; !ok {
					t.Errorf("%s: %s names %q, which is no product", name, column, sku)
				}
			}
		}
	}
}

func validGTIN(code string) bool {
	sum := 0
	for i, c := range code {
		sum += int(c-'0') * (1 + 2*(i%2))
	}
	return len(code) == 13 && sum%10 == 0
}

// TestShopIsVaried holds the demo to what a real export has: an importer that
// mishandles one of these shows it here, on the first screen a person sees.
func TestShopIsVaried(t *testing.T) {
	t.Parallel()
	today := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	count := make(map[string]int)
	add := func(what string, yes bool) {
		if yes {
			count[what]++
		}
	}
	all := rows(t)
	parents := parents(all)
	for _, x := range all {
		for _, kind := range split(x["Type"]) {
			count[kind]++
		}
		add("products", !x.is("variation"))
		add("drafts", x["Published"] == "-1")
		add("private", x["Published"] == "0")
		add("hidden", x["Visibility in catalog"] == "hidden")
		add("search only", x["Visibility in catalog"] == "search")
		add("published variations of what is not", x.is("variation") && x["Published"] == "1" && parents[x["Parent"]]["Published"] != "1")
		add("parents by id", strings.HasPrefix(x["Parent"], "id:"))
		add("stock at the parent", x["Stock"] == "parent")
		add("negative stock", strings.HasPrefix(x["Stock"], "-"))
		add("stock not counted", x["Stock"] == "" && x["In stock?"] == "1" && x["Regular price"] != "")
		add("out of stock", x["In stock?"] == "0")
		add("backorder", x["In stock?"] == "backorder")
		add("low stock amount", x["Low stock amount"] != "")
		add("purchase notes", x["Purchase note"] != "")
		add("downloads", x["Download 1 URL"] != "")
		add("private meta", x["Meta: _purchase_cost"] != "")
		add("tables", strings.Contains(x["Description"], "<table>"))
		add("shortcodes", strings.Contains(x["Description"], "[size_chart") || strings.Contains(x["Description"], "[gallery"))
		add("entities", strings.Contains(x["Description"], "&nbsp;"))
		add("line breaks as \\n", strings.Contains(x["Description"], `\n<`))
		add("commas in a category", strings.Contains(x["Categories"], `\,`))
		add("paths of categories", strings.Contains(x["Categories"], " > "))
		from, to := day(t, x["Date sale price starts"]), day(t, x["Date sale price ends"])
		add("sales without window", x["Sale price"] != "" && from.IsZero() && to.IsZero())
		add("sales past", !to.IsZero() && to.Before(today))
		add("sales to come", from.After(today))
		add("sales open at the end", !from.IsZero() && from.Before(today) && to.IsZero())
		for i := 1; i <= 3; i++ {
			n := "Attribute " + strconv.Itoa(i)
			add("any", x.is("variation") && x[n+" name"] != "" && x[n+" value(s)"] == "")
			add("commas in a value", strings.Contains(x[n+" value(s)"], `\,`))
			add("local attributes", x[n+" name"] != "" && x[n+" global"] == "0")
		}
	}
	for what, least := range map[string]int{
		"products": 60, "simple": 35, "variable": 12, "variation": 50, "grouped": 2, "external": 1, "downloadable": 1, "virtual": 2,
		"drafts": 1, "private": 2, "hidden": 1, "search only": 1, "published variations of what is not": 2, "parents by id": 2, "stock at the parent": 2,
		"negative stock": 1, "stock not counted": 4, "out of stock": 10, "backorder": 3, "low stock amount": 3,
		"purchase notes": 1, "downloads": 1, "private meta": 3, "tables": 8, "shortcodes": 2, "entities": 8, "line breaks as \\n": 30,
		"commas in a category": 2, "paths of categories": 40, "sales without window": 5, "sales past": 4, "sales to come": 2,
		"sales open at the end": 2, "any": 6, "commas in a value": 4, "local attributes": 5,
	} {
		if count[what] < least {
			t.Errorf("%s: %d, want at least %d", what, count[what], least)
		}
	}
}

// TestUnderThirtyInBlueAndInStock is the question of the demo. It has few
// right answers and many wrong ones that look right, at whatever time within
// the years the demo is likely to be opened.
func TestUnderThirtyInBlueAndInStock(t *testing.T) {
	t.Parallel()
	want := []string{"Glacier Enamel Mug", "Kilde Insulated Bottle", "Merino Hiking Socks", "Packing Cubes Set of 3", "Roll-Top Dry Bag"}
	all := rows(t)
	parents := parents(all)
	thirty := big.NewRat(30, 1)
	for _, at := range []time.Time{
		time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC),
		time.Date(2029, 2, 10, 12, 0, 0, 0, time.UTC),
		time.Date(2033, 7, 1, 12, 0, 0, 0, time.UTC),
	} {
		var found []string
		miss := make(map[string]int)
		bySale := 0
		for _, x := range all {
			if x.is("variable") || x.is("grouped") || x.is("external") {
				continue
			}
			product := x
			if x.is("variation") {
				product = parents[x["Parent"]]
			}
			colours, has := x.attribute("Colour")
			if has && len(colours) == 0 {
				colours, _ = product.attribute("Colour")
			}
			blue := slices.Contains(colours, "Blue")
			cheap := x.now(t, at).Cmp(thirty) < 0
			stocked := x["In stock?"] == "1"
			shown := product.shown() && x["Published"] == "1"
			everCheap := x["Sale price"] != "" && price(t, x["Sale price"]).Cmp(thirty) < 0
			switch {
			case blue && cheap && stocked && shown:
				if !slices.Contains(found, product["Name"]) {
					found = append(found, product["Name"])
				}
				if price(t, x["Regular price"]).Cmp(thirty) >= 0 {
					bySale++
				}
			case !shown && blue && cheap && stocked:
				miss["not shown"]++
			case !shown:
			case blue && everCheap && stocked:
				miss["sale over or to come"]++
			case blue && stocked:
				miss["too dear"]++
			case blue && cheap:
				miss["out of stock"]++
			case has && !blue && cheap && stocked:
				miss["another colour"]++
			}
		}
		slices.Sort(found)
		if !slices.Equal(found, want) {
			t.Errorf("at %s: %q, want %q", at.Format(time.DateOnly), found, want)
		}
		if bySale == 0 {
			t.Errorf("at %s: no answer is right only because of a sale", at.Format(time.DateOnly))
		}
		for what, least := range map[string]int{"not shown": 4, "sale over or to come": 2, "too dear": 8, "out of stock": 4, "another colour": 10} {
			if miss[what] < least {
				t.Errorf("at %s: %d near misses (%s), want at least %d", at.Format(time.DateOnly), miss[what], what, least)
			}
		}
	}
}

func TestEveryPictureIsDrawnAndUsed(t *testing.T) {
	t.Parallel()
	used := map[string]bool{"logo.svg": true, "hero.svg": true}
	for _, x := range rows(t) {
		for _, address := range split(x["Images"]) {
			name, ok := strings.CutPrefix(address, demoshop.ExportedURL+"/wp-content/uploads/")
			if !ok {
				t.Errorf("%s: picture %q is not the shop's", x["Name"], address)
				continue
			}
			used[name] = true
			key := strings.ToLower(x["SKU"])
			if key == "" {
				key = slug(x["Name"])
			}
			if !x.is("variation") && !strings.HasPrefix(name, key) {
				t.Errorf("%s: picture %q is not named after %q", x["Name"], name, key)
			}
		}
	}
	images := os.DirFS("content/images")
	for name := range used {
		if _, err := fs.Stat(images, name); err != nil {
			t.Errorf("picture %s is missing: %v", name, err)
		}
	}
	files, err := fs.ReadDir(images, ".")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if !used[f.Name()] {
			t.Errorf("picture %s belongs to nothing", f.Name())
		}
		drawing, err := fs.ReadFile(images, f.Name())
		if err != nil {
			t.Fatal(err)
		}
		if len(drawing) > 6<<10 {
			t.Errorf("%s has %d bytes, want at most 6 KiB", f.Name(), len(drawing))
		}
		checkDrawing(t, f.Name(), drawing)
	}
}

// checkDrawing refuses what a picture has no need of: text instead of a
// drawing, scripts, and anything from elsewhere.
func checkDrawing(t *testing.T, name string, drawing []byte) {
	t.Helper()
	shapes, title := 0, false
	d := xml.NewDecoder(bytes.NewReader(drawing))
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		e, ok := token.(xml.StartElement)
		if !ok {
			continue
		}
		switch e.Name.Local {
		case "path", "rect", "circle", "ellipse":
			shapes++
		case "title":
			title = true
		case "script", "style", "image", "foreignObject", "text", "a":
			t.Errorf("%s holds a <%s>", name, e.Name.Local)
		}
		for _, a := range e.Attr {
			if strings.HasPrefix(a.Name.Local, "on") || a.Name.Local == "href" && !strings.HasPrefix(a.Value, "#") {
				t.Errorf("%s: %s=%q", name, a.Name.Local, a.Value)
			}
		}
	}
	if shapes < 6 || !title {
		t.Errorf("%s: %d shapes, title %v; want a drawing with a name", name, shapes, title)
	}
}

func TestProductsAtMovesTheShop(t *testing.T) {
	t.Parallel()
	moved := demoshop.ProductsAt("http://127.0.0.1:8080/")
	if bytes.Contains(moved, []byte(demoshop.ExportedURL)) {
		t.Error("addresses of the old host are left")
	}
	if !bytes.Contains(moved, []byte("http://127.0.0.1:8080/wp-content/uploads/ff-jkt-0101.svg")) {
		t.Error("the pictures are not at the new host")
	}
	moved[0] = 'x'
	if demoshop.Products()[0] != 0xef {
		t.Error("a caller's write reached the catalogue")
	}
}
