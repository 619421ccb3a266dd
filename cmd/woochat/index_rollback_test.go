package main

import (
	"strings"
	"testing"
)

// TestIndexRollback builds an index anew and takes that back.
func TestIndexRollback(t *testing.T) {
	s := newShell(t)
	s.ok("init", "--tenant", "A", "--owner", "a@example.com", "--url", "https://a.example.com")
	s.ok("ingest", "pages", s.pages(map[string]string{"shipping.md": "# Shipping\n\nWe ship to Norway.\n"}))
	if r := s.run("index", "rollback"); r.code != exitFailure || !strings.Contains(r.err, "no generation of the index is kept") {
		t.Errorf("exit code %d: %s", r.code, r.err)
	}
	if out := s.ok("index", "rollback", "--all"); !strings.Contains(out, `"event":"kept"`) {
		t.Errorf("got %s", out)
	}
	if r := s.run("index", "rollback", "--all", "--site", "a.example.com"); r.code != exitUsage {
		t.Errorf("exit code %d: %s", r.code, r.err)
	}
	status := func() indexRow {
		t.Helper()
		return fromJSON[list[indexRow]](t, s.ok("index", "status", "--json")).Data[0]
	}
	first := status()
	s.ok("index", "rebuild")
	if now := status(); now.Generation != first.Generation+1 || now.Former == nil || now.Former.Generation != first.Generation || now.Pinned {
		t.Fatalf("rebuilt: %+v", now)
	}
	s.ok("ingest", "pages", "--no-full", s.pages(map[string]string{"returns.md": "# Returns\n\nWithin 60 days.\n"}))
	if out := s.ok("index", "rollback"); !strings.Contains(out, `"event":"rolled_back"`) || !strings.Contains(out, `"documents":2`) || !strings.Contains(out, `"complete":true`) {
		t.Errorf("got %s", out)
	}
	// The model is the one that is wanted: nothing else holds it there.
	if now := status(); now.Generation != first.Generation || now.Waiting != 0 || now.Building != nil || now.Former.Generation != first.Generation+1 {
		t.Errorf("rolled back: %+v", now)
	}
	for _, question := range []string{"ship to Norway", "returns"} {
		if out := s.ok("search", question); !strings.Contains(out, "page:") {
			t.Errorf("%s: found %s", question, out)
		}
	}
	if out := s.ok("index", "status"); !strings.Contains(out, "BEFORE") {
		t.Errorf("got %s", out)
	}
	if out := s.ok("index", "rollback", "--json"); !strings.Contains(out, `"event":"rolled_back"`) || !strings.Contains(out, `"complete":true`) {
		t.Errorf("got %s", out)
	}
}
