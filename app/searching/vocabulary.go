package searching

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"time"

	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/ports"
)

// vocabularies keeps the words of sites. They are made from all that a site says,
// and only tell which words are worth a filter and which are slips, so being late
// costs a shopper next to nothing and waiting costs him all: where there are words
// they are given, and newer ones are read behind. Make it with newVocabularies.
type vocabularies struct {
	shelf  shelf
	now    ports.Clock
	failed func(context.Context, tenant.Scope, error) // is told of a reading that nobody waited for

	running      sync.WaitGroup // the readings, which outlive the questions that began them
	first, again chan struct{}  // have room for the readings of sites without words, and of others

	mu     sync.Mutex // guards all below, and what sites hold
	closed bool
	sites  map[tenant.Scope]*vocabulary
	clock  int64 // counts uses
}

// vocabulary is what is kept of one site.
type vocabulary struct {
	used    int64
	words   shopWords
	of      [sha256.Size]byte // what they were read of: see shelf.list
	until   time.Time         // when they are looked at again
	reading *reading          // nil: none is under way
}

// reading looks whether the shop has changed, and reads its words if it has.
type reading struct {
	end     context.CancelFunc // ends it early
	done    chan struct{}      // closed at the end
	awaited bool               // somebody is told what came of it; guarded by vocabularies.mu
	words   shopWords          // set at the end, as is err
	err     error
}

// Words are looked at again after vocabularyLife, or later where that takes
// long, so that it never takes more than one part in vocabularyShare of the time.
const (
	vocabularyLife  = 5 * time.Second
	vocabularyShare = 20
	vocabularySites = 500 // whose words are kept
	// At most firstReadings sites without words are read at once, which somebody
	// waits for, and laterReadings with, which nobody does.
	firstReadings = 8
	laterReadings = 2
	// readingTime ends a reading of a store that never answers.
	readingTime = 10 * time.Minute
)

var errClosed = errors.New("searching: the service is closed")

func newVocabularies(s shelf, now ports.Clock, failed func(context.Context, tenant.Scope, error)) *vocabularies {
	return &vocabularies{
		shelf: s, now: now, failed: failed, sites: map[tenant.Scope]*vocabulary{},
		first: make(chan struct{}, firstReadings), again: make(chan struct{}, laterReadings),
	}
}

// close ends all readings.
func (v *vocabularies) close() {
	v.mu.Lock()
	v.closed = true
	for _, e := range v.sites {
		if e.reading != nil {
			e.reading.end()
		}
	}
	v.mu.Unlock()
	v.running.Wait()
}

// get returns the words of a site. Only where there are none it waits for them.
func (v *vocabularies) get(ctx context.Context, s tenant.Scope) (shopWords, error) {
	words, r := v.look(ctx, s, true)
	if r == nil {
		return words, nil
	}
	select {
	case <-r.done:
	case <-ctx.Done():
		return shopWords{}, fmt.Errorf("vocabulary: %w", ctx.Err())
	}
	if r.err != nil {
		return shopWords{}, fmt.Errorf("vocabulary: %w", r.err)
	}
	return r.words, nil
}

// look returns the words that there are of a site or, if there are none, the
// reading that brings them. If they are to be looked at again, it begins that.
// Who calls it for a reading waits for it.
func (v *vocabularies) look(ctx context.Context, s tenant.Scope, waits bool) (shopWords, *reading) {
	v.mu.Lock()
	defer v.mu.Unlock()
	e := v.entry(s)
	if v.now().Before(e.until) {
		return e.words, nil
	}
	if e.reading == nil {
		v.begin(ctx, s, e)
	}
	if e.words.any() {
		return e.words, nil
	}
	e.reading.awaited = e.reading.awaited || waits
	return shopWords{}, e.reading
}

// entry returns the site's place. It is made if there is none, instead of the one
// that was not used for longest if there are too many.
func (v *vocabularies) entry(s tenant.Scope) *vocabulary {
	e := v.sites[s]
	if e == nil {
		if len(v.sites) >= vocabularySites {
			var oldest tenant.Scope
			first := v.clock + 1
			for scope, o := range v.sites {
				if o.used < first && o.reading == nil {
					oldest, first = scope, o.used
				}
			}
			delete(v.sites, oldest)
		}
		e = &vocabulary{}
		v.sites[s] = e
	}
	v.clock++
	e.used = v.clock
	return e
}

// begin begins a reading of e, which is of s, unless there are words and no room:
// the next question tries again.
func (v *vocabularies) begin(ctx context.Context, s tenant.Scope, e *vocabulary) {
	later := e.words.any()
	if later && (v.closed || !took(v.again)) {
		return
	}
	ctx, end := context.WithTimeout(context.WithoutCancel(ctx), readingTime)
	r := &reading{end: end, done: make(chan struct{})}
	e.reading = r
	if v.closed {
		end()
		r.err = errClosed
		close(r.done)
		return
	}
	v.running.Go(func() {
		defer end()
		room := v.again
		if !later {
			room = v.first
			select {
			case room <- struct{}{}:
			case <-ctx.Done():
				v.finish(ctx, s, e, r, ctx.Err())
				return
			}
		}
		defer func() { <-room }()
		v.finish(ctx, s, e, r, v.read(ctx, s, e, r))
	})
}

// took reports whether room had a place, which is taken now.
func took(room chan struct{}) bool {
	select {
	case room <- struct{}{}:
		return true
	default:
		return false
	}
}

// finish ends r, which is of e. An error is told once: to who waits, or else by
// failed.
func (v *vocabularies) finish(ctx context.Context, s tenant.Scope, e *vocabulary, r *reading, err error) {
	v.mu.Lock()
	e.reading = nil
	if err != nil && e.words.any() {
		e.until = v.now().Add(vocabularyLife)
	}
	told := r.awaited || v.closed
	if err != nil && v.closed {
		err = errClosed
	}
	v.mu.Unlock()
	r.err = err
	close(r.done)
	if err != nil && !told {
		v.failed(ctx, s, err)
	}
}

// read looks whether the shop has changed, and reads its words anew if it has. A
// panic is an error, so that it ends nothing else.
func (v *vocabularies) read(ctx context.Context, s tenant.Scope, e *vocabulary, r *reading) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	began := v.now()
	c, listed, refs, err := v.shelf.list(ctx, s)
	if err != nil {
		return err
	}
	v.mu.Lock()
	words, same := e.words, e.of == listed
	v.mu.Unlock()
	if !same || !words.any() {
		if words, err = v.shelf.read(ctx, s, c, refs); err != nil {
			return err
		}
	}
	r.words = words
	v.mu.Lock()
	defer v.mu.Unlock()
	e.words, e.of, e.until = words, listed, began
	if words.any() { // a shop that says nothing yet is looked at for each question
		e.until = began.Add(max(vocabularyLife, vocabularyShare*v.now().Sub(began)))
	}
	return nil
}
