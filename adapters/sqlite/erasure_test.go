package sqlite

import (
	"testing"

	"github.com/aiwoochat/woochat/ports"
	"github.com/aiwoochat/woochat/test/porttest"
)

func TestErasure(t *testing.T) {
	porttest.Erasure(t, func(t *testing.T, now ports.Clock) porttest.ErasureStore {
		db := openWith(t, migratedDir(t), now)
		return porttest.ErasureStore{UsageStore: usageStore(db), Conversations: db.Conversations(), Turns: db.Conversations(), Erasure: db.Erasure()}
	})
}
