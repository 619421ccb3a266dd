package egress

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strconv"
	"syscall"
	"time"
)

// Resolver returns the addresses of a host, as net.Resolver.LookupNetIP does
// for the network "ip".
type Resolver func(ctx context.Context, host string) ([]netip.Addr, error)

// Config of a Guard. The zero value reaches the internet and nothing else.
type Config struct {
	// Allow lists what may be reached although it is not of the internet, or at
	// another port: names, addresses and networks, each but a network with or
	// without a port. A name is allowed with whatever it resolves to. For
	// development.
	Allow []string
	// Ports are those that may be reached; nil is 80, 443, 8080 and 8443.
	Ports []uint16
	// Resolver resolves names; nil is the system's.
	Resolver Resolver
	// ConnectTimeout bounds one connection with its TLS; 0 is 10 s.
	ConnectTimeout time.Duration
	// HeaderTimeout bounds the wait for an answer's first byte; 0 is 60 s.
	HeaderTimeout time.Duration
	// MaxHeader bounds an answer's header in bytes; 0 is 64 KiB.
	MaxHeader int64
	// TLS is for tests with certificates of their own; nil is the system's
	// roots. Below TLS 1.2 nothing is spoken.
	TLS *tls.Config
}

// Limits of one client. Zero fields have defaults.
type Limits struct {
	Body      int64         // bytes of an answer, after decompression; 0 is 16 MiB
	Time      time.Duration // of a request with its redirects and its body; 0 is 60 s
	Redirects int           // that are followed; 0 is 5, negative is none
}

// Guard makes clients that reach the internet only. Make one with New; it is
// safe for concurrent use. All its clients share connections.
type Guard struct {
	allow     []allowed
	ports     []uint16
	resolve   Resolver
	dial      func(ctx context.Context, network, address string) (net.Conn, error)
	transport *http.Transport
}

// New returns a Guard. ports.ErrInvalid for entries of Allow that are none.
func New(cfg Config) (*Guard, error) {
	list, err := parseAllow(cfg.Allow)
	if err != nil {
		return nil, err
	}
	g := &Guard{allow: list, ports: cfg.Ports, resolve: cfg.Resolver}
	if g.ports == nil {
		g.ports = []uint16{80, 443, 8080, 8443}
	}
	if g.resolve == nil {
		g.resolve = func(ctx context.Context, host string) ([]netip.Addr, error) {
			return net.DefaultResolver.LookupNetIP(ctx, "ip", host)
		}
	}
	connect := orDuration(cfg.ConnectTimeout, 10*time.Second)
	g.dial = (&net.Dialer{Timeout: connect, KeepAlive: 30 * time.Second}).DialContext
	conf := &tls.Config{MinVersion: tls.VersionTLS12}
	if cfg.TLS != nil {
		conf = cfg.TLS.Clone()
		conf.MinVersion = max(conf.MinVersion, tls.VersionTLS12)
	}
	g.transport = &http.Transport{
		Proxy: nil, DialContext: g.dialChecked, TLSClientConfig: conf, TLSHandshakeTimeout: connect, ForceAttemptHTTP2: true,
		ResponseHeaderTimeout: orDuration(cfg.HeaderTimeout, 60*time.Second), MaxResponseHeaderBytes: or(cfg.MaxHeader, 64<<10),
		MaxIdleConns: 64, MaxIdleConnsPerHost: 8, IdleConnTimeout: 60 * time.Second, ExpectContinueTimeout: time.Second,
	}
	return g, nil
}

// Client returns a client with limits of its own. It follows redirects, but
// never from https to http, and says nobody where it came from: an address may
// hold what is secret. Errors of its requests hold a *BlockedError, a
// *RedirectError or, when a body is read, a *TooLargeError, and as all of
// net/http's the whole address that was asked: take the cause out before you
// show one.
func (g *Guard) Client(l Limits) *http.Client {
	redirects := l.Redirects
	if redirects == 0 {
		redirects = 5
	}
	return &http.Client{
		Transport: &limited{guard: g, body: or(l.Body, 16<<20)},
		Timeout:   orDuration(l.Time, 60*time.Second),
		CheckRedirect: func(req *http.Request, via []*http.Request) error {
			req.Header.Del("Referer")
			if len(via) > max(redirects, 0) {
				return &RedirectError{fmt.Sprintf("it is one more than the %d that are followed", max(redirects, 0))}
			}
			if via[len(via)-1].URL.Scheme == "https" && req.URL.Scheme != "https" {
				return &RedirectError{"it leads from https to " + req.URL.Scheme}
			}
			return nil
		},
	}
}

// CloseIdle closes the connections that nobody uses.
func (g *Guard) CloseIdle() { g.transport.CloseIdleConnections() }

func or(n, otherwise int64) int64 {
	if n > 0 {
		return n
	}
	return otherwise
}

func orDuration(d, otherwise time.Duration) time.Duration {
	if d > 0 {
		return d
	}
	return otherwise
}

// dialChecked resolves the host, checks what it finds, and dials what it has
// checked.
func (g *Guard) dialChecked(ctx context.Context, network, address string) (net.Conn, error) {
	host, portText, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	n, err := strconv.ParseUint(portText, 10, 16)
	if err != nil {
		return nil, &BlockedError{host, "it has no port that is a number"}
	}
	port := uint16(n)
	var found []netip.Addr
	if a, err := netip.ParseAddr(host); err == nil {
		found = []netip.Addr{a}
	} else if found, err = g.resolve(ctx, host); err != nil {
		return nil, err
	}
	var good []netip.AddrPort
	reason := "it has no address"
	for _, a := range found {
		why := ""
		switch listed := g.allows(host, a, port); {
		case listed:
		case whyNot(a) != "":
			why = "its address " + whyNot(a)
		case !slices.Contains(g.ports, port):
			why = fmt.Sprintf("port %d is none of a web server's", port)
		}
		if why != "" {
			reason = why
			continue
		}
		good = append(good, netip.AddrPortFrom(a.Unmap(), port))
	}
	if len(good) == 0 {
		return nil, &BlockedError{host, reason}
	}
	return g.dialFirst(ctx, network, good)
}

// maxDials is how many addresses of a host are tried.
const maxDials = 4

// dialFirst returns a connection to the first address that takes one.
func (g *Guard) dialFirst(ctx context.Context, network string, to []netip.AddrPort) (net.Conn, error) {
	var errs []error
	for _, ap := range to[:min(len(to), maxDials)] {
		conn, err := g.dial(ctx, network, ap.String())
		if err == nil {
			return conn, nil
		}
		errs = append(errs, bare(err))
		if ctx.Err() != nil {
			break
		}
	}
	return nil, errors.Join(errs...)
}

// bare returns err without the address that was dialled: a user who named a
// host need not hear what our resolver makes of it.
func bare(err error) error {
	if op, ok := errors.AsType[*net.OpError](err); ok {
		if errno, ok := errors.AsType[syscall.Errno](op.Err); ok {
			return fmt.Errorf("connect: %w", errno)
		}
		return fmt.Errorf("connect: %w", op.Err)
	}
	return err
}
