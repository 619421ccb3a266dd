package e2e

import (
	"context"
	"database/sql"
	"io"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aiwoochat/woochat/app/wiring"
	"github.com/aiwoochat/woochat/domain/usage"
	"github.com/aiwoochat/woochat/test/fakes/openaifake"
	"github.com/aiwoochat/woochat/test/harness/migrated"
)

// admin asks the admin listener.
func (s *shop) admin(path string) (int, string) {
	s.Helper()
	req, err := http.NewRequestWithContext(s.Context(), http.MethodGet, s.app.AdminURL+path, nil)
	s.must(err)
	resp, err := http.DefaultClient.Do(req)
	s.must(err)
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	s.must(err)
	return resp.StatusCode, string(body)
}

// ledgerAway returns functions that take the table of usage events away from a
// store and bring it back: no settlement can be written, all else can.
func ledgerAway(t *testing.T, dir string) (away, back func()) {
	t.Helper()
	db, err := sql.Open("sqlite", filepath.Join(dir, "woochat.db")+"?_pragma=busy_timeout(10000)")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	rename := func(from, to string) func() {
		return func() {
			t.Helper()
			if _, err := db.ExecContext(t.Context(), "alter table "+from+" rename to "+to); err != nil {
				t.Fatal(err)
			}
		}
	}
	return rename("usage_events", "usage_events_away"), rename("usage_events_away", "usage_events")
}

// TestStoreAwayAtSettleTime takes the store away under a running answer: the
// answer ends well, what it spent is on disk, and nobody else is let in, by the
// next process neither, until the store has it.
func TestStoreAwayAtSettleTime(t *testing.T) {
	gate := &openaifake.Gate{}
	fake := openaifake.New(t, openaifake.Options{Gate: gate, Script: func(openaifake.ChatRequest) string {
		return strings.TrimSpace(strings.Repeat("One more sentence about mugs. ", 20))
	}})
	dir, log := migrated.Folder(t), &lockedBuffer{}
	s := open(t, withStore("sqlite", dir), withProvider(fake, "talker"), withLog(log), withoutGoods())
	away, back := ledgerAway(t, dir)
	token := s.session()
	if status, body := s.admin("/readyz"); status != http.StatusOK {
		t.Fatalf("readyz: %d %s", status, body)
	}

	st := s.stream(token, "Tell me about mugs")
	gate.Step(20)
	st.next()
	if e, ok := st.next(); !ok || e.name != "delta" {
		t.Fatalf("got %+v, want text", e)
	}
	away()
	gate.Open()
	if end := last(st.all()); end.name != "message.end" || !strings.Contains(end.data, `"finish":"stop"`) {
		t.Errorf("the running answer ended with %+v", end)
	}
	refused := func(s *shop) {
		t.Helper()
		r := s.call("POST", "/api/chat/message", s.session(), question("And pots?"))
		if r.status != http.StatusServiceUnavailable || r.code() != "UNAVAILABLE" || r.header.Get("Retry-After") == "" {
			t.Errorf("while a settlement waits: %d %s, want 503 UNAVAILABLE with Retry-After", r.status, r.body)
		}
		if status, body := s.admin("/readyz"); status != http.StatusServiceUnavailable || !strings.Contains(body, `"reason":"settlements_spooled"`) {
			t.Errorf("readyz: %d %s", status, body)
		}
		if _, text := s.admin("/metrics"); !slices.Contains(strings.Split(text, "\n"), "woochat_spool_pending 1") {
			t.Error("the metrics do not show a settlement that waits")
		}
	}
	refused(s)
	if !strings.Contains(log.String(), "usage.settlement_spooled") {
		t.Error("the log says nothing")
	}

	s.must(s.app.Stop(context.Background()))
	if waiting, err := wiring.Spool(s.app.Config); err != nil || waiting.Pending != 1 {
		t.Errorf("after the end of the process: %+v, %v, want 1 to wait", waiting, err)
	}
	s = s.again(map[string]string{"WOOCHAT_DATA_DIR": dir, "OPENAI_BASE_URL": fake.URL(), "WOOCHAT_CHAT_MODEL": "talker", "WOOCHAT_EMBEDDING_MODEL": "none", "WOOCHAT_LEAST_EVIDENCE": "0"})
	refused(s)

	back()
	deadline := time.Now().Add(30 * time.Second)
	for status := 0; status != http.StatusOK; status, _ = s.admin("/readyz") {
		if time.Now().After(deadline) {
			t.Fatal("the settlement was not replayed")
		}
	}
	s.ask(s.session(), "And pots?")
	day, events := s.balance()
	if len(events) != 2 || day.Used.ChatRequests != 2 || events[0].Tokens.Output == 0 || day.Held != (usage.Amounts{}) {
		t.Errorf("%d events, the day has %+v, want 2 and nothing held", len(events), day)
	}
}
