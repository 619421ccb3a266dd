package kill9_test

import (
	"fmt"
	"os"
	"testing"

	"github.com/aiwoochat/woochat/test/harness/served"
	"github.com/aiwoochat/woochat/test/prove/kill9"
)

// TestKill9 kills a few times in make test, and for a quarter of an hour in
// make prove PART=kill9.
func TestKill9(t *testing.T) {
	seeds, kills := 1, 3
	if os.Getenv("WOOCHAT_PROVE") == "full" {
		seeds, kills = 12, 25 // about 5 minutes on two cores; one seed alone: TESTFLAGS='-run /seed-3'
	}
	bin := served.Build(t)
	for seed := range seeds {
		t.Run(fmt.Sprintf("seed-%d", seed), func(t *testing.T) {
			kill9.Run(t, kill9.Plan{Binary: bin, Dir: t.TempDir(), Seed: uint64(seed) + 100, Kills: kills})
		})
	}
}
