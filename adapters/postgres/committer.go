package postgres

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"
	"github.com/lib/pq/pqerror"

	"github.com/aiwoochat/woochat/ports"
)

// The ledger's calls that wait at the same time are committed together, those of
// all sites: one transaction, one function call, one flush to disk. A call that
// finds nobody waiting goes at once, alone. What this saves is in
// docs/decisions.

// step is a kind of ledger call. A transaction holds calls of one kind only, so
// that its locks are taken in one order; see the functions' file.
type step uint8

const (
	reserve step = iota + 1
	dispatch
	settle
	release
)

// query returns the function call of a step. The texts are constants.
func (s step) query() string {
	switch s {
	case reserve:
		return `select n, outcome, chat_requests, embedding_requests, chat_tokens, embedding_tokens, cost from public.ledger_reserve($1)`
	case dispatch:
		return `select n, outcome from public.ledger_dispatch($1)`
	case settle:
		return `select n, outcome from public.ledger_settle($1)`
	case release:
		return `select n, outcome from public.ledger_release($1)`
	}
	return ""
}

const (
	maxBatch   = 256 // calls in a transaction
	commitTime = 10 * time.Second
)

// errClosed means that the store was closed.
var errClosed = fmt.Errorf("%w: the store is closed", ports.ErrUnavailable)

// outcome is what a function answers for one row. The amounts are those of a
// refused reservation: what was there.
type outcome struct {
	word string
	amounts
}

type reply struct {
	outcome outcome
	err     error
}

// waiting is a call that waits for its commit.
type waiting struct {
	step step
	key  string // the reservation's, once a transaction
	row  []byte // as a JSON object, without its number
	// taken is set by who gets there first: the committer, or the caller who has
	// stopped waiting.
	taken atomic.Bool
	reply chan reply
}

// committer is where calls wait, those of all sites in one queue: a second one
// beside it was tried, and only made the groups smaller.
type committer struct {
	pool *sqlx.DB

	mu     sync.Mutex // guards all below, and running.Add after closed
	queue  []*waiting
	busy   bool // run is at work
	closed bool

	running sync.WaitGroup
}

func newCommitter(pool *sqlx.DB) *committer { return &committer{pool: pool} }

// close waits for the commit under way, and for what waits. Calls that come
// later get errClosed.
func (c *committer) close() {
	c.mu.Lock()
	c.closed = true
	c.mu.Unlock()
	c.running.Wait()
}

// do has a row committed and returns what became of it. If ctx ends while it
// waits, nothing happens; if it ends during the commit, that may yet succeed:
// repeating the call tells.
func (c *committer) do(ctx context.Context, s step, key string, r row) (outcome, error) {
	if err := ctx.Err(); err != nil {
		return outcome{}, err
	}
	// Here, where callers work beside each other, and not where they queue.
	text, err := spell(r)
	if err != nil {
		return outcome{}, err
	}
	w := &waiting{step: s, key: key, row: text, reply: make(chan reply, 1)}
	if err := c.add(w); err != nil {
		return outcome{}, err
	}
	select {
	case r := <-w.reply:
		return r.outcome, r.err
	case <-ctx.Done():
		w.taken.Store(true)
		return outcome{}, ctx.Err()
	}
}

func (c *committer) add(w *waiting) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return errClosed
	}
	c.queue = append(c.queue, w)
	if !c.busy {
		c.busy = true
		c.running.Go(c.run)
	}
	return nil
}

// run commits until nothing waits.
func (c *committer) run() {
	for c.waits() {
		c.turn()
		// Those who have just been answered get to ask again before the next
		// batch is taken: it is larger then, and nobody waits for it.
		runtime.Gosched()
	}
}

// waits reports whether anybody does; if not, run ends.
func (c *committer) waits() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.busy = len(c.queue) > 0
	return c.busy
}

// turn commits a batch. It is taken when its transaction has begun and not
// before: who comes in the meantime goes along.
func (c *committer) turn() {
	// Of its own: those who wait have contexts of theirs, and one may end.
	ctx, cancel := context.WithTimeout(context.Background(), commitTime) //nolint:forbidigo // a batch is nobody's call
	defer cancel()
	tx, err := c.pool.BeginTxx(ctx, nil)
	batch := c.take()
	if err != nil {
		c.answer(ctx, batch, nil, err)
		return
	}
	if len(batch) == 0 { // all have left
		_ = tx.Rollback() // nothing was done in it
		return
	}
	outcomes, err := transaction(ctx, tx, batch)
	c.answer(ctx, batch, outcomes, err)
}

// take returns waiting calls of one step, the oldest first, no reservation twice.
func (c *committer) take() []*waiting {
	c.mu.Lock()
	defer c.mu.Unlock()
	var batch, rest []*waiting
	keys := map[string]bool{}
	for _, w := range c.queue {
		if len(batch) == maxBatch || len(batch) > 0 && w.step != batch[0].step || keys[w.key] {
			keys[w.key] = true // what comes after it for the same one waits, too
			rest = append(rest, w)
			continue
		}
		if w.taken.Swap(true) {
			continue // its caller has left
		}
		keys[w.key] = true
		batch = append(batch, w)
	}
	c.queue = rest
	return batch
}

// answer tells each call of a batch what became of it. If the batch failed by what
// one call of it asks, or waited too long for what one of them needs, each is tried
// alone, so that nobody fails by another's mistake or lock.
func (c *committer) answer(ctx context.Context, batch []*waiting, outcomes []outcome, err error) {
	err = mapped(ctx, err)
	if len(batch) > 1 && (errors.Is(err, ports.ErrInvalid) || errors.Is(err, ports.ErrConflict) || locked(err)) {
		for i := range batch {
			c.alone(batch[i : i+1])
		}
		return
	}
	for i, w := range batch {
		if err != nil {
			w.reply <- reply{err: err}
			continue
		}
		w.reply <- reply{outcome: outcomes[i]}
	}
}

// alone commits a batch of one.
func (c *committer) alone(one []*waiting) {
	ctx, cancel := context.WithTimeout(context.Background(), commitTime) //nolint:forbidigo // see turn
	defer cancel()
	var outcomes []outcome
	tx, err := c.pool.BeginTxx(ctx, nil)
	if err == nil {
		outcomes, err = transaction(ctx, tx, one)
	}
	c.answer(ctx, one, outcomes, err)
}

// locked reports whether err says that a lock was not to be had in time.
func locked(err error) bool {
	server, ok := errors.AsType[*pq.Error](err)
	return ok && server.Code == pqerror.LockNotAvailable
}

// transaction runs one batch and ends tx. It is never repeated here: an answer that
// is lost on the way leaves unknown what became of it, and that is ErrUnavailable.
// Each function looks first for what is there already, so that who repeats the call
// reads back what was committed.
func transaction(ctx context.Context, tx *sqlx.Tx, batch []*waiting) ([]outcome, error) {
	rows := make([][]byte, len(batch))
	for i, w := range batch {
		rows[i] = w.row
	}
	outcomes, err := answers(ctx, tx, batch[0].step, arrayOf(rows), len(batch))
	if err != nil {
		_ = tx.Rollback() // what went wrong is err
		return nil, err
	}
	return outcomes, tx.Commit()
}

// answers calls a step's function and returns its outcomes by number. One without
// a number is that of all.
func answers(ctx context.Context, tx *sqlx.Tx, s step, rows string, n int) (_ []outcome, err error) {
	found, err := tx.QueryContext(ctx, s.query(), rows)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, found.Close()) }()
	outcomes := make([]outcome, n)
	seen := 0
	for found.Next() {
		var at sql.NullInt64
		var o outcome
		into := []any{&at, &o.word}
		if s == reserve {
			into = append(into, &o.ChatRequests, &o.EmbeddingRequests, &o.ChatTokens, &o.EmbeddingTokens, &o.Cost)
		}
		if err := found.Scan(into...); err != nil {
			return nil, err
		}
		if !at.Valid && seen == 0 { // it answers for all
			for i := range outcomes {
				outcomes[i] = o
			}
			seen = n
			continue
		}
		if i := at.Int64; !at.Valid || i < 0 || i >= int64(n) || outcomes[i].word != "" {
			return nil, fmt.Errorf("%w: the ledger's function answered for row %d of %d", ports.ErrUnavailable, at.Int64, n)
		}
		outcomes[at.Int64] = o
		seen++
	}
	if err := found.Err(); err != nil {
		return nil, err
	}
	if seen != n {
		return nil, fmt.Errorf("%w: the ledger's function answered for %d of %d rows", ports.ErrUnavailable, seen, n)
	}
	return outcomes, nil
}
