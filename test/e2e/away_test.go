package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aiwoochat/woochat/app/wiring"
	"github.com/aiwoochat/woochat/domain/usage"
	"github.com/aiwoochat/woochat/test/fakes/openaifake"
	"github.com/aiwoochat/woochat/test/fakes/pgproxy"
	"github.com/aiwoochat/woochat/test/harness/migrated"
	"github.com/aiwoochat/woochat/test/porttest"
)

// behindProxy returns a proxy before a database, and the settings of a store
// behind it.
func behindProxy(t *testing.T) (*pgproxy.Proxy, map[string]string) {
	t.Helper()
	d := migrated.Database(t)
	dir, port := d.Server.Socket()
	proxy, err := pgproxy.Start(pgproxy.Options{Upstream: fmt.Sprintf("%s/.s.PGSQL.%d", dir, port)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = proxy.Close() })
	return proxy, migrated.Settings(func(role string) string {
		url, err := proxy.URL(d.Socket(role))
		if err != nil {
			t.Fatal(err)
		}
		return url
	})
}

// conversation returns the conversation that a message.start names.
func (e event) conversation(t *testing.T) string {
	t.Helper()
	var d struct {
		ID string `json:"conversation_id"`
	}
	if err := json.Unmarshal([]byte(e.data), &d); err != nil || d.ID == "" {
		t.Fatalf("no conversation in %+v", e)
	}
	return d.ID
}

// TestPostgresAway takes Postgres away as a whole under a running answer: the
// answer ends well, its end is on disk, nobody else is let in. When Postgres is
// back, the answer is settled exactly once and life goes on, in the same
// process or in the next one.
func TestPostgresAway(t *testing.T) {
	const often = 50 * time.Millisecond
	whole := strings.TrimSpace(strings.Repeat("One more sentence about mugs. ", 20))
	for name, restarted := range map[string]bool{"the same process": false, "the next process": true} {
		t.Run(name, func(t *testing.T) {
			gate := &openaifake.Gate{}
			fake := openaifake.New(t, openaifake.Options{Gate: gate, Script: func(openaifake.ChatRequest) string { return whole }})
			proxy, env := behindProxy(t)
			env["WOOCHAT_DATA_DIR"] = t.TempDir()
			log := &lockedBuffer{}
			// The process looks its site up anew after some seconds, and the
			// machine may be slow: its clock stands still.
			clock := porttest.NewClock(time.Now().UTC())
			s := open(t, withClock(clock.Now), func(m *made) { maps.Copy(m.env, env) }, withProvider(fake, "talker"), withLog(log), withoutGoods())
			besides := maps.Clone(env)
			besides["WOOCHAT_DATA_DIR"] = t.TempDir()
			s.settled(beside(t, besides)) // a site that the cache drops now cannot be looked up later
			token := s.session()

			st := s.stream(token, "Tell me about mugs", "Idempotency-Key", "key-1")
			gate.Step(20)
			start, _ := st.next()
			first, ok := st.next()
			if !ok || first.name != "delta" {
				t.Fatalf("got %+v, want text", first)
			}
			proxy.Outage()
			gate.Open()
			rest := st.all()
			if end := last(rest); end.name != "message.end" || !strings.Contains(end.data, `"finish":"stop"`) {
				t.Errorf("the running answer ended with %+v", end)
			}
			if got := text(append([]event{first}, rest...)); got != whole {
				t.Errorf("the shopper has %q", got)
			}

			// What the process has can be had again, without the database.
			again := s.stream(token, "Tell me about mugs", "Idempotency-Key", "key-1").all()
			if text(again) != whole || again[0].data != start.data {
				t.Errorf("the same key: %+v", again)
			}
			r := s.call("POST", "/api/chat/message", token, question("And pots?"))
			if r.status != http.StatusServiceUnavailable || r.code() != "UNAVAILABLE" || r.header.Get("Retry-After") == "" {
				t.Errorf("while Postgres is away: %d %s, want 503 UNAVAILABLE with Retry-After", r.status, r.body)
			}
			if status, body := s.admin("/readyz"); status != http.StatusServiceUnavailable || !strings.Contains(body, `"reason":"settlements_spooled"`) {
				t.Errorf("readyz: %d %s", status, body)
			}
			failures := func() int {
				n := 0
				for line := range strings.Lines(log.String()) {
					if strings.Contains(line, "periodic work failed") && strings.Contains(line, "work=checkpoint") {
						n++
					}
				}
				return n
			}
			s.until("the log says that checkpoints fail", often, func() bool { return failures() > 0 })

			if n := failures(); n != 1 {
				t.Errorf("the log says %d times that checkpoints fail, want once", n)
			}
			if restarted {
				s.must(s.app.Stop(context.Background()))
				if waiting, err := wiring.Spool(s.app.Config); err != nil || waiting.Pending != 1 {
					t.Errorf("after the end of the process: %+v, %v, want 1 to wait", waiting, err)
				}
				if !strings.Contains(log.String(), "answer.not_stored") {
					t.Error("the log does not say that the answer is not stored")
				}
				proxy.Recover()
				env["OPENAI_BASE_URL"], env["WOOCHAT_CHAT_MODEL"], env["WOOCHAT_EMBEDDING_MODEL"], env["WOOCHAT_LEAST_EVIDENCE"] = fake.URL(), "talker", "none", "0"
				s = s.again(env)
			} else {
				proxy.Recover()
			}
			ready := func() bool { status, _ := s.admin("/readyz"); return status == http.StatusOK }
			s.until("/readyz is 200", often, ready)
			if !restarted {
				s.until("the answer is stored", often, func() bool { return strings.Contains(log.String(), "answer.stored_late") })
				if r := s.call("GET", "/api/chat/history?conversation_id="+start.conversation(t), token, ""); !strings.Contains(string(r.body), whole) {
					t.Errorf("history: %d %s", r.status, r.body)
				}
				if again := s.stream(token, "Tell me about mugs", "Idempotency-Key", "key-1").all(); text(again) != whole || again[0].data != start.data {
					t.Errorf("the same key, stored: %+v", again)
				}
			}
			if got := s.ask(s.session(), "And pots?"); got.Answer != whole {
				t.Errorf("a new message: %+v", got)
			}
			day, events := s.balance()
			if len(events) != 2 || day.Used.ChatRequests != 2 || day.Held != (usage.Amounts{}) {
				t.Errorf("%d events, the day has %+v, want 2 and nothing held", len(events), day)
			}
			for _, e := range events {
				if fake.Find(fmt.Sprintf("%s.%d", e.Reservation, e.CallNo)) == nil || !e.Success || e.Tokens.Output == 0 {
					t.Errorf("settled as %+v", e)
				}
			}
			if n := len(fake.Calls()); n != len(events) {
				t.Errorf("%d calls have %d events", n, len(events))
			}
		})
	}
}
