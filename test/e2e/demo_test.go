package e2e

import (
	"bufio"
	"context"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/chromedp/chromedp/kb"

	"github.com/aiwoochat/woochat/test/fakes/openaifake"
	"github.com/aiwoochat/woochat/test/harness/browser"
	"github.com/aiwoochat/woochat/test/harness/served"
)

// process is a running woochat.
type process struct {
	*testing.T
	cmd    *exec.Cmd
	shop   string // the URL that it printed first
	out    *lockedBuffer
	exited chan error
	took   time.Duration // from the start to the URL
}

var shopURL = regexp.MustCompile(`http://[0-9.a-z]+:\d+/?`)

// demo starts `woochat demo` and waits for its URL.
func demo(t *testing.T, bin string, env ...string) *process {
	t.Helper()
	// Not the test's context: the process is ended by a signal, as a person
	// would, and is only killed if that fails.
	cmd := exec.CommandContext(context.WithoutCancel(t.Context()), bin, "demo")
	tmp := t.TempDir()
	cmd.Env = append([]string{"HOME=" + tmp, "TMPDIR=" + tmp, "PATH=" + os.Getenv("PATH"), "WOOCHAT_ADDR=127.0.0.1:0", "WOOCHAT_ADMIN_ADDR=127.0.0.1:0"}, env...)
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	p := &process{T: t, cmd: cmd, out: &lockedBuffer{}, exited: make(chan error, 1)}
	cmd.Stderr = p.out
	began := time.Now()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	found := make(chan string, 1)
	go func() {
		lines := bufio.NewScanner(io.TeeReader(stdout, p.out))
		for lines.Scan() {
			if u := shopURL.FindString(lines.Text()); u != "" {
				select {
				case found <- u:
				default:
				}
			}
		}
		p.exited <- cmd.Wait()
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		if left, err := os.ReadDir(tmp); err != nil || len(left) > 0 {
			t.Errorf("left behind: %v %v", left, err)
		}
	})
	select {
	case p.shop = <-found:
		p.took = time.Since(began)
	case err := <-p.exited:
		t.Fatalf("ended with %v:\n%s", err, p.out.String())
	case <-time.After(patience):
		t.Fatalf("no URL after %v:\n%s", patience, p.out.String())
	}
	return p
}

// interrupt ends the process as Ctrl-C does, and fails unless it exits 0.
func (p *process) interrupt() {
	p.Helper()
	if err := p.cmd.Process.Signal(syscall.SIGINT); err != nil {
		p.Fatal(err)
	}
	select {
	case err := <-p.exited:
		if err != nil {
			p.Errorf("after an interrupt: %v\n%s", err, p.out.String())
		}
	case <-time.After(patience):
		p.Errorf("still running %v after an interrupt:\n%s", patience, p.out.String())
	}
}

// TestDemoInABrowser opens the demo's shop in Chromium and asks three questions
// by keyboard.
func TestDemoInABrowser(t *testing.T) {
	p := demo(t, served.Build(t))
	t.Logf("ready after %v", p.took)
	tab := browser.New(t)
	tab.Visit(p.shop)
	tab.Do() // the page has loaded
	// By keyboard: tab to the launcher, open it, type.
	for range 200 {
		if browser.Eval[bool](tab, `document.activeElement?.tagName === "WOO-CHAT"`) {
			break
		}
		tab.Keys(kb.Tab)
	}
	tab.Is(`document.activeElement.tagName === "WOO-CHAT"`)
	tab.Keys(kb.Enter)
	tab.Wait(`q("textarea") && document.querySelector("woo-chat").shadowRoot.activeElement === q("textarea")`)
	tab.Picture("demo-open")

	tab.Ask("Which blue things under 30 euros are in stock?")
	tab.Answered(1)
	tab.Picture("demo-blue")
	tab.Is(`qa(".card").length >= 1`)
	tab.Is(`qa(".card").some((c) => c.innerText.includes("Glacier Enamel Mug") || c.innerText.includes("Kilde") || c.innerText.includes("Packing Cubes") || c.innerText.includes("Dry Bag") || c.innerText.includes("Hiking Socks"))`)

	tab.Ask("How much is the Kilde Insulated Bottle?")
	tab.Answered(2)
	tab.Picture("demo-price")
	// The card's price is the one that the product's own page shows.
	tab.Is(`qa(".card").some((c) => c.innerText.includes("Kilde Insulated Bottle") && c.innerText.includes("€"))`)
	link := browser.Eval[string](tab, `qa("a").map((a) => a.href).find((h) => h.includes("/product/kilde-insulated-bottle/")) ?? ""`)
	if !strings.HasPrefix(link, strings.TrimSuffix(p.shop, "/")) {
		t.Errorf("no citation links to the product: %q", link)
	}
	price := browser.Eval[string](tab, `qa(".card").find((c) => c.innerText.includes("Kilde Insulated Bottle")).innerText.match(/€[0-9.,]+/)[0]`)
	page := browser.Eval[string](tab, `fetch("/product/kilde-insulated-bottle/").then((r) => r.text())`)
	if !strings.Contains(page, price) && !strings.Contains(page, strings.TrimPrefix(price, "€")) {
		t.Errorf("the card says %s, which the product's page does not", price)
	}

	tab.Ask("Can I return boots that I have worn outside?")
	tab.Answered(3)
	tab.Picture("demo-returns")
	tab.Is(`qa("a").some((a) => a.href.includes("/returns/") || a.href.includes("/faq/") || a.href.includes("/warranty/"))`)
	tab.Healthy()
	p.interrupt()
}

// TestDemoStreams watches the text grow in the browser, with a provider that
// writes it piece by piece.
func TestDemoStreams(t *testing.T) {
	gate := &openaifake.Gate{}
	fake := openaifake.New(t, openaifake.Options{Gate: gate, Script: func(openaifake.ChatRequest) string {
		return "First sentence of the answer. Second sentence of the answer. Third sentence of the answer."
	}})
	p := demo(t, served.Build(t), "OPENAI_BASE_URL="+fake.URL(), "WOOCHAT_CHAT_MODEL=some-local-model")
	tab := browser.New(t)
	tab.Visit(p.shop)
	tab.Open()
	tab.Ask("Tell me something")
	gate.Step(8)
	tab.Wait(`q(".log").innerText.includes("First sentence of the answer.")`)
	tab.Is(`!q(".log").innerText.includes("Third sentence")`)
	gate.Open()
	tab.Wait(`q(".log").innerText.includes("Third sentence of the answer.")`)
	tab.Answered(1)
	tab.Healthy()
	p.interrupt()
	if out := p.out.String(); !strings.Contains(out, "unpriced") && !strings.Contains(out, "price") {
		t.Errorf("the demo does not say that nobody knows the price:\n%s", out)
	}
}

// TestDemoKeepsItsFolder runs the demo twice on one folder.
func TestDemoKeepsItsFolder(t *testing.T) {
	bin, dir := served.Build(t), t.TempDir()
	for range 2 {
		p := demo(t, bin, "WOOCHAT_DATA_DIR="+dir)
		p.interrupt()
	}
	if _, err := os.Stat(filepath.Join(dir, "woochat.db")); err != nil {
		t.Error(err)
	}
}
