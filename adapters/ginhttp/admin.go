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

	"github.com/aiwoochat/woochat/app/metering"
	"github.com/aiwoochat/woochat/domain/chat"
	"github.com/aiwoochat/woochat/domain/roles"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/domain/usage"
	"github.com/aiwoochat/woochat/ports"
)

func (s *Server) adminRoutes() {
	r := s.admin
	s.health(r)
	if s.deps.Metrics != nil {
		r.GET("/metrics", gin.WrapH(s.deps.Metrics))
	}
	api := r.Group("/api/admin", s.apiKey)
	api.GET("/site", s.adminSite)
	api.GET("/usage/daily", s.usageDaily)
	api.GET("/usage/events", s.usageEvents)
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

// may returns the scope of the caller's key if it may do a there.
func may(c *gin.Context, a roles.Action) (tenant.Scope, error) {
	h, _ := c.MustGet(apiKeyKey).(holder)
	return h.scope, h.grants.Can(a, h.scope)
}

// adminSite shows the key's own site: GET /api/admin/site.
func (s *Server) adminSite(c *gin.Context) {
	scope, err := may(c, roles.ReadSites)
	if err != nil {
		s.fail(c, err)
		return
	}
	site, err := s.deps.Sites.Site(c.Request.Context(), scope)
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

// usageDaily shows what each day used: GET
// /api/admin/usage/daily?from=2026-11-01&to=2026-11-23.
func (s *Server) usageDaily(c *gin.Context) {
	scope, err := may(c, roles.ReadUsage)
	if err != nil {
		s.fail(c, err)
		return
	}
	first, last, err := s.days(c, scope)
	if err != nil {
		s.fail(c, err)
		return
	}
	if _, err := usage.Days(first, last); err != nil {
		s.fail(c, &chat.InputError{Field: "from", Reason: fmt.Sprintf("is more than %d days before to", usage.MaxDays)})
		return
	}
	days, err := s.deps.Metering.Usage.Days(c.Request.Context(), scope, first, last)
	if err != nil {
		s.fail(c, err)
		return
	}
	data := make([]gin.H, 0, len(days))
	for _, d := range days {
		data = append(data, gin.H{
			"date": d.Day, "chat_requests": d.Used.ChatRequests, "embedding_requests": d.Used.EmbeddingRequests,
			"prompt_tokens": d.PromptTokens, "completion_tokens": d.CompletionTokens, "chat_tokens": d.Used.ChatTokens,
			"embedding_tokens": d.Used.EmbeddingTokens, "cost_usd": d.Used.Cost.String(), "held": wireAmounts(d.Held),
		})
	}
	c.JSON(http.StatusOK, gin.H{"data": data})
}

// eventPage is how many events one page shows.
const eventPage = 100

// usageEvents shows the events of some days: GET
// /api/admin/usage/events?from=...&to=...&starting_after=evt_....
func (s *Server) usageEvents(c *gin.Context) {
	scope, err := may(c, roles.ReadUsage)
	if err != nil {
		s.fail(c, err)
		return
	}
	first, last, err := s.days(c, scope)
	if err != nil {
		s.fail(c, err)
		return
	}
	after := usage.EventID(c.Query("starting_after"))
	if after != "" && tenant.CheckID(usage.EventPrefix, string(after)) != nil {
		s.fail(c, &chat.InputError{Field: "starting_after", Reason: "is not the id of an event"})
		return
	}
	events, err := s.deps.Metering.Usage.Events(c.Request.Context(), scope, first, last, after, eventPage+1)
	if err != nil {
		s.fail(c, err)
		return
	}
	more := len(events) > eventPage
	if more {
		events = events[:eventPage]
	}
	data := make([]gin.H, 0, len(events))
	for _, e := range events {
		data = append(data, gin.H{
			"id": e.ID, "date": e.Day, "conversation_id": e.Conversation, "message_id": e.Message, "reservation_id": e.Reservation,
			"call_no": e.CallNo, "kind": e.Kind.String(), "model": e.Model, "provider_model": e.ProviderModel, "chat_requests": e.ChatRequests,
			"prompt_tokens": e.Tokens.Input, "completion_tokens": e.Tokens.Output, "cached_tokens": e.Tokens.Cached,
			"reasoning_tokens": e.Tokens.Reasoning, "total_tokens": e.Tokens.Total(), "cost_usd": e.Cost.String(),
			"price_version": e.PriceVersion, "usage_source": e.Tokens.CountedBy.String(), "latency_ms": e.Latency.Milliseconds(),
			"success": e.Success, "error_code": e.ErrorCode, "excess_tokens": e.Excess, "created_at": e.At.UTC().Format(time.RFC3339Nano),
		})
	}
	out := gin.H{"data": data, "has_more": more}
	if more {
		out["next_cursor"] = events[len(events)-1].ID
	}
	c.JSON(http.StatusOK, out)
}

// days returns the days that from and to ask for: today by default.
func (s *Server) days(c *gin.Context, scope tenant.Scope) (first, last usage.Day, err error) {
	site, err := s.deps.Sites.Site(c.Request.Context(), scope)
	if err != nil {
		return "", "", err
	}
	cal, err := metering.Calendar(site)
	if err != nil {
		return "", "", err
	}
	first, last = cal.Day(s.now()), cal.Day(s.now())
	for _, p := range []struct {
		name string
		day  *usage.Day
	}{{"from", &first}, {"to", &last}} {
		if text := c.Query(p.name); text != "" {
			if *p.day, err = usage.ParseDay(text); err != nil {
				return "", "", &chat.InputError{Field: p.name, Reason: "is not a day such as 2026-11-23"}
			}
		}
	}
	if last < first {
		return "", "", &chat.InputError{Field: "to", Reason: "is before from"}
	}
	return first, last, nil
}
