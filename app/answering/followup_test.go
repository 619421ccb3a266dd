package answering_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/aiwoochat/woochat/domain/chat"
	"github.com/aiwoochat/woochat/domain/retrieval"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/ports"
)

// order notes in which order a conversation is read and an index is searched.
type order struct{ did []string }

type readConversations struct {
	ports.Conversations
	*order
}

func (c readConversations) Last(ctx context.Context, s tenant.Scope, v chat.VisitorID, id chat.ConversationID, n int) ([]chat.Turn, error) {
	c.did = append(c.did, "read")
	return c.Conversations.Last(ctx, s, v, id, n)
}

type searched struct {
	ports.Searcher
	*order
}

func (x searched) Search(ctx context.Context, s tenant.Scope, q retrieval.Query) ([]retrieval.Passage, error) {
	x.did = append(x.did, "search")
	return x.Searcher.Search(ctx, s, q)
}

// A follow-up is searched for as it is meant, and the model is given the
// shopper's own words. The conversation is read once, before the search, and
// what is spent is what any question spends.
func TestFollowUp(t *testing.T) {
	did := &order{}
	inWorld(t, func(w *world) {
		w.deps.Conversations = readConversations{w.stores.Conversations, did}
		w.find.Searcher = searched{w.stores.Index, did}
	}, func(w *world) {
		st, err := w.Ask(w.Context(), w.question("Is the Storm Jacket waterproof?"))
		w.must(err)
		w.model.end("The Storm Jacket is waterproof [1].")
		w.all(st)
		did.did = nil

		q := w.question("What does it cost?")
		q.Conversation = st.Conversation()
		st, err = w.Ask(w.Context(), q)
		w.must(err)
		w.model.end("The Storm Jacket costs €97.42 [1].")
		if got := text(w.all(st)); got != "The Storm Jacket costs €97.42 [1]." {
			w.Errorf("said %q", got)
		}
		p := w.model.calls()[1]
		if last := p.Messages[len(p.Messages)-1]; last.Text != "What does it cost?" || p.Question != last.Text {
			w.Errorf("the shopper is said to have asked %q, %q", last.Text, p.Question)
		}
		if p.Meant != "Storm Jacket: What does it cost?" || len(p.Evidence) == 0 || p.Evidence[0].Title != "Storm Jacket" {
			w.Errorf("meant %q, evidence %+v", p.Meant, p.Evidence)
		}
		if slices.ContainsFunc(p.Messages[:1], func(m chat.Message) bool { return strings.Contains(m.Text, p.Meant) }) {
			w.Errorf("what was meant is in the instructions: %q", p.Messages[0].Text)
		}
		if !slices.Equal(did.did, []string{"read", "search"}) {
			w.Errorf("did %v", did.did)
		}
		w.settled(2)
	})
}

// What others said, or the same visitor in another conversation, is not taken
// up.
func TestFollowUpOfNothing(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		st, err := w.Ask(w.Context(), w.question("Is the Storm Jacket waterproof?"))
		w.must(err)
		w.model.end("The Storm Jacket is waterproof [1].")
		w.all(st)

		other := w.question("What does it cost?")
		other.Visitor = chat.VisitorID(chat.VisitorPrefix + "0190b0a4-0000-7000-8000-000000000001")
		for _, q := range []struct {
			name string
			ask  func() *chat.Prompt
		}{
			{"another conversation", func() *chat.Prompt { return w.promptOf("What does it cost?") }},
			{"another visitor", func() *chat.Prompt {
				st, err := w.Ask(w.Context(), other)
				w.must(err)
				w.model.end("It has a price.")
				w.all(st)
				calls := w.model.calls()
				return &calls[len(calls)-1]
			}},
		} {
			if p := q.ask(); p.Meant != "" || len(p.Messages) != 2 {
				w.Errorf("%s: meant %q, %d messages", q.name, p.Meant, len(p.Messages))
			}
		}
	})
}

// A question with slips is answered as it was read, and the model is given the
// shopper's own words.
func TestSlipsAreMeant(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		p := w.promptOf("Is the Storm Jackte waterproof?")
		if p.Meant != "Is the Storm jacket waterproof?" || p.Question != "Is the Storm Jackte waterproof?" {
			w.Errorf("asked %q, meant %q", p.Question, p.Meant)
		}
		if p := w.promptOf("Is the Storm Jacket waterproof?"); p.Meant != "" {
			w.Errorf("meant %q", p.Meant)
		}
	})
}

func (w *world) promptOf(question string) *chat.Prompt {
	w.Helper()
	st, err := w.Ask(w.Context(), w.question(question))
	w.must(err)
	w.model.end("It has a price.")
	w.all(st)
	calls := w.model.calls()
	return &calls[len(calls)-1]
}
