package rls

import (
	"fmt"
	"strconv"
	"strings"
)

// table is how the rows of one table are made, found and changed.
type table struct {
	name string
	// row returns the statements that make a row at p, that of n; those before
	// the last make what it needs beside the fixture. None: no row belongs there.
	row func(p place, n string) []string
	// at finds the rows of p, and set is a change of them that every check of
	// the table allows. Neither reads more than it must.
	at  func(p place) string
	set string
	// only narrows at to the rows that the lines of the table are about: special
	// asks about the others. "": all.
	only string
	// mixed: those others are bound by other rules, so that no statement without
	// a where can be expected to pass.
	mixed bool
}

func atSite(p place) string {
	return fmt.Sprintf("tenant_id = '%s' and site_id = '%s'", p.tenant, p.site)
}

func insert(into, columns, values string, args ...any) []string {
	return []string{fmt.Sprintf("insert into public."+into+" ("+columns+") values ("+values+")", args...)}
}

// ofSite is a table with tenant_id and site_id. In values, $id is an id of this
// row and $n its word.
func ofSite(name, set, columns, values string) table {
	return table{name: name, at: atSite, set: set, row: func(p place, n string) []string {
		values := strings.NewReplacer("$id", "'"+id(name, p.site, n)+"'", "$n", "'"+n+"'").Replace(values)
		return insert(name, "tenant_id, site_id, "+columns, "'%s', '%s', %s", p.tenant, p.site, values)
	}}
}

const adjustment = `chat_requests, embedding_requests, chat_tokens, embedding_tokens, cost, prompt_tokens, completion_tokens, reason, created_at`

// tables are in the order in which their rows can be made. What a row refers to
// is the first one of its place.
func tables() []table {
	first := func(name string, p place) string { return id(name, p.site, "first") }
	return []table{
		{
			name: "tenants", set: "name = 'changed'",
			at: func(p place) string { return fmt.Sprintf("id = '%s'", p.tenant) },
			row: func(p place, n string) []string {
				switch {
				case n != "first":
					return insert("tenants", "id, name", "'%s', 'new'", id("tenant", p.tenant, n))
				case p.name == "sibling":
					return nil // is its own
				}
				return insert("tenants", "id, name", "'%s', 'tenant'", p.tenant)
			},
		},
		{
			name: "sites", set: "name = 'changed'",
			at: func(p place) string { return fmt.Sprintf("id = '%s'", p.site) },
			row: func(p place, n string) []string {
				site := p.site
				if n != "first" {
					site = id("site", p.site, n)
				}
				return insert("sites", "id, tenant_id, name", "'%s', '%s', 'site'", site, p.tenant)
			},
		},
		ofSite("licenses", "plan = 'changed'", "plan_limits",
			`'{"max_tokens_per_day": 1, "max_chat_requests_per_day": 1, "max_embedding_tokens_per_day": 1}'`),
		ofSite("conversations", "locale = 'xx'", "id", "$id"),
		{
			name: "messages", at: atSite, set: "answer = 'changed'",
			row: func(p place, n string) []string {
				all := []string{message(p, n, first("conversations", p))}
				if n == "first" { // and one without feedback
					all = append(all, message(p, "second", first("conversations", p)))
				}
				return all
			},
		},
		{
			name: "feedback", at: atSite, set: "rating = -1",
			row: func(p place, n string) []string {
				m := "second"
				if n == "first" {
					m = n
				}
				return insert("feedback", "tenant_id, site_id, message_id, rating, rated_at", "'%s', '%s', '%s', 1, now()",
					p.tenant, p.site, id("messages", p.site, m))
			},
		},
		{
			name: "documents", at: atSite, set: "title = 'changed'",
			row: func(p place, n string) []string {
				return insert("documents", "tenant_id, site_id, id, revision, kind, facts, shown", "'%s', '%s', '%s', '1', 'page', '{}', true", p.tenant, p.site, n)
			},
		},
		{
			name: "chunks", at: atSite, set: "heading = 'changed'",
			row: func(p place, n string) []string {
				return insert("chunks", "tenant_id, site_id, document_id, seq, text", "'%s', '%s', 'first', %d, 'text'", p.tenant, p.site, len(n))
			},
		},
		ofSite("connections", "url = 'changed'", "url, version", "$n, 1"),
		ofSite("connection_secrets", "sealed_key = 'changed'", "sealed_key", "$n"),
		ofSite("connection_deliveries", "heard_at = '2026-11-02'", "heard_at", "'2026-11-01'"),
		{
			name: "connect_states", at: atSite, set: "url = 'changed'",
			row: func(p place, n string) []string {
				return insert("connect_states", "hash, tenant_id, site_id, expires_at", "'%s', '%s', '%s', now()", hash(p.site, n), p.tenant, p.site)
			},
		},
		ofSite("site_health", "detail = 'changed'", "kind, count, first_at, last_at", "$n, 1, now(), now()"),
		ofSite("synonyms", "rules = '[1]'", "rules", "'[]'"),
		ofSite("source_cursors", "cursor = 'changed'", "source, cursor", "$n, ''"),
		ofSite("jobs", "lease = 2", "seq", "1"),
		ofSite("pending_changes", "attempts = 2", "object, seq, attempts, hinted_at, latest_at, due_at, dead, done, error", "$n, 1, 0, now(), now(), now(), false, false, ''"),
		{
			// Of the platform, about what one of its processes does: they are as good
			// as nobody's, wherever the fixture has them.
			name: "leases", set: "holder = 'changed'",
			at: func(p place) string { return strconv.FormatBool(p.name == "own") },
			row: func(p place, n string) []string {
				if p.name != "own" {
					return nil
				}
				return insert("leases", "name, holder, until", "'%s', 'h', now()", n)
			},
		},
		ofSite("index_sites", "cleared = 2", "generation, last_change", "1, 1"),
		ofSite("index_entries", "change_no = 2", "generation, document_id, change_no", "1, $n, 1"),
		ofSite("index_generations", "model = 'changed'", "generation, model, state, since", "1, 'm', 'served', now()"),
		{
			// One row of the platform, about the index as a whole.
			name: "index_state", set: "built = true",
			at: func(p place) string { return strconv.FormatBool(p.name == "nobody") },
			row: func(p place, n string) []string {
				if p.name != "nobody" || n == "first" { // the first is made by the migration
					return nil
				}
				return insert("index_state", "id", "2")
			},
		},
		{
			// And whose vectors are wanted.
			name: "index_model", set: "model = 'changed'",
			at: func(p place) string { return strconv.FormatBool(p.name == "nobody") },
			row: func(p place, n string) []string {
				if p.name != "nobody" || n == "first" {
					return nil
				}
				return insert("index_model", "id", "2")
			},
		},
		ofSite("rate_buckets", "full_at = 2", "key, full_at", "$n, 1"),
		{
			name: "api_keys", at: atSite, set: "name = 'changed'", only: "kind = 'site'", mixed: true,
			row: func(p place, n string) []string { return []string{apiKey(p, n, "site", "")} },
		},
		{
			name: "usage_reservations", at: atSite, set: "held_cost = 2",
			row: func(p place, n string) []string {
				return insert("usage_reservations", `tenant_id, site_id, id, day, state, admitted_at, expires_at,
					want_chat_requests, want_embedding_requests, want_chat_tokens, want_embedding_tokens, want_cost,
					held_chat_requests, held_embedding_requests, held_chat_tokens, held_embedding_tokens, held_cost`,
					"'%s', '%s', '%s', '2026-11-01', 'open', now(), now(), 1, 0, 1, 0, 1, 1, 0, 1, 0, 1", p.tenant, p.site, id("usage_reservations", p.site, n))
			},
		},
		{
			name: "usage_calls", at: atSite, set: "output_tokens = 2",
			row: func(p place, n string) []string {
				return insert("usage_calls", `tenant_id, site_id, reservation_id, call_no, kind, model, chat_requests, prompt_tokens, max_output, bound_cost,
					price_model, price_version, price_input, price_cached_input, price_output, price_unpriced, price_local, sent_at`,
					"'%s', '%s', '%s', %d, 'chat', 'm', 1, 1, 1, 1, 'm', 'v', 1, 1, 1, false, false, now()", p.tenant, p.site, first("usage_reservations", p), len(n))
			},
		},
		{
			name: "usage_events", at: atSite, set: "model = 'changed'",
			row: func(p place, n string) []string {
				all := []string{event(p, n, len(n))}
				if n == "first" { // and one without an adjustment
					all = append(all, event(p, "second", 20))
				}
				return all
			},
		},
		{
			name: "usage_daily", at: atSite, set: "cost = 2",
			row: func(p place, n string) []string {
				return insert("usage_daily", "date, tenant_id, site_id", "'2026-11-%02d', '%s', '%s'", len(n), p.tenant, p.site)
			},
		},
		{
			name: "usage_adjustments", at: atSite, set: "cost = 2",
			row: func(p place, n string) []string {
				e := "second"
				if n == "first" {
					e = n
				}
				return insert("usage_adjustments", "tenant_id, site_id, event_id, day, "+adjustment, "'%s', '%s', '%s', '2026-11-01', 0, 0, 0, 0, 0, 0, 0, '', now()",
					p.tenant, p.site, id("usage_events", p.site, e))
			},
		},
		{
			name: "usage_repricings", at: atSite, set: "cost = 2",
			row: func(p place, n string) []string {
				return insert("usage_repricings", "tenant_id, site_id, event_id, price_version, cost, created_at", "'%s', '%s', '%s', '%s', 1, now()",
					p.tenant, p.site, first("usage_events", p), n)
			},
		},
		ofSite("audit_log", "reason = 'changed'", "id, actor, action, reason, created_at", "$id, 'root', 'usage.read', 'test', now()"),
		{
			// Memberships of somebody else; "self" are the actor's own.
			name: "user_tenants", set: "subject = 'changed'", only: "email = 'colleague@example.com'",
			at: func(p place) string { return fmt.Sprintf("tenant_id = '%s'", p.tenant) },
			row: func(p place, n string) []string {
				if n == "first" && p.name == "sibling" {
					return nil // is its own
				}
				return insert("user_tenants", "tenant_id, user_id, role, email", "'%s', '%s', 'support', 'colleague@example.com'", p.tenant, id("person", p.tenant, n))
			},
		},
		{
			name: "platform_users", set: "subject = 'changed'", only: "email = 'colleague@example.com'",
			at: func(p place) string { return strconv.FormatBool(p.name == "nobody") },
			row: func(p place, n string) []string {
				if p.name != "nobody" { // they belong to no tenant
					return nil
				}
				return insert("platform_users", "user_id, email", "'%s', 'colleague@example.com'", id("person", p.tenant, n))
			},
		},
		{
			// One row of the platform: no tenant's, and nobody's to touch but its
			// triggers'.
			name: "changes", set: "prices = 1",
			at: func(p place) string { return strconv.FormatBool(p.name == "nobody") },
			row: func(p place, n string) []string {
				if p.name != "nobody" || n == "first" { // the first is made by the migration
					return nil
				}
				return insert("changes", "id", "2")
			},
		},
	}
}

func message(p place, n, conversation string) string {
	return insert("messages", "id, tenant_id, site_id, conversation_id, visitor_id, seq, question, asked_at, state, attempt, lease_at",
		"'%s', '%s', '%s', '%s', '%s', %d, 'q', now(), 'running', 1, now()",
		id("messages", p.site, n), p.tenant, p.site, conversation, id("visitor", p.site), len(n))[0]
}

func apiKey(p place, n, kind, role string) string {
	text := "'" + n + "'"
	if kind == "api" {
		text = "null"
	}
	return insert("api_keys", "id, tenant_id, site_id, kind, key_text, key_hash, role, created_at", "'%s', '%s', '%s', '%s', %s, '%s', '%s', now()",
		id("api_keys", p.site, n), p.tenant, p.site, kind, text, hash(p.site, n), role)[0]
}

func event(p place, n string, call int) string {
	return insert("usage_events", "id, tenant_id, site_id, reservation_id, call_no, day", "'%s', '%s', '%s', '%s', %d, '2026-11-01'",
		id("usage_events", p.site, n), p.tenant, p.site, id("usage_reservations", p.site, "first"), call)[0]
}
