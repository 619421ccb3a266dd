package e2e

import (
	"context"
	"database/sql"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"

	"github.com/aiwoochat/woochat/adapters/ginhttp"
	"github.com/aiwoochat/woochat/app/wiring"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/domain/usage"
)

// guarded asks a Gin server of somebody's own, on the same database, whose
// handler embeds and is wrapped as the seed's was.
func (in *installation) guarded(t *testing.T, s *shop) reply {
	t.Helper()
	cfg, _, err := wiring.Load(wiring.Sources{Env: func(name string) (string, bool) { v, ok := in.env[name]; return v, ok }})
	s.must(err)
	app, err := wiring.Start(t.Context(), cfg, wiring.Options{Log: slog.New(slog.DiscardHandler)})
	s.must(err)
	defer func() { s.must(app.Stop(context.WithoutCancel(t.Context()))) }()
	gin.SetMode(gin.ReleaseMode)
	r := gin.New()
	scopeOf := func(*gin.Context) (tenant.Scope, error) { return s.site.Scope(), nil }
	r.POST("/api/chat/message", ginhttp.RequireUsage(app.Metering, usage.Amounts{EmbeddingRequests: 1, EmbeddingTokens: 41}, scopeOf), func(*gin.Context) {
		t.Error("the handler ran")
	})
	server := httptest.NewServer(r)
	defer server.Close()
	own := *s
	own.app = &wiring.App{PublicURL: server.URL}
	return own.call("POST", "/api/chat/message", "", "")
}

func superAdmin(t *testing.T, in *installation) {
	s := in.shop(t, "super")
	var made struct{ Subject, Role string }
	in.verb(t, &made, "platform-user", "create", "--email", "root@example.com")
	if made.Role != "super_admin" || made.Subject != "root@example.com" {
		t.Errorf("made %+v", made)
	}
	root := person(sees[string](t, in, platform(), `select user_id::text from platform_users where email = 'root@example.com' and role = 'super_admin'`))
	owner := in.ownerOf(t, s)
	tenantID := bare(string(s.site.Tenant))
	for who, c := range map[string]struct {
		asker
		super bool
		role  string
	}{
		"the super admin": {root, true, ""}, "an owner": {owner, false, "owner"},
		"a stranger": {person("018f4e2a-0000-7000-8000-000000000000"), false, ""},
		"nobody":     {asker{login: "WOOCHAT_DATABASE_URL", role: "authenticated"}, false, ""},
		"an API key": {apiKey("018f4e2a-0000-7000-8000-000000000000"), false, ""},
	} {
		if got := sees[bool](t, in, c.asker, `select is_super_admin()`); got != c.super {
			t.Errorf("is_super_admin() of %s is %v", who, got)
		}
		if got := sees[string](t, in, c.asker, `select coalesce(get_user_tenant_role($1), '')`, tenantID); got != c.role {
			t.Errorf("get_user_tenant_role of %s is %q, want %q", who, got, c.role)
		}
		if _, err := asks[string](t, in, c.asker, `insert into platform_users (user_id) values (gen_random_uuid()) returning user_id`); err == nil || !strings.Contains(err.Error(), "permission denied") {
			t.Errorf("%s made a super admin: %v", who, err)
		}
	}
	if _, err := asks[bool](t, in, widget(s), `select is_super_admin()`); err == nil {
		t.Error("the widget may ask who is a super admin")
	}
	// The power is the server's: with his own claims he reads no tenant.
	if n := sees[int](t, in, root, `select count(*) from tenants`); n != 0 {
		t.Errorf("the super admin reads %d tenants past the server", n)
	}
	// Each use was recorded: for the platform, and where a tenant is concerned
	// for its owner to read, over HTTP and by SQL.
	if n := sees[int](t, in, platform(), `select count(*) from audit_log where tenant_id is null and details like 'root@example.com%' and actor <> '' and reason <> ''`); n != 1 {
		t.Errorf("%d entries tell of the new super admin, want 1", n)
	}
	if n := sees[int](t, in, owner, `select count(*) from audit_log where site_id = $1`, bare(string(s.site.ID))); n < 2 {
		t.Errorf("the owner reads %d entries about his site, want those of its making", n)
	}
	if r := s.onAdmin().call("GET", "/api/admin/audit", s.apiKey, ""); r.status != http.StatusOK || !strings.Contains(string(r.body), string(s.site.ID)) {
		t.Errorf("/api/admin/audit: %d %s", r.status, r.body)
	}
	in.run(t, nil, "platform-user", "remove", "root@example.com")
	if sees[bool](t, in, root, `select is_super_admin()`) {
		t.Error("he is a super admin after he was removed")
	}
}

func tenantIsolation(t *testing.T, in *installation) {
	mine, theirs := in.shop(t, "mine"), in.shop(t, "theirs")
	var answers []answered
	var tokens []string
	for _, s := range []*shop{mine, theirs} {
		in.sells(t, s)
		tokens = append(tokens, s.session())
		answers = append(answers, s.ask(tokens[len(tokens)-1], "Do you ship to Norway?"))
	}
	key := sees[string](t, in, platform(), `select id::text from api_keys where site_id = $1 and kind = 'api'`, bare(string(mine.site.ID)))
	for who, a := range map[string]asker{"a member": in.ownerOf(t, mine), "an API key": apiKey(key), "the widget": widget(mine)} {
		t.Run(who, func(t *testing.T) { in.seesOnly(t, a, mine, theirs) })
	}
	t.Run("over HTTP", func(t *testing.T) { mine.foreign(tokens[0], theirs, answers[1]) })
}

// seesOnly reads, changes and deletes as who in every table that has tenants.
func (in *installation) seesOnly(t *testing.T, who asker, mine, theirs *shop) {
	t.Helper()
	own, other := bare(string(mine.site.Tenant)), bare(string(theirs.site.Tenant))
	var read []string
	owned := `and (c.relname = 'tenants' or exists (select from pg_attribute a where a.attrelid = c.oid and a.attname = 'tenant_id' and not a.attisdropped))`
	for _, table := range ourTables(t, in, owned) {
		column := "tenant_id"
		if table == "tenants" {
			column = "id"
		}
		if n := sees[int](t, in, platform(), fmt.Sprintf(`select count(*) from %s where %s = $1`, table, column), other); n == 0 &&
			slices.Contains([]string{"tenants", "sites", "licenses", "usage_events", "usage_daily", "conversations", "messages", "documents", "chunks", "api_keys", "user_tenants", "audit_log"}, table) {
			t.Errorf("the other tenant has nothing in %s: nothing is shown by this test", table)
		}
		n, err := asks[int](t, in, who, fmt.Sprintf(`select count(*) from %s where %s is distinct from $1`, table, column), own)
		switch {
		case err == nil && n > 0:
			t.Errorf("sees %d rows of others in %s", n, table)
		case err != nil && !strings.Contains(err.Error(), "permission denied"):
			t.Errorf("%s: %v", table, err)
		case err == nil:
			if sees[int](t, in, who, fmt.Sprintf(`select count(*) from %s where %s = $1`, table, column), own) > 0 {
				read = append(read, table)
			}
		}
		for _, change := range []string{`delete from %[1]s where %[2]s = $1`, `update %[1]s set %[2]s = %[2]s where %[2]s = $1`} {
			err := in.as(t, who, func(tx *sql.Tx) error {
				res, err := tx.ExecContext(t.Context(), fmt.Sprintf(change, table, column), other)
				if err != nil {
					return err
				}
				if n, err := res.RowsAffected(); err != nil || n > 0 {
					return fmt.Errorf("%d rows of another tenant were changed, %w", n, err)
				}
				return nil
			})
			if err != nil && !strings.Contains(err.Error(), "permission denied") {
				t.Errorf("%s: %v", fmt.Sprintf(change, table, column), err)
			}
		}
	}
	for _, table := range []string{"tenants", "sites", "licenses", "usage_events", "usage_daily", "conversations"} {
		if !slices.Contains(read, table) {
			t.Errorf("does not see his own rows of %s: only of %q", table, read)
		}
	}
}

// foreign holds up another tenant's ids to each route, with a key and a visitor
// of this one.
func (s *shop) foreign(visitor string, theirs *shop, got answered) {
	s.Helper()
	admin := s.onAdmin()
	for _, path := range []string{"/usage/daily", "/usage/summary?group_by=site", "/usage/events", "/usage/events.csv", "/audit", "/site"} {
		r := admin.call("GET", "/api/admin"+path, s.apiKey, "")
		if r.status != http.StatusOK || !strings.Contains(string(r.body), string(s.site.Tenant)) {
			s.Errorf("GET %s, own: %d %s", path, r.status, r.body)
		}
		sep := "?"
		if strings.Contains(path, "?") {
			sep = "&"
		}
		site, tenant := "site_id="+string(theirs.site.ID), "tenant_id="+string(theirs.site.Tenant)
		for _, ask := range []string{site, tenant, tenant + "&" + site} {
			r := admin.call("GET", "/api/admin"+path+sep+ask, s.apiKey, "")
			if r.status == http.StatusOK && (strings.Contains(string(r.body), bare(string(theirs.site.ID))) || strings.Contains(string(r.body), bare(string(theirs.site.Tenant)))) {
				s.Errorf("GET %s%s%s tells of another tenant: %s", path, sep, ask, r.body)
			}
		}
	}
	for _, c := range []struct{ method, path, body string }{
		{"GET", "/api/chat/messages/" + got.Message + "/events", ""},
		{"POST", "/api/chat/messages/" + got.Message + "/stop", ""},
		{"POST", "/api/chat/feedback", fmt.Sprintf(`{"message_id":%q,"rating":1}`, got.Message)},
		{"POST", "/api/chat/message", fmt.Sprintf(`{"message":"hi","conversation_id":%q}`, got.Conversation)},
	} {
		if r := s.call(c.method, c.path, visitor, c.body); r.status != http.StatusNotFound {
			s.Errorf("%s %s: %d %s, want 404", c.method, c.path, r.status, r.body)
		}
	}
	if r := s.call("GET", "/api/chat/history?conversation_id="+got.Conversation, visitor, ""); !strings.Contains(string(r.body), `"data":[]`) {
		s.Errorf("the history: %d %s", r.status, r.body)
	}
	if r := admin.call("GET", "/api/admin/site", theirs.siteKey, ""); r.status != http.StatusUnauthorized {
		s.Errorf("a public site key reads the admin API: %d", r.status)
	}
}
