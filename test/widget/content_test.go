package widget_test

import (
	"strings"
	"testing"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"github.com/aiwoochat/woochat/test/harness/browser"
)

// [1] leads to its source, the card shows what the shop's data says.
func TestCitationsAndCards(t *testing.T) {
	s := newServer(t)
	s.on("POST /api/chat/message", say("msg_1", "Safe [1], see also [2], [1, 2] and [the guide](https://docs.example.com/care) or mail [us](mailto:hello@example.com). Not a source: [9]. An [x] stays, $CAD 5 or **$10** too.", "stop", answerSources(), answerProducts()))
	p := browser.New(t)
	p.Visit(s.shop.URL)
	p.Open()
	p.Ask("Is it safe?")
	p.Answered(1)
	p.Is(`q(".md").textContent === "Safe 1, see also 2, 12 and the guide or mail us. Not a source: [9]. An [x] stays, $CAD 5 or $10 too." && q(".md strong").textContent === "$10"`)
	p.Is(`qa(".cite").map((a) => new URL(a.href).pathname).join() === "/product/mug-sand,/shipping,/product/mug-sand,/shipping"`)
	p.Is(`q(".cite").getAttribute("aria-label") === "Source 1: Stoneware mug, sand" && q(".cite").target === ""`)
	p.Is(`[...q(".md").querySelectorAll("a:not(.cite)")].map((a) => a.href + " " + a.target + " " + a.rel).join() === "https://docs.example.com/care _blank noopener noreferrer,mailto:hello@example.com _blank noopener noreferrer"`)
	p.Is(`qa(".sources a").map((a) => a.textContent).join() === "Stoneware mug, sand,Shipping and delivery" && qa(".sources li")[1].value === 2`)

	p.Is(`qa(".card").length === 2`)
	p.Is(`q(".card-title").textContent === "Stoneware mug, sand" && new URL(q(".card-title").href).pathname === "/product/mug-sand"`)
	p.Is(`q(".card-price s").textContent === "€24.00" && q(".card-price strong").textContent === "€18.00"`)
	p.Is(`q(".card-facts").textContent === "Colour: Sand, Grey · Volume: 300 ml · SKU\u00a0MUG-300-S"`)
	p.Is(`q(".stock.instock").textContent === "In stock" && q(".card time").textContent.startsWith("as of ")`)
	p.Is(`!qa(".card")[1].querySelector("s") && !qa(".card")[1].querySelector("time") && qa(".card")[1].querySelector(".stock.onbackorder").textContent === "Back on 3 December"`)
	p.Wait(`q(".card img").naturalWidth > 0`)
	p.Is(`new URL(q(".card img").src).pathname === "/mug.svg" && q(".card img").alt === ""`)

	// The link works, in the same tab.
	if _, err := chromedp.Run(p.Context(), chromedp.WaitEvent(page.FrameNavigated, func(e page.EventFrameNavigated) bool {
		return e.Frame.URL == s.shop.URL+"/product/mug-sand"
	}, chromedp.Click(browser.InShadow(".cite")))); err != nil {
		t.Fatal(err)
	}
}

// Sources may come before the text, and more than once.
func TestSourcesBeforeText(t *testing.T) {
	s := newServer(t)
	s.on("POST /api/chat/message", func(w *stream, _ request) {
		w.event("m", 1, "message.start", map[string]string{"conversation_id": "conv_1", "message_id": "m"})
		w.event("m", 2, "sources", answerSources()[:1])
		w.event("m", 3, "delta", map[string]string{"text": "A [1] and [2]"})
		w.event("m", 4, "sources", answerSources())
		w.event("m", 5, "message.end", map[string]any{"finish": "stop"})
	})
	p := browser.New(t)
	p.Visit(s.shop.URL)
	p.Open()
	p.Ask("Is it safe?")
	p.Answered(1)
	p.Is(`qa(".cite[href]").length === 2 && qa(".sources li").length === 2 && qa(".sourced").length === 1`)
}

// hostile texts try to become more than text.
func hostile() []string {
	return []string{
		`<script>pwned()</script>`,
		`<img src=x onerror=pwned()>`,
		`<svg onload=pwned()><a href="javascript:pwned()">x</a></svg>`,
		`<iframe srcdoc="<script>parent.pwned()</script>"></iframe>`,
		`<style>*{display:none}</style><base href="https://other.example.com/">`,
		`[a](javascript:pwned())`, `[a](JaVaScRiPt:pwned())`, "[a](java\tscript:pwned())", "[a](\x01javascript:pwned())",
		`[a](javascript&colon;pwned())`, `[a]( javascript:pwned() )`, `[a](<javascript:pwned()>)`, `[a](data:text/html,<script>pwned()</script>)`,
		`[a](vbscript:pwned())`, `[a](blob:https://example.com/1)`, `[a](file:///etc/passwd)`, `[a](filesystem:http://example.com/x)`,
		`[a](https://shop.example.com@other.example.com/)`, `[a](//other.example.com/x)`, `[a](https://exa mple.com)`, `[a](http://[::1`,
		`![pixel](https://other.example.com/pixel.png)`, `![](data:image/svg+xml,<svg/onload=pwned()>)`, `[![x](https://other.example.com/p.png)](javascript:pwned())`,
		`https://example.com/"onmouseover="pwned()`, `https://example.com/<script>pwned()</script>`, `https://user:secret@example.com/`,
		"```html\" onclick=\"pwned()\n<b>x</b>\n```", "`<b onclick=pwned()>`", "1000000000000000000000000. item\n2. item",
		"| <b>a</b> | [x](javascript:pwned()) |\n|---|---|\n| ![i](x) | <img src=x onerror=pwned()> |",
		"- [x] [done](javascript:pwned())\n- [ ] <input autofocus onfocus=pwned()>",
		`\(<img src=x onerror=pwned()>\)`, "\\[\n<img src=x onerror=pwned()>\n\\]", `$$<img src=x onerror=pwned()>$$`,
		`[1](javascript:pwned())`, `[constructor] [__proto__] [1`, "\uE000 \u0000 \u202Egnp.exe",
		strings.Repeat("> ", 400) + "deep", strings.Repeat("- ", 400) + "deep", strings.Repeat("[", 3000), strings.Repeat("*_", 2000), strings.Repeat("`", 999), strings.Repeat("[a](", 1500),
	}
}

// Model text, titles, addresses and the shop's configuration stay what they are: text. Nothing of them acts.
func TestHostileTextIsInert(t *testing.T) {
	s := newServer(t)
	bad := `<img src=x onerror=pwned()>`
	s.on("POST /api/chat/session", session(map[string]any{
		"title": bad, "greeting": bad, "suggestions": []string{bad}, "assistant_note": bad, "limit_text": bad, "accent": "red;} *{display:none} x{color:red",
	}))
	p := browser.New(t)
	p.Visit(s.shop.URL)
	p.Open()
	p.Wait(`q("h2").textContent === ` + browser.Quote(bad))
	browser.Eval[bool](p, `(globalThis.pwned = () => broken.push("pwned"), true)`)
	browser.Eval[bool](p, feed+`;true`)
	p.Is(`q(".chip").textContent === ` + browser.Quote(bad) + ` && q(".subtitle").textContent === ` + browser.Quote(bad))
	p.Is(`getComputedStyle(q(".panel")).display === "flex"`)

	for _, text := range hostile() {
		for _, whole := range []bool{true, false} {
			js := `feed(answerOf(` + browser.Quote(text) + `, [{n: 1, title: "One", url: "/one"}]))`
			if !whole {
				// One character at a time, as a model writes.
				js = `feed(...[answerOf("")].map((b) => new TextDecoder().decode(b)).flatMap((s) => { const at = s.indexOf("event: message.end"); const chars = [...` + browser.Quote(text) + `].slice(0, 600); return [s.slice(0, at), ...chars.map((c, i) => "event: delta\nid: m:" + (i + 10) + "\ndata: " + JSON.stringify({text: c}) + "\n\n"), s.slice(at).replace("m:5", "m:99999")]; }).map((s) => new TextEncoder().encode(s)))`
			}
			if found := browser.Eval[[]string](p, js+`.then((el) => { const found = alive(el); if (!el.querySelector(".note") && !el.textContent) found.push("no text"); clear(); return found; })`); len(found) > 0 {
				t.Errorf("%.80q: %v", text, found)
			}
		}
	}
	for _, url := range []string{"javascript:pwned()", "data:text/html,<script>pwned()</script>", "https://a@b.example.com/", "", "http://[", bad} {
		products := []any{map[string]any{
			"id": "1", "title": bad, "url": url, "image_url": url, "sku": bad, "as_of": bad,
			"price": map[string]any{"text": bad, "regular_text": bad, "on_sale": true}, "stock": map[string]any{"status": `instock" onclick="pwned()`, "text": bad},
			"attributes": map[string]any{bad: []string{bad}, "n": 5, "o": map[string]any{"a": 1}},
		}}
		sources := []any{map[string]any{"n": 1, "title": bad, "url": url}}
		js := `feed(answerOf("See [1]", ` + browser.Quote(sources) + `, ` + browser.Quote(products) + `)).then((el) => { const found = alive(el); if (!el.querySelector(".card-title").textContent.includes("<img")) found.push("no title"); clear(); return found; })`
		if found := browser.Eval[[]string](p, js); len(found) > 0 {
			t.Errorf("%q: %v", url, found)
		}
	}
	p.Healthy()
}

// The parser is somebody else's: a long run of random markup must neither break it nor get anything past the renderer.
func TestRandomMarkupIsInert(t *testing.T) {
	s := newServer(t)
	p := browser.New(t)
	p.Visit(s.shop.URL)
	p.Open()
	browser.Eval[bool](p, feed+`;true`)
	found := browser.Eval[[]string](p, `(async () => {
		globalThis.pwned = () => broken.push("pwned");
		const parts = ["[", "]", "(", ")", "![", "](", "javascript:pwned()", "https://example.com/x", "http://", "*", "**", "_", "~~", "`+"`"+`", "`+"```"+`", "\n", "\n\n", "    ", "\t", "> ", "- ", "1. ", "# ", "|", "---|", "<br>", "<img src=x onerror=pwned()>", "\\", "\\(", "\\[", "$", "$$", "1", "[1]", "word ", "h", "é😀", " ", "[x] ", "&colon;"];
		let seed = 20260102;
		const next = (n) => ((seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0), Math.floor((seed / 2 ** 32) * n));
		const found = [];
		for (let i = 0; i < 600 && found.length < 5; i++) {
			let text = "";
			for (let k = 1 + next(40); k > 0; k--) text += parts[next(parts.length)];
			const el = await feed(answerOf(text, [{ n: 1, title: "One", url: "/one" }]));
			for (const f of alive(el)) found.push(JSON.stringify(text) + ": " + f);
			clear();
		}
		return found;
	})()`)
	for _, f := range found {
		t.Error(f)
	}
	p.Healthy()
}
