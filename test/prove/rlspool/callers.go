package rlspool

import (
	"context"
	"crypto/md5"
	"fmt"
	"strings"

	"github.com/aiwoochat/woochat/adapters/postgres"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/test/harness/shapes"
)

type kind int

const (
	shopper kind = iota
	owner
	admin
	support
	apiKey
	stranger
	mixed // a tenant, and the site of another
	kinds
)

// caller is who asks.
type caller struct {
	tenant, site int
	kind         kind
}

func (c caller) String() string {
	return fmt.Sprintf("%s of %s", [...]string{"a shopper", "an owner", "an admin", "a supporter", "a key", "a stranger", "nobody"}[c.kind], c.mark())
}

func (c caller) mark() string { return fmt.Sprintf("%d/%d", c.tenant, c.site) }

// owns reports whether a row of that mark may be seen.
func (c caller) owns(mark string) bool {
	switch c.kind {
	case shopper, apiKey:
		return mark == c.mark()
	case owner, admin, support:
		return strings.HasPrefix(mark, fmt.Sprintf("%d/", c.tenant))
	}
	return false
}

func (c caller) tenantID() string { return id("tenant", c.tenant) }

func (c caller) siteID() string {
	if c.kind == mixed {
		return id("site", (c.tenant+1)%tenants, c.site)
	}
	return id("site", c.tenant, c.site)
}

// other is somebody of another tenant.
func (c caller) other() caller {
	return caller{tenant: (c.tenant + 7) % tenants, site: c.site, kind: shopper}
}

func (c caller) scope() tenant.Scope {
	return tenant.Scope{Tenant: tenant.ID(tenant.Prefix + c.tenantID()), Site: tenant.SiteID(tenant.SitePrefix + c.siteID())}
}

// become is what a transaction begins with, as the adapters begin it.
func (c caller) become() (statement string, args []any) {
	switch c.kind {
	case shopper, mixed:
		return `select set_config('role', 'app_widget', true), set_config('app.tenant_id', $1, true), set_config('app.site_id', $2, true)`, []any{c.tenantID(), c.siteID()}
	case apiKey:
		return `select set_config('role', 'authenticated', true), set_config('request.jwt.claims', '', true), set_config('app.key_id', $1, true)`,
			[]any{id("key", c.tenant, c.site)}
	}
	return `select set_config('role', 'authenticated', true), set_config('request.jwt.claims', $1, true), set_config('app.key_id', '', true)`,
		[]any{fmt.Sprintf(`{"sub":"%s"}`, id("person", c.kind, c.tenant))}
}

// id makes a UUID of words, the same each time.
func id(words ...any) string {
	h := md5.Sum([]byte(fmt.Sprintln(words...)))
	h[6], h[8] = h[6]&15|0x70, h[8]&63|0x80 // version 7
	return fmt.Sprintf("%x-%x-%x-%x-%x", h[0:4], h[4:6], h[6:8], h[8:10], h[10:16])
}

// Prepare makes the schema and the rows of all tenants.
func Prepare(ctx context.Context, superURL string) error {
	if _, err := postgres.Migrate(ctx, superURL, nil); err != nil {
		return err
	}
	var b strings.Builder
	for t := range tenants {
		c := caller{tenant: t}
		fmt.Fprintf(&b, "insert into tenants (id, name) values ('%s', '%d/');\n", c.tenantID(), t)
		for k, role := range map[kind]string{owner: "owner", admin: "admin", support: "support"} {
			fmt.Fprintf(&b, "insert into user_tenants (tenant_id, user_id, role, email) values ('%s', '%s', '%s', '%d/');\n", c.tenantID(), id("person", k, t), role, t)
		}
		for s := range sites {
			c.site = s
			own := fmt.Sprintf("'%s', '%s'", c.tenantID(), c.siteID())
			reservation := id("reservation", t, s)
			fmt.Fprintf(&b, `insert into sites (tenant_id, id, name) values (%[1]s, '%[2]s');
				insert into licenses (tenant_id, site_id, plan, plan_limits) values (%[1]s, '%[2]s', '{"max_tokens_per_day": 1, "max_chat_requests_per_day": 1, "max_embedding_tokens_per_day": 1}');
				insert into conversations (tenant_id, site_id, id, locale) values (%[1]s, '%[3]s', '%[2]s');
				insert into documents (tenant_id, site_id, id, revision, kind, title, facts, shown) values (%[1]s, 'd', '1', 'page', '%[2]s', '{}', true);
				insert into usage_daily (tenant_id, site_id, date, prompt_tokens) values (%[1]s, '2026-11-01', %[4]d);
				insert into usage_events (tenant_id, site_id, id, reservation_id, day, model) values (%[1]s, '%[5]s', '%[6]s', '2026-11-01', '%[2]s');
				insert into api_keys (tenant_id, site_id, id, kind, name, key_hash, role, created_at) values (%[1]s, '%[7]s', 'api', '%[2]s', '%[8]s', 'admin', now());
				`, own, c.mark(), id("conversation", t, s), number(c), id("event", t, s), reservation, id("key", t, s), strings.ReplaceAll(id("hash", t, s)+id("hash", t, s), "-", ""))
		}
	}
	return shapes.Run(ctx, superURL, b.String(), "analyze")
}

// number is a mark for columns of numbers.
func number(c caller) int64 { return int64(c.tenant*sites + c.site + 1) }
