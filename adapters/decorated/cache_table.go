package decorated

import (
	"container/list"
	"context"
	"errors"
	"sync"
	"time"

	"github.com/aiwoochat/woochat/ports"
)

// table is the entries of one kind. What was not found is kept apart, so that
// guesses push out guesses only.
type table[K comparable, V any] struct {
	now ports.Clock

	mu      sync.Mutex // guards all below
	epoch   uint64     // how often it was dropped
	found   lru[K, V]
	missing lru[K, error]
}

func newTable[K comparable, V any](now ports.Clock, size int) *table[K, V] {
	return &table[K, V]{now: now, found: newLRU[K, V](size), missing: newLRU[K, error](max(size/8, 1))}
}

// get returns the entry of key, or loads it, and keeps what it has loaded.
func (t *table[K, V]) get(ctx context.Context, key K, load func(ctx context.Context) (V, error)) (V, error) {
	var none V
	if err := ctx.Err(); err != nil {
		return none, err
	}
	began := t.now()
	v, epoch, err := t.find(key, began)
	if !errors.Is(err, errNotKept) {
		return v, err
	}
	v, err = load(ctx)
	if err == nil || errors.Is(err, ports.ErrNotFound) && ctx.Err() == nil {
		t.keep(key, v, err, began, epoch)
	}
	return v, err
}

// errNotKept says that a table has no fresh entry.
var errNotKept = errors.New("not kept")

// find returns the entry of key if it is fresh at now, else errNotKept and the
// epoch in which it is to be loaded.
func (t *table[K, V]) find(key K, now time.Time) (V, uint64, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	v, ok := t.found.get(key, now, CacheFor)
	if ok {
		return v, t.epoch, nil
	}
	if err, ok := t.missing.get(key, now, CacheMissingFor); ok {
		return v, t.epoch, err
	}
	return v, t.epoch, errNotKept
}

// keep stores what a load that began at began, in epoch, has found. What was
// dropped while it loaded may be older than the change, and is not kept.
func (t *table[K, V]) keep(key K, v V, err error, began time.Time, epoch uint64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.epoch != epoch {
		return
	}
	if err != nil {
		t.missing.put(key, err, began)
		return
	}
	t.found.put(key, v, began)
}

// drop forgets all, also what is being loaded.
func (t *table[K, V]) drop() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.epoch++
	t.found.clear()
	t.missing.clear()
}

// lru keeps the most recently used values. It is not safe for concurrent use.
type lru[K comparable, V any] struct {
	size  int
	order *list.List // of aged[K, V], the most recently used first
	at    map[K]*list.Element
}

type aged[K comparable, V any] struct {
	key   K
	v     V
	since time.Time
}

func newLRU[K comparable, V any](size int) lru[K, V] {
	return lru[K, V]{size: size, order: list.New(), at: map[K]*list.Element{}}
}

// get returns the value of key unless it is older than life. A clock that was
// set back makes a value older than time can tell: it is not believed either.
func (l *lru[K, V]) get(key K, now time.Time, life time.Duration) (V, bool) {
	var none V
	e, ok := l.at[key]
	if !ok {
		return none, false
	}
	a, _ := e.Value.(aged[K, V])
	if age := now.Sub(a.since); age < 0 || age >= life {
		l.remove(key)
		return none, false
	}
	l.order.MoveToFront(e)
	return a.v, true
}

func (l *lru[K, V]) put(key K, v V, since time.Time) {
	l.remove(key)
	l.at[key] = l.order.PushFront(aged[K, V]{key, v, since})
	for l.order.Len() > l.size {
		last, _ := l.order.Back().Value.(aged[K, V])
		l.remove(last.key)
	}
}

func (l *lru[K, V]) remove(key K) {
	if e, ok := l.at[key]; ok {
		l.order.Remove(e)
		delete(l.at, key)
	}
}

func (l *lru[K, V]) clear() {
	l.order.Init()
	clear(l.at)
}
