package woocommerce

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/aiwoochat/woochat/domain/ingestion"
	"github.com/aiwoochat/woochat/ports"
)

// Probe implements ports.ShopProbe.
func (s *Shops) Probe(ctx context.Context, address string, key ingestion.Credentials) (ingestion.Connection, error) {
	if err := key.Valid(); err != nil {
		return ingestion.Connection{}, &ports.ShopError{Err: ports.ErrInvalid, Reason: err.Error()}
	}
	bases, err := shopAddresses(address)
	if err != nil {
		return ingestion.Connection{}, err
	}
	var c *client
	for _, base := range bases {
		c = s.client(ingestion.Connection{URL: base}, key)
		// A shop that answers is the one that was meant; http is tried only for
		// an address without a scheme.
		if err = c.find(ctx); err == nil {
			break
		}
		if of, ok := errors.AsType[*ports.ShopError](err); !ok || of.Status != 0 || !errors.Is(err, ports.ErrUnavailable) {
			return ingestion.Connection{}, err
		}
	}
	if err != nil {
		return ingestion.Connection{}, err
	}
	if err := c.chooseAuth(ctx); err != nil {
		return ingestion.Connection{}, err
	}
	is, err := c.settings(ctx)
	if err != nil {
		return ingestion.Connection{}, err
	}
	conn := c.conn
	conn.Currency, conn.Exponent, conn.WeightUnit, conn.DimensionUnit = is.Currency, is.Exponent, is.WeightUnit, is.DimensionUnit
	conn.Write, err = c.mayWrite(ctx)
	return conn, err
}

// shopAddresses returns the addresses that a user may have meant, the best
// first: without what a browser shows behind the shop's own address.
func shopAddresses(address string) ([]string, error) {
	bad := &ports.ShopError{Err: ports.ErrInvalid, Reason: fmt.Sprintf("%.100q is not the address of a shop, such as https://shop.example.com", whereTo(address))}
	address = strings.TrimSpace(address)
	schemes := []string{""}
	if !strings.Contains(address, "://") {
		schemes = []string{"https://", "http://"}
	}
	var out []string
	for _, scheme := range schemes {
		u, err := url.Parse(scheme + address)
		if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Hostname() == "" || u.User != nil {
			return nil, bad
		}
		path := u.Path
		for _, tail := range []string{"/wp-json", "/wp-admin", "/wp-login.php", "/index.php"} {
			if i := strings.Index(path, tail); i >= 0 {
				path = path[:i]
			}
		}
		base := url.URL{Scheme: u.Scheme, Host: strings.ToLower(u.Host), Path: strings.TrimRight(path, "/")}
		out = append(out, base.String())
	}
	return out, nil
}

// apiIndex is what is read of the API's list of itself.
type apiIndex struct {
	Namespaces []text `json:"namespaces"`
}

// find finds out under which address the shop's API answers, following
// redirects. No key is sent: it is for whoever the redirects lead to.
func (c *client) find(ctx context.Context) error {
	var first error
	given := c.conn.URL
	for _, plain := range []bool{false, true} {
		c.conn.URL, c.conn.PlainPermalinks = given, plain
		at, err := c.index(ctx)
		if err == nil {
			c.conn.URL = at
			return nil
		}
		if of, ok := errors.AsType[*ports.ShopError](err); !ok || of.Status == 0 || of.Status == http.StatusTooManyRequests || of.Status >= 500 {
			return err // the other form would be answered alike
		}
		if first == nil {
			first = err
		}
	}
	c.conn.URL = given
	return first
}

// index asks for the API's list of itself and returns the shop's address as
// redirects make it.
func (c *client) index(ctx context.Context) (string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address(c.conn, "/", url.Values{"_fields": {"namespaces"}}), nil)
	if err != nil {
		return "", &ports.ShopError{Err: ports.ErrInvalid, Reason: "the address is none that can be asked"}
	}
	req.Header.Set("User-Agent", userAgent)
	req.Header.Set("Accept", "application/json")
	asked := c.shops.cfg.Now()
	resp, err := c.shops.cfg.Client.Do(req) //nolint:bodyclose // the answer has it
	if err != nil {
		return "", c.unreached(ctx, err)
	}
	a := &answer{status: resp.StatusCode, header: resp.Header, body: &limitedBody{ReadCloser: resp.Body, left: c.shops.cfg.MaxBody}, asked: asked}
	defer a.body.Close()
	at := *resp.Request.URL
	at.RawQuery, at.Fragment, at.User = "", "", nil
	at.Path, at.RawPath = strings.TrimRight(at.Path, "/"), ""
	if !c.conn.PlainPermalinks {
		at.Path = strings.TrimSuffix(at.Path, "/wp-json")
	}
	base := strings.TrimRight(at.String(), "/")
	err = c.refusal(a)
	if of, ok := errors.AsType[*ports.ShopError](err); ok && of.Code != "" && (of.Status == http.StatusUnauthorized || of.Status == http.StatusForbidden) {
		return base, nil // closed to visitors, but it is there: the key decides
	}
	if err != nil {
		return "", err
	}
	var index apiIndex
	if err := c.json(ctx, a, &index); err != nil {
		return "", err
	}
	if !slices.Contains(index.Namespaces, "wc/v3") {
		return "", &ports.ShopError{Status: a.status, Err: ports.ErrInvalid, Reason: c.host() + " is WordPress, but WooCommerce is not active there, or older than 3.5: is the shop at another address?"}
	}
	return base, nil
}

// chooseAuth finds out how the shop takes its key.
func (c *client) chooseAuth(ctx context.Context) error {
	ways := []ingestion.Auth{ingestion.OAuth1}
	if strings.HasPrefix(c.conn.URL, "https://") {
		// A host that strips the header answers as if there had been no key.
		ways = []ingestion.Auth{ingestion.Basic, ingestion.Query}
	}
	var err error
	for _, way := range ways {
		c.conn.Auth = way
		var a *answer
		if a, err = c.ask(ctx, http.MethodGet, "/products", url.Values{"per_page": {"1"}, "_fields": {"id"}}, nil); err == nil {
			return a.body.Close()
		}
		if of, ok := errors.AsType[*ports.ShopError](err); !ok || of.Status != http.StatusUnauthorized && of.Status != http.StatusForbidden {
			return err
		}
	}
	return err
}

// setting is a row of settings/<group>.
type setting struct {
	ID    text `json:"id"`
	Value text `json:"value"`
}

// UnmarshalJSON implements json.Unmarshaler: values of other settings may be
// anything.
func (s *setting) UnmarshalJSON(b []byte) error {
	var w struct {
		ID    text `json:"id"`
		Value any  `json:"value"`
	}
	err := unmarshal(b, &w)
	s.ID = w.ID
	if v, ok := w.Value.(string); ok {
		s.Value = text(v)
	} else if n, ok := w.Value.(float64); ok {
		s.Value = text(strconv.FormatFloat(n, 'f', -1, 64))
	}
	return err
}

// settings reads currency and units.
func (c *client) settings(ctx context.Context) (RESTConfig, error) {
	values := map[string]string{}
	for _, group := range []string{"general", "products"} {
		a, err := c.ask(ctx, http.MethodGet, "/settings/"+group, url.Values{"_fields": {"id,value"}}, nil)
		if of, ok := errors.AsType[*ports.ShopError](err); ok && (of.Status == http.StatusUnauthorized || of.Status == http.StatusForbidden) {
			return c.storeSettings(ctx, err)
		}
		if err != nil {
			return RESTConfig{}, err
		}
		var rows []setting
		if err := c.json(ctx, a, &rows); err != nil {
			return RESTConfig{}, err
		}
		for _, r := range rows {
			values[string(r.ID)] = string(r.Value)
		}
	}
	return c.restConfig(values["woocommerce_currency"], values["woocommerce_price_num_decimals"], values["woocommerce_weight_unit"], values["woocommerce_dimension_unit"])
}

// storeSettings reads the currency where every visitor can: a key's user may
// read products and not settings. Units are not said there. refused is why the
// settings were not read.
func (c *client) storeSettings(ctx context.Context, refused error) (RESTConfig, error) {
	a, err := c.askPublic(ctx, "/wc/store/v1/products", url.Values{"per_page": {"1"}})
	if err != nil {
		return RESTConfig{}, refused
	}
	var products []struct {
		Prices struct {
			Currency text `json:"currency_code"`
			Exponent text `json:"currency_minor_unit"`
		} `json:"prices"`
	}
	if err := c.json(ctx, a, &products); err != nil || len(products) == 0 {
		return RESTConfig{}, refused
	}
	return c.restConfig(string(products[0].Prices.Currency), string(products[0].Prices.Exponent), "", "")
}

func (c *client) restConfig(currency, decimals, weight, dimension string) (RESTConfig, error) {
	n, err := strconv.ParseUint(decimals, 10, 8)
	if len(currency) != 3 || strings.Trim(currency, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != "" || err != nil || n > 6 {
		return RESTConfig{}, &ports.ShopError{Err: ports.ErrInvalid, Reason: fmt.Sprintf("%s says that its currency is %.10q with %.10q decimals: set both under WooCommerce > Settings > General", c.host(), currency, decimals)}
	}
	return RESTConfig{Currency: currency, Exponent: uint8(n), WeightUnit: fmt.Sprintf("%.10s", weight), DimensionUnit: fmt.Sprintf("%.10s", dimension)}, nil
}

// mayWrite finds out whether the key may write by asking for a webhook that
// cannot be made: WooCommerce looks at the key's permission before it looks at
// what is asked.
func (c *client) mayWrite(ctx context.Context) (bool, error) {
	a, err := c.ask(ctx, http.MethodPost, "/webhooks", nil, []byte("{}"))
	if err == nil {
		return true, a.body.Close()
	}
	of, ok := errors.AsType[*ports.ShopError](err)
	if !ok || errors.Is(err, ports.ErrUnavailable) {
		return false, err
	}
	return of.Status == http.StatusBadRequest, nil
}
