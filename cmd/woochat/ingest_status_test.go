package main

import (
	"strings"
	"testing"

	"github.com/aiwoochat/woochat/domain/tenant"
)

// TestIngestStatusIsBounded: unasked, the status neither reads the state of every
// document of a large shop nor lists more than a page of sites.
func TestIngestStatusIsBounded(t *testing.T) {
	if _, counted, left, err := (ingestStatus{}).sources(t.Context(), nil, tenant.Site{}, countUpTo+1, countUpTo); counted || left != countUpTo || err != nil {
		t.Errorf("a large shop: counted %t, %d left, %v", counted, left, err)
	}
	if _, counted, left, err := (ingestStatus{}).sources(t.Context(), nil, tenant.Site{}, 2, 1); counted || left != 1 || err != nil {
		t.Errorf("after others: counted %t, %d left, %v", counted, left, err)
	}

	s := newShell(t)
	s.ok("init", "--tenant", "A", "--owner", "a@example.com", "--url", "https://a.example.com")
	s.ok("site", "create", "--tenant", "A", "--url", "https://b.example.com")
	s.ok("ingest", "csv", "--site", "a.example.com", s.file("export.csv", csvHead+"1,simple,A-1,Mug,1,visible,1,9.90\n"))
	type answer struct {
		Data      []sourceStatus  `json:"data"`
		Uncounted []tenant.SiteID `json:"sources_not_counted"`
		Sites     []siteStatus    `json:"sites"`
		Next      tenant.SiteID   `json:"next_after"`
	}
	status := func(args ...string) answer {
		return fromJSON[answer](t, s.ok(append([]string{"ingest", "status", "--json"}, args...)...))
	}
	for _, args := range [][]string{nil, {"--sources"}} {
		if got := status(args...); len(got.Data) != 1 || len(got.Uncounted) != 0 || len(got.Sites) != 2 || got.Next != "" {
			t.Errorf("%v: %+v", args, got)
		}
	}
	if got := status("--no-sources"); len(got.Data) != 0 || len(got.Uncounted) != 2 || len(got.Sites) != 2 {
		t.Errorf("without sources: %+v", got)
	}
	first := status("--limit", "1")
	if len(first.Sites) != 1 || first.Next != first.Sites[0].Site {
		t.Fatalf("the first page: %+v", first)
	}
	second := status("--limit", "1", "--after", string(first.Next))
	if len(second.Sites) != 1 || second.Next != "" || second.Sites[0].Site == first.Next {
		t.Errorf("the second page: %+v", second)
	}
	if out := s.ok("ingest", "status", "--limit", "1"); !strings.Contains(out, "--after "+string(first.Next)) {
		t.Errorf("nobody is told of the next page: %s", out)
	}
	if r := s.run("ingest", "status", "--limit", "0"); r.code != exitUsage {
		t.Errorf("exit code %d", r.code)
	}
}
