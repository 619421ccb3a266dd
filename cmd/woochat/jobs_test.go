package main

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/aiwoochat/woochat/adapters/sqlite"
	"github.com/aiwoochat/woochat/domain/ingestion"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/test/porttest"
)

// bury makes dead letters of products, and leaves others to wait.
func (s *shell) bury(scope tenant.Scope, dead []string, waiting ...ingestion.Hint) {
	s.t.Helper()
	must := func(err error) {
		s.t.Helper()
		if err != nil {
			s.t.Fatal(err)
		}
	}
	db, err := sqlite.Open(s.t.Context(), sqlite.Config{Dir: s.env["WOOCHAT_DATA_DIR"], Now: time.Now, NewID: porttest.NewID})
	must(err)
	q := db.Queue()
	for _, id := range dead {
		must(q.Enqueue(s.t.Context(), scope, []ingestion.Hint{{Object: ingestion.Object{Kind: ingestion.Product, ID: id}}}))
	}
	b, err := q.Take(s.t.Context(), "worker", 100, time.Minute)
	must(err)
	var all []ingestion.Outcome
	for _, j := range b.Jobs {
		all = append(all, ingestion.Outcome{Object: j.Object, Seq: j.Seq, Err: "the shop answered 500\x1b[2J"})
	}
	must(q.Finish(s.t.Context(), b, all, true, 0))
	must(q.Enqueue(s.t.Context(), scope, waiting))
	must(db.Close())
}

func TestJobs(t *testing.T) {
	s := newShell(t)
	s.ok("init", "--tenant", "A", "--owner", "a@example.com", "--url", "https://a.example.com")
	var sites struct {
		Data []struct {
			Site   tenant.SiteID `json:"id"`
			Tenant tenant.ID     `json:"tenant_id"`
		} `json:"data"`
	}
	text := s.ok("site", "list", "--json")
	if err := json.Unmarshal([]byte(text), &sites); err != nil || len(sites.Data) != 1 {
		t.Fatalf("%v: %s", err, text)
	}
	scope := tenant.Scope{Tenant: sites.Data[0].Tenant, Site: sites.Data[0].Site}
	if out := s.ok("jobs", "list"); !strings.Contains(out, "Nothing waits") {
		t.Errorf("listed: %s", out)
	}
	s.bury(scope, []string{"1", "2", "3"},
		ingestion.Hint{Object: ingestion.Object{Kind: ingestion.Product, ID: "4"}},
		ingestion.Hint{Object: ingestion.Object{Kind: ingestion.Task, ID: ingestion.Poll}, Due: time.Now().Add(time.Hour)})

	type row struct {
		Object, State, Error string
		Attempts             int
	}
	list := func(args ...string) []row {
		t.Helper()
		var l struct{ Data []row }
		text := s.ok(append([]string{"jobs", "list", "--json"}, args...)...)
		if err := json.Unmarshal([]byte(text), &l); err != nil {
			t.Fatalf("%v: %s", err, text)
		}
		return l.Data
	}
	words := func(rows []row) string {
		var all []string
		for _, r := range rows {
			all = append(all, r.Object+" "+r.State)
		}
		return strings.Join(all, ", ")
	}
	if got, want := words(list()), "product:1 dead, product:2 dead, product:3 dead, product:4 due, task:poll waiting"; got != want {
		t.Errorf("listed %s, want %s", got, want)
	}
	if got := list("--dead", "--limit", "1", "--after", "product:1"); words(got) != "product:2 dead" || got[0].Attempts != 1 {
		t.Errorf("a page of the dead: %+v", got)
	}
	out := s.ok("jobs", "list", "--limit", "2", "--site", "a.example.com")
	if !strings.Contains(out, "the shop answered 500") || strings.Contains(out, "\x1b") || !strings.Contains(out, "--after product:2") {
		t.Errorf("a table:\n%s", out)
	}

	for _, args := range [][]string{{"jobs", "retry"}, {"jobs", "drop"}, {"jobs", "drop", "--dead", "product:1"}, {"jobs", "retry", "44"}, {"jobs", "list", "--limit", "0"}} {
		if r := s.run(args...); r.code != exitUsage {
			t.Errorf("%v: exit code %d: %s", args, r.code, r.err)
		}
	}
	if r := s.run("jobs", "drop", "product:1", "product:99"); r.code != exitFailure || !strings.Contains(r.err, "product:99") || !strings.Contains(r.err, "jobs list") {
		t.Errorf("exit code %d: %s", r.code, r.err)
	}
	if out := s.ok("jobs", "drop", "product:1", "task:poll"); !strings.Contains(out, "2 jobs are forgotten") {
		t.Error(out)
	}
	if out := s.ok("jobs", "retry", "--dead"); !strings.Contains(out, "2 jobs are tried again now") {
		t.Error(out)
	}
	if got, want := words(list()), "product:2 due, product:3 due, product:4 due"; got != want {
		t.Errorf("listed %s, want %s", got, want)
	}
	if out := s.ok("jobs", "retry", "--dead", "--json"); !strings.Contains(out, `"changed": 0`) && !strings.Contains(out, `"changed":0`) {
		t.Error(out)
	}
	if out := s.ok("audit", "--site", "a.example.com"); !strings.Contains(out, "drop 2 jobs") || !strings.Contains(out, "retry all dead jobs") {
		t.Errorf("recorded:\n%s", out)
	}
}
