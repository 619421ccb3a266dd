package postgres

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/aiwoochat/woochat/domain/retrieval"
	"github.com/aiwoochat/woochat/ports"
)

// siteIndex is one site's documents in memory, and where each word is.
type siteIndex struct {
	mu        sync.RWMutex // guards all below; a search holds it for reading
	seen      int64        // the change up to which this is complete
	corpus    retrieval.Corpus
	documents map[retrieval.DocumentID]*siteDocument
	words     map[string]*wordList
	withDim   map[int]int // documents with vectors, by their length
	bytes     int64       // about
}

// siteDocument is one document of a siteIndex. What it is made of is not changed
// once it is made.
type siteDocument struct {
	indexed *retrieval.Indexed
	counts  []map[string]float64 // by chunk: each word's weighted count; nil once it is in words
	place   int                  // in corpus.Documents
	words   []*wordList          // those that it is in
	dim     int
	bytes   int64
}

// wordList says where a word is.
type wordList struct {
	word     string
	postings []retrieval.Posting
}

// About what each takes, in bytes: a posting with the room that its list keeps
// free, a word with its place in the map, and a document and a chunk without
// what they hold.
const (
	postingBytes  = 32
	wordBytes     = 96
	documentBytes = 768
	chunkBytes    = 64
)

func newSiteIndex(w retrieval.FusionWeights) *siteIndex {
	return &siteIndex{
		corpus:    retrieval.NewCorpus(nil, w),
		documents: make(map[retrieval.DocumentID]*siteDocument), words: make(map[string]*wordList), withDim: make(map[int]int),
	}
}

// newSiteDocument returns e as it is compared.
func newSiteDocument(e retrieval.Entry) *siteDocument {
	d := &siteDocument{indexed: &retrieval.Indexed{Document: e.Document, Revision: e.Revision, Kind: e.Kind, Title: e.Title, Facts: e.Facts}}
	d.bytes = int64(documentBytes + len(e.Document) + len(e.Revision) + 2*len(e.Title) + 256*len(e.Facts.Offers))
	for _, list := range [][]string{e.Facts.SKUs, e.Facts.GTINs, e.Facts.Brands, e.Facts.Categories, e.Facts.Tags} {
		for _, s := range list {
			d.bytes += int64(32 + len(s))
		}
	}
	for _, c := range slices.SortedFunc(slices.Values(e.Chunks), func(a, b retrieval.Chunk) int { return cmp.Compare(a.Seq, b.Seq) }) {
		counts, tokens := retrieval.WeightedTokens(e, c)
		k := retrieval.IndexedChunk{Seq: c.Seq, Tokens: tokens}
		if len(c.Vector) > 0 {
			k.Unit, d.dim = retrieval.Unit(c.Vector), len(c.Vector)
		}
		d.indexed.Chunks, d.counts = append(d.indexed.Chunks, k), append(d.counts, counts)
		d.bytes += int64(chunkBytes + 4*len(k.Unit) + (postingBytes+8)*len(counts))
	}
	d.indexed.Prepare()
	return d
}

// at returns the change up to which the site is known.
func (x *siteIndex) at() int64 {
	x.mu.RLock()
	defer x.mu.RUnlock()
	return x.seen
}

// apply takes in what has changed, all at once, and returns about how many bytes
// the site takes now.
func (x *siteIndex) apply(n indexNews) int64 {
	x.mu.Lock()
	defer x.mu.Unlock()
	if n.cleared > x.seen || n.last == 0 {
		x.corpus = retrieval.NewCorpus(nil, x.corpus.Weights)
		clear(x.documents)
		clear(x.words)
		clear(x.withDim)
		x.bytes = 0
	}
	gone := make(map[*retrieval.Indexed]bool)
	touched := make(map[*wordList]bool)
	for _, c := range n.changed {
		if old := x.documents[c.id]; old != nil {
			x.remove(old)
			gone[old.indexed] = true
			for _, w := range old.words {
				touched[w] = true
			}
		}
	}
	// Each list once, however many documents of an import were in it.
	for w := range touched {
		w.postings = slices.DeleteFunc(w.postings, func(p retrieval.Posting) bool { return gone[p.Document] })
	}
	for _, c := range n.changed {
		if c.document != nil {
			x.add(c.document)
		}
	}
	for w := range touched {
		if len(w.postings) == 0 {
			delete(x.words, w.word)
			x.bytes -= wordBytes
		}
	}
	x.seen = n.last
	return x.bytes
}

// remove takes a document out, but for its postings.
func (x *siteIndex) remove(d *siteDocument) {
	all := x.corpus.Documents
	last := len(all) - 1
	all[d.place] = all[last]
	x.documents[all[d.place].Document].place = d.place
	all[last] = nil
	x.corpus.Documents = all[:last]
	delete(x.documents, d.indexed.Document)
	x.count(d, -1)
}

func (x *siteIndex) add(d *siteDocument) {
	d.place = len(x.corpus.Documents)
	x.corpus.Documents = append(x.corpus.Documents, d.indexed)
	x.documents[d.indexed.Document] = d
	x.count(d, 1)
	for i, counts := range d.counts {
		for word, weighted := range counts {
			w := x.words[word]
			if w == nil {
				w = &wordList{word: word}
				x.words[word] = w
				x.bytes += wordBytes
			}
			if n := len(w.postings); n == 0 || w.postings[n-1].Document != d.indexed {
				d.words = append(d.words, w)
			}
			w.postings = append(w.postings, retrieval.Posting{Document: d.indexed, Chunk: i, Weighted: weighted})
		}
	}
	d.counts = nil
}

// count adds what d is to the sums, by times 1 or -1.
func (x *siteIndex) count(d *siteDocument, by int) {
	x.bytes += int64(by) * d.bytes
	x.corpus.Chunks.Chunks += by * len(d.indexed.Chunks)
	for _, k := range d.indexed.Chunks {
		x.corpus.Chunks.Tokens += int64(by * k.Tokens)
	}
	if d.dim > 0 {
		if x.withDim[d.dim] += by; x.withDim[d.dim] == 0 {
			delete(x.withDim, d.dim)
		}
	}
}

// search answers q from what is known.
func (x *siteIndex) search(ctx context.Context, q retrieval.Query) ([]retrieval.Passage, error) {
	x.mu.RLock()
	defer x.mu.RUnlock()
	dim := 0
	for d := range x.withDim {
		dim = d // they are of one length
	}
	if err := q.Valid(dim); err != nil {
		return nil, fmt.Errorf("%w: %w", ports.ErrInvalid, err)
	}
	return x.corpus.Search(q, func(token string) ([]retrieval.Posting, error) {
		if w := x.words[token]; w != nil {
			return w.postings, ctx.Err()
		}
		return nil, ctx.Err()
	})
}
