package wooshop

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// grant is a consent page that a merchant has seen.
type grant struct{ app, user, back, callback, scope string }

// authorize answers /wc-auth/v1/authorize, the page on which a merchant (who is
// logged in) gives an app a key, and /wc-auth/v1/access_granted behind it.
func (s *Shop) authorize(step string, q *request) answer {
	g := grant{app: q.query.Get("app_name"), user: q.query.Get("user_id"), back: q.query.Get("return_url"), callback: q.query.Get("callback_url"), scope: q.query.Get("scope")}
	if why := g.wrong(q.query); why != "" {
		return denied(why)
	}
	s.mu.Lock()
	switch step {
	case "login", "authorize":
		nonce := s.hex(10)
		s.grants[nonce] = g
		link := s.url + "/wc-auth/v1/access_granted?" + q.r.URL.RawQuery + "&wc_auth_nonce=" + nonce
		s.mu.Unlock()
		return answer{status: http.StatusOK, typ: "text/html; charset=UTF-8", body: []byte("<!DOCTYPE html>\n<html><body><h1>" + strip(g.app) + " would like to connect to your store</h1>\n<a class=\"wc-auth-approve\" href=\"" + strings.ReplaceAll(link, "&", "&amp;") + "\">Approve</a></body></html>\n")}
	case "access_granted":
		nonce := q.query.Get("wc_auth_nonce")
		g, ok := s.grants[nonce]
		delete(s.grants, nonce)
		if !ok {
			s.mu.Unlock()
			return denied("Invalid nonce verification")
		}
		k := *s.addKey(g.scope)
		s.mu.Unlock()
		return s.granted(q.r.Context(), g, k)
	}
	s.mu.Unlock()
	return denied("You do not have permission to access this page")
}

func (g grant) wrong(query url.Values) string {
	for _, name := range []string{"app_name", "user_id", "return_url", "callback_url", "scope"} {
		if query.Get(name) == "" {
			return "Missing parameter " + name
		}
	}
	switch g.scope {
	case "read", "write", "read_write":
	default:
		return "Invalid scope " + g.scope
	}
	for _, u := range []string{g.back, g.callback} {
		if p, err := url.Parse(u); err != nil || p.Host == "" {
			return "The " + u + " is not a valid URL"
		}
	}
	if !strings.HasPrefix(strings.ToLower(g.callback), "https://") {
		return "The callback_url needs to be over SSL"
	}
	return ""
}

func denied(why string) answer {
	return answer{status: http.StatusUnauthorized, typ: "text/html; charset=UTF-8", body: []byte("<!DOCTYPE html>\n<html><head><title>Access denied</title></head><body><p>Error: " + strip(why) + ".</p></body></html>\n")}
}

// granted posts the new key to the app and sends the merchant back. If the app
// does not answer 200, the key is deleted again.
func (s *Shop) granted(ctx context.Context, g grant, k key) answer {
	body := encode(object{
		{"key_id", k.id}, {"user_id", g.user}, {"consumer_key", k.Key.Key}, {"consumer_secret", k.Secret}, {"key_permissions", k.Permissions},
	})
	why := ""
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, g.callback, bytes.NewReader(body))
	if err == nil {
		req.Header.Set("Content-Type", "application/json;charset=UTF-8")
		req.Header.Set("User-Agent", "WordPress/"+s.o.WordPress+"; "+s.URL())
		transport := s.o.Transport
		if transport == nil {
			transport = http.DefaultTransport
		}
		var resp *http.Response
		if resp, err = transport.RoundTrip(req); err == nil {
			_, _ = io.Copy(io.Discard, resp.Body) // only the status counts
			_ = resp.Body.Close()
			if resp.StatusCode != http.StatusOK {
				why = "An error occurred in the request and at the time were unable to send the consumer data"
			}
		}
	}
	if err != nil {
		why = "A valid URL was not provided"
	}
	if why != "" {
		s.RevokeKey(k.Key)
		return denied(why)
	}
	back, err := url.Parse(g.back)
	if err != nil {
		return denied("The return_url is not a valid URL")
	}
	query := back.Query()
	query.Set("success", "1")
	query.Set("user_id", g.user)
	back.RawQuery = query.Encode()
	return answer{status: http.StatusFound, typ: "text/html; charset=UTF-8"}.with("Location", back.String())
}

// Approve does what a merchant does who was sent to a consent page: it opens
// it, approves, and returns where the browser is sent then.
func (s *Shop) Approve(ctx context.Context, page string) (back string, err error) {
	resp, err := s.browse(ctx, page)
	if err != nil {
		return "", err
	}
	_, rest, found := strings.Cut(resp.body, `class="wc-auth-approve" href="`)
	link, _, _ := strings.Cut(rest, `"`)
	if resp.status != http.StatusOK || !found {
		return "", fmt.Errorf("wooshop: the consent page answers %d: %s", resp.status, strip(resp.body))
	}
	resp, err = s.browse(ctx, strings.ReplaceAll(link, "&amp;", "&"))
	if err != nil {
		return "", err
	}
	if resp.status != http.StatusFound {
		return "", fmt.Errorf("wooshop: the approval answers %d: %s", resp.status, strip(resp.body))
	}
	return resp.location, nil
}

type browsed struct {
	status         int
	body, location string
}

func (s *Shop) browse(ctx context.Context, address string) (browsed, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, http.NoBody)
	if err != nil {
		return browsed{}, errors.Join(errors.New("wooshop: no address of this shop"), err)
	}
	resp, err := s.Transport().RoundTrip(req)
	if err != nil {
		return browsed{}, err
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	return browsed{resp.StatusCode, string(body), resp.Header.Get("Location")}, err
}
