package memory

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/aiwoochat/woochat/domain/retrieval"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/ports"
)

// Synonyms keeps synonyms in process memory. It is a [ports.Synonyms].
type Synonyms struct {
	mu  sync.RWMutex // guards all
	all map[tenant.Scope][]retrieval.Synonym
}

var _ ports.Synonyms = (*Synonyms)(nil)

// NewSynonyms returns an empty store.
func NewSynonyms() *Synonyms {
	return &Synonyms{all: map[tenant.Scope][]retrieval.Synonym{}}
}

// SynonymsOf implements [ports.Synonyms].
func (y *Synonyms) SynonymsOf(ctx context.Context, s tenant.Scope) ([]retrieval.Synonym, error) {
	if err := begin(ctx, s); err != nil {
		return nil, err
	}
	y.mu.RLock()
	defer y.mu.RUnlock()
	return copied(y.all[s]), nil
}

// PutSynonyms implements [ports.Synonyms].
func (y *Synonyms) PutSynonyms(ctx context.Context, s tenant.Scope, list []retrieval.Synonym) error {
	if err := begin(ctx, s); err != nil {
		return err
	}
	list, err := retrieval.ValidSynonyms(list)
	if err != nil {
		return fmt.Errorf("memory: synonyms of %s: %w: %w", s.Site, ports.ErrInvalid, err)
	}
	y.mu.Lock()
	defer y.mu.Unlock()
	y.all[s] = copied(list)
	return nil
}

func copied(list []retrieval.Synonym) []retrieval.Synonym {
	list = slices.Clone(list)
	for i, s := range list {
		list[i] = retrieval.Synonym{Words: slices.Clone(s.Words), Means: slices.Clone(s.Means)}
	}
	return list
}
