package e2e

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aiwoochat/woochat/domain/chat"
	"github.com/aiwoochat/woochat/domain/usage"
	"github.com/aiwoochat/woochat/test/fakes/openaifake"
	"github.com/aiwoochat/woochat/test/harness/migrated"
)

// withProvider makes the shop use a provider's chat model.
func withProvider(f *openaifake.Server, model string) option {
	return func(m *made) {
		m.env["OPENAI_BASE_URL"] = f.URL()
		m.env["WOOCHAT_CHAT_MODEL"] = model
		m.env["WOOCHAT_EMBEDDING_MODEL"] = "none" // what is counted is the chat
		m.env["WOOCHAT_LEAST_EVIDENCE"] = "0"     // of every question
	}
}

// TestProviderFaults asks through every way in which a provider breaks a
// stream: what the shopper is told, what is stored and what is settled must be
// the truth. Fault 7 is TestStop and TestShopperLeaves; 13, which takes as long
// as the wait between two tokens, is tested in adapters/openai.
func TestProviderFaults(t *testing.T) {
	for n, want := range map[int]struct {
		finish string // of message.end; "" for an error event
		code   string // of the error event and the usage event
		notice string
	}{
		1: {finish: "stop"}, 2: {code: "UPSTREAM_BROKE"}, 3: {code: "UPSTREAM_TRUNCATED"}, 4: {code: "UPSTREAM_TRUNCATED"},
		5: {code: "UPSTREAM_MALFORMED"}, 6: {finish: "length"}, 8: {finish: "stop", notice: "quoted"}, 9: {finish: "stop", notice: "quoted"},
		10: {finish: "length"}, 11: {finish: "filtered"}, 12: {finish: "stop"}, 14: {finish: "stop"}, 15: {finish: "length"},
	} {
		t.Run(fmt.Sprintf("fault-%02d", n), func(t *testing.T) {
			t.Parallel()
			fake := openaifake.New(t, openaifake.Options{})
			s := open(t, withProvider(fake, fmt.Sprintf("fault-%02d", n)), withoutGoods())
			events := s.stream(s.session(), "Is the blue mug in stock, at 12,50 €?").all()
			end := last(events)
			switch {
			case want.finish == "" && (end.name != "error" || !strings.Contains(end.data, want.code)):
				// Where the gate showed nothing yet, the fallback may have answered.
				if !strings.Contains(end.data, `"notice":"quoted"`) {
					t.Errorf("the stream ended with %s %s, want error %s", end.name, end.data, want.code)
				}
			case want.finish != "" && (end.name != "message.end" || !strings.Contains(end.data, `"finish":"`+want.finish+`"`)):
				t.Errorf("the stream ended with %s %s, want finish %s", end.name, end.data, want.finish)
			}
			if want.notice != "" && !strings.Contains(end.data, `"notice":"`+want.notice+`"`) {
				t.Errorf("the notice is missing: %s", end.data)
			}
			s.checkSettled(fake)
			_, booked := s.books()
			if want.code != "" && booked[0].ErrorCode != want.code {
				t.Errorf("the usage event has code %q, want %q", booked[0].ErrorCode, want.code)
			}
			if n == 12 && (booked[0].Tokens.CountedBy == chat.ByProvider || booked[0].ErrorCode != usage.CodeUsageRefused || !booked[0].Success) {
				t.Errorf("absurd usage was believed, or is not seen: %+v", booked[0])
			}
		})
	}
}

// checkSettled fails unless every call that the provider saw has exactly one
// event, and every event of the provider's model has a call.
func (s *shop) checkSettled(fake *openaifake.Server) {
	s.Helper()
	_, events := s.balance()
	var booked, seen []string
	for _, e := range events {
		if e.Model != "extractive" {
			booked = append(booked, fmt.Sprintf("%s.%d", e.Reservation, e.CallNo))
		}
	}
	for _, c := range fake.Calls() {
		seen = append(seen, c.ID)
	}
	slices.Sort(booked)
	slices.Sort(seen)
	if !slices.Equal(booked, seen) {
		s.Errorf("calls and events differ:\ncalls  %v\nevents %v", seen, booked)
	}
}

// closesWithin fails unless the fake's first call was hung up on within wide
// reach of the 250 ms that the design allows: the cause is what is tested, not
// the machine.
func (s *shop) closesWithin(fake *openaifake.Server, from time.Time) {
	s.Helper()
	c, err := fake.Await(s.Context(), 0)
	s.must(err)
	select {
	case <-c.Gone():
	case <-time.After(patience):
		s.Fatalf("the upstream is still open after %v", patience)
	}
	s.Logf("upstream closed after %v", c.GoneAt().Sub(from))
}

// TestStop stops a running answer.
func TestStop(t *testing.T) {
	gate := &openaifake.Gate{}
	fake := openaifake.New(t, openaifake.Options{Gate: gate, Script: func(openaifake.ChatRequest) string {
		return strings.Repeat("One more sentence about mugs. ", 200)
	}})
	s := open(t, withProvider(fake, "talker"), withoutGoods())
	token := s.session()
	st := s.stream(token, "Tell me about mugs")
	start, _ := st.next()
	id, _, _ := strings.Cut(start.id, ":")
	gate.Step(20)
	if e, ok := st.next(); !ok || e.name != "delta" {
		t.Fatalf("got %+v, want text", e)
	}
	asked := time.Now()
	if r := s.call("POST", "/api/chat/messages/"+id+"/stop", token, ""); r.status != http.StatusAccepted {
		t.Fatalf("stop: %d %s", r.status, r.body)
	}
	s.closesWithin(fake, asked)
	if end := last(st.all()); end.name != "message.end" || !strings.Contains(end.data, `"finish":"stopped"`) {
		t.Errorf("the stream ended with %+v, want finish stopped", end)
	}
	s.checkSpent(fake)
}

// checkSpent fails unless the one call is settled at something, and at no more
// than it was allowed.
func (s *shop) checkSpent(fake *openaifake.Server) {
	s.Helper()
	s.checkSettled(fake)
	total, events := s.books()
	if len(events) != 1 || total.CompletionTokens == 0 || total.PromptTokens == 0 || events[0].Excess != 0 || events[0].Success {
		s.Errorf("settled as %+v in total %+v", events, total)
	}
}

// TestShopperLeaves closes the page in the middle of an answer, with no grace.
func TestShopperLeaves(t *testing.T) {
	gate := &openaifake.Gate{}
	fake := openaifake.New(t, openaifake.Options{Gate: gate, Script: func(openaifake.ChatRequest) string {
		return strings.Repeat("One more sentence about mugs. ", 200)
	}})
	s := open(t, withProvider(fake, "talker"), withEnv("WOOCHAT_RESUME_GRACE", "0"), withoutGoods())
	st := s.stream(s.session(), "Tell me about mugs")
	gate.Step(20)
	st.next()
	if e, ok := st.next(); !ok || e.name != "delta" {
		t.Fatalf("got %+v, want text", e)
	}
	left := time.Now()
	st.close()
	s.closesWithin(fake, left)
	s.checkSpent(fake)
}

// TestResume breaks a stream in the middle and goes on where it broke.
func TestResume(t *testing.T) {
	gate := &openaifake.Gate{}
	answer := strings.TrimSpace(strings.Repeat("One more sentence about mugs. ", 20))
	fake := openaifake.New(t, openaifake.Options{Gate: gate, Script: func(openaifake.ChatRequest) string { return answer }})
	s := open(t, withProvider(fake, "talker"), withoutGoods())
	token := s.session()
	st := s.stream(token, "Tell me about mugs")
	gate.Step(20)
	start, _ := st.next()
	first, ok := st.next()
	if !ok || first.name != "delta" {
		t.Fatalf("got %+v, want text", first)
	}
	st.close()
	id, _, _ := strings.Cut(start.id, ":")
	again := s.open(s.request("GET", "/api/chat/messages/"+id+"/events", token, "", "Last-Event-ID", first.id, "Accept", "text/event-stream"))
	gate.Open()
	rest := again.all()
	if got := text(append([]event{first}, rest...)); got != answer {
		t.Errorf("got %q, want %q", got, answer)
	}
	if end := last(rest); end.name != "message.end" {
		t.Errorf("the stream ended with %+v", end)
	}
	// Once it is done, the stored answer is shown in the same events.
	stored := s.open(s.request("GET", "/api/chat/messages/"+id+"/events", token, "", "Last-Event-ID", first.id)).all()
	if text(stored) != text(rest) || last(stored).id != last(rest).id {
		t.Errorf("stored: %+v\nlive: %+v", stored, rest)
	}
	total, _ := s.balance()
	if total.Used.ChatRequests != 1 {
		t.Errorf("%d chat requests, want 1: resuming is free", total.Used.ChatRequests)
	}
}

// TestIdempotencyKey sends one message several times.
func TestIdempotencyKey(t *testing.T) {
	for _, store := range stores {
		t.Run(store, func(t *testing.T) {
			s := open(t, withStore(store, migrated.Folder(t)))
			token := s.session()
			first := s.call("POST", "/api/chat/message", token, question("What does shipping cost?"), "Idempotency-Key", "k1")
			again := s.call("POST", "/api/chat/message", token, question("What does shipping cost?"), "Idempotency-Key", "k1")
			if first.status != http.StatusOK || string(first.body) != string(again.body) {
				t.Errorf("first %s\nagain %s", first.body, again.body)
			}
			other := s.call("POST", "/api/chat/message", token, question("Something else?"), "Idempotency-Key", "k1")
			if other.code() != "IDEMPOTENCY_MISMATCH" {
				t.Errorf("another body: %d %s", other.status, other.body)
			}
			if total, _ := s.balance(); total.Used.ChatRequests != 1 {
				t.Errorf("%d chat requests, want 1", total.Used.ChatRequests)
			}
		})
	}
}

// TestOutputCapHolds asks servers that understand only one of the two names of
// the output cap, or neither.
func TestOutputCapHolds(t *testing.T) {
	for _, model := range []string{"ignores-max-tokens", "ignores-max-completion-tokens", "ignores-both"} {
		t.Run(model, func(t *testing.T) {
			fake := openaifake.New(t, openaifake.Options{})
			if !slices.Contains(openaifake.Scenarios(), model) {
				t.Fatalf("no scenario %s in %v", model, openaifake.Scenarios())
			}
			s := open(t, withProvider(fake, model), withEnv("WOOCHAT_MAX_TOKENS", "32"), withoutGoods())
			end := last(s.stream(s.session(), "Say a lot").all())
			if !strings.Contains(end.data, `"finish":"length"`) {
				t.Errorf("ended with %+v, want finish length", end)
			}
			_, events := s.balance()
			// The piece that goes over the cap is not shown; the provider has made
			// it all the same, and it is counted.
			if len(events) != 1 || events[0].Tokens.Output > 33 {
				t.Errorf("settled as %+v, want at most 33 tokens of output", events)
			}
			if events[0].Cost != 0 || events[0].PriceVersion == "" {
				t.Errorf("a server of one's own costs nothing, labelled: %+v", events[0])
			}
		})
	}
}
