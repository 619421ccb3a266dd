package histories

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/aiwoochat/woochat/test/harness/pgtest"
)

func TestMain(m *testing.M) {
	gin.SetMode(gin.ReleaseMode) // or it prints its routes
	os.Exit(pgtest.Main(m, pgtest.Options{Settings: map[string]string{
		// Nothing here is about lost power, and a database lives for some minutes.
		"synchronous_commit": "off", "shared_buffers": "256MB", "max_wal_size": "4GB", "jit": "off", "update_process_title": "off",
	}}))
}

// all is how many histories are lived on each store.
const all = 10_000

// sizes are how many histories one part of the proof lives, which takes a few
// minutes, and how many make test does. One part alone:
// TESTFLAGS='-run Histories/postgres/part-7$'.
func sizes(store string) (part, few uint64) {
	switch store {
	case "memory":
		return 2500, 60
	case "sqlite":
		return 500, 16
	}
	return 200, 8
}

// TestHistories lives 10,000 histories on each store in make prove
// PART=histories, and a few dozen in make test. WOOCHAT_SEED lives that one
// only, such as 7, or those from one to another, such as 501-600.
func TestHistories(t *testing.T) {
	for _, k := range kinds() {
		part, few := sizes(k.name)
		t.Run(k.name, func(t *testing.T) {
			switch text := os.Getenv("WOOCHAT_SEED"); {
			case text != "":
				var from, to uint64
				if n, err := fmt.Sscanf(text, "%d-%d", &from, &to); n == 1 {
					to = from
				} else if err != nil || from > to {
					t.Fatalf("WOOCHAT_SEED is %q, want a number, or two as in 501-600", text)
				}
				histories(t, k, from, to-from+1)
			case full():
				for n := range uint64(all) / part {
					t.Run(fmt.Sprintf("part-%d", n), func(t *testing.T) { histories(t, k, 1+n*part, part) })
				}
			default:
				histories(t, k, 1, few)
			}
		})
	}
}

// Each part is lived in two worlds, one for each of two processors, and in each
// of them by a few shops at a time: they share one worker, and one store, and the
// hours in which nothing happens.
const worlds, shops = 2, 6

// histories lives n histories, the first of which is that of seed.
func histories(t *testing.T, k store, seed, n uint64) {
	t.Helper()
	began := time.Now()
	lived := make([]tally, worlds)
	t.Run("worlds", func(t *testing.T) {
		for i := range uint64(worlds) {
			from, to := seed+n*i/worlds, seed+n*(i+1)/worlds
			if from == to {
				continue
			}
			t.Run(strconv.FormatUint(i+1, 10), func(t *testing.T) {
				t.Parallel()
				lived[i] = inWorld(t, k, from, to-from)
			})
		}
	})
	var all tally
	for _, one := range lived {
		all.add(one)
	}
	t.Logf("%d histories from seed %d in %v: %+v", n, seed, time.Since(began).Round(time.Millisecond), all)
	all.check(t, n)
}

// inWorld lives histories in one world.
func inWorld(t *testing.T, k store, seed, n uint64) tally {
	t.Helper()
	open := k.prepare(t)
	var lived tally
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		w := newWorld(t, open(t))
		ended := make(chan struct{})
		go func() { w.worker.Run(ctx); close(ended) }()
		defer func() { cancel(); <-ended }()
		failed, err := w.live(ctx, seed, n, shops)
		if err != nil {
			t.Error(err)
		}
		for _, f := range failed {
			t.Error(w.shorten(ctx, f))
		}
		lived = w.tally
	})
	return lived
}
