package ginhttp

import (
	"fmt"

	"github.com/gin-gonic/gin"

	"github.com/aiwoochat/woochat/app/metering"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/domain/usage"
	"github.com/aiwoochat/woochat/ports"
)

const admittedKey = "woochat.admitted"

// RequireUsage returns middleware for a Gin server of one's own: it admits the
// request against the license of the site that scopeOf names and reserves want
// before the handler runs, and answers 403 USAGE_LIMIT_EXCEEDED (or what else
// is wrong, in woochat's error body) if that is refused. The handler makes its
// model calls through AdmittedBy. If it makes none, nothing is charged.
func RequireUsage(m *metering.Service, want usage.Amounts, scopeOf func(*gin.Context) (tenant.Scope, error)) gin.HandlerFunc {
	s := &Server{now: m.Now, deps: Deps{NewID: m.NewID}}
	return func(c *gin.Context) {
		if requestID(c) == "" {
			s.identify(c)
		}
		scope, err := scopeOf(c)
		if err != nil {
			s.fail(c, err)
			return
		}
		a, err := m.Admit(c.Request.Context(), scope, m.NewReservation(), want)
		if err != nil {
			s.fail(c, err)
			return
		}
		defer func() {
			if err := a.Close(c.Request.Context()); err != nil {
				_ = c.Error(err)
			}
		}()
		c.Set(admittedKey, a)
		c.Next()
	}
}

// AdmittedBy returns what RequireUsage has admitted for this request. It
// panics where RequireUsage has not run: such a route would spend unmetered.
func AdmittedBy(c *gin.Context) *metering.Admitted {
	a, ok := c.MustGet(admittedKey).(*metering.Admitted)
	if !ok {
		panic(fmt.Sprintf("ginhttp: %s holds something else", admittedKey))
	}
	return a
}

// SiteKeyScope returns a scopeOf for RequireUsage: the site of the API key in
// the Authorization header.
func SiteKeyScope(keys ports.SiteKeys) func(*gin.Context) (tenant.Scope, error) {
	s := &Server{deps: Deps{SiteKeys: keys}}
	return func(c *gin.Context) (tenant.Scope, error) {
		h, err := s.holderOf(c, bearer(c))
		return h.scope, err
	}
}

// ErrorBody writes err as woochat's error body with its status, for handlers
// behind RequireUsage.
func ErrorBody(c *gin.Context, m *metering.Service, err error) {
	(&Server{now: m.Now, deps: Deps{NewID: m.NewID}}).fail(c, err)
}
