package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	"golang.org/x/term"

	"github.com/aiwoochat/woochat/app/ingesting"
	"github.com/aiwoochat/woochat/app/wiring"
	"github.com/aiwoochat/woochat/domain/ingestion"
	"github.com/aiwoochat/woochat/domain/roles"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/ports"
)

type ingestWooCommerce struct {
	Site  string `help:"Id, name or address of the site; may be left out if there is only one."`
	URL   string `name:"url" placeholder:"URL" help:"The shop's address; the site's own if left out."`
	Key   string `placeholder:"KEY" help:"REST key as @FILE, env:NAME, - for stdin, or ck_...:cs_..., which others can see in the list of processes. Asked for if left out, or that of the connected shop."`
	Full  bool   `negatable:"" default:"true" help:"Read all products, and take out what the shop has no longer. --no-full reads what has changed since the last time."`
	Pages bool   `help:"Read pages and posts, too."`
	jsonFlag
}

// Help implements kong.HelpProvider.
func (ingestWooCommerce) Help() string {
	return `The key needs the permission Read; it is made under WooCommerce > Settings > Advanced > REST API. It is not stored. The file, the variable or stdin holds consumer key and secret, with a colon or a line end between them.

An import that was stopped goes on from where it was when it is run again. A shop that wants to be left alone for a while is: the command says so and waits. On a terminal it draws a bar; otherwise, and with --json, it prints a line of JSON for each step.

A shop in your own network is reached only if WOOCHAT_ALLOW_HOSTS names it.

Examples:

    woochat ingest woocommerce --url https://shop.example.com --key @shop.key --pages
    pass show shop | woochat ingest woocommerce --site shop.example.com --key -
    woochat ingest woocommerce --no-full
`
}

// Run imports the shop.
func (c ingestWooCommerce) Run(ctx context.Context, p *program) error {
	return p.with(ctx, func(app *wiring.App) error {
		site, err := siteNamed(ctx, app, c.Site)
		if err != nil {
			return err
		}
		if err := app.Auditing.Allow(ctx, app.Operator, roles.WriteDocuments, site.Scope(), "import from its shop"); err != nil {
			return err
		}
		w := p.newWait(c.JSON)
		shop, err := c.open(ctx, p, app, site, w)
		if err != nil {
			return shopHint(err)
		}
		parts := []shopPart{{ports.FeedProducts, ingesting.ShopProducts, func(o ingesting.Options) (ingesting.Report, error) {
			return app.Ingesting.ImportShop(ctx, site.Scope(), shop, o)
		}}}
		if c.Pages {
			for _, feed := range []string{ports.FeedPages, ports.FeedPosts} {
				parts = append(parts, shopPart{feed, "woocommerce-" + feed, func(o ingesting.Options) (ingesting.Report, error) {
					return app.Ingesting.ImportPages(ctx, site.Scope(), shop, feed, o)
				}})
			}
		}
		draining, stop := context.WithCancel(ctx)
		beside := app.Ingesting.Beside(draining, site.Scope())
		defer func() {
			stop() // an import that failed says so before all of it is embedded
			beside.End()
		}()
		for _, part := range parts {
			if err := c.part(ctx, p, site, shop, part, w, beside.Stored); err != nil {
				return shopHint(err)
			}
		}
		show := p.newShow(c.JSON)
		indexed, err := indexAfter(ctx, app, site, show, beside.End)
		show.wait()
		p.tellIndex(indexed, show)
		return err
	})
}

// shopPart is one feed of a shop.
type shopPart struct {
	feed   string
	source string
	read   func(ingesting.Options) (ingesting.Report, error)
}

// part imports one feed, with pauses where the shop asks for them.
func (c ingestWooCommerce) part(ctx context.Context, p *program, site tenant.Site, shop ports.Shop, part shopPart, w *wait, stored func()) error {
	total := 0
	if sized, ok := shop.(ports.ShopSize); ok && c.Full {
		n, err := sized.Size(ctx, part.feed)
		for err != nil {
			if err := w.out(ctx, err); err != nil {
				return err
			}
			n, err = sized.Size(ctx, part.feed)
		}
		total = n
	}
	show := p.newShow(c.JSON)
	step := show.begin("read", total)
	f := feed{site: site, name: part.source, what: part.feed, json: c.JSON, options: ingesting.Options{
		Full: c.Full, Wait: w.out, Progress: func(now ingesting.Progress) {
			w.tries = 0 // it came further
			stored()
			step.at(now.Seen, now.Rejected)
		},
	}}
	r, err := part.read(f.options)
	step.end(err == nil)
	show.wait()
	p.tell(f, r, show, err)
	if errors.Is(err, context.Canceled) {
		return withHint(err, "what was read is kept: the same command goes on from there")
	}
	return err
}

// open finds out how the shop is reached, or takes it as it is connected. A shop
// that wants to be left alone for a while is.
func (c ingestWooCommerce) open(ctx context.Context, p *program, app *wiring.App, site tenant.Site, w *wait) (ports.Shop, error) {
	if c.Key == "" && c.URL == "" {
		shop, err := app.Shops.Shop(ctx, site.Scope())
		if err == nil || !errors.Is(err, ports.ErrNotFound) {
			return shop, err
		}
	}
	key, err := c.credentials(p)
	if err != nil {
		return nil, err
	}
	address := c.URL
	if address == "" {
		address = site.URL
	}
	for {
		conn, err := app.Shops.Probe(ctx, address, key)
		if err == nil {
			w.tries = 0
			return app.Shops.Connected(conn, key), nil
		}
		if !busy(err) {
			return nil, err // of an address that nobody answers at, waiting makes none
		}
		if err := w.out(ctx, err); err != nil {
			return nil, err
		}
	}
}

// busy reports whether a shop says that it has too much to do.
func busy(err error) bool {
	of, ok := errors.AsType[*ports.ShopError](err)
	return ok && (of.Status == http.StatusTooManyRequests || of.Status == http.StatusServiceUnavailable)
}

// maxKey bounds what is read for a key.
const maxKey = 4 << 10

// credentials reads the key from where --key says. No error says what was read.
func (c ingestWooCommerce) credentials(p *program) (ingestion.Credentials, error) {
	text, from := c.Key, "--key"
	var err error
	switch name, isEnv := strings.CutPrefix(c.Key, "env:"); {
	case c.Key == "":
		text, err = p.askSecret("REST key of the shop (ck_...:cs_...): ")
	case c.Key == "-":
		var b []byte
		b, err = io.ReadAll(io.LimitReader(p.stdin, maxKey))
		text, from = string(b), "stdin"
	case isEnv:
		var ok bool
		if text, ok = p.env(name); !ok {
			err = fmt.Errorf("--key: the environment has no variable %.40q", name)
		}
		from = "the variable"
	case strings.HasPrefix(c.Key, "@"):
		text, err = readKeyFile(c.Key[1:])
		from = "the file"
	}
	if err != nil {
		return ingestion.Credentials{}, err
	}
	text = strings.TrimSpace(text)
	id, secret, _ := strings.Cut(text, ":")
	if strings.Contains(text, "\n") {
		id, secret, _ = strings.Cut(text, "\n")
	}
	key := ingestion.Credentials{Key: ingestion.NewSecret(strings.TrimSpace(id)), Secret: ingestion.NewSecret(strings.TrimSpace(secret))}
	if err := key.Valid(); err != nil {
		return ingestion.Credentials{}, withHint(fmt.Errorf("%s: %w", from, err), "both halves are shown once, when the key is made, under WooCommerce > Settings > Advanced > REST API")
	}
	return key, nil
}

func readKeyFile(name string) (string, error) {
	f, err := os.Open(name)
	if err != nil {
		return "", fmt.Errorf("--key: %w", err)
	}
	b, err := io.ReadAll(io.LimitReader(f, maxKey))
	return string(b), errors.Join(err, f.Close())
}

// askSecret asks for a text that is not shown while it is typed.
func (p *program) askSecret(question string) (string, error) {
	f, ok := p.stdin.(*os.File)
	if !p.asks || !ok {
		return "", withHint(errors.New("a REST key of the shop is needed"), `--key takes @FILE, env:NAME, or - for stdin`)
	}
	fmt.Fprint(p.stderr, question)
	b, err := term.ReadPassword(int(f.Fd()))
	fmt.Fprintln(p.stderr)
	return string(b), err
}

// shopHint says what to do about an answer of a shop.
func shopHint(err error) error {
	var of *ports.ShopError
	if errors.As(err, &of) && strings.Contains(of.Reason, "WOOCHAT_ALLOW_HOSTS") {
		return err
	}
	if errors.As(err, &of) && errors.Is(err, ports.ErrUnavailable) {
		return withHint(err, "what was read is kept: the same command goes on from there")
	}
	return err
}

// wait is how a command waits for a shop.
type wait struct {
	p     *program
	lines *show
	tries int // in a row
	sleep func(context.Context, time.Duration) error
}

func (p *program) newWait(asJSON bool) *wait {
	return &wait{p: p, lines: p.newShow(asJSON), sleep: func(ctx context.Context, d time.Duration) error {
		t := time.NewTimer(d)
		defer t.Stop()
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-t.C:
			return nil
		}
	}}
}

// Bounds of waiting. A shop that says how long it wants to be left alone is
// believed up to an hour.
const (
	waitTries = 5
	waitMost  = time.Hour
)

type waitLine struct {
	Event   string  `json:"event"`
	Seconds float64 `json:"seconds"`
	Reason  string  `json:"reason"`
}

// out waits after an answer of the shop for as long as it asks for, or returns
// err if there is no sense in that.
func (w *wait) out(ctx context.Context, err error) error {
	w.tries++
	of, ok := errors.AsType[*ports.ShopError](err)
	if !ok || !errors.Is(err, ports.ErrUnavailable) || w.tries > waitTries || of.RetryAfter > waitMost {
		return err
	}
	d := of.RetryAfter
	if d == 0 {
		d = time.Second << w.tries
	}
	w.lines.line(waitLine{"waiting", d.Seconds(), of.Reason})
	if w.lines.lines == nil {
		fmt.Fprintf(w.p.stdout, "Waiting for %v: %s.\n", d.Round(time.Second), printable(of.Reason))
	}
	return w.sleep(ctx, d)
}
