package porttest_test

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/aiwoochat/woochat/adapters/memory"
	"github.com/aiwoochat/woochat/domain/chat"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/ports"
	"github.com/aiwoochat/woochat/test/porttest"
	"github.com/aiwoochat/woochat/test/porttest/brokentest"
)

func freshScope(*testing.T) tenant.Scope {
	return tenant.Scope{Tenant: tenant.ID(tenant.Prefix + porttest.NewID()), Site: tenant.SiteID(tenant.SitePrefix + porttest.NewID())}
}

func freshSite(_ *testing.T, id tenant.ID) tenant.Scope {
	return tenant.Scope{Tenant: id, Site: tenant.SiteID(tenant.SitePrefix + porttest.NewID())}
}

// remembered is what an adapter that forgets to ask whose a thing is would
// find: the first value that was noted for a name.
type remembered[V any] struct {
	mu sync.Mutex // guards m
	m  map[string]V
}

func (r *remembered[V]) note(name string, v V) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.m == nil {
		r.m = map[string]V{}
	}
	if _, known := r.m[name]; !known {
		r.m[name] = v
	}
}

func (r *remembered[V]) set(name string, v V) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.m == nil {
		r.m = map[string]V{}
	}
	r.m[name] = v
}

// of returns what was noted for name, or v.
func (r *remembered[V]) of(name string, v V) V {
	r.mu.Lock()
	defer r.mu.Unlock()
	if noted, ok := r.m[name]; ok {
		return noted
	}
	return v
}

// badChats is a store of conversations that works but for what is set.
type badChats struct {
	good   *memory.Conversations
	open   func(context.Context, tenant.Scope, chat.Conversation) (chat.Conversation, error)
	last   func(context.Context, tenant.Scope, chat.VisitorID, chat.ConversationID, int) ([]chat.Turn, error)
	delete func(context.Context, tenant.Scope, chat.VisitorID, chat.ConversationID) error
	begin  func(context.Context, tenant.Scope, chat.Turn) (chat.Turn, error)
	finish func(context.Context, tenant.Scope, chat.Turn) error
	find   func(context.Context, tenant.Scope, chat.VisitorID, chat.MessageID) (chat.Turn, error)
	drafts func(context.Context, []ports.ScopedDraft) error
	rate   func(context.Context, tenant.Scope, chat.VisitorID, chat.MessageID, chat.Rating, time.Time) error

	unanswered func(context.Context, tenant.Scope, chat.MessageID, int) ([]chat.Turn, error)
}

func newBadChats() *badChats {
	good := memory.NewConversations()
	return &badChats{
		good: good, open: good.Open, last: good.Last, delete: good.Delete, begin: good.Begin, finish: good.Finish,
		find: good.Find, drafts: good.SaveDrafts, rate: good.Rate, unanswered: good.UnansweredQuestions,
	}
}

func (b *badChats) Open(ctx context.Context, s tenant.Scope, c chat.Conversation) (chat.Conversation, error) {
	return b.open(ctx, s, c)
}

func (b *badChats) Last(ctx context.Context, s tenant.Scope, v chat.VisitorID, id chat.ConversationID, n int) ([]chat.Turn, error) {
	return b.last(ctx, s, v, id, n)
}

func (b *badChats) Delete(ctx context.Context, s tenant.Scope, v chat.VisitorID, id chat.ConversationID) error {
	return b.delete(ctx, s, v, id)
}

func (b *badChats) Begin(ctx context.Context, s tenant.Scope, t chat.Turn) (chat.Turn, error) {
	return b.begin(ctx, s, t)
}

func (b *badChats) Finish(ctx context.Context, s tenant.Scope, t chat.Turn) error {
	return b.finish(ctx, s, t)
}

func (b *badChats) Find(ctx context.Context, s tenant.Scope, v chat.VisitorID, id chat.MessageID) (chat.Turn, error) {
	return b.find(ctx, s, v, id)
}

func (b *badChats) SaveDrafts(ctx context.Context, ds []ports.ScopedDraft) error {
	return b.drafts(ctx, ds)
}

func (b *badChats) Rate(ctx context.Context, s tenant.Scope, v chat.VisitorID, id chat.MessageID, r chat.Rating, at time.Time) error {
	return b.rate(ctx, s, v, id, r, at)
}

func (b *badChats) UnansweredQuestions(ctx context.Context, s tenant.Scope, before chat.MessageID, n int) ([]chat.Turn, error) {
	return b.unanswered(ctx, s, before, n)
}

type chatSuite func(*testing.T, func(*testing.T) porttest.ConversationsUnderTest)

// TestConversationSuitesCatch runs the suites on stores that are wrong in one
// way each.
func TestConversationSuitesCatch(t *testing.T) {
	for _, b := range slices.Concat(brokenTurns, brokenConversations, brokenDrafts, brokenFeedback, brokenUnanswered) {
		t.Run(b.name, func(t *testing.T) {
			brokentest.Caught(t, b.by, func(t *testing.T) {
				b.suite(t, func(*testing.T) porttest.ConversationsUnderTest {
					bad := newBadChats()
					b.spoil(bad)
					return porttest.ConversationsUnderTest{
						Conversations: bad, Turns: bad, Drafts: bad, Feedback: bad, Unanswered: bad, NewScope: freshScope, NewSite: freshSite,
					}
				})
			})
		})
	}
}

type brokenChats struct {
	name  string
	suite chatSuite
	by    string // the case that must catch it
	spoil func(b *badChats)
}

var brokenTurns = []brokenChats{
	{"Begin looks for the key first and writes then", porttest.Turns, "one begins", func(b *badChats) {
		var keys remembered[string]
		b.begin = func(ctx context.Context, s tenant.Scope, t chat.Turn) (chat.Turn, error) {
			key := keys.of(t.Key, "")
			runtime.Gosched()
			if key == "" {
				key = porttest.NewID()
				keys.set(t.Key, key)
			}
			t.Key = key
			return b.good.Begin(ctx, s, t)
		}
	}},
	{"Begin takes over twice", porttest.Turns, "one takes over", func(b *badChats) {
		b.begin = func(ctx context.Context, s tenant.Scope, t chat.Turn) (chat.Turn, error) {
			t.Lease = t.Asked.Add(-time.Second) // nobody ever has it
			return b.good.Begin(ctx, s, t)
		}
	}},
	{"Begin never takes over", porttest.Turns, "taken over", func(b *badChats) {
		var asked remembered[time.Time]
		b.begin = func(ctx context.Context, s tenant.Scope, t chat.Turn) (chat.Turn, error) {
			asked.note(t.Key, t.Asked)
			t.Asked = asked.of(t.Key, t.Asked)
			return b.good.Begin(ctx, s, t)
		}
	}},
	{"Begin keeps the lost attempt's draft", porttest.Turns, "taken over", func(b *badChats) {
		var drafts remembered[ports.ScopedDraft]
		b.drafts = func(ctx context.Context, ds []ports.ScopedDraft) error {
			for _, d := range ds {
				drafts.set(string(d.Draft.Message), d)
			}
			return b.good.SaveDrafts(ctx, ds)
		}
		b.begin = func(ctx context.Context, s tenant.Scope, t chat.Turn) (chat.Turn, error) {
			got, err := b.good.Begin(ctx, s, t)
			if d := drafts.of(string(got.Message), ports.ScopedDraft{}); err == nil && d.Draft.Message != "" {
				d.Draft.Attempt = got.Attempt
				return got, b.good.SaveDrafts(ctx, []ports.ScopedDraft{d})
			}
			return got, err
		}
	}},
	{"a take-over keeps the old reservation", porttest.Turns, "taken over", func(b *badChats) {
		var reservations remembered[string]
		b.begin = func(ctx context.Context, s tenant.Scope, t chat.Turn) (chat.Turn, error) {
			got, err := b.good.Begin(ctx, s, t)
			reservations.note(string(got.Message), got.Reservation)
			got.Reservation = reservations.of(string(got.Message), "")
			return got, err
		}
	}},
	{"a key lives for ever", porttest.Turns, "key life", func(b *badChats) {
		b.begin = func(ctx context.Context, s tenant.Scope, t chat.Turn) (chat.Turn, error) {
			if t.Asked.Sub(time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC)) > 12*time.Hour {
				t.Asked = t.Asked.Add(-2 * time.Hour)
			}
			return b.good.Begin(ctx, s, t)
		}
	}},
	{"a key lives for an hour", porttest.Turns, "answered", func(b *badChats) {
		var asked remembered[time.Time]
		b.begin = func(ctx context.Context, s tenant.Scope, t chat.Turn) (chat.Turn, error) {
			asked.note(t.Key, t.Asked)
			if t.Asked.Sub(asked.of(t.Key, t.Asked)) > time.Hour {
				t.Key += "later"
			}
			return b.good.Begin(ctx, s, t)
		}
	}},
	{"a key is the site's and not the visitor's", porttest.Turns, "key by visitor", func(b *badChats) {
		var first remembered[chat.Turn]
		b.begin = func(ctx context.Context, s tenant.Scope, t chat.Turn) (chat.Turn, error) {
			name := string(s.Site) + t.Key
			first.note(name, t)
			of := first.of(name, t)
			t.Visitor, t.Conversation = of.Visitor, of.Conversation
			return b.good.Begin(ctx, s, t)
		}
	}},
	{"a key is the visitor's on all sites", porttest.Turns, "same ids", func(b *badChats) {
		var scope remembered[tenant.Scope]
		var conversation remembered[chat.ConversationID]
		b.begin = func(ctx context.Context, s tenant.Scope, t chat.Turn) (chat.Turn, error) {
			name := string(t.Visitor) + t.Key
			scope.note(name, s)
			conversation.note(name, t.Conversation)
			t.Conversation = conversation.of(name, t.Conversation)
			return b.good.Begin(ctx, scope.of(name, s), t)
		}
	}},
	{"the body is not compared", porttest.Turns, "another body", func(b *badChats) {
		b.begin = func(ctx context.Context, s tenant.Scope, t chat.Turn) (chat.Turn, error) {
			t.BodyHash = ""
			return b.good.Begin(ctx, s, t)
		}
	}},
	{"the message in progress is the new one", porttest.Turns, "in progress", func(b *badChats) {
		b.begin = func(ctx context.Context, s tenant.Scope, t chat.Turn) (chat.Turn, error) {
			got, err := b.good.Begin(ctx, s, t)
			if _, ok := errors.AsType[*chat.InProgressError](err); ok {
				err = &chat.InProgressError{Message: t.Message}
			}
			return got, err
		}
	}},
	{"turns without a key are one turn", porttest.Turns, "no key", func(b *badChats) {
		b.begin = func(ctx context.Context, s tenant.Scope, t chat.Turn) (chat.Turn, error) {
			if t.Key == "" {
				t.Key = "none"
			}
			return b.good.Begin(ctx, s, t)
		}
	}},
	{"Seq counts the visitor's turns", porttest.Turns, "seq", func(b *badChats) {
		var n remembered[int]
		b.begin = func(ctx context.Context, s tenant.Scope, t chat.Turn) (chat.Turn, error) {
			got, err := b.good.Begin(ctx, s, t)
			got.Seq = n.of(string(t.Visitor), 0) + 1
			n.set(string(t.Visitor), got.Seq)
			return got, err
		}
	}},
	{"Begin begins in anybody's conversation", porttest.Turns, "no conversation", func(b *badChats) {
		var owner remembered[chat.VisitorID]
		b.open = func(ctx context.Context, s tenant.Scope, c chat.Conversation) (chat.Conversation, error) {
			owner.note(string(c.ID), c.Visitor)
			return b.good.Open(ctx, s, c)
		}
		b.begin = func(ctx context.Context, s tenant.Scope, t chat.Turn) (chat.Turn, error) {
			t.Visitor = owner.of(string(t.Conversation), t.Visitor)
			return b.good.Begin(ctx, s, t)
		}
	}},
	{"Finish overwrites a later attempt", porttest.Turns, "later attempt", func(b *badChats) {
		b.finish = func(ctx context.Context, s tenant.Scope, t chat.Turn) error {
			if now, err := b.good.Find(ctx, s, t.Visitor, t.Message); err == nil {
				t.Attempt = now.Attempt
			}
			return b.good.Finish(ctx, s, t)
		}
	}},
	{"Finish says nothing of another answer", porttest.Turns, "repeated", func(b *badChats) {
		b.finish = func(ctx context.Context, s tenant.Scope, t chat.Turn) error {
			if err := b.good.Finish(ctx, s, t); !errors.Is(err, ports.ErrConflict) {
				return err
			}
			return nil
		}
	}},
	{"Finish cannot be repeated", porttest.Turns, "repeated", func(b *badChats) {
		b.finish = func(ctx context.Context, s tenant.Scope, t chat.Turn) error {
			if now, err := b.good.Find(ctx, s, t.Visitor, t.Message); err == nil && now.State == chat.Done {
				return ports.ErrConflict
			}
			return b.good.Finish(ctx, s, t)
		}
	}},
	{"a withdrawn turn stays", porttest.Turns, "withdrawn", func(b *badChats) {
		b.finish = func(ctx context.Context, s tenant.Scope, t chat.Turn) error {
			if t.State == chat.Withdrawn {
				return nil
			}
			return b.good.Finish(ctx, s, t)
		}
	}},
	{"a withdrawn turn's seq is lost", porttest.Turns, "withdrawn", func(b *badChats) {
		var more remembered[int]
		b.finish = func(ctx context.Context, s tenant.Scope, t chat.Turn) error {
			if t.State == chat.Withdrawn {
				more.set(string(t.Conversation), more.of(string(t.Conversation), 0)+1)
			}
			return b.good.Finish(ctx, s, t)
		}
		b.begin = func(ctx context.Context, s tenant.Scope, t chat.Turn) (chat.Turn, error) {
			got, err := b.good.Begin(ctx, s, t)
			got.Seq += more.of(string(t.Conversation), 0)
			return got, err
		}
	}},
	{"an answer after the lease is refused", porttest.Turns, "lease over", func(b *badChats) {
		b.finish = func(ctx context.Context, s tenant.Scope, t chat.Turn) error {
			if t.Answered.After(t.Lease) {
				return ports.ErrConflict
			}
			return b.good.Finish(ctx, s, t)
		}
	}},
	{"the notice is not stored", porttest.Turns, "answer", func(b *badChats) {
		b.finish = func(ctx context.Context, s tenant.Scope, t chat.Turn) error {
			t.Notice = ""
			return b.good.Finish(ctx, s, t)
		}
	}},
	{"Find asks not for the visitor", porttest.Turns, "isolation", func(b *badChats) {
		var owner remembered[chat.VisitorID]
		b.begin = func(ctx context.Context, s tenant.Scope, t chat.Turn) (chat.Turn, error) {
			owner.note(string(t.Message), t.Visitor)
			return b.good.Begin(ctx, s, t)
		}
		b.find = func(ctx context.Context, s tenant.Scope, v chat.VisitorID, id chat.MessageID) (chat.Turn, error) {
			return b.good.Find(ctx, s, owner.of(string(id), v), id)
		}
	}},
	{"Find asks not for the site", porttest.Turns, "isolation", func(b *badChats) {
		scope := noteScopes(b)
		b.find = func(ctx context.Context, s tenant.Scope, v chat.VisitorID, id chat.MessageID) (chat.Turn, error) {
			return b.good.Find(ctx, scope.of(string(id), s), v, id)
		}
	}},
	{"Find asks for the tenant and not for the site", porttest.Turns, "isolation", func(b *badChats) {
		scope := noteScopes(b)
		b.find = func(ctx context.Context, s tenant.Scope, v chat.VisitorID, id chat.MessageID) (chat.Turn, error) {
			if of := scope.of(string(id), s); of.Tenant == s.Tenant {
				s = of
			}
			return b.good.Find(ctx, s, v, id)
		}
	}},
	{"Finish asks not for the site", porttest.Turns, "isolation", func(b *badChats) {
		scope := noteScopes(b)
		b.finish = func(ctx context.Context, s tenant.Scope, t chat.Turn) error {
			return b.good.Finish(ctx, scope.of(string(t.Message), s), t)
		}
	}},
	{"an incomplete scope is everybody's", porttest.Turns, "scope", func(b *badChats) {
		scope := noteScopes(b)
		b.find = func(ctx context.Context, s tenant.Scope, v chat.VisitorID, id chat.MessageID) (chat.Turn, error) {
			if s.Valid() != nil {
				s = scope.of(string(id), s)
			}
			return b.good.Find(ctx, s, v, id)
		}
	}},
	{"slices are shared", porttest.Turns, "not kept", func(b *badChats) {
		var found remembered[chat.Turn]
		b.find = func(ctx context.Context, s tenant.Scope, v chat.VisitorID, id chat.MessageID) (chat.Turn, error) {
			t, err := b.good.Find(ctx, s, v, id)
			if err == nil && t.State == chat.Done {
				found.note(string(id), t)
				t = found.of(string(id), t)
			}
			return t, err
		}
	}},
	{"times are local", porttest.Turns, "begin", func(b *badChats) {
		b.find = func(ctx context.Context, s tenant.Scope, v chat.VisitorID, id chat.MessageID) (chat.Turn, error) {
			t, err := b.good.Find(ctx, s, v, id)
			t.Asked = t.Asked.In(time.FixedZone("local", 3600))
			return t, err
		}
	}},
	{"times are cut to seconds", porttest.Turns, "begin", func(b *badChats) {
		b.begin = func(ctx context.Context, s tenant.Scope, t chat.Turn) (chat.Turn, error) {
			t.Asked = t.Asked.Truncate(time.Second)
			return b.good.Begin(ctx, s, t)
		}
	}},
	{"the context is not looked at", porttest.Turns, "done context", func(b *badChats) {
		b.finish = func(ctx context.Context, s tenant.Scope, t chat.Turn) error {
			return b.good.Finish(context.WithoutCancel(ctx), s, t)
		}
	}},
}

// noteScopes lets Begin note whose each message is.
func noteScopes(b *badChats) *remembered[tenant.Scope] {
	var scope remembered[tenant.Scope]
	b.begin = func(ctx context.Context, s tenant.Scope, t chat.Turn) (chat.Turn, error) {
		got, err := b.good.Begin(ctx, s, t)
		if err == nil {
			scope.note(string(got.Message), s)
		}
		return got, err
	}
	return &scope
}

// noteConversations lets Open note whose each conversation is.
func noteConversations(b *badChats) *remembered[tenant.Scope] {
	var scope remembered[tenant.Scope]
	b.open = func(ctx context.Context, s tenant.Scope, c chat.Conversation) (chat.Conversation, error) {
		got, err := b.good.Open(ctx, s, c)
		if err == nil {
			scope.note(string(c.ID), s)
		}
		return got, err
	}
	return &scope
}

var brokenConversations = []brokenChats{
	{"Open returns what it was given", porttest.Conversations, "open", func(b *badChats) {
		b.open = func(ctx context.Context, s tenant.Scope, c chat.Conversation) (chat.Conversation, error) {
			_, err := b.good.Open(ctx, s, c)
			return c, err
		}
	}},
	{"Open opens another visitor's", porttest.Conversations, "another visitor's", func(b *badChats) {
		var owner remembered[chat.VisitorID]
		b.open = func(ctx context.Context, s tenant.Scope, c chat.Conversation) (chat.Conversation, error) {
			owner.note(string(c.ID), c.Visitor)
			c.Visitor = owner.of(string(c.ID), c.Visitor)
			return b.good.Open(ctx, s, c)
		}
	}},
	{"Open opens another site's", porttest.Conversations, "another visitor's", func(b *badChats) {
		var scope remembered[tenant.Scope]
		b.open = func(ctx context.Context, s tenant.Scope, c chat.Conversation) (chat.Conversation, error) {
			scope.note(string(c.ID), s)
			return b.good.Open(ctx, scope.of(string(c.ID), s), c)
		}
	}},
	{"Open looks first and stores then", porttest.Conversations, "one opens", func(b *badChats) {
		var taken remembered[bool]
		b.open = func(ctx context.Context, s tenant.Scope, c chat.Conversation) (chat.Conversation, error) {
			if taken.of(string(c.ID), false) {
				return chat.Conversation{}, ports.ErrNotFound
			}
			runtime.Gosched()
			taken.set(string(c.ID), true)
			if _, err := b.good.Open(ctx, s, c); err != nil && !errors.Is(err, ports.ErrNotFound) {
				return chat.Conversation{}, err
			}
			return c, nil
		}
	}},
	{"Last returns the newest first", porttest.Conversations, "last", func(b *badChats) {
		b.last = func(ctx context.Context, s tenant.Scope, v chat.VisitorID, id chat.ConversationID, n int) ([]chat.Turn, error) {
			turns, err := b.good.Last(ctx, s, v, id, n)
			slices.Reverse(turns)
			return turns, err
		}
	}},
	{"Last returns the first n", porttest.Conversations, "last", func(b *badChats) {
		b.last = func(ctx context.Context, s tenant.Scope, v chat.VisitorID, id chat.ConversationID, n int) ([]chat.Turn, error) {
			turns, err := b.good.Last(ctx, s, v, id, 1000)
			return turns[:min(n, len(turns))], err
		}
	}},
	{"Last sorts by time", porttest.Conversations, "last in order", func(b *badChats) {
		b.last = func(ctx context.Context, s tenant.Scope, v chat.VisitorID, id chat.ConversationID, n int) ([]chat.Turn, error) {
			turns, err := b.good.Last(ctx, s, v, id, n)
			slices.SortFunc(turns, func(a, b chat.Turn) int { return a.Asked.Compare(b.Asked) })
			return turns, err
		}
	}},
	{"Last asks not for the site", porttest.Conversations, "last is the visitor's", func(b *badChats) {
		scope := noteConversations(b)
		b.last = func(ctx context.Context, s tenant.Scope, v chat.VisitorID, id chat.ConversationID, n int) ([]chat.Turn, error) {
			return b.good.Last(ctx, scope.of(string(id), s), v, id, n)
		}
	}},
	{"Delete asks not for the site", porttest.Conversations, "delete is the visitor's", func(b *badChats) {
		scope := noteConversations(b)
		b.delete = func(ctx context.Context, s tenant.Scope, v chat.VisitorID, id chat.ConversationID) error {
			return b.good.Delete(ctx, scope.of(string(id), s), v, id)
		}
	}},
	{"Delete asks not for the visitor", porttest.Conversations, "delete is the visitor's", func(b *badChats) {
		var owner remembered[chat.VisitorID]
		b.open = func(ctx context.Context, s tenant.Scope, c chat.Conversation) (chat.Conversation, error) {
			owner.note(string(c.ID), c.Visitor)
			return b.good.Open(ctx, s, c)
		}
		b.delete = func(ctx context.Context, s tenant.Scope, v chat.VisitorID, id chat.ConversationID) error {
			return b.good.Delete(ctx, s, owner.of(string(id), v), id)
		}
	}},
	{"Delete does nothing", porttest.Conversations, "delete", func(b *badChats) {
		b.delete = func(context.Context, tenant.Scope, chat.VisitorID, chat.ConversationID) error { return nil }
	}},
	{"Delete of what is not there is an error", porttest.Conversations, "delete", func(b *badChats) {
		b.delete = func(ctx context.Context, s tenant.Scope, v chat.VisitorID, id chat.ConversationID) error {
			if turns, err := b.good.Last(ctx, s, v, id, 1); err != nil || len(turns) == 0 {
				return ports.ErrNotFound
			}
			return b.good.Delete(ctx, s, v, id)
		}
	}},
}

var brokenDrafts = []brokenChats{
	{"the last draft wins", porttest.Drafts, "never back", func(b *badChats) {
		var n, event remembered[int64]
		b.drafts = func(ctx context.Context, ds []ports.ScopedDraft) error {
			ds = slices.Clone(ds)
			for i := range ds {
				id := string(ds[i].Draft.Message)
				event.set(id, ds[i].Draft.LastEvent)
				n.set(id, n.of(id, 1000)+1)
				ds[i].Draft.LastEvent = n.of(id, 0)
			}
			return b.good.SaveDrafts(ctx, ds)
		}
		b.find = func(ctx context.Context, s tenant.Scope, v chat.VisitorID, id chat.MessageID) (chat.Turn, error) {
			t, err := b.good.Find(ctx, s, v, id)
			t.LastEvent = event.of(string(id), t.LastEvent)
			return t, err
		}
	}},
	{"the lease is not renewed", porttest.Drafts, "draft", func(b *badChats) {
		b.drafts = func(ctx context.Context, ds []ports.ScopedDraft) error {
			ds = slices.Clone(ds)
			for i := range ds {
				ds[i].Draft.Lease = time.Time{}
			}
			return b.good.SaveDrafts(ctx, ds)
		}
	}},
	{"the attempt is not compared", porttest.Drafts, "skipped", func(b *badChats) {
		var attempt remembered[int]
		b.begin = func(ctx context.Context, s tenant.Scope, t chat.Turn) (chat.Turn, error) {
			got, err := b.good.Begin(ctx, s, t)
			attempt.set(string(got.Message), got.Attempt)
			return got, err
		}
		b.drafts = func(ctx context.Context, ds []ports.ScopedDraft) error {
			ds = slices.Clone(ds)
			for i := range ds {
				ds[i].Draft.Attempt = attempt.of(string(ds[i].Draft.Message), 1)
			}
			return b.good.SaveDrafts(ctx, ds)
		}
	}},
	{"one draft too many fails them all", porttest.Drafts, "skipped", func(b *badChats) {
		scope := noteScopes(b)
		b.drafts = func(ctx context.Context, ds []ports.ScopedDraft) error {
			for _, d := range ds {
				if scope.of(string(d.Draft.Message), tenant.Scope{}).Site == "" {
					return ports.ErrNotFound
				}
			}
			return b.good.SaveDrafts(ctx, ds)
		}
	}},
	{"the site is not compared", porttest.Drafts, "sites together", func(b *badChats) {
		scope := noteScopes(b)
		b.drafts = func(ctx context.Context, ds []ports.ScopedDraft) error {
			ds = slices.Clone(ds)
			for i := range ds {
				ds[i].Scope = scope.of(string(ds[i].Draft.Message), ds[i].Scope)
			}
			return b.good.SaveDrafts(ctx, ds)
		}
	}},
	{"all drafts go to the first one's site", porttest.Drafts, "sites together", func(b *badChats) {
		b.drafts = func(ctx context.Context, ds []ports.ScopedDraft) error {
			ds = slices.Clone(ds)
			for i := range ds {
				ds[i].Scope = ds[0].Scope
			}
			return b.good.SaveDrafts(ctx, ds)
		}
	}},
	{"each draft is a step of its own", porttest.Drafts, "scope", func(b *badChats) {
		b.drafts = func(ctx context.Context, ds []ports.ScopedDraft) error {
			for _, d := range ds {
				if err := b.good.SaveDrafts(ctx, []ports.ScopedDraft{d}); err != nil {
					return err
				}
			}
			return nil
		}
	}},
	{"cards are left out", porttest.Drafts, "draft", func(b *badChats) {
		b.drafts = func(ctx context.Context, ds []ports.ScopedDraft) error {
			ds = slices.Clone(ds)
			for i := range ds {
				ds[i].Draft.Cards = nil
			}
			return b.good.SaveDrafts(ctx, ds)
		}
	}},
}

var brokenFeedback = []brokenChats{
	{"any rating will do", porttest.Feedback, "no rating", func(b *badChats) {
		b.rate = func(ctx context.Context, s tenant.Scope, v chat.VisitorID, id chat.MessageID, _ chat.Rating, at time.Time) error {
			return b.good.Rate(ctx, s, v, id, chat.Good, at)
		}
	}},
	{"a turn is rated once", porttest.Feedback, "rate", func(b *badChats) {
		var rated remembered[bool]
		b.rate = func(ctx context.Context, s tenant.Scope, v chat.VisitorID, id chat.MessageID, r chat.Rating, at time.Time) error {
			if rated.of(string(id), false) {
				return ports.ErrConflict
			}
			rated.set(string(id), true)
			return b.good.Rate(ctx, s, v, id, r, at)
		}
	}},
	{"a running turn is rated", porttest.Feedback, "not done", func(b *badChats) {
		b.rate = func(ctx context.Context, s tenant.Scope, v chat.VisitorID, id chat.MessageID, r chat.Rating, at time.Time) error {
			err := b.good.Rate(ctx, s, v, id, r, at)
			if t, findErr := b.good.Find(ctx, s, v, id); findErr == nil && t.State == chat.Running {
				return nil
			}
			return err
		}
	}},
	{"anybody rates", porttest.Feedback, "isolation", func(b *badChats) {
		var owner remembered[chat.VisitorID]
		b.begin = func(ctx context.Context, s tenant.Scope, t chat.Turn) (chat.Turn, error) {
			owner.note(string(t.Message), t.Visitor)
			return b.good.Begin(ctx, s, t)
		}
		b.rate = func(ctx context.Context, s tenant.Scope, v chat.VisitorID, id chat.MessageID, r chat.Rating, at time.Time) error {
			return b.good.Rate(ctx, s, owner.of(string(id), v), id, r, at)
		}
	}},
	{"any site rates", porttest.Feedback, "isolation", func(b *badChats) {
		scope := noteScopes(b)
		b.rate = func(ctx context.Context, s tenant.Scope, v chat.VisitorID, id chat.MessageID, r chat.Rating, at time.Time) error {
			return b.good.Rate(ctx, scope.of(string(id), s), v, id, r, at)
		}
	}},
}
