package ports

import (
	"context"

	"github.com/aiwoochat/woochat/domain/retrieval"
	"github.com/aiwoochat/woochat/domain/tenant"
)

// Searcher finds passages.
type Searcher interface {
	// Search returns at most q.Limit passages, best first, ties broken by
	// document and chunk, of documents in q.Generation that q.Filter lets
	// through at q.At; a generation to which nothing was put has none.
	// Only Ref, Score and Arms of a passage are set: load the rest from
	// Passages. A document that has one of q.Codes among its retrieval.Codes comes
	// before all others, and so does one whose whole title is q.Text. Finding
	// nothing is not an error, and neither is text of any shape: operators of
	// a query language in q.Text are plain words. Words are matched in any
	// number: a passage need not have all of them. What q.Also says counts as a
	// wanted word of q.Text finds as that word does, but counts less.
	//
	// Arms.Words and Arms.Cosine are the same whatever the limit: how sure an
	// answer is hangs on them.
	//
	// q.Filter.Language asks for the language of Entry.Locale. A document that an
	// index stored before it kept locales is in retrieval.LocaleUnknown.
	//
	// With q.Vector and q.Text both arms are searched and fused by
	// retrieval.Fuse. With neither (and no Codes), all documents that the
	// filter lets through are found, in the order of their ids.
	//
	// With q.Sort, all documents that the filter lets through are put in order,
	// by the price at q.At of the offer that the filter lets through, or by age,
	// rating or weight, before they are cut at q.Limit: those that have all words of q.Text in their title, or
	// else in their fields, one passage each, their first. If none has, that of what is
	// found by relevance is put in order which has nearly as much of the words as the
	// best match. retrieval.Sorted says it in full.
	//
	// ErrInvalid if q.Limit is below 1, q.Also holds what cannot be searched or
	// too much, or q.Vector is not of the length of the generation's vectors or
	// holds NaN or Inf.
	Search(ctx context.Context, s tenant.Scope, q retrieval.Query) ([]retrieval.Passage, error)
}

// Indexer keeps the passages that a Searcher finds. An index can always be
// built again from Documents. Generations of a site stand beside one another and
// know nothing of each other: what is put to one changes nothing in another.
type Indexer interface {
	// Put replaces all that e.Generation holds of e.Document with e, at once: a
	// Search sees the old revision or the new one, never both or neither. A
	// Search that starts after Put returns sees the new one. An Entry without
	// chunks takes the document out; taking out what is not there is no error.
	// ErrInvalid if the vectors are not of one length, or of another than the
	// generation already holds for the site; chunks without vectors are found
	// by words only.
	Put(ctx context.Context, s tenant.Scope, e retrieval.Entry) error

	// Vectors returns the vectors that the generation holds of these documents,
	// each with the key of the text that it was made of
	// (retrieval.EmbeddingText), in any order: what need not be embedded again.
	// Documents that it does not hold are left out.
	Vectors(ctx context.Context, s tenant.Scope, generation int64, documents []retrieval.DocumentID) ([]retrieval.Embedded, error)

	// Drop takes out all that a generation holds. One that is not there is no
	// error.
	Drop(ctx context.Context, s tenant.Scope, generation int64) error
}

// IndexBatches puts many documents to an index at once, which costs one that is
// kept on a disk little more than a few of them.
type IndexBatches interface {
	// PutAll does with each of entries, in their order, what Indexer.Put does, in
	// one step: all or none. Errors as in Put, of one entry or of all; ErrInvalid
	// for more than MaxPut.
	PutAll(ctx context.Context, s tenant.Scope, entries []retrieval.Entry) error
}
