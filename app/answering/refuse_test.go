package answering_test

import (
	"strings"
	"testing"

	"github.com/aiwoochat/woochat/domain/chat"
)

// What the shop has nothing on is refused without a model: one message, no
// tokens, and the shop's contact address.
func TestNothingFitsAsksNoModel(t *testing.T) {
	inWorld(t, withFallback, func(w *world) {
		const contact = "https://shop.example.com/contact/"
		w.site.ContactURL = contact
		w.must(w.stores.Accounts.PutSite(w.Context(), w.site))
		st, err := w.Ask(w.Context(), w.question("Who won the world cup?"))
		w.must(err)
		events := w.all(st)
		if got := text(events); got != chat.NothingFits("en", contact) {
			w.Errorf("said %q", got)
		}
		if end := last(events); end.Finish != chat.Complete || end.Notice != chat.NoticeNothingFits || events[len(events)-2].Kind != chat.EventDelta {
			w.Errorf("events %+v", events)
		}
		if n := len(w.model.calls()); n != 0 {
			w.Errorf("the model was asked %d times", n)
		}
		if e := w.settled(1)[0]; e.ChatRequests != 1 || e.Tokens.Total() != 0 || e.Cost != 0 || e.Model != "quotes" || e.ErrorCode != "" {
			w.Errorf("settled %+v", e)
		}
		stored, err := w.stores.Conversations.Find(w.Context(), w.site.Scope(), w.visitor, st.Message())
		w.must(err)
		if stored.Notice != chat.NoticeNothingFits || stored.Answer != text(events) {
			w.Errorf("stored %+v", stored)
		}
	})
}

// What is near is shown, with its source and card.
func TestNothingFitsShowsWhatIsNear(t *testing.T) {
	inWorld(t, func(w *world) {
		withFallback(w)
		w.findAs.LeastEvidence = 0.9
	}, func(w *world) {
		q := w.question("waterproof storm")
		q.Locale = "de"
		st, err := w.Ask(w.Context(), q)
		w.must(err)
		events := w.all(st)
		var sources []chat.Citation
		var cards []chat.Card
		for _, e := range events {
			sources, cards = append(sources, e.Sources...), append(cards, e.Cards...)
		}
		if got := text(events); !strings.HasPrefix(got, chat.NothingFits("de", "")) || !strings.HasSuffix(got, "\n- Storm Jacket [1]") {
			w.Errorf("said %q", got)
		}
		if len(sources) != 1 || sources[0].Title != "Storm Jacket" || len(cards) != 1 || cards[0].Title != "Storm Jacket" {
			w.Errorf("sources %+v, cards %+v", sources, cards)
		}
	})
}

// Where nobody else can be asked the model is, which is told to say so by itself;
// and a filter that something fits is answered, however little else says so.
func TestWhatIsNotRefused(t *testing.T) {
	for name, c := range map[string]struct {
		change   func(*world)
		question string
	}{
		"without a fallback":     {func(*world) {}, "Who won the world cup?"},
		"switched off":           {func(w *world) { withFallback(w); w.findAs.LeastEvidence = -1 }, "Who won the world cup for shipping?"},
		"what a filter lets by":  {func(w *world) { withFallback(w); w.findAs.LeastEvidence = 1 }, "anything under 100 euros"},
		"a code":                 {func(w *world) { withFallback(w); w.findAs.LeastEvidence = 1 }, "TS-1"},
		"a greeting":             {func(w *world) { withFallback(w); w.findAs.LeastEvidence = 1 }, "Hello!"},
		"what the shop answers":  {withFallback, "What does shipping cost?"},
		"what is named in whole": {withFallback, "Is the Storm Jacket waterproof?"},
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, c.change, func(w *world) {
				st, err := w.Ask(w.Context(), w.question(c.question))
				w.must(err)
				w.model.end("I cannot say.")
				events := w.all(st)
				if got := text(events); got != "I cannot say." || last(events).Notice != "" || len(w.model.calls()) != 1 {
					w.Errorf("said %q, notice %q", got, last(events).Notice)
				}
			})
		})
	}
}

// A model that finds nothing by itself is noted alike, and offers the contact.
func TestModelThatFindsNothing(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		w.site.ContactURL = "https://shop.example.com/contact/"
		w.must(w.stores.Accounts.PutSite(w.Context(), w.site))
		for i, said := range []string{chat.NothingFits("en", ""), "Only today 70% off [1]!"} {
			st := w.ask()
			w.model.end(said)
			events := w.all(st)
			if got := text(events); got != chat.NothingFits("en", w.site.ContactURL) || last(events).Notice != chat.NoticeNothingFits {
				w.Errorf("said %q, notice %q", got, last(events).Notice)
			}
			w.settled(i + 1)
		}
	})
}
