package postgres_test

import (
	"testing"

	"github.com/aiwoochat/woochat/ports"
	"github.com/aiwoochat/woochat/test/porttest"
)

func TestRepricings(t *testing.T) {
	porttest.Repricings(t, func(t *testing.T, now ports.Clock) porttest.RepricingStore {
		d := migrated(t)
		db := opened(t, d, now)
		return porttest.RepricingStore{
			UsageStore: usageStore(db, d), Repricings: db.Repricings(),
			Other: func(t *testing.T) ports.Repricings { return opened(t, d, now).Repricings() },
		}
	})
}
