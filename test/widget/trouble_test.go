package widget_test

import (
	"context"
	"net/http"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"github.com/aiwoochat/woochat/test/harness/browser"
)

// The day's limit is the shop's affair: the shopper reads the shop's own words, never the API's.
func TestLimitShowsTheShopsOwnText(t *testing.T) {
	details := map[string]any{
		"current_usage": map[string]int{"chat_requests": 1000, "embedding_requests": 50, "total_tokens": 500000},
		"limits":        map[string]int{"max_tokens_per_day": 1000000, "max_chat_requests_per_day": 1000, "max_embedding_tokens_per_day": 100000},
		"exceeded":      "max_chat_requests_per_day", "reset_at": "2026-01-03T00:00:00Z",
	}
	withText := map[string]any{"text": "Write to us!", "exceeded": "max_chat_requests_per_day"}
	for name, c := range map[string]struct {
		config, details map[string]any
		want            string
	}{
		"configured":   {map[string]any{"limit_text": "Back tomorrow. Call 555 0100."}, withText, "Back tomorrow. Call 555 0100."},
		"in the error": {nil, withText, "Write to us!"},
		"neither":      {nil, details, "Our assistant has answered all it can for today. Please contact the shop directly."},
		"with a link":  {map[string]any{"limit_text": "Back tomorrow.", "contact_url": "/contact"}, details, "Back tomorrow.Contact us"},
		"a bad link":   {map[string]any{"limit_text": "Back tomorrow.", "contact_url": "javascript:alert(1)"}, details, "Back tomorrow."},
	} {
		t.Run(name, func(t *testing.T) {
			s := newServer(t)
			s.on("POST /api/chat/session", session(c.config))
			s.on("POST /api/chat/message", refuse(403, "USAGE_LIMIT_EXCEEDED", c.details))
			p := browser.New(t)
			p.Visit(s.shop.URL)
			p.Open()
			p.Ask("A question")
			p.Wait(`happened.some((e) => e.name === "limit" && e.exceeded === ` + browser.Quote(c.details["exceeded"]) + `)`)
			p.Is(`qa(".shop .bubble").pop().textContent === ` + browser.Quote(c.want))
			p.Is(browser.Quote(c.want) + `.startsWith(q("[role=status]").textContent)`)
			p.Is(`qa(".shop a").every((a) => new URL(a.href).pathname === "/contact")`)
			p.Is(`!/LIMIT|limit|internal|1000/.test(q(".log").textContent) && !q(".retry") && !happened.some((e) => e.name === "error")`)
			p.Is(`!q("textarea").disabled && q(".stop").hidden`)
		})
	}
}

// A failure is said in a shopper's words, and trying again uses the same key, so that nothing is answered twice.
func TestTryAgainKeepsTheKey(t *testing.T) {
	for _, c := range []struct {
		status     int
		code, want string
	}{
		{503, "UNAVAILABLE", "Something went wrong on our side."},
		{502, "UPSTREAM_FAILED", "Something went wrong on our side."},
		{403, "LICENSE_INACTIVE", "The assistant is not available right now."},
		{422, "INVALID_REQUEST", "This message could not be read. Please put it differently."},
		{429, "RATE_LIMITED", "That was a lot at once. Please try again in 7 seconds."},
	} {
		t.Run(c.code, func(t *testing.T) {
			s := newServer(t)
			s.on("POST /api/chat/message", func(w *stream, r request) {
				w.Header().Set("Retry-After", "7")
				refuse(c.status, c.code, nil)(w, r)
			}, say("msg_1", "There you are.", "stop", nil, nil))
			p := browser.New(t)
			p.Visit(s.shop.URL)
			p.Open()
			p.Ask("A question")
			p.Wait(`q(".retry")`)
			p.Is(`q(".note").textContent === ` + browser.Quote(c.want) + ` && q("[role=status]").textContent === ` + browser.Quote(c.want))
			p.Is(`!/internal words|` + c.code + `/.test(q(".panel").textContent)`)
			p.Is(`happened.some((e) => e.name === "error" && e.code === ` + browser.Quote(c.code) + `)`)
			p.Click(".retry")
			p.Answered(1)
			p.Is(`q(".md").textContent === "There you are." && qa(".turn").length === 3 && !q(".note")`)
			sent := s.seen("POST /api/chat/message")
			if len(sent) != 2 || sent[0].header.Get("Idempotency-Key") != sent[1].header.Get("Idempotency-Key") || browser.Quote(sent[0].body) != browser.Quote(sent[1].body) {
				t.Errorf("not the same message again: %v", sent)
			}
		})
	}
}

// Once the server has closed a message, its key would only bring the failure back.
func TestTryAgainAfterAFailedAnswerIsANewMessage(t *testing.T) {
	for name, end := range map[string]func(w *stream){
		"error event": func(w *stream) {
			w.event("msg_1", 3, "error", map[string]any{"error": map[string]any{"code": "UPSTREAM_FAILED", "message": "internal words"}})
		},
		"finish failed": func(w *stream) { w.event("msg_1", 3, "message.end", map[string]any{"finish": "failed"}) },
	} {
		t.Run(name, func(t *testing.T) {
			s := newServer(t)
			s.on("POST /api/chat/message", func(w *stream, _ request) {
				w.event("msg_1", 1, "message.start", map[string]string{"conversation_id": "conv_1", "message_id": "msg_1"})
				w.event("msg_1", 2, "delta", map[string]string{"text": "Half an"})
				end(w)
			}, say("msg_2", "A whole one.", "stop", nil, nil))
			p := browser.New(t)
			p.Visit(s.shop.URL)
			p.Open()
			p.Ask("A question")
			p.Wait(`q(".retry")`)
			p.Is(`q(".md").textContent === "Half an" && q(".note")`)
			p.Click(".retry")
			p.Wait(`q(".md").textContent === "A whole one." && !q(".retry")`)
			sent := s.seen("POST /api/chat/message")
			if len(sent) != 2 || sent[0].header.Get("Idempotency-Key") == sent[1].header.Get("Idempotency-Key") {
				t.Errorf("the same key for two messages: %v", sent)
			}
		})
	}
}

// A reply that is lost before its first byte: the message is sent again under its key, and if it runs already, joined.
func TestLostReplyIsJoined(t *testing.T) {
	s := newServer(t)
	s.on("POST /api/chat/message",
		func(*stream, request) { panic(http.ErrAbortHandler) },
		refuse(409, "IDEMPOTENCY_IN_PROGRESS", map[string]any{"message_id": "msg_5"}))
	s.on("GET /api/chat/messages/msg_5/events", say("msg_5", "Here it is.", "stop", nil, nil))
	p := browser.New(t)
	p.Visit(s.shop.URL)
	p.Open()
	p.Ask("A question")
	p.Answered(1)
	p.Is(`q(".md").textContent === "Here it is." && !q(".note")`)
	sent := s.seen("POST /api/chat/message")
	if len(sent) != 2 || sent[0].header.Get("Idempotency-Key") != sent[1].header.Get("Idempotency-Key") {
		t.Errorf("sent %v", sent)
	}
	if got := s.seen("GET /api/chat/messages/msg_5/events")[0].header.Get("Last-Event-ID"); got != "" {
		t.Errorf("joined after event %q, wanted all of it", got)
	}
}

// A server that cannot be reached: a few tries under one key, then plain words and a way to go on.
func TestConnectionLost(t *testing.T) {
	s := newServer(t)
	s.on("POST /api/chat/message", func(*stream, request) { panic(http.ErrAbortHandler) })
	p := browser.New(t)
	p.Visit(s.shop.URL)
	p.Open()
	p.Ask("A question")
	p.Wait(`q(".retry")`)
	p.Is(`q(".note").textContent === "The connection was lost." && happened.some((e) => e.name === "error" && e.code === "NETWORK")`)
	sent := s.seen("POST /api/chat/message")
	s.on("POST /api/chat/message", say("msg_1", "There you are.", "stop", nil, nil))
	p.Click(".retry")
	p.Answered(1)
	keys := map[string]bool{}
	for _, r := range s.seen("POST /api/chat/message") {
		keys[r.header.Get("Idempotency-Key")] = true
	}
	if len(sent) < 2 || len(keys) != 1 {
		t.Errorf("%d tries before giving up, %d keys in all", len(sent), len(keys))
	}
}

// The session may fail, too; the panel opens all the same, and trying again opens the session.
func TestSessionRefused(t *testing.T) {
	s := newServer(t)
	s.on("POST /api/chat/session", refuse(503, "UNAVAILABLE", nil))
	s.on("POST /api/chat/message", say("msg_1", "There you are.", "stop", nil, nil))
	p := browser.New(t)
	p.Visit(s.shop.URL)
	p.Open()
	s.waitFor("POST /api/chat/session", 1)
	p.Is(`!q(".note")`)
	p.Ask("A question")
	p.Wait(`q(".retry")`)
	// Only now does the server mend: how many requests were refused before depends on whether the question came while the
	// panel's own was still under way, since both share it.
	s.on("POST /api/chat/session", session(nil))
	p.Click(".retry")
	p.Answered(1)
}

// Offline is said at once, and gone when the connection is back.
func TestOffline(t *testing.T) {
	s := newServer(t)
	p := browser.New(t)
	p.Visit(s.shop.URL)
	p.Open()
	p.Is(`q(".offline").hidden`)
	offline := func(on bool) {
		p.Do(chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
			if _, err := cdp.Call(ctx, target, network.Enable, network.EnableParams{}); err != nil {
				return err
			}
			_, err := cdp.Call(ctx, target, network.OverrideNetworkState, network.OverrideNetworkStateParams{Offline: on, DownloadThroughput: -1, UploadThroughput: -1})
			return err
		}))
	}
	offline(true)
	p.Wait(`!q(".offline").hidden`)
	p.Is(`q(".offline").textContent.startsWith("You are offline.")`)
	offline(false)
	p.Wait(`q(".offline").hidden`)
}

// A panel that cannot be loaded is told to the page, and the next click tries again under another address.
func TestPanelThatDoesNotLoad(t *testing.T) {
	s := newServer(t)
	s.lose = 1
	p := browser.New(t)
	p.Visit(s.shop.URL)
	// Not by mouse or keyboard: these fetch the panel ahead, and it is the click that is tested.
	browser.Eval[bool](p, `(q(".launcher").click(), true)`)
	p.Wait(`happened.some((e) => e.name === "error" && e.code === "PANEL_UNAVAILABLE") && !q(".launcher").hasAttribute("aria-busy")`)
	browser.Eval[bool](p, `(q(".launcher").click(), true)`)
	p.Wait(`q(".panel:not([hidden])")`)
	p.Is(`performance.getEntriesByType("resource").some((e) => /\/w\/panel-[A-Z0-9]+\.js\?1$/.test(e.name))`)
	p.Healthy()
}

// That a panel cannot be fetched ahead of the click is nobody's business: no error reaches the page or its console.
func TestPanelThatCannotBeFetchedAhead(t *testing.T) {
	s := newServer(t)
	s.lose = 1
	p := browser.New(t)
	p.Visit(s.shop.URL)
	p.Do(chromedp.Focus(browser.InShadow(".launcher")))
	p.Keys("\r") // joins the fetch that fails, or begins the next one
	p.Wait(`(q(".panel:not([hidden])") || happened.some((e) => e.name === "error")) && !q(".launcher").hasAttribute("aria-busy")`)
	if browser.Eval[bool](p, `!q(".panel:not([hidden])")`) {
		p.Keys("\r")
		p.Wait(`q(".panel:not([hidden])")`)
	}
	p.Healthy()
}
