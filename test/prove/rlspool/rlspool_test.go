package rlspool_test

import (
	"fmt"
	"os"
	"sync"
	"testing"

	"github.com/aiwoochat/woochat/test/harness/pgtest"
	"github.com/aiwoochat/woochat/test/harness/shapes"
	"github.com/aiwoochat/woochat/test/prove/rlspool"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m, pgtest.Options{})) }

// TestPool does some thousand operations in make test, and a million in make
// prove PART=rlspool.
func TestPool(t *testing.T) {
	seeds, operations := 1, 20_000
	if os.Getenv("WOOCHAT_PROVE") == "full" {
		seeds, operations = 10, 100_000 // one seed alone: TESTFLAGS='-run /seed-3'
	}
	if testing.Short() {
		operations = 5_000
	}
	for seed := range seeds {
		t.Run(fmt.Sprintf("seed-%d", seed), func(t *testing.T) {
			d := pgtest.Need(t).Database(t, "rlspool", rlspool.Prepare)
			t.Log(rlspool.Run(t, rlspool.Plan{Database: d, Seed: uint64(seed) + 1, Operations: operations}))
		})
	}
}

// TestPoolSees shows that a wall that is missing does not go unseen.
func TestPoolSees(t *testing.T) {
	for what, hole := range map[string]string{
		"a table without policies":           "alter table usage_events disable row level security",
		"a policy that lets all pass":        "create policy x on sites for select to authenticated using (true)",
		"rows that may be written by others": "create policy x on conversations for insert to app_widget with check (true)",
		"a key of more than one site":        "drop policy key_site on documents",
	} {
		t.Run(what, func(t *testing.T) {
			d := pgtest.Need(t).Database(t, "rlspool", rlspool.Prepare)
			if err := shapes.Run(t.Context(), d.Superuser(), hole); err != nil {
				t.Fatal(err)
			}
			var mu sync.Mutex
			found := ""
			tally := rlspool.Run(t, rlspool.Plan{Database: d, Seed: 1, Operations: 4_000, Report: func(format string, args ...any) {
				mu.Lock()
				defer mu.Unlock()
				found = fmt.Sprintf(format, args...)
			}})
			if tally.Foreign.Load() == 0 {
				t.Errorf("no foreign row is seen: %v %s", tally, found)
			}
		})
	}
}
