package spool

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aiwoochat/woochat/adapters/decorated"
	"github.com/aiwoochat/woochat/adapters/sqlite"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/domain/usage"
	"github.com/aiwoochat/woochat/test/porttest"
)

// crashScope names the site to a process that is going to be killed; it works
// in the data folder.
const crashScope = "WOOCHAT_SPOOL_CRASH_TEST_SCOPE"

// TestKilledAtAnyPoint kills a process that settles, spools and replays, again
// and again, at points that nobody chose. Each settlement that it was told to
// be safe is in the ledger once, and no other is there twice.
func TestKilledAtAnyPoint(t *testing.T) {
	if site := os.Getenv(crashScope); site != "" {
		settleUntilKilled(t, site)
		return
	}
	kills := 6
	if testing.Short() {
		kills = 2
	}
	dir := t.TempDir()
	s := makeSite(t, dir)
	safe := map[string]bool{} // by event
	for range kills {
		for _, id := range killOne(t, dir, s) {
			safe[id] = true
		}
	}

	store, l, stop := openBoth(t, dir, nil)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- l.Run(ctx) }()
	deadline := time.Now().Add(30 * time.Second)
	for l.Journal.pending() {
		if time.Now().After(deadline) {
			t.Fatal("the spool was not emptied")
		}
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
	var sum usage.Amounts
	n, after := 0, usage.EventID("")
	calls := map[string]bool{}
	for {
		page, err := store.Events(t.Context(), s, today, today, after, 500)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range page {
			call := fmt.Sprint(e.Reservation, e.CallNo)
			if calls[call] {
				t.Errorf("call %s has two events", call)
			}
			calls[call] = true
			delete(safe, string(e.ID))
			sum, after, n = sum.Plus(e.Spent()), e.ID, n+1
		}
		if len(page) < 500 {
			break
		}
	}
	if len(safe) != 0 {
		t.Errorf("%d settlements were said to be safe and are lost: %v", len(safe), safe)
	}
	days, err := store.Days(t.Context(), s, today, today)
	if err != nil || days[0].Used != sum {
		t.Errorf("the day has %+v, %v, its events %+v", days[0].Used, err, sum)
	}
	t.Logf("%d kills, %d events", kills, n)
	if n == 0 {
		t.Error("nothing was settled")
	}
	stop()
	if b, err := os.ReadFile(filepath.Join(dir, "spool", journalName)); err != nil || len(b) != 0 {
		t.Errorf("the journal has %d bytes, %v", len(b), err)
	}
	if _, err := os.Stat(filepath.Join(dir, "spool", deadName)); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("there are dead letters: %v", err)
	}
}

// killOne lets a process settle for a while, kills it, and returns the events
// that it was told to be safe.
func killOne(t *testing.T, dir string, s tenant.Scope) (safe []string) {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	child := exec.CommandContext(t.Context(), exe, "-test.run=^TestKilledAtAnyPoint$", "-test.timeout=1m")
	child.Env = append(os.Environ(), crashScope+"="+string(s.Tenant)+" "+string(s.Site))
	child.Dir = dir
	child.Stderr = os.Stderr
	stdin, err := child.StdinPipe() // its end would end the child
	if err != nil {
		t.Fatal(err)
	}
	defer stdin.Close()
	stdout, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(stdout)
	for enough := 1 + rand.IntN(60); len(safe) < enough && lines.Scan(); {
		id, ok := strings.CutPrefix(lines.Text(), "safe ")
		if !ok {
			t.Errorf("the process said %q", lines.Text())
			break
		}
		safe = append(safe, id)
	}
	if err := child.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	for lines.Scan() { // what it had said before it died
		if id, ok := strings.CutPrefix(lines.Text(), "safe "); ok && len(id) == len(safe[0]) {
			safe = append(safe, id)
		}
	}
	_ = child.Wait() // says only that it was killed
	return safe
}

func makeSite(t *testing.T, dir string) tenant.Scope {
	t.Helper()
	db, err := sqlite.Open(t.Context(), sqlite.Config{Dir: dir, Now: fixed, NewID: porttest.NewID})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	s := newScope()
	if err := errors.Join(
		db.Accounts().PutTenant(t.Context(), tenant.Tenant{ID: s.Tenant, Name: "Tests"}),
		db.Accounts().PutSite(t.Context(), tenant.Site{ID: s.Site, Tenant: s.Tenant, Name: "Shop", URL: "https://shop.example.com", TimeZone: "UTC"}),
	); err != nil {
		t.Fatal(err)
	}
	return s
}

// openBoth opens the store and the spool of a data folder.
func openBoth(t *testing.T, dir string, around decorated.Around) (*sqlite.Ledger, *Ledger, func()) {
	t.Helper()
	db, err := sqlite.Open(t.Context(), sqlite.Config{Dir: dir, Now: fixed, NewID: porttest.NewID})
	if err != nil {
		t.Fatal(err)
	}
	j, found, err := Open(Config{Dir: filepath.Join(dir, "spool"), Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range found.Damaged {
		if !d.Torn {
			t.Errorf("a kill has damaged the middle of the journal: %+v", d)
		}
	}
	store := db.Ledger()
	c := LedgerConfig{Next: store, Journal: j, Now: time.Now, Base: time.Millisecond, Max: time.Millisecond}
	if around != nil {
		c.Next = decorated.Ledger(store, around)
	}
	l, err := NewLedger(c)
	if err != nil {
		t.Fatal(err)
	}
	return store, l, func() {
		if err := errors.Join(j.Close(), db.Close()); err != nil {
			t.Error(err)
		}
	}
}

// settleUntilKilled settles from several goroutines at a store that mostly does
// not answer: half of the time it has settled all the same.
func settleUntilKilled(t *testing.T, scope string) {
	store, l, _ := openBoth(t, ".", func(ctx context.Context, c decorated.Call, do func(context.Context) error) error {
		switch n := rand.IntN(4); {
		case c.Method != "Settle" || n == 0:
			return do(ctx)
		case n == 1:
			_ = do(ctx)
		}
		return errAway
	})
	tenantID, site, _ := strings.Cut(scope, " ")
	s := tenant.Scope{Tenant: tenant.ID(tenantID), Site: tenant.SiteID(site)}
	go func() { _ = l.Run(t.Context()) }()
	for range 4 {
		go func() {
			for {
				// Admission is the store's here, or the replayer would have nothing to do.
				for most := rand.IntN(20); l.Journal.Status().Pending > most; {
					<-time.After(time.Millisecond) // so that it is emptied now and then
				}
				id := newReservation()
				if err := store.Reserve(t.Context(), s, hold(id, 1000)); err != nil {
					t.Error(err)
					return
				}
				for no := 1; no <= 3; no++ {
					e := eventOf(no, 10, int64(no), no == 3)
					if err := l.Settle(t.Context(), s, id, e); err != nil {
						t.Error(err)
						return
					}
					fmt.Println("safe " + string(e.ID)) // one write, whole
				}
			}
		}()
	}
	_, _ = bufio.NewReader(os.Stdin).ReadByte() // until it is killed, or the parent is gone
}
