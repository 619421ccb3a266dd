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
	// what there is of d.ID, and notes that the index must follow, in one
	// step. It changes nothing and returns false if d.Revision is the stored
	// one and d.Shown is too. A document that is not Shown is kept without
	// body and chunks.
	Put(ctx context.Context, s tenant.Scope, d retrieval.Document, chunks []retrieval.Chunk) (changed bool, err error)

	// Pending returns at most limit documents that the index must follow,
	// oldest change first, with their chunks (none for one that is not Shown).
	Pending(ctx context.Context, s tenant.Scope, limit int) ([]PendingDocument, error)

	// Indexed notes that the index holds the given revision of a document (or
	// has taken it out). If the document has changed since, it stays pending.
	// ErrNotFound if there is no such document.
	Indexed(ctx context.Context, s tenant.Scope, id retrieval.DocumentID, revision string) error
}

// PendingDocument is a document that the index must follow.
type PendingDocument struct {
	Document retrieval.Document
	Chunks   []retrieval.Chunk
}

// Inventory lists what Documents keeps.
type Inventory interface {
	// States returns at most limit documents in the order of their ids,
	// beginning after the given one ("" for the first), those not Shown too.
	States(ctx context.Context, s tenant.Scope, after retrieval.DocumentID, limit int) ([]retrieval.DocumentState, error)
}

// Passages loads what a search has found.
type Passages interface {
	// Load returns the passages of refs, in their order, with all fields but
	// Score and Arms. A ref whose document is gone, is not Shown, or has
	// another revision now is left out. Prices and stock are those of the
	// stored facts, never of an index.
	Load(ctx context.Context, s tenant.Scope, refs []retrieval.PassageRef) ([]retrieval.Passage, error)
}

// Cursors keeps how far each source of a site has been read.
type Cursors interface {
	// Cursor returns the stored cursor of the source, the zero Cursor if there
	// is none.
	Cursor(ctx context.Context, s tenant.Scope, source string) (catalog.Cursor, error)
	// SaveCursor stores c for the source.
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
