package pricelist

import (
	"context"
	"os"
	"sync"
	"time"

	"github.com/aiwoochat/woochat/domain/usage"
	"github.com/aiwoochat/woochat/ports"
)

// Freshness is how long after a change of its file a Live may still tell the
// prices of before.
const Freshness = 5 * time.Second

// Live is a price table that follows its file, so that an import need not wait
// for the next start. It is a [ports.Prices]. Make one with NewLive; it is safe
// for concurrent use, and runs nothing by itself.
type Live struct {
	config func() (Config, error)
	now    ports.Clock
	failed func(error)

	mu   sync.Mutex // guards all below
	list *List
	seen state
	told string    // the last error that failed was told
	next time.Time // when to look again
}

var _ ports.Prices = (*Live)(nil)

// NewLive reads the tables as New does. config is asked for the configuration
// whenever the file is looked at, since it may come into being or go. A file
// that cannot be read, or has a bad row, changes nothing: the prices of before
// stay, and failed is told, once.
func NewLive(config func() (Config, error), now ports.Clock, failed func(error)) (*Live, error) {
	c, err := config()
	if err != nil {
		return nil, err
	}
	// The state is older than what is read, so that no change is missed.
	seen, err := stateOf(c.File)
	if err != nil {
		return nil, err
	}
	list, err := New(c)
	if err != nil {
		return nil, err
	}
	return &Live{config: config, now: now, failed: failed, list: list, seen: seen, next: now().Add(Freshness)}, nil
}

// PriceOf implements [ports.Prices].
func (l *Live) PriceOf(ctx context.Context, model string, at time.Time) (usage.Price, error) {
	return l.current().PriceOf(ctx, model, at)
}

// current returns the table, read anew if its file has changed.
func (l *Live) current() *List {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	if now.Before(l.next) && l.next.Sub(now) <= Freshness { // a clock may go back
		return l.list
	}
	l.next = now.Add(Freshness)
	if err := l.look(); err == nil {
		l.told = ""
	} else if err.Error() != l.told {
		l.told = err.Error()
		l.failed(err)
	}
	return l.list
}

func (l *Live) look() error {
	c, err := l.config()
	if err != nil {
		return err
	}
	seen, err := stateOf(c.File)
	if err != nil || seen.same(l.seen) {
		return err
	}
	list, err := New(c)
	if err != nil {
		return err // and it is read again the next time
	}
	l.list, l.seen = list, seen
	return nil
}

// state tells whether a file is the one that was read; zero for none.
type state struct {
	name string
	info os.FileInfo
}

func stateOf(file string) (state, error) {
	if file == "" {
		return state{}, nil
	}
	info, err := os.Stat(file)
	return state{file, info}, err
}

func (s state) same(o state) bool {
	if s.name != o.name || s.name == "" {
		return s.name == o.name
	}
	return os.SameFile(s.info, o.info) && s.info.ModTime().Equal(o.info.ModTime()) && s.info.Size() == o.info.Size()
}
