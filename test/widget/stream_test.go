package widget_test

import (
	_ "embed"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aiwoochat/woochat/test/harness/browser"
)

//go:embed testdata/feed.js
var feed string

// Text is on the screen while the answer is still being written, and is announced once, when it is whole.
func TestTextAppearsAsItStreams(t *testing.T) {
	s := newServer(t)
	gates := []chan struct{}{make(chan struct{}), make(chan struct{}), make(chan struct{})}
	s.on("POST /api/chat/message", func(w *stream, _ request) {
		w.event("msg_1", 1, "message.start", map[string]string{"conversation_id": "conv_1", "message_id": "msg_1"})
		w.hold(gates[0])
		w.event("msg_1", 2, "delta", map[string]string{"text": "It holds **300"})
		w.raw(": heartbeat\n\n")
		w.hold(gates[1])
		w.event("msg_1", 3, "delta", map[string]string{"text": " ml**."})
		w.hold(gates[2])
		w.event("msg_1", 4, "message.end", map[string]any{"finish": "stop"})
	})
	p := browser.New(t)
	p.Visit(s.shop.URL)
	p.Open()
	browser.Eval[bool](p, `(globalThis.announced = [], new MutationObserver(() => announced.push(q("[role=status]").textContent)).observe(q("[role=status]"), {childList: true, characterData: true, subtree: true}), true)`)
	p.Ask("How much does it hold?")

	s.waitFor("POST /api/chat/message", 1)
	p.Wait(`q(".dots") && q(".stop:not([hidden])") && q(".go:not(.stop)").hidden`)
	close(gates[0])
	p.Wait(`q(".md strong")?.textContent.startsWith("30")`)
	p.Is(`!q(".dots") && q(".stop:not([hidden])") && announced.length === 0 && q(".log").getAttribute("aria-busy") === "true"`)
	close(gates[1])
	p.Wait(`q(".md").textContent.startsWith("It holds 300 ml")`)
	p.Is(`announced.length === 0`)
	close(gates[2])
	p.Answered(1)
	p.Is(`q(".md").textContent === "It holds 300 ml."`)
	p.Is(`q(".stop").hidden && q(".log").getAttribute("aria-busy") === "false"`)
	p.Wait(`announced.length > 0`)
	p.Is(`announced.length === 1 && announced[0] === "Assistant said: It holds 300 ml."`)

	got := s.seen("POST /api/chat/message")[0]
	if got.body["message"] != "How much does it hold?" || got.body["conversation_id"] != nil || got.body["locale"] != "en" {
		t.Errorf("body: %v", got.body)
	}
	if about, _ := got.body["page"].(map[string]any); about["url"] != s.shop.URL+"/" || !strings.HasPrefix(about["title"].(string), "Stoneware mug") {
		t.Errorf("page: %v", got.body["page"])
	}
	if got.header.Get("Accept") != "text/event-stream" || got.header.Get("Authorization") != "Bearer token-1" || len(got.header.Get("Idempotency-Key")) != 36 {
		t.Errorf("headers: %v", got.header)
	}
	p.Healthy()
}

// Where a network cuts the stream makes no difference, whichever line ends the server uses.
func TestEventStreamCutAnywhere(t *testing.T) {
	s := newServer(t)
	p := browser.New(t)
	p.Visit(s.shop.URL)
	p.Open()
	p.Wait(`happened.length`)
	browser.Eval[bool](p, feed+`;true`)

	text := "\uFEFF: a comment first\n\n" +
		"event: message.start\nid: m:1\ndata: {\"conversation_id\":\"conv_1\",\"message_id\":\"m\"}\n\n" +
		"event:delta\nid:m:2\ndata:{\"text\":\"Größe 😀 \"}\n\n" +
		"retry: 10\nevent: delta\nid: m:3\ndata: {\"text\":\ndata: \"**fett** [1], 5 €\"}\n\n" +
		": heartbeat\n\nevent: unknown\nid: m:4\ndata: {\"later\":true}\n\nevent: no data\n\n" +
		"event: sources\nid: m:5\ndata: [{\"n\":1,\"title\":\"Maße\",\"url\":\"/masse\"}]\n\n" +
		"event: message.end\nid: m:6\ndata: {\"finish\":\"stop\"}\n\n"
	for name, end := range map[string]string{"LF": "\n", "CRLF": "\r\n", "CR": "\r"} {
		t.Run(name, func(t *testing.T) {
			got := browser.Eval[struct {
				Whole string
				Wrong []string
				Cuts  int
			}](p, `cutEverywhere(`+browser.Quote(strings.ReplaceAll(text, "\n", end))+`)`)
			if len(got.Wrong) > 0 {
				t.Errorf("of %d cuts these gave something else: %v", got.Cuts, got.Wrong)
			}
			for _, want := range []string{"Größe 😀 <strong>fett</strong>", `href="` + s.shop.URL + `/masse"`, ", 5 €"} {
				if !strings.Contains(got.Whole, want) {
					t.Errorf("no %q in %s", want, got.Whole)
				}
			}
		})
	}
	p.Healthy()
}

// A line that breaks is taken up again where it broke; each piece of text appears once, also when the server starts
// over. What was cut in the middle of an event comes again.
func TestResumeAfterACut(t *testing.T) {
	for name, replayed := range map[string]string{
		"from the last event": "",
		"from the start": event("msg_1", 1, "message.start", map[string]string{"conversation_id": "conv_1", "message_id": "msg_1"}) +
			event("msg_1", 2, "delta", map[string]string{"text": "One "}) + event("msg_1", 3, "delta", map[string]string{"text": "two "}),
	} {
		t.Run(name, func(t *testing.T) {
			s := newServer(t)
			cut := []chan struct{}{make(chan struct{}), make(chan struct{})}
			s.on("POST /api/chat/message", func(w *stream, _ request) {
				w.event("msg_1", 1, "message.start", map[string]string{"conversation_id": "conv_1", "message_id": "msg_1"})
				w.event("msg_1", 2, "delta", map[string]string{"text": "One "})
				w.event("msg_1", 3, "delta", map[string]string{"text": "two "})
				w.raw("event: delta\nid: msg_1:4\ndata: {\"text\":\"thr")
				w.hold(cut[0])
				panic(http.ErrAbortHandler)
			})
			s.on("GET /api/chat/messages/msg_1/events",
				refuse(503, "UNAVAILABLE", nil),
				func(w *stream, _ request) {
					w.raw(replayed)
					w.event("msg_1", 4, "delta", map[string]string{"text": "three "})
					w.hold(cut[1])
					panic(http.ErrAbortHandler)
				},
				func(w *stream, _ request) {
					w.event("msg_1", 5, "delta", map[string]string{"text": "four"})
					w.event("msg_1", 6, "message.end", map[string]any{"finish": "stop"})
				})
			p := browser.New(t)
			p.Visit(s.shop.URL)
			p.Open()
			p.Ask("Count")
			p.Wait(`q(".md")?.textContent.startsWith("One two")`)
			close(cut[0])
			p.Wait(`q(".md").textContent.startsWith("One two three")`)
			close(cut[1])
			p.Answered(1)
			p.Is(`q(".md").textContent === "One two three four" && !q(".note") && !q(".retry")`)
			var ids []string
			for _, r := range s.seen("GET /api/chat/messages/msg_1/events") {
				ids = append(ids, r.header.Get("Last-Event-ID"))
			}
			if got := strings.Join(ids, " "); got != "msg_1:3 msg_1:3 msg_1:4" {
				t.Errorf("resumed after %s", got)
			}
			if n := len(s.seen("POST /api/chat/message")); n != 1 {
				t.Errorf("the message was sent %d times", n)
			}
		})
	}
}

// A message that cannot be resumed is said to have failed; what came of it stays.
func TestResumeRefused(t *testing.T) {
	s := newServer(t)
	cut := make(chan struct{})
	s.on("POST /api/chat/message", func(w *stream, _ request) {
		w.event("msg_1", 1, "message.start", map[string]string{"conversation_id": "conv_1", "message_id": "msg_1"})
		w.event("msg_1", 2, "delta", map[string]string{"text": "Half an"})
		w.hold(cut)
		panic(http.ErrAbortHandler)
	})
	s.on("GET /api/chat/messages/msg_1/events", refuse(404, "NOT_FOUND", nil))
	p := browser.New(t)
	p.Visit(s.shop.URL)
	p.Open()
	p.Ask("Count")
	p.Wait(`q(".md")?.textContent.startsWith("Half")`)
	close(cut)
	p.Wait(`q(".retry")`)
	p.Is(`q(".md").textContent === "Half an" && q(".note").textContent === "Something went wrong on our side."`)
	p.Is(`happened.some((e) => e.name === "error" && e.code === "NOT_FOUND") && !q(".thumb")`)
}

// Stop asks the server to end the message; the stream then ends by itself and says so.
func TestStop(t *testing.T) {
	s := newServer(t)
	stopped := make(chan struct{})
	s.on("POST /api/chat/message", func(w *stream, _ request) {
		w.event("msg_1", 1, "message.start", map[string]string{"conversation_id": "conv_1", "message_id": "msg_1"})
		w.event("msg_1", 2, "delta", map[string]string{"text": "A long story"})
		w.hold(stopped)
		w.event("msg_1", 3, "message.end", map[string]any{"finish": "stopped"})
	}, say("msg_2", "Short.", "stop", nil, nil))
	s.on("POST /api/chat/messages/msg_1/stop", func(w *stream, _ request) {
		w.WriteHeader(http.StatusAccepted)
		close(stopped)
	})
	p := browser.New(t)
	p.Visit(s.shop.URL)
	p.Open()
	p.Ask("Tell me a story")
	p.Wait(`q(".md")?.textContent.startsWith("A long")`)
	p.Click(".stop")
	p.Answered(1)
	p.Is(`q(".note").textContent === "You stopped this answer." && q(".md").textContent === "A long story"`)
	p.Is(`document.querySelector("woo-chat").shadowRoot.activeElement === q("textarea")`)
	p.Ask("Something shorter")
	p.Answered(2)
	if n := len(s.seen("POST /api/chat/messages/msg_1/stop")); n != 1 {
		t.Errorf("stop was sent %d times", n)
	}
	p.Healthy()
}

// Stop before the message has an id: the server is told as soon as there is one.
func TestStopBeforeTheFirstEvent(t *testing.T) {
	s := newServer(t)
	begin, stopped := make(chan struct{}), make(chan struct{})
	s.on("POST /api/chat/message", func(w *stream, _ request) {
		w.raw(": hello\n\n")
		w.hold(begin)
		w.event("msg_1", 1, "message.start", map[string]string{"conversation_id": "conv_1", "message_id": "msg_1"})
		w.hold(stopped)
		w.event("msg_1", 2, "message.end", map[string]any{"finish": "stopped"})
	})
	s.on("POST /api/chat/messages/msg_1/stop", func(w *stream, _ request) {
		w.WriteHeader(http.StatusAccepted)
		close(stopped)
	})
	p := browser.New(t)
	p.Visit(s.shop.URL)
	p.Open()
	p.Ask("Tell me a story")
	s.waitFor("POST /api/chat/message", 1)
	p.Click(".stop")
	close(begin)
	p.Answered(1)
	p.Is(`q(".note").textContent === "You stopped this answer."`)
}

// What is not as it should be about an answer is said; a complete one has no note.
func TestFinishIsSaid(t *testing.T) {
	s := newServer(t)
	p := browser.New(t)
	p.Visit(s.shop.URL)
	p.Open()
	for i, c := range []struct{ finish, note string }{
		{"stop", ""},
		{"length", "This answer was cut short."},
		{"truncated", "This answer was cut short."},
		{"filtered", "Part of this answer was withheld by a safety filter."},
		{"stopped", "You stopped this answer."},
		{"failed", "This answer could not be completed."},
		{"constructor", ""},
	} {
		s.on("POST /api/chat/message", say("msg_1", "Some text", c.finish, nil, nil))
		p.Ask("A question")
		p.Answered(i + 1)
		p.Is(`(qa(".turn").pop().querySelector(".note")?.textContent ?? "") === ` + browser.Quote(c.note))
		p.Is(`!!qa(".turn").pop().querySelector(".retry") === ` + browser.Quote(c.finish == "failed"))
		p.Is(`happened.filter((e) => e.role === "assistant").pop().finish === ` + browser.Quote(c.finish))
	}
}

// Thumbs tell the server; one that was not kept does not look as if it were.
func TestFeedback(t *testing.T) {
	s := newServer(t)
	s.on("POST /api/chat/message", say("msg_7", "Some text", "stop", nil, nil))
	s.on("POST /api/chat/feedback",
		func(w *stream, _ request) { w.json(http.StatusOK, map[string]any{}) },
		refuse(503, "UNAVAILABLE", nil))
	p := browser.New(t)
	p.Visit(s.shop.URL)
	p.Open()
	p.Ask("A question")
	p.Answered(1)
	p.Click(`[aria-label="Good answer"]`)
	p.Wait(`q("[role=status]").textContent === "Thank you for the feedback."`)
	p.Is(`q("[aria-label='Good answer']").ariaPressed === "true" && q("[aria-label='Bad answer']").ariaPressed === "false"`)
	if got := s.waitFor("POST /api/chat/feedback", 1).body; got["message_id"] != "msg_7" || got["rating"] != 1.0 {
		t.Errorf("feedback: %v", got)
	}
	p.Click(`[aria-label="Bad answer"]`)
	if got := s.waitFor("POST /api/chat/feedback", 2).body; got["rating"] != -1.0 {
		t.Errorf("feedback: %v", got)
	}
	p.Wait(`q("[aria-label='Good answer']").ariaPressed === "true" && q("[aria-label='Bad answer']").ariaPressed === "false"`)
}

// A token is renewed by the old one before it expires and once when it is refused; then the message goes through.
func TestSessionIsRenewed(t *testing.T) {
	token := func(name string, valid time.Duration) reply {
		return func(w *stream, r request) {
			w.json(http.StatusOK, map[string]any{"token": name, "expires_at": time.Now().Add(valid).Format(time.RFC3339), "visitor_id": "visitor-1", "conversation_id": "conv_1"})
		}
	}
	s := newServer(t)
	s.on("POST /api/chat/session",
		token("expiring", 30*time.Second),
		token("refused", 15*time.Minute),
		refuse(401, "UNAUTHENTICATED", nil), // too old to be renewed: the widget starts anew as the same visitor
		token("good", 15*time.Minute))
	s.on("POST /api/chat/message", refuse(401, "UNAUTHENTICATED", nil), say("msg_1", "Some text", "stop", nil, nil))
	p := browser.New(t)
	p.Visit(s.shop.URL + "/?p=12&key=secret#top")
	p.Open()
	p.Ask("A question")
	p.Answered(1)
	var bearers []string
	for _, r := range s.seen("POST /api/chat/session") {
		bearers = append(bearers, r.header.Get("Authorization"))
	}
	if got := strings.Join(bearers, "|"); got != "|Bearer expiring|Bearer refused|" {
		t.Errorf("sessions were opened with %q", got)
	}
	first := s.seen("POST /api/chat/session")[0].body
	if first["site_key"] != "pk_test" || first["locale"] != "en" || first["page_url"] != s.shop.URL+"/?p=12" {
		t.Errorf("session body: %v", first)
	}
	sent := s.seen("POST /api/chat/message")
	if len(sent) != 2 || sent[0].header.Get("Authorization") != "Bearer refused" || sent[1].header.Get("Authorization") != "Bearer good" {
		t.Errorf("messages: %v", sent)
	}
	if sent[0].header.Get("Idempotency-Key") != sent[1].header.Get("Idempotency-Key") {
		t.Error("the key changed with the token")
	}
}

// On the next page the conversation is there again, and an answer that was still being written goes on.
func TestHistory(t *testing.T) {
	s := newServer(t)
	s.on("POST /api/chat/message", say("msg_1", "Some text", "stop", nil, nil))
	p := browser.New(t)
	p.Visit(s.shop.URL)
	p.Open()
	p.Ask("A question")
	p.Answered(1)
	if n := len(s.seen("GET /api/chat/history")); n != 0 {
		t.Errorf("a new visitor's history was asked for %d times", n)
	}

	s.on("GET /api/chat/history", func(w *stream, _ request) {
		w.json(http.StatusOK, map[string]any{"data": []any{
			map[string]any{"id": "msg_1", "question": "A <b>question</b>", "answer": "See [1].", "finish": "length", "notice": "quoted", "sources": answerSources(), "products": answerProducts(), "at": "2026-01-02T03:04:05Z"},
			map[string]any{"id": "msg_2", "question": "Another", "answer": "It is", "finish": "running", "sources": nil, "products": nil, "at": "2026-01-02T03:05:05Z"},
		}})
	})
	s.on("GET /api/chat/messages/msg_2/events", say("msg_2", "It is blue.", "stop", nil, nil))
	p.Visit(s.shop.URL)
	p.Open()
	p.Answered(1)
	p.Is(`qa(".me .bubble").map((b) => b.textContent).join("|") === "A <b>question</b>|Another"`)
	p.Is(`qa(".md").map((b) => b.textContent).join("|") === "See 1.|It is blue."`)
	p.Is(`qa(".note").map((n) => n.textContent).join() === "This answer was cut short.,This answer quotes the shop's own pages." && qa(".card").length === 2 && q(".cite").href.endsWith("/product/mug-sand")`)
	// The server knows the visitor again by the old token.
	if got := s.seen("POST /api/chat/session")[1]; got.header.Get("Authorization") != "Bearer token-1" || got.body["visitor_id"] != "visitor-1" {
		t.Errorf("session of the second page: %v", got)
	}

	s.on("GET /api/chat/history", refuse(500, "UNAVAILABLE", nil))
	p.Visit(s.shop.URL)
	p.Open()
	s.waitFor("GET /api/chat/history", 2)
	p.Ask("Still there?")
	p.Answered(1)
	p.Is(`qa(".turn").length === 3`)
	if got := s.seen("POST /api/chat/message"); got[0].body["conversation_id"] != nil || got[1].body["conversation_id"] != "conv_1" {
		t.Errorf("the conversation did not go on: %v", got)
	}

	// A server that takes the visitor for another one: what the other said is not asked for.
	s.on("POST /api/chat/session", func(w *stream, _ request) {
		w.json(http.StatusOK, map[string]any{"token": "token-2", "expires_at": time.Now().Add(15 * time.Minute).Format(time.RFC3339), "visitor_id": "visitor-2"})
	})
	p.Visit(s.shop.URL)
	p.Open()
	p.Ask("And now?")
	p.Answered(1)
	if n := len(s.seen("GET /api/chat/history")); n != 2 {
		t.Errorf("history was asked for %d times", n)
	}
	if got := s.seen("POST /api/chat/message"); got[2].body["conversation_id"] != nil {
		t.Errorf("a new visitor writes into the old conversation: %v", got[2])
	}
	p.Healthy()
}
