package postgres_test

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/aiwoochat/woochat/adapters/postgres"
	"github.com/aiwoochat/woochat/domain/chat"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/ports"
	"github.com/aiwoochat/woochat/test/porttest"
)

// replicas opens one database as two processes would, with one site in it.
func replicas(t *testing.T) ([]*postgres.DB, tenant.Scope) {
	t.Helper()
	d := migrated(t)
	return []*postgres.DB{opened(t, d, noon), opened(t, d, noon)}, newScope(d)(t)
}

// atOnce calls do n times for each process, all at the same time.
func atOnce(dbs []*postgres.DB, n int, do func(i int, db *postgres.DB)) {
	var wg sync.WaitGroup
	gate := make(chan struct{})
	for i := range n * len(dbs) {
		wg.Go(func() {
			<-gate
			do(i, dbs[i%len(dbs)])
		})
	}
	close(gate)
	wg.Wait()
}

// Two processes begin a message once, and tell all others of that one, also if
// the key comes in several of the visitor's conversations.
func TestBeginWithOneKeyInTwoProcesses(t *testing.T) {
	dbs, s := replicas(t)
	for range 10 {
		c := conversation(t, dbs[0], s)
		second := c
		second.ID = chat.ConversationID(chat.ConversationPrefix + porttest.NewID())
		if _, err := dbs[1].Conversations().Open(t.Context(), s, second); err != nil {
			t.Fatal(err)
		}
		begun, told := make([]chat.Turn, 32), make([]chat.MessageID, 32)
		atOnce(dbs, 16, func(i int, db *postgres.DB) {
			m := message([]chat.Conversation{c, second}[i/2%2], "one key")
			var running *chat.InProgressError
			turn, err := db.Conversations().Begin(t.Context(), s, m)
			switch {
			case err == nil:
				begun[i] = turn
			case errors.As(err, &running):
				told[i] = running.Message
			default:
				t.Errorf("Begin: %v", err)
			}
		})
		begun = slices.DeleteFunc(begun, func(m chat.Turn) bool { return m.Message == "" })
		told = slices.DeleteFunc(told, func(id chat.MessageID) bool { return id == "" })
		if len(begun) != 1 || len(told) != 31 {
			t.Fatalf("%d of 32 have begun and %d were told so, want 1 and 31", len(begun), len(told))
		}
		for _, id := range told {
			if id != begun[0].Message {
				t.Fatalf("told of message %s, which is not the one that has begun", id)
			}
		}
	}
}

// Messages that come to two processes at once have a Seq each, without gaps.
func TestBeginWithManyKeysInTwoProcesses(t *testing.T) {
	dbs, s := replicas(t)
	for range 10 {
		c := conversation(t, dbs[0], s)
		seqs := make([]int, 32)
		atOnce(dbs, 16, func(i int, db *postgres.DB) {
			turn, err := db.Conversations().Begin(t.Context(), s, message(c, fmt.Sprint("key ", i)))
			if err != nil {
				t.Errorf("Begin: %v", err)
			}
			seqs[i] = turn.Seq
		})
		slices.Sort(seqs)
		for i, seq := range seqs {
			if seq != i+1 {
				t.Fatalf("Seqs are %v, want 1 to 32", seqs)
			}
		}
	}
}

// Drafts of the same turns in any order, answers and deletions at the same time
// end: nobody waits for another in a circle.
func TestDraftsAndDeletionsTogether(t *testing.T) {
	dbs, a := replicas(t)
	for range 5 {
		c := conversation(t, dbs[0], a)
		var turns []chat.Turn
		for range 12 {
			turn, err := dbs[0].Conversations().Begin(t.Context(), a, message(c, ""))
			if err != nil {
				t.Fatal(err)
			}
			turns = append(turns, turn)
		}
		atOnce(dbs, 6, func(i int, db *postgres.DB) {
			var drafts []ports.ScopedDraft
			for n := range turns {
				turn := turns[(n*5+i*7)%len(turns)]
				drafts = append(drafts, ports.ScopedDraft{Scope: a, Draft: chat.Draft{
					Message: turn.Message, Attempt: 1, Answer: "Yes", LastEvent: int64(i), Lease: turn.Lease.Add(time.Minute),
				}})
			}
			if err := db.Conversations().SaveDrafts(t.Context(), drafts); err != nil {
				t.Errorf("SaveDrafts: %v", err)
			}
			if i%3 == 0 {
				if err := db.Conversations().Delete(t.Context(), a, c.Visitor, c.ID); err != nil {
					t.Errorf("Delete: %v", err)
				}
			}
		})
		if _, err := dbs[0].Conversations().Find(t.Context(), a, c.Visitor, turns[0].Message); !errors.Is(err, ports.ErrNotFound) {
			t.Errorf("Find of what was deleted: %v, want ErrNotFound", err)
		}
	}
}
