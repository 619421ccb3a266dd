// Package browser drives a real Chromium on a page that has the widget: the tests of the
// widget and of the whole product share it.
package browser

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// Patience bounds every wait for a condition in the page; a passing test never gets near it.
const Patience = time.Minute

// prelude runs before the page's own scripts: q and qa look into the shadow root, happened is what the widget told
// the page, broken is every script error and policy violation.
const prelude = `
globalThis.q = (s) => document.querySelector("woo-chat")?.shadowRoot?.querySelector(s) ?? null;
globalThis.qa = (s) => [...(document.querySelector("woo-chat")?.shadowRoot?.querySelectorAll(s) ?? [])];
globalThis.happened = [];
globalThis.broken = [];
for (const name of ["ready", "open", "close", "message", "error", "limit"])
	document.addEventListener("woo-chat:" + name, (e) => happened.push({ name, ...e.detail }));
addEventListener("error", (e) => broken.push("error: " + e.message));
addEventListener("unhandledrejection", (e) => broken.push("rejection: " + e.reason));
addEventListener("securitypolicyviolation", (e) => broken.push("policy: " + e.violatedDirective + " " + e.blockedURI + " " + e.sample));
`

// Tab is one page of a real browser.
type Tab struct {
	t   *testing.T
	ctx context.Context
}

// Context returns the context of the browser, for chromedp's own functions.
func (p *Tab) Context() context.Context { return p.ctx }

// chromium finds the browser. Without one the tests are skipped on a developer's machine and fail in CI.
func chromium(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "headless-shell"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	const missing = "no Chromium found; install it with: sudo apt-get install -y chromium"
	if os.Getenv("CI") == "true" {
		t.Fatal(missing)
	}
	t.Skip(missing)
	return ""
}

// New starts a browser of its own with an empty profile; both are gone when the test ends.
func New(t *testing.T) *Tab {
	t.Helper()
	path := chromium(t)
	// Not t.TempDir, which fails a test if a helper of the browser still writes for a moment after the browser's end. The
	// profile is chromedp's own: it makes and removes one.
	home, err := os.MkdirTemp("", "woochat-browser-") //nolint:usetesting // see above: t.TempDir would fail the test
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		for range 1000 {
			if err = os.RemoveAll(home); err == nil {
				return
			}
		}
		t.Logf("left behind: %v", err)
	})
	opts := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path),
		// What a browser leaves beside its profile (sockets, crash folders) goes, too.
		chromedp.Env("HOME="+home, "TMPDIR="+home, "XDG_CONFIG_HOME="+home, "XDG_CACHE_HOME="+home, "XDG_RUNTIME_DIR="+home),
		chromedp.DisableGPU,
		chromedp.WindowSize(1280, 900),
		chromedp.Flag("disable-quic", true),
		chromedp.Flag("disable-component-update", true),
	)
	if os.Geteuid() == 0 {
		// Chromium's sandbox refuses to run as root; the pages here are our own.
		opts = append(opts, chromedp.NoSandbox)
	}
	ctx, stop := chromedp.NewExecAllocator(context.Background(), opts...)
	t.Cleanup(stop)
	ctx, cancel := chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	p := &Tab{t: t, ctx: ctx}
	// The first call starts the browser and must not carry a deadline: it would end the browser, too.
	if _, err := chromedp.Run(ctx, func(ctx context.Context, target *chromedp.Target) (chromedp.Void, error) {
		_, err := cdp.Call(ctx, target, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: prelude})
		return chromedp.Void{}, err
	}); err != nil {
		t.Fatalf("start %s: %v", path, err)
	}
	p.Do(chromedp.EmulateViewport(1280, 900))
	return p
}

// Do runs steps of chromedp, and fails the test if one fails.
func (p *Tab) Do(steps ...chromedp.Action[chromedp.Void]) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, Patience)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		p.t.Fatalf("%v\n%s", err, p.dump())
	}
}

// Eval returns the value of an expression, promises awaited.
func Eval[T any](p *Tab, js string) T {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, 5*Patience)
	defer cancel()
	v, err := chromedp.Run(ctx, chromedp.Evaluate[T](js, chromedp.EvalAwaitPromise))
	if err != nil {
		p.t.Fatalf("%s: %v\n%s", js, err, p.dump())
	}
	return v
}

// Wait returns when the condition holds in the page.
func (p *Tab) Wait(js string) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, Patience+5*time.Second)
	defer cancel()
	if _, err := chromedp.Run(ctx, chromedp.Poll[chromedp.Void]("!!("+js+")", chromedp.WithPollingTimeout(Patience))); err != nil {
		p.t.Fatalf("waiting for %s: %v\n%s", js, err, p.dump())
	}
}

// Is fails the test unless the condition holds now.
func (p *Tab) Is(js string) {
	p.t.Helper()
	if !Eval[bool](p, "!!("+js+")") {
		p.t.Errorf("not so: %s\n%s", js, p.dump())
	}
}

// dump says what the widget shows, for a failure's message.
func (p *Tab) dump() string {
	ctx, cancel := context.WithTimeout(p.ctx, 5*time.Second)
	defer cancel()
	s, err := chromedp.Run(ctx, chromedp.Evaluate[string](`JSON.stringify({shown: q(".log")?.innerText ?? null, status: q("[role=status]")?.textContent ?? null, happened, broken}, null, 1)`))
	if err != nil {
		return "(the page cannot be asked: " + err.Error() + ")"
	}
	return s
}

// Visit opens the shop and waits for the launcher.
func (p *Tab) Visit(url string) {
	p.t.Helper()
	p.Do(chromedp.Navigate(url))
	p.Wait(`q(".launcher")`)
}

// Click is a real mouse click on what the selector finds in the widget.
func (p *Tab) Click(selector string) {
	p.t.Helper()
	p.Wait(`q(` + Quote(selector) + `)`)
	p.Do(chromedp.Click(InShadow(selector)))
}

// Open opens the panel with the mouse and waits until it can be typed into.
func (p *Tab) Open() {
	p.t.Helper()
	p.Click(".launcher")
	p.Wait(`q("textarea") && q(".panel:not([hidden])") && document.querySelector("woo-chat").shadowRoot.activeElement === q("textarea")`)
}

// Keys types into whatever has the focus.
func (p *Tab) Keys(text string, mods ...chromedp.Modifier) {
	p.t.Helper()
	p.Do(chromedp.KeyEvent(text, chromedp.KeyModifiers(mods...)))
}

// Ask types a question and sends it by keyboard.
func (p *Tab) Ask(question string) {
	p.t.Helper()
	p.Keys(question)
	p.Keys(kb.Enter)
}

// Answered waits until n messages of the assistant have ended.
func (p *Tab) Answered(n int) {
	p.t.Helper()
	p.Wait(`happened.filter((e) => e.name === "message" && e.role === "assistant").length >= ` + Quote(n))
}

// Healthy fails the test if the page saw a script error or a policy violation.
func (p *Tab) Healthy() {
	p.t.Helper()
	if b := Eval[[]string](p, "broken"); len(b) > 0 {
		p.t.Errorf("the page broke: %s", strings.Join(b, "\n"))
	}
}

// Scheme makes the browser prefer "light" or "dark", and no motion: then what is shown is final at once.
func (p *Tab) Scheme(value string) {
	p.t.Helper()
	p.Do(chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		_, err := cdp.Call(ctx, target, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: value}, {Name: "prefers-reduced-motion", Value: "reduce"}},
		})
		return err
	}))
}

// Picture keeps a screenshot in the folder named by WOOCHAT_PICTURES, for people to look at.
func (p *Tab) Picture(name string) {
	p.t.Helper()
	dir := os.Getenv("WOOCHAT_PICTURES")
	if dir == "" {
		return
	}
	// Two frames later everything that was asked for has been painted. What is loaded lazily and out of sight was not
	// asked for: its decoding never ends.
	Eval[bool](p, `Promise.all([...document.images, ...qa("img")].filter((i) => i.complete || i.loading !== "lazy").map((i) => i.decode().catch(() => {}))).then(() => new Promise((r) => requestAnimationFrame(() => requestAnimationFrame(() => r(true)))))`)
	ctx, cancel := context.WithTimeout(p.ctx, Patience)
	defer cancel()
	png, err := chromedp.Run(ctx, chromedp.CaptureScreenshot())
	if err != nil {
		p.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, name+".png"), png, 0o644); err != nil {
		p.t.Fatal(err)
	}
}

// InShadow finds a selector inside the widget.
func InShadow(selector string) chromedp.JSPath {
	return chromedp.JSPath(`document.querySelector("woo-chat").shadowRoot.querySelector(` + Quote(selector) + `)`)
}

// Quote writes a Go value as a JavaScript literal.
func Quote(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // strings and numbers only
	}
	return string(b)
}
