package ginhttp

import (
	"net/http"
	"strings"
	"testing"

	"github.com/aiwoochat/woochat/domain/roles"
	"github.com/aiwoochat/woochat/domain/tenant"
)

// TestSynonymsRoute: any key reads them, an admin's writes them.
func TestSynonymsRoute(t *testing.T) {
	w := newWorld(t, atNoon)
	support, _ := w.key(w.site.Scope(), tenant.APIKey, roles.Support)
	admin, _ := w.key(w.site.Scope(), tenant.APIKey, roles.Admin)
	call := func(method, key, body string) (int, string) {
		t.Helper()
		rec := serve(t, w.Admin(), method, "/api/admin/synonyms", key, body)
		return rec.Code, strings.TrimSpace(rec.Body.String())
	}
	const two = `{"synonyms":[{"words":["sneakers","gym shoes"]},{"words":["hoodie"],"means":["sweatshirt"]}]}`
	for _, c := range []struct {
		method, key, body string
		code              int
		want              string
	}{
		{http.MethodGet, support, "", http.StatusOK, `{"synonyms":[]}`},
		{http.MethodPut, support, two, http.StatusForbidden, "FORBIDDEN"},
		{http.MethodPut, admin, two, http.StatusOK, two},
		{http.MethodGet, support, "", http.StatusOK, two},
		{http.MethodPut, admin, `{"synonyms":[{"words":["one"]}]}`, http.StatusUnprocessableEntity, "needs two words"},
		{http.MethodPut, admin, `{}`, http.StatusUnprocessableEntity, "synonyms is missing"},
		{http.MethodPut, admin, `{"synonyms":3}`, http.StatusUnprocessableEntity, "INVALID_REQUEST"},
		{http.MethodGet, admin, "", http.StatusOK, two},
		{http.MethodPut, admin, `{"synonyms":[]}`, http.StatusOK, `{"synonyms":[]}`},
		{http.MethodGet, "sk_nobody", "", http.StatusUnauthorized, "UNAUTHENTICATED"},
	} {
		if code, body := call(c.method, c.key, c.body); code != c.code || !strings.Contains(body, c.want) {
			t.Errorf("%s %s: %d %s, want %d and %s", c.method, c.body, code, body, c.code, c.want)
		}
	}
}
