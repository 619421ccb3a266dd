package widget_test

import (
	"testing"

	"github.com/chromedp/chromedp"
)

// fits fails the test if the panel leaves the window or anything makes it scroll sideways.
func (p *tab) fits() {
	p.t.Helper()
	p.is(`(() => { const r = q(".panel").getBoundingClientRect(); return r.left >= 0 && r.top >= 0 && r.right <= innerWidth + 0.5 && r.bottom <= innerHeight + 0.5 && r.width > 300; })()`)
	p.is(`q(".log").scrollWidth <= q(".log").clientWidth`)
	p.is(`document.documentElement.scrollWidth <= innerWidth`)
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
	p := newTab(t)
	p.scheme("light")
	p.visit(s.shop.URL)
	p.picture("closed")
	p.open()
	p.wait(`qa(".chip").length === 2`)
	p.fits()
	p.picture("greeting")
	p.ask("Is the sand mug dishwasher safe?")
	p.answered(1)
	p.wait(`qa(".card").length === 2`)
	p.fits()
	p.picture("answer")
	p.is(`getComputedStyle(q(".go")).textTransform === "none"`)
	p.is(`getComputedStyle(q(".panel")).fontSize === "15px"`)

	s.on("POST /api/chat/message", refuse(403, "USAGE_LIMIT_EXCEEDED", nil))
	p.ask("And the jug?")
	p.wait(`happened.some((e) => e.name === "limit")`)
	p.picture("limit")

	s.on("POST /api/chat/message", say("msg_2", "A table:\n\n| Size | Price |\n|---|---|\n| Small | €18.00 |\n| Large | €24.00 |\n\n> Quoted from the care guide\n\nUse `MUG10` at the till. See https://example.com/care-guide.", "truncated", nil, nil))
	p.ask("Sizes?")
	p.answered(2)
	p.fits()
	p.picture("table")

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
		p.do(chromedp.EmulateViewport(size.width, size.height))
		p.scheme(size.scheme)
		s.on("POST /api/chat/message", say("msg_3", answerText, "stop", answerSources(), answerProducts()))
		p.visit(s.shop.URL)
		p.open()
		p.ask("Is the sand mug dishwasher safe?")
		p.answered(1)
		p.wait(`qa(".card").length === 2`)
		p.fits()
		p.picture(size.name)
	}
	p.healthy()
}
