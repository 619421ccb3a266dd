package wooshop

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"math/rand/v2"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"
)

// Options says what kind of shop a [Shop] is. The zero value is one at
// https://shop.example.com that sells in euros and whose clock stands still.
type Options struct {
	// Seed decides keys, secrets, delivery ids and random edits.
	Seed uint64

	// URL is what the shop calls itself, with the path of a subdirectory
	// install and without a slash at its end; default
	// "https://shop.example.com". [Start] replaces its scheme and host.
	URL string

	// PlainPermalinks: pretty addresses are 404, the API is at ?rest_route=.
	PlainPermalinks bool

	// TLS: the shop takes requests for safe that came without TLS, as one does
	// behind a proxy. Without TLS a key must sign (OAuth 1.0a).
	TLS bool

	// StripsAuthorization: the host takes the Authorization header away.
	StripsAuthorization bool

	// Began is where the virtual clock starts; default 2026-01-05 09:00 UTC.
	Began time.Time

	// Now, if set, is the clock instead of the virtual one.
	Now func() time.Time

	// Zone is the shop's time zone; default UTC.
	Zone *time.Location

	// Version and WordPress are what the shop runs; default 11.0.1 and 7.1.
	Version, WordPress string

	// Currency and the units; default EUR, kg, cm.
	Currency, WeightUnit, DimensionUnit string

	// Decimals that prices are shown with; 0 is 2, and -1 is none.
	Decimals int

	// OrdersTouch: stock sold through an order moves date_modified, as it was
	// seen in 11.0.1. Other shops do not do it (woocommerce/woocommerce#40060).
	OrdersTouch bool

	// Latency is how long after a save its webhooks are due.
	Latency time.Duration

	// RateLimit is how many requests the shop answers in RatePer, 429 comes
	// after them; 0 is no limit.
	RateLimit int
	RatePer   time.Duration

	// Transport sends webhooks and the answer of wc-auth; default real
	// connections, and for http addresses with the headers in a real shop's
	// order. Redirects are never followed.
	Transport http.RoundTripper
}

// Shop is a WooCommerce shop. It is an http.Handler, and its methods are safe
// for concurrent use.
type Shop struct {
	o Options

	sending sync.Mutex // held while deliveries are sent

	mu         sync.Mutex // guards all below, and what of o changes
	decimals   int
	taxed      bool // prices are shown with taxes
	rand       *rand.Rand
	now        time.Time // of the virtual clock
	url        string
	lastID     int // of products, variations, pages, orders, images: one table
	lastTerm   int
	lastMeta   int
	lastHook   int
	lastKey    int
	products   map[int]*product // variations, too
	pages      map[int]*page
	orders     map[int]order
	terms      map[int]term
	keys       map[string]*key
	nonces     map[string]bool
	grants     map[string]grant
	hooks      map[int]*hook
	pending    []*action
	deliveries int
	seq        int
	scheduled  bool // something may be published later
	sent       []Sent
	fate       func(Delivery) Fate
	fault      *Fault
	breaks     map[int][]string
	says       map[int]object
	window     time.Time // of the rate limit
	inWindow   int
	asked      []Asked
	wake       chan struct{}

	listener net.Listener
	server   *http.Server
	served   chan struct{}
	once     sync.Once
}

// New returns a shop that listens nowhere: it is an http.Handler.
func New(o Options) *Shop {
	def := func(s *string, to string) {
		if *s == "" {
			*s = to
		}
	}
	def(&o.URL, "https://shop.example.com")
	def(&o.Version, "11.0.1")
	def(&o.WordPress, "7.1")
	def(&o.Currency, "EUR")
	def(&o.WeightUnit, "kg")
	def(&o.DimensionUnit, "cm")
	if o.Began.IsZero() {
		o.Began = time.Date(2026, 1, 5, 9, 0, 0, 0, time.UTC)
	}
	if o.Zone == nil {
		o.Zone = time.UTC
	}
	decimals := o.Decimals
	switch decimals {
	case 0:
		decimals = 2
	case -1:
		decimals = 0
	}
	s := &Shop{
		o: o, decimals: decimals, rand: rand.New(rand.NewPCG(o.Seed, 4)), now: o.Began.UTC(), url: strings.TrimSuffix(o.URL, "/"),
		lastID: 9, lastTerm: 14, lastMeta: 28,
		products: map[int]*product{}, pages: map[int]*page{}, orders: map[int]order{}, terms: map[int]term{}, keys: map[string]*key{},
		nonces: map[string]bool{}, grants: map[string]grant{}, hooks: map[int]*hook{}, wake: make(chan struct{}, 1),
	}
	s.term("product_cat", "Uncategorized", 0)
	return s
}

// Start returns a shop that listens on the loopback interface, at addr or, if
// that is empty, at a port of its own. The caller closes it.
func Start(o Options, addr string) (*Shop, error) {
	if addr == "" {
		addr = "127.0.0.1:0"
	}
	s := New(o)
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("wooshop: %w", err)
	}
	if a, ok := l.Addr().(*net.TCPAddr); !ok || !a.IP.IsLoopback() {
		return nil, errors.Join(fmt.Errorf("wooshop: %s is not a loopback address", addr), l.Close())
	}
	s.url = "http://" + l.Addr().String() + s.home()
	s.listener, s.served = l, make(chan struct{})
	s.server = &http.Server{Handler: s, ErrorLog: log.New(io.Discard, "", 0), ReadHeaderTimeout: time.Minute}
	go func() {
		defer close(s.served)
		_ = s.server.Serve(l) // always ErrServerClosed: only Close ends it
	}()
	return s, nil
}

// Close ends the listener of [Start]. It may be called again.
func (s *Shop) Close() error {
	var err error
	s.once.Do(func() {
		if s.server != nil {
			err = s.server.Close()
			<-s.served
		}
	})
	return err
}

// URL returns the shop's address, without a slash at its end.
func (s *Shop) URL() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.url
}

// MoveTo gives the shop another address, such as that of a TLS server around
// it.
func (s *Shop) MoveTo(url string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.url = strings.TrimSuffix(url, "/")
}

// home is the path of a subdirectory install, "" for none.
func (s *Shop) home() string {
	_, rest, _ := strings.Cut(s.url, "://")
	if i := strings.IndexByte(rest, '/'); i >= 0 {
		return rest[i:]
	}
	return ""
}

// Now returns the shop's time.
func (s *Shop) Now() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.clock()
}

func (s *Shop) clock() time.Time {
	if s.o.Now != nil {
		return s.o.Now().UTC()
	}
	return s.now
}

// Advance moves the virtual clock on.
func (s *Shop) Advance(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now = s.now.Add(d)
	s.publishFuture()
}

// id returns the next number of WordPress's table of posts.
func (s *Shop) id() int {
	s.lastID++
	return s.lastID
}

// local writes a time as the shop's clock on the wall has it; gmt as UTC.
func (s *Shop) local(t time.Time) any { return stamp(t, s.o.Zone) }

func gmt(t time.Time) any { return stamp(t, time.UTC) }

func stamp(t time.Time, zone *time.Location) any {
	if t.IsZero() {
		return nil
	}
	return t.In(zone).Format("2006-01-02T15:04:05")
}

// Run delivers webhooks as they become due, until ctx ends. It is for shops
// with a real clock; with the virtual one call [Shop.Deliver].
func (s *Shop) Run(ctx context.Context) {
	tick := time.NewTicker(50 * time.Millisecond) // for what is due later
	defer tick.Stop()
	for {
		s.Deliver(ctx)
		select {
		case <-s.wake:
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}
