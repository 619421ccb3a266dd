// Command escicsv writes the products of test/testdata/esci as an export of
// WooCommerce, so that they can be imported into a site and judged there:
//
//	go run ./test/eval/escicsv > products.csv
//	woochat ingest csv products.csv
//	woochat eval --queries test/testdata/esci/queries.tsv.gz --qrels test/testdata/esci/qrels.tsv.gz
package main

import (
	"encoding/csv"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/aiwoochat/woochat/test/eval/esci"
)

func main() {
	dir := flag.String("dir", "test/testdata/esci", "folder of the set")
	flag.Parse()
	if err := write(os.Stdout, *dir); err != nil {
		fmt.Fprintln(os.Stderr, "escicsv:", err)
		os.Exit(1)
	}
}

func write(out io.Writer, dir string) error {
	products, err := esci.Products(dir)
	if err != nil {
		return err
	}
	w := csv.NewWriter(out)
	rows := [][]string{{
		"ID", "Type", "SKU", "Name", "Published", "Visibility in catalog", "Short description", "Description", "In stock?", "Regular price", "Categories", "Brands",
		"Attribute 1 name", "Attribute 1 value(s)", "Attribute 1 visible",
	}}
	// The export separates the values of a list by commas.
	list := strings.NewReplacer(`\`, `\\`, ",", `\,`)
	for i, p := range products {
		price, color := "", ""
		if p.Price > 0 {
			price = strconv.FormatFloat(p.Price, 'f', 2, 64)
		}
		if p.Color != "" {
			color = "Color"
		}
		rows = append(rows, []string{
			strconv.Itoa(i + 1), "simple", p.ASIN, p.Title, "1", "visible", p.Bullets, p.Description, "1", price,
			list.Replace(strings.Join(p.Category, " > ")), list.Replace(p.Brand), color, list.Replace(p.Color), "1",
		})
	}
	return errors.Join(w.WriteAll(rows), w.Error())
}
