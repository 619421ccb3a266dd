package egress

import (
	"io"
	"net/http"
	"net/netip"
)

// limited is a Guard's transport with a bound for bodies. Redirects come
// through it, too.
type limited struct {
	guard *Guard
	body  int64
}

var _ http.RoundTripper = (*limited)(nil)

// RoundTrip implements http.RoundTripper.
func (l *limited) RoundTrip(req *http.Request) (*http.Response, error) {
	if why := badAddress(req); why != "" {
		if req.Body != nil {
			req.Body.Close()
		}
		return nil, &BlockedError{req.URL.Hostname(), why}
	}
	resp, err := l.guard.transport.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	if resp.ContentLength > l.body {
		resp.Body.Close()
		return nil, &TooLargeError{l.body}
	}
	// The transport has taken gzip off: what is counted is what is read.
	resp.Body = &boundedBody{ReadCloser: resp.Body, left: l.body, limit: l.body}
	return resp, nil
}

// badAddress returns why an address is none that is reached, whatever it
// resolves to.
func badAddress(req *http.Request) string {
	switch u := req.URL; {
	case u.Scheme != "https" && u.Scheme != "http":
		return "it is neither http nor https"
	case u.Hostname() == "":
		return "it names no host"
	case u.User != nil:
		return "it has a user name in it"
	default:
		if a, err := netip.ParseAddr(u.Hostname()); err == nil && a.Zone() != "" {
			return "its address is of one link only"
		}
		return ""
	}
}

// boundedBody fails with a *TooLargeError where the limit is passed.
type boundedBody struct {
	io.ReadCloser
	left, limit int64
}

// Read implements io.Reader.
func (b *boundedBody) Read(p []byte) (int, error) {
	if b.left < 0 {
		return 0, &TooLargeError{b.limit}
	}
	if int64(len(p)) > b.left+1 {
		p = p[:b.left+1]
	}
	n, err := b.ReadCloser.Read(p)
	if b.left -= int64(n); b.left < 0 {
		return n - 1, &TooLargeError{b.limit}
	}
	return n, err
}
