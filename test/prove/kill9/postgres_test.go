package kill9_test

import (
	"fmt"
	"os"
	"testing"

	"github.com/aiwoochat/woochat/test/fakes/pgproxy"
	"github.com/aiwoochat/woochat/test/harness/migrated"
	"github.com/aiwoochat/woochat/test/harness/pgtest"
	"github.com/aiwoochat/woochat/test/harness/served"
	"github.com/aiwoochat/woochat/test/prove/kill9"
)

func TestMain(m *testing.M) {
	os.Exit(pgtest.Main(m, pgtest.Options{TCP: true, FullDurability: true, MaxConnections: 200}))
}

// TestKill9OnPostgres kills servers that reach their database through a proxy
// that cuts connections after the COMMIT was executed, and at any message.
func TestKill9OnPostgres(t *testing.T) {
	seeds, kills := 1, 3
	if os.Getenv("WOOCHAT_PROVE") == "full" {
		seeds, kills = 8, 25 // 200 kills; one seed alone: TESTFLAGS='-run Postgres/seed-3'
	}
	bin := served.Build(t)
	for seed := range seeds {
		t.Run(fmt.Sprintf("seed-%d", seed), func(t *testing.T) {
			d := migrated.Database(t)
			dir, port := d.Server.Socket()
			proxy, err := pgproxy.Start(pgproxy.Options{Upstream: fmt.Sprintf("%s/.s.PGSQL.%d", dir, port), Seed: uint64(seed)})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = proxy.Close() })
			faulty := func(on bool) {
				var f pgproxy.Faults
				if on {
					f = pgproxy.Faults{LostReply: 0.02, LostQuery: 0.005, Cut: 0.0005}
				}
				proxy.SetFaults(f)
			}
			behind := migrated.Settings(func(role string) string {
				url, err := proxy.URL(d.Socket(role))
				if err != nil {
					t.Fatal(err)
				}
				return url
			})
			kill9.Run(t, kill9.Plan{Binary: bin, Dir: t.TempDir(), Seed: uint64(seed) + 500, Kills: kills, Store: behind, Faulty: faulty, Audit: migrated.Settings(d.Socket)})
			t.Logf("the proxy: %+v", proxy.Counts())
			if kills > 3 && proxy.Counts().LostReplies == 0 { // a few kills may meet none
				t.Error("no reply was lost: nothing was tried")
			}
		})
	}
}
