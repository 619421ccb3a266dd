package web

import (
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/temoto/robotstxt"

	"github.com/aiwoochat/woochat/ports"
)

// maxBody is the most that is read of one answer.
const maxBody = 16 << 20

// answer is what the site says to one request.
type answer struct {
	status   int
	address  *url.URL // after redirects
	kind     string   // media type
	body     []byte
	modified time.Time
	noIndex  bool
	// validator says by what it can be asked whether this is still so; see validator.
	validator string
}

// failure is an error of one address.
type failure struct{ reason string }

func (f *failure) Error() string { return f.reason }

// get asks for one address, unless it is as known says (see validator): in its
// turn, and not too soon after the last one.
// Errors: that of ctx, ErrUnavailable if the site wants us to come later or the
// time is over, else a *failure.
func (r *run) get(address, known string) (answer, error) {
	if r.asked {
		if err := r.cfg.Wait(r.ctx, r.delay); err != nil {
			return answer{}, err
		}
	}
	r.asked = true
	if r.cfg.Now().After(r.ends) {
		return answer{}, fmt.Errorf("%w: the crawl has taken %v: run it again, and it goes on from here", ports.ErrUnavailable, r.cfg.MaxTime)
	}
	req, err := http.NewRequestWithContext(r.ctx, http.MethodGet, address, http.NoBody)
	if err != nil {
		return answer{}, &failure{"it is no address"}
	}
	req.Header.Set("User-Agent", r.cfg.Agent+" (reads pages for the shop's own assistant)")
	req.Header.Set("Accept", "text/html,application/xhtml+xml,application/xml;q=0.9,text/plain;q=0.8")
	ask(req.Header, known)
	res, err := r.cfg.Client.Do(req)
	if err != nil {
		return answer{}, r.failed(err)
	}
	defer res.Body.Close()
	if res.StatusCode == http.StatusTooManyRequests || res.StatusCode == http.StatusServiceUnavailable {
		return answer{}, fmt.Errorf("%w: the site answers %d and wants to be asked later%s: run it again then, and it goes on from here", ports.ErrUnavailable, res.StatusCode, retryAfter(res))
	}
	body, err := io.ReadAll(io.LimitReader(res.Body, maxBody+1))
	switch {
	case err != nil:
		return answer{}, r.failed(err)
	case len(body) > maxBody:
		return answer{}, &failure{fmt.Sprintf("it is larger than %d MiB", maxBody>>20)}
	}
	a := answer{status: res.StatusCode, address: res.Request.URL, body: body, validator: validator(res.Header, res.Request.URL.String() != address)}
	if a.kind, _, err = mime.ParseMediaType(res.Header.Get("Content-Type")); err != nil {
		a.kind = ""
	}
	if t, err := http.ParseTime(res.Header.Get("Last-Modified")); err == nil {
		a.modified = t.UTC()
	}
	for _, v := range res.Header.Values("X-Robots-Tag") {
		v = strings.ToLower(v)
		a.noIndex = a.noIndex || strings.Contains(v, "noindex") || strings.Contains(v, "none")
	}
	return a, nil
}

// failed returns the cause of err, without the address that net/http puts
// before it.
func (r *run) failed(err error) error {
	if r.ctx.Err() != nil {
		return r.ctx.Err()
	}
	if u, ok := errors.AsType[*url.Error](err); ok {
		err = u.Err
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return &failure{"the site did not answer in time"}
	}
	return &failure{err.Error()}
}

func retryAfter(res *http.Response) string {
	if s, err := strconv.Atoi(res.Header.Get("Retry-After")); err == nil && s > 0 {
		return fmt.Sprintf(", in %d seconds", s)
	}
	return ""
}

// robots is what robots.txt says to us.
type robots struct {
	group    *robotstxt.Group
	sitemaps []string
}

// allow reports whether we may read an address.
func (b robots) allow(address string) bool {
	u, err := url.Parse(address)
	return err == nil && (b.group == nil || b.group.Test(u.RequestURI()))
}

// maxRobots is as much of robots.txt as search engines read.
const maxRobots = 500 << 10

// readRobots reads robots.txt. A site without one allows all; one whose server
// fails is not read, as search engines do.
func (r *run) readRobots() error {
	a, err := r.get(r.host.ResolveReference(&url.URL{Path: "/robots.txt"}).String(), "")
	var f *failure
	switch {
	case errors.As(err, &f):
		return fmt.Errorf("%w: %s/robots.txt: %s", ports.ErrUnavailable, r.host.Host, f.reason)
	case err != nil:
		return err
	case a.status >= 500:
		return fmt.Errorf("%w: %s/robots.txt answers %d", ports.ErrUnavailable, r.host.Host, a.status)
	case a.status != http.StatusOK:
		return nil
	}
	if r.own(a.address) {
		r.host = a.address // the site with its www, or without
	}
	data, err := robotstxt.FromBytes(a.body[:min(len(a.body), maxRobots)])
	if err != nil {
		return nil //nolint:nilerr // a page that says "not found" with 200; as if there were none
	}
	r.robots = robots{group: data.FindGroup(r.cfg.Agent), sitemaps: data.Sitemaps}
	r.delay = max(r.delay, r.robots.group.CrawlDelay)
	if !r.robots.group.Test("/") && !r.robots.group.Test("/a-page/") {
		return fmt.Errorf("%w: %s/robots.txt keeps %s from reading the site: allow it there (User-agent: %s, Allow: /)", ports.ErrInvalid, r.host.Host, r.cfg.Agent, r.cfg.Agent)
	}
	return nil
}
