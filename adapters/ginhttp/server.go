// Package ginhttp drives the application over HTTP: the widget's API with
// server-sent events, the widget's files, and the admin listener. Routes,
// shapes and error codes are those of docs/openapi.yaml.
package ginhttp

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"net/netip"
	"runtime/debug"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/aiwoochat/woochat/app/administering"
	"github.com/aiwoochat/woochat/app/answering"
	"github.com/aiwoochat/woochat/app/auditing"
	"github.com/aiwoochat/woochat/app/connecting"
	"github.com/aiwoochat/woochat/app/ingesting"
	"github.com/aiwoochat/woochat/app/metering"
	"github.com/aiwoochat/woochat/app/searching"
	"github.com/aiwoochat/woochat/ports"
)

// Deps are what a Server needs. Grants, Log, Metrics, Ready, Feedback,
// Limiter, Receiver, Connecting, Statuses, Uploads, Explainer and Glossary may be nil; all else is required.
type Deps struct {
	Answering *answering.Service
	Metering  *metering.Service
	Reports   *metering.Reports
	Auditing  *auditing.Service
	Tenants   ports.Tenants
	Sites     ports.Sites
	SiteKeys  ports.SiteKeys
	Feedback  ports.Feedback // nil: ratings are refused
	Limiter   ports.Limiter  // nil: sessions are not smoothed
	// What shops and their operators need; nil: their routes are not found.
	Receiver      *ingesting.Receiver
	Connecting    *connecting.Service
	Statuses      *ingesting.Statuses
	Uploads       *ingesting.Uploads
	Explainer     *searching.Explainer
	Glossary      *searching.Glossary
	Administering *administering.Service
	Now           ports.Clock
	NewID         ports.NewID
	Log           *slog.Logger
	Metrics       http.Handler // /metrics of the admin listener
	Ready         func() error // nil: always ready; a *NotReadyError says why not
}

// Config is how a Server behaves.
type Config struct {
	TokenKeys      []TokenKey     // the first signs visitor tokens, all check them; required
	TrustedProxies []netip.Prefix // whose X-Forwarded-For is believed; none by default
	Heartbeat      time.Duration  // between comments on an idle stream; default 15 s
	Launcher       []byte         // the body of /w.js
	LauncherETag   string
	Assets         fs.FS        // the files under /w/
	Fallback       http.Handler // what is served on the public listener beside the API, such as the demo's shop; nil: 404
	Version        string
}

// maxBody is how large a request's body may be.
const maxBody = 64 << 10

// Server serves the API. Make one with New; its handlers are safe for
// concurrent use.
type Server struct {
	deps   Deps
	cfg    Config
	tokens tokens
	now    ports.Clock
	public *gin.Engine
	admin  *gin.Engine

	deliveryTimeout time.Duration // the constant, but in tests
}

// New returns a Server. It reports everything that is missing at once.
func New(d Deps, cfg Config) (*Server, error) {
	var errs []error
	need := func(ok bool, what string) {
		if !ok {
			errs = append(errs, fmt.Errorf("ginhttp: %s is missing", what))
		}
	}
	need(d.Answering != nil, "Deps.Answering")
	need(d.Metering != nil, "Deps.Metering")
	need(d.Reports != nil, "Deps.Reports")
	need(d.Auditing != nil, "Deps.Auditing")
	need(d.Tenants != nil, "Deps.Tenants")
	need(d.Sites != nil, "Deps.Sites")
	need(d.SiteKeys != nil, "Deps.SiteKeys")
	need(d.Now != nil, "Deps.Now")
	need(d.NewID != nil, "Deps.NewID")
	need(len(cfg.TokenKeys) > 0, "Config.TokenKeys")
	for i, k := range cfg.TokenKeys {
		need(k.ID != "" && len(k.Secret) == sha256.Size, fmt.Sprintf("Config.TokenKeys[%d] with an id and 32 bytes", i))
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	if cfg.Heartbeat <= 0 {
		cfg.Heartbeat = 15 * time.Second
	}
	if d.Log == nil {
		d.Log = slog.New(slog.DiscardHandler)
	}
	s := &Server{deps: d, cfg: cfg, now: d.Now, tokens: tokens{cfg.TokenKeys, d.Now}, deliveryTimeout: deliveryTimeout}
	proxies := make([]string, 0, len(cfg.TrustedProxies))
	for _, p := range cfg.TrustedProxies {
		proxies = append(proxies, p.String())
	}
	for _, e := range []**gin.Engine{&s.public, &s.admin} {
		*e = gin.New()
		(*e).HandleMethodNotAllowed = true
		if err := (*e).SetTrustedProxies(proxies); err != nil {
			return nil, fmt.Errorf("ginhttp: trusted proxies: %w", err)
		}
		(*e).Use(s.identify, s.logged, s.recovered)
		(*e).NoMethod(s.noMethod)
	}
	s.publicRoutes()
	s.adminRoutes()
	return s, nil
}

// Public returns the handler of the public listener.
func (s *Server) Public() http.Handler { return s.public }

// Admin returns the handler of the admin listener, which is not for the
// internet.
func (s *Server) Admin() http.Handler { return s.admin }

func (s *Server) publicRoutes() {
	r := s.public
	s.health(r)
	r.GET("/w.js", s.launcher)
	r.HEAD("/w.js", s.launcher)
	if s.cfg.Assets != nil {
		r.GET("/w/*name", s.asset)
		r.HEAD("/w/*name", s.asset)
	}
	chat := r.Group("/api/chat", s.cors)
	chat.OPTIONS("/*any", s.preflight)
	chat.POST("/session", s.session)
	signed := chat.Group("", s.visitor)
	signed.POST("/message", s.message)
	signed.GET("/messages/:id/events", s.resume)
	signed.POST("/messages/:id/stop", s.stop)
	signed.GET("/history", s.history)
	signed.POST("/feedback", s.feedback)
	signed.DELETE("/conversation", s.forget)
	r.POST("/api/ingestion/webhook/:site_id", s.webhook)
	r.POST("/api/connect/woocommerce/:state", s.consented)
	r.NoRoute(func(c *gin.Context) {
		if s.cfg.Fallback != nil && !strings.HasPrefix(c.Request.URL.Path, "/api/") {
			// gin has set 404 before it calls this; the handler decides anew.
			c.Status(http.StatusOK)
			s.cfg.Fallback.ServeHTTP(c.Writer, c.Request)
			return
		}
		s.fail(c, ports.ErrNotFound)
	})
}

func (s *Server) health(r gin.IRoutes) {
	r.GET("/livez", func(c *gin.Context) { c.JSON(http.StatusOK, gin.H{"status": "ok", "version": s.cfg.Version}) })
	r.GET("/readyz", func(c *gin.Context) {
		if s.deps.Ready != nil {
			if err := s.deps.Ready(); err != nil {
				_ = c.Error(err)
				why, ok := errors.AsType[*NotReadyError](err)
				if !ok {
					why = &NotReadyError{Reason: ReasonStore}
				}
				c.JSON(http.StatusServiceUnavailable, gin.H{"status": "not ready", "reason": why.Reason})
				return
			}
		}
		c.JSON(http.StatusOK, gin.H{"status": "ok"})
	})
}

// noMethod answers for a path that has routes, none of them for the method.
func (s *Server) noMethod(c *gin.Context) {
	if h := c.Writer.Header(); h.Get("Allow") == http.MethodOptions {
		// Preflights are answered under every path, those of nothing too.
		h.Del("Allow")
		s.fail(c, ports.ErrNotFound)
		return
	}
	s.fail(c, errMethod)
}

const requestIDKey = "request_id"

// identify gives each request an id: the caller's, if it is a plain one.
func (s *Server) identify(c *gin.Context) {
	id := c.GetHeader("X-Request-Id")
	if id == "" || len(id) > 64 || strings.Trim(id, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.") != "" {
		id = "req_" + s.deps.NewID()
	}
	c.Set(requestIDKey, id)
	c.Header("X-Request-Id", id)
	c.Header("X-Content-Type-Options", "nosniff")
}

func requestID(c *gin.Context) string { return c.GetString(requestIDKey) }

// logged writes one line a request: route, status and time, no query, no body
// and no text of a shopper.
func (s *Server) logged(c *gin.Context) {
	start := s.now()
	c.Next()
	attrs := []slog.Attr{
		slog.String("method", c.Request.Method), slog.String("route", c.FullPath()), slog.Int("status", c.Writer.Status()),
		slog.Duration("took", s.now().Sub(start)), slog.String("request_id", requestID(c)),
	}
	level := slog.LevelDebug
	if c.Writer.Status() >= http.StatusInternalServerError {
		level = slog.LevelError
	}
	if err := c.Errors.Last(); err != nil {
		attrs = append(attrs, slog.String("error", err.Error()))
	}
	s.deps.Log.LogAttrs(c.Request.Context(), level, "request", attrs...)
}

func (s *Server) recovered(c *gin.Context) {
	defer func() {
		p := recover()
		if p == nil {
			return
		}
		if p == http.ErrAbortHandler { //nolint:errorlint // net/http's own sentinel, compared as it does
			panic(p)
		}
		err := fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		if c.Writer.Written() { // a started stream must not get a JSON body
			_ = c.Error(err)
			c.Abort()
			return
		}
		s.fail(c, err)
	}()
	c.Next()
}

func (s *Server) launcher(c *gin.Context) {
	hurry(c)
	h := c.Writer.Header()
	h.Set("Cache-Control", "public, max-age=300, stale-while-revalidate=86400")
	h.Set("ETag", s.cfg.LauncherETag)
	script(h)
	if s.cfg.LauncherETag != "" && matches(c.GetHeader("If-None-Match"), s.cfg.LauncherETag) {
		c.Status(http.StatusNotModified)
		return
	}
	c.Data(http.StatusOK, "text/javascript; charset=utf-8", s.cfg.Launcher)
}

// matches reports whether an If-None-Match header names etag, by the weak
// comparison of RFC 9110, 13.1.2: a proxy that compresses makes it weak.
func matches(header, etag string) bool {
	for t := range strings.SplitSeq(header, ",") {
		if t = strings.TrimSpace(t); t == "*" || strings.TrimPrefix(t, "W/") == strings.TrimPrefix(etag, "W/") {
			return true
		}
	}
	return false
}

func (s *Server) asset(c *gin.Context) {
	hurry(c)
	name := strings.TrimPrefix(c.Param("name"), "/")
	if !fs.ValidPath(name) {
		s.fail(c, ports.ErrNotFound)
		return
	}
	body, err := fs.ReadFile(s.cfg.Assets, name)
	if err != nil {
		s.fail(c, fmt.Errorf("%w: %w", ports.ErrNotFound, err))
		return
	}
	kind := "text/plain; charset=utf-8"
	if strings.HasSuffix(name, ".js") {
		kind = "text/javascript; charset=utf-8"
		c.Header("Cache-Control", "public, max-age=31536000, immutable")
	}
	script(c.Writer.Header())
	c.Data(http.StatusOK, kind, body)
}

// wholeTimeout is how long a client may take to read an answer that is sent
// whole; net/http clears it before the connection's next request.
const wholeTimeout = time.Minute

// hurry bounds the time in which the answer to c must be read.
func hurry(c *gin.Context) {
	// Not every writer has deadlines; those of net/http's servers do, and
	// without one the answer is sent all the same.
	_ = http.NewResponseController(c.Writer).SetWriteDeadline(wallClock().Add(wholeTimeout))
}

// script lets pages of any origin load a file.
func script(h http.Header) {
	h.Set("Access-Control-Allow-Origin", "*")
	h.Set("Cross-Origin-Resource-Policy", "cross-origin")
}
