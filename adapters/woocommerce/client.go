package woocommerce

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"github.com/aiwoochat/woochat/domain/ingestion"
	"github.com/aiwoochat/woochat/ports"
)

// userAgent tells a shop's owner who asks.
const userAgent = "woochat (shop import)"

// client asks one shop.
type client struct {
	shops *Shops
	conn  ingestion.Connection
	key   ingestion.Credentials
	moved atomic.Bool // its permalinks are plain by now
}

func (s *Shops) client(conn ingestion.Connection, key ingestion.Credentials) *client {
	conn.URL = strings.TrimRight(conn.URL, "/")
	return &client{shops: s, conn: conn, key: key}
}

func (c *client) rest() RESTConfig {
	return RESTConfig{c.conn.Currency, c.conn.Exponent, c.conn.WeightUnit, c.conn.DimensionUnit}
}

// Parts of a shop's API.
const (
	wooAPI = "/wc/v3"
	wpAPI  = "/wp/v2"
)

// address returns where a route of the API is: under /wp-json, or behind
// ?rest_route= for a shop with plain permalinks.
func address(conn ingestion.Connection, route string, query url.Values) string {
	q := url.Values{}
	maps.Copy(q, query)
	if conn.PlainPermalinks {
		q.Set("rest_route", route)
		return conn.URL + "/?" + q.Encode()
	}
	if len(q) == 0 {
		return conn.URL + "/wp-json" + route
	}
	return conn.URL + "/wp-json" + route + "?" + q.Encode()
}

// answer is what a shop said. Its body must be closed.
type answer struct {
	status int
	header http.Header
	body   io.ReadCloser
	asked  time.Time // by our clock, before the request was sent
}

// ask sends a request with the shop's key and returns an answer that is JSON
// and no error; all others become a *ports.ShopError. body is sent as JSON if
// it is not nil.
func (c *client) ask(ctx context.Context, method, route string, query url.Values, body []byte) (*answer, error) {
	return c.at(ctx, method, wooAPI+route, query, body, c.conn.Auth)
}

// askPublic sends a request without a key, as any visitor of the shop may:
// WooCommerce's keys open nothing of WordPress itself.
func (c *client) askPublic(ctx context.Context, route string, query url.Values) (*answer, error) {
	return c.at(ctx, http.MethodGet, route, query, nil, 0)
}

// at asks where the route is. A shop whose permalinks were made plain has nothing
// under /wp-json any more, and all of it behind ?rest_route=.
func (c *client) at(ctx context.Context, method, route string, query url.Values, body []byte, auth ingestion.Auth) (*answer, error) {
	conn := c.conn
	conn.PlainPermalinks = conn.PlainPermalinks || c.moved.Load()
	a, err := c.do(ctx, method, address(conn, route, query), body, auth)
	if conn.PlainPermalinks || !noAPI(err) {
		return a, err
	}
	conn.PlainPermalinks = true
	a, other := c.do(ctx, method, address(conn, route, query), body, auth)
	if noAPI(other) {
		return nil, err
	}
	c.moved.Store(other == nil)
	return a, other
}

func (c *client) do(ctx context.Context, method, address string, body []byte, auth ingestion.Auth) (*answer, error) {
	a, err := c.send(ctx, method, address, body, auth)
	if err != nil {
		return nil, err
	}
	if err := c.refusal(a); err != nil {
		a.body.Close()
		return nil, err
	}
	return a, nil
}

// send sends a request and returns whatever is answered.
func (c *client) send(ctx context.Context, method, address string, body []byte, auth ingestion.Auth) (*answer, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	var content io.Reader
	if body != nil {
		content = bytes.NewReader(body)
	}
	req, err := http.NewRequestWithContext(ctx, method, address, content)
	if err != nil {
		return nil, &ports.ShopError{Err: ports.ErrInvalid, Reason: "the shop's address is none that can be asked: connect the shop again"}
	}
	req.Header.Set("User-Agent", userAgent)
	req.Header.Set("Accept", "application/json")
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	asked := c.shops.cfg.Now()
	switch auth {
	case 0: // what everybody may ask
	case ingestion.Basic, ingestion.Query:
		// A key is not sent where others can read it, whatever is stored.
		if req.URL.Scheme != "https" {
			return nil, &ports.ShopError{Err: ports.ErrInvalid, Reason: "the shop's address is not https, and its key would be sent in clear: connect the shop again"}
		}
		if auth == ingestion.Basic {
			req.SetBasicAuth(c.key.Key.Reveal(), c.key.Secret.Reveal())
			break
		}
		q := req.URL.Query()
		q.Set("consumer_key", c.key.Key.Reveal())
		q.Set("consumer_secret", c.key.Secret.Reveal())
		req.URL.RawQuery = q.Encode()
	case ingestion.OAuth1:
		sign(req, c.key, asked)
	}
	resp, err := c.shops.direct.Do(req) //nolint:bodyclose // the answer has it
	if err != nil {
		return nil, c.unreached(ctx, err)
	}
	limited := &limitedBody{ReadCloser: resp.Body, left: c.shops.cfg.MaxBody}
	return &answer{status: resp.StatusCode, header: resp.Header, body: limited, asked: asked}, nil
}

// errTooLarge says that an answer is larger than Config.MaxBody.
var errTooLarge = errors.New("the shop's answer is too large")

// limitedBody fails with errTooLarge where the limit is passed.
type limitedBody struct {
	io.ReadCloser
	left int64
}

// Read implements io.Reader.
func (b *limitedBody) Read(p []byte) (int, error) {
	if b.left <= 0 {
		var one [1]byte
		if n, err := b.ReadCloser.Read(one[:]); n == 0 {
			return 0, err
		}
		return 0, errTooLarge
	}
	if int64(len(p)) > b.left {
		p = p[:b.left]
	}
	n, err := b.ReadCloser.Read(p)
	b.left -= int64(n)
	return n, err
}

// whole reads a small answer and closes it.
func (a *answer) whole() ([]byte, error) {
	defer a.body.Close()
	const most = 8 << 20
	b, err := io.ReadAll(io.LimitReader(a.body, most+1))
	if err == nil && len(b) > most {
		err = errTooLarge
	}
	return b, err
}

// json reads a small answer into v.
func (c *client) json(ctx context.Context, a *answer, v any) error {
	b, err := a.whole()
	if err != nil {
		return c.broken(ctx, err)
	}
	if err := unmarshal(bytes.TrimPrefix(bytes.TrimSpace(b), []byte("\xEF\xBB\xBF")), v); err != nil {
		return &ports.ShopError{Status: a.status, Err: ports.ErrUnavailable, Reason: c.clean(fmt.Sprintf("the shop's answer cannot be read: %v", err))}
	}
	return nil
}
