package memory

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/aiwoochat/woochat/domain/catalog"
	"github.com/aiwoochat/woochat/domain/chat"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/ports"
)

// Begin implements [ports.Turns]. The time at which a stored turn decides is
// t.Asked.
func (c *Conversations) Begin(ctx context.Context, s tenant.Scope, t chat.Turn) (chat.Turn, error) {
	if err := begin(ctx, s); err != nil {
		return chat.Turn{}, err
	}
	t = copyTurn(t)
	c.mu.Lock()
	defer c.mu.Unlock()
	conv := c.find(s, t.Visitor, t.Conversation)
	if conv == nil {
		return chat.Turn{}, fmt.Errorf("conversation %s: %w", t.Conversation, ports.ErrNotFound)
	}
	key := turnKey{s, t.Visitor, t.Key}
	if old := c.keys[key]; t.Key != "" && old != nil && !old.Asked.Before(t.Asked.Add(-chat.KeyLife)) {
		retry, err := old.Again(t.BodyHash, t.Asked)
		if err != nil {
			return chat.Turn{}, err
		}
		if retry {
			old.Attempt, old.Reservation, old.Lease = old.Attempt+1, t.Reservation, t.Lease
			// The new attempt begins with nothing said.
			old.Answer, old.Citations, old.Cards, old.LastEvent = "", nil, nil, 0
		}
		return copyTurn(old.Turn), nil
	}
	if c.turns[t.Message] != nil {
		return chat.Turn{}, fmt.Errorf("message %s: %w: it is there already", t.Message, ports.ErrConflict)
	}
	t.Seq = 1
	if n := len(conv.turns); n > 0 {
		t.Seq = conv.turns[n-1].Seq + 1
	}
	stored := &storedTurn{scope: s, Turn: t}
	conv.turns = append(conv.turns, stored)
	c.turns[t.Message] = stored
	if t.Key != "" {
		c.keys[key] = stored
	}
	return copyTurn(t), nil
}

// Finish implements [ports.Turns].
func (c *Conversations) Finish(ctx context.Context, s tenant.Scope, t chat.Turn) error {
	if err := begin(ctx, s); err != nil {
		return err
	}
	if t.State != chat.Done && t.State != chat.Withdrawn {
		return fmt.Errorf("%w: a turn ends done or withdrawn", ports.ErrInvalid)
	}
	t = copyTurn(t)
	c.mu.Lock()
	defer c.mu.Unlock()
	stored := c.turns[t.Message]
	switch {
	case stored == nil || stored.scope != s || stored.Visitor != t.Visitor:
		return fmt.Errorf("message %s: %w", t.Message, ports.ErrNotFound)
	case stored.Attempt != t.Attempt:
		return fmt.Errorf("message %s: %w: attempt %d has begun", t.Message, ports.ErrConflict, stored.Attempt)
	case stored.State == chat.Done:
		if t.State == chat.Done && stored.Answer == t.Answer && stored.Turn.Finish == t.Finish && stored.ErrorCode == t.ErrorCode {
			return nil
		}
		return fmt.Errorf("message %s: %w: it is answered otherwise", t.Message, ports.ErrConflict)
	case t.State == chat.Withdrawn:
		c.remove(stored)
		return nil
	}
	stored.State, stored.Answer, stored.Turn.Finish = chat.Done, t.Answer, t.Finish
	stored.Citations, stored.Cards, stored.Tokens = t.Citations, t.Cards, t.Tokens
	stored.ErrorCode, stored.Notice, stored.LastEvent, stored.Answered = t.ErrorCode, t.Notice, t.LastEvent, t.Answered
	return nil
}

// remove takes t out of its conversation and forgets its key. c.mu is held.
func (c *Conversations) remove(t *storedTurn) {
	conv := c.conversations[t.Conversation]
	conv.turns = slices.DeleteFunc(conv.turns, func(o *storedTurn) bool { return o == t })
	delete(c.turns, t.Message)
	if key := (turnKey{t.scope, t.Visitor, t.Key}); c.keys[key] == t {
		delete(c.keys, key)
	}
}

// Find implements [ports.Turns].
func (c *Conversations) Find(ctx context.Context, s tenant.Scope, v chat.VisitorID, id chat.MessageID) (chat.Turn, error) {
	if err := begin(ctx, s); err != nil {
		return chat.Turn{}, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	t := c.turns[id]
	if t == nil || t.scope != s || t.Visitor != v {
		return chat.Turn{}, fmt.Errorf("message %s: %w", id, ports.ErrNotFound)
	}
	return copyTurn(t.Turn), nil
}

// SaveDrafts implements [ports.Drafts].
func (c *Conversations) SaveDrafts(ctx context.Context, ds []ports.ScopedDraft) error {
	for _, d := range ds {
		if err := d.Scope.Valid(); err != nil {
			return err
		}
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, sd := range ds {
		d := sd.Draft
		t := c.turns[d.Message]
		if t == nil || t.scope != sd.Scope || t.State != chat.Running || t.Attempt != d.Attempt {
			continue
		}
		if d.LastEvent >= t.LastEvent {
			t.Answer, t.LastEvent = d.Answer, d.LastEvent
			t.Citations, t.Cards = slices.Clone(d.Citations), copyCards(d.Cards)
		}
		if d.Lease.After(t.Lease) {
			t.Lease = d.Lease.UTC()
		}
	}
	return nil
}

// copyTurn returns a t that shares nothing with it, its times in UTC.
func copyTurn(t chat.Turn) chat.Turn {
	for _, at := range []*time.Time{&t.Asked, &t.Lease, &t.Answered} {
		*at = at.UTC()
	}
	t.Citations, t.Cards = slices.Clone(t.Citations), copyCards(t.Cards)
	return t
}

func copyCards(cards []chat.Card) []chat.Card {
	cards = slices.Clone(cards)
	for i := range cards {
		cards[i].Attributes, cards[i].AsOf = copyAttributes(cards[i].Attributes), cards[i].AsOf.UTC()
	}
	return cards
}

func copyAttributes(as []catalog.Attribute) []catalog.Attribute {
	as = slices.Clone(as)
	for i := range as {
		as[i].Values = slices.Clone(as[i].Values)
	}
	return as
}
