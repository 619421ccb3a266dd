package wooshop

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"
)

// Delivery is a delivery that is about to be sent.
type Delivery struct {
	N     int // counts all deliveries of the shop, from 1
	Hook  int
	Topic string
	ID    int // of the product, order or coupon
}

// Fate is what becomes of a delivery. The zero Fate is that it arrives.
type Fate struct {
	// Lost: it is never sent, and nobody counts it: the shop's queue died.
	Lost bool
	// Fails: no connection comes about, which counts as a failure.
	Fails bool
	// Unanswered: it arrives, and the answer is lost, which counts as a failure.
	Unanswered bool
	// Copies is how often the same request arrives again.
	Copies int
	// Late puts it off: it is built and sent this much later.
	Late time.Duration
	// Held sends what was built now, but only after Late: it overtakes nothing,
	// and is old when it comes.
	Held bool
}

// Sent is a delivery that left the shop.
type Sent struct {
	Delivery
	Header http.Header
	Body   []byte
	Status int // of the answer; 0 if none came
	// Told is what the body tells of a product that a shopper may see, without
	// its variations and the unit of its weight; nil if that is nothing. Modified
	// is the product's date_modified then.
	Told     *Seen
	Modified time.Time
}

// keepSent bounds what a shop remembers of what it sent.
const keepSent = 20_000

// SetFate has f decide what becomes of each delivery; nil: all arrive. It is
// called with no lock held, from one goroutine at a time.
func (s *Shop) SetFate(f func(Delivery) Fate) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fate = f
}

// Sent returns what has been sent so far, pings left out.
func (s *Shop) Sent() []Sent {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.sent)
}

// Waiting returns how many deliveries wait in the shop's queue or are being
// sent.
func (s *Shop) Waiting() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.pending)
}

// Deliver sends what is due now, in order and one after the other, and returns
// how many deliveries it took from the queue. What falls due meanwhile is sent,
// too.
func (s *Shop) Deliver(ctx context.Context) int {
	s.sending.Lock()
	defer s.sending.Unlock()
	n := 0
	s.mu.Lock()
	s.publishFuture()
	s.mu.Unlock()
	for ctx.Err() == nil {
		a := s.next()
		if a == nil {
			return n
		}
		n++
		s.deliver(ctx, a)
	}
	return n
}

// next takes the action that has been due longest.
func (s *Shop) next() *action {
	s.mu.Lock()
	defer s.mu.Unlock()
	best := -1
	for i, a := range s.pending {
		if a.running || a.due.After(s.clock()) {
			continue
		}
		if best < 0 || a.due.Before(s.pending[best].due) || a.due.Equal(s.pending[best].due) && a.seq < s.pending[best].seq {
			best = i
		}
	}
	if best < 0 {
		return nil
	}
	a := s.pending[best]
	a.running = true
	return a
}

func (s *Shop) drop(a *action) {
	s.pending = slices.DeleteFunc(s.pending, func(b *action) bool { return a == b })
}

func (s *Shop) deliver(ctx context.Context, a *action) {
	s.mu.Lock()
	h, ok := s.hooks[a.hook]
	if !ok || a.held != nil {
		s.mu.Unlock()
		if ok {
			s.send(ctx, *a.held, 1)
		}
		s.mu.Lock()
		s.drop(a)
		s.mu.Unlock()
		return
	}
	s.deliveries++
	d := Delivery{N: s.deliveries, Hook: a.hook, Topic: h.Topic, ID: a.arg}
	fate := s.fate
	s.mu.Unlock()

	var f Fate
	if fate != nil && !a.late {
		f = fate(d)
	}
	if f.Lost {
		s.mu.Lock()
		s.drop(a)
		s.mu.Unlock()
		return
	}
	s.mu.Lock()
	if f.Late > 0 && !f.Held {
		a.due, a.running, a.late = s.clock().Add(f.Late), false, true
		s.mu.Unlock()
		return
	}
	out := s.built(h, d)
	if f.Late > 0 {
		a.due, a.held = s.clock().Add(f.Late), &out
		s.mu.Unlock()
		s.mu.Lock()
		a.running = false
		s.mu.Unlock()
		return
	}
	s.mu.Unlock()
	switch {
	case f.Fails:
		s.note(out, 0)
	case f.Unanswered:
		s.post(ctx, out)
		s.note(out, 0)
	default:
		s.send(ctx, out, 1+f.Copies)
	}
	s.mu.Lock()
	s.drop(a)
	s.mu.Unlock()
}

// outgoing is a delivery as it was built.
type outgoing struct {
	d      Delivery
	url    string
	header [][2]string // in a real shop's order
	body   []byte

	told     *Seen
	modified time.Time
}

// built makes the request of a delivery, of what the shop holds now.
func (s *Shop) built(h *hook, d Delivery) outgoing {
	body := s.body(h, d.ID)
	resource, event, _ := strings.Cut(h.Topic, ".")
	out := outgoing{d: d, url: h.URL, body: body, header: [][2]string{
		{"User-Agent", s.userAgent()},
		{"Accept", "*/*"},
		{"Accept-Encoding", "deflate, gzip, br, zstd"},
		{"Content-Type", "application/json"},
		{"X-WC-Webhook-Source", s.url + "/"},
		{"X-WC-Webhook-Topic", h.Topic},
		{"X-WC-Webhook-Resource", resource},
		{"X-WC-Webhook-Event", event},
		{"X-WC-Webhook-Signature", sign(h.Secret, body)},
		{"X-WC-Webhook-ID", itoa(h.ID)},
		{"X-WC-Webhook-Delivery-ID", s.deliveryID(h.ID, s.clock())},
	}}
	if p, ok := s.products[d.ID]; ok && p.v == nil && resource == "product" && event != "deleted" && h.Owned {
		out.told, out.modified = s.tells(d.ID), p.modified
	}
	return out
}

func (s *Shop) userAgent() string {
	return "WooCommerce/" + s.o.Version + " Hookshot (WordPress/" + s.o.WordPress + ")"
}

// send posts out as often as it shall arrive and counts the last answer.
func (s *Shop) send(ctx context.Context, out outgoing, times int) {
	status := 0
	for range times {
		status = s.post(ctx, out)
	}
	s.note(out, status)
}

// note counts what came of a delivery. The seventh failure in a row disables
// the webhook, and so does each one after that: the count is not reset.
func (s *Shop) note(out outgoing, status int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	header := http.Header{}
	for _, h := range out.header {
		header.Set(h[0], h[1])
	}
	if len(s.sent) >= keepSent {
		s.sent = slices.Delete(s.sent, 0, keepSent/2)
	}
	s.sent = append(s.sent, Sent{Delivery: out.d, Header: header, Body: out.body, Status: status, Told: out.told, Modified: out.modified})
	h, ok := s.hooks[out.d.Hook]
	if !ok {
		return
	}
	h.modified = s.clock()
	switch {
	case status >= 200 && status < 303:
		h.FailureCount = 0
	case h.FailureCount > 5:
		h.Status = "disabled"
	default:
		h.FailureCount++
	}
}

// post sends one request and returns the status of the answer, 0 if none came.
func (s *Shop) post(ctx context.Context, out outgoing) int {
	ctx, cancel := context.WithTimeout(ctx, time.Minute) // as WooCommerce waits
	defer cancel()
	resp, err := s.roundTrip(ctx, out)
	if err != nil {
		return 0
	}
	defer func() { _ = resp.Body.Close() }()
	_, _ = io.Copy(io.Discard, resp.Body) // the answer's text is nothing to a shop
	return resp.StatusCode
}

func (s *Shop) roundTrip(ctx context.Context, out outgoing) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, out.url, bytes.NewReader(out.body))
	if err != nil {
		return nil, err
	}
	for _, h := range out.header {
		req.Header.Set(h[0], h[1])
	}
	req.Close = true
	switch {
	case s.o.Transport != nil:
		return s.o.Transport.RoundTrip(req)
	case req.URL.Scheme == "http":
		return ordered(ctx, req.URL.Host, req.URL.RequestURI(), out)
	}
	return http.DefaultTransport.RoundTrip(req)
}

// ping posts the unsigned form that comes with a new webhook. Anything but 200
// is an error, which the merchant's screen shows and the REST API keeps quiet.
func (s *Shop) ping(id int) error {
	s.mu.Lock()
	h, ok := s.hooks[id]
	if !ok || h.Status != "active" {
		s.mu.Unlock()
		return nil
	}
	out := outgoing{url: h.URL, body: []byte("webhook_id=" + itoa(id)), header: [][2]string{
		{"User-Agent", s.userAgent()},
		{"Accept", "*/*"},
		{"Accept-Encoding", "deflate, gzip, br, zstd"},
		{"Content-Type", "application/x-www-form-urlencoded"},
	}}
	s.mu.Unlock()
	if status := s.post(context.Background(), out); status != http.StatusOK {
		return fmt.Errorf("wooshop: Error: Delivery URL returned response code: %d", status)
	}
	return nil
}
