package main

import (
	"strings"
	"testing"
	"time"

	"github.com/aiwoochat/woochat/app/metering"
	"github.com/aiwoochat/woochat/app/wiring"
	"github.com/aiwoochat/woochat/domain/chat"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/domain/usage"
)

// spent is a shell with two sites of one tenant, on which something was used.
func spent(t *testing.T) (*shell, []tenant.Site) {
	t.Helper()
	s := newShell(t)
	s.ok("init", "--tenant", "A", "--owner", "a@example.com", "--url", "https://a.example.com", "--plan", "starter")
	s.ok("site", "create", "--url", "https://b.example.com")
	var sites []tenant.Site
	p := newProgram(s.lookup, strings.NewReader(""), &strings.Builder{}, &strings.Builder{})
	if err := p.with(t.Context(), func(app *wiring.App) error {
		var err error
		if sites, err = allSites(t.Context(), app); err != nil {
			return err
		}
		for _, site := range sites {
			a, err := app.Metering.Admit(t.Context(), site.Scope(), app.Metering.NewReservation(), usage.Amounts{ChatRequests: 1, ChatTokens: 100, Cost: 1000})
			if err != nil {
				continue // the second site has no license
			}
			call, err := a.Start(t.Context(), usage.Call{Kind: usage.Chat, Model: "model-1", PromptTokens: 50, MaxOutput: 50}, usage.Amounts{})
			if err != nil {
				return err
			}
			if _, err := call.Settle(t.Context(), metering.Outcome{Tokens: chat.Tokens{Input: 30, Output: 12, CountedBy: chat.ByProvider}}, true); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return s, sites
}

func TestUsageByGroup(t *testing.T) {
	s, sites := spent(t)
	today := usage.DayOf(time.Now(), time.UTC)
	for by, group := range map[string]string{"site": "a.example.com  " + string(sites[0].ID), "tenant": "A  " + string(sites[0].Tenant), "model": "model-1", "day": string(today)} {
		out := s.ok("usage", "--group-by", by, "--days", "2")
		for _, want := range []string{group, "total", strings.ToUpper(by), "  42  "} {
			if !strings.Contains(out, want) {
				t.Errorf("by %s: no %q in\n%s", by, want, out)
			}
		}
		if strings.Contains(out, "▁") || strings.Contains(out, "█") != (by == "day") {
			t.Errorf("by %s: a line where there are no days, or none:\n%s", by, out)
		}
		rows := fromJSON[list[sumRow]](t, s.ok("usage", "--group-by", by, "--json", "--tenant", "A")).Data
		if len(rows) != 1 || rows[0].ChatTokens != 42 || rows[0].ChatRequests != 1 || rows[0].PromptTokens != 30 {
			t.Errorf("by %s: %+v", by, rows)
		}
		csv := s.ok("usage", "--group-by", by, "--csv", "--site", "a.example.com")
		if lines := strings.Split(strings.TrimSpace(csv), "\n"); len(lines) != 2 || !strings.HasSuffix(lines[0], ",cost_usd") || !strings.Contains(lines[1], ",42,0,0.00") {
			t.Errorf("by %s:\n%s", by, csv)
		}
	}
	if out := s.ok("usage", "--group-by", "model", "--site", "b.example.com"); !strings.Contains(out, "Nothing was used.") {
		t.Errorf("got\n%s", out)
	}
}

func TestUsageAsCSV(t *testing.T) {
	s, sites := spent(t)
	lines := strings.Split(strings.TrimSpace(s.ok("usage", "--csv")), "\n")
	if len(lines) != 2 || !strings.HasPrefix(lines[0], "id,created_at,") || !strings.Contains(lines[1], string(sites[0].ID)) {
		t.Errorf("got %q", lines)
	}
	if out := s.ok("usage", "--csv", "--site", "b.example.com"); strings.Count(out, "\n") != 1 {
		t.Errorf("a site without usage: %q", out)
	}
	if rows := fromJSON[list[siteUsage]](t, s.ok("usage", "--json", "--tenant", "A", "--days", "3")).Data; len(rows) != 2 || len(rows[0].Days) != 3 {
		t.Errorf("got %+v", rows)
	}
	for _, args := range [][]string{
		{"--csv", "--json"}, {"--days", "402"}, {"--days", "-1"}, {"--days", "3", "--from", "2026-11-01"}, {"--group-by", "week"},
	} {
		if r := s.run(append([]string{"usage"}, args...)...); r.code != exitUsage {
			t.Errorf("usage %v: exit code %d: %s", args, r.code, r.err)
		}
	}
}

func TestShare(t *testing.T) {
	for _, c := range []struct {
		used, limit int64
		want        string
	}{
		{0, 10, "0%"},
		{1, 1000, "<1%"},
		{10, 1000, "1%"},
		{5, 10, "50%"},
		{999, 1000, "99%"},
		{1000, 1000, "100%"},
		{1001, 1000, "100%"},
		{0, 0, "100%"},
		{1 << 60, 1 << 61, "50%"},
		{1, 2, "50%"},
	} {
		if got := share(c.used, c.limit); got != c.want {
			t.Errorf("share(%d, %d) = %s, want %s", c.used, c.limit, got, c.want)
		}
	}
}
