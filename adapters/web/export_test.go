package web

import "testing"

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
