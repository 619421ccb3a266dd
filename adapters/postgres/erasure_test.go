package postgres_test

import (
	"testing"

	"github.com/aiwoochat/woochat/ports"
	"github.com/aiwoochat/woochat/test/porttest"
)

func TestErasure(t *testing.T) {
	porttest.Erasure(t, func(t *testing.T, now ports.Clock) porttest.ErasureStore {
		d := migrated(t)
		db := opened(t, d, now)
		return porttest.ErasureStore{UsageStore: usageStore(db, d), Conversations: db.Conversations(), Turns: db.Conversations(), Erasure: db.Erasure()}
	})
}
