package ingestkill_test

import (
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/aiwoochat/woochat/adapters/postgres"
	"github.com/aiwoochat/woochat/adapters/qdrant"
	"github.com/aiwoochat/woochat/adapters/sqlite"
	"github.com/aiwoochat/woochat/adapters/system"
	"github.com/aiwoochat/woochat/ports"
	"github.com/aiwoochat/woochat/test/fakes/qdrantfake"
	"github.com/aiwoochat/woochat/test/harness/migrated"
	"github.com/aiwoochat/woochat/test/harness/pgtest"
	"github.com/aiwoochat/woochat/test/harness/served"
	"github.com/aiwoochat/woochat/test/prove/histories"
	"github.com/aiwoochat/woochat/test/prove/ingestkill"
)

func TestMain(m *testing.M) {
	os.Exit(pgtest.Main(m, pgtest.Options{TCP: true, FullDurability: true, MaxConnections: 200}))
}

// sizes are how many seeds there are, and kills of each: 100 kills on each store
// in make prove PART=ingestkill. One seed alone: TESTFLAGS='-run Postgres/seed-3'.
func sizes() (seeds, kills int) {
	if os.Getenv("WOOCHAT_PROVE") == "full" {
		return 4, 25
	}
	return 1, 3
}

func TestKillsOnSQLite(t *testing.T) {
	t.Parallel() // all wait most of the time: for leases of the killed to run out
	bin := served.Build(t)
	seeds, kills := sizes()
	for seed := range seeds {
		t.Run(fmt.Sprintf("seed-%d", seed), func(t *testing.T) {
			dir := t.TempDir()
			ingestkill.Run(t, ingestkill.Plan{Binary: bin, Dir: dir, Seed: uint64(seed) + 1, Kills: kills, Look: func(t *testing.T) (histories.Index, ports.Jobs) {
				db := embedded(t, dir)
				index, err := sqlite.OpenIndex(t.Context(), sqlite.IndexConfig{Dir: dir})
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { _ = index.Close() })
				return histories.Index{Inventory: db.Documents(), Passages: db.Documents(), Searcher: index}, db.Queue()
			}})
		})
	}
}

// embedded opens the embedded store beside the processes that use it.
func embedded(t *testing.T, dir string) *sqlite.DB {
	t.Helper()
	db, err := sqlite.Open(t.Context(), sqlite.Config{Dir: dir, Now: time.Now, NewID: system.NewID})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// The index is on a server that knows nothing of the store's transactions: what
// a killed process has told one and not the other is told again.
func TestKillsOnQdrant(t *testing.T) {
	t.Parallel()
	bin := served.Build(t)
	seeds, kills := sizes()
	for seed := range seeds {
		t.Run(fmt.Sprintf("seed-%d", seed), func(t *testing.T) {
			server, err := qdrantfake.Start(qdrantfake.Options{})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(server.Close)
			url := "http://" + server.Addr()
			dir := t.TempDir()
			ingestkill.Run(t, ingestkill.Plan{
				Binary: bin, Dir: dir, Seed: uint64(seed) + 100, Kills: kills, Store: map[string]string{"WOOCHAT_QDRANT_URL": url},
				Look: func(t *testing.T) (histories.Index, ports.Jobs) {
					index, err := qdrant.Open(qdrant.Config{URL: url, Now: time.Now})
					if err != nil {
						t.Fatal(err)
					}
					t.Cleanup(func() { _ = index.Close() })
					db := embedded(t, dir)
					return histories.Index{Inventory: db.Documents(), Passages: db.Documents(), Searcher: index}, db.Queue()
				},
			})
		})
	}
}

func TestKillsOnPostgres(t *testing.T) {
	t.Parallel()
	pgtest.Need(t) // before the binary is built for nothing
	bin := served.Build(t)
	seeds, kills := sizes()
	for seed := range seeds {
		t.Run(fmt.Sprintf("seed-%d", seed), func(t *testing.T) {
			d := migrated.Database(t)
			ingestkill.Run(t, ingestkill.Plan{
				Binary: bin, Dir: t.TempDir(), Seed: uint64(seed) + 50, Kills: kills, Store: migrated.Settings(d.Socket),
				Look: func(t *testing.T) (histories.Index, ports.Jobs) {
					db, err := postgres.Open(t.Context(), postgres.Config{
						URL: d.Socket("app_runtime"), LedgerURL: d.Socket("app_ledger"), ServiceURL: d.Socket("app_service"), Now: time.Now, NewID: system.NewID,
					})
					if err != nil {
						t.Fatal(err)
					}
					t.Cleanup(func() { _ = db.Close() })
					return histories.Index{Inventory: db.Documents(), Passages: db.Documents(), Searcher: db.Index(postgres.IndexConfig{})}, db.Queue()
				},
			})
		})
	}
}
