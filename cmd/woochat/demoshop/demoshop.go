// Package demoshop is the shop that `woochat demo` opens: Fjell & Fjord
// Outfitters, an invented seller of outdoor goods. It holds the shop's
// catalogue as WooCommerce exports it, its pages and its pictures, and serves
// a shop front without JavaScript of its own, so that the only script on a
// page is the widget.
//
// The shop front reads the same export that the demo imports. A price on the
// page and a price in an answer therefore come from one place, through two
// readers that know nothing of each other.
package demoshop

import (
	"bytes"
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"strings"
	"time"
)

// ExportedURL is the address that the shop had when its catalogue was
// exported. Pictures, downloads and links in descriptions begin with it.
const ExportedURL = "https://shop.example.com"

//go:embed content templates static
var embedded embed.FS // an embed directive needs a package variable; nothing writes to it

// Page is one page of the shop, such as shipping or returns.
type Page struct {
	Slug  string // its address is /slug/
	Title string // plain text
	HTML  string // what stands below the title; links within the shop are relative to its root
}

// Options say what a shop front cannot know by itself.
type Options struct {
	// SiteKey is the public key (pk_...) that the widget is given.
	SiteKey string

	// WidgetSrc is where the widget's script is: a path on the shop's own
	// host such as /w.js, or an http(s) URL. The pages' Content-Security-Policy
	// allows scripts and connections to that origin and the shop's own, and
	// to no other.
	WidgetSrc string

	// Now tells the time, which decides what is on sale; nil is time.Now.
	Now func() time.Time
}

// Products returns the catalogue in WooCommerce's product CSV export format,
// with addresses that begin with [ExportedURL]. The caller owns the bytes.
func Products() []byte {
	return mustRead("content/products.csv")
}

// ProductsAt returns the catalogue as a shop at siteURL would export it, so
// that pictures and links work where the shop front runs. siteURL is scheme
// and host without a slash at the end, such as http://127.0.0.1:8080. The
// caller owns the bytes.
func ProductsAt(siteURL string) []byte {
	return bytes.ReplaceAll(Products(), []byte(ExportedURL), []byte(strings.TrimRight(siteURL, "/")))
}

// Pages returns the shop's pages in the order of its footer. The caller owns
// the slice.
func Pages() []Page {
	var index []struct{ Slug, Title, File string }
	if err := json.Unmarshal(mustRead("content/pages.json"), &index); err != nil {
		panic(fmt.Sprintf("demoshop: content/pages.json: %v", err))
	}
	pages := make([]Page, len(index))
	for i, p := range index {
		pages[i] = Page{Slug: p.Slug, Title: p.Title, HTML: string(mustRead("content/pages/" + p.File))}
	}
	return pages
}

// mustRead returns an embedded file. What is embedded was there when the
// program was built and the tests read all of it, so a failure is a slip in
// this package that no caller can handle.
func mustRead(name string) []byte {
	b, err := fs.ReadFile(embedded, name)
	if err != nil {
		panic(fmt.Sprintf("demoshop: %v", err))
	}
	return b
}
