package e2e

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aiwoochat/woochat/app/wiring"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/test/fakes/openaifake"
	"github.com/aiwoochat/woochat/test/harness/pgtest"
	"github.com/aiwoochat/woochat/test/harness/served"
)

// installation is woochat as an operator has it: the real binary, a Postgres
// server whose roles nobody has made before, its database brought up by
// "woochat migrate up", and a server process at the addresses that it printed.
type installation struct {
	binary string
	db     pgtest.Database
	fake   *openaifake.Server
	env    map[string]string
	owner  string // what WOOCHAT_OWNER_DATABASE_URL is set to
	up     string // what "woochat migrate up" said
	public string // where the server process listens
	admin  string
}

func install(t *testing.T) *installation {
	t.Helper()
	server := pgtest.Own(t, pgtest.Options{TCP: true})
	in := &installation{
		binary: served.Build(t), db: server.Database(t, "empty", nil),
		fake: openaifake.New(t, openaifake.Options{Scenarios: map[string]func(*openaifake.Exchange){"gpt-4o-mini": talks}}),
	}
	in.owner = in.db.URL(server.Superuser())
	in.env = map[string]string{"WOOCHAT_DATA_DIR": t.TempDir(), "WOOCHAT_SECRET_KEY": secretKey}
	in.up = in.run(t, []string{"WOOCHAT_OWNER_DATABASE_URL=" + in.owner}, "migrate", "up")
	for line := range strings.Lines(in.up) {
		if name, url, ok := strings.Cut(strings.TrimSpace(line), "="); ok && strings.HasPrefix(name, "WOOCHAT_") {
			in.env[name] = url
		}
	}
	maps.Copy(in.env, map[string]string{
		"WOOCHAT_ADDR": "127.0.0.1:0", "WOOCHAT_ADMIN_ADDR": "127.0.0.1:0", "WOOCHAT_LEAST_EVIDENCE": "0", "OPENAI_BASE_URL": in.fake.URL(),
		"WOOCHAT_CHAT_MODEL": "gpt-4o-mini", "WOOCHAT_EMBEDDING_MODEL": "text-embedding-3-small",
	})
	p := served.Start(t, in.binary, t.TempDir(), in.env)
	in.public, in.admin = p.Public, p.Admin
	return in
}

// talks is a model that has the prompt but for one token in its cache, and
// reasons with 9.
func talks(e *openaifake.Exchange) {
	e.Delta("Yes: parcels to Norway leave on Mondays.")
	e.Finish("")
	in, out := e.Call.Prompt(), e.Call.Sent()+9
	e.Usage(fmt.Sprintf(`{"prompt_tokens":%d,"completion_tokens":%d,"total_tokens":%d,"prompt_tokens_details":{"cached_tokens":%d},"completion_tokens_details":{"reasoning_tokens":9}}`,
		in, out, in+out, in-1))
	e.End()
}

// try runs the binary with the installation's settings, and with more.
func (in *installation) try(t *testing.T, more []string, args ...string) (stdout, stderr string, err error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), in.binary, args...)
	home := t.TempDir()
	cmd.Dir = home
	cmd.Env = []string{"HOME=" + home, "TMPDIR=" + home, "PATH=" + os.Getenv("PATH")}
	for name, v := range in.env {
		cmd.Env = append(cmd.Env, name+"="+v)
	}
	cmd.Env = append(cmd.Env, more...)
	var out, said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &said
	err = cmd.Run()
	return out.String(), said.String(), err
}

// run is try for what must work.
func (in *installation) run(t *testing.T, more []string, args ...string) string {
	t.Helper()
	out, said, err := in.try(t, more, args...)
	if err != nil {
		t.Fatalf("woochat %s: %v\n%s%s", strings.Join(args, " "), err, out, said)
	}
	return out
}

// verb runs a verb of the binary that prints JSON into v.
func (in *installation) verb(t *testing.T, v any, args ...string) {
	t.Helper()
	out := in.run(t, nil, append(args, "--json")...)
	if err := json.Unmarshal([]byte(out), v); err != nil {
		t.Fatalf("woochat %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

// shop makes a tenant with one site by the binary's verbs; limits, such as
// max_tokens_per_day=100, are put in place of the starter plan's.
func (in *installation) shop(t *testing.T, name string, limits ...string) *shop {
	t.Helper()
	s := &shop{T: t, app: &wiring.App{PublicURL: in.public, AdminURL: in.admin}, origin: "https://" + name + ".example.com"}
	var made struct {
		Tenant  tenant.ID     `json:"tenant_id"`
		Site    tenant.SiteID `json:"site_id"`
		SiteKey string        `json:"site_key"`
	}
	in.verb(t, &made, "init", "--tenant", name, "--owner", "owner@"+name+".example.com", "--url", s.origin, "--plan", "starter")
	s.site, s.siteKey = tenant.Site{Tenant: made.Tenant, ID: made.Site}, made.SiteKey
	if len(limits) > 0 {
		set := []string{"license", "set", "--site", string(made.Site), "--plan", "starter"}
		for _, l := range limits {
			set = append(set, "--limit", l)
		}
		in.run(t, nil, set...)
	}
	var key struct{ Key string }
	in.verb(t, &key, "key", "create", "--site", string(made.Site), "--kind", "api", "--role", "owner")
	s.apiKey = key.Key
	return s
}

// sells gives the shop a question with its answer, which is embedded.
func (in *installation) sells(t *testing.T, s *shop) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "faq.csv")
	s.must(os.WriteFile(file, []byte("question,answer\nDo you ship to Norway?,Yes: parcels to Norway leave on Mondays.\n"), 0o600))
	in.run(t, nil, "ingest", "faq", file, "--site", string(s.site.ID))
}

// onAdmin is the shop as seen from the admin listener.
func (s *shop) onAdmin() *shop {
	c := *s
	c.app = &wiring.App{PublicURL: s.app.AdminURL}
	return &c
}

// asker is who asks the database, and how he says so.
type asker struct {
	login    string // the setting that has its address
	role     string // "": the login itself
	settings map[string]string
}

// person is a member with his JWT, as Supabase sets its claims.
func person(user string) asker {
	return asker{"WOOCHAT_DATABASE_URL", "authenticated", map[string]string{
		"request.jwt.claims": fmt.Sprintf(`{"sub":%q,"role":"authenticated","aud":"authenticated"}`, user),
	}}
}

// apiKey is the holder of an API key.
func apiKey(id string) asker {
	return asker{"WOOCHAT_DATABASE_URL", "authenticated", map[string]string{"app.key_id": id}}
}

// widget is the shoppers of one site.
func widget(s *shop) asker {
	return asker{"WOOCHAT_DATABASE_URL", "app_widget", map[string]string{"app.tenant_id": bare(string(s.site.Tenant)), "app.site_id": bare(string(s.site.ID))}}
}

// platform passes every policy.
func platform() asker { return asker{"WOOCHAT_SERVICE_DATABASE_URL", "service_role", nil} }

// bare returns an id as it is in SQL.
func bare(id string) string {
	_, uuid, _ := strings.Cut(id, "_")
	return uuid
}

// as runs do in a transaction of who's, which is taken back.
func (in *installation) as(t *testing.T, who asker, do func(tx *sql.Tx) error) error {
	t.Helper()
	return in.tx(t, who, do, (*sql.Tx).Rollback)
}

// keeps changes something as who, for good.
func (in *installation) keeps(t *testing.T, who asker, statement string, args ...any) error {
	t.Helper()
	return in.tx(t, who, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(t.Context(), statement, args...)
		return err
	}, (*sql.Tx).Commit)
}

func (in *installation) tx(t *testing.T, who asker, do func(tx *sql.Tx) error, end func(*sql.Tx) error) error {
	t.Helper()
	db, err := sql.Open("postgres", in.env[who.login])
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }()
	tx, err := db.BeginTx(context.WithoutCancel(t.Context()), nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }()
	if who.role != "" {
		if _, err := tx.ExecContext(t.Context(), `select set_config('role', $1, true)`, who.role); err != nil {
			return err
		}
	}
	for name, v := range who.settings {
		if _, err := tx.ExecContext(t.Context(), `select set_config($1, $2, true)`, name, v); err != nil {
			return err
		}
	}
	if err := do(tx); err != nil {
		return err
	}
	return end(tx)
}

// asks reads one value as who.
func asks[T any](t *testing.T, in *installation, who asker, query string, args ...any) (v T, err error) {
	t.Helper()
	err = in.as(t, who, func(tx *sql.Tx) error { return tx.QueryRowContext(t.Context(), query, args...).Scan(&v) })
	return v, err
}

// sees is asks for what must be allowed.
func sees[T any](t *testing.T, in *installation, who asker, query string, args ...any) T {
	t.Helper()
	v, err := asks[T](t, in, who, query, args...)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return v
}

// lists reads one column as who.
func (in *installation) lists(t *testing.T, who asker, query string, args ...any) []string {
	t.Helper()
	var all []string
	if err := in.as(t, who, func(tx *sql.Tx) error {
		rows, err := tx.QueryContext(t.Context(), query, args...)
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }()
		for rows.Next() {
			var v string
			if err := rows.Scan(&v); err != nil {
				return err
			}
			all = append(all, v)
		}
		return rows.Err()
	}); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return all
}
