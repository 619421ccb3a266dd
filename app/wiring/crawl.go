package wiring

import (
	"time"

	"github.com/aiwoochat/woochat/adapters/egress"
	"github.com/aiwoochat/woochat/adapters/html"
	"github.com/aiwoochat/woochat/adapters/web"
	"github.com/aiwoochat/woochat/ports"
)

// Crawl says how a site is crawled. Zero fields have the defaults of package
// web.
type Crawl struct {
	Start    string // an address of the site, or of one of its sitemaps
	MaxPages int
	MaxTime  time.Duration
	Delay    time.Duration
}

// Crawl returns a source of a site's pages. What may be reached is as with all
// addresses that users name: the internet, and what Config.AllowHosts has.
func (a *App) Crawl(c Crawl) ports.DocumentSource {
	return web.New(c.Start, web.Config{
		Client: a.guard.Client(egress.Limits{Body: 17 << 20, Time: time.Minute}), Read: html.New().WebPage, Now: a.now,
		MaxPages: c.MaxPages, MaxTime: c.MaxTime, Delay: c.Delay,
	})
}
