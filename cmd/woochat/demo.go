package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aiwoochat/woochat/app/wiring"
	"github.com/aiwoochat/woochat/cmd/woochat/demoshop"
)

type demoCommand struct{}

func (demoCommand) showsSettings() {}

// Help implements kong.HelpProvider.
func (demoCommand) Help() string {
	return `Opens an invented shop with about sixty products, imported by the code that imports your own export. Its store is in a temporary folder that is gone afterwards; --data-dir keeps it. Both addresses are on this machine only, and another port is taken if one is in use. Ctrl-C ends it.

Examples:

    woochat demo
    OPENAI_API_KEY=... woochat demo
    OPENAI_BASE_URL=http://127.0.0.1:11434/v1 WOOCHAT_CHAT_MODEL=llama3.2 woochat demo
    woochat demo --data-dir demo-data --addr 127.0.0.1:9090
`
}

// demoDefaults go before the settings' own: this machine only, and a quiet log.
func demoDefaults() map[string]string {
	return map[string]string{
		"WOOCHAT_ADDR": "127.0.0.1:8080", "WOOCHAT_ADMIN_ADDR": "127.0.0.1:8081",
		"WOOCHAT_LOG_LEVEL": "warn", "WOOCHAT_LOG_FORMAT": "text", "WOOCHAT_SHUTDOWN_GRACE": "5s",
	}
}

// Run opens the demo and serves until ctx is done.
func (demoCommand) Run(ctx context.Context, p *program) (err error) {
	begun := p.now()
	cfg, values, err := p.settings(demoDefaults())
	if err != nil {
		return err
	}
	if cfg.DatabaseURL != "" {
		return withHint(&wiring.SettingError{
			Name: "WOOCHAT_DATABASE_URL", Origin: originOf(values, "WOOCHAT_DATABASE_URL"), Reason: "is not used by the demo, which fills a store of its own",
		}, "unset it, or name a folder with --data-dir")
	}
	kept := originOf(values, "WOOCHAT_DATA_DIR") != "default"
	remove := func() error { return nil }
	if kept {
		if err := os.MkdirAll(cfg.DataDir, 0o700); err != nil {
			return storeHint(cfg, err)
		}
	} else {
		if cfg.DataDir, err = os.MkdirTemp("", "woochat-demo-*"); err != nil {
			return err
		}
		remove = func() error { return os.RemoveAll(cfg.DataDir) }
	}
	defer func() { err = errors.Join(err, remove()) }()

	if cfg.SecretKey == "" {
		if cfg.SecretKey, err = keptSecret(cfg.DataDir); err != nil {
			return err
		}
	}
	// A server of one's own costs what it costs; nobody knows the price.
	cfg.UnpricedFree = cfg.OpenAIBaseURL != ""
	front := &shopFront{now: p.now}
	app, err := wiring.Start(ctx, cfg, wiring.Options{Listen: true, AnyPort: true, Fallback: front, Log: p.logger(cfg), Operator: p.operator()})
	if err != nil {
		if err = storeHint(cfg, err); hintOf(err) == "" {
			err = withHint(err, "--data-dir chooses another folder, --addr and --admin-addr other addresses")
		}
		return err
	}
	shop, err := seed(ctx, app, p.now)
	if err != nil {
		end, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTimeout)
		defer cancel()
		return errors.Join(err, app.Stop(end))
	}
	front.open(shop.siteKey)
	work, stop := context.WithCancel(ctx)
	indexed := indexShop(work, app, shop.site.Scope())
	var indexing error
	patience := time.NewTimer(indexPatience)
	defer patience.Stop()
	select {
	case indexing = <-indexed:
		indexed = nil
	case <-patience.C:
		indexing = errIndexing
	case <-ctx.Done():
	}
	p.welcome(ctx, app, shop, welcome{asked: cfg, kept: kept, took: p.now().Sub(begun), indexing: indexing})
	var waiting sync.WaitGroup
	if indexed != nil {
		waiting.Go(func() {
			switch err := <-indexed; {
			case err == nil:
				fmt.Fprintln(p.stdout, "The index is complete.")
			case ctx.Err() == nil:
				fmt.Fprintf(p.stdout, "The index: %v\n", err)
			}
		})
	}
	defer stop()
	err = p.serve(ctx, app)
	if !errors.Is(err, errHurried) {
		stop()
		waiting.Wait()
	}
	return err
}

// indexPatience is how long the welcome waits for the index. Without a provider
// it is there at once.
const indexPatience = 400 * time.Millisecond

// errIndexing says that the index is not there yet.
var errIndexing = errors.New("being filled: the first answers may find little")

func originOf(values []wiring.Value, env string) string {
	for _, v := range values {
		if v.Env == env {
			return v.Origin
		}
	}
	return ""
}

// shopFront serves the demo shop from the moment on when its key is known; the
// listener is open before, since the shop's address is its port.
type shopFront struct {
	now     func() time.Time
	handler atomic.Pointer[http.Handler]
}

func (f *shopFront) open(siteKey string) {
	h := demoshop.Handler(demoshop.Options{SiteKey: siteKey, WidgetSrc: "/w.js", Now: f.now})
	f.handler.Store(&h)
}

// ServeHTTP implements http.Handler.
func (f *shopFront) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if h := f.handler.Load(); h != nil {
		(*h).ServeHTTP(w, r)
		return
	}
	w.Header().Set("Retry-After", "1")
	http.Error(w, "The shop opens in a moment.", http.StatusServiceUnavailable)
}

// welcome is what the demo says of itself, beside what app and shop know.
type welcome struct {
	asked wiring.Config // with the addresses that were asked for
	kept  bool          // the folder stays
	took  time.Duration
	// indexing is what there is to say about the index, nil if all is well.
	indexing error
}

func (p *program) welcome(ctx context.Context, app *wiring.App, shop demoShop, w welcome) {
	out := p.stdout
	fmt.Fprintf(out, "\n  %s\n\n", p.bold("Open the shop:  "+app.PublicURL+"/"))
	fmt.Fprintf(out, "  Ask its assistant, at the bottom right: %q\n", shop.site.Suggestions[0])
	for _, moved := range []struct{ what, asked, got string }{
		{"shop", w.asked.Addr, app.PublicURL}, {"admin", w.asked.AdminAddr, app.AdminURL},
	} {
		if _, port, err := net.SplitHostPort(moved.asked); err == nil && port != "0" && !strings.HasSuffix(moved.got, ":"+port) {
			fmt.Fprintf(out, "  Port %s is in use: the %s listener took a free one.\n", port, moved.what)
		}
	}
	fmt.Fprintf(out, `
Admin listener (this machine only)
  health    %[1]s/livez  %[1]s/readyz
  metrics   %[1]s/metrics
  usage     curl -H "Authorization: Bearer %[2]s" %[1]s/api/admin/usage/daily

In use
  shop      %[3]s: %[4]d products and pages imported, site key %[5]s
  license   %[6]s
  store     %[7]s%[8]s
  index     %[9]s
  model     %[10]s
`, app.AdminURL, shop.apiKey, shop.site.Name, shop.documents, shop.siteKey, shop.license,
		storeWords(app.Config), map[bool]string{true: "", false: " (temporary: removed at the end)"}[w.kept], indexWords(app.Config), app.Model)
	if price, err := app.Metering.Price(ctx, app.Config.ChatModel); app.Config.ChatModel != "" && err == nil && price.Unpriced {
		fmt.Fprintln(out, "  price     unknown: counted as 0 and labelled unpriced; WOOCHAT_PRICE_CEILING=input,output in USD a million tokens sets one")
	}
	if w.indexing != nil {
		fmt.Fprintf(out, "  index is  %v\n", w.indexing)
	}
	for _, r := range shop.rejected {
		fmt.Fprintf(out, "  rejected  %s: %s\n", r.Where, printable(r.Reason))
	}
	if app.Config.OpenAIKey == "" && app.Config.OpenAIBaseURL == "" {
		fmt.Fprint(out, `
With a real model
  OPENAI_API_KEY=... make demo
  OPENAI_BASE_URL=http://127.0.0.1:11434/v1 WOOCHAT_CHAT_MODEL=... make demo   (Ollama, llama.cpp, vLLM, ...)
`)
	}
	fmt.Fprintf(out, "\nReady in %d ms. Ctrl-C ends it.\n\n", w.took.Milliseconds())
}
