package widget_test

import (
	"context"
	_ "embed"
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/aiwoochat/woochat/test/harness/browser"
)

//go:embed testdata/axe.min.js
var axe string

// Everything works by keyboard alone: reach the launcher, open, ask, break a line, close, and be where one was.
func TestKeyboard(t *testing.T) {
	s := newServer(t)
	s.on("POST /api/chat/message", say("msg_1", "See [1].", "stop", answerSources(), answerProducts()))
	p := browser.New(t)
	p.Visit(s.shop.URL)
	p.Is(`q(".launcher").tagName === "BUTTON" && q(".launcher").ariaExpanded === "false" && q(".launcher").ariaHasPopup === "dialog" && q(".launcher").ariaLabel === "Chat with us"`)
	p.Is(`!performance.getEntriesByType("resource").some((e) => e.name.includes("/w/panel-"))`)

	focused := `document.querySelector("woo-chat").shadowRoot.activeElement`
	for range 20 {
		if browser.Eval[bool](p, focused+` === q(".launcher")`) {
			break
		}
		p.Keys(kb.Tab)
	}
	p.Is(focused + ` === q(".launcher")`)
	// Reaching for it fetches the panel ahead of the click.
	p.Wait(`performance.getEntriesByType("resource").some((e) => e.name.includes("/w/panel-"))`)
	p.Keys(kb.Enter)
	p.Wait(focused + ` === q("textarea")`)
	p.Is(`q(".launcher").ariaExpanded === "true" && q(".panel").getAttribute("role") === "dialog" && q("#" + q(".panel").getAttribute("aria-labelledby")).textContent === "Chat with us"`)
	p.Is(`q("textarea").value === ""`)

	p.Keys("First line")
	p.Keys(kb.Enter, chromedp.ModifierShift)
	p.Keys("second")
	p.Is(`q("textarea").value === "First line\nsecond" && qa(".turn").length === 1 && q("textarea").clientHeight > 50`)
	p.Keys(kb.Enter)
	p.Answered(1)
	p.Is(`q("textarea").value === "" && q(".me .bubble").textContent === "First line\nsecond"`)
	p.Keys("   ")
	p.Keys(kb.Enter)
	p.Is(`qa(".turn").length === 3 && q(".go").disabled`)

	p.Keys(kb.Escape)
	p.Wait(focused + ` === q(".launcher")`)
	p.Is(`q(".panel").hidden && q(".launcher").ariaExpanded === "false"`)
	p.Keys(kb.Enter)
	p.Wait(focused + ` === q("textarea")`)
	p.Is(`qa(".turn").length === 3`)
	if n := len(s.seen("POST /api/chat/session")); n != 1 {
		t.Errorf("opening again made %d sessions", n)
	}
	p.Is(`happened.map((e) => e.name).join() === "ready,open,message,message,close,open"`)
	p.Healthy()
}

// Enter that ends a composition (Japanese, Chinese, Korean input) chooses a word and sends nothing.
func TestInputMethod(t *testing.T) {
	s := newServer(t)
	s.on("POST /api/chat/message", say("msg_1", "はい", "stop", nil, nil))
	p := browser.New(t)
	p.Visit(s.shop.URL)
	p.Open()
	p.Do(chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		_, err := cdp.Call(ctx, target, input.ImeSetComposition, input.ImeSetCompositionParams{Text: "にほん", SelectionStart: 3, SelectionEnd: 3})
		return err
	}))
	p.Is(`q("textarea").value === "にほん"`)
	p.Keys(kb.Enter)
	// Safari sends the Enter after the composition has ended, with key code 229.
	browser.Eval[bool](p, `q("textarea").dispatchEvent(new KeyboardEvent("keydown", {key: "Enter", keyCode: 229, bubbles: true, cancelable: true, composed: true}))`)
	p.Is(`qa(".turn").length === 1`)
	p.Do(chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		_, err := cdp.Call(ctx, target, input.InsertText, input.InsertTextParams{Text: "日本"})
		return err
	}))
	p.Keys(kb.Enter)
	p.Answered(1)
	p.Is(`q(".me .bubble").textContent === "日本"`)
}

// The shop's own keyboard shortcuts do not fire while somebody types a question.
func TestKeysStayInThePanel(t *testing.T) {
	s := newServer(t)
	p := browser.New(t)
	p.Visit(s.shop.URL)
	p.Open()
	browser.Eval[bool](p, `(["keydown", "keypress", "keyup"].forEach((n) => document.addEventListener(n, () => broken.push(n))), true)`)
	p.Keys("s/?")
	p.Is(`q("textarea").value === "s/?"`)
	p.Healthy()
}

// On a phone the panel covers the page, so nothing behind it can be reached; closing gives the page back.
func TestPhoneIsModal(t *testing.T) {
	s := newServer(t)
	p := browser.New(t)
	p.Do(chromedp.EmulateViewport(412, 823))
	p.Visit(s.shop.URL)
	browser.Eval[bool](p, `document.querySelector("main").inert = true`)
	p.Open()
	p.Is(`q(".panel").ariaModal === "true" && document.querySelector("header.site").inert && getComputedStyle(q(".launcher")).visibility === "hidden"`)
	p.Click(".close")
	p.Wait(`q(".panel").hidden`)
	p.Is(`!document.querySelector("header.site").inert && document.querySelector("main").inert && q(".panel").ariaModal === null`)
	p.Is(`document.querySelector("woo-chat").shadowRoot.activeElement === q(".launcher")`)
}

// axe-core finds nothing, whatever is on the screen.
func TestAxe(t *testing.T) {
	for _, mode := range []struct {
		scheme        string
		width, height int64
		accent        string
	}{{"light", 1280, 900, ""}, {"dark", 1280, 900, ""}, {"light", 412, 823, "#ffd54a"}, {"dark", 412, 823, "#ffd54a"}} {
		t.Run(fmt.Sprint(mode.scheme, mode.width), func(t *testing.T) {
			s := newServer(t)
			s.html = shopPage(s.api.URL, `data-site-key="pk_test" data-accent="`+mode.accent+`"`)
			gate := make(chan struct{})
			s.on("POST /api/chat/session", session(map[string]any{"suggestions": []string{"Is it safe?"}}))
			s.on("POST /api/chat/message",
				func(w *stream, _ request) {
					w.event("msg_1", 1, "message.start", map[string]string{"conversation_id": "conv_1", "message_id": "msg_1"})
					w.event("msg_1", 2, "delta", map[string]string{"text": answerText + "\n\n# Sizes\n\n| Size | Price |\n|---|---|\n| Small | €18.00 |\n\n> a quote, `code` and https://example.com/.\n\n1. one\n2. two\n"})
					w.hold(gate)
					w.event("msg_1", 3, "sources", answerSources())
					w.event("msg_1", 4, "products", answerProducts())
					w.event("msg_1", 5, "message.end", map[string]any{"finish": "length"})
				},
				refuse(503, "UNAVAILABLE", nil),
				refuse(403, "USAGE_LIMIT_EXCEEDED", nil))
			p := browser.New(t)
			p.Scheme(mode.scheme)
			p.Do(chromedp.EmulateViewport(mode.width, mode.height))
			p.Visit(s.shop.URL)
			browser.Eval[bool](p, axe+`;true`)
			check := func(state string) {
				t.Helper()
				found := browser.Eval[[]struct {
					ID, Impact string
					Nodes      []struct {
						Target         []any
						FailureSummary string
					}
				}](p, `axe.run(document.querySelector("woo-chat"), {resultTypes: ["violations"]}).then((r) => r.violations)`)
				for _, v := range found {
					for _, n := range v.Nodes {
						t.Errorf("%s: %s (%s): %v %s", state, v.ID, v.Impact, n.Target, n.FailureSummary)
					}
				}
			}
			check("closed")
			p.Open()
			p.Wait(`q(".chip")`)
			check("greeting")
			p.Ask("Is it safe?")
			p.Wait(`q(".md")?.textContent.includes("two")`)
			check("streaming")
			close(gate)
			p.Answered(1)
			check("answered")
			p.Ask("And now?")
			p.Wait(`q(".retry")`)
			check("failed")
			p.Ask("And now?")
			p.Wait(`happened.some((e) => e.name === "limit")`)
			check("limit")
		})
	}
}

// A shop with a strict policy needs to name our server, nothing else: no inline style, no eval, no string parsed as HTML.
func TestStrictPolicies(t *testing.T) {
	s := newServer(t)
	s.policy = strings.Join([]string{
		"default-src 'none'", "script-src " + s.api.URL, "connect-src " + s.api.URL, "img-src 'self'",
		// The shop page's own style sheet, by its hash, is the only one: the widget's are adopted.
		"style-src 'sha256-" + styleHash(s.html) + "'",
		"require-trusted-types-for 'script'", "trusted-types 'none'", "base-uri 'none'",
	}, "; ")
	s.on("POST /api/chat/message", say("msg_1", answerText, "stop", answerSources(), answerProducts()))
	p := browser.New(t)
	p.Visit(s.shop.URL)
	p.Open()
	p.Ask("Is it safe?")
	p.Answered(1)
	p.Wait(`q(".card img").naturalWidth > 0`)
	p.Is(`getComputedStyle(q(".panel")).position === "fixed" && !q("[style]") && !document.querySelector("woo-chat").hasAttribute("style")`)
	p.Healthy()
}

// The snippet's options, the shop's settings and the page's style sheet: whoever is nearer to the page wins.
func TestTheme(t *testing.T) {
	s := newServer(t)
	s.on("POST /api/chat/session", session(map[string]any{"accent": "#00695c", "title": "From the server", "greeting": "Server greeting"}))
	p := browser.New(t)
	accent := func(page, attributes string) string {
		s.html = strings.Replace(shopPage(s.api.URL, `data-site-key="pk_test" `+attributes), "</style>", page+"</style>", 1)
		p.Visit(s.shop.URL)
		p.Open()
		p.Wait(`q(".subtitle")`)
		s.waitFor("POST /api/chat/session", len(s.seen("POST /api/chat/session")))
		p.Wait(`q(".bubble").textContent !== "Hello! Ask me about our products, delivery or returns."`)
		return browser.Eval[string](p, `getComputedStyle(q(".head")).backgroundColor + " " + getComputedStyle(q(".head")).color`)
	}
	for _, c := range []struct{ page, attributes, want string }{
		{"", "", "rgb(0, 105, 92) rgb(255, 255, 255)"},
		{"", `data-accent="#ffd54a"`, "rgb(255, 213, 74) rgb(0, 0, 0)"},
		{"", `data-accent="nonsense"`, "rgb(51, 70, 196) rgb(255, 255, 255)"},
		{"woo-chat { --woo-chat-accent: #111111; }", `data-accent="#ffd54a"`, "rgb(17, 17, 17) rgb(255, 255, 255)"},
	} {
		if got := accent(c.page, c.attributes); got != c.want {
			t.Errorf("%q %q: %s, wanted %s", c.page, c.attributes, got, c.want)
		}
		p.Is(`q("h2").textContent === "From the server" && q(".bubble").textContent === "Server greeting"`)
	}
	accent("woo-chat { --woo-chat-radius: 2px; --woo-chat-offset-x: 30px; }", `data-title="Ask Ana" data-greeting="Hi, Ana here" data-position="bottom-left"`)
	p.Is(`q("h2").textContent === "Ask Ana" && q(".bubble").textContent === "Hi, Ana here"`)
	p.Is(`q(".launcher").getBoundingClientRect().left === 30 && q(".panel").getBoundingClientRect().left === 30 && getComputedStyle(q(".panel")).borderRadius === "2px"`)

	p.Scheme("dark")
	dark := `getComputedStyle(q(".panel")).backgroundColor === "rgb(23, 25, 31)"`
	accent("", "")
	p.Is(dark)
	accent("", `data-theme="light"`)
	p.Is("!(" + dark + ")")
	p.Healthy()
}

// Commands given before the launcher has loaded are kept; later ones run at once.
func TestCommands(t *testing.T) {
	s := newServer(t)
	s.on("POST /api/chat/message", say("msg_1", "One", "stop", nil, nil), say("msg_2", "Two", "stop", nil, nil))
	s.html = strings.Replace(s.html, "<script async", `<script>window.wooChat = window.wooChat || []; wooChat.push(["open"]); wooChat.push(["send", "From the page"]);</script><script async`, 1)
	// The snippet twice gives one assistant.
	s.html = strings.Replace(s.html, "</body>", `<script async src="`+s.api.URL+`/w.js" data-site-key="pk_test"></script></body>`, 1)
	p := browser.New(t)
	p.Visit(s.shop.URL)
	p.Answered(1)
	p.Is(`document.querySelectorAll("woo-chat").length === 1 && q(".me .bubble").textContent === "From the page" && !q(".panel").hidden`)
	p.Is(`happened.filter((e) => e.name === "message").map((e) => e.role + " " + (e.conversation_id ?? "")).join() === "visitor ,assistant conv_1"`)
	// A page may go on from an event: the answer is then over.
	browser.Eval[bool](p, `(document.addEventListener("woo-chat:message", (e) => { if (e.detail.id === "msg_2") wooChat.close(); }), wooChat.push(["send", "Again"], ["nonsense"], "open"), true)`)
	p.Wait(`q(".panel").hidden`)
	p.Is(`qa(".me .bubble").length === 2 && q(".launcher").ariaExpanded === "false"`)
	p.Healthy()
}
