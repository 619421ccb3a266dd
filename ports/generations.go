package ports

import (
	"context"
	"time"

	"github.com/aiwoochat/woochat/domain/retrieval"
	"github.com/aiwoochat/woochat/domain/tenant"
)

// Generations keeps in which generation of the index each site is searched, and
// which one is built behind it. It is of the same store as Documents, which
// notes what each of the two still lacks.
type Generations interface {
	// GenerationsOf returns those of the site. A site for which none was begun is
	// searched in generation 0, which has no model.
	GenerationsOf(ctx context.Context, s tenant.Scope) (retrieval.Generations, error)

	// Begin makes of them what retrieval.Generations.Begin says, in one step,
	// and returns them. All Shown documents are pending in a generation that is
	// built from then on; in one to which the site goes Back, those that it does not
	// hold as they are or whose chunks of its Chunking are not stored, and those that
	// it holds and that are not Shown any more.
	// Those that are no longer among them are retired at r.At.
	Begin(ctx context.Context, s tenant.Scope, r retrieval.Rebuild) (retrieval.Generations, error)

	// Switch makes the generation that is built the one that is searched, for
	// every search that asks from then on, and returns them; the other one is
	// Former from at on. No document is pending in it then. To switch to the one
	// that is searched changes nothing. ErrConflict, and nothing is changed, if
	// a document is still pending in it, or it is not the one that is built.
	Switch(ctx context.Context, s tenant.Scope, generation int64, at time.Time) (retrieval.Generations, error)
}

// RetiredGenerations lists the generations that an index may still hold though
// nobody asks for them any more.
type RetiredGenerations interface {
	// Retired returns the numbers of generations of the site that were retired
	// before the given time, the lowest first. One that is Former is not retired.
	Retired(ctx context.Context, s tenant.Scope, before time.Time) ([]int64, error)
	// Forget notes that the index has dropped a retired generation. Chunks of a
	// Chunking that no other generation of the site has are gone then, too. One that
	// is not retired is left as it is, and that is no error.
	Forget(ctx context.Context, s tenant.Scope, generation int64) error
	// Expire retires the site's Former generation at at if it has been that since
	// before the given time: nobody can go back to it then.
	Expire(ctx context.Context, s tenant.Scope, before, at time.Time) error
}

// IndexModel keeps which model's vectors are wanted in the indexes of all sites,
// and how documents are to be cut for them. A server says so when it starts; all
// else, other servers too, goes by it.
type IndexModel interface {
	// WantModel notes the model's name; "" wants none.
	WantModel(ctx context.Context, model string) error
	// WantChunking notes how documents are to be cut.
	WantChunking(ctx context.Context, c retrieval.Chunking) error
	// Wanted returns what was noted last of each; the zero Wanted if nothing was.
	Wanted(ctx context.Context) (retrieval.Wanted, error)
}
