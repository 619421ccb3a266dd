// Package retrieval holds documents, chunks and passages, and decides how a
// question finds them: chunking, query understanding, filters, rank fusion and
// packing to a token budget.
//
// A document comes into an index so: [ChunkDocument] cuts it, [EmbeddingText] is
// what the vector of a chunk is made of, and an [Entry] of both is put to a
// ports.Indexer.
//
// A question becomes passages so: [TakeUp] reads it after those before it,
// [Respell] reads slips of the fingers as words of the shop's [Lexicon],
// [Understand] reads filters, codes and an order out of it by the shop's
// [Vocabulary], the [Understanding.Queries] go to a ports.Searcher, [FitOf] says
// whether the shop has anything on it, and [Choose] picks what a prompt has room
// for. Package app/searching joins these steps.
//
// An index of one's own keeps words, vectors and fields, and leaves the ranking
// to a [Corpus], as examples/customadapter does.
package retrieval

import (
	"time"

	"github.com/aiwoochat/woochat/domain/catalog"
)

// DocumentID identifies a document within a site: its kind and the shop's own
// id, such as product:44.
type DocumentID string

// NewDocumentID returns the id of the thing of the given kind that the shop
// calls id.
func NewDocumentID(kind catalog.Kind, id string) DocumentID {
	return DocumentID(kind.String() + ":" + id)
}

// Document is one retrievable thing of a shop: a product, a page, an answer.
type Document struct {
	ID DocumentID
	// Revision is the hash of all that is searched and shown, so that the same
	// content has the same revision and nothing is embedded twice.
	Revision string
	Kind     catalog.Kind
	Source   string // the name of the source that it came from
	Title    string
	URL      string
	Body     string // plain text: headings, lists and tables kept as Markdown
	Locale   string // BCP 47, "" for the site's
	Facts    catalog.Facts
	Shown    bool // a shopper may see it; a document that is not Shown is kept as a tombstone
	Updated  time.Time
	// Read is when the shop was asked for what the document says; the zero time
	// is before all others.
	Read time.Time
	// Told is set if the shop said it without being asked, and so perhaps late
	// or twice. It is not stored.
	Told bool
}

// Age is what of a stored document says how old it is.
type Age struct {
	Updated time.Time
	Read    time.Time
}

// Supersedes reports whether d may take the place of a stored document of the
// given age: what was read from the shop earlier never replaces what was read
// later, whoever comes last to the store; and of what the shop told by itself,
// an older change does not replace a newer one.
func (d Document) Supersedes(stored Age) bool {
	return !d.Read.Before(stored.Read) && (!d.Told || !d.Updated.Before(stored.Updated))
}

// Chunk is a piece of a Document, small enough to embed.
type Chunk struct {
	// Chunking is how its document was cut: a store keeps the chunks of several
	// beside one another. An index holds one in each generation, and does not look
	// at it.
	Chunking Chunking
	Seq      int    // 0 for the first of its document
	Heading  string // the headings above it, joined by " > "
	Text     string
	Vector   []float32 // nil until embedded
}

// Entry is all that an index holds of a document: words, vectors and fields to
// filter by. An Entry without Chunks takes the document out of the index.
type Entry struct {
	// Generation is the number of the Generation that it is put to.
	Generation int64
	Document   DocumentID
	Revision   string
	Kind       catalog.Kind
	Locale     string // as of its Document
	Title      string
	Facts      catalog.Facts
	Chunks     []Chunk
}

// PassageRef points at a chunk of a document's revision.
type PassageRef struct {
	Document DocumentID
	Revision string
	Seq      int
}

// Passage is a chunk as found. A Searcher sets Ref, Score and Arms; the store,
// which holds the truth, sets the rest.
type Passage struct {
	Ref   PassageRef
	Score float64 // higher is better; comparable within one search only
	Arms  Arms

	Kind    catalog.Kind
	Locale  string
	Title   string
	URL     string
	Heading string
	Text    string
	Facts   catalog.Facts
	Updated time.Time
}

// Arms says how a passage was found, for whoever asks why. A rank counts from
// 1; 0 means that this arm did not find it.
type Arms struct {
	Exact   bool // the query holds one of its codes or its whole name
	Lexical int
	Dense   int
	Order   int // in the order that the query asks for, of all that fits
	// Words is the passage's share of what the words of a query can score at
	// most, from 0 to 1, and Cosine how near it is to the query by meaning, from
	// -1 to 1. Unlike Score, they can be compared from one search to another: see
	// Evidence. Each is 0 if its arm did not find the passage.
	Words  float64
	Cosine float64
	// Covers is how much of the words of a query the passage has, the rare counting
	// more, from 0 to 1. It is set where the query asks for an order and no document
	// has all of its words: see Sorted.
	Covers float64
}

// Query asks for passages by meaning, by words, or by both.
type Query struct {
	// Generation is the number of the Generation that is searched. Vector is of
	// its model.
	Generation int64

	Text string // words; "" for none
	// Also says what counts as words of Text: other forms, and words that mean the
	// same. What counts as a word that is not in Text, or is not wanted there,
	// changes nothing.
	Also   []Alternative
	Codes  []string  // see Codes; a document that has one comes first
	Vector []float32 // meaning; nil for none
	Filter Filter    // what a document must be like
	Sort   Sort      // an order that comes before relevance; see Sorted
	Limit  int       // at least 1
	At     time.Time // the time at which sale prices are read
}

// Embedding is the result of embedding some texts.
type Embedding struct {
	Vectors [][]float32
	// Tokens is what the provider bills for, if Reported; otherwise it is the
	// embedder's own upper bound.
	Tokens   int64
	Reported bool
	Model    string // the name that the provider reports, "" if none
	RawUsage string // the provider's usage report as it came, "" if none
	// Unknown holds the places of texts of which the model knows nothing at all,
	// ascending. Their vectors are near nothing but one another: a question among
	// them is better searched by its words alone.
	Unknown []int
	// Suspect is set if a usage report of the provider's was refused as absurd,
	// so that Tokens is not what it says.
	Suspect bool
}

// DocumentState is what is known of a document without reading it.
type DocumentState struct {
	ID       DocumentID
	Revision string
	Indexed  string // the revision that the index holds, "" for none
	Kind     catalog.Kind
	Source   string
	Title    string
	Shown    bool
	Chunks   int
	Updated  time.Time
}
