package ginhttp

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/aiwoochat/woochat/domain/retrieval"
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

// TestAsManySynonymsAsThereMayBe: a site may have all that it may have.
func TestAsManySynonymsAsThereMayBe(t *testing.T) {
	w := newWorld(t, atNoon)
	admin, _ := w.key(w.site.Scope(), tenant.APIKey, roles.Admin)
	list := make([]wireSynonym, retrieval.MaxSynonyms)
	for i := range list {
		for j := range retrieval.MaxSynonymWords {
			word := fmt.Sprintf("w%dx%d", i, j)
			list[i].Words = append(list[i].Words, word+strings.Repeat("a", retrieval.MaxSynonymBytes-len(word)))
		}
	}
	all, err := json.Marshal(map[string]any{"synonyms": list})
	if err != nil {
		t.Fatal(err)
	}
	put := func(body string) *httptest.ResponseRecorder {
		return serve(t, w.Admin(), http.MethodPut, "/api/admin/synonyms", admin, body)
	}
	if rec := put(string(all)); rec.Code != http.StatusOK {
		t.Errorf("%d bytes: %d %.300s", len(all), rec.Code, rec.Body)
	}
	if rec := put(string(all) + strings.Repeat(" ", maxSynonyms)); rec.Code != http.StatusRequestEntityTooLarge || !strings.Contains(rec.Body.String(), fmt.Sprint(maxSynonyms)) {
		t.Errorf("more than that: %d %.300s", rec.Code, rec.Body)
	}
}
