package widget_test

import (
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/aiwoochat/woochat/test/harness/browser"
)

// fits fails the test if the panel leaves the window or anything makes it scroll sideways.
func fits(t *testing.T, p *browser.Tab) {
	t.Helper()
	p.Is(`(() => { const r = q(".panel").getBoundingClientRect(); return r.left >= 0 && r.top >= 0 && r.right <= innerWidth + 0.5 && r.bottom <= innerHeight + 0.5 && r.width > 300; })()`)
	p.Is(`q(".log").scrollWidth <= q(".log").clientWidth`)
	p.Is(`document.documentElement.scrollWidth <= innerWidth`)
}

// The widget looks the same on a page whose theme restyles every element, and fits every window. With
// WOOCHAT_PICTURES=<folder> the test leaves pictures of what it saw.
func TestLooks(t *testing.T) {
	s := newServer(t)
	config := map[string]any{
		"title": "Harbour Pottery", "greeting": "Hello! Ask me anything about our pottery, delivery or returns.",
		"suggestions": []string{"Is the sand mug dishwasher safe?", "How long does delivery take?"},
		"limit_text":  "Our assistant is resting until tomorrow. Write to hello@harbour.example.com and we will answer within the day.",
	}
	s.on("POST /api/chat/session", session(config))
	s.on("POST /api/chat/message", say("msg_1", answerText, "stop", answerSources(), answerProducts()))
	p := browser.New(t)
	p.Scheme("light")
	p.Visit(s.shop.URL)
	p.Picture("closed")
	p.Open()
	p.Wait(`qa(".chip").length === 2`)
	fits(t, p)
	p.Picture("greeting")
	p.Ask("Is the sand mug dishwasher safe?")
	p.Answered(1)
	p.Wait(`qa(".card").length === 2`)
	fits(t, p)
	p.Picture("answer")
	p.Is(`getComputedStyle(q(".go")).textTransform === "none"`)
	p.Is(`getComputedStyle(q(".panel")).fontSize === "15px"`)

	s.on("POST /api/chat/message", refuse(403, "USAGE_LIMIT_EXCEEDED", nil))
	p.Ask("And the jug?")
	p.Wait(`happened.some((e) => e.name === "limit")`)
	p.Picture("limit")

	s.on("POST /api/chat/message", say("msg_2", "A table:\n\n| Size | Price |\n|---|---|\n| Small | €18.00 |\n| Large | €24.00 |\n\n> Quoted from the care guide\n\nUse `MUG10` at the till. See https://example.com/care-guide.", "truncated", nil, nil))
	p.Ask("Sizes?")
	p.Answered(2)
	fits(t, p)
	p.Picture("table")

	for _, size := range []struct {
		name          string
		width, height int64
		scheme        string
	}{
		{"mobile", 412, 823, "light"},
		{"small", 320, 568, "light"},
		{"mobile-dark", 412, 823, "dark"},
		{"dark", 1280, 900, "dark"},
	} {
		p.Do(chromedp.EmulateViewport(size.width, size.height))
		p.Scheme(size.scheme)
		s.on("POST /api/chat/message", say("msg_3", answerText, "stop", answerSources(), answerProducts()))
		p.Visit(s.shop.URL)
		p.Open()
		p.Ask("Is the sand mug dishwasher safe?")
		p.Answered(1)
		p.Wait(`qa(".card").length === 2`)
		fits(t, p)
		p.Picture(size.name)
	}
	p.Healthy()
}
