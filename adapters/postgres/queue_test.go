package postgres_test

import (
	"testing"

	"github.com/aiwoochat/woochat/adapters/postgres"
	"github.com/aiwoochat/woochat/ports"
	"github.com/aiwoochat/woochat/test/porttest"
)

func TestQueue(t *testing.T) {
	open := func(t *testing.T, now ports.Clock) porttest.QueueStore {
		d := migrated(t)
		store := func(db *postgres.DB) porttest.QueueStore {
			q := db.Queue()
			return porttest.QueueStore{Queue: q, Jobs: q, Leases: q, NewScope: newScope(d)}
		}
		s := store(opened(t, d, now))
		s.Replica = func(t *testing.T) porttest.QueueStore { return store(opened(t, d, now)) }
		return s
	}
	t.Run("Queue", func(t *testing.T) { porttest.Queue(t, open) })
	t.Run("Jobs", func(t *testing.T) { porttest.Jobs(t, open) })
	t.Run("Leases", func(t *testing.T) { porttest.Leases(t, open) })
}
