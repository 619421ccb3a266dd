package ports

import (
	"context"

	"github.com/aiwoochat/woochat/domain/retrieval"
	"github.com/aiwoochat/woochat/domain/tenant"
)

// Synonyms keeps which words the shops take for the same.
type Synonyms interface {
	// SynonymsOf returns the site's synonyms in the order in which they were put;
	// none for a site to which none were put, and that is no error.
	SynonymsOf(ctx context.Context, s tenant.Scope) ([]retrieval.Synonym, error)
	// PutSynonyms stores list in place of all that the site has, at once; an empty
	// list leaves none. Every SynonymsOf that starts after it returns sees it.
	// ErrInvalid for a list that retrieval.ValidSynonyms refuses; what it tidies is
	// stored tidied. ErrNotFound if the store knows its sites and has none such.
	PutSynonyms(ctx context.Context, s tenant.Scope, list []retrieval.Synonym) error
}
