package main

import (
	"context"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aiwoochat/woochat/app/metering"
	"github.com/aiwoochat/woochat/app/wiring"
	"github.com/aiwoochat/woochat/domain/chat"
	"github.com/aiwoochat/woochat/domain/usage"
)

// spend records one call at the site of the given address.
func (s *shell) spend(address, model string, tokens chat.Tokens) {
	s.t.Helper()
	p := newProgram(s.lookup, strings.NewReader(""), &strings.Builder{}, &strings.Builder{})
	err := p.with(s.t.Context(), func(app *wiring.App) error {
		site, err := siteNamed(s.t.Context(), app, address)
		if err != nil {
			return err
		}
		tokens.CountedBy = chat.ByProvider
		work := metering.Work{Kind: usage.Chat, Model: model, Input: tokens.Input, Output: tokens.Output, ChatRequests: 1}
		_, err = metering.Guard(s.t.Context(), app.Metering, site.Scope(), work, func(context.Context, usage.Hold) (usage.Event, error) {
			return usage.Event{Tokens: tokens}, nil
		})
		return err
	})
	if err != nil {
		s.t.Fatal(err)
	}
}

func TestUsageReprice(t *testing.T) {
	s := newShell(t)
	has(t, s.ok("usage", "reprice", "--as-of", "2026-11-24"), "No sites yet")
	for _, name := range []string{"a", "b"} {
		s.ok("init", "--tenant", name, "--owner", name+"@example.com", "--url", "https://"+name+".example.com", "--plan", "starter")
	}
	s.ok("prices", "import", s.file("new.csv", priceHead+"gpt-4o-mini,0.10,0.05,0.40,chat,s,"+in(-1)+","+in(30)+",\n"))
	s.spend("a.example.com", "gpt-4o-mini", chat.Tokens{Input: 10_000, Cached: 8_000, Output: 500, Reasoning: 400}) // 0.0012
	s.spend("a.example.com", "gpt-4o", chat.Tokens{Input: 1000, Output: 100})                                       // 0.0035
	s.spend("b.example.com", "gpt-4o", chat.Tokens{Input: 1000, Output: 100})
	s.env["WOOCHAT_PRICE_CEILING"] = "1,2"
	s.spend("a.example.com", "mine", chat.Tokens{Input: 100}) // 0.0001
	billed := fromJSON[list[siteUsage]](t, s.ok("usage", "--json"))

	reprice := func(args ...string) []siteRepriced {
		t.Helper()
		return fromJSON[list[siteRepriced]](t, s.ok(append([]string{"usage", "reprice", "--json"}, args...)...)).Data
	}
	both := reprice("--as-of", in(30), "--dry-run")
	want := []modelReprice{
		{"gpt-4o", both[0].Models[0].PriceVersion, 1, "0.0035", "0.0035", "0.00", 0, "0.00"},
		// 2,000 * 0.10 + 8,000 * 0.05 + 500 * 0.40, in millionths of a dollar.
		{"gpt-4o-mini", both[0].Models[1].PriceVersion, 1, "0.0012", "0.0008", "-0.0004", 0, "0.00"},
		{"mine", "", 1, "0.00", "0.00", "0.00", 1, "0.0001"},
	}
	if len(both) != 2 || len(both[0].Models) != 3 || both[0].Models[0] != want[0] || both[0].Models[1] != want[1] || both[0].Models[2] != want[2] || len(both[1].Models) != 1 {
		t.Errorf("got %+v, want %+v", both, want)
	}
	if v := both[0].Models[1].PriceVersion; !strings.HasPrefix(v, in(-1)+"-") {
		t.Errorf("version %q", v)
	}
	for range 2 {
		out := s.ok("usage", "reprice", "--as-of", in(30), "--site", "a.example.com")
		has(t, out, "at the prices of "+in(30), "gpt-4o-mini", "$0.0012", "$0.0008", "-0.0004", "total", "Not compared: 1 calls of mine, billed $0.0001", "What was billed stays. The costs of 2 calls are kept")
	}
	if got := reprice("--as-of", in(0), "--tenant", "a", "--model", "gpt-4o-mini"); len(got) != 1 || len(got[0].Models) != 1 || got[0].Models[0].Difference != "0.00" {
		t.Errorf("got %+v", got)
	}
	has(t, s.ok("usage", "reprice", "--as-of", in(0), "--from", "2026-01-01", "--to", "2026-01-02"), "No calls in these days.")
	has(t, s.ok("usage", "reprice", "--as-of", in(30), "--dry-run"), "Nothing was stored")
	if now := fromJSON[list[siteUsage]](t, s.ok("usage", "show", "--json")); now.Data[0].Today != billed.Data[0].Today || now.Data[1].Today != billed.Data[1].Today {
		t.Errorf("billed is now %+v, was %+v", now.Data, billed.Data)
	}

	for _, c := range []struct {
		args []string
		code int
		want []string
	}{
		{nil, exitUsage, []string{"--as-of: is needed"}},
		{[]string{"--as-of", "soon", "--from", "then", "--to", "never"}, exitUsage, []string{"3 problems:", "--as-of: ", "--from: ", "--to: ", "usage reprice --help"}},
		{[]string{"--as-of", in(0), "--from", "2026-02-02", "--to", "2026-02-01"}, exitUsage, []string{"not a range of days"}},
		{[]string{"--as-of", in(0), "--from", "2020-02-02"}, exitUsage, []string{"not a range of days"}},
		{[]string{"--as-of", in(0), "--site", "nobody"}, exitFailure, []string{`site "nobody"`}},
		{[]string{"--as-of", in(0), "--tenant", "nobody"}, exitFailure, []string{`tenant "nobody"`}},
		{[]string{"--as-of", in(0), "--tenant", "a", "--site", "a.example.com"}, exitUsage, []string{"can't be used together"}},
	} {
		r := s.run(append([]string{"usage", "reprice"}, c.args...)...)
		if r.code != c.code {
			t.Errorf("%v: exit code %d, want %d", c.args, r.code, c.code)
		}
		has(t, r.err, c.want...)
	}
}

// A broken price file keeps everything from starting, and says each line.
func TestServeReadsThePricesOfItsFolder(t *testing.T) {
	s := newShell(t)
	s.ok("prices", "import", s.file("new.csv", priceHead+"mine,1,,2,chat,s,"+in(-1)+",,\n"))
	s.ok("init", "--tenant", "a", "--owner", "a@example.com", "--url", "https://a.example.com", "--plan", "starter")
	s.spend("a.example.com", "mine", chat.Tokens{Input: 1000, Output: 1000})
	if got := fromJSON[list[siteUsage]](t, s.ok("usage", "--json")); got.Data[0].Today.Cost != "0.003" {
		t.Errorf("got %+v", got.Data[0].Today)
	}
	write(t, filepath.Join(s.env["WOOCHAT_DATA_DIR"], "prices.csv"), priceHead+"mine,x,,2,chat,s,2026-01-01,,\n")
	if r := s.run("usage"); r.code == exitOK || !strings.Contains(r.err, "line 2: input") {
		t.Errorf("exit code %d: %s", r.code, r.err)
	}
}
