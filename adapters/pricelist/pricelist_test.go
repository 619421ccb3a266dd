package pricelist_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aiwoochat/woochat/adapters/pricelist"
	"github.com/aiwoochat/woochat/domain/chat"
	"github.com/aiwoochat/woochat/domain/usage"
	"github.com/aiwoochat/woochat/ports"
	"github.com/aiwoochat/woochat/test/porttest"
)

func noon() time.Time { return time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC) }

func write(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "prices.csv")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestPrices(t *testing.T) {
	own := write(t, `model,input,cached_input,output,kind,source,read_on,valid_from,valid_until
model-1,3,1.5,9,chat,https://example.com/prices,2026-01-02,,2026-06-01
model-1,2,,8,chat,https://example.com/prices,2026-06-02,2026-06-01,2026-09-01
model-1,1,0,4,chat,https://example.com/prices,2026-09-02,2026-10-01,
`)
	porttest.Prices(t, func(t *testing.T) porttest.PriceTable {
		l, err := pricelist.New(pricelist.Config{File: own})
		if err != nil {
			t.Fatal(err)
		}
		table := porttest.PriceTable{Prices: l}
		for _, r := range l.Rows() {
			table.Known = append(table.Known, porttest.KnownPrice{Price: r.Price, From: r.From, Until: r.Until})
		}
		return table
	})
}

// The figures are those of the pages that the rows name, typed a second time.
func TestShippedPrices(t *testing.T) {
	l, err := pricelist.New(pricelist.Config{})
	if err != nil {
		t.Fatal(err)
	}
	million := int64(1_000_000)
	for model, want := range map[string][3]string{
		"gpt-4o-mini":            {"0.15", "0.075", "0.60"},
		"gpt-4o":                 {"2.50", "1.25", "10.00"},
		"gpt-4.1-mini":           {"0.40", "0.10", "1.60"},
		"gpt-5-mini":             {"0.25", "0.025", "2.00"},
		"gpt-5-nano":             {"0.05", "0.005", "0.40"},
		"gpt-3.5-turbo":          {"0.50", "0.50", "1.50"},
		"text-embedding-3-small": {"0.02", "0.02", "0.00"},
		"text-embedding-3-large": {"0.13", "0.13", "0.00"},
	} {
		p, err := l.PriceOf(t.Context(), model, noon())
		if err != nil {
			t.Fatal(err)
		}
		got := [3]string{
			p.Cost(chat.Tokens{Input: million}).String(), p.Cost(chat.Tokens{Input: million, Cached: million}).String(),
			p.Cost(chat.Tokens{Output: million}).String(),
		}
		if got != want {
			t.Errorf("a million tokens of %s cost %v (input, cached, output), want %v", model, got, want)
		}
	}
	for _, r := range l.Rows() {
		if !strings.HasPrefix(r.Source, "https://") || r.ReadOn == "" || !strings.HasPrefix(r.Price.Version, "20") {
			t.Errorf("%s: source %q, read on %q, version %q", r.Price.Model, r.Source, r.ReadOn, r.Price.Version)
		}
	}
	if _, err := l.PriceOf(t.Context(), "gpt-4o-mini-2024-07-18", noon()); !errors.Is(err, ports.ErrNotFound) {
		t.Errorf("a dated name that is not listed: got %v, want ErrNotFound", err)
	}
}

func TestFileReplacesAModel(t *testing.T) {
	l, err := pricelist.New(pricelist.Config{File: write(t, "source,read_on,kind,model,output,input\n# ours\nour contract,2026-11-01,chat,gpt-4o-mini,0.5,0.1\n")})
	if err != nil {
		t.Fatal(err)
	}
	shipped, err := pricelist.New(pricelist.Config{})
	if err != nil {
		t.Fatal(err)
	}
	got, err := l.PriceOf(t.Context(), "gpt-4o-mini", noon())
	if err != nil || got.Input != usage.USD/10 || got.CachedInput != usage.USD/10 || got.Output != usage.USD/2 || !strings.HasPrefix(got.Version, "2026-11-01-") {
		t.Errorf("got %+v, error %v, want the file's price", got, err)
	}
	want, _ := shipped.PriceOf(t.Context(), "gpt-5-nano", noon())
	if got, err := l.PriceOf(t.Context(), "gpt-5-nano", noon()); err != nil || got != want {
		t.Errorf("got %+v, error %v, want the shipped price", got, err)
	}
	if a, b := len(l.Rows()), len(shipped.Rows()); a != b {
		t.Errorf("there are %d rows, want %d: one was replaced", a, b)
	}
}

func TestUnknownModels(t *testing.T) {
	ceiling, err := pricelist.ParseCeiling("0.15, 0.60")
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		config pricelist.Config
		want   usage.Price
	}{
		"ceiling":      {pricelist.Config{Ceiling: &ceiling}, usage.Price{Model: "mine", Version: "ceiling", Input: usage.USD * 15 / 100, CachedInput: usage.USD * 15 / 100, Output: usage.USD * 60 / 100}},
		"unpriced":     {pricelist.Config{UnpricedAs0: true}, usage.Price{Model: "mine", Version: "unpriced", Unpriced: true}},
		"both":         {pricelist.Config{UnpricedAs0: true, Ceiling: &ceiling}, usage.Price{Model: "mine", Version: "ceiling", Input: usage.USD * 15 / 100, CachedInput: usage.USD * 15 / 100, Output: usage.USD * 60 / 100}},
		"free of ours": {pricelist.Config{Free: []string{"mine"}, Ceiling: &ceiling}, usage.Price{Model: "mine", Version: "local", Local: true}},
	} {
		l, err := pricelist.New(c.config)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := l.PriceOf(t.Context(), "mine", noon()); err != nil || got != c.want {
			t.Errorf("%s: got %+v, error %v, want %+v", name, got, err, c.want)
		}
		if got, err := l.PriceOf(t.Context(), "gpt-5-nano", noon()); err != nil || got.Unpriced || got.Local || got.Input == 0 {
			t.Errorf("%s: a model of the table: got %+v, error %v", name, got, err)
		}
		if _, err := l.PriceOf(t.Context(), "", noon()); !errors.Is(err, ports.ErrNotFound) {
			t.Errorf("%s: no name: got %v, want ErrNotFound", name, err)
		}
	}
	l, err := pricelist.New(pricelist.Config{})
	if err != nil {
		t.Fatal(err)
	}
	_, err = l.PriceOf(t.Context(), "mine", noon())
	if !errors.Is(err, ports.ErrNotFound) || !strings.Contains(err.Error(), "WOOCHAT_PRICE_CEILING") {
		t.Errorf("got %v, want ErrNotFound and what to do", err)
	}
}

func TestParseCeiling(t *testing.T) {
	for _, s := range []string{"", "1", "1;2", ",", "1,", "a,b", "-1,2", "1,2,3", "1e3,2"} {
		if _, err := pricelist.ParseCeiling(s); !errors.Is(err, ports.ErrInvalid) {
			t.Errorf("%q: got %v, want ErrInvalid", s, err)
		}
	}
	if p, err := pricelist.ParseCeiling("0,0"); err != nil || p.Input != 0 || p.Output != 0 || p.Unpriced {
		t.Errorf("0,0: got %+v, error %v", p, err)
	}
	l, err := pricelist.New(pricelist.Config{Ceiling: &usage.Price{Input: -1}})
	if !errors.Is(err, ports.ErrInvalid) {
		t.Errorf("a negative ceiling: got %v, error %v", l, err)
	}
}

func TestBadRows(t *testing.T) {
	const header = "model,input,cached_input,output,kind,source,read_on,valid_from,valid_until\n"
	for name, c := range map[string]struct {
		text string
		want []string // line and a part of its reason
	}{
		"empty":                {"", []string{"1 there is no line of column names"}},
		"only comments":        {"# nothing\n", []string{"1 there is no line of column names"}},
		"columns":              {"model,input,prize,model\n", []string{`1 column "prize" is not known`, `1 column "model" is there twice`, `1 column "output" is missing`, `1 column "kind" is missing`, `1 column "source" is missing`, `1 column "read_on" is missing`}},
		"every row":            {header + "ok,1,,2,chat,s,2026-01-01,,\nm,one,,2,chat,s,2026-01-01,,\n# note\nn,1,,,chat,s,2026-01-01,,\n", []string{"3 input: not an amount", "5 output: not an amount"}},
		"several in a row":     {header + ",1,2,2,talk,,x,y,z\n", []string{"2 valid_from"}},
		"more for cached":      {header + "m,1,2,2,chat,s,2026-01-01,,\n", []string{"2 cached_input: it costs more"}},
		"negative":             {header + "m,-1,,2,chat,s,2026-01-01,,\n", []string{"2 input"}},
		"too exact":            {header + "m,0.0000000001,,2,chat,s,2026-01-01,,\n", []string{"2 input"}},
		"not read":             {header + "m,1,,2,chat,s,,,\n", []string{"2 read_on: say"}},
		"no source":            {header + "m,1,,2,chat,,2026-01-01,,\n", []string{"2 source: say"}},
		"twice":                {header + "m,1,,2,chat,s,2026-01-01,,\nm,2,,2,chat,s,2026-01-02,,\n", []string{"3 m has another price"}},
		"overlap":              {header + "m,1,,2,chat,s,2026-01-01,,2026-03-02\nm,2,,2,chat,s,2026-01-02,2026-03-01,\n", []string{"3 m has another price"}},
		"the wrong way around": {header + "m,1,,2,chat,s,2026-01-01,2026-03-02,2026-03-01\n", []string{"2 valid_until"}},
		"too few fields":       {header + "m,1\nn,x,,2,chat,s,2026-01-01,,\n", []string{"2 wrong number of fields", "3 input"}},
		"a broken quote":       {header + "m,\"1,,2\n", []string{"2 "}},
	} {
		_, err := pricelist.Parse("own.csv", c.text)
		var table *pricelist.TableError
		if !errors.As(err, &table) {
			t.Errorf("%s: got %v, want a *TableError", name, err)
			continue
		}
		if len(table.Rows) != len(c.want) {
			t.Errorf("%s: got %v, want %d bad rows", name, err, len(c.want))
			continue
		}
		for i, w := range c.want {
			if got := fmt.Sprintf("%d %s", table.Rows[i].Line, table.Rows[i].Reason); !strings.HasPrefix(got, w) {
				t.Errorf("%s: got %q, want it to begin with %q", name, got, w)
			}
			if !strings.Contains(err.Error(), fmt.Sprintf("line %d: ", table.Rows[i].Line)) || !strings.Contains(err.Error(), "own.csv") {
				t.Errorf("%s: %q does not name the file and each line", name, err)
			}
		}
	}
	if _, err := pricelist.New(pricelist.Config{File: write(t, header+"m,x,,2,chat,s,2026-01-01,,\n")}); err == nil {
		t.Error("a bad file was taken")
	}
	if _, err := pricelist.New(pricelist.Config{File: filepath.Join(t.TempDir(), "none.csv")}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no file: got %v", err)
	}
}

func TestParseTakesWhatSpreadsheetsWrite(t *testing.T) {
	rows, err := pricelist.Parse("own.csv", "\ufeffmodel,input,output,kind,source,read_on\r\n\"m, 1\", 1 ,2,chat,s,2026-01-01\r\n")
	if err != nil || len(rows) != 1 || rows[0].Price.Model != "m, 1" || rows[0].Price.Input != usage.USD {
		t.Errorf("got %+v, error %v", rows, err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add("model,input,output,kind,source,read_on\nm,1,2,chat,s,2026-01-01\n")
	f.Add("model,input,cached_input,output,kind,source,read_on,valid_from,valid_until\nm,1,1,2,embedding,s,2026-01-01,2026-01-01,2026-01-02\n")
	f.Fuzz(func(t *testing.T, text string) {
		rows, err := pricelist.Parse("fuzz.csv", text)
		if err != nil {
			return
		}
		for i, r := range rows {
			if r.Price.Model == "" || r.Kind.String() == "" || r.Price.CachedInput > r.Price.Input || r.Price.Version == "" {
				t.Errorf("row %+v was taken", r)
			}
			if slices.ContainsFunc(rows[:i], func(o pricelist.Row) bool {
				return o.Price.Model == r.Price.Model && o.From.Equal(r.From)
			}) {
				t.Errorf("%s has two prices from %v", r.Price.Model, r.From)
			}
		}
	})
}

func ExampleNew() {
	prices, err := pricelist.New(pricelist.Config{Free: []string{"extractive"}})
	if err != nil {
		fmt.Println(err)
		return
	}
	at := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	p, _ := prices.PriceOf(context.Background(), "gpt-4o-mini", at)
	fmt.Println(p.Cost(chat.Tokens{Input: 1200, Output: 300}), "USD")
	_, err = prices.PriceOf(context.Background(), "some-new-model", at)
	fmt.Println(errors.Is(err, ports.ErrNotFound))
	// Output:
	// 0.00036 USD
	// true
}
