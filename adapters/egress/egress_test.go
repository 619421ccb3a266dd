package egress_test

import (
	"compress/gzip"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aiwoochat/woochat/adapters/egress"
	"github.com/aiwoochat/woochat/ports"
)

// public is an address of the internet that tests never reach: what is dialled
// there is led to a server of their own.
const public = "93.184.215.14"

// world is a Guard whose resolver knows names, and whose dialled addresses all
// lead to one server.
type world struct {
	names  map[string][]string
	asked  int
	dialed []string
	guard  *egress.Guard
}

func newWorld(t *testing.T, server *httptest.Server, names map[string][]string, change func(*egress.Config)) *world {
	t.Helper()
	w := &world{names: names}
	cfg := egress.Config{Resolver: func(_ context.Context, host string) ([]netip.Addr, error) {
		w.asked++
		list, ok := w.names[host]
		if !ok {
			return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
		}
		var out []netip.Addr
		for _, a := range list {
			out = append(out, netip.MustParseAddr(a))
		}
		return out, nil
	}}
	if change != nil {
		change(&cfg)
	}
	g, err := egress.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(g.CloseIdle)
	g.Dial(func(ctx context.Context, network, address string) (net.Conn, error) {
		w.dialed = append(w.dialed, address)
		if server == nil {
			return nil, errors.New("nobody is there")
		}
		return (&net.Dialer{}).DialContext(ctx, network, server.Listener.Addr().String())
	})
	w.guard = g
	return w
}

func (w *world) get(t *testing.T, address string, l egress.Limits) (string, error) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	if err != nil {
		t.Fatalf("%s: %v", address, err)
	}
	resp, err := w.guard.Client(l).Do(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	return string(b), err
}

func hello(t *testing.T) *httptest.Server {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "hello") }))
	t.Cleanup(s.Close)
	return s
}

// Whatever a host resolves to, or is: nothing is dialled but the internet.
func TestAddresses(t *testing.T) {
	for _, c := range []struct {
		address string
		why     string // "" if it is reached
	}{
		{public, ""},
		{"168.63.129.15", ""},
		{"100.128.0.1", ""},
		{"172.32.0.1", ""},
		{"192.0.1.1", ""},
		{"2606:2800:21f:cb07:6820:80da:af6b:8b2c", ""},
		{"2a00:1450:4001:800::200e", ""},
		{"::ffff:" + public, ""}, // is what it maps
		{"0.0.0.0", "this host"},
		{"0.1.2.3", "this host"},
		{"10.0.0.1", "private"},
		{"10.255.255.255", "private"},
		{"172.16.0.1", "private"},
		{"172.31.255.255", "private"},
		{"192.168.1.1", "private"},
		{"127.0.0.1", "loopback"},
		{"127.255.0.1", "loopback"},
		{"169.254.169.254", "link-local"},
		{"169.254.0.1", "link-local"},
		{"100.64.0.1", "CGNAT"},
		{"100.100.100.200", "CGNAT"},
		{"100.127.255.255", "CGNAT"},
		{"168.63.129.16", "metadata"},
		{"192.0.0.192", "reserved"},
		{"192.0.2.1", "documentation"},
		{"198.51.100.7", "documentation"},
		{"203.0.113.9", "documentation"},
		{"198.18.0.1", "benchmarks"},
		{"192.88.99.1", "6to4"},
		{"224.0.0.1", "multicast"},
		{"239.255.255.250", "multicast"},
		{"240.0.0.1", "reserved"},
		{"255.255.255.255", "reserved"},
		{"::", "reserved"},
		{"::1", "loopback"},
		{"::127.0.0.1", "reserved"},
		{"::ffff:127.0.0.1", "loopback"},
		{"::ffff:10.0.0.1", "private"},
		{"::ffff:169.254.169.254", "link-local"},
		{"::ffff:0.0.0.0", "this host"},
		{"64:ff9b::7f00:1", "NAT64"},
		{"64:ff9b::a9fe:a9fe", "NAT64"},
		{"64:ff9b:1::1", "NAT64"},
		{"2002:7f00:1::", "6to4"},
		{"2002:a9fe:a9fe::1", "6to4"},
		{"2001:0:4136:e378:8000:63bf:3fff:fdd2", "Teredo"},
		{"2001:db8::1", "documentation"},
		{"3fff::1", "documentation"},
		{"fc00::1", "private"},
		{"fd00:ec2::254", "private"},
		{"fe80::1", "link-local"},
		{"fe80::a9fe:a9fe", "link-local"},
		{"fec0::1", "reserved"},
		{"ff02::1", "multicast"},
		{"4000::1", "reserved"},
	} {
		host := c.address
		if strings.Contains(host, ":") {
			host = "[" + host + "]"
		}
		for what, address := range map[string]string{"named": "http://shop.test/", "written": "http://" + host + "/"} {
			w := newWorld(t, hello(t), map[string][]string{"shop.test": {c.address}}, nil)
			_, err := w.get(t, address, egress.Limits{})
			var blocked *egress.BlockedError
			switch {
			case c.why == "" && (err != nil || len(w.dialed) != 1 || w.dialed[0] != netip.AddrPortFrom(netip.MustParseAddr(c.address).Unmap(), 80).String()):
				t.Errorf("%s %s: %v, dialled %v", c.address, what, err, w.dialed)
			case c.why != "" && (!errors.As(err, &blocked) || !errors.Is(err, ports.ErrInvalid) || !strings.Contains(blocked.Reason, c.why)):
				t.Errorf("%s %s: %v, want a BlockedError that says %s", c.address, what, err, c.why)
			case c.why != "" && len(w.dialed) > 0:
				t.Errorf("%s %s: dialled %v", c.address, what, w.dialed)
			case what == "named" && blocked != nil && strings.Contains(blocked.Error(), c.address):
				t.Errorf("%q says what a name of our network resolves to", blocked)
			}
		}
	}
}

// Spellings of addresses that only a system's resolver understands come back
// from it as what they are.
func TestOddSpellings(t *testing.T) {
	for _, host := range []string{"2130706433", "0x7f.1", "0177.0.0.1", "127.1", "localhost", "LOCALHOST", "localhost.", "metadata.google.internal"} {
		w := newWorld(t, hello(t), map[string][]string{host: {"127.0.0.1"}, strings.ToLower(host): {"127.0.0.1"}}, nil)
		_, err := w.get(t, "http://"+host+"/", egress.Limits{})
		if blocked := (*egress.BlockedError)(nil); !errors.As(err, &blocked) || len(w.dialed) > 0 {
			t.Errorf("%s: %v, dialled %v", host, err, w.dialed)
		}
	}
}

func TestAddressesOfOtherKinds(t *testing.T) {
	for address, want := range map[string]string{
		"ftp://shop.test/": "neither http nor https", "file:///etc/passwd": "neither http nor https", "gopher://shop.test/": "neither http nor https",
		"http:///x": "names no host", "http://user:secret@shop.test/": "a user name", "http://[fe80::1%25eth0]/": "one link only",
		"http://shop.test:22/": "port 22", "http://shop.test:6379/": "port 6379", "http://shop.test:65535/": "port 65535",
	} {
		w := newWorld(t, hello(t), map[string][]string{"shop.test": {public}}, nil)
		u, err := url.Parse(address)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := w.guard.Client(egress.Limits{}).Transport.RoundTrip((&http.Request{Method: http.MethodGet, URL: u, Header: http.Header{}}).WithContext(t.Context()))
		if err == nil {
			resp.Body.Close()
		}
		if blocked := (*egress.BlockedError)(nil); !errors.As(err, &blocked) || !strings.Contains(blocked.Reason, want) || len(w.dialed) > 0 {
			t.Errorf("%s: %v, dialled %v", address, err, w.dialed)
		}
		if err != nil && strings.Contains(err.Error(), "secret") {
			t.Errorf("the error holds a password: %v", err)
		}
	}
}

// Of several addresses the good ones are used, and only those.
func TestSeveralAddresses(t *testing.T) {
	w := newWorld(t, hello(t), map[string][]string{"shop.test": {"127.0.0.1", "fd00::1", public}}, nil)
	if body, err := w.get(t, "http://shop.test/", egress.Limits{}); err != nil || body != "hello" || !slices.Equal(w.dialed, []string{public + ":80"}) {
		t.Errorf("%q, %v, dialled %v", body, err, w.dialed)
	}
	// One that takes no connection is not the end.
	w = newWorld(t, nil, map[string][]string{"shop.test": {public, "93.184.215.15", "93.184.215.16", "93.184.215.17", "93.184.215.18"}}, nil)
	if _, err := w.get(t, "http://shop.test/", egress.Limits{}); err == nil || len(w.dialed) != 4 {
		t.Errorf("%v, dialled %v, want 4 tries", err, w.dialed)
	}
}

// A name that resolves to the internet when it is checked, and to us right
// after, gains nothing: each connection is checked, and dials what was checked.
func TestRebinding(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Connection", "close") }))
	t.Cleanup(server.Close)
	w := newWorld(t, server, map[string][]string{"shop.test": {public}}, nil)
	if _, err := w.get(t, "http://shop.test/", egress.Limits{}); err != nil || w.asked != 1 || !slices.Equal(w.dialed, []string{public + ":80"}) {
		t.Fatalf("%v after %d questions, dialled %v", err, w.asked, w.dialed)
	}
	w.names["shop.test"] = []string{"127.0.0.1"}
	if _, err := w.get(t, "http://shop.test/", egress.Limits{}); !errors.Is(err, ports.ErrInvalid) || len(w.dialed) != 1 {
		t.Errorf("after rebinding: %v, dialled %v", err, w.dialed)
	}
}

func TestRedirects(t *testing.T) {
	var to string
	var referers []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		referers = append(referers, r.Header.Get("Referer"))
		if r.URL.Path == "/end" {
			return
		}
		http.Redirect(w, r, to, http.StatusFound)
	}))
	t.Cleanup(server.Close)
	names := map[string][]string{"shop.test": {public}, "www.shop.test": {public}, "inside.test": {"10.0.0.1"}}
	for address, blocked := range map[string]bool{
		"http://www.shop.test/end": false, "http://inside.test/": true, "http://127.0.0.1/": true, "http://[::ffff:7f00:1]/": true, "http://169.254.169.254/latest/meta-data/": true,
		"ftp://shop.test/": true, "http://user:pw@shop.test/end": true, "http://shop.test:25/": true,
	} {
		to = address
		w := newWorld(t, server, names, nil)
		_, err := w.get(t, "http://shop.test/?consumer_secret=cs_1", egress.Limits{})
		if blocked == (err == nil) || err != nil && !errors.Is(err, ports.ErrInvalid) {
			t.Errorf("to %s: %v", address, err)
		}
	}
	for _, r := range referers {
		if r != "" {
			t.Errorf("told where it came from: %q", r)
		}
	}
	to = "http://shop.test/"
	for limit, want := range map[int]int{0: 6, 2: 3, -1: 1} {
		referers = nil
		w := newWorld(t, server, names, nil)
		var redirect *egress.RedirectError
		if _, err := w.get(t, "http://shop.test/", egress.Limits{Redirects: limit}); !errors.As(err, &redirect) || len(referers) != want {
			t.Errorf("limit %d: %v after %d requests, want %d", limit, err, len(referers), want)
		}
	}
}

func TestTLS(t *testing.T) {
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/down" {
			http.Redirect(w, r, "http://example.com/", http.StatusFound)
		}
	}))
	server.StartTLS()
	t.Cleanup(server.Close)
	roots := x509.NewCertPool()
	roots.AddCert(server.Certificate())
	trusting := func(c *egress.Config) { c.TLS = &tls.Config{RootCAs: roots} }
	names := map[string][]string{"example.com": {public}, "other.test": {public}}

	w := newWorld(t, server, names, trusting)
	if _, err := w.get(t, "https://example.com/", egress.Limits{}); err != nil {
		t.Errorf("good certificate: %v", err)
	}
	var redirect *egress.RedirectError
	if _, err := w.get(t, "https://example.com/down", egress.Limits{}); !errors.As(err, &redirect) {
		t.Errorf("from https to http: %v", err)
	}
	// The certificate is checked against the name and not the address.
	if _, err := w.get(t, "https://other.test/", egress.Limits{}); err == nil {
		t.Error("a certificate of another name was taken")
	}
	if _, err := newWorld(t, server, names, nil).get(t, "https://example.com/", egress.Limits{}); err == nil {
		t.Error("a certificate of nobody was taken")
	}
	old := httptest.NewUnstartedServer(server.Config.Handler)
	old.TLS = &tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}
	old.StartTLS()
	t.Cleanup(old.Close)
	if _, err := newWorld(t, old, names, trusting).get(t, "https://example.com/", egress.Limits{}); err == nil {
		t.Error("TLS 1.1 was spoken")
	}
}

func TestBounds(t *testing.T) {
	const limit = 64 << 10
	zeros := strings.Repeat("\x00", 1<<20)
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/fits":
			io.WriteString(w, zeros[:limit])
		case "/one-more":
			w.Write([]byte(zeros[:1]))
			w.(http.Flusher).Flush() // so that no length is sent
			io.WriteString(w, zeros[:limit])
		case "/length":
			w.Header().Set("Content-Length", fmt.Sprint(1<<40))
			w.WriteHeader(http.StatusOK)
		case "/bomb": // a thousand to one
			w.Header().Set("Content-Encoding", "gzip")
			z := gzip.NewWriter(w)
			for range 64 {
				if _, err := io.WriteString(z, zeros); err != nil {
					return
				}
			}
			z.Close()
		case "/header":
			w.Header().Set("X-Long", strings.Repeat("a", 100<<10))
		case "/silent":
			<-r.Context().Done()
		case "/slow":
			w.WriteHeader(http.StatusOK)
			w.(http.Flusher).Flush()
			<-r.Context().Done()
		}
	})
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	names := map[string][]string{"shop.test": {public}}
	header := time.Minute
	get := func(path string, l egress.Limits) (string, error) {
		return newWorld(t, server, names, func(c *egress.Config) { c.HeaderTimeout = header }).get(t, "http://shop.test"+path, l)
	}
	if body, err := get("/fits", egress.Limits{Body: limit}); err != nil || len(body) != limit {
		t.Errorf("what fits: %d bytes, %v", len(body), err)
	}
	for _, path := range []string{"/one-more", "/length", "/bomb"} {
		body, err := get(path, egress.Limits{Body: limit})
		var large *egress.TooLargeError
		if !errors.As(err, &large) || !errors.Is(err, ports.ErrInvalid) || large.Limit != limit || len(body) > limit {
			t.Errorf("%s: %d bytes, %v", path, len(body), err)
		}
	}
	if _, err := get("/header", egress.Limits{}); err == nil {
		t.Error("a header of 100 KiB was read")
	}
	var timeout net.Error
	if _, err := get("/slow", egress.Limits{Time: 100 * time.Millisecond}); !errors.As(err, &timeout) || !timeout.Timeout() {
		t.Errorf("a slow body: %v, want a timeout", err)
	}
	header = 50 * time.Millisecond
	if _, err := get("/silent", egress.Limits{}); !errors.As(err, &timeout) || !timeout.Timeout() {
		t.Errorf("silence: %v, want a timeout", err)
	}
}

func TestAllow(t *testing.T) {
	names := map[string][]string{"shop.test": {"127.0.0.1"}, "other.test": {"127.0.0.2"}, "public.test": {public}}
	for _, c := range []struct {
		allow   string
		address string
		ok      bool
	}{
		{"shop.test", "http://shop.test/", true},
		{"SHOP.TEST.", "http://shop.test:8088/", true},
		{"shop.test:8088", "http://shop.test:8088/", true},
		{"shop.test:8088", "http://shop.test:8089/", false},
		{"shop.test:8088", "http://shop.test/", false},
		{"shop.test", "http://other.test/", false},
		{"shop.test", "http://127.0.0.1/", false}, // the name is meant, and not where it leads
		{"127.0.0.1", "http://127.0.0.1:9000/", true},
		{"127.0.0.1", "http://shop.test/", true},
		{"127.0.0.1", "http://other.test/", false},
		{"127.0.0.1", "http://[::ffff:127.0.0.1]/", true},
		{"127.0.0.0/8", "http://other.test/", true},
		{"10.0.0.0/8", "http://other.test/", false},
		{"[::1]:8088", "http://[::1]:8088/", true},
		{"::1", "http://[::1]:1234/", true},
		{"public.test:2222", "http://public.test:2222/", true},
		{"shop.test", "http://public.test:2222/", false},
	} {
		w := newWorld(t, hello(t), names, func(cfg *egress.Config) { cfg.Allow = []string{c.allow} })
		if _, err := w.get(t, c.address, egress.Limits{}); (err == nil) != c.ok {
			t.Errorf("%s with %s allowed: %v", c.address, c.allow, err)
		}
	}
	if err := egress.Check([]string{"shop.test", "a b", "http://shop.test/", "shop.test:0", "shop.test:70000", ""}); err == nil {
		t.Error("bad entries were taken")
	} else if text := err.Error(); !errors.Is(err, ports.ErrInvalid) || strings.Contains(text, `"shop.test"`) || !strings.Contains(text, "a b") || !strings.Contains(text, "70000") {
		t.Errorf("error %v: want all that are wrong", err)
	}
}

// What is dialled is not told, nor is a proxy of the environment used.
func TestErrorsSayNothingOfOurNetwork(t *testing.T) {
	t.Setenv("HTTP_PROXY", "http://127.0.0.1:1")
	g, err := egress.New(egress.Config{Allow: []string{"inside.test"}, Resolver: func(context.Context, string) ([]netip.Addr, error) {
		return []netip.Addr{netip.MustParseAddr("127.0.0.1")}, nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	_, err = g.Client(egress.Limits{}).Get("http://inside.test:1/") // a port that nobody is given
	if err == nil || strings.Contains(err.Error(), "127.0.0.1") || !strings.Contains(err.Error(), "refused") {
		t.Errorf("error %v: want one of a refused connection, without its address", err)
	}
}

func ExampleNew() {
	g, err := egress.New(egress.Config{})
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = g.Client(egress.Limits{Body: 1 << 20}).Get("http://169.254.169.254/latest/meta-data/")
	var blocked *egress.BlockedError
	fmt.Println(errors.As(err, &blocked), blocked)
	// Output: true "169.254.169.254" may not be reached: its address is link-local; if it is meant, name it in WOOCHAT_ALLOW_HOSTS
}
