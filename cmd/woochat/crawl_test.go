package main

import (
	"crypto/sha256"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// website opens a site with the given pages, which its sitemap names, and allows
// to reach it. A page that is "503" sends us away.
func (s *shell) website(pages map[string]string) string {
	s.t.Helper()
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/sitemap.xml" {
			_, _ = fmt.Fprint(w, "<urlset>")
			for path := range pages {
				_, _ = fmt.Fprintf(w, "<url><loc>http://%s%s</loc></url>", r.Host, path)
			}
			_, _ = fmt.Fprint(w, "</urlset>")
			return
		}
		switch text, ok := pages[r.URL.Path]; {
		case !ok:
			http.NotFound(w, r)
		case text == "503":
			http.Error(w, "later", http.StatusServiceUnavailable)
		default:
			tag := fmt.Sprintf("%q", fmt.Sprintf("%x", sha256.Sum256([]byte(text))))
			w.Header().Set("ETag", tag)
			if r.Header.Get("If-None-Match") == tag {
				w.WriteHeader(http.StatusNotModified)
				return
			}
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			_, _ = fmt.Fprint(w, text)
		}
	}))
	s.t.Cleanup(site.Close)
	host := strings.TrimPrefix(site.URL, "http://")
	if before := s.env["WOOCHAT_ALLOW_HOSTS"]; before != "" {
		host = before + "," + host
	}
	s.env["WOOCHAT_ALLOW_HOSTS"] = host
	return site.URL
}

func TestIngestCrawl(t *testing.T) {
	s := newShell(t)
	s.ok("init", "--tenant", "A", "--owner", "a@example.com", "--url", "https://a.example.com")
	pages := map[string]string{
		"/about/": `<html lang="nb"><title>About</title><nav>Menu</nav><main><p>We make mugs.</p><details><summary>Since when?</summary>1999.</details></main>`,
		"/deep/":  strings.Repeat("<div>", 600), "/z/": "503",
	}
	url := s.website(pages)
	r := s.run("ingest", "crawl", url, "--delay", "1ms")
	if r.code != exitFailure || !strings.Contains(r.err, "answers 503") || !strings.Contains(r.err, "the same command goes on from there") {
		t.Errorf("sent away: exit code %d, stderr %q", r.code, r.err)
	}
	pages["/z/"] = "<title>Z</title><main>Last.</main>"
	got := events(t, s.ok("ingest", "crawl", url, "--delay", "1ms"))
	if done := got["done"][0]; done["source"] != crawlSource || done["resumed"] != true || done["complete"] != true {
		t.Errorf("done: %v", done)
	}
	if done := events(t, s.ok("ingest", "crawl", url, "--delay", "1ms"))["done"][0]; done["unchanged"] != 3.0 || done["rejected"] != 1.0 {
		t.Errorf("again: %v", done)
	}
	pages["/about/"] = `<title>About</title><main><p>We make mugs.</p></main>`
	delete(pages, "/z/")
	if done := events(t, s.ok("ingest", "crawl", url, "--delay", "1ms"))["done"][0]; done["changed"] != 1.0 || done["removed"] != 2.0 {
		t.Errorf("a page and a question are gone: %v", done)
	}
}

// A page that the site says is as it was is not read again, and stays.
func TestIngestCrawlOfWhatHasChanged(t *testing.T) {
	s := newShell(t)
	s.ok("init", "--tenant", "A", "--owner", "a@example.com", "--url", "https://a.example.com")
	pages := map[string]string{
		"/about/": "<title>About</title><main><p>We make mugs.</p><details><summary>Since when?</summary>1999.</details></main>",
		"/help/":  "<title>Help</title><main>Ask us.</main>", "/z/": "<title>Z</title><main>Last.</main>",
	}
	url := s.website(pages)
	for _, step := range []struct {
		full                              string
		seen, changed, unchanged, removed any
	}{
		{"--full", 4.0, 4.0, 0.0, 0.0},
		{"--no-full", 0.0, 0.0, 0.0, 0.0},
		{"--no-full", 1.0, 1.0, 0.0, 0.0}, // of which help is another
		{"--full", 4.0, 0.0, 4.0, 0.0},    // and all are there
	} {
		done := events(t, s.ok("ingest", "crawl", url, "--delay", "1ms", step.full))["done"][0]
		if done["seen"] != step.seen || done["changed"] != step.changed || done["unchanged"] != step.unchanged || done["removed"] != step.removed {
			t.Errorf("%s: %v, want %+v", step.full, done, step)
		}
		if step.seen == 0.0 {
			pages["/help/"] = "<title>Help</title><main>Write to us.</main>"
		}
	}
}

// Whatever an address is called, a crawl reaches the internet only.
func TestIngestCrawlReachesTheInternetOnly(t *testing.T) {
	s := newShell(t)
	s.ok("init", "--tenant", "A", "--owner", "a@example.com", "--url", "https://a.example.com")
	url := s.website(map[string]string{"/a/": "<main>A</main>"})
	delete(s.env, "WOOCHAT_ALLOW_HOSTS")
	for _, address := range []string{url, "http://169.254.169.254/latest/meta-data/", "http://[::1]/", "http://localhost/"} {
		r := s.run("ingest", "crawl", address, "--delay", "1ms")
		if r.code != exitFailure || r.err == "" || strings.Contains(r.out, `"changed":1`) {
			t.Errorf("%s: exit code %d, %s", address, r.code, r.err)
		}
	}
	if r := s.run("ingest", "crawl", url); !strings.Contains(r.err, "WOOCHAT_ALLOW_HOSTS") && !strings.Contains(r.err, "127.0.0.1") {
		t.Errorf("stderr %q", r.err)
	}
}
