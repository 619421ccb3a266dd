package sqlite

import (
	"testing"

	"github.com/aiwoochat/woochat/ports"
	"github.com/aiwoochat/woochat/test/porttest"
)

func TestRepricings(t *testing.T) {
	porttest.Repricings(t, func(t *testing.T, now ports.Clock) porttest.RepricingStore {
		dir := migratedDir(t)
		db := openWith(t, dir, now)
		return porttest.RepricingStore{
			UsageStore: usageStore(db), Repricings: db.Repricings(),
			Other: func(t *testing.T) ports.Repricings { return openWith(t, dir, now).Repricings() },
		}
	})
}
