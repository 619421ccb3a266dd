package ginhttp

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/aiwoochat/woochat/domain/roles"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/ports"
)

func (s *Server) adminRoutes() {
	r := s.admin
	s.health(r)
	if s.deps.Metrics != nil {
		r.GET("/metrics", gin.WrapH(s.deps.Metrics))
	}
	api := r.Group("/api/admin", s.apiKey)
	for _, route := range s.adminAPI() {
		api.Handle(route.method, route.path, s.allowed(route.action), route.handler)
	}
	r.NoRoute(func(c *gin.Context) { s.fail(c, ports.ErrNotFound) })
}

const apiKeyKey = "api_key"

// holder is who an API key speaks for.
type holder struct {
	scope  tenant.Scope
	grants roles.Grants
}

// apiKey lets requests with a good API key through.
func (s *Server) apiKey(c *gin.Context) {
	c.Header("Cache-Control", "no-store")
	h, err := s.holderOf(c, bearer(c))
	if err != nil {
		s.fail(c, err)
		return
	}
	c.Set(apiKeyKey, h)
}

func (s *Server) holderOf(c *gin.Context, text string) (holder, error) {
	if !strings.HasPrefix(text, tenant.APIKeyPrefix) {
		return holder{}, errUnauthenticated
	}
	sum := sha256.Sum256([]byte(text))
	k, err := s.deps.SiteKeys.APIKeyOf(c.Request.Context(), hex.EncodeToString(sum[:]))
	if errors.Is(err, ports.ErrNotFound) {
		return holder{}, fmt.Errorf("%w: API key: %w", errUnauthenticated, err)
	}
	if err != nil {
		return holder{}, err
	}
	role, err := roles.ParseRole(k.Role)
	if err != nil {
		return holder{}, fmt.Errorf("%w: API key %s: %w", errUnauthenticated, k.ID, err)
	}
	return holder{scope: k.Scope, grants: roles.Grants{
		Subject: roles.Subject(k.ID), Tenants: map[tenant.ID]roles.Role{k.Scope.Tenant: role}, Sites: []tenant.SiteID{k.Scope.Site},
	}}, nil
}

// adminRoute is a route of the admin API and what it needs.
type adminRoute struct {
	method, path string // below /api/admin
	action       roles.Action
	handler      gin.HandlerFunc
}

// adminAPI is the whole admin API: there is no route without an action.
func (s *Server) adminAPI() []adminRoute {
	return []adminRoute{
		{http.MethodGet, "/site", roles.ReadSites, s.adminSite},
		{http.MethodGet, "/usage/daily", roles.ReadUsage, s.usageDaily},
		{http.MethodGet, "/usage/summary", roles.ReadUsage, s.usageSummary},
		{http.MethodGet, "/usage/events", roles.ReadUsage, s.usageEvents},
		{http.MethodGet, "/usage/events.csv", roles.ReadUsage, s.usageCSV},
		{http.MethodGet, "/audit", roles.ReadAudit, s.audit},
		{http.MethodGet, "/unanswered", roles.ReadConversations, s.unanswered},
		{http.MethodGet, "/search", roles.ReadDocuments, s.search},
		{http.MethodGet, "/synonyms", roles.ReadSites, s.synonyms},
		{http.MethodPut, "/synonyms", roles.WriteSites, s.setSynonyms},
		{http.MethodGet, "/documents/files", roles.ReadDocuments, s.listFiles},
		{http.MethodPost, "/documents/files", roles.WriteDocuments, s.uploadFiles},
		{http.MethodDelete, "/documents/files/:name", roles.WriteDocuments, s.removeFile},
		{http.MethodGet, "/ingestion/status", roles.ReadDocuments, s.ingestionStatus},
		{http.MethodPost, "/ingestion/sync", roles.WriteDocuments, s.connecting(s.sync)},
		{http.MethodGet, "/ingestion/connection", roles.ReadSites, s.connecting(s.showConnection)},
		{http.MethodPut, "/ingestion/connection", roles.WriteSites, s.connecting(s.connectShop)},
		{http.MethodDelete, "/ingestion/connection", roles.WriteSites, s.connecting(s.disconnectShop)},
		{http.MethodPost, "/ingestion/connection/rotate", roles.WriteSites, s.connecting(s.rotate)},
		{http.MethodPost, "/ingestion/connection/rotate/finish", roles.WriteSites, s.connecting(s.finishRotation)},
		{http.MethodPost, "/ingestion/connection/invite", roles.WriteSites, s.connecting(s.invite)},
	}
}

// allowed lets requests through whose key may do a on its site.
func (s *Server) allowed(a roles.Action) gin.HandlerFunc {
	return func(c *gin.Context) {
		h := holding(c)
		if err := h.grants.Can(a, h.scope); err != nil {
			s.fail(c, err)
		}
	}
}

// holding returns who asks.
func holding(c *gin.Context) holder {
	h, _ := c.MustGet(apiKeyKey).(holder)
	return h
}

// adminSite shows the key's own site: GET /api/admin/site.
func (s *Server) adminSite(c *gin.Context) {
	site, err := s.deps.Sites.Site(c.Request.Context(), holding(c).scope)
	if err != nil {
		s.fail(c, err)
		return
	}
	c.JSON(http.StatusOK, gin.H{
		"id": site.ID, "tenant_id": site.Tenant, "name": site.Name, "url": site.URL, "origins": site.Origins,
		"time_zone": site.TimeZone, "locale": site.Locale, "currency": site.Currency, "disabled": site.Disabled,
		"created_at": site.Created.UTC().Format(time.RFC3339),
	})
}
