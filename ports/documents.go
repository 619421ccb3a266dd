package ports

import (
	"context"

	"github.com/aiwoochat/woochat/domain/catalog"
	"github.com/aiwoochat/woochat/domain/retrieval"
	"github.com/aiwoochat/woochat/domain/tenant"
)

// DocumentSource is a shop's own feed of products, pages and answers.
type DocumentSource interface {
	// Changes calls visit with what changed after since, oldest first, and
	// returns the cursor after the last change that visit accepted. An error
	// from visit ends the feed and is returned with that cursor, so that the
	// next call resumes there. A change may be delivered more than once. What
	// cannot be read is delivered as a catalog.Rejected, and the feed goes on.
	// ErrInvalid if nothing can be read at all, or since is not a cursor of
	// this source; the error says what is wrong and what to do.
	Changes(ctx context.Context, s tenant.Scope, since catalog.Cursor, visit func(catalog.Change) error) (catalog.Cursor, error)
}

// Documents keeps what the shop says: the truth from which an index is built.
type Documents interface {
	// Put stores d with its chunks (whose vectors are not kept) in place of
	// what there is of d.ID, chunks of every Chunking, and notes that the index must
	// follow, in one step. It changes nothing and returns false if d.Revision is the stored
	// one and d.Shown is too, but that it notes d.Updated and d.Read; and
	// nothing at all if d does not supersede what is stored, as
	// retrieval.Document.Supersedes says. A document that is not Shown is kept
	// without body and chunks. ErrInvalid for chunks of two Chunkings.
	Put(ctx context.Context, s tenant.Scope, d retrieval.Document, chunks []retrieval.Chunk) (changed bool, err error)

	// Pending returns at most limit documents that have not come as far as at,
	// with their chunks of the generation's Chunking (none for one that is not Shown,
	// or has not been cut like that yet: see DocumentChunks): in the generation that
	// is searched the oldest change first, in one that is built in any order. A
	// document that is Shown no more is pending until it was taken out.
	// ErrConflict if at.Generation is neither searched nor built now; see
	// Generations.
	Pending(ctx context.Context, s tenant.Scope, at retrieval.Stage, limit int) ([]PendingDocument, error)

	// Indexed notes that at.Generation holds these revisions (or has taken the
	// documents out), as far as at says. If a document has changed since, it
	// stays pending, and one that is not there is left out. ErrConflict as in
	// Pending; nothing is noted then.
	Indexed(ctx context.Context, s tenant.Scope, at retrieval.Stage, done []retrieval.DocumentRef) error
}

// DocumentBatches stores many documents at once, which costs a durable store
// little more than one of them.
type DocumentBatches interface {
	// PutAll does with each of docs, in their order, what Documents.Put does, in
	// one step: all or none. It returns for each whether that changed anything.
	// Errors as in Put, of one document or of all; ErrInvalid for more than
	// 1,000.
	PutAll(ctx context.Context, s tenant.Scope, docs []PendingDocument) (changed []bool, err error)
}

// DocumentChunks adds the chunks that another generation of the index needs.
type DocumentChunks interface {
	// PutChunks stores the chunks of each of docs beside those of other Chunkings,
	// and returns for each whether it did: not if the document is not there, not
	// Shown, or of another revision now, has chunks of that Chunking already, or is
	// given none.
	// Nothing else changes, and none of the documents is pending for it.
	// ErrInvalid for more than MaxPut, or chunks of two Chunkings or of one Seq in
	// one document; nothing is stored then.
	PutChunks(ctx context.Context, s tenant.Scope, docs []PendingDocument) (stored []bool, err error)
}

// MaxPut is how many documents DocumentBatches, DocumentChunks and IndexBatches put
// at once.
const MaxPut = 1000

// PendingDocument is a document that the index must follow.
type PendingDocument struct {
	Document retrieval.Document
	Chunks   []retrieval.Chunk
}

// Inventory lists what Documents keeps.
type Inventory interface {
	// States returns at most limit documents in the order of their ids,
	// beginning after the given one ("" for the first), those not Shown too. Chunks
	// are counted as in Tally.
	States(ctx context.Context, s tenant.Scope, after retrieval.DocumentID, limit int) ([]retrieval.DocumentState, error)

	// Tally counts them, and their chunks of the generation that is searched.
	Tally(ctx context.Context, s tenant.Scope) (retrieval.Tally, error)
}

// StoredDocuments looks documents up.
type StoredDocuments interface {
	// Stored returns those of ids that Documents keeps, those not Shown too,
	// without Body, in the order of their ids. An id that is asked for twice
	// comes once. ErrInvalid for more than 1,000 ids.
	Stored(ctx context.Context, s tenant.Scope, ids []retrieval.DocumentID) ([]retrieval.Document, error)
}

// MaxStored is how many ids StoredDocuments looks up at once.
const MaxStored = 1000

// Passages loads what a search has found.
type Passages interface {
	// Load returns the passages of refs, in their order, with all fields but
	// Score and Arms: those of a generation that has this Chunking. A ref whose
	// document is gone, is not Shown, has another revision now, or has no such chunk,
	// is left out. Prices and stock are those of the
	// stored facts, never of an index.
	Load(ctx context.Context, s tenant.Scope, c retrieval.Chunking, refs []retrieval.PassageRef) ([]retrieval.Passage, error)
}

// Cursors keeps how far each source of a site has been read.
type Cursors interface {
	// Cursor returns the stored cursor of the source, the zero Cursor if there
	// is none.
	Cursor(ctx context.Context, s tenant.Scope, source string) (catalog.Cursor, error)
	// SaveCursor stores c for the source. It may be as long as 2 MiB: a source can
	// keep in it what it knows of each of its things.
	SaveCursor(ctx context.Context, s tenant.Scope, source string, c catalog.Cursor) error
}

// HTMLText turns HTML into plain text.
type HTMLText interface {
	// Text returns the readable text of html as Markdown that keeps headings,
	// lists and tables. Scripts, styles, comments, navigation and shortcodes
	// that were never expanded are gone. base resolves relative links. Broken
	// HTML gives what can be read; ErrInvalid if it is larger than the adapter
	// takes or nested too deeply.
	Text(html, base string) (string, error)
}

// DocumentTotals counts what Documents keeps, without listing it.
type DocumentTotals interface {
	// Totals counts the site's documents, as they are at one moment, and their chunks
	// as Inventory.Tally does.
	Totals(ctx context.Context, s tenant.Scope) (retrieval.Totals, error)
}
