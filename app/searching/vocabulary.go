package searching

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/aiwoochat/woochat/domain/retrieval"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/ports"
)

// vocabularies keeps each site's vocabulary for a few seconds: it is made from
// all of the site's facts, and only says which words are worth a filter, so
// being late by that much costs a shopper nothing.
type vocabularies struct {
	inventory ports.Inventory
	passages  ports.Passages
	now       ports.Clock

	mu    sync.Mutex // guards sites
	sites map[tenant.Scope]*vocabulary
}

type vocabulary struct {
	mu    sync.Mutex // held while it is made, so that it is made once
	words retrieval.Vocabulary
	made  time.Time
}

const (
	vocabularyLife  = 5 * time.Second
	vocabularySites = 500
	vocabularyPage  = 500
)

func (v *vocabularies) of(ctx context.Context, s tenant.Scope) (retrieval.Vocabulary, error) {
	e := v.entry(s)
	e.mu.Lock()
	defer e.mu.Unlock()
	if now := v.now(); e.made.IsZero() || now.Sub(e.made) >= vocabularyLife {
		words, err := v.read(ctx, s)
		if err != nil {
			return retrieval.Vocabulary{}, fmt.Errorf("vocabulary: %w", err)
		}
		e.words, e.made = words, now
	}
	return e.words, nil
}

func (v *vocabularies) entry(s tenant.Scope) *vocabulary {
	v.mu.Lock()
	defer v.mu.Unlock()
	e := v.sites[s]
	if e == nil {
		for old := range v.sites {
			if len(v.sites) < vocabularySites {
				break
			}
			delete(v.sites, old)
		}
		e = &vocabulary{}
		v.sites[s] = e
	}
	return e
}

func (v *vocabularies) read(ctx context.Context, s tenant.Scope) (retrieval.Vocabulary, error) {
	words := retrieval.Vocabulary{At: v.now()}
	var after retrieval.DocumentID
	for {
		states, err := v.inventory.States(ctx, s, after, vocabularyPage)
		if err != nil {
			return words, err
		}
		var refs []retrieval.PassageRef
		for _, st := range states {
			if after = st.ID; st.Shown && st.Chunks > 0 {
				refs = append(refs, retrieval.PassageRef{Document: st.ID, Revision: st.Revision})
			}
		}
		ps, err := v.passages.Load(ctx, s, refs)
		if err != nil {
			return words, err
		}
		for _, p := range ps {
			words.Add(p.Title, p.Facts)
		}
		if len(states) < vocabularyPage {
			return words, nil
		}
	}
}
