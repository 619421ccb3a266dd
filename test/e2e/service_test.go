package e2e

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"database/sql"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aiwoochat/woochat/app/administering"
	"github.com/aiwoochat/woochat/app/connecting"
	"github.com/aiwoochat/woochat/test/harness/migrated"
	"github.com/aiwoochat/woochat/test/harness/pgtest"
)

// background is the work that a server does by itself, with the login that passes
// every policy: what each of its transactions asks, and for what. All else that
// this login is heard to say would be a request's.
var background = map[string]*regexp.Regexp{
	"the worker takes a site that has something to do, and gives it back": regexp.MustCompile(`^update jobs (j )?set leas`),
	"... looks at what is due there":                                      regexp.MustCompile(`(?s)^select .*\sfrom pending_changes\s.*\border by due_at`),
	"... notes what came of it":                                           regexp.MustCompile(`(?s)^(select lease, worker, .* from jobs .* for update$|select object, seq, null::bytea .*\sfrom pending_changes .* and object = any \(\$3\)|update pending_changes p set attempts|delete from pending_changes where tenant_id = \$1 and site_id = \$2 and done)`),
	"... stores documents":                                                regexp.MustCompile(`(?s)^(select pg_advisory_xact_lock|select revision, |select coalesce\(max\(change_no\)|select exists \(select from documents|with numbered as|insert into documents |(delete from|insert into) chunks|update documents )`),
	"... and brings the index after them":                                 regexp.MustCompile(`(?s)^(select d\.id, .*\sd\.change_no is not null( and not d\.worded)? order by d\.change_no limit|select [^*]* from index_(model|generations|state)|select (document_id, entry, dim, vectors|dim) from index_entries|insert into index_|delete from index_|update index_)`),
	"the planner is one of the processes":                                 regexp.MustCompile(`^(insert into|delete from) leases `),
	"... and looks for sites and tenants":                                 regexp.MustCompile(`(?s)^select (id|s\.id|c\.tenant_id, c\.site_id)[, ].*from (tenants|sites s|connections c)\s.*order by (id|s\.id|c\.site_id) limit`),
}

// frame is what begins and ends every transaction.
var frame = regexp.MustCompile(`(?i)^(begin|commit|rollback|;|select set_config\('role', 'service_role', true\))`)

// spoken is one statement in the server's log: whose, in which process.
var spoken = regexp.MustCompile(`^(\S+) (\d+) LOG:  (?:statement|execute [^:]*): (.*)$`)

// heard returns what logins have said in lines, statement by statement.
func heard(lines []string) map[string][]string {
	said := map[string][]string{}
	who := ""
	for _, line := range lines {
		if m := spoken.FindStringSubmatch(line); m != nil {
			who = m[1]
			said[who] = append(said[who], m[3])
		} else if strings.HasPrefix(line, "\t") && who != "" {
			said[who][len(said[who])-1] += "\n" + strings.TrimPrefix(line, "\t")
		} else {
			who = ""
		}
	}
	return said
}

// asked returns what the service login has said beside the work of background.
func asked(statements []string) []string {
	return slices.DeleteFunc(slices.Clone(statements), func(q string) bool {
		if frame.MatchString(q) {
			return true
		}
		for _, known := range background {
			if known.MatchString(q) {
				return true
			}
		}
		return false
	})
}

// TestNoRequestIsAskedByTheServiceLogin: a whole server is used as shoppers and
// tenants use it, and the login that passes every policy is not heard: what the
// database answers them is bound by row-level security. The server's own work,
// which background names, is left out.
func TestNoRequestIsAskedByTheServiceLogin(t *testing.T) {
	d := migrated.On(t, pgtest.Own(t, pgtest.Options{Settings: map[string]string{"log_statement": "all", "log_line_prefix": "%u %p "}}))
	s := open(t, func(m *made) { maps.Copy(m.env, migrated.Settings(d.Socket)) })
	l := &listener{shop: s, database: d}

	token := s.session()
	l.says("a shopper's session", func() { token = s.session() })
	var got answered
	l.says("a question, answered as JSON", func() { got = s.ask(token, "Do you have a tent for two?") })
	var streamed []event
	l.says("a stream", func() { streamed = s.stream(token, "Do you ship to Norway?").all() })
	l.says("the same question by its key, twice", func() {
		for range 2 {
			s.want(s.call("POST", "/api/chat/message", token, question("Is it waterproof?"), "Idempotency-Key", "k-1"), http.StatusOK)
		}
	})
	l.says("a stream that is resumed", func() {
		var began struct {
			Message string `json:"message_id"`
		}
		s.must(json.Unmarshal([]byte(streamed[0].data), &began))
		if rest := s.open(s.request("GET", "/api/chat/messages/"+began.Message+"/events", token, "", "Last-Event-ID", streamed[0].id)).all(); text(rest) != text(streamed) || last(rest).name != "message.end" {
			s.Errorf("resumed: %+v, streamed %+v", rest, streamed)
		}
	})
	l.says("a stop of what is over", func() { s.call("POST", "/api/chat/messages/"+got.Message+"/stop", token, "") })
	l.says("feedback", func() {
		s.want(s.call("POST", "/api/chat/feedback", token, fmt.Sprintf(`{"message_id":%q,"rating":1}`, got.Message)), http.StatusNoContent)
	})
	l.says("history", func() {
		s.want(s.call("GET", "/api/chat/history?conversation_id="+got.Conversation, token, ""), http.StatusOK)
	})
	l.says("what is refused: another's message, a token of nobody", func() {
		other := s.session()
		s.want(s.call("POST", "/api/chat/feedback", other, fmt.Sprintf(`{"message_id":%q,"rating":1}`, got.Message)), http.StatusNotFound)
		s.want(s.call("GET", "/api/chat/history?conversation_id="+got.Conversation, "nobody", ""), http.StatusUnauthorized)
	})
	l.says("a deleted conversation", func() {
		s.want(s.call("DELETE", "/api/chat/conversation?conversation_id="+got.Conversation, token, ""), http.StatusNoContent)
	})
	day := time.Now().UTC().Format(time.DateOnly)
	for _, path := range []string{
		"/api/admin/site", "/api/admin/usage/daily", "/api/admin/usage/summary?group_by=model", "/api/admin/usage/events?from=" + day,
		"/api/admin/usage/events.csv?from=" + day + "&to=" + day, "/api/admin/unanswered",
	} {
		l.says(path, func() { s.want(s.onAdmin().call("GET", path, s.apiKey, ""), http.StatusOK) })
	}
	connected, err := s.app.Connecting.Connect(t.Context(), administering.Operator(), s.site.Scope(), connecting.Order{URL: "https://shop.example.com"})
	s.must(err)
	hook := "/api/ingestion/webhook/" + string(s.site.ID)
	deliver := func(body, secret string) reply {
		m := hmac.New(sha256.New, []byte(secret))
		m.Write([]byte(body))
		return s.call("POST", hook, "", body, "X-WC-Webhook-Topic", "product.updated", "X-WC-Webhook-Signature", base64.StdEncoding.EncodeToString(m.Sum(nil)))
	}
	const product = `{"id":7,"type":"simple","status":"publish","catalog_visibility":"visible","name":"Mug","regular_price":"5","stock_status":"instock"}`
	l.says("a delivery of a shop", func() { s.want(deliver(product, connected.Secret.Reveal()), http.StatusOK) })
	l.says("an error of a shop in the place of a product", func() {
		s.want(deliver(`{"code":"woocommerce_rest_cannot_view"}`, connected.Secret.Reveal()), http.StatusOK)
	})
	l.says("a delivery that is not signed", func() { s.want(deliver(product, "guess"), http.StatusUnauthorized) })
	l.says("a consent that nobody was asked for", func() {
		s.want(s.call("POST", "/api/connect/woocommerce/x", "", `{"consumer_key":"ck_1","consumer_secret":"cs_1"}`), http.StatusNotFound)
	})
	for _, path := range []string{"/api/admin/ingestion/status", "/api/admin/ingestion/connection"} {
		l.says(path, func() { s.want(s.onAdmin().call("GET", path, s.apiKey, ""), http.StatusOK) })
	}
	l.says("the audit log, which is an owner's", func() { s.want(s.onAdmin().call("GET", "/api/admin/audit", s.apiKey, ""), http.StatusForbidden) })
	l.says("readiness", func() { s.want(s.onAdmin().call("GET", "/readyz", "", ""), http.StatusOK) })

	// The test hears: an operator's list of keys is asked by this login.
	before := l.mark()
	if _, err := s.app.Administering.ListKeys(t.Context(), administering.Operator(), s.site.Scope()); err != nil {
		t.Fatal(err)
	}
	if said := asked(heard(l.since(before))["app_service"]); len(said) == 0 {
		t.Error("an operator's command was not heard")
	}
}

// want fails unless r has this status.
func (s *shop) want(r reply, status int) {
	s.Helper()
	if r.status != status {
		s.Errorf("got %d %s, want %d", r.status, r.body, status)
	}
}

// listener hears what the database is asked while something is done.
type listener struct {
	*shop
	database pgtest.Database
	marks    int
}

// says does something, and fails if the service login was heard meanwhile, or
// nobody was.
func (l *listener) says(what string, do func()) {
	l.Helper()
	before := l.mark()
	do()
	said := heard(l.since(before))
	if bad := asked(said["app_service"]); len(bad) > 0 {
		l.Errorf("%s: asked by the login that passes every policy:\n%s", what, strings.Join(bad, "\n"))
	}
	l.Logf("%-60s runtime %3d, ledger %2d, service %d (background %d)", what, len(said["app_runtime"]), len(said["app_ledger"]), len(asked(said["app_service"])), len(said["app_service"]))
}

// mark has a sentence written to the server's log, and returns how many lines
// there are once it can be read: all that was asked before is among them.
func (l *listener) mark() int {
	l.Helper()
	db, err := sql.Open("postgres", l.database.Superuser())
	l.must(err)
	defer db.Close()
	l.marks++
	mark := fmt.Sprintf("select 'mark %d of this test'", l.marks)
	_, err = db.ExecContext(l.Context(), mark)
	l.must(err)
	ctx, cancel := context.WithTimeout(l.Context(), patience)
	defer cancel()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		lines := l.database.Server.Log()
		if i := slices.IndexFunc(lines, func(line string) bool { return strings.Contains(line, mark) }); i >= 0 {
			return i + 1
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			l.Fatal("the server's log does not come")
		}
	}
}

// since returns the lines after the given one, to now.
func (l *listener) since(line int) []string {
	l.Helper()
	end := l.mark() // first: the log read below must reach as far
	return l.database.Server.Log()[line:end]
}
