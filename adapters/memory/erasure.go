package memory

import (
	"context"
	"fmt"
	"slices"

	"github.com/aiwoochat/woochat/domain/chat"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/domain/usage"
	"github.com/aiwoochat/woochat/ports"
)

// Erasure forgets shoppers in a store of conversations and a ledger. It is a
// [ports.Erasure]. Make one with NewErasure.
type Erasure struct {
	conversations *Conversations
	ledger        *Ledger
}

var _ ports.Erasure = (*Erasure)(nil)

// NewErasure returns what erases in c and l.
func NewErasure(c *Conversations, l *Ledger) *Erasure { return &Erasure{c, l} }

// Erase implements [ports.Erasure].
func (e *Erasure) Erase(ctx context.Context, s tenant.Scope, v chat.VisitorID, ids []chat.ConversationID) (ports.Erased, error) {
	if err := begin(ctx, s); err != nil {
		return ports.Erased{}, err
	}
	if v == "" && len(ids) == 0 {
		return ports.Erased{}, fmt.Errorf("memory: erase: %w: name a visitor or a conversation", ports.ErrInvalid)
	}
	e.conversations.mu.Lock()
	defer e.conversations.mu.Unlock()
	e.ledger.mu.Lock()
	defer e.ledger.mu.Unlock()

	named := map[chat.ConversationID]bool{}
	for _, id := range ids {
		named[id] = true
	}
	var found []*conversation
	holds := map[usage.ReservationID]bool{}
	for id, c := range e.conversations.conversations {
		if c.scope != s || c.Visitor != v && !named[id] {
			continue
		}
		found, named[id] = append(found, c), true
		for _, t := range c.turns {
			holds[usage.ReservationID(t.Reservation)] = true
		}
	}
	b := e.ledger.book(s)
	for id, r := range b.reservations {
		if r.State == usage.Open && (holds[id] || slices.ContainsFunc(r.Calls, func(c usage.CallState) bool { return named[c.Call.Conversation] })) {
			return ports.Erased{}, fmt.Errorf("memory: erase: %w: %s is not settled yet", ports.ErrConflict, id)
		}
	}
	return e.erase(s, found, named), nil
}

// erase removes found, and the names of what named holds. Both stores are
// locked.
func (e *Erasure) erase(s tenant.Scope, found []*conversation, named map[chat.ConversationID]bool) ports.Erased {
	erased := ports.Erased{Conversations: int64(len(found))}
	for _, c := range found {
		erased.Messages += int64(len(c.turns))
		for _, t := range slices.Clone(c.turns) {
			e.conversations.remove(t)
		}
		delete(e.conversations.conversations, c.ID)
	}
	b := e.ledger.book(s)
	for i := range b.events {
		if ev := &b.events[i]; named[ev.Conversation] {
			ev.Conversation, ev.Message = "", ""
			erased.Events++
		}
	}
	for id, r := range b.reservations {
		r.Calls = slices.Clone(r.Calls)
		for i := range r.Calls {
			if c := &r.Calls[i].Call; named[c.Conversation] {
				c.Conversation, c.Message = "", ""
			}
		}
		b.reservations[id] = r
	}
	return erased
}
