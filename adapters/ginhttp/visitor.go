package ginhttp

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"reflect"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/aiwoochat/woochat/domain/catalog"
	"github.com/aiwoochat/woochat/domain/chat"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/domain/usage"
	"github.com/aiwoochat/woochat/ports"
)

const (
	visitorKey = "visitor"
	allowKey   = "allow_origin"
)

// cors marks every answer as depending on the Origin. Which origin may read it
// is known only when the site is: see allow.
func (s *Server) cors(c *gin.Context) {
	c.Header("Vary", "Origin")
	c.Header("Cache-Control", "no-store")
}

// preflight lets any origin ask: the answer itself says who may read it.
func (s *Server) preflight(c *gin.Context) {
	h := c.Writer.Header()
	if o := c.GetHeader("Origin"); o != "" {
		h.Set("Access-Control-Allow-Origin", o)
	}
	h.Set("Access-Control-Allow-Methods", "GET, POST, DELETE, OPTIONS")
	h.Set("Access-Control-Allow-Headers", "Authorization, Content-Type, Idempotency-Key, Last-Event-ID")
	h.Set("Access-Control-Max-Age", "7200")
	c.Status(http.StatusNoContent)
}

// allow lets the page that sent c read the answer.
func allow(c *gin.Context, origin string) {
	h := c.Writer.Header()
	h.Set("Access-Control-Allow-Origin", origin)
	h.Set("Access-Control-Expose-Headers", "Retry-After, X-Request-Id, RateLimit, RateLimit-Policy")
}

// visitor lets requests with a good visitor token through.
func (s *Server) visitor(c *gin.Context) {
	v, err := s.tokens.open(bearer(c), 0)
	if err != nil {
		// The page may read why, so that the widget can renew its token; what it
		// learns is only that the token is no good.
		if o := c.GetHeader("Origin"); o != "" {
			allow(c, o)
		}
		s.fail(c, err)
		return
	}
	site, err := s.deps.Sites.Site(c.Request.Context(), v.Scope)
	switch {
	case errors.Is(err, ports.ErrNotFound) || err == nil && (site.Disabled || site.Generation != v.Generation):
		err = errUnauthenticated
	case err == nil && (!site.Allows(v.Origin) || c.GetHeader("Origin") != "" && c.GetHeader("Origin") != v.Origin):
		err = errOrigin
	}
	if err != nil {
		s.fail(c, err)
		return
	}
	allow(c, v.Origin)
	c.Set(visitorKey, v)
}

func visitorOf(c *gin.Context) visitor {
	v, _ := c.MustGet(visitorKey).(visitor)
	return v
}

func bearer(c *gin.Context) string {
	text, ok := strings.CutPrefix(c.GetHeader("Authorization"), "Bearer ")
	if !ok {
		return ""
	}
	return strings.TrimSpace(text)
}

// decode reads the JSON body of c into v: one object of known size and depth.
// The error is an *chat.InputError or a *tooLargeError.
func decode(c *gin.Context, v any) ([]byte, error) { return decodeUpTo(c, maxBody, v) }

// decodeUpTo is decode for a body of most bytes at most.
func decodeUpTo(c *gin.Context, most int64, v any) ([]byte, error) {
	bad := func(reason string) error { return &chat.InputError{Field: "body", Reason: reason} }
	rc := http.NewResponseController(c.Writer)
	// Not every writer has deadlines; those of net/http's servers do.
	if err := rc.SetReadDeadline(wallClock().Add(bodyTimeout)); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return nil, bad("could not be read")
	}
	body, err := io.ReadAll(http.MaxBytesReader(c.Writer, c.Request.Body, most))
	if err == nil {
		// Else net/http waits for the rest of the body, and the deadline ends that.
		if rerr := rc.SetReadDeadline(time.Time{}); rerr != nil && !errors.Is(rerr, http.ErrNotSupported) {
			return nil, bad("could not be read")
		}
	}
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return nil, &tooLargeError{tooLarge.Limit}
	case err != nil:
		return nil, bad("could not be read")
	case len(body) == 0:
		return nil, bad("is empty: send a JSON object")
	case tooDeep(body):
		return nil, bad(fmt.Sprintf("is nested deeper than %d levels", maxDepth))
	}
	if err := json.Unmarshal(body, v); err != nil {
		var kind *json.UnmarshalTypeError
		if errors.As(err, &kind) && kind.Field != "" {
			return nil, &chat.InputError{Field: kind.Field, Reason: fmt.Sprintf("is a %s: want %s", kind.Value, jsonKind(kind.Type))}
		}
		return nil, bad("is not a JSON object")
	}
	return body, nil
}

// jsonKind returns the JSON word for what fits a Go type.
func jsonKind(t reflect.Type) string {
	switch t.Kind() {
	case reflect.String:
		return "a string"
	case reflect.Int:
		return "a whole number"
	case reflect.Bool:
		return "true or false"
	case reflect.Slice:
		return "an array"
	default:
		return "an object"
	}
}

// bodyTimeout is how long a client may take to send its body.
const bodyTimeout = 30 * time.Second

// wallClock is the time of the connection's deadlines, which the kernel's clock
// ends and no ports.Clock.
func wallClock() time.Time { return time.Now() } //nolint:forbidigo // the kernel's clock is meant

// maxDepth is how deep a request's JSON may be nested; ours need three levels.
const maxDepth = 16

func tooDeep(body []byte) bool {
	depth, inString, escaped := 0, false, false
	for _, b := range body {
		switch {
		case escaped:
			escaped = false
		case inString && b == '\\':
			escaped = true
		case b == '"':
			inString = !inString
		case inString:
		case b == '{' || b == '[':
			if depth++; depth > maxDepth {
				return true
			}
		case b == '}' || b == ']':
			depth--
		}
	}
	return false
}

type sessionRequest struct {
	SiteKey string `json:"site_key"`
	PageURL string `json:"page_url"`
	Locale  string `json:"locale"`
}

// Sessions of one address: 30 at once and one more each two seconds.
const (
	sessionBurst = 30
	sessionEvery = 2 * time.Second
)

// session opens the widget on a page: POST /api/chat/session.
func (s *Server) session(c *gin.Context) {
	var req sessionRequest
	if _, err := decode(c, &req); err != nil {
		s.fail(c, err)
		return
	}
	if req.SiteKey == "" {
		s.fail(c, &chat.InputError{Field: "site_key", Reason: "is missing: it is the pk_... key of the snippet"})
		return
	}
	scope, err := s.deps.SiteKeys.ScopeOf(c.Request.Context(), req.SiteKey)
	if err != nil {
		s.fail(c, unknownKey(err))
		return
	}
	site, err := s.deps.Sites.Site(c.Request.Context(), scope)
	if err != nil {
		s.fail(c, unknownKey(err))
		return
	}
	origin := c.GetHeader("Origin")
	if !site.Allows(origin) {
		s.fail(c, errOrigin)
		return
	}
	allow(c, origin)
	if s.deps.Limiter != nil {
		b := usage.Bucket{Key: "session:" + network(c.ClientIP()), Burst: sessionBurst, Every: sessionEvery}
		if err := s.deps.Limiter.Take(c.Request.Context(), scope, b, 1); err != nil {
			s.fail(c, err)
			return
		}
	}
	v := visitor{ID: chat.VisitorID(chat.VisitorPrefix + s.deps.NewID()), Scope: scope, Origin: origin, Generation: site.Generation, Locale: catalog.LocaleOf(req.Locale)}
	if old, err := s.tokens.open(bearer(c), renewable); err == nil && old.Scope == scope && old.Generation == site.Generation {
		v.ID = old.ID
	}
	token, expires, err := s.tokens.sign(v)
	if err != nil {
		s.fail(c, err)
		return
	}
	s.deps.Answering.Search.Prepare(c.Request.Context(), scope) // while the shopper types
	c.JSON(http.StatusOK, gin.H{
		"token": token, "expires_at": expires.UTC().Format(time.RFC3339), "visitor_id": v.ID,
		"conversation_id": chat.ConversationID(chat.ConversationPrefix + s.deps.NewID()),
		"config":          widgetConfig(site),
	})
}

// unknownKey makes a wrong key look the same, whatever is wrong with it.
func unknownKey(err error) error {
	if errors.Is(err, ports.ErrNotFound) {
		return fmt.Errorf("%w: site key: %w", errUnauthenticated, err)
	}
	return err
}

func widgetConfig(site tenant.Site) gin.H {
	cfg := gin.H{"title": site.Name, "locale": site.Locale}
	for name, v := range map[string]string{
		"greeting": site.Greeting, "limit_text": site.LimitText, "accent": site.AccentColour, "contact_url": site.ContactURL,
	} {
		if v != "" {
			cfg[name] = v
		}
	}
	if len(site.Suggestions) > 0 {
		cfg["suggestions"] = site.Suggestions
	}
	return cfg
}

// network returns the part of an address that one visitor cannot change at
// will: all of an IPv4 address, the /64 of an IPv6 one.
func network(ip string) string {
	a, err := netip.ParseAddr(ip)
	if err != nil {
		return "unknown"
	}
	if a = a.Unmap(); a.Is4() {
		return a.String()
	}
	p, err := a.WithZone("").Prefix(64)
	if err != nil {
		return "unknown"
	}
	return p.String()
}
