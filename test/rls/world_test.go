package rls

import (
	"crypto/md5"
	"fmt"
	"strings"
)

// id makes a UUID of words, the same each time.
func id(words ...any) string {
	h := md5.Sum([]byte(fmt.Sprintln(words...)))
	h[6], h[8] = h[6]&15|0x70, h[8]&63|0x80 // version 7
	return fmt.Sprintf("%x-%x-%x-%x-%x", h[0:4], h[4:6], h[6:8], h[8:10], h[10:16])
}

// place is where a row belongs.
type place struct{ name, tenant, site string }

// places are seen from tenant A's site A1, where all actors of the matrix are:
// its own, one of the same tenant, another tenant's, and one that nobody has.
func places() []place {
	return []place{
		{"own", id("tenant A"), id("site A1")},
		{"sibling", id("tenant A"), id("site A2")},
		{"other", id("tenant B"), id("site B1")},
		{"nobody", id("tenant of nobody"), id("site of nobody")},
	}
}

// actor is somebody who has got as far as a connection of login, and says who
// he is as the adapters do.
type actor struct {
	name, login, role string
	settings          map[string]string
	person            string // of user_tenants and platform_users; "" is none
}

const superuser = "" // the cluster's own login, whatever its name is

func person(name string) actor {
	who := id("person", name)
	return actor{
		name: name, login: "app_runtime", role: "authenticated", person: who,
		settings: map[string]string{"request.jwt.claims": `{"sub":"` + who + `"}`, "app.key_id": ""},
	}
}

func key(name string) actor {
	return actor{
		name: name, login: "app_runtime", role: "authenticated",
		settings: map[string]string{"request.jwt.claims": "", "app.key_id": id("key", name)},
	}
}

func widget(name, tenant, site string) actor {
	return actor{
		name: name, login: "app_runtime", role: "app_widget",
		settings: map[string]string{"app.tenant_id": tenant, "app.site_id": site},
	}
}

// actors are all roles in all states that they can be in. Those that set
// nothing come first: a setting that was made once is ” and not null after.
func actors() []actor {
	p := places()
	both := key("key-admin")
	both.name, both.settings = "key-and-person", map[string]string{
		"request.jwt.claims": `{"sub":"` + id("person", "owner of B") + `"}`, "app.key_id": id("key", "key-admin"),
	}
	old := person("admin")
	old.name, old.settings = "admin-old-claims", map[string]string{"request.jwt.claim.sub": old.person}
	return []actor{
		{name: "nobody", login: "app_runtime", role: "authenticated"},
		{name: "widget-unset", login: "app_runtime", role: "app_widget"},
		{name: "anon", login: superuser, role: "anon"},
		{name: "runtime", login: "app_runtime"},
		{name: "ledger", login: "app_ledger"},
		{name: "service-login", login: "app_service"},
		person("owner"), person("admin"), person("support"), old,
		person("dual"), // admin of A, support of B
		person("stranger"), person("super"),
		key("key-owner"), key("key-admin"), key("key-support"), both,
		key("key-disabled"), key("key-unknown"), key("key-of-no-role"),
		{name: "claims-empty", login: "app_runtime", role: "authenticated", settings: map[string]string{"request.jwt.claims": "", "request.jwt.claim.sub": "", "app.key_id": ""}},
		{name: "claims-bad", login: "app_runtime", role: "authenticated", settings: map[string]string{"request.jwt.claims": "{"}},
		{name: "claims-no-uuid", login: "app_runtime", role: "authenticated", settings: map[string]string{"request.jwt.claims": `{"sub":"admin"}`}},
		{name: "claims-no-sub", login: "app_runtime", role: "authenticated", settings: map[string]string{"request.jwt.claims": `{"role":"service_role"}`}},
		widget("widget", p[0].tenant, p[0].site),
		widget("widget-tenant", p[0].tenant, ""),
		widget("widget-mixed", p[0].tenant, p[2].site), // no such pair
		widget("widget-empty", "", ""),
		widget("widget-bad", "*", "' or true --"),
		{name: "service", login: "app_service", role: "service_role"},
		{name: "app_owner", login: superuser, role: "app_owner"},
	}
}

// fill is the SQL of all rows of the fixture, run by a superuser. Every table
// has a row at each place that exists.
func fill() string {
	var b strings.Builder
	for _, t := range tables() {
		for _, p := range places() {
			if p.name == "nobody" && t.name != "platform_users" {
				continue
			}
			b.WriteString(strings.Join(t.row(p, "first"), ";\n"))
			b.WriteString(";\n")
		}
	}
	a, other := places()[0], places()[2]
	for _, m := range []struct{ tenant, name, role string }{
		{a.tenant, "owner", "owner"},
		{a.tenant, "partner", "owner"}, // so that the owner may leave
		{a.tenant, "admin", "admin"},
		{a.tenant, "support", "support"},
		{a.tenant, "dual", "admin"},
		{other.tenant, "dual", "support"},
		{other.tenant, "owner of B", "owner"},
	} {
		fmt.Fprintf(&b, "insert into user_tenants (tenant_id, user_id, role) values ('%s', '%s', '%s');\n", m.tenant, id("person", m.name), m.role)
	}
	fmt.Fprintf(&b, "insert into platform_users (user_id) values ('%s');\n", id("person", "super"))
	for _, k := range []struct{ name, role, disabled string }{
		{"key-owner", "owner", "false"},
		{"key-admin", "admin", "false"},
		{"key-support", "support", "false"},
		{"key-disabled", "owner", "true"},
		{"key-of-no-role", "", "false"},
	} {
		fmt.Fprintf(&b, "insert into api_keys (id, tenant_id, site_id, kind, key_hash, role, created_at, disabled) values ('%s', '%s', '%s', 'api', '%s', '%s', now(), %s);\n",
			id("key", k.name), a.tenant, a.site, hash(k.name), k.role, k.disabled)
	}
	return b.String()
}

// hash is a key's, as long as one.
func hash(words ...any) string {
	return strings.ReplaceAll(id(words...)+id(words...), "-", "")
}
