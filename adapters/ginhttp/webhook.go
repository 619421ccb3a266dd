package ginhttp

import (
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/aiwoochat/woochat/app/ingesting"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/ports"
)

// deliveryTimeout is how long a shop may take to send a delivery.
const deliveryTimeout = 30 * time.Second

// webhook takes a delivery of a shop's webhook:
// POST /api/ingestion/webhook/:site_id. What is signed is answered by exactly
// 200 once it is kept, whatever is in it: WooCommerce sends nothing again, and
// switches a webhook off that was refused six times. 503 says that the store is
// away.
func (s *Server) webhook(c *gin.Context) {
	c.Header("Cache-Control", "no-store")
	if s.deps.Receiver == nil {
		s.fail(c, ports.ErrNotFound)
		return
	}
	rc := http.NewResponseController(c.Writer)
	// Not every writer has deadlines; those of net/http's servers do.
	whole := wallClock().Add(s.deliveryTimeout)
	_ = rc.SetReadDeadline(whole)
	body := &paced{Reader: c.Request.Body, control: rc, whole: whole, now: wallClock}
	_, err := s.deps.Receiver.Receive(c.Request.Context(), ingesting.Delivery{
		Site: tenant.SiteID(c.Param("site_id")), Topic: c.GetHeader("X-WC-Webhook-Topic"),
		// Two signatures are joined to something that is none.
		Signature:   strings.Join(c.Request.Header.Values("X-WC-Webhook-Signature"), ", "),
		ContentType: c.ContentType(), From: network(c.ClientIP()), Body: body,
	})
	if !errors.Is(err, ingesting.ErrBroken) && !errors.Is(err, ingesting.ErrRefused) {
		// The body is read. Where it may not be, net/http still waits for the rest
		// of it, and the deadline ends that.
		_ = rc.SetReadDeadline(time.Time{})
	}
	if err != nil {
		s.fail(c, err)
		return
	}
	c.Status(http.StatusOK)
}
