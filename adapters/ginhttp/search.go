package ginhttp

import (
	"net/http"
	"slices"
	"strconv"

	"github.com/gin-gonic/gin"

	"github.com/aiwoochat/woochat/app/searching"
	"github.com/aiwoochat/woochat/domain/chat"
	"github.com/aiwoochat/woochat/ports"
)

// search searches the key's site as an answer does, and says why it found what:
// GET /api/admin/search?q=...&locale=...&limit=...&after=...&after=...
func (s *Server) search(c *gin.Context) {
	if s.deps.Explainer == nil {
		s.fail(c, ports.ErrNotFound)
		return
	}
	for name := range c.Request.URL.Query() {
		// Who sends a filter must not take what was found without it for its result.
		if !slices.Contains([]string{"q", "locale", "limit", "after"}, name) {
			s.fail(c, &chat.InputError{Field: "query", Reason: "has a parameter that is none of q, locale, limit and after; limits such as prices are read out of q"})
			return
		}
	}
	limit := 0
	if text, given := c.GetQuery("limit"); given {
		var err error
		if limit, err = strconv.Atoi(text); err != nil || limit < 1 {
			s.fail(c, &chat.InputError{Field: "limit", Reason: "must be a number from 1 to " + strconv.Itoa(searching.MaxExplained)})
			return
		}
	}
	h := holding(c)
	e, err := s.deps.Explainer.Explain(c.Request.Context(), h.grants, h.scope, c.Query("q"), searching.ExplainOptions{Limit: limit, Locale: c.Query("locale"), After: c.QueryArray("after")})
	if err != nil {
		s.fail(c, err)
		return
	}
	c.JSON(http.StatusOK, e)
}
