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
	weights retrieval.FusionWeights

	mu        sync.RWMutex // guards all below; a search holds it for reading
	seen      int64        // the change up to which this is complete
	corpus    *retrieval.Corpus
	documents map[retrieval.DocumentID]*siteDocument
	words     map[string]*wordList
	bytes     int64 // about
}

// siteDocument is one document of a siteIndex. What it is made of is not changed
// once it is made.
type siteDocument struct {
	indexed *retrieval.Indexed
	counts  []map[string]float64 // by chunk: each word's weighted count; nil once it is in words
	words   []*wordList          // those that it is in
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
	chunkBytes    = 96
)

func newSiteIndex(w retrieval.FusionWeights) *siteIndex {
	return &siteIndex{
		weights: w, corpus: retrieval.NewCorpus(nil, w),
		documents: make(map[retrieval.DocumentID]*siteDocument), words: make(map[string]*wordList),
	}
}

// newSiteDocument returns e as it is compared.
func newSiteDocument(e retrieval.Entry) *siteDocument {
	d := &siteDocument{indexed: &retrieval.Indexed{Document: e.Document, Revision: e.Revision, Kind: e.Kind, Locale: e.Locale, Title: e.Title, Facts: e.Facts}}
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
			k.Unit = retrieval.Unit(c.Vector)
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
		x.corpus = retrieval.NewCorpus(nil, x.weights)
		clear(x.documents)
		clear(x.words)
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
	var added []*retrieval.Indexed
	for _, c := range n.changed {
		if c.document != nil {
			x.add(c.document)
			added = append(added, c.document.indexed)
		}
	}
	x.corpus.Add(added...)
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
	x.corpus.Remove(d.indexed)
	delete(x.documents, d.indexed.Document)
	x.bytes -= d.bytes
}

// add puts a document in, but not into the corpus.
func (x *siteIndex) add(d *siteDocument) {
	x.documents[d.indexed.Document] = d
	x.bytes += d.bytes
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

// search answers q from what is known.
func (x *siteIndex) search(ctx context.Context, q retrieval.Query) ([]retrieval.Passage, error) {
	x.mu.RLock()
	defer x.mu.RUnlock()
	if err := q.Valid(x.corpus.Dim(nil)); err != nil {
		return nil, fmt.Errorf("%w: %w", ports.ErrInvalid, err)
	}
	return x.corpus.Search(q, func(token string) ([]retrieval.Posting, error) {
		if w := x.words[token]; w != nil {
			return w.postings, ctx.Err()
		}
		return nil, ctx.Err()
	})
}
