package bench

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/aiwoochat/woochat/domain/retrieval"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/ports"
	"github.com/aiwoochat/woochat/test/eval/esci"
)

// shopData makes large shops of the judged set of test/testdata/esci. The
// vectors are those that a sentence encoder gave real products, their 512
// numbers projected to 384 by one random matrix; the first chunk of each of the
// 6,764 products has its own, every other chunk a mixture of two products, and
// so is its text. Questions and their vectors are real shoppers'.
type shopData struct {
	products  []esci.Product
	vectors   [][]float32 // of products
	questions []string
	asked     [][]float32 // vectors of questions
}

const (
	shopDim         = 384
	chunksADocument = 4
	wordsAChunk     = 60
)

func readShopData(b *testing.B) shopData {
	b.Helper()
	const folder = "../testdata/esci"
	var d shopData
	var err error
	if d.products, err = esci.Products(folder); err != nil {
		b.Fatal(err)
	}
	questions, err := esci.Questions(folder)
	if err != nil {
		b.Fatal(err)
	}
	for _, q := range questions {
		d.questions = append(d.questions, q.Text)
	}
	for name, into := range map[string]*[][]float32{"products.i8": &d.vectors, "queries.i8": &d.asked} {
		vs, err := esci.Vectors(folder, name)
		if err != nil {
			b.Fatal(err)
		}
		*into = projected(vs)
	}
	return d
}

// projected maps vectors to shopDim numbers by one random matrix, which keeps
// angles nearly what they are (Johnson and Lindenstrauss, 1984).
func projected(vs [][]float32) [][]float32 {
	r := rand.New(rand.NewPCG(5, shopDim))
	matrix := make([][]float32, shopDim)
	for i := range matrix {
		matrix[i] = make([]float32, len(vs[0]))
		for j := range matrix[i] {
			matrix[i][j] = float32(r.NormFloat64())
		}
	}
	out := make([][]float32, len(vs))
	for i, v := range vs {
		p := make([]float32, shopDim)
		for j, row := range matrix {
			p[j] = float32(retrieval.Dot(row, v))
		}
		out[i] = retrieval.Unit(p)
	}
	return out
}

// document returns the n-th of a shop; the same one each time.
func (d shopData) document(n int) retrieval.Entry {
	r := rand.New(rand.NewPCG(uint64(n), 4))
	p, v := d.products[n%len(d.products)], d.vectors[n%len(d.products)]
	e := p.Entry(nil, func(string) int64 { return 1 }, retrieval.Chunking{})
	e.Document, e.Chunks = retrieval.DocumentID(fmt.Sprint("product:", n)), nil
	for i := range chunksADocument {
		unit, text := v, p.Bullets
		if n >= len(d.products) || i > 0 {
			other := r.IntN(len(d.products))
			unit = mixed(v, d.vectors[other], 0.4+0.5*r.Float32())
			text += "\n" + d.products[other].Title + "\n" + d.products[other].Bullets
		}
		words := strings.Fields(text)
		if more := len(words) - wordsAChunk; more > 0 {
			from := r.IntN(more + 1)
			words = words[from : from+wordsAChunk]
		}
		e.Chunks = append(e.Chunks, retrieval.Chunk{Seq: i, Text: strings.Join(words, " "), Vector: unit})
	}
	return e
}

// mixed returns share of a and the rest of b, at length 1.
func mixed(a, b []float32, share float32) []float32 {
	out := make([]float32, len(a))
	for i := range out {
		out[i] = share*a[i] + (1-share)*b[i]
	}
	return retrieval.Unit(out)
}

// fill puts so many documents, from the given one on, into a new site of x.
func (d shopData) fill(ctx context.Context, b *testing.B, x ports.Indexer, no, from, documents int) tenant.Scope {
	b.Helper()
	s := tenant.Scope{
		Tenant: tenant.ID(tenant.Prefix + fmt.Sprintf("0197a000-0000-7000-8000-%012d", no)), Site: tenant.SiteID(tenant.SitePrefix + fmt.Sprintf("0197a000-0000-7000-9000-%012d", no)),
	}
	for n := range documents {
		if err := x.Put(ctx, s, d.document(from+n)); err != nil {
			b.Fatal(err)
		}
	}
	return s
}
