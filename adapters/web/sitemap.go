package web

import (
	"bytes"
	"compress/gzip"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/aiwoochat/woochat/ports"
)

// Bounds of sitemaps, as their standard has them, and of what is nested.
const (
	maxSitemap  = 50 << 20 // bytes of one, unpacked
	maxSitemaps = 500      // of one site
	maxNesting  = 3        // indexes in indexes
	maxDepth    = 64       // elements in elements
	maxLoc      = 2048     // bytes of an address
)

// entry is what a sitemap says of one page, or of another sitemap.
type entry struct {
	address  string
	modified time.Time // zero if it does not say
	sitemap  bool
}

// usual are where sitemaps are if robots.txt does not say: Yoast's and Rank
// Math's, WordPress's own, and everybody else's.
func usual() []string { return []string{"/sitemap_index.xml", "/wp-sitemap.xml", "/sitemap.xml"} }

// sitemaps returns the pages of all sitemaps, in the order of their addresses.
func (r *run) sitemaps() ([]entry, error) {
	named := r.robots.sitemaps
	if path := strings.ToLower(r.start); strings.HasSuffix(path, ".xml") || strings.HasSuffix(path, ".xml.gz") {
		named = []string{r.start}
	}
	s := siteMaps{run: r, seen: map[string]bool{}, pages: map[string]entry{}}
	var errs []error
	for _, address := range named {
		errs = append(errs, s.read(address, 0))
	}
	if len(named) == 0 {
		for _, path := range usual() {
			err := s.read(r.host.ResolveReference(&url.URL{Path: path}).String(), 0)
			if errs = append(errs, err); err == nil {
				errs = nil
				break
			}
		}
	}
	err := errors.Join(errs...)
	if errors.Is(err, ports.ErrUnavailable) || r.ctx.Err() != nil || errors.Is(err, errTooMany) {
		return nil, err
	}
	// A sitemap that cannot be read could name pages that are taken for gone.
	if err != nil {
		return nil, err
	}
	if len(s.pages) == 0 {
		return nil, fmt.Errorf("%w: the sitemaps of %s name no page of it", ports.ErrInvalid, r.host.Host)
	}
	pages := make([]entry, 0, len(s.pages))
	for _, e := range s.pages {
		pages = append(pages, e)
	}
	slices.SortFunc(pages, func(a, b entry) int { return strings.Compare(a.address, b.address) })
	return pages, nil
}

var errTooMany = errors.New("more than is read")

// siteMaps gathers the pages of a site's sitemaps.
type siteMaps struct {
	*run
	seen  map[string]bool
	pages map[string]entry
}

// read reads one sitemap, and those that it names.
func (s *siteMaps) read(address string, depth int) error {
	u, err := s.host.Parse(address)
	if err != nil || !s.own(u) || s.seen[u.String()] {
		return nil //nolint:nilerr // of another site, where nobody asked us to look
	}
	s.seen[u.String()] = true
	if len(s.seen) > maxSitemaps || depth > maxNesting {
		return fmt.Errorf("%w: %s has more than %d sitemaps, or %d within one another: name one sitemap with the pages", ports.ErrInvalid, s.host.Host, maxSitemaps, maxNesting)
	}
	a, err := s.get(u.String(), "")
	var f *failure
	switch {
	case errors.As(err, &f):
		return fmt.Errorf("%w: sitemap %s: %s", ports.ErrUnavailable, u.Path, f.reason)
	case err != nil:
		return err
	case a.status >= 500:
		return fmt.Errorf("%w: sitemap %s: the site answers %d", ports.ErrUnavailable, u.Path, a.status)
	case a.status != http.StatusOK:
		return fmt.Errorf("%w: there is no sitemap at %s (%d): name one, such as https://%s/sitemap.xml", ports.ErrInvalid, u.Path, a.status, s.host.Host)
	}
	var more []string
	err = readSitemap(a.body, func(e entry) error {
		at, err := s.host.Parse(e.address)
		if err != nil || !s.own(at) {
			return nil //nolint:nilerr // what is no address of the site is none of ours
		}
		if e.sitemap {
			if more = append(more, at.String()); len(more) > maxSitemaps {
				return errTooMany
			}
			return nil
		}
		at.Fragment, at.Scheme, at.Host = "", s.host.Scheme, s.host.Host
		e.address = at.String()
		s.pages[e.address] = e
		if len(s.pages) > s.cfg.MaxPages {
			return errTooMany
		}
		return nil
	})
	switch {
	case errors.Is(err, errTooMany):
		return fmt.Errorf("%w: the sitemaps of %s name more than %d pages: name the one with the pages that answer questions: %w", ports.ErrInvalid, s.host.Host, s.cfg.MaxPages, errTooMany)
	case err != nil:
		return fmt.Errorf("%w: sitemap %s: %w", ports.ErrInvalid, u.Path, err)
	}
	for _, address := range more {
		if err := s.read(address, depth+1); err != nil {
			return err
		}
	}
	return nil
}

// readSitemap calls visit for each entry of a sitemap or an index of them, which
// may be packed by gzip. An error of visit ends it and is returned.
func readSitemap(body []byte, visit func(entry) error) error {
	var in io.Reader = bytes.NewReader(body)
	if bytes.HasPrefix(body, []byte{0x1F, 0x8B}) {
		z, err := gzip.NewReader(in)
		if err != nil {
			return fmt.Errorf("it is broken: %w", err)
		}
		in = z
	}
	limited := &io.LimitedReader{R: in, N: maxSitemap + 1}
	dec := xml.NewDecoder(&tagged{r: limited})
	dec.CharsetReader = func(_ string, in io.Reader) (io.Reader, error) { return in, nil }
	var above []string
	var e entry
	known := false
	for {
		tok, err := dec.Token()
		switch {
		case limited.N <= 0:
			return fmt.Errorf("it is larger than %d MiB when unpacked", maxSitemap>>20)
		case errors.Is(err, io.EOF) && known:
			return nil
		case errors.Is(err, io.EOF):
			return errors.New("it is no sitemap")
		case err != nil:
			return fmt.Errorf("it is no sitemap that can be read: %w", err)
		}
		switch tok := tok.(type) {
		case xml.StartElement:
			name := tok.Name.Local
			if above = append(above, name); len(above) > maxDepth {
				return errors.New("it is nested too deeply")
			}
			if len(above) == 1 {
				known = name == "urlset" || name == "sitemapindex"
			}
			if len(above) == 2 {
				e = entry{sitemap: name == "sitemap"}
			}
		case xml.CharData:
			if len(above) != 3 {
				continue // an image has a loc, too
			}
			switch text := string(bytes.TrimSpace(tok)); above[2] {
			case "loc":
				if len(e.address)+len(text) <= maxLoc {
					e.address += text
				}
			case "lastmod":
				e.modified = dateOf(text)
			}
		case xml.EndElement:
			if len(above) == 2 && known && e.address != "" {
				if err := visit(e); err != nil {
					return err
				}
			}
			above = above[:len(above)-1]
		}
	}
}

// dateOf reads a date as sitemaps have it. A day counts to its end.
func dateOf(s string) time.Time {
	if t, err := time.Parse(time.RFC3339, s); err == nil {
		return t.UTC()
	}
	if t, err := time.Parse(time.DateOnly, s); err == nil {
		return t.AddDate(0, 0, 1)
	}
	return time.Time{}
}

// maxRun bounds a tag, of each byte of which the decoder can make a dozen.
const maxRun = 1 << 20

// tagged fails where a tag or a text is longer than maxRun.
type tagged struct {
	r   io.Reader
	run int
}

func (t *tagged) Read(p []byte) (int, error) {
	n, err := t.r.Read(p)
	if first := bytes.IndexByte(p[:n], '<'); first < 0 {
		t.run += n
	} else if t.run += first; t.run <= maxRun {
		t.run = n - bytes.LastIndexByte(p[:n], '<')
	}
	if t.run > maxRun {
		return 0, errors.New("a tag or a line has no end")
	}
	return n, err
}
