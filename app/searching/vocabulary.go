package searching

import (
	"context"
	"crypto/sha256"
	"fmt"
	"slices"
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

	mu    sync.Mutex // guards all below, and used of each vocabulary
	sites map[tenant.Scope]*vocabulary
	clock int64 // counts uses
}

type vocabulary struct {
	used int64
	turn chan struct{} // has room for one: who reads the words

	mu    sync.Mutex // guards all below
	known bool
	words shopWords
	of    [sha256.Size]byte // what they were read of: see listed
	until time.Time         // when they are looked at again
}

// shopWords are the words of a shop.
type shopWords struct {
	vocabulary retrieval.Vocabulary // what it calls things
	lexicon    *retrieval.Lexicon   // all that it writes
	languages  retrieval.Languages  // in which languages that is
	synonyms   []retrieval.Synonym  // what it takes for the same; read for each question
	turn       time.Time            // when a sale begins or ends next, zero for never
}

// Words are looked at again after vocabularyLife, or later where that takes
// long, so that it never takes more than one part in vocabularyShare of the time.
// Where the shop's documents are the same as before, its words are, too, until a
// sale begins or ends by the clock: they hold prices. To read them takes seconds
// in a shop of ten thousand products.
// Nobody waits for a store that is silent longer than vocabularyTimeout.
const (
	vocabularyLife     = 5 * time.Second
	vocabularyPatience = 2 * time.Second
	vocabularyTimeout  = 10 * time.Minute
	vocabularyShare    = 20
	vocabularySites    = 500
	vocabularyPage     = 500
)

// of returns the words of a site whose documents are cut by c. One question reads
// them; if there are older ones it waits for vocabularyPatience at most, and others
// do not wait at all. A reading goes on
// when its question is given up: of a shop that takes longer to read than an answer
// may take no question could be answered, ever.
func (v *vocabularies) of(ctx context.Context, s tenant.Scope, c retrieval.Chunking) (shopWords, error) {
	e := v.entry(s)
	words, known, fresh := e.now(v.now())
	switch {
	case fresh:
		return words, nil
	case known:
		select {
		case e.turn <- struct{}{}:
		default:
			return words, nil
		}
	default:
		select {
		case e.turn <- struct{}{}:
		case <-ctx.Done():
			return shopWords{}, fmt.Errorf("vocabulary: %w", ctx.Err())
		}
	}
	began := v.now()
	if words, _, fresh := e.now(began); fresh { // read by who had the turn before
		<-e.turn
		return words, nil
	}
	type reading struct {
		words shopWords
		err   error
	}
	done := make(chan reading, 1)
	go func() {
		var r reading
		defer func() {
			if p := recover(); p != nil { // nobody above would
				r.err = fmt.Errorf("it panicked: %v", p)
			}
			<-e.turn
			done <- r
		}()
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), vocabularyTimeout)
		defer cancel()
		r.words, r.err = v.again(ctx, s, c, e, began)
	}()
	var enough <-chan time.Time
	if known {
		patience := time.NewTimer(vocabularyPatience)
		defer patience.Stop()
		enough = patience.C
	}
	select {
	case <-enough:
		return words, nil
	case r := <-done:
		if r.err != nil {
			return shopWords{}, fmt.Errorf("vocabulary: %w", r.err)
		}
		return r.words, nil
	case <-ctx.Done():
		return shopWords{}, fmt.Errorf("vocabulary: %w", ctx.Err())
	}
}

// now returns the words that there are, whether there are any, and whether they
// need not be looked at.
func (e *vocabulary) now(at time.Time) (words shopWords, known, fresh bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.words, e.known, e.known && at.Before(e.until)
}

// again looks whether the shop has changed, and reads its words anew if it has.
// Who calls it has the turn.
func (v *vocabularies) again(ctx context.Context, s tenant.Scope, c retrieval.Chunking, e *vocabulary, began time.Time) (shopWords, error) {
	listed, refs, err := v.list(ctx, s, c)
	if err != nil {
		return shopWords{}, err
	}
	words, known, _ := e.now(began)
	turned := !words.turn.IsZero() && !began.Before(words.turn) || began.Before(words.vocabulary.At)
	if !known || e.of != listed || turned {
		if words, err = v.read(ctx, s, c, refs); err != nil {
			return shopWords{}, err
		}
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.known, e.words, e.of = true, words, listed
	e.until = began.Add(max(vocabularyLife, vocabularyShare*v.now().Sub(began)))
	return words, nil
}

// entry returns the site's place. It is made if there is none, instead of the one
// that was not used for longest if there are too many.
func (v *vocabularies) entry(s tenant.Scope) *vocabulary {
	v.mu.Lock()
	defer v.mu.Unlock()
	e := v.sites[s]
	if e == nil {
		if len(v.sites) >= vocabularySites {
			var oldest tenant.Scope
			first := v.clock + 1
			for scope, o := range v.sites {
				if o.used < first {
					oldest, first = scope, o.used
				}
			}
			delete(v.sites, oldest)
		}
		e = &vocabulary{turn: make(chan struct{}, 1)}
		v.sites[s] = e
	}
	v.clock++
	e.used = v.clock
	return e
}

// list returns the passages of a shop, and a hash of them: a revision is a hash
// of all that is said.
func (v *vocabularies) list(ctx context.Context, s tenant.Scope, c retrieval.Chunking) (listed [sha256.Size]byte, refs []retrieval.PassageRef, err error) {
	h := sha256.New()
	_, _ = fmt.Fprintln(h, c.Key())
	var after retrieval.DocumentID
	for {
		states, err := v.inventory.States(ctx, s, after, vocabularyPage)
		if err != nil {
			return listed, nil, err
		}
		for _, st := range states {
			after = st.ID
			if !st.Shown {
				continue
			}
			_, _ = fmt.Fprintf(h, "%q %q %d\n", st.ID, st.Revision, st.Chunks)
			for i := range st.Chunks {
				refs = append(refs, retrieval.PassageRef{Document: st.ID, Revision: st.Revision, Seq: i})
			}
		}
		if len(states) < vocabularyPage {
			return [sha256.Size]byte(h.Sum(nil)), refs, nil
		}
	}
}

// read reads the words of these passages.
func (v *vocabularies) read(ctx context.Context, s tenant.Scope, c retrieval.Chunking, refs []retrieval.PassageRef) (shopWords, error) {
	words := shopWords{vocabulary: retrieval.Vocabulary{At: v.now()}, lexicon: &retrieval.Lexicon{}}
	for page := range slices.Chunk(refs, vocabularyPage) {
		ps, err := v.passages.Load(ctx, s, c, page)
		if err != nil {
			return words, err
		}
		for _, p := range ps {
			if p.Ref.Seq == 0 {
				words.vocabulary.Add(p.Title, p.Facts)
				words.lexicon.AddFacts(p.Title, p.Facts)
				words.languages.Add(p.Kind, p.Locale)
				if at := p.Facts.PricesTurn(words.vocabulary.At); !at.IsZero() && (words.turn.IsZero() || at.Before(words.turn)) {
					words.turn = at
				}
			}
			words.lexicon.Add(p.Heading + "\n" + p.Text)
		}
	}
	return words, nil
}
