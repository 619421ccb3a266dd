package histories

import (
	"os"
	"testing"
	"time"

	"github.com/aiwoochat/woochat/adapters/memory"
	"github.com/aiwoochat/woochat/adapters/postgres"
	"github.com/aiwoochat/woochat/adapters/sqlite"
	"github.com/aiwoochat/woochat/adapters/system"
	"github.com/aiwoochat/woochat/ports"
	"github.com/aiwoochat/woochat/test/harness/migrated"
)

// stores is all that ingestion keeps.
type stores struct {
	documents interface {
		ports.DocumentBatches
		ports.Documents
		ports.Inventory
		ports.Passages
		ports.Cursors
		ports.StoredDocuments
	}
	index interface {
		ports.IndexBatches
		ports.Indexer
		ports.Searcher
	}
	queue interface {
		ports.Queue
		ports.Jobs
		ports.Leases
	}
	connections interface {
		ports.Connections
		ports.ConnectedSites
		ports.Deliveries
		ports.ConnectStates
	}
	health  ports.SiteHealth
	tenants ports.Tenants
	sites   ports.Sites
}

// store is one kind of stores. prepare does what takes real time and real
// connections; what it returns is called in virtual time.
type store struct {
	name    string
	prepare func(t *testing.T) func(t *testing.T) stores
}

func kinds() []store {
	return []store{{"memory", inMemory}, {"sqlite", onSQLite}, {"postgres", onPostgres}}
}

func inMemory(*testing.T) func(*testing.T) stores {
	return func(*testing.T) stores {
		accounts := memory.NewAccounts()
		return stores{
			documents: memory.NewDocuments(), index: memory.NewIndex(), queue: memory.NewQueue(time.Now),
			connections: memory.NewConnections(accounts, time.Now), health: memory.NewSiteHealth(), tenants: accounts, sites: accounts,
		}
	}
}

func onSQLite(t *testing.T) func(*testing.T) stores {
	dir := folder(t)
	return func(t *testing.T) stores {
		db, err := sqlite.Open(t.Context(), sqlite.Config{Dir: dir, Now: time.Now, NewID: system.NewID})
		if err != nil {
			t.Fatal(err)
		}
		closeAfter(t, db.Close)
		index, err := sqlite.OpenIndex(t.Context(), sqlite.IndexConfig{Dir: dir})
		if err != nil {
			t.Fatal(err)
		}
		closeAfter(t, index.Close)
		return stores{
			documents: db.Documents(), index: index, queue: db.Queue(), connections: db.Connections(), health: db.SiteHealth(),
			tenants: db.Accounts(), sites: db.Accounts(),
		}
	}
}

func onPostgres(t *testing.T) func(*testing.T) stores {
	d := migrated.Database(t)
	return func(t *testing.T) stores {
		db, err := postgres.Open(t.Context(), postgres.Config{
			URL: d.Socket("app_runtime"), LedgerURL: d.Socket("app_ledger"), ServiceURL: d.Socket("app_service"), Now: time.Now, NewID: system.NewID,
			ConnLife: 1000 * 24 * time.Hour, // virtual time flies, and connections take real time
		})
		if err != nil {
			t.Fatal(err)
		}
		closeAfter(t, db.Close)
		return stores{
			documents: db.Documents(), index: db.Index(postgres.IndexConfig{}), queue: db.Queue(), connections: db.Connections(), health: db.SiteHealth(),
			tenants: db.Accounts(), sites: db.Accounts(),
		}
	}
}

// full reports whether all histories are lived, in make prove, and not only
// some of them.
func full() bool { return os.Getenv("WOOCHAT_PROVE") == "full" }

// folder returns a folder for a test. A proof that lives thousands of histories
// takes one in memory if there is one: nothing here is about lost power, and a
// disk takes most of the time.
func folder(t *testing.T) string {
	t.Helper()
	dir := ""
	if full() {
		var err error
		if dir, err = os.MkdirTemp("/dev/shm", "woochat-histories-"); err != nil { //nolint:usetesting // that one is on a disk
			dir = ""
		}
	}
	if dir == "" {
		return t.TempDir()
	}
	closeAfter(t, func() error { return os.RemoveAll(dir) })
	return dir
}

func closeAfter(t *testing.T, end func() error) {
	t.Cleanup(func() {
		if err := end(); err != nil {
			t.Error(err)
		}
	})
}
