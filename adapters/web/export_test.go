package web

import (
	"testing"

	"github.com/aiwoochat/woochat/domain/catalog"
)

func FuzzSitemap(f *testing.F) {
	f.Add([]byte("<urlset><url><loc>https://shop.example.com/a/</loc><lastmod>2026-11-23</lastmod></url></urlset>"))
	f.Add([]byte("<sitemapindex><sitemap><loc>/b.xml</loc></sitemap>"))
	f.Add([]byte("\x1f\x8b\x08"))
	f.Fuzz(func(t *testing.T, body []byte) {
		_ = readSitemap(body, func(e entry) error {
			if e.address == "" || len(e.address) > maxLoc {
				t.Fatalf("an entry without an address that can be asked: %.80q", e.address)
			}
			return nil
		})
	})
}

func FuzzCursor(f *testing.F) {
	f.Add("web2:d:1:0:https://shop.example.com/a/\n0123456789A\"tag\"\n1123456789A17")
	f.Add("web1:r:5:4:x:y")
	f.Fuzz(func(t *testing.T, text string) {
		c, err := parseCursor(catalog.Cursor(text))
		if err != nil {
			return
		}
		again, err := parseCursor(c.String())
		if err != nil || again.String() != c.String() {
			t.Fatalf("%q is read as %q, %v", text, again.String(), err)
		}
	})
}
