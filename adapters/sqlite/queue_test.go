package sqlite

import (
	"testing"
	"time"

	"github.com/aiwoochat/woochat/ports"
	"github.com/aiwoochat/woochat/test/porttest"
)

func TestQueue(t *testing.T) {
	store := func(db *DB) porttest.QueueStore {
		q := db.Queue()
		return porttest.QueueStore{Queue: q, Jobs: q, Leases: q, NewScope: newSiteOf(db)}
	}
	open := func(t *testing.T, now ports.Clock) porttest.QueueStore {
		dir := migratedDir(t)
		s := store(openWith(t, dir, now))
		s.Replica = func(t *testing.T) porttest.QueueStore { return store(openWith(t, dir, now)) }
		return s
	}
	t.Run("Queue", func(t *testing.T) { porttest.Queue(t, open) })
	t.Run("Jobs", func(t *testing.T) { porttest.Jobs(t, open) })
	t.Run("Leases", func(t *testing.T) { porttest.Leases(t, open) })
}

// A server that begins is the only one of its folder: what another one left
// leased, such as one that was killed, is free.
func TestLeasesOfADeadServer(t *testing.T) {
	dir := migratedDir(t)
	db := openAt(t, dir, false)
	if ok, err := db.Queue().Hold(t.Context(), "embed x", "the dead", time.Hour); err != nil || !ok {
		t.Fatal(ok, err)
	}
	if ok, err := openAt(t, dir, false).Queue().Hold(t.Context(), "embed x", "a command", time.Hour); err != nil || ok {
		t.Errorf("a command has it: %v, %v", ok, err)
	}
	if ok, err := openAt(t, dir, true).Queue().Hold(t.Context(), "embed x", "the server", time.Hour); err != nil || !ok {
		t.Errorf("the next server has it: %v, %v", ok, err)
	}
}
