package wooshop

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Weather is what goes wrong with a shop's answers.
type Weather uint8

// Kinds of weather. The zero Weather is none.
const (
	Clear       Weather = iota
	Maintenance         // 503 with WordPress's HTML page
	Coming              // 200 with an HTML page, as "coming soon" plugins answer
	Busy                // 429
	Overloaded          // 503
	Refused             // 403 with the HTML page of a security plugin
	Crashed             // 500 with PHP's text in HTML
	Gone                // the connection breaks off
	Silent              // no answer until the client leaves or Fault.Until is closed
	Old                 // a good answer by HTTP/1.0, without a length
	Torn                // a good answer that breaks off in the middle
)

// Fault is bad weather.
type Fault struct {
	Weather Weather
	// RetryAfter is told with Busy and Overloaded if it is not zero; as a date
	// if AsDate.
	RetryAfter time.Duration
	AsDate     bool
	// Times is how many requests it hits; 0 is all until [Shop.Heal].
	Times int
	// Path, if not empty, is a part of the path or rest_route that it hits.
	Path string
	// Until ends the silence of Silent when it is closed: the answer comes then.
	Until <-chan struct{}
	// Met, if not nil, is told each time that it hits; nobody waits for it.
	Met chan<- struct{}

	now time.Time
}

// Break lets bad weather come over the shop; it replaces that which was there.
func (s *Shop) Break(f Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fault = &f
}

// Heal ends bad weather.
func (s *Shop) Heal() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fault = nil
}

// BreakAt lets the shop die with status 500 wherever it is asked for one of the
// fields of a product or variation, as a plugin lets it; without fields, for
// anything of it. See MendAt.
func (s *Shop) BreakAt(id int, fields ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.breaks == nil {
		s.breaks = map[int][]string{}
	}
	s.breaks[id] = fields
}

// MendAt ends what BreakAt began.
func (s *Shop) MendAt(id int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.breaks, id)
}

// Say lets the API say something else in a field of a product or variation, as a
// plugin's filter does: JSON, or "" to end that.
func (s *Shop) Say(id int, field, json string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.says == nil {
		s.says = map[int]object{}
	}
	s.says[id] = slices.DeleteFunc(slices.Clone(s.says[id]), func(m member) bool { return m.name == field })
	if json != "" {
		s.says[id] = append(s.says[id], member{field, raw(json)})
	}
}

// said returns o as plugins change it.
func (s *Shop) said(id int, o object) object {
	for i, m := range o {
		if v := s.says[id].get(m.name); v != nil {
			o[i].value = v
		}
	}
	return o
}

// breaksAt reports whether the shop dies of what is asked of a product.
func (s *Shop) breaksAt(q *request, id int) bool {
	fields, ok := s.breaks[id]
	asked := q.query.Get("_fields")
	return ok && (len(fields) == 0 || asked == "" || slices.ContainsFunc(strings.Split(asked, ","), func(f string) bool { return slices.Contains(fields, f) }))
}

func crashed() answer { return (&Fault{Weather: Crashed}).answer() }

func (s *Shop) nextFault(r *http.Request) *Fault {
	f := s.fault
	if f == nil || f.Weather == Clear || !strings.Contains(r.URL.Path+r.URL.Query().Get("rest_route"), f.Path) {
		return nil
	}
	select {
	case f.Met <- struct{}{}:
	default: // nil, or nobody listens
	}
	hit := *f
	hit.now = s.clock()
	if f.Times > 0 {
		if f.Times--; f.Times == 0 {
			s.fault = nil
		}
	}
	return &hit
}

// stall waits in silence and reports whether the client has gone.
func (f *Fault) stall(r *http.Request) bool {
	if f.Weather != Silent {
		return false
	}
	select {
	case <-f.Until: // nil: never
		return false
	case <-r.Context().Done():
		return true
	}
}

// instead reports whether the shop itself is not asked at all.
func (f *Fault) instead() bool {
	switch f.Weather {
	case Maintenance, Coming, Busy, Overloaded, Refused, Crashed, Gone:
		return true
	case Clear, Silent, Old, Torn:
	}
	return false
}

func (f *Fault) answer() answer {
	html := func(status int, text string) answer {
		return answer{status: status, typ: "text/html; charset=UTF-8", body: []byte("<!DOCTYPE html>\n<html><head><title>" + text + "</title></head><body><h1>" + text + "</h1></body></html>\n")}
	}
	switch f.Weather {
	case Maintenance:
		a := html(http.StatusServiceUnavailable, "Briefly unavailable for scheduled maintenance. Check back in a minute.")
		return a.with("Retry-After", "600")
	case Coming:
		return html(http.StatusOK, "Coming soon")
	case Busy:
		return f.retry(fail("too_many_requests", "Too many requests.", http.StatusTooManyRequests))
	case Overloaded:
		return f.retry(html(http.StatusServiceUnavailable, "503 Service Temporarily Unavailable"))
	case Refused:
		return html(http.StatusForbidden, "Your access to this site has been limited by the site owner")
	case Crashed:
		return html(http.StatusInternalServerError, "There has been a critical error on this website.")
	case Clear, Gone, Silent, Old, Torn:
	}
	return answer{}
}

func (f *Fault) retry(a answer) answer {
	switch {
	case f.RetryAfter == 0:
		return a
	case f.AsDate:
		return a.with("Retry-After", f.now.Add(f.RetryAfter).UTC().Format(http.TimeFormat))
	}
	return a.with("Retry-After", strconv.Itoa(int(f.RetryAfter.Seconds())))
}

func (f *Fault) write(w http.ResponseWriter, r *http.Request, a answer) {
	switch f.Weather {
	case Gone:
		panic(http.ErrAbortHandler)
	case Torn:
		w.Header().Set("Content-Type", a.typ)
		w.Header().Set("Content-Length", strconv.Itoa(len(a.body)))
		w.WriteHeader(a.status)
		_, _ = w.Write(a.body[:len(a.body)/2])
		panic(http.ErrAbortHandler)
	case Old:
		old(w, r, a)
	default:
		a.write(w, r)
	}
}

// old answers as an HTTP/1.0 server does: the end of the connection is the end
// of the body.
func old(w http.ResponseWriter, r *http.Request, a answer) {
	hijacker, ok := w.(http.Hijacker)
	if !ok { // in process: there is no protocol
		a.write(w, r)
		return
	}
	conn, rw, err := hijacker.Hijack()
	if err != nil {
		return
	}
	defer func() { _ = conn.Close() }()
	_, _ = rw.WriteString("HTTP/1.0 " + strconv.Itoa(a.status) + " " + http.StatusText(a.status) + "\r\nContent-Type: " + a.typ + "\r\n")
	for _, h := range a.header {
		_, _ = rw.WriteString(h[0] + ": " + h[1] + "\r\n")
	}
	_, _ = rw.WriteString("\r\n")
	_, _ = rw.Write(a.body)
	_ = rw.Flush() // a client that has gone misses nothing
}
