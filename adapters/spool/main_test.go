package spool

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/aiwoochat/woochat/adapters/decorated"
	"github.com/aiwoochat/woochat/adapters/memory"
	"github.com/aiwoochat/woochat/domain/chat"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/domain/usage"
	"github.com/aiwoochat/woochat/ports"
	"github.com/aiwoochat/woochat/test/porttest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var noon = time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC)

const today usage.Day = "2026-11-28"

func fixed() time.Time { return noon }

func newScope() tenant.Scope {
	return tenant.Scope{Tenant: tenant.ID(tenant.Prefix + porttest.NewID()), Site: tenant.SiteID(tenant.SitePrefix + porttest.NewID())}
}

func newReservation() usage.ReservationID {
	return usage.ReservationID(usage.ReservationPrefix + porttest.NewID())
}

// eventOf returns the event of call no, which took input and output tokens.
func eventOf(no int, input, output int64, last bool) usage.Event {
	e := usage.Event{
		ID: usage.EventID(usage.EventPrefix + porttest.NewID()), CallNo: no, Last: last, Kind: usage.Chat, Model: "m",
		Tokens: chat.Tokens{Input: input, Output: output, CountedBy: chat.ByProvider}, Success: true, At: noon,
	}
	if no == 1 {
		e.ChatRequests = 1
	}
	return e
}

func hold(id usage.ReservationID, tokens int64) usage.Hold {
	return usage.Hold{
		ID: id, Day: today, Want: usage.Amounts{ChatRequests: 1, ChatTokens: tokens}, Limits: usage.NoLimits(),
		Admit: noon, Expires: noon.Add(time.Minute),
	}
}

// records returns n settlements of a site.
func records(n int) []Record {
	s := tenant.Scope{Tenant: "ten_1", Site: "site_1"}
	out := make([]Record, n)
	for i := range out {
		out[i] = Record{Scope: s, Reservation: usage.ReservationID(fmt.Sprintf("res_%d", i)), Event: eventOf(1, 10, int64(i), true), Spooled: noon.Add(time.Duration(i) * time.Second)}
	}
	return out
}

// openAt opens the journal in dir until the test ends.
func openAt(t *testing.T, dir string) (*Journal, Recovered) {
	t.Helper()
	j, found, err := Open(Config{Dir: dir, Now: fixed})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := j.Close(); err != nil {
			t.Error(err)
		}
	})
	return j, found
}

// sink keeps what is published.
type sink struct {
	mu  sync.Mutex
	all []ports.Event
}

func (s *sink) Publish(_ context.Context, _ tenant.Scope, e ports.Event) {
	s.mu.Lock()
	s.all = append(s.all, e)
	s.mu.Unlock()
}

// published returns the events of type E, in order.
func published[E ports.Event](s *sink) (out []E) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, e := range s.all {
		if e, ok := e.(E); ok {
			out = append(out, e)
		}
	}
	return out
}

// world is a spool around a memory ledger, which can be sent away.
type world struct {
	*testing.T
	dir     string
	store   *memory.Ledger
	journal *Journal
	ledger  *Ledger
	events  *sink
	scope   tenant.Scope
	waits   chan time.Duration // of the replayer: one, each time that it begins to wait
	goOn    chan struct{}      // ends such a wait

	mu    sync.Mutex
	away  error // what the store says to all calls, nil if it is there
	lost  bool  // and it has done them
	calls []string
}

func newWorld(t *testing.T, maxBytes int64, script ...decorated.Fault) *world {
	t.Helper()
	w := &world{
		T: t, dir: t.TempDir(), store: memory.NewLedger(fixed, porttest.NewID), events: &sink{}, scope: newScope(),
		waits: make(chan time.Duration), goOn: make(chan struct{}),
	}
	var err error
	if w.journal, _, err = Open(Config{Dir: w.dir, MaxBytes: maxBytes, Now: fixed}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := w.journal.Close(); err != nil {
			t.Error(err)
		}
	})
	w.ledger, err = NewLedger(LedgerConfig{
		Next: decorated.Ledger(w.store, decorated.Faulty(script...), w.switched), Journal: w.journal, Now: fixed, Events: w.events,
		Random: func() float64 { return 1 },
		Wait: func(ctx context.Context, d time.Duration) {
			select {
			case w.waits <- d:
			case <-ctx.Done():
				return
			}
			select {
			case <-w.goOn:
			case <-ctx.Done():
			}
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// switched is in front of the store, and notes what comes through.
func (w *world) switched(ctx context.Context, c decorated.Call, do func(context.Context) error) error {
	w.mu.Lock()
	away, lost := w.away, w.lost
	w.calls = append(w.calls, c.Method)
	w.mu.Unlock()
	if away == nil || lost {
		if err := do(ctx); err != nil {
			return err
		}
	}
	return away
}

// down sends the store away; err nil brings it back.
func (w *world) down(err error) {
	w.mu.Lock()
	w.away = err
	w.mu.Unlock()
}

func (w *world) seen() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.calls)
}

// run replays until the test ends, or stop is called.
func (w *world) run() (stop func()) {
	ctx, cancel := context.WithCancel(w.Context())
	done := make(chan error, 1)
	go func() { done <- w.ledger.Run(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			w.Errorf("Run: %v", err)
		}
	})
	w.Cleanup(stop)
	return stop
}

func (w *world) reserve(tokens int64) usage.ReservationID {
	w.Helper()
	id := newReservation()
	if err := w.ledger.Reserve(w.Context(), w.scope, hold(id, tokens)); err != nil {
		w.Fatalf("Reserve: %v", err)
	}
	return id
}

func (w *world) settle(id usage.ReservationID, e usage.Event) {
	w.Helper()
	if err := w.ledger.Settle(w.Context(), w.scope, id, e); err != nil {
		w.Fatalf("Settle: %v", err)
	}
}

// recorded returns the output tokens of the store's events, in their order.
func (w *world) recorded() (out []int64) {
	w.Helper()
	events, err := w.store.Events(w.Context(), w.scope, today, today, "", 1000)
	if err != nil {
		w.Fatal(err)
	}
	for _, e := range events {
		out = append(out, e.Tokens.Output)
	}
	return out
}

func (w *world) mustRecord(want ...int64) {
	w.Helper()
	if got := w.recorded(); !slices.Equal(got, want) {
		w.Errorf("the store has events of %v tokens, want %v", got, want)
	}
}

func (w *world) file(name string) []byte {
	w.Helper()
	b, err := os.ReadFile(filepath.Join(w.dir, name))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		w.Fatal(err)
	}
	return b
}
