package retrieval

import (
	"math"
	"strings"

	"github.com/aiwoochat/woochat/domain/catalog"
)

// Field is a part of a chunk's words that counts by a weight of its own.
type Field uint8

// Fields. The zero Field is invalid.
const (
	FieldTitle Field = iota + 1
	FieldBrand
	FieldAttributes
	FieldCategories
	FieldBody
)

// Fields lists all fields in order.
func Fields() [5]Field {
	return [5]Field{FieldTitle, FieldBrand, FieldAttributes, FieldCategories, FieldBody}
}

// Weight returns how much a word in f counts. The figures were the best of
// those tried with SQLite's bm25 on 150 queries of the ESCI set.
func (f Field) Weight() float64 {
	switch f {
	case FieldTitle:
		return 5
	case FieldBrand:
		return 3
	case FieldAttributes, FieldCategories:
		return 2
	case FieldBody:
		return 1
	}
	return 0
}

// FieldTokens returns the tokens of field f of a chunk of e. All chunks of a
// document share what they have from its title and facts.
func FieldTokens(f Field, e Entry, c Chunk) []string {
	switch f {
	case FieldTitle:
		return Tokens(e.Title)
	case FieldBrand:
		return Tokens(strings.Join(e.Facts.Brands, "\n"))
	case FieldAttributes:
		return Tokens(attributeText(e.Facts.Attributes))
	case FieldCategories:
		return Tokens(strings.Join(e.Facts.Categories, "\n") + "\n" + strings.Join(e.Facts.Tags, "\n"))
	case FieldBody:
		return Tokens(c.Heading + "\n" + c.Text)
	}
	return nil
}

func attributeText(as []catalog.Attribute) string {
	var b strings.Builder
	for _, a := range as {
		for _, v := range a.Values {
			b.WriteString(v)
			b.WriteByte('\n')
		}
	}
	return b.String()
}

// Collection is what BM25 must know of all chunks of a site.
type Collection struct {
	Chunks int   // how many there are
	Tokens int64 // their tokens in all fields together
}

// Parameters of BM25 as Robertson and Zaragoza give them ("The Probabilistic
// Relevance Framework", 2009): saturation of a word's count, and how much a
// chunk's length counts.
const (
	bm25K1 = 1.2
	bm25B  = 0.75
)

// BM25 returns what one word adds to the score of one chunk: weighted is the
// sum over the fields of the word's count times Field.Weight, length the
// chunk's tokens in all fields, and in the number of the site's chunks that
// hold the word at all. It is never negative: a word in every chunk is worth
// little, not less than nothing.
func (c Collection) BM25(in int, weighted float64, length int) float64 {
	return c.Scores(in)(weighted, length)
}

// Scores is BM25 for a word that in of the site's chunks hold: what does not
// depend on a chunk is computed once.
func (c Collection) Scores(in int) func(weighted float64, length int) float64 {
	if in <= 0 || c.Chunks <= 0 || c.Tokens <= 0 {
		return func(float64, int) float64 { return 0 }
	}
	idf, mean := c.IDF(in), float64(c.Tokens)/float64(c.Chunks)
	return func(weighted float64, length int) float64 {
		if weighted <= 0 {
			return 0
		}
		return idf * Saturation(weighted, length, mean)
	}
}

// IDF returns how much a word counts that in of c's chunks hold: the half of
// BM25 that is the same for all chunks. An index that keeps the other half with
// each chunk needs it alone.
func (c Collection) IDF(in int) float64 {
	n := float64(c.Chunks)
	return math.Log(1 + (n-float64(in)+0.5)/(float64(in)+0.5))
}

// Saturation returns the half of BM25 that is a chunk's own, where its words
// count weighted and it has length tokens, against mean in the mean of all.
func Saturation(weighted float64, length int, mean float64) float64 {
	return weighted * (bm25K1 + 1) / (weighted + bm25K1*(1-bm25B+bm25B*float64(length)/mean))
}

// Possible returns a score that BM25 cannot exceed for a question whose words
// are in so many of c's chunks each; a word that is in none counts as one that
// is in one, for it is asked for all the same.
func (c Collection) Possible(in ...int) float64 {
	if c.Chunks <= 0 {
		return 0
	}
	var sum float64
	for _, n := range in {
		sum += c.IDF(min(max(1, n), c.Chunks)) * (bm25K1 + 1)
	}
	return sum
}

// IDFs returns how much each word counts, where in says how many of c's chunks
// hold each, as for Possible.
func (c Collection) IDFs(in []int) []float64 {
	out := make([]float64, len(in))
	for i, n := range in {
		out[i] = c.IDF(min(max(1, n), max(1, c.Chunks)))
	}
	return out
}
