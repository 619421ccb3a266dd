package wiring

import (
	"io"
	"io/fs"
	"log/slog"
	"strings"
	"time"

	"github.com/aiwoochat/woochat/adapters/files"
	"github.com/aiwoochat/woochat/adapters/system"
	"github.com/aiwoochat/woochat/adapters/woocommerce"
	"github.com/aiwoochat/woochat/domain/catalog"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/ports"
)

// decimals is what WooCommerce shows of a price unless it is told otherwise.
const decimals = 2

// WooCommerceCSV returns a source that reads a product export of c.Site.
func WooCommerceCSV(c CSV) ports.DocumentSource {
	cfg := woocommerce.CSVConfig{Currency: c.Site.Currency, Exponent: decimals, SiteURL: c.Site.URL, Location: zone(c.Site)}
	if c.Decimals != nil {
		cfg.Exponent = *c.Decimals
	}
	return woocommerce.NewCSVSource(c.Open, cfg)
}

// Pages returns a source of pages of the site; each is addressed by its slug.
func Pages(site tenant.Site, pages []ShopPage) ports.DocumentSource {
	out := make([]catalog.Page, 0, len(pages))
	for _, p := range pages {
		out = append(out, catalog.Page{
			ID: p.Slug, Title: p.Title, URL: strings.TrimRight(site.URL, "/") + "/" + p.Slug + "/", Status: catalog.Published, HTML: p.HTML,
		})
	}
	return files.NewPages(out...)
}

// PageFolder returns a source of the HTML and Markdown files in a folder, each
// a page of the site: help/returns.md is /help/returns/.
func PageFolder(site tenant.Site, fsys fs.FS) ports.DocumentSource {
	return files.NewPageFolder(fsys, site.URL)
}

// FAQ returns a source of the questions and answers of a CSV file.
func FAQ(open func() (io.ReadCloser, error)) ports.DocumentSource { return files.NewFAQ(open) }

func zone(site tenant.Site) *time.Location {
	if loc, err := time.LoadLocation(site.TimeZone); err == nil {
		return loc
	}
	return time.UTC // a stored site has a zone that can be loaded; see tenant.Site.Valid
}

// NewLogger returns the logger that cfg asks for; terminal says whether w is
// one.
func NewLogger(w io.Writer, cfg Config, terminal bool) *slog.Logger {
	format := cfg.LogFormat
	switch {
	case (format == "" || format == "auto") && terminal:
		format = "tint"
	case format == "" || format == "auto":
		format = "json"
	}
	log, err := system.NewLogger(w, format, cfg.LogLevel)
	if err != nil {
		// Load has refused every other format; a Config made by hand gets this.
		return slog.New(slog.NewJSONHandler(w, nil))
	}
	return log
}

// NewSecretKey returns a fresh key for WOOCHAT_SECRET_KEY.
func NewSecretKey() string { return system.NewSecretKey() }
