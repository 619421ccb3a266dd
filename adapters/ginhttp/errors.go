package ginhttp

import (
	"context"
	"errors"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/aiwoochat/woochat/app/answering"
	"github.com/aiwoochat/woochat/app/connecting"
	"github.com/aiwoochat/woochat/app/ingesting"
	"github.com/aiwoochat/woochat/app/metering"
	"github.com/aiwoochat/woochat/domain/chat"
	"github.com/aiwoochat/woochat/domain/roles"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/domain/usage"
	"github.com/aiwoochat/woochat/ports"
)

// Errors of the HTTP layer itself.
var (
	errUnauthenticated = errors.New("credentials are missing, wrong or expired")
	errOrigin          = errors.New("this page's origin is not on the site's list")
	errMethod          = errors.New("method not allowed")
)

// tooLargeError is the error of a body of more than most bytes.
type tooLargeError struct{ most int64 }

func (*tooLargeError) Error() string { return "the request body is too large" }

// answer is an error as the wire shows it.
type answer struct {
	status  int
	code    string
	message string
	details map[string]any
	retry   time.Duration // 0: no Retry-After
}

// describe is the one place that maps errors to HTTP. What is not listed is a
// 500 whose text is not shown.
func (s *Server) describe(err error) answer {
	var (
		limit    *usage.LimitError
		license  *usage.LicenseError
		rate     *usage.RateError
		input    *chat.InputError
		progress *chat.InProgressError
		failed   *answering.FailedError
		model    *ports.ModelError
		shop     *ports.ShopError
		tooLarge *tooLargeError
		field    *connecting.FieldError
	)
	switch {
	case errors.As(err, &limit):
		return s.limitReached(limit)
	case errors.As(err, &license):
		code := "LICENSE_INACTIVE"
		if errors.Is(err, usage.ErrLicenseInvalid) {
			code = "LICENSE_INVALID"
		}
		return answer{
			status: http.StatusForbidden, code: code, message: license.Err.Error(),
			details: map[string]any{"status": license.Status, "reason": license.Reason},
		}
	case errors.As(err, &rate):
		return answer{status: http.StatusTooManyRequests, code: "RATE_LIMITED", message: "Too many requests", retry: rate.Retry}
	case errors.As(err, &input):
		return answer{
			status: http.StatusUnprocessableEntity, code: "INVALID_REQUEST", message: input.Error(),
			details: map[string]any{"field": input.Field, "reason": input.Reason},
		}
	case errors.As(err, &field):
		return answer{
			status: http.StatusUnprocessableEntity, code: "INVALID_REQUEST", message: field.Error(),
			details: map[string]any{"field": field.Field, "reason": field.Reason},
		}
	case errors.Is(err, connecting.ErrNeedsTLS):
		return answer{status: http.StatusUnprocessableEntity, code: "INVALID_REQUEST", message: connecting.ErrNeedsTLS.Error()}
	case errors.Is(err, connecting.ErrRotating):
		return answer{status: http.StatusConflict, code: "CONFLICT", message: connecting.ErrRotating.Error()}
	case errors.As(err, &shop):
		a := answer{status: http.StatusBadGateway, code: "SHOP_UNAVAILABLE", message: shop.Reason, retry: shop.RetryAfter}
		if errors.Is(err, ports.ErrInvalid) {
			a.status, a.code = http.StatusUnprocessableEntity, "SHOP_REFUSED"
		}
		if shop.Status != 0 {
			a.details = map[string]any{"shop_status": shop.Status, "shop_code": shop.Code}
		}
		return a
	case errors.As(err, &progress):
		return answer{
			status: http.StatusConflict, code: "IDEMPOTENCY_IN_PROGRESS", message: "This message is still being answered",
			details: map[string]any{"message_id": progress.Message}, retry: time.Second,
		}
	case errors.Is(err, chat.ErrKeyMismatch):
		return answer{status: http.StatusUnprocessableEntity, code: "IDEMPOTENCY_MISMATCH", message: chat.ErrKeyMismatch.Error()}
	case errors.Is(err, errUnauthenticated), errors.Is(err, ingesting.ErrRefused):
		return answer{status: http.StatusUnauthorized, code: "UNAUTHENTICATED", message: errUnauthenticated.Error()}
	case errors.Is(err, errOrigin):
		return answer{status: http.StatusForbidden, code: "ORIGIN_NOT_ALLOWED", message: errOrigin.Error()}
	case errors.Is(err, roles.ErrForbidden):
		return answer{status: http.StatusForbidden, code: "FORBIDDEN", message: "Your role does not allow this"}
	case errors.As(err, &tooLarge):
		return answer{
			status: http.StatusRequestEntityTooLarge, code: "REQUEST_TOO_LARGE", message: tooLarge.Error(),
			details: map[string]any{"max_bytes": tooLarge.most},
		}
	case errors.Is(err, ingesting.ErrBroken):
		return answer{
			status: http.StatusUnprocessableEntity, code: "INVALID_REQUEST", message: ingesting.ErrBroken.Error(),
			details: map[string]any{"field": "body", "reason": "could not be read to its end in time"},
		}
	case errors.Is(err, errMethod):
		return answer{status: http.StatusMethodNotAllowed, code: "METHOD_NOT_ALLOWED", message: "This route does not take this method"}
	case errors.Is(err, metering.ErrUnpriced):
		return answer{
			status: http.StatusServiceUnavailable, code: "UNAVAILABLE", message: "The assistant is not configured completely",
			details: map[string]any{"reason": "model_price_unknown"},
		}
	case errors.As(err, &failed):
		status, code := http.StatusBadGateway, failed.Code
		switch {
		case code == metering.CodeUnavailable:
			status = http.StatusServiceUnavailable
		case code == metering.UpstreamCode(ports.ModelTimeout):
			status = http.StatusGatewayTimeout
		case code != answering.CodeLost && !strings.HasPrefix(code, "UPSTREAM_"):
			// It was not the model: what it was is for the log.
			status, code = http.StatusInternalServerError, metering.CodeInternal
		}
		return answer{status: status, code: code, message: "The answer broke off"}
	case errors.As(err, &model):
		status := http.StatusBadGateway
		if model.Kind == ports.ModelTimeout {
			status = http.StatusGatewayTimeout
		}
		return answer{status: status, code: metering.UpstreamCode(model.Kind), message: "The model did not answer", retry: model.RetryAfter}
	case errors.Is(err, ports.ErrNotFound), errors.Is(err, tenant.ErrNoScope):
		return answer{status: http.StatusNotFound, code: "NOT_FOUND", message: "There is no such thing"}
	case errors.Is(err, usage.ErrBadDays), errors.Is(err, usage.ErrBadQuery):
		return answer{status: http.StatusUnprocessableEntity, code: "INVALID_REQUEST", message: "The query makes no sense: look at its days and kind"}
	case errors.Is(err, tenant.ErrBadID):
		return answer{status: http.StatusUnprocessableEntity, code: "INVALID_REQUEST", message: tenant.ErrBadID.Error()}
	case errors.Is(err, ports.ErrConflict):
		return answer{status: http.StatusConflict, code: "CONFLICT", message: "It has changed meanwhile: read it again"}
	case errors.Is(err, ports.ErrUnavailable), errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return answer{status: http.StatusServiceUnavailable, code: "UNAVAILABLE", message: "Try again in a moment", retry: 2 * time.Second}
	}
	return answer{status: http.StatusInternalServerError, code: "INTERNAL", message: "Something went wrong on our side"}
}

func (s *Server) limitReached(e *usage.LimitError) answer {
	limits := map[string]any{
		string(usage.ChatTokens): count(e.Limits.ChatTokens), string(usage.ChatRequests): count(e.Limits.ChatRequests),
		string(usage.EmbeddingTokens): count(e.Limits.EmbeddingTokens),
	}
	if e.Limits.Cost != usage.Unlimited {
		limits[string(usage.Cost)] = usage.NanoUSD(e.Limits.Cost).String()
	}
	return answer{
		status: http.StatusForbidden, code: "USAGE_LIMIT_EXCEEDED", message: "Daily usage limit reached",
		retry: max(time.Second, e.ResetAt.Sub(s.now())),
		details: map[string]any{
			"current_usage": wireAmounts(e.Current), "requested": wireAmounts(e.Requested), "limits": limits,
			"exceeded": e.Exceeded, "reset_at": e.ResetAt.UTC().Format(time.RFC3339),
		},
	}
}

func count(l usage.Limit) any {
	if l == usage.Unlimited {
		return nil
	}
	return int64(l)
}

func wireAmounts(a usage.Amounts) map[string]any {
	return map[string]any{
		"chat_requests": a.ChatRequests, "embedding_requests": a.EmbeddingRequests,
		"total_tokens": a.ChatTokens, "embedding_tokens": a.EmbeddingTokens, "cost_usd": a.Cost.String(),
	}
}

func (a answer) body(requestID string) gin.H {
	e := gin.H{"code": a.code, "message": a.message, "request_id": requestID}
	if a.details != nil {
		e["details"] = a.details
	}
	return gin.H{"error": e}
}

// fail answers c with err and ends its chain. Faults of ours are reported to
// the log by the request logger, which finds err in c.Errors.
func (s *Server) fail(c *gin.Context, err error) {
	a := s.describe(err)
	if a.retry > 0 {
		c.Header("Retry-After", strconv.FormatInt(int64(math.Ceil(a.retry.Seconds())), 10))
	}
	if a.status == http.StatusUnauthorized {
		c.Header("WWW-Authenticate", "Bearer")
	}
	_ = c.Error(err) // kept for the log; gin returns it only for chaining
	c.Header("Cache-Control", "no-store")
	c.AbortWithStatusJSON(a.status, a.body(requestID(c)))
}
