package main

import (
	"context"
	"errors"
	"time"

	"github.com/aiwoochat/woochat/app/ingesting"
	"github.com/aiwoochat/woochat/app/wiring"
	"github.com/aiwoochat/woochat/ports"
)

type ingestCrawl struct {
	URL      string        `arg:"" name:"url" help:"An address of the site, or of one of its sitemaps (.xml)."`
	Site     string        `help:"Id, name or address of the site in woochat; may be left out if there is only one."`
	Full     bool          `negatable:"" default:"true" help:"Read all pages, and take out what the sitemaps name no longer. --no-full reads what has changed since the last time."`
	MaxPages int           `default:"5000" placeholder:"N" help:"How many pages the sitemaps may name; 5000 if left out."`
	MaxTime  time.Duration `default:"1h" placeholder:"TIME" help:"How long to read at most; 1h if left out. The same command goes on then."`
	Delay    time.Duration `default:"250ms" placeholder:"TIME" help:"Time between two pages; 250ms if left out. robots.txt may ask for more."`
	jsonFlag
}

// Help implements kong.HelpProvider.
func (ingestCrawl) Help() string {
	return `Reads the pages that the site's sitemaps name, for sites whose pages WordPress does not give through its API. robots.txt is kept to (as "woochat"), and so are noindex and canonical addresses. Of each page the main content is taken, without menus, sidebars and banners. Products, cart, checkout and account are left out: products come from "woochat ingest woocommerce" or "ingest csv", with their prices.

Only the site's own host is read, and none in your own network unless WOOCHAT_ALLOW_HOSTS names it. A crawl that was stopped goes on from where it was when the command is run again.

Exits with 0 also if pages were rejected, and with 1 if nothing could be read.

Examples:

    woochat ingest crawl https://shop.example.com
    woochat ingest crawl https://shop.example.com/page-sitemap.xml --no-full
`
}

// Run crawls the site.
func (c ingestCrawl) Run(ctx context.Context, p *program) error {
	return p.with(ctx, func(app *wiring.App) error {
		site, err := siteNamed(ctx, app, c.Site)
		if err != nil {
			return err
		}
		err = p.ingest(ctx, app, feed{
			site: site, name: crawlSource, what: "pages of " + c.URL, endless: true,
			source:  app.Crawl(wiring.Crawl{Start: c.URL, MaxPages: c.MaxPages, MaxTime: c.MaxTime, Delay: c.Delay}),
			options: ingesting.Options{Full: c.Full}, json: c.JSON,
		})
		if errors.Is(err, ports.ErrUnavailable) {
			return withHint(err, "what was read is kept: the same command goes on from there")
		}
		return err
	})
}
