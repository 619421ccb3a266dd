package retrieval_test

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"testing/quick"
	"unicode"
	"unicode/utf8"

	"github.com/aiwoochat/woochat/domain/catalog"
	"github.com/aiwoochat/woochat/domain/retrieval"
)

// countWords stands for a tokenizer: a token for every four letters begun.
func countWords(text string) int64 {
	var n int64
	for f := range strings.FieldsSeq(text) {
		n += int64(utf8.RuneCountInString(f)+3) / 4
	}
	return n
}

func texts(cs []retrieval.Chunk) []string {
	var out []string
	for _, c := range cs {
		out = append(out, c.Heading+" | "+c.Text)
	}
	return out
}

func TestChunkDocument(t *testing.T) {
	page := func(body string) retrieval.Document {
		return retrieval.Document{Kind: catalog.KindPage, Title: "Help", Body: body}
	}
	product := retrieval.Document{
		Kind: catalog.KindProduct, Title: "Red mug", Body: "Holds a lot. Is red.",
		Facts: catalog.Facts{
			SKUs: []string{"M-1"}, Brands: []string{"Pot"}, Categories: []string{"Kitchen > Mugs"},
			Attributes: []catalog.Attribute{{Name: "Colour", Values: []string{"Red", ""}}, {Name: "Empty"}},
		},
	}
	for _, c := range []struct {
		name string
		doc  retrieval.Document
		opts retrieval.Chunking
		want []string
	}{
		{"nothing", retrieval.Document{Kind: catalog.KindPage}, retrieval.Chunking{}, nil},
		{"a title alone", page(" \n\t"), retrieval.Chunking{}, []string{" | Help"}},
		{
			"a product is one chunk with title and facts first",
			product,
			retrieval.Chunking{},
			[]string{" | Red mug\nBrand: Pot\nCategory: Kitchen > Mugs\nColour: Red\nSKU: M-1\n\nHolds a lot. Is red."},
		},
		{
			"each chunk of a long product begins with its title",
			product,
			retrieval.Chunking{Target: 12, Max: 16},
			[]string{" | Red mug\nBrand: Pot\nCategory: Kitchen > Mugs", " | Red mug\nColour: Red\nSKU: M-1", " | Red mug\nHolds a lot. Is red."},
		},
		{
			"a product without words but its title",
			retrieval.Document{Kind: catalog.KindProduct, Title: "Red mug"},
			retrieval.Chunking{},
			[]string{" | Red mug"},
		},
		{
			"the answer goes with its question",
			retrieval.Document{Kind: catalog.KindFAQ, Title: "Do you ship?", Body: "Yes."},
			retrieval.Chunking{},
			[]string{" | Do you ship?\nYes."},
		},
		{
			"headings stand above their text and in the path",
			page("# Returns\n\nWithin thirty days.\n\n## Refunds\n\nTo your card.\n\n# Care\nWash cold.\n"),
			retrieval.Chunking{Target: 8, Max: 12},
			[]string{"Returns | # Returns\n\nWithin thirty days.", "Returns > Refunds | ## Refunds\n\nTo your card.", "Care | # Care\n\nWash cold."},
		},
		{
			"small sections share a chunk",
			page("# A\n\none\n\n# B\n\ntwo"),
			retrieval.Chunking{Target: 40, Max: 40},
			[]string{"A | # A\n\none\n\n# B\n\ntwo"},
		},
		{"headings without text are kept", page("# A\n## B"), retrieval.Chunking{}, []string{"A > B | # A\n## B"}},
		{"no heading inside of code", page("```\n# not a heading\n\nx\n```\nafter"), retrieval.Chunking{}, []string{" | ```\n# not a heading\n\nx\n```\n\nafter"}},
		{
			"a table that is cut repeats its header",
			page("| Size | Chest |\n|---|---|\n| S | 90 |\n| M | 95 |\n| L | 99 |\n"),
			retrieval.Chunking{Target: 16, Max: 16},
			[]string{" | | Size | Chest |\n|---|---|\n| S | 90 |", " | | Size | Chest |\n|---|---|\n| M | 95 |", " | | Size | Chest |\n|---|---|\n| L | 99 |"},
		},
		{
			"a list is cut between its items",
			page("- one thing\n- two things\n  and more\n- three things"),
			retrieval.Chunking{Target: 8, Max: 8},
			[]string{" | - one thing", " | - two things\n  and more", " | - three things"},
		},
		{
			"a paragraph is cut between sentences, a sentence between words, a word anywhere",
			page("One two. Three four five six. " + strings.Repeat("x", 20)),
			retrieval.Chunking{Target: 3, Max: 3},
			[]string{" | One two.", " | Three four", " | five six.", " | " + strings.Repeat("x", 10), " | " + strings.Repeat("x", 10)},
		},
	} {
		got := texts(retrieval.ChunkDocument(c.doc, countWords, c.opts))
		if !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s:\n got %q\nwant %q", c.name, got, c.want)
		}
	}
}

func solid(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) {
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, "\uFFFD"))
}

// checkChunks checks what holds for the chunks of any page.
func checkChunks(t *testing.T, body string, target, most int64) {
	t.Helper()
	doc := retrieval.Document{Kind: catalog.KindPage, Body: body}
	o := retrieval.Chunking{Target: target, Max: most}
	chunks := retrieval.ChunkDocument(doc, countWords, o)
	if !reflect.DeepEqual(chunks, retrieval.ChunkDocument(doc, countWords, o)) {
		t.Fatalf("two runs give different chunks of %q", body)
	}
	var all strings.Builder
	for i, c := range chunks {
		switch {
		case c.Seq != i:
			t.Fatalf("chunk %d has the number %d", i, c.Seq)
		case strings.TrimSpace(c.Text) == "":
			t.Fatalf("chunk %d of %q is empty", i, body)
		case countWords(c.Text) > most:
			t.Fatalf("chunk %d of %q has %d tokens of %d: %q", i, body, countWords(c.Text), most, c.Text)
		case !utf8.ValidString(c.Text) || !utf8.ValidString(c.Heading):
			t.Fatalf("chunk %d of %q is not UTF-8", i, body)
		}
		all.WriteString(c.Text)
	}
	want, got := solid(body), solid(all.String())
	if !strings.Contains(body, "|") && got != want {
		t.Fatalf("text is lost or made up:\n got %q\nwant %q", got, want)
	}
	// With tables, header rows may come again: all of the body must be left
	// when they are skipped.
	rest := []rune(want)
	for _, r := range got {
		if len(rest) > 0 && rest[0] == r {
			rest = rest[1:]
		}
	}
	if len(rest) > 0 {
		t.Fatalf("text is lost: %q is not in %q", string(rest), got)
	}
}

func FuzzChunkDocument(f *testing.F) {
	f.Add("# A\n\ntext\n\n| a | b |\n|---|---|\n| 1 | 2 |\n", int64(3), int64(5))
	f.Add("- one\n- two\n\n```\ncode\n", int64(1), int64(1))
	f.Add("防水ハイキングブーツです。サイズは36から47まで。", int64(2), int64(3))
	f.Add("####### no\r\n#\n#a\n## \u00a0 \xff", int64(7), int64(7))
	f.Fuzz(func(t *testing.T, body string, target, most int64) {
		most = 1 + abs(most)%60
		checkChunks(t, body, abs(target)%most+1, most)
	})
}

func abs(n int64) int64 {
	if n < 0 {
		return -(n + 1)
	}
	return n
}

func TestChunksLoseNothing(t *testing.T) {
	pieces := []string{"# H\n", "## Long heading of some words\n", "para graph. Next one! ", "\n\n", "- item\n", "1. numbered\n", "| a | b |\n|---|---|\n", "| 1 | 22222222222 |\n", "```\n", "| |\n", "\n", "word ", strings.Repeat("z", 33)}
	err := quick.Check(func(which []uint8, most uint8) bool {
		var b strings.Builder
		for _, w := range which {
			b.WriteString(pieces[int(w)%len(pieces)])
		}
		checkChunks(t, b.String(), int64(most%40)/2+1, int64(most%40)+1)
		return true
	}, &quick.Config{MaxCount: 2000})
	if err != nil {
		t.Error(err)
	}
}

func TestChunkDocumentCountsEachTextAFewTimes(t *testing.T) {
	var counted int
	body := strings.Repeat("- word\n", 20_000)
	retrieval.ChunkDocument(retrieval.Document{Kind: catalog.KindPage, Body: body}, func(s string) int64 {
		counted += len(s)
		return countWords(s)
	}, retrieval.Chunking{})
	if limit := 8 * len(body); counted > limit {
		t.Errorf("a list of %d bytes was counted as %d bytes, want at most %d", len(body), counted, limit)
	}
}

func TestEmbeddingText(t *testing.T) {
	for _, c := range []struct {
		title string
		chunk retrieval.Chunk
		want  string
	}{
		{"Help", retrieval.Chunk{Heading: "Returns", Text: "Thirty days."}, "Help\nReturns\nThirty days."},
		{"Red mug", retrieval.Chunk{Text: "Red mug\nBrand: Pot"}, "Red mug\nBrand: Pot"},
		{"", retrieval.Chunk{Text: "x"}, "x"},
	} {
		if got := retrieval.EmbeddingText(c.title, c.chunk); got != c.want {
			t.Errorf("got %q, want %q", got, c.want)
		}
	}
}

func ExampleChunkDocument() {
	doc := retrieval.Document{
		Kind: catalog.KindProduct, Title: "Alpine jacket", Body: "Keeps the rain out.",
		Facts: catalog.Facts{SKUs: []string{"JK-100"}, Attributes: []catalog.Attribute{{Name: "Colour", Values: []string{"Blue", "Red"}}}},
	}
	for _, c := range retrieval.ChunkDocument(doc, func(text string) int64 { return int64(len(text)) / 4 }, retrieval.Chunking{}) {
		fmt.Println(c.Text)
	}
	// Output:
	// Alpine jacket
	// Colour: Blue, Red
	// SKU: JK-100
	//
	// Keeps the rain out.
}

func ExampleUnderstand() {
	eur := func(minor int64) catalog.Money { return catalog.Money{Minor: minor, Currency: "EUR", Exponent: 2} }
	v := retrieval.NewVocabulary(catalog.Facts{
		Attributes: []catalog.Attribute{{Name: "Colour", Values: []string{"Blue", "Red"}}},
		Offers:     []catalog.Offer{{SKU: "JK-100", Regular: eur(12900)}},
	})
	u := retrieval.Understand("a blue jacket under 150 that is in stock", v)
	fmt.Println(u.Because, u.Filter.MaxPrice)
	// Output: [price below €150.00 in stock Colour: Blue] €150.00
}
