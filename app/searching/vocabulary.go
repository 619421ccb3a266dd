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

// vocabularies keeps each site's words for a few seconds: they are made from all
// that the site says, and only tell which words are worth a filter and which are
// slips, so being late by that much costs a shopper next to nothing.
type vocabularies struct {
	inventory ports.Inventory
	passages  ports.Passages
	now       ports.Clock

	mu    sync.Mutex // guards sites
	sites map[tenant.Scope]*vocabulary
}

type vocabulary struct {
	mu    sync.Mutex // held while it is made, so that it is made once
	words shopWords
	until time.Time // when it is made again
}

// shopWords are the words of a shop.
type shopWords struct {
	vocabulary retrieval.Vocabulary // what it calls things
	lexicon    *retrieval.Lexicon   // all that it writes
	synonyms   []retrieval.Synonym  // what it takes for the same; read for each question
}

// Words are read again after vocabularyLife, or later where reading them takes
// long, so that it never takes more than one part in vocabularyShare of the time.
const (
	vocabularyLife  = 5 * time.Second
	vocabularyShare = 20
	vocabularySites = 500
	vocabularyPage  = 500
)

func (v *vocabularies) of(ctx context.Context, s tenant.Scope) (shopWords, error) {
	e := v.entry(s)
	e.mu.Lock()
	defer e.mu.Unlock()
	if now := v.now(); !now.Before(e.until) {
		words, err := v.read(ctx, s)
		if err != nil {
			return shopWords{}, fmt.Errorf("vocabulary: %w", err)
		}
		e.words, e.until = words, now.Add(max(vocabularyLife, vocabularyShare*v.now().Sub(now)))
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

func (v *vocabularies) read(ctx context.Context, s tenant.Scope) (shopWords, error) {
	words := shopWords{vocabulary: retrieval.Vocabulary{At: v.now()}, lexicon: &retrieval.Lexicon{}}
	var after retrieval.DocumentID
	for {
		states, err := v.inventory.States(ctx, s, after, vocabularyPage)
		if err != nil {
			return words, err
		}
		var refs []retrieval.PassageRef
		for _, st := range states {
			after = st.ID
			for i := 0; st.Shown && i < st.Chunks; i++ {
				refs = append(refs, retrieval.PassageRef{Document: st.ID, Revision: st.Revision, Seq: i})
			}
		}
		ps, err := v.passages.Load(ctx, s, refs)
		if err != nil {
			return words, err
		}
		for _, p := range ps {
			if p.Ref.Seq == 0 {
				words.vocabulary.Add(p.Title, p.Facts)
				words.lexicon.AddFacts(p.Title, p.Facts)
			}
			words.lexicon.Add(p.Heading + "\n" + p.Text)
		}
		if len(states) < vocabularyPage {
			return words, nil
		}
	}
}
