package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const priceHead = "model,input,cached_input,output,kind,source,read_on,valid_from,valid_until\n"

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func in(days int) string { return time.Now().UTC().AddDate(0, 0, days).Format(time.DateOnly) }

func has(t *testing.T, text string, want ...string) {
	t.Helper()
	for _, w := range want {
		if !strings.Contains(text, w) {
			t.Errorf("lacks %q:\n%s", w, text)
		}
	}
}

func TestPricesList(t *testing.T) {
	s := newShell(t)
	rows := fromJSON[list[priceRow]](t, s.ok("prices", "list", "--model", "4O-MINI", "--at", "2026-11-24", "--json"))
	want := priceRow{
		Model: "gpt-4o-mini", Kind: "chat", Input: "0.15", CachedInput: "0.075", Output: "0.60", ReadOn: "2026-11-23",
		Version: rows.Data[0].Version, Source: rows.Data[0].Source,
	}
	if len(rows.Data) != 1 || rows.Data[0] != want || !strings.HasPrefix(want.Version, "2026-11-23-") || !strings.HasPrefix(want.Source, "https://") {
		t.Errorf("got %+v", rows.Data)
	}
	has(t, s.ok("prices", "list", "--model", "gpt-4o-mini"), "MODEL", "CACHED", "VERSION", "READ ON", "gpt-4o-mini", "0.075", want.Version, want.Source)
	if out := s.ok("prices", "list", "--model", "nobody"); out != "No such price.\n" {
		t.Errorf("got %q", out)
	}
	if out := s.ok("prices", "list", "--model", "nobody", "--json"); !strings.Contains(out, `"data": []`) {
		t.Errorf("got %q", out)
	}
	s.env["WOOCHAT_PRICE_CEILING"] = "1,2"
	has(t, s.ok("prices", "list"), "Any other model: 1.00 for input, 2.00 for output")
	for _, args := range [][]string{{"--at", "yesterday"}, {"--at", "2026-11-24", "--all"}} {
		if r := s.run(append([]string{"prices", "list"}, args...)...); r.code != exitUsage || !strings.Contains(r.err, "--at: ") {
			t.Errorf("%v: exit code %d: %s", args, r.code, r.err)
		}
	}
	s.env["WOOCHAT_PRICES_FILE"] = s.file("bad.csv", priceHead+"m,x,,2,chat,s,2026-01-01,,\nn,1,,,chat,s,2026-01-01,,\n")
	r := s.run("prices", "list")
	if r.code != exitFailure {
		t.Errorf("exit code %d", r.code)
	}
	has(t, r.err, "2 problems:", "bad.csv, line 2: input", "bad.csv, line 3: output", "Hint: ")
}

// What is imported into the data folder is what a call is billed by, from the
// day on that it says.
func TestPricesImport(t *testing.T) {
	s := newShell(t)
	file := s.file("new.csv", priceHead+"new,1,,2,chat,https://example.com/prices,"+in(-1)+",,\ngpt-4o-mini,0.10,0.05,0.40,chat,https://example.com/prices,"+in(-1)+","+in(30)+",\n")
	own := filepath.Join(s.env["WOOCHAT_DATA_DIR"], "prices.csv")

	out := s.ok("prices", "import", file, "--dry-run")
	has(t, out, "added      new  input 1.00, cached 1.00, output 2.00, from ever, version "+in(-1)+"-", "ended      gpt-4o-mini", "holds until "+in(30), "dry run", own)
	if _, err := os.Stat(own); !os.IsNotExist(err) {
		t.Errorf("a dry run wrote: %v", err)
	}
	r := fromJSON[importResult](t, s.ok("prices", "import", file, "--json"))
	if !r.Written || r.File != own || len(r.Added) != 2 || len(r.Ended) != 1 || r.Ended[0].ValidUntil != in(30) {
		t.Errorf("got %+v", r)
	}
	has(t, s.ok("prices", "import", file), "unchanged  2 rows", "Nothing is new")
	rows := fromJSON[list[priceRow]](t, s.ok("prices", "list", "--model", "gpt-4o-mini", "--all", "--json")).Data
	if len(rows) != 2 || rows[0].Input != "0.15" || rows[0].ValidUntil != in(30) || rows[1].Input != "0.10" || rows[1].File != own {
		t.Errorf("got %+v", rows)
	}
	rows = fromJSON[list[priceRow]](t, s.ok("prices", "list", "--model", "gpt-4o-mini", "--at", in(30), "--json")).Data
	if len(rows) != 1 || rows[0].Input != "0.10" {
		t.Errorf("got %+v", rows)
	}

	bad := s.file("bad.csv", priceHead+"new,1.5,,2,chat,s,"+in(-1)+",,\nok,1,,2,chat,s,"+in(-1)+",,\nother,-1,,2,chat,s,"+in(-1)+",,\n")
	before, _ := os.ReadFile(own)
	got := s.run("prices", "import", bad)
	if after, _ := os.ReadFile(own); got.code != exitFailure || got.out != "" || string(after) != string(before) {
		t.Errorf("exit code %d, stdout %q, the file is\n%s", got.code, got.out, after)
	}
	has(t, got.err, "2 problems:", "bad.csv, line 2: new costs something else from ever", "say valid_from", "bad.csv, line 4: input", "Hint: ")

	s.env["WOOCHAT_PRICES_FILE"] = filepath.Join(t.TempDir(), "elsewhere", "prices.csv")
	has(t, s.ok("prices", "import", file), "Written to "+s.env["WOOCHAT_PRICES_FILE"])
	for _, args := range [][]string{{t.TempDir()}, {"none.csv"}} {
		if r := s.run(append([]string{"prices", "import"}, args...)...); r.code != exitFailure {
			t.Errorf("%v: exit code %d: %s", args, r.code, r.err)
		}
	}
	if r := s.run("prices", "import", "-"); r.code != exitFailure || !strings.Contains(r.err, "stdin, line 1: there is no line of column names") {
		t.Errorf("nothing piped in: exit code %d: %s", r.code, r.err)
	}
}

func TestPricesCheck(t *testing.T) {
	s := newShell(t)
	out := s.ok("prices", "check", "--max-age", "100000")
	has(t, out, "ok       shipped table: 11 prices in use", "ok       models: none is called")
	if strings.Contains(out, "warning") || strings.Contains(out, "error") {
		t.Errorf("got\n%s", out)
	}

	s.env["OPENAI_API_KEY"] = "sk-test"
	has(t, s.ok("prices", "check", "--max-age", "100000"), "ok       WOOCHAT_CHAT_MODEL=gpt-4o-mini: input 0.15, cached 0.075, output 0.60, version 2026-11-23-", "ok       WOOCHAT_EMBEDDING_MODEL=text-embedding-3-small")
	s.env["WOOCHAT_CHAT_MODEL"] = "mine"
	r := s.run("prices", "check", "--max-age", "100000")
	if r.code != exitFailure {
		t.Errorf("exit code %d", r.code)
	}
	has(t, r.out, "error    WOOCHAT_CHAT_MODEL=mine: has no price")
	has(t, r.err, "errors 1")
	s.env["WOOCHAT_PRICE_CEILING"] = "1,2"
	has(t, s.ok("prices", "check"), "ok       WOOCHAT_CHAT_MODEL=mine: input 1.00", "version ceiling")
	delete(s.env, "WOOCHAT_PRICE_CEILING")

	s.env["WOOCHAT_PRICES_FILE"] = s.file("own.csv", priceHead+"mine,1,,2,embedding,s,"+in(-40)+",,"+in(10)+"\n")
	has(t, s.ok("prices", "check", "--max-age", "30"), "ok       "+s.env["WOOCHAT_PRICES_FILE"]+": 1 prices", "warning  mine: its price was read on "+in(-40)+", more than 30 days ago",
		"warning  mine: has no price from "+in(10)+" on", "warning  WOOCHAT_CHAT_MODEL=mine: its price is that of a model for embedding")

	good := s.file("good.csv", priceHead+"other,1,,2,chat,s,"+in(-1)+",,\n")
	has(t, s.ok("prices", "check", good), "ok       "+good+": could be imported: 1 added")
	bad := s.file("bad.csv", priceHead+"other,x,,2,chat,s,"+in(-1)+",,\nmine,9,,9,chat,s,"+in(-1)+",,\n")
	r = s.run("prices", "check", bad, "--json")
	found := fromJSON[list[priceFinding]](t, r.out).Data
	errs := 0
	for _, f := range found {
		if f.Level == levelError && strings.HasPrefix(f.What, bad+", line ") {
			errs++
		}
	}
	if r.code != exitFailure || errs != 2 {
		t.Errorf("exit code %d, found %+v", r.code, found)
	}
	s.env["WOOCHAT_PRICES_FILE"] = bad
	r = s.run("prices", "check")
	if r.code != exitFailure || !strings.Contains(r.out, "error    "+bad+", line 2: input") {
		t.Errorf("exit code %d\n%s%s", r.code, r.out, r.err)
	}
	if r := s.run("prices", "check", "--max-age", "0"); r.code != exitUsage {
		t.Errorf("exit code %d", r.code)
	}
}
