package porttest_test

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/aiwoochat/woochat/adapters/memory"
	"github.com/aiwoochat/woochat/domain/chat"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/domain/usage"
	"github.com/aiwoochat/woochat/ports"
	"github.com/aiwoochat/woochat/test/porttest"
	"github.com/aiwoochat/woochat/test/porttest/brokentest"
)

type eraseFunc func(context.Context, tenant.Scope, chat.VisitorID, []chat.ConversationID) (ports.Erased, error)

// badErasure erases as its functions say, and shows what they say of events.
type badErasure struct {
	ports.UsageReader
	conversations *memory.Conversations
	good, bad     eraseFunc
	scopes        []tenant.Scope
	done          bool // something was erased
	shown         func([]usage.Event) []usage.Event
}

func (b *badErasure) Erase(ctx context.Context, s tenant.Scope, v chat.VisitorID, ids []chat.ConversationID) (ports.Erased, error) {
	n, err := b.bad(ctx, s, v, ids)
	b.done = b.done || err == nil
	return n, err
}

// Events shows events as b.shown does, once something was erased.
func (b *badErasure) Events(ctx context.Context, s tenant.Scope, first, last usage.Day, after usage.EventID, limit int) ([]usage.Event, error) {
	events, err := b.UsageReader.Events(ctx, s, first, last, after, limit)
	if b.done && b.shown != nil {
		events = b.shown(events)
	}
	return events, err
}

var brokenErasures = []struct {
	name  string
	by    string // the case that must catch it
	spoil func(b *badErasure)
}{
	{"only says so", "a visitor", func(b *badErasure) {
		b.bad = func(_ context.Context, _ tenant.Scope, v chat.VisitorID, ids []chat.ConversationID) (ports.Erased, error) {
			return ports.Erased{Conversations: 2, Messages: 3, Events: 3}, nil
		}
	}},
	{"counts nothing", "a visitor", func(b *badErasure) {
		b.bad = func(ctx context.Context, s tenant.Scope, v chat.VisitorID, ids []chat.ConversationID) (ports.Erased, error) {
			_, err := b.good(ctx, s, v, ids)
			return ports.Erased{}, err
		}
	}},
	{"the message's name stays", "a visitor", func(b *badErasure) {
		b.shown = func(events []usage.Event) []usage.Event {
			for i := range events {
				if events[i].Conversation == "" {
					events[i].Message = chat.MessageID(chat.MessagePrefix + porttest.NewID())
				}
			}
			return events
		}
	}},
	{"whoever is named is left out", "by name", func(b *badErasure) {
		b.bad = func(ctx context.Context, s tenant.Scope, v chat.VisitorID, ids []chat.ConversationID) (ports.Erased, error) {
			if v != "" {
				ids = nil
			}
			return b.good(ctx, s, v, ids)
		}
	}},
	{"what is deleted is forgotten", "deleted before", func(b *badErasure) {
		b.bad = func(ctx context.Context, s tenant.Scope, v chat.VisitorID, ids []chat.ConversationID) (ports.Erased, error) {
			if v == "" && len(ids) > 0 {
				return ports.Erased{Events: 1}, nil
			}
			return b.good(ctx, s, v, ids)
		}
	}},
	{"events go, too", "sums stay", func(b *badErasure) {
		b.shown = func(events []usage.Event) []usage.Event {
			return slices.DeleteFunc(events, func(e usage.Event) bool { return e.Conversation == "" })
		}
	}},
	{"events lose what they cost", "sums stay", func(b *badErasure) {
		b.shown = func(events []usage.Event) []usage.Event {
			for i := range events {
				if events[i].Conversation == "" {
					events[i].Cost = 0
				}
			}
			return events
		}
	}},
	{"events are written anew, at the end", "sums stay", func(b *badErasure) {
		b.shown = func(events []usage.Event) []usage.Event {
			slices.Reverse(events)
			return events
		}
	}},
	{"does not wait for what runs", "under way", func(b *badErasure) {
		b.bad = func(ctx context.Context, s tenant.Scope, v chat.VisitorID, ids []chat.ConversationID) (ports.Erased, error) {
			n, err := b.good(ctx, s, v, ids)
			if errors.Is(err, ports.ErrConflict) {
				err = nil
			}
			return n, err
		}
	}},
	{"does half of it", "under way", func(b *badErasure) {
		b.bad = func(ctx context.Context, s tenant.Scope, v chat.VisitorID, ids []chat.ConversationID) (ports.Erased, error) {
			n, err := b.good(ctx, s, v, ids)
			if errors.Is(err, ports.ErrConflict) {
				for _, id := range ids {
					_ = b.conversations.Delete(ctx, s, v, id)
				}
			}
			return n, err
		}
	}},
	{"gone is an error", "again", func(b *badErasure) {
		b.bad = func(ctx context.Context, s tenant.Scope, v chat.VisitorID, ids []chat.ConversationID) (ports.Erased, error) {
			n, err := b.good(ctx, s, v, ids)
			if err == nil && n == (ports.Erased{}) {
				err = ports.ErrNotFound
			}
			return n, err
		}
	}},
	{"of nobody is nothing", "of nobody", func(b *badErasure) {
		b.bad = func(ctx context.Context, s tenant.Scope, v chat.VisitorID, ids []chat.ConversationID) (ports.Erased, error) {
			n, err := b.good(ctx, s, v, ids)
			if errors.Is(err, ports.ErrInvalid) {
				err = nil
			}
			return n, err
		}
	}},
	{"anybody's", "isolation", func(b *badErasure) {
		b.bad = func(ctx context.Context, s tenant.Scope, v chat.VisitorID, ids []chat.ConversationID) (ports.Erased, error) {
			n, err := b.good(ctx, s, v, ids)
			for _, other := range b.scopes {
				if err == nil && other != s {
					_, err = b.good(ctx, other, v, ids)
				}
			}
			return n, err
		}
	}},
	{"a missing scope is empty", "no scope", func(b *badErasure) {
		b.bad = func(ctx context.Context, s tenant.Scope, v chat.VisitorID, ids []chat.ConversationID) (ports.Erased, error) {
			if s.Valid() != nil {
				return ports.Erased{}, nil
			}
			return b.good(ctx, s, v, ids)
		}
	}},
	{"goes on without its caller", "done context", func(b *badErasure) {
		b.bad = func(ctx context.Context, s tenant.Scope, v chat.VisitorID, ids []chat.ConversationID) (ports.Erased, error) {
			return b.good(context.WithoutCancel(ctx), s, v, ids)
		}
	}},
}

func TestErasureSuiteCatches(t *testing.T) {
	for _, broken := range brokenErasures {
		t.Run(broken.name, func(t *testing.T) {
			brokentest.Caught(t, broken.by, func(t *testing.T) {
				porttest.Erasure(t, func(_ *testing.T, now ports.Clock) porttest.ErasureStore {
					l, c := memory.NewLedger(now, porttest.NewID), memory.NewConversations()
					b := &badErasure{UsageReader: l, conversations: c, good: memory.NewErasure(c, l).Erase}
					b.bad = b.good
					broken.spoil(b)
					newScope := func(t *testing.T) tenant.Scope {
						s := randomScope(t)
						b.scopes = append(b.scopes, s)
						return s
					}
					return porttest.ErasureStore{
						UsageStore:    porttest.UsageStore{Ledger: l, Checkpointer: l, Sweeper: l, UsageReader: b, NewScope: newScope},
						Conversations: c, Turns: c, Erasure: b,
					}
				})
			})
		})
	}
}
