package memory

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aiwoochat/woochat/domain/chat"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/ports"
)

// Conversations keeps conversations and their turns in memory. It is a
// [ports.Conversations], [ports.Turns], [ports.Unanswered], [ports.Drafts] and
// [ports.Feedback].
// What no visitor deletes it keeps for ever.
type Conversations struct {
	mu            sync.Mutex // guards all below, and what they point to
	conversations map[chat.ConversationID]*conversation
	turns         map[chat.MessageID]*storedTurn
	keys          map[turnKey]*storedTurn // the last turn with each key
}

type conversation struct {
	scope tenant.Scope
	chat.Conversation
	turns []*storedTurn // in the order of Seq
}

type storedTurn struct {
	scope tenant.Scope
	chat.Turn
	rating chat.Rating // 0: not rated
	rated  time.Time
}

// turnKey is an Idempotency-Key and whose it is.
type turnKey struct {
	scope   tenant.Scope
	visitor chat.VisitorID
	key     string
}

// NewConversations returns an empty store.
func NewConversations() *Conversations {
	return &Conversations{
		conversations: map[chat.ConversationID]*conversation{},
		turns:         map[chat.MessageID]*storedTurn{},
		keys:          map[turnKey]*storedTurn{},
	}
}

// find returns the visitor's conversation, nil if he has none of that id. c.mu
// is held.
func (c *Conversations) find(s tenant.Scope, v chat.VisitorID, id chat.ConversationID) *conversation {
	if conv := c.conversations[id]; conv != nil && conv.scope == s && conv.Visitor == v {
		return conv
	}
	return nil
}

// Open implements [ports.Conversations].
func (c *Conversations) Open(ctx context.Context, s tenant.Scope, conv chat.Conversation) (chat.Conversation, error) {
	if err := begin(ctx, s); err != nil {
		return chat.Conversation{}, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, taken := c.conversations[conv.ID]; !taken {
		conv.Started = conv.Started.UTC()
		c.conversations[conv.ID] = &conversation{scope: s, Conversation: conv}
	}
	stored := c.find(s, conv.Visitor, conv.ID)
	if stored == nil {
		return chat.Conversation{}, fmt.Errorf("conversation %s: %w", conv.ID, ports.ErrNotFound)
	}
	return stored.Conversation, nil
}

// Last implements [ports.Conversations].
func (c *Conversations) Last(ctx context.Context, s tenant.Scope, v chat.VisitorID, id chat.ConversationID, n int) ([]chat.Turn, error) {
	if err := begin(ctx, s); err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	conv := c.find(s, v, id)
	if conv == nil {
		return nil, nil
	}
	var last []chat.Turn
	for _, t := range slices.Backward(conv.turns) {
		if t.State == chat.Done && len(last) < n {
			last = append(last, copyTurn(t.Turn))
		}
	}
	slices.Reverse(last)
	return last, nil
}

// UnansweredQuestions implements [ports.Unanswered].
func (c *Conversations) UnansweredQuestions(ctx context.Context, s tenant.Scope, before chat.MessageID, n int) ([]chat.Turn, error) {
	if err := begin(ctx, s); err != nil {
		return nil, err
	}
	if n < 1 || before != "" && before.Valid() != nil {
		return nil, fmt.Errorf("%w: %d turns before message %q", ports.ErrInvalid, n, before)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	var out []chat.Turn
	for id, t := range c.turns {
		if t.scope == s && t.State == chat.Done && t.Notice == chat.NoticeNothingFits && (before == "" || id < before) {
			out = append(out, copyTurn(t.Turn))
		}
	}
	slices.SortFunc(out, func(a, b chat.Turn) int { return strings.Compare(string(b.Message), string(a.Message)) })
	return out[:min(n, len(out))], nil
}

// Delete implements [ports.Conversations].
func (c *Conversations) Delete(ctx context.Context, s tenant.Scope, v chat.VisitorID, id chat.ConversationID) error {
	if err := begin(ctx, s); err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	conv := c.find(s, v, id)
	if conv == nil {
		return nil
	}
	for _, t := range slices.Clone(conv.turns) {
		c.remove(t)
	}
	delete(c.conversations, id)
	return nil
}

// Rate implements [ports.Feedback].
func (c *Conversations) Rate(ctx context.Context, s tenant.Scope, v chat.VisitorID, id chat.MessageID, r chat.Rating, at time.Time) error {
	if err := begin(ctx, s); err != nil {
		return err
	}
	if r != chat.Good && r != chat.Bad {
		return fmt.Errorf("%w: rating %d is neither good nor bad", ports.ErrInvalid, r)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	t := c.turns[id]
	if t == nil || t.scope != s || t.Visitor != v || t.State != chat.Done {
		return fmt.Errorf("message %s: %w", id, ports.ErrNotFound)
	}
	t.rating, t.rated = r, at.UTC()
	return nil
}
