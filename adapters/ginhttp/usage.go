package ginhttp

import (
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/aiwoochat/woochat/app/metering"
	"github.com/aiwoochat/woochat/domain/chat"
	"github.com/aiwoochat/woochat/domain/roles"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/domain/usage"
)

// usageQuery reads what a route about usage is asked for: site_id (the key's
// own by default), tenant_id, from, to (today by default, as the key's site has
// it) and kind.
func (s *Server) usageQuery(c *gin.Context) (roles.Grants, usage.Query, error) {
	h := holding(c)
	q := usage.Query{Tenant: h.scope.Tenant, Site: h.scope.Site}
	if id := tenant.ID(c.Query("tenant_id")); id != "" {
		if tenant.CheckID(tenant.Prefix, string(id)) != nil {
			return roles.Grants{}, q, &chat.InputError{Field: "tenant_id", Reason: "is not the id of a tenant"}
		}
		q.Tenant = id
	}
	if id := tenant.SiteID(c.Query("site_id")); id != "" {
		if tenant.CheckID(tenant.SitePrefix, string(id)) != nil {
			return roles.Grants{}, q, &chat.InputError{Field: "site_id", Reason: "is not the id of a site"}
		}
		q.Site = id
	}
	if word := c.Query("kind"); word != "" {
		for k := usage.Chat; k <= usage.Rerank; k++ {
			if k.String() == word {
				q.Kind = k
			}
		}
		if q.Kind == 0 {
			return roles.Grants{}, q, &chat.InputError{Field: "kind", Reason: "must be chat, embedding or rerank"}
		}
	}
	var err error
	q.First, q.Last, err = s.days(c, h.scope)
	return h.grants, q, err
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
	if _, err := usage.Days(first, last); err != nil {
		return "", "", &chat.InputError{Field: "from", Reason: fmt.Sprintf("is more than %d days before to", usage.MaxDays)}
	}
	return first, last, nil
}

// usageDaily shows what each day used: GET
// /api/admin/usage/daily?from=2026-11-01&to=2026-11-23. Days of nothing are
// shown too.
func (s *Server) usageDaily(c *gin.Context) {
	who, q, err := s.usageQuery(c)
	if err != nil {
		s.fail(c, err)
		return
	}
	byDay := map[usage.Day]usage.Totals{}
	if err := s.deps.Reports.EachDay(c.Request.Context(), who, q, func(t usage.SiteTotals) error {
		byDay[t.Day] = t.Totals
		return nil
	}); err != nil {
		s.fail(c, err)
		return
	}
	days, err := usage.Days(q.First, q.Last)
	if err != nil {
		s.fail(c, err)
		return
	}
	data := make([]gin.H, 0, len(days))
	for _, day := range days {
		d := byDay[day]
		data = append(data, gin.H{
			"date": day, "tenant_id": q.Tenant, "site_id": q.Site, "chat_requests": d.Used.ChatRequests, "embedding_requests": d.Used.EmbeddingRequests,
			"prompt_tokens": d.PromptTokens, "completion_tokens": d.CompletionTokens, "chat_tokens": d.Used.ChatTokens,
			"embedding_tokens": d.Used.EmbeddingTokens, "cost_usd": d.Used.Cost.String(), "held": wireAmounts(d.Held),
		})
	}
	hurry(c)
	c.JSON(http.StatusOK, gin.H{"data": data})
}

// usageSummary adds up what was used: GET
// /api/admin/usage/summary?group_by=model&from=2026-11-01&to=2026-11-23.
func (s *Server) usageSummary(c *gin.Context) {
	who, q, err := s.usageQuery(c)
	if err != nil {
		s.fail(c, err)
		return
	}
	by, err := usage.ParseGrouping(c.Query("group_by"))
	if err != nil {
		s.fail(c, &chat.InputError{Field: "group_by", Reason: "must be site, tenant, model or day"})
		return
	}
	if q.Kind != 0 && by != usage.ByModel {
		s.fail(c, &chat.InputError{Field: "kind", Reason: "is for the grouping by model only"})
		return
	}
	sums, err := s.deps.Reports.Summary(c.Request.Context(), who, q, by)
	if err != nil {
		s.fail(c, err)
		return
	}
	data := make([]gin.H, 0, len(sums))
	for _, sum := range sums {
		row := gin.H{
			"chat_requests": sum.Used.ChatRequests, "embedding_requests": sum.Used.EmbeddingRequests, "prompt_tokens": sum.PromptTokens,
			"completion_tokens": sum.CompletionTokens, "chat_tokens": sum.Used.ChatTokens, "embedding_tokens": sum.Used.EmbeddingTokens,
			"cost_usd": sum.Used.Cost.String(),
		}
		switch by {
		case usage.BySite:
			row["tenant_id"], row["site_id"] = sum.Tenant, sum.Site
		case usage.ByTenant:
			row["tenant_id"] = sum.Tenant
		case usage.ByModel:
			row["model"] = sum.Model
		case usage.ByDay:
			row["date"] = sum.Day
		}
		data = append(data, row)
	}
	hurry(c)
	c.JSON(http.StatusOK, gin.H{"data": data, "group_by": by.String(), "from": q.First, "to": q.Last})
}

// Sizes of pages.
const (
	defaultPage = 100
	maxPage     = metering.MaxEventPage
)

// pageSize reads limit.
func pageSize(c *gin.Context) (int, error) {
	text := c.Query("limit")
	if text == "" {
		return defaultPage, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > maxPage {
		return 0, &chat.InputError{Field: "limit", Reason: fmt.Sprintf("must be a number from 1 to %d", maxPage)}
	}
	return n, nil
}

// usageEvents shows the events of some days, as pages of JSON or whole as CSV:
// GET /api/admin/usage/events?from=...&to=...&starting_after=evt_....
func (s *Server) usageEvents(c *gin.Context) {
	c.Header("Vary", "Accept")
	switch format := c.Query("format"); {
	case format == "csv", format == "" && c.NegotiateFormat(gin.MIMEJSON, mimeCSV) == mimeCSV:
		s.usageCSV(c)
		return
	case format != "" && format != "json":
		s.fail(c, &chat.InputError{Field: "format", Reason: "must be json or csv"})
		return
	}
	who, q, err := s.usageQuery(c)
	if err != nil {
		s.fail(c, err)
		return
	}
	size, err := pageSize(c)
	if err != nil {
		s.fail(c, err)
		return
	}
	after := usage.EventID(c.Query("starting_after"))
	if after != "" && tenant.CheckID(usage.EventPrefix, string(after)) != nil {
		s.fail(c, &chat.InputError{Field: "starting_after", Reason: "is not the id of an event"})
		return
	}
	events, more, err := s.deps.Reports.EventPage(c.Request.Context(), who, q, after, size)
	if err != nil {
		s.fail(c, err)
		return
	}
	data := make([]gin.H, 0, len(events))
	for _, e := range events {
		data = append(data, wireEvent(e))
	}
	out := gin.H{"data": data, "has_more": more}
	if more {
		out["next_cursor"] = events[len(events)-1].ID
	}
	hurry(c)
	c.JSON(http.StatusOK, out)
}

func wireEvent(e usage.SiteEvent) gin.H {
	return gin.H{
		"id": e.ID, "date": e.Day, "tenant_id": e.Scope.Tenant, "site_id": e.Scope.Site,
		"conversation_id": e.Conversation, "message_id": e.Message, "reservation_id": e.Reservation,
		"call_no": e.CallNo, "kind": e.Kind.String(), "model": e.Model, "provider_model": e.ProviderModel, "chat_requests": e.ChatRequests,
		"prompt_tokens": e.Tokens.Input, "completion_tokens": e.Tokens.Output, "cached_tokens": e.Tokens.Cached,
		"reasoning_tokens": e.Tokens.Reasoning, "total_tokens": e.Tokens.Total(), "cost_usd": e.Cost.String(),
		"price_version": e.PriceVersion, "usage_source": e.Tokens.CountedBy.String(), "latency_ms": e.Latency.Milliseconds(),
		"success": e.Success, "error_code": e.ErrorCode, "excess_tokens": e.Excess, "created_at": e.At.UTC().Format(time.RFC3339Nano),
	}
}

// audit shows who used a super admin's power on the key's site, the newest use
// first: GET /api/admin/audit?starting_after=aud_....
func (s *Server) audit(c *gin.Context) {
	size, err := pageSize(c)
	if err != nil {
		s.fail(c, err)
		return
	}
	after := roles.AuditID(c.Query("starting_after"))
	if after != "" && tenant.CheckID(roles.AuditPrefix, string(after)) != nil {
		s.fail(c, &chat.InputError{Field: "starting_after", Reason: "is not the id of an entry"})
		return
	}
	h := holding(c)
	entries, err := s.deps.Auditing.List(c.Request.Context(), h.grants, h.scope, after, size+1)
	if err != nil {
		s.fail(c, err)
		return
	}
	more := len(entries) > size
	if more {
		entries = entries[:size]
	}
	data := make([]gin.H, 0, len(entries))
	for _, e := range entries {
		data = append(data, gin.H{
			"id": e.ID, "created_at": e.At.UTC().Format(time.RFC3339Nano), "actor": e.Actor, "action": e.Action,
			"tenant_id": e.Scope.Tenant, "site_id": e.Scope.Site, "reason": e.Reason, "details": e.Details,
		})
	}
	out := gin.H{"data": data, "has_more": more}
	if more {
		out["next_cursor"] = entries[len(entries)-1].ID
	}
	hurry(c)
	c.JSON(http.StatusOK, out)
}
