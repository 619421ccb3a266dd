package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/aiwoochat/woochat/app/wiring"
	"github.com/aiwoochat/woochat/domain/chat"
	"github.com/aiwoochat/woochat/domain/usage"
	"github.com/aiwoochat/woochat/test/fakes/openaifake"
	"github.com/aiwoochat/woochat/test/harness/migrated"
)

// withEmbedder makes the shop use a provider's chat model and embedder, at
// published prices.
func withEmbedder(f *openaifake.Server) option {
	return func(m *made) {
		withProvider(f, "gpt-4o-mini")(m)
		m.env["WOOCHAT_EMBEDDING_MODEL"] = "text-embedding-3-small"
	}
}

// callsOf returns the calls of one route that the provider has seen.
func callsOf(f *openaifake.Server, path string) []*openaifake.Call {
	return slices.DeleteFunc(f.Calls(), func(c *openaifake.Call) bool { return c.Path != path })
}

const (
	chatRoute  = "/v1/chat/completions"
	embedRoute = "/v1/embeddings"
)

// checkCalls fails unless each call that the provider saw is one event: a chat
// call by the id that it carried, an embedding call, which carries none, by its
// tokens.
func (s *shop) checkCalls(fake *openaifake.Server) {
	s.Helper()
	_, events := s.balance()
	var booked, seen []string
	for _, e := range events {
		if e.Kind == usage.Embedding {
			booked = append(booked, fmt.Sprintf("embedding of %d", e.Tokens.Input))
			continue
		}
		booked = append(booked, fmt.Sprintf("%s.%d", e.Reservation, e.CallNo))
	}
	for _, c := range fake.Calls() {
		if c.Path == embedRoute {
			seen = append(seen, fmt.Sprintf("embedding of %d", c.Prompt()))
			continue
		}
		seen = append(seen, c.ID)
	}
	slices.Sort(booked)
	slices.Sort(seen)
	if !slices.Equal(booked, seen) {
		s.Errorf("calls and events differ:\ncalls  %v\nevents %v", seen, booked)
	}
}

// TestEmbedding imports the demo's goods and asks, with an embedder: each call
// that it saw is one event on a meter of its own, at what the provider counted
// and at the published price, under a hold of its own.
func TestEmbedding(t *testing.T) {
	for _, store := range stores {
		t.Run(store, func(t *testing.T) {
			fake := openaifake.New(t, openaifake.Options{})
			s := open(t, withStore(store, migrated.Folder(t)), withEmbedder(fake))
			s.checkCalls(fake)
			total, events := s.balance()
			var tokens int64
			texts := 0
			for _, c := range fake.Calls() {
				if c.Path != embedRoute {
					t.Errorf("an import called %s", c.Path)
				}
				tokens += int64(c.Prompt())
				texts += len(c.Embed.Input)
			}
			if texts < 60 || len(events) >= texts {
				t.Errorf("%d texts in %d calls; want every chunk of 60 products, many in a call", texts, len(events))
			}
			// text-embedding-3-small is 0.02 USD a million tokens, so 20 nano-USD
			// each, and a whole number for any call.
			want := usage.Amounts{EmbeddingRequests: int64(len(fake.Calls())), EmbeddingTokens: tokens, Cost: usage.NanoUSD(20 * tokens)}
			if total.Used != want {
				t.Errorf("the import was booked as %+v, the provider counted %+v", total.Used, want)
			}

			s.ask(s.session(), "What does the Kilde Insulated Bottle cost?")
			s.checkCalls(fake)
			after, events := s.balance()
			embeds, chats := callsOf(fake, embedRoute), callsOf(fake, chatRoute)
			if len(chats) != 1 || len(embeds) != int(want.EmbeddingRequests)+1 {
				t.Fatalf("a question made %d chat and %d embedding calls", len(chats), len(embeds)-int(want.EmbeddingRequests))
			}
			query := embeds[len(embeds)-1]
			if got := []string(query.Embed.Input); len(got) != 1 || got[0] != "What does the Kilde Insulated Bottle cost?" {
				t.Errorf("embedded %q, want the question", got)
			}
			spent := after.Used.Minus(total.Used)
			if spent.EmbeddingTokens != int64(query.Prompt()) || spent.EmbeddingRequests != 1 || spent.ChatRequests != 1 ||
				spent.ChatTokens != int64(chats[0].Prompt()+chats[0].Sent()) {
				t.Errorf("the question was booked as %+v, the provider counted %d and %d+%d", spent, query.Prompt(), chats[0].Prompt(), chats[0].Sent())
			}
			holds := map[usage.ReservationID]bool{}
			for _, e := range events {
				holds[e.Reservation] = true
				if e.Kind == usage.Embedding && (e.Tokens.CountedBy != chat.ByProvider || e.Tokens.Output != 0 || e.ChatRequests != 0 || !e.Last || !e.Success) {
					t.Errorf("an embedding was settled as %+v", e)
				}
			}
			if len(holds) != len(events) {
				t.Errorf("%d events under %d holds; the embedding of a question has its own", len(events), len(holds))
			}
		})
	}
}

// echo returns a text of made-up words that the fake embeds to the vector of
// text, so that an index finds text by its vector and by nothing else.
func echo(text string) string {
	vector := func(word string) string { return fmt.Sprint(openaifake.Vector(word, 64)) }
	made := map[string]string{}
	for i := 0; len(made) < 128; i++ { // 64 places, two signs
		word := "q" + strings.Map(func(r rune) rune { return r - '0' + 'k' }, fmt.Sprint(i)) + "x"
		made[vector(word)] = word
	}
	var out []string
	for word := range strings.FieldsSeq(strings.ToLower(text)) {
		out = append(out, made[vector(word)])
	}
	return strings.Join(out, " ")
}

// TestHybridSearch finds by vector what no word finds, by words what a vector
// does not, and without an embedder the latter only.
func TestHybridSearch(t *testing.T) {
	for _, store := range stores {
		t.Run(store, func(t *testing.T) {
			fake := openaifake.New(t, openaifake.Options{})
			s := open(t, withStore(store, migrated.Folder(t)), withEmbedder(fake))
			all := export(t, s.site.Created)
			spork := ""
			for _, c := range callsOf(fake, embedRoute) {
				for _, text := range c.Embed.Input {
					if strings.HasPrefix(text, "Long Spork") {
						spork = text
					}
				}
			}
			if spork == "" {
				t.Fatal("the spork's text was not embedded")
			}
			question := echo(spork)
			n := len(fake.Calls())
			if got := s.ask(s.session(), question); len(got.Products) != 1 || got.Products[0].Title != "Long Spork" {
				t.Errorf("by its vector alone: %+v", got)
			}
			// The embedding of the question came first.
			if got := products(t, fake, n+1, all); len(got) == 0 || got[0] != "Long Spork" {
				t.Errorf("the model was given %q, want the spork first", got)
			}
			// Both arms: the words name the mug, the vector is the spork's.
			n = len(fake.Calls())
			s.ask(s.session(), "glacier enamel mug "+question)
			if got := products(t, fake, n+1, all); !slices.Contains(got, "Long Spork") || !slices.Contains(got, "Glacier Enamel Mug") {
				t.Errorf("by words and vector: the model was given %q, want the spork and the mug", got)
			}

			words := openaifake.New(t, openaifake.Options{})
			lexical := open(t, withStore(store, migrated.Folder(t)), withProvider(words, "gpt-4o-mini"))
			lexical.ask(lexical.session(), question)
			if got := products(t, words, 0, all); len(got) != 0 {
				t.Errorf("without an embedder the made-up words found %q", got)
			}
		})
	}
}

// TestEmbeddingLimitSpent spends the day's embedding tokens to the last: the
// chat goes on by words, nothing is sent to the embedder, and a higher limit
// takes effect with the next question.
func TestEmbeddingLimitSpent(t *testing.T) {
	for _, store := range stores {
		t.Run(store, func(t *testing.T) {
			fake := openaifake.New(t, openaifake.Options{})
			log := &lockedBuffer{}
			s := open(t, withStore(store, migrated.Folder(t)), withEmbedder(fake), withLog(log))
			total, _ := s.balance()
			limits := usage.NoLimits()
			limits.EmbeddingTokens = usage.Limit(total.Used.EmbeddingTokens)
			s.license(usage.Active, limits)
			before := len(callsOf(fake, embedRoute))

			got := s.ask(s.session(), "What does the Glacier Enamel Mug cost?")
			if got.Finish != "stop" || len(got.Products) == 0 || got.Products[0].Title != "Glacier Enamel Mug" || got.Notice != "" {
				t.Errorf("with the embeddings spent: %+v", got)
			}
			if calls := len(callsOf(fake, embedRoute)); calls != before {
				t.Errorf("%d embedding calls went out after the limit was spent", calls-before)
			}
			s.checkCalls(fake)
			after, _ := s.balance()
			if after.Used.EmbeddingTokens != total.Used.EmbeddingTokens || after.Used.ChatRequests != 1 {
				t.Errorf("booked %+v after %+v", after.Used, total.Used)
			}
			if !strings.Contains(log.String(), "answer.lexical_only") || !strings.Contains(log.String(), string(usage.EmbeddingTokens)) {
				t.Error("the log does not say that words alone were searched, and for which limit")
			}

			limits.EmbeddingTokens += 1000
			s.license(usage.Active, limits)
			s.ask(s.session(), "And the Long Spork?")
			if calls := len(callsOf(fake, embedRoute)); calls != before+1 {
				t.Errorf("%d embedding calls after the limit was raised, want 1", calls-before)
			}
		})
	}
}

// TestImportWithinEmbeddingLimit imports under a limit that is enough for a
// part of the goods: it is never crossed, what is left is found by its words,
// and embedded once there is room.
func TestImportWithinEmbeddingLimit(t *testing.T) {
	for _, store := range stores {
		t.Run(store, func(t *testing.T) {
			fake := openaifake.New(t, openaifake.Options{})
			limits := usage.NoLimits()
			limits.EmbeddingTokens = 2000
			s := open(t, withStore(store, migrated.Folder(t)), withEmbedder(fake), withLimits(limits))
			total, _ := s.balance()
			if n := total.Used.EmbeddingTokens; n == 0 || n > 2000 {
				t.Errorf("%d embedding tokens were spent of 2,000", n)
			}
			for _, title := range []string{"Stormvind Rain Jacket", "First Day Hike Bundle"} {
				got := s.ask(s.session(), title)
				if len(got.Products) == 0 || got.Products[0].Title != title {
					t.Errorf("%s is not found: %+v", title, got)
				}
			}
			s.license(usage.Active, usage.NoLimits())
			rep, err := s.app.Ingesting.Drain(s.Context(), s.site.Scope())
			if err != nil || rep.Paused != nil || rep.Waiting != 0 {
				t.Errorf("with room again: %+v, %v", rep, err)
			}
			s.checkCalls(fake)
			texts := map[string]bool{}
			for _, c := range callsOf(fake, embedRoute) {
				for _, text := range c.Embed.Input {
					texts[text] = true
				}
			}
			for _, title := range []string{"Stormvind Rain Jacket", "First Day Hike Bundle"} {
				found := false
				for text := range texts {
					found = found || strings.HasPrefix(text, title)
				}
				if !found {
					t.Errorf("%s was never embedded", title)
				}
			}
		})
	}
}

// TestUnknownPrice serves with models that no price table knows and without a
// ceiling: the shopper is told so before anything is called or booked.
func TestUnknownPrice(t *testing.T) {
	for _, store := range stores {
		t.Run(store, func(t *testing.T) {
			fake := openaifake.New(t, openaifake.Options{})
			s := serveUnpriced(t, fake, store)
			r := s.call("POST", "/api/chat/message", s.session(), question("What does shipping cost?"))
			var got struct {
				Error struct {
					Code    string            `json:"code"`
					Details map[string]string `json:"details"`
				} `json:"error"`
			}
			s.must(json.Unmarshal(r.body, &got))
			if r.status != http.StatusServiceUnavailable || got.Error.Code != "UNAVAILABLE" || got.Error.Details["reason"] != "model_price_unknown" {
				t.Errorf("got %d %s", r.status, r.body)
			}
			if calls := fake.Calls(); len(calls) != 0 {
				t.Errorf("%d calls went out", len(calls))
			}
			if total, events := s.balance(); total.Used != (usage.Amounts{}) || len(events) != 0 {
				t.Errorf("booked %+v in %d events", total.Used, len(events))
			}
		})
	}
}

// serveUnpriced starts a process as serve does: unlike the demo, it counts no
// model of unknown price as free.
func serveUnpriced(t *testing.T, fake *openaifake.Server, store string) *shop {
	t.Helper()
	m := &made{T: t, env: map[string]string{
		"WOOCHAT_ADDR": "127.0.0.1:0", "WOOCHAT_ADMIN_ADDR": "127.0.0.1:0", "WOOCHAT_SECRET_KEY": secretKey,
		"WOOCHAT_EMBEDDING_MODEL": "mystery-embedding",
	}, limits: usage.NoLimits()}
	m.store(store, t.TempDir())
	withProvider(fake, "mystery")(m)
	cfg, _, err := wiring.Load(wiring.Sources{Env: func(name string) (string, bool) { v, ok := m.env[name]; return v, ok }})
	if err != nil {
		t.Fatal(err)
	}
	app, err := wiring.Start(t.Context(), cfg, wiring.Options{Listen: true, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := app.Stop(context.WithoutCancel(t.Context())); err != nil {
			t.Errorf("Stop: %v", err)
		}
	})
	s := &shop{T: t, app: app, origin: "https://shop.example.com"}
	s.fill(m)
	return s
}

// TestEmbedderThatHangs asks while the embedding model takes requests and answers
// none: the words are searched and the answer comes, what may have been spent is
// booked, and after some of it nobody waits any more.
func TestEmbedderThatHangs(t *testing.T) {
	var hangs atomic.Bool
	fake := openaifake.New(t, openaifake.Options{Scenarios: map[string]func(*openaifake.Exchange){"text-embedding-3-small": func(e *openaifake.Exchange) {
		if hangs.Load() {
			e.Wait()
		}
	}}})
	s := open(t, withStore("memory", t.TempDir()), withEmbedder(fake), withEnv("WOOCHAT_EMBED_TIMEOUT", "50ms"), withEnv("WOOCHAT_ANSWER_TIMEOUT", "30s"))
	before, _ := s.balance()
	hangs.Store(true)
	token, n := s.session(), len(callsOf(fake, embedRoute))
	for range 7 {
		got := s.ask(token, "What does the Glacier Enamel Mug cost?")
		if got.Finish != "stop" || len(got.Products) == 0 || got.Products[0].Title != "Glacier Enamel Mug" {
			t.Fatalf("while the embedder hangs: %+v", got)
		}
	}
	if calls := len(callsOf(fake, embedRoute)) - n; calls != 5 { // the breaker's
		t.Errorf("%d questions waited for it, want 5", calls)
	}
	after, events := s.balance()
	late := 0
	for _, e := range events {
		if e.Kind == usage.Embedding && e.ErrorCode == "UPSTREAM_TIMEOUT" && !e.Success && e.Tokens.Input > 0 {
			late++
		}
	}
	if late != 5 || after.Used.EmbeddingTokens <= before.Used.EmbeddingTokens {
		t.Errorf("%d late calls are booked, %+v after %+v", late, after.Used, before.Used)
	}
}
