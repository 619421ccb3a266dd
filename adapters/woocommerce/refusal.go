package woocommerce

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/aiwoochat/woochat/ports"
)

// clean takes the shop's key out of a text: a shop, or what stands before it,
// may say what it was sent.
func (c *client) clean(s string) string {
	for _, secret := range []string{c.key.Key.Reveal(), c.key.Secret.Reveal()} {
		if len(secret) > 3 {
			s = strings.ReplaceAll(s, secret, "[redacted]")
		}
	}
	return s
}

// host names the shop in an error.
func (c *client) host() string {
	if u, err := url.Parse(c.conn.URL); err == nil && u.Host != "" {
		return u.Host
	}
	return "the shop"
}

// unreached turns what went wrong before there was an answer into an error.
func (c *client) unreached(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	// The client's own error has the whole address in it, and with it the key.
	if of, ok := errors.AsType[*url.Error](err); ok {
		err = of.Err
	}
	refused := &ports.ShopError{Err: ports.ErrUnavailable}
	_, certificate := errors.AsType[*tls.CertificateVerificationError](err)
	timeout, isNet := errors.AsType[net.Error](err)
	name, isName := errors.AsType[*net.DNSError](err)
	switch {
	case errors.Is(err, ports.ErrInvalid): // by whoever guards addresses
		refused.Err, refused.Reason = ports.ErrInvalid, err.Error()
	case certificate:
		refused.Err, refused.Reason = ports.ErrInvalid, fmt.Sprintf("%s has no good certificate: %v; renew it", c.host(), err)
	case isName && name.IsNotFound:
		refused.Reason = c.host() + " is no name that leads anywhere: check the shop's address"
	case isNet && timeout.Timeout():
		refused.Reason = c.host() + " does not answer in time"
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		refused.Reason = c.host() + " breaks off before it has answered"
	default:
		refused.Reason = fmt.Sprintf("%s does not answer: %v", c.host(), err)
	}
	refused.Reason = c.clean(refused.Reason)
	return refused
}

// broken turns an error of a body into one of the shop: the line broke, or what
// came is no JSON.
func (c *client) broken(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if errors.Is(err, errTooLarge) {
		return &ports.ShopError{Err: ports.ErrInvalid, Reason: fmt.Sprintf("%s answers with more than %d MiB: a product holds images in its text, or a plugin adds data to products", c.host(), c.shops.cfg.MaxBody>>20)}
	}
	if of, ok := errors.AsType[*ports.ShopError](err); ok {
		return of
	}
	return &ports.ShopError{Err: ports.ErrUnavailable, Reason: c.clean(fmt.Sprintf("%s breaks off in its answer: %v", c.host(), err))}
}

// peeked is how much of an answer is looked at to know what it is.
const peeked = 16 << 10

// refusal returns nil for an answer that is JSON and no error, and leaves its
// body as it was; for any other what it means and what to do about it.
func (c *client) refusal(a *answer) error {
	if a.status >= 200 && a.status < 300 {
		in := bufio.NewReaderSize(a.body, peeked)
		first, err := firstByte(in)
		switch {
		case err == nil && (first == '[' || first == '{'):
			_ = in.UnreadByte()
			a.body = struct {
				io.Reader
				io.Closer
			}{in, a.body}
			return nil
		case err != nil && !errors.Is(err, io.EOF):
			return &ports.ShopError{Status: a.status, Err: ports.ErrUnavailable, Reason: c.clean(fmt.Sprintf("%s breaks off in its answer: %v", c.host(), err))}
		}
		text, _ := in.Peek(1024)
		return c.noJSON(a, append([]byte{first}, text...))
	}
	page, err := io.ReadAll(io.LimitReader(a.body, peeked))
	if err != nil {
		page = nil // the status says enough
	}
	return c.explain(a, page)
}

// noJSON explains an answer that should be JSON by its status.
func (c *client) noJSON(a *answer, text []byte) error {
	e := &ports.ShopError{Status: a.status, Err: ports.ErrUnavailable, RetryAfter: c.retryAfter(a.header)}
	switch {
	case bytes.Contains(text, []byte("<b>Warning")), bytes.Contains(text, []byte("<b>Notice")), bytes.Contains(text, []byte("<b>Deprecated")), bytes.Contains(text, []byte("<b>Fatal error")):
		e.Err, e.Reason = ports.ErrInvalid, c.host()+" prints PHP's warnings into its API: set WP_DEBUG_DISPLAY to false in wp-config.php"
	case len(bytes.TrimSpace(text)) <= 1 && a.status != 0:
		e.Reason = c.host() + " answers with nothing: PHP may have died; look into the shop's error log"
	default:
		e.Reason = c.host() + " answers with a web page instead of data: it is in maintenance, or a plugin or firewall stands before its API"
	}
	return e
}

// explain says what an answer with an error status means.
func (c *client) explain(a *answer, page []byte) error {
	var said struct {
		Code    text `json:"code"`
		Message text `json:"message"`
	}
	if err := json.Unmarshal(page, &said); err != nil {
		said.Code, said.Message = "", ""
	}
	e := &ports.ShopError{Status: a.status, Code: fmt.Sprintf("%.80s", said.Code), RetryAfter: c.retryAfter(a.header), Err: ports.ErrInvalid}
	defer func() { e.Reason, e.Code = c.clean(e.Reason), c.clean(e.Code) }()
	host := c.host()
	quote := ""
	if said.Message != "" {
		quote = fmt.Sprintf(" (it says: %.200s)", plain(string(said.Message)))
	}
	switch {
	case a.status >= 300 && a.status < 400:
		e.Reason = fmt.Sprintf("%s leads to %s: connect the shop under that address", host, whereTo(a.header.Get("Location")))
	case a.status == http.StatusTooManyRequests:
		e.Err, e.Reason = ports.ErrUnavailable, host+" wants to be asked less often"
	case a.status == http.StatusServiceUnavailable:
		e.Err, e.Reason = ports.ErrUnavailable, host+" is in maintenance, or has too much to do"
	case a.status >= 500 && said.Code == "internal_server_error":
		e.Err, e.Reason = ports.ErrUnavailable, host+" has a fatal error: look into WooCommerce > Status > Logs"
	case a.status >= 500, a.status == http.StatusRequestTimeout, a.status == http.StatusTooEarly:
		e.Err, e.Reason = ports.ErrUnavailable, fmt.Sprintf("%s fails with status %d", host, a.status)
	case a.status == http.StatusUnauthorized || a.status == http.StatusForbidden:
		e.Reason = c.forbidden(a, string(said.Code), page) + quote
	case said.Code == "rest_no_route":
		e.Reason = host + " has no WooCommerce at this address, or one older than 3.5"
	case noAPI(e):
		e.Reason = host + " has no REST API at this address: check the address, or connect the shop again if its permalinks were changed"
	default:
		e.Reason = fmt.Sprintf("%s refuses the request with status %d%s", host, a.status, quote)
	}
	return e
}

// noAPI reports whether err is that of an address at which no API answers: its
// errors have a code.
func noAPI(err error) bool {
	of, ok := errors.AsType[*ports.ShopError](err)
	return ok && of.Status == http.StatusNotFound && of.Code == ""
}

// forbidden says who does not let us in.
func (c *client) forbidden(a *answer, code string, page []byte) string {
	host := c.host()
	page = bytes.ToLower(page)
	switch {
	case code == "woocommerce_rest_cannot_view", code == "woocommerce_rest_cannot_read":
		// WooCommerce says the same of a key that it does not know.
		return host + " does not take the REST key: it was revoked or mistyped, it did not arrive, or its user may not read this; make one for a user with the role Shop manager, under WooCommerce > Settings > Advanced > REST API"
	case code == "woocommerce_rest_authentication_error" && bytes.Contains(page, []byte("write permission")):
		return host + " has given the REST key permission to read only: make one with Read/Write"
	case code == "woocommerce_rest_authentication_error" && bytes.Contains(page, []byte("invalid timestamp")):
		return host + " does not take the time at which it was asked: the clock of this server or that of the shop is more than 15 minutes off" + c.apart(a) + "; set this server's clock (NTP), or have the shop's host set its own"
	case code == "woocommerce_rest_authentication_error":
		return host + " does not know the REST key: it was revoked, or mistyped; make a new one under WooCommerce > Settings > Advanced > REST API"
	case strings.HasPrefix(code, "woocommerce_rest_cannot"):
		return host + " does not let the user who owns the REST key do this: the key needs Read/Write, and the user the role Shop manager"
	case a.header.Get("Cf-Mitigated") != "" || strings.EqualFold(a.header.Get("Server"), "cloudflare") && code == "":
		return host + " is behind Cloudflare, which refuses us: let the path /wp-json/wc/ through in its firewall rules"
	case bytes.Contains(page, []byte("wordfence")), bytes.Contains(page, []byte("sucuri")), bytes.Contains(page, []byte("imunify")), bytes.Contains(page, []byte("mod_security")), bytes.Contains(page, []byte("modsecurity")):
		return host + " has a firewall that refuses us (Wordfence, Sucuri, Imunify or ModSecurity): let the path /wp-json/wc/ through in its settings"
	case code != "":
		return fmt.Sprintf("%s has a plugin that closes its REST API (%.60s): let requests with a REST key through to /wp-json/wc/", host, code)
	default:
		return host + " refuses us before WordPress is asked: a firewall, a security plugin or a password of the web server; let the path /wp-json/wc/ through"
	}
}

// apart says by how much the shop's clock differs from ours, if it tells its time.
func (c *client) apart(a *answer) string {
	at := dateOf(a.header)
	if at.IsZero() || a.asked.IsZero() {
		return ""
	}
	return fmt.Sprintf(" (the shop says it is %s, this server %s)", at.Format(time.DateTime), a.asked.UTC().Format(time.DateTime))
}

// whereTo returns the address that a redirect leads to, without its query.
func whereTo(location string) string {
	u, err := url.Parse(location)
	if err != nil || location == "" {
		return "another address"
	}
	u.RawQuery, u.Fragment, u.User = "", "", nil
	return fmt.Sprintf("%.200s", u.String())
}

// retryAfter reads Retry-After, seconds or a date; a day at most.
func (c *client) retryAfter(h http.Header) time.Duration {
	text := strings.TrimSpace(h.Get("Retry-After"))
	if text == "" {
		return 0
	}
	d := time.Duration(0)
	if n, err := strconv.ParseUint(text, 10, 31); err == nil {
		d = time.Duration(n) * time.Second
	} else if at, err := http.ParseTime(text); err == nil {
		d = at.Sub(c.shops.cfg.Now())
	}
	return min(max(d, 0), 24*time.Hour)
}
