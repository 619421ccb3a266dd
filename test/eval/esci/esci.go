// Package esci reads the judged set of test/testdata/esci: products of a shop,
// shoppers' questions, and what people said of them.
package esci

import (
	"bufio"
	"compress/gzip"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aiwoochat/woochat/domain/catalog"
	"github.com/aiwoochat/woochat/domain/evaluation"
	"github.com/aiwoochat/woochat/domain/retrieval"
)

// Product is a product of the set.
type Product struct {
	ASIN        string   `json:"asin"`
	Title       string   `json:"title"`
	Brand       string   `json:"brand"`
	Color       string   `json:"color"`
	Category    []string `json:"category"` // from the widest to the narrowest
	Price       float64  `json:"price"`    // in US dollars, 0 for none
	Bullets     string   `json:"bullet_points"`
	Description string   `json:"description"`
}

// Products reads the products in the folder dir, in their order.
func Products(dir string) ([]Product, error) {
	var out []Product
	err := zipped(dir, "products.jsonl.gz", func(r io.Reader) error {
		lines := bufio.NewScanner(r)
		lines.Buffer(nil, 1<<24)
		for lines.Scan() {
			var p Product
			if err := json.Unmarshal(lines.Bytes(), &p); err != nil {
				return err
			}
			out = append(out, p)
		}
		return lines.Err()
	})
	return out, err
}

// Questions reads the questions in the folder dir with their judgements, in
// their order.
func Questions(dir string) ([]evaluation.Question, error) {
	var out []evaluation.Question
	err := zipped(dir, "queries.tsv.gz", func(r io.Reader) (err error) {
		out, err = evaluation.ReadQueries(r)
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, zipped(dir, "qrels.tsv.gz", func(r io.Reader) error { return evaluation.ReadQrels(r, out) })
}

func zipped(dir, name string, read func(io.Reader) error) error {
	f, err := os.Open(filepath.Join(dir, name))
	if err != nil {
		return err
	}
	z, err := gzip.NewReader(f)
	if err == nil {
		err = read(z)
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// dimensions of the given vectors.
const dimensions = 512

// Vectors reads products.i8 or queries.i8 in the folder dir: one vector for each
// line of the file of that name.
func Vectors(dir, name string) ([][]float32, error) {
	b, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		return nil, err
	}
	var out [][]float32
	for row := range slices.Chunk(b, 4+dimensions) {
		if len(row) != 4+dimensions {
			return nil, fmt.Errorf("%s: a row of %d bytes", name, len(row))
		}
		scale := math.Float32frombits(binary.LittleEndian.Uint32(row))
		v := make([]float32, dimensions)
		for i, x := range row[4:] {
			v[i] = float32(int8(x)) * scale
		}
		out = append(out, v)
	}
	return out, nil
}

// Document returns p as a document of a shop whose texts are plain.
func (p Product) Document() retrieval.Document {
	plain := func(text string) string { return text }
	c := catalog.Product{
		ID: p.ASIN, Type: catalog.Simple, Name: p.Title, SKU: p.ASIN, Status: catalog.Published, Visibility: catalog.Everywhere,
		Short: p.Bullets, Description: p.Description,
	}
	if p.Brand != "" {
		c.Brands = []string{p.Brand}
	}
	if p.Color != "" {
		c.Attributes = []catalog.Attribute{{Name: "Color", Values: []string{p.Color}}}
	}
	if price, err := catalog.ParseMoney(strconv.FormatFloat(p.Price, 'f', 2, 64), "USD", 2); err == nil && p.Price > 0 {
		c.Offer = catalog.Offer{Regular: price, Stock: catalog.InStock}
	}
	if len(p.Category) > 0 {
		c.Categories = []string{strings.Join(p.Category, " > ")}
	}
	return retrieval.Document{
		ID: retrieval.NewDocumentID(catalog.KindProduct, p.ASIN), Revision: "1", Kind: catalog.KindProduct,
		Title: c.Name, Body: c.Text(plain), Facts: c.Facts(time.Time{}), Shown: true,
	}
}

// Entry returns p as an index keeps it, its text cut by c as an import cuts it, all
// chunks with the vector v, nil for none.
func (p Product) Entry(v []float32, count func(text string) int64, c retrieval.Chunking) retrieval.Entry {
	d := p.Document()
	chunks := retrieval.ChunkDocument(d, count, c)
	for i := range chunks {
		chunks[i].Vector = v
	}
	return retrieval.Entry{Document: d.ID, Revision: d.Revision, Kind: d.Kind, Title: d.Title, Facts: d.Facts, Chunks: chunks}
}
