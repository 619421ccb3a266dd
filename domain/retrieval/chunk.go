package retrieval

import (
	"strings"

	"github.com/aiwoochat/woochat/domain/catalog"
)

// ChunkDocument cuts doc into chunks along its structure: headings, paragraphs,
// lists, rows of tables, then sentences, words, characters. count returns the
// tokens of a text, which are no more than its bytes.
//
// All of Body comes out again, in order, but for white space; nothing is
// rewritten. A heading stands at the head of the text below it, and in the
// Heading of all chunks of its section. A table that is cut repeats its header
// row. A product begins with its title and the lines of FactsText, and each of
// its further chunks with the title, as do those of a FAQ: a chunk is read on
// its own. A page has no title in its text. A document with a title and no
// text is one chunk of the title; one with neither gives none.
//
// The same doc, count and Chunking give the same chunks. Rules that are not known
// here any more, or not yet, are taken for the newest.
func ChunkDocument(doc Document, count func(text string) int64, c Chunking) []Chunk {
	count = remembering(count)
	p := packer{count: count}
	p.target, p.max = c.Sizes()
	title := strings.Join(strings.Fields(strings.ToValidUTF8(doc.Title, "\uFFFD")), " ")
	body := strings.ToValidUTF8(doc.Body, "\uFFFD")

	titled := doc.Kind == catalog.KindProduct || doc.Kind == catalog.KindFAQ
	if titled && title != "" {
		if count(title) <= p.max/2 {
			p.lead = title
		} else {
			// A title as long as a text is a text.
			p.addAll(cut(part{text: title, sep: "\n"}, p.fits))
		}
	}
	if doc.Kind == catalog.KindProduct {
		for line := range strings.Lines(FactsText(doc.Facts)) {
			p.addAll(cut(part{text: strings.TrimSpace(line), sep: "\n"}, p.fits))
		}
	}
	for _, b := range blocks(body) {
		p.addAll(b.parts(p.fits))
	}
	p.flush()
	if len(p.out) == 0 && title != "" {
		p.lead = ""
		p.addAll(cut(part{text: title}, p.fits))
		p.flush()
	}
	return p.out
}

// remembering returns count, which is asked once for each text: what fits is
// counted again when it is put into a chunk, and to count is most of the work.
func remembering(count func(string) int64) func(string) int64 {
	known := map[string]int64{}
	return func(text string) int64 {
		n, ok := known[text]
		if !ok {
			n = count(text)
			known[text] = n
		}
		return n
	}
}

// FactsText returns those of a product's facts that seldom change, one a line,
// as they stand in its first chunk. Prices and stock are not among them: they
// are read from the shop's data when an answer is made, never from an index.
// Neither are the codes of variations and the GTINs, which an index finds as
// codes: a dozen numbers say nothing about a product and fill its chunk.
func FactsText(f catalog.Facts) string {
	var b strings.Builder
	line := func(name string, values []string) {
		first := true
		for _, v := range values {
			v = strings.Join(strings.Fields(strings.ToValidUTF8(v, "\uFFFD")), " ")
			switch {
			case v == "":
				continue
			case first:
				b.WriteString(name + ": " + v)
				first = false
			default:
				b.WriteString(", " + v)
			}
		}
		if !first {
			b.WriteByte('\n')
		}
	}
	line("Brand", f.Brands)
	line("Category", f.Categories)
	for _, a := range f.Attributes {
		line(strings.Join(strings.Fields(strings.ToValidUTF8(a.Name, "\uFFFD")), " "), a.Values)
	}
	line("Tags", f.Tags)
	line("SKU", f.SKUs[:min(1, len(f.SKUs))])
	return strings.TrimSuffix(b.String(), "\n")
}

// EmbeddingText returns what is embedded for chunk c of a document with the
// given title: its text, with title and headings before it where the text does
// not begin with them.
func EmbeddingText(title string, c Chunk) string {
	var b strings.Builder
	for _, s := range []string{title, c.Heading} {
		if s != "" && !strings.HasPrefix(c.Text, s) {
			b.WriteString(s)
			b.WriteByte('\n')
		}
	}
	return b.String() + c.Text
}

// part is a piece of text that is not cut any further.
type part struct {
	sep     string // what stands between it and the part before it
	text    string
	heading string // path of the headings above it
	header  string // the header lines of the table that it is of
	headed  bool   // text has the header lines
	section bool   // text begins with a heading
}

// needs returns the header lines that q must have before it.
func (q part) needs() string {
	if q.headed {
		return ""
	}
	return q.header
}

// packer joins parts to chunks.
type packer struct {
	count       func(string) int64
	target, max int64
	lead        string // what every chunk begins with

	out     []Chunk
	text    string
	size    int64 // of text; at least, as the parts were counted one by one
	heading string
	table   string // the header of the table in which text ends
}

// begin returns text as it stands at the beginning of a chunk.
func (p *packer) begin(text, header string) string {
	if header != "" {
		text = header + "\n" + text
	}
	if p.lead == "" {
		return text
	}
	return p.lead + "\n" + text
}

// fits reports whether a chunk can begin with text under the given table header.
func (p *packer) fits(text, header string) bool {
	text = p.begin(text, header)
	// No text has more tokens than bytes.
	return int64(len(text)) <= p.max || p.count(text) <= p.max
}

func (p *packer) addAll(parts []part) {
	for _, q := range parts {
		p.add(q)
	}
}

func (p *packer) add(q part) {
	if p.text == "" || !p.append(q) {
		p.flush()
		p.text = p.begin(q.text, q.needs())
		p.size = p.count(p.text)
		p.heading = q.heading
	}
	p.table = q.header
}

// append puts q at the end of the chunk, unless that makes it too long or q
// had better begin a chunk of its own. Parts are counted one by one: to count
// the whole chunk again for each would cost a list of short lines its square.
func (p *packer) append(q part) bool {
	if q.section && p.size >= p.target/4 {
		return false
	}
	text := q.sep + q.text
	if needs := q.needs(); needs != "" && p.table != needs {
		text = q.sep + needs + "\n" + q.text
	}
	size := p.size + p.count(text)
	if size > p.target {
		return false
	}
	p.text, p.size = p.text+text, size
	return true
}

// flush ends the chunk.
func (p *packer) flush() {
	text := p.text
	p.text = ""
	if strings.TrimSpace(text) == "" {
		return
	}
	pieces := []part{{text: text}}
	if int64(len(text)) > p.max && p.count(text) > p.max {
		// The tokens of a whole can be more than those of its parts, or a lead
		// leaves no room for a single character.
		pieces = cut(pieces[0], func(text, _ string) bool { return p.count(text) <= p.max })
	}
	for _, q := range pieces {
		p.out = append(p.out, Chunk{Seq: len(p.out), Heading: p.heading, Text: q.text})
	}
}
