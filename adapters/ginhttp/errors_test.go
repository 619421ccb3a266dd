package ginhttp

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
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

func TestErrors(t *testing.T) {
	now := time.Date(2026, 11, 23, 23, 59, 0, 0, time.UTC)
	s := &Server{now: func() time.Time { return now }}
	cases := []struct {
		err    error
		status int
		code   string
		retry  string // Retry-After, "" for none
		detail string // of the details, printed
	}{
		{&usage.LimitError{Exceeded: []usage.Meter{usage.ChatTokens}, Limits: usage.NoLimits(), ResetAt: now.Add(time.Minute)}, 403, "USAGE_LIMIT_EXCEEDED", "60", "exceeded:[max_tokens_per_day]"},
		{&usage.LimitError{ResetAt: now.Add(-time.Hour)}, 403, "USAGE_LIMIT_EXCEEDED", "1", "reset_at:2026-11-23T22:59:00Z"},
		{errors.Join(fmt.Errorf("admit: %w", &usage.LimitError{ResetAt: now.Add(90500 * time.Millisecond)}), ports.ErrUnavailable), 403, "USAGE_LIMIT_EXCEEDED", "91", ""},
		{&usage.LicenseError{Status: "suspended", Reason: "the license is suspended", Err: usage.ErrLicenseInactive}, 403, "LICENSE_INACTIVE", "", "reason:the license is suspended status:suspended"},
		{&usage.LicenseError{Status: "active", Reason: "x", Err: usage.ErrLicenseInvalid}, 403, "LICENSE_INVALID", "", "status:active"},
		{fmt.Errorf("memory: %w", &usage.RateError{Retry: 5100 * time.Millisecond}), 429, "RATE_LIMITED", "6", ""},
		{&chat.InputError{Field: "message", Reason: "is empty"}, 422, "INVALID_REQUEST", "", "field:message reason:is empty"},
		{&chat.InProgressError{Message: "msg_1"}, 409, "IDEMPOTENCY_IN_PROGRESS", "1", "message_id:msg_1"},
		{chat.ErrKeyMismatch, 422, "IDEMPOTENCY_MISMATCH", "", ""},
		{fmt.Errorf("%w: site key: %w", errUnauthenticated, ports.ErrNotFound), 401, "UNAUTHENTICATED", "", ""},
		{errOrigin, 403, "ORIGIN_NOT_ALLOWED", "", ""},
		{fmt.Errorf("%w: usage.read", roles.ErrForbidden), 403, "FORBIDDEN", "", ""},
		{&tooLargeError{65536}, 413, "REQUEST_TOO_LARGE", "", "max_bytes:65536"},
		{errMethod, 405, "METHOD_NOT_ALLOWED", "", ""},
		{fmt.Errorf("%w (model-2)", metering.ErrUnpriced), 503, "UNAVAILABLE", "", "reason:model_price_unknown"},
		{&answering.FailedError{Code: "UPSTREAM_BROKE"}, 502, "UPSTREAM_BROKE", "", ""},
		{&answering.FailedError{Code: "UPSTREAM_TIMEOUT"}, 504, "UPSTREAM_TIMEOUT", "", ""},
		{&answering.FailedError{Code: answering.CodeLost}, 502, "ANSWER_LOST", "", ""},
		{&answering.FailedError{Code: metering.CodeInternal}, 500, "INTERNAL", "", ""},
		{&answering.FailedError{Code: metering.CodeCanceled}, 500, "INTERNAL", "", ""},
		{&ports.ModelError{Kind: ports.ModelRefused, Message: "secret"}, 502, "UPSTREAM_REFUSED", "", ""},
		{&ports.ModelError{Kind: ports.ModelRateLimited, RetryAfter: 7 * time.Second}, 502, "UPSTREAM_RATE_LIMITED", "7", ""},
		{&ports.ModelError{Kind: ports.ModelTimeout}, 504, "UPSTREAM_TIMEOUT", "", ""},
		{fmt.Errorf("conversation: %w", ports.ErrNotFound), 404, "NOT_FOUND", "", ""},
		{tenant.ErrNoScope, 404, "NOT_FOUND", "", ""},
		{tenant.CheckID("conv_", "x"), 422, "INVALID_REQUEST", "", ""},
		{fmt.Errorf("stop: %w", ports.ErrConflict), 409, "CONFLICT", "", ""},
		{answering.ErrClosing, 503, "UNAVAILABLE", "2", ""},
		{fmt.Errorf("license: %w", ports.ErrUnavailable), 503, "UNAVAILABLE", "2", ""},
		{context.DeadlineExceeded, 503, "UNAVAILABLE", "2", ""},
		{context.Canceled, 503, "UNAVAILABLE", "2", ""},
		{fmt.Errorf("receive: %w", ingesting.ErrRefused), 401, "UNAUTHENTICATED", "", ""},
		{fmt.Errorf("%w: secret", ingesting.ErrBroken), 422, "INVALID_REQUEST", "", "field:body"},
		{&connecting.FieldError{Field: "url", Reason: "is none"}, 422, "INVALID_REQUEST", "", "field:url reason:is none"},
		{fmt.Errorf("%w: %w", ports.ErrInvalid, connecting.ErrNeedsTLS), 422, "INVALID_REQUEST", "", ""},
		{&ports.ShopError{Status: 401, Code: "woocommerce_rest_cannot_view", Reason: "no", Err: ports.ErrInvalid}, 422, "SHOP_REFUSED", "", "shop_code:woocommerce_rest_cannot_view shop_status:401"},
		{&ports.ShopError{Status: 503, RetryAfter: 9 * time.Second, Reason: "away", Err: ports.ErrUnavailable}, 502, "SHOP_UNAVAILABLE", "9", "shop_status:503"},
		{errors.New("password of the database: secret"), 500, "INTERNAL", "", ""},
		{fmt.Errorf("put: %w: secret", ports.ErrInvalid), 500, "INTERNAL", "", ""},
	}
	for _, c := range cases {
		t.Run(fmt.Sprintf("%s/%v", c.code, c.err), func(t *testing.T) {
			rec := httptest.NewRecorder()
			gc, _ := gin.CreateTestContext(rec)
			gc.Request = httptest.NewRequest(http.MethodGet, "/", nil)
			gc.Set(requestIDKey, "req_1")
			s.fail(gc, c.err)
			a := s.describe(c.err)
			if rec.Code != c.status || a.code != c.code || rec.Header().Get("Retry-After") != c.retry || !strings.Contains(fmt.Sprint(a.details), c.detail) {
				t.Errorf("got %d %s, Retry-After %q, details %v", rec.Code, a.code, rec.Header().Get("Retry-After"), a.details)
			}
			if strings.Contains(rec.Body.String(), "secret") {
				t.Errorf("the body tells a secret: %s", rec.Body)
			}
			if rec.Header().Get("Cache-Control") != "no-store" || (c.status == 401) != (rec.Header().Get("WWW-Authenticate") == "Bearer") {
				t.Errorf("headers %v", rec.Header())
			}
			if !gc.IsAborted() || !errors.Is(gc.Errors.Last().Err, c.err) {
				t.Errorf("not aborted, or not kept for the log")
			}
		})
	}
}

// TestErrorCodesAreDocumented reads every code out of the source and looks for
// it in the contract.
func TestErrorCodesAreDocumented(t *testing.T) {
	doc := readFile(t, "../../docs/openapi.yaml")
	codes := []string{answering.CodeLost, metering.CodeInternal}
	for k := ports.ModelRefused; k <= ports.ModelBroke; k++ {
		codes = append(codes, metering.UpstreamCode(k))
	}
	source := readFile(t, "errors.go")
	for _, m := range regexp.MustCompile(`code(?:: | := )"([A-Z_]+)"|code = "([A-Z_]+)"`).FindAllStringSubmatch(source, -1) {
		codes = append(codes, m[1]+m[2])
	}
	if len(codes) < 25 {
		t.Fatalf("only %d codes were found: %v", len(codes), codes)
	}
	for _, code := range codes {
		if !regexp.MustCompile(`\b` + code + `\b`).MatchString(doc) {
			t.Errorf("docs/openapi.yaml does not name %s", code)
		}
	}
}

// TestRoutesAreDocumented compares what the two listeners serve with what the
// contract says, both ways.
func TestRoutesAreDocumented(t *testing.T) {
	w := newWorld(t, nil)
	served := map[string]bool{}
	for _, e := range []*gin.Engine{w.public, w.admin} {
		for _, r := range e.Routes() {
			if r.Method == http.MethodOptions || r.Method == http.MethodHead {
				continue // every path of the widget's API, and what has a GET
			}
			path := regexp.MustCompile(`[:*](\w+)`).ReplaceAllString(r.Path, "{$1}")
			served[strings.ToLower(r.Method)+" "+path] = true
		}
	}
	documented := map[string]bool{}
	path, inPaths := "", false
	for line := range strings.Lines(readFile(t, "../../docs/openapi.yaml")) {
		line = strings.TrimRight(line, "\n")
		switch name, isKey := strings.CutSuffix(strings.TrimSpace(line), ":"); {
		case !strings.HasPrefix(line, " ") && line != "":
			inPaths = line == "paths:"
		case !inPaths || !isKey:
		case strings.HasPrefix(line, "  /"):
			path = name
		case strings.HasPrefix(line, "    ") && line[4] != ' ':
			documented[name+" "+path] = true
		}
	}
	if len(served) < 10 || len(documented) < 10 {
		t.Fatalf("served %v\ndocumented %v", served, documented)
	}
	for r := range served {
		if !documented[r] {
			t.Errorf("%s is served and not documented", r)
		}
	}
	for r := range documented {
		if !served[r] {
			t.Errorf("%s is documented and not served", r)
		}
	}
}
