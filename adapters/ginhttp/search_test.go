package ginhttp

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/aiwoochat/woochat/domain/roles"
	"github.com/aiwoochat/woochat/domain/tenant"
)

// TestSearchRoute: what an answer would find, and why, for keys of any role.
func TestSearchRoute(t *testing.T) {
	w := newWorld(t, atNoon)
	key, _ := w.key(w.site.Scope(), tenant.APIKey, roles.Support)
	get := func(query string) (int, map[string]any) {
		t.Helper()
		rec := serve(t, w.Admin(), http.MethodGet, "/api/admin/search?"+query, key, "")
		var body map[string]any
		if err := json.Unmarshal(rec.Body.Bytes(), &body); err != nil {
			t.Fatalf("%s: %v", rec.Body, err)
		}
		return rec.Code, body
	}
	code, body := get("q=" + url.QueryEscape("What does shipping cost?"))
	passages, _ := body["passages"].([]any)
	if code != http.StatusOK || len(passages) != 1 {
		t.Fatalf("%d %v", code, body)
	}
	p, _ := passages[0].(map[string]any)
	if p["title"] != "Shipping" || p["lexical_rank"] != 1.0 || p["chosen"] != true || p["document"] != "page:1" {
		t.Errorf("%v", p)
	}
	for name, query := range map[string]string{
		"no question": "", "an empty one": "q=%20", "control characters": "q=a%00b", "too long": "q=" + strings.Repeat("a", 10_000),
		"no number": "q=a&limit=x", "no locale": "q=a&locale=x", "too many": "q=a&limit=101", "none": "q=a&limit=0",
		"an unknown filter":   "q=a&max_price=30",
		"an empty one before": "q=a&after=", "too many before": "q=a" + strings.Repeat("&after=a", 9),
	} {
		code, body := get(query)
		failure, _ := body["error"].(map[string]any)
		if code != http.StatusUnprocessableEntity || failure["code"] != "INVALID_REQUEST" {
			t.Errorf("%s: %d %v", name, code, body)
		}
	}
	code, body = get("q=" + url.QueryEscape("and to Austria?") + "&after=" + url.QueryEscape("What does shipping cost?"))
	if understood, _ := body["understood"].(map[string]any); code != http.StatusOK || understood["read_as"] != "What does shipping cost to Austria" {
		t.Errorf("after another question: %d %v", code, body)
	}
	if code, body := get("q=" + url.QueryEscape(`"AND (shipping*`)); code != http.StatusOK {
		t.Errorf("operators: %d %v", code, body)
	}
}
