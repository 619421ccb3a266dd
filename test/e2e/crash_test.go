package e2e

import (
	"testing"

	"github.com/aiwoochat/woochat/test/harness/served"
	"github.com/aiwoochat/woochat/test/prove/kill9"
)

// TestKilledAtAnyPoint kills the binary 15 times in mid-answer: each call that
// the provider saw is settled exactly once, and nothing stays held. make prove
// PART=kill9 does it 600 times.
func TestKilledAtAnyPoint(t *testing.T) {
	kill9.Run(t, kill9.Plan{Binary: served.Build(t), Dir: t.TempDir(), Seed: 20261123, Kills: 15})
}
