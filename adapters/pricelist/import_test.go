package pricelist_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aiwoochat/woochat/adapters/pricelist"
	"github.com/aiwoochat/woochat/domain/usage"
	"github.com/aiwoochat/woochat/ports"
)

const head = "model,input,cached_input,output,kind,source,read_on,valid_from,valid_until\n"

// book is a price file into which things are imported at noon.
type book struct {
	*testing.T
	path string
}

func newBook(t *testing.T, text string) book {
	t.Helper()
	b := book{t, filepath.Join(t.TempDir(), "data", "prices.csv")}
	if text != "" {
		if err := errors.Join(os.Mkdir(filepath.Dir(b.path), 0o700), os.WriteFile(b.path, []byte(text), 0o640)); err != nil {
			t.Fatal(err)
		}
	}
	return b
}

func (b book) text() string {
	b.Helper()
	text, err := os.ReadFile(b.path)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		b.Fatal(err)
	}
	return string(text)
}

func (b book) take(rows string) (pricelist.Imported, error) {
	return pricelist.Import(b.path, "new.csv", head+rows, noon(), false)
}

// rows returns what the file has of a model, each as from, until, input and
// output.
func (b book) rows(model string) []string {
	b.Helper()
	l, err := pricelist.New(pricelist.Config{File: b.path})
	if err != nil {
		b.Fatal(err)
	}
	day := func(t time.Time) string {
		if t.IsZero() {
			return ""
		}
		return t.Format(time.DateOnly)
	}
	var out []string
	for _, r := range l.Rows() {
		if r.Price.Model == model {
			out = append(out, fmt.Sprintf("%s..%s %s %s", day(r.From), day(r.Until), r.Price.Input, r.Price.Output))
		}
	}
	return out
}

func counts(i pricelist.Imported) string {
	return fmt.Sprintf("added %d replaced %d confirmed %d ended %d copied %d unchanged %d",
		len(i.Added), len(i.Replaced), len(i.Confirmed), len(i.Ended), len(i.Copied), i.Unchanged)
}

func TestImport(t *testing.T) {
	const old = "# ours, do not lose\nmodel,output,input,kind,source,read_on,valid_from,valid_until\n" +
		"mine,4,1,chat,our contract,2026-01-02,,\n# of next year\nlater,4,1,chat,our contract,2026-01-02,2027-01-01,\n"
	for _, c := range []struct {
		name string
		rows string
		want string
		of   string // the model to look at
		are  []string
	}{
		{"a new model", "new,1,0.5,2,chat,https://example.com,2026-11-20,,\n", "added 1 replaced 0 confirmed 0 ended 0 copied 0 unchanged 0", "new", []string{".. 1.00 2.00"}},
		{"a new price of ours", "mine,2,,8,chat,s,2026-11-20,2026-12-01,\n", "added 1 replaced 0 confirmed 0 ended 1 copied 0 unchanged 0", "mine", []string{"..2026-12-01 1.00 4.00", "2026-12-01.. 2.00 8.00"}},
		{"a new price since some days", "mine,2,,8,chat,s,2026-11-20,2026-11-20,\n", "added 1 replaced 0 confirmed 0 ended 1 copied 0 unchanged 0", "mine", []string{"..2026-11-20 1.00 4.00", "2026-11-20.. 2.00 8.00"}},
		{"two new prices", "mine,3,,9,chat,s,2026-11-20,2027-01-01,\nmine,2,,8,chat,s,2026-11-20,2026-12-01,2027-01-01\n", "added 2 replaced 0 confirmed 0 ended 1 copied 0 unchanged 0", "mine", []string{"..2026-12-01 1.00 4.00", "2026-12-01..2027-01-01 2.00 8.00", "2027-01-01.. 3.00 9.00"}},
		{"a price before the first one", "later,3,,9,chat,s,2026-11-20,,\n", "added 1 replaced 0 confirmed 0 ended 0 copied 0 unchanged 0", "later", []string{"..2027-01-01 3.00 9.00", "2027-01-01.. 1.00 4.00"}},
		{"another price of what is not yet in force", "later,3,,9,chat,s,2026-11-20,2027-01-01,\n", "added 0 replaced 1 confirmed 0 ended 0 copied 0 unchanged 0", "later", []string{"2027-01-01.. 3.00 9.00"}},
		{"read again", "mine,1,,4,chat,s,2026-11-20,,\n", "added 0 replaced 0 confirmed 1 ended 0 copied 0 unchanged 0", "mine", []string{".. 1.00 4.00"}},
		{"an end to come", "mine,1,,4,chat,our contract,2026-01-02,,2026-12-01\n", "added 0 replaced 0 confirmed 0 ended 1 copied 0 unchanged 0", "mine", []string{"..2026-12-01 1.00 4.00"}},
		{"nothing new", "mine,1,1,4,chat,x,2025-01-02,,\nlater,1,1,4,chat,x,2026-01-02,2027-01-01,\n", "added 0 replaced 0 confirmed 0 ended 0 copied 0 unchanged 2", "mine", []string{".. 1.00 4.00"}},
		{"a new price of a shipped model", "gpt-4o-mini,0.10,,0.40,chat,s,2026-11-20,2026-12-01,\n", "added 1 replaced 0 confirmed 0 ended 1 copied 1 unchanged 0", "gpt-4o-mini", []string{"..2026-12-01 0.15 0.60", "2026-12-01.. 0.10 0.40"}},
		{"a shipped price", "gpt-4o-mini,0.15,0.075,0.60,chat,s,2026-11-20,,\n", "added 0 replaced 0 confirmed 0 ended 0 copied 0 unchanged 1", "gpt-4o-mini", []string{".. 0.15 0.60"}},
		{"a shipped price, read again", "gpt-4o-mini,0.15,0.075,0.60,chat,s,2026-11-23,,\n", "added 0 replaced 0 confirmed 0 ended 0 copied 0 unchanged 1", "gpt-4o-mini", []string{".. 0.15 0.60"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBook(t, old)
			dry, err := pricelist.Import(b.path, "new.csv", head+c.rows, noon(), true)
			if err != nil || b.text() != old {
				t.Fatalf("dry: %v, the file is now\n%s", err, b.text())
			}
			done, err := b.take(c.rows)
			if err != nil || counts(done) != c.want || counts(dry) != c.want {
				t.Fatalf("%s, dry %s, error %v, want %s", counts(done), counts(dry), err, c.want)
			}
			if got := b.rows(c.of); !slices.Equal(got, c.are) {
				t.Errorf("%s is %q, want %q", c.of, got, c.are)
			}
			if done.Changed() == (b.text() == old) {
				t.Errorf("changed: %v, but the file is\n%s", done.Changed(), b.text())
			}
			if !strings.Contains(b.text(), "# ours, do not lose\n") || !strings.Contains(b.text(), "# of next year\n") {
				t.Errorf("a comment was lost:\n%s", b.text())
			}
			if got := len(b.rows("mine")) + len(b.rows("later")); got < 2 {
				t.Errorf("rows of other models were lost:\n%s", b.text())
			}
			// Again, it is all there.
			before := b.text()
			if again, err := b.take(c.rows); err != nil || again.Changed() || b.text() != before {
				t.Errorf("again: %s, error %v, the file is\n%s", counts(again), err, b.text())
			}
			left, err := os.ReadDir(filepath.Dir(b.path))
			info, serr := os.Stat(b.path)
			if err != nil || serr != nil || len(left) != 1 || info.Mode().Perm() != 0o640 {
				t.Errorf("left behind: %v, mode %v, %v, %v", left, info.Mode(), err, serr)
			}
		})
	}
}

// What was in force at a time stays so, whatever is imported.
func TestImportRefuses(t *testing.T) {
	const old = head + "mine,1,,4,chat,s,2026-01-02,,2026-06-01\nmine,2,,8,chat,s,2026-06-01,2026-06-01,\nlater,1,,4,chat,s,2026-01-02,2027-01-01,2027-02-01\n"
	for _, c := range []struct {
		name string
		rows string
		want []string // line and what is said
	}{
		{"another price of what is in force", "mine,2.5,,8,chat,s,2026-11-20,2026-06-01,\n", []string{`2 mine costs something else since 2026-06-01 by version 2026-06-01-`}},
		{"another price of what was in force", "mine,1,,5,chat,s,2026-11-20,,\n", []string{`2 mine costs something else from ever by version 2026-01-02-`}},
		{"another kind", "mine,2,,8,rerank,s,2026-11-20,2026-06-01,\n", []string{"2 mine costs something else"}},
		{"another price of a shipped model", "gpt-4o-mini,0.10,,0.40,chat,s,2026-11-20,,\n", []string{"2 gpt-4o-mini costs something else from ever"}},
		{"an end that has passed", "mine,2,,8,chat,s,2026-06-01,2026-06-01,2026-11-01\n", []string{"2 valid_until: mine has cost that until now"}},
		{"a later end of what has ended", "mine,1,,4,chat,s,2026-01-02,,2027-06-01\n", []string{"2 valid_until: version 2026-01-02-"}},
		{"across another price", "later,3,,9,chat,s,2026-11-20,,2027-01-15\n", []string{"2 valid_until: later has another price from 2027-01-01 on"}},
		{"read tomorrow", "new,3,,9,chat,s,2026-11-24,,\n", []string{"2 read_on: 2026-11-24 is after today, 2026-11-23"}},
		{"too dear", "new,5000.01,,9,chat,s,2026-11-20,,\n", []string{"2 not a price: input costs 5000.01 USD"}},
		{"nothing", "", []string{"1 there is no price below"}},
		{"all errors at once", "mine,2.5,,8,chat,s,2026-11-20,2026-06-01,\ngood,1,,2,chat,s,2026-11-20,,\nbad,x,,9,chat,s,2026-11-20,,\nnew,3,,9,chat,s,2026-11-24,,\ngpt-4o,1,,9,chat,,2026-11-20,,\n", []string{
			"2 mine costs something else", "4 input: not an amount", "5 read_on: 2026-11-24 is after", "6 source: say where",
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBook(t, old)
			done, err := b.take(c.rows)
			var table *pricelist.TableError
			if !errors.As(err, &table) || table.File != "new.csv" || len(table.Rows) != len(c.want) || done.Changed() {
				t.Fatalf("got %s, %v, want %d bad rows", counts(done), err, len(c.want))
			}
			for i, w := range c.want {
				if got := fmt.Sprintf("%d %s", table.Rows[i].Line, table.Rows[i].Reason); !strings.HasPrefix(got, w) {
					t.Errorf("got %q, want it to begin with %q", got, w)
				}
			}
			if b.text() != old {
				t.Errorf("the file was changed:\n%s", b.text())
			}
		})
	}
}

func TestImportMakesTheFile(t *testing.T) {
	b := newBook(t, "")
	if done, err := b.take("new,1,,2,chat,\"says \"\"we, us\"\"\",2026-11-20,,\n"); err != nil || len(done.Added) != 1 {
		t.Fatalf("%s, %v", counts(done), err)
	}
	info, err := os.Stat(b.path)
	if err != nil || info.Mode().Perm() != 0o600 || !strings.HasPrefix(b.text(), "# What models cost") {
		t.Errorf("%v, %v\n%s", info, err, b.text())
	}
	l, err := pricelist.New(pricelist.Config{File: b.path})
	if err != nil {
		t.Fatal(err)
	}
	p, err := l.PriceOf(t.Context(), "new", noon())
	if err != nil || p.Input != usage.USD || !strings.HasPrefix(p.Version, "2026-11-20-") {
		t.Errorf("%+v, %v", p, err)
	}
}

func TestImportIntoABrokenFile(t *testing.T) {
	b := newBook(t, head+"mine,x,,4,chat,s,2026-01-02,,\n")
	before := b.text()
	_, err := b.take("new,1,,2,chat,s,2026-11-20,,\n")
	var table *pricelist.TableError
	if !errors.As(err, &table) || table.File != b.path || b.text() != before {
		t.Errorf("got %v, the file is\n%s", err, b.text())
	}
	if _, err := pricelist.Import(t.TempDir(), "new.csv", head+"new,1,,2,chat,s,2026-11-20,,\n", noon(), false); err == nil {
		t.Error("a folder was taken for a file")
	}
}

// A link to a file that is kept elsewhere stays a link.
func TestImportFollowsALink(t *testing.T) {
	b := newBook(t, head+"mine,1,,4,chat,s,2026-01-02,,\n")
	link := filepath.Join(t.TempDir(), "prices.csv")
	if err := os.Symlink(b.path, link); err != nil {
		t.Fatal(err)
	}
	if _, err := pricelist.Import(link, "new.csv", head+"new,1,,2,chat,s,2026-11-20,,\n", noon(), false); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Lstat(link); err != nil || info.Mode().Type() != os.ModeSymlink || len(b.rows("new")) != 1 {
		t.Errorf("%v, %v\n%s", info, err, b.text())
	}
}

// A version names one price and nothing beside it: it is the same in every
// file, and whatever becomes of other rows or of the price's end.
func TestVersionsAreOfTheRow(t *testing.T) {
	version := func(text string) string {
		t.Helper()
		rows, err := pricelist.Parse("own.csv", text)
		if err != nil {
			t.Fatal(err)
		}
		return rows[0].Price.Version
	}
	first := version(head + "mine,1,,4,chat,s,2026-01-02,,\n")
	for name, text := range map[string]string{
		"a comment":     "# x\n" + head + "mine,1,,4,chat,s,2026-01-02,,\n",
		"another row":   head + "mine,1,,4,chat,s,2026-01-02,,\nnew,1,,4,chat,s,2026-11-20,,\n",
		"an end":        head + "mine,1,,4,chat,s,2026-01-02,,2027-01-01\n",
		"said in full":  head + "mine,1.00,1,4.0,chat,s,2026-01-02,,\n",
		"other columns": "read_on,source,kind,output,input,model\n2026-01-02,s,chat,4,1,mine\n",
	} {
		if got := version(text); got != first {
			t.Errorf("%s: version %s, want %s", name, got, first)
		}
	}
	for name, row := range map[string]string{
		"input": "mine,2,1,4,chat,s,2026-01-02,,\n", "cached input": "mine,1,0.5,4,chat,s,2026-01-02,,\n", "output": "mine,1,,5,chat,s,2026-01-02,,\n",
		"a beginning": "mine,1,,4,chat,s,2026-01-02,2026-01-01,\n", "read again": "mine,1,,4,chat,s,2026-01-03,,\n", "another model": "mine2,1,,4,chat,s,2026-01-02,,\n",
	} {
		if got := version(head + row); got == first {
			t.Errorf("%s: it is still version %s", name, got)
		}
	}
}

// Of many imports at once each is in the file, or its caller was told that it
// is not.
func TestImportsAtOnce(t *testing.T) {
	b := newBook(t, head+"mine,1,,4,chat,s,2026-01-02,,\n")
	const n = 16
	errs := make([]error, n)
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() { _, errs[i] = b.take(fmt.Sprintf("new-%d,1,,2,chat,s,2026-11-20,,\n", i)) })
	}
	wg.Wait()
	for i, err := range errs {
		is := len(b.rows(fmt.Sprintf("new-%d", i))) == 1
		if err != nil && !errors.Is(err, ports.ErrConflict) || is != (err == nil) {
			t.Errorf("import %d: %v, is in the file: %v", i, err, is)
		}
	}
	if len(b.rows("mine")) != 1 {
		t.Errorf("the file is\n%s", b.text())
	}
	// One that was cut off is told of, and is in nobody's way once it is gone.
	if err := os.WriteFile(b.path+".new", []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	before := b.text()
	if _, err := b.take("newer,1,,2,chat,s,2026-11-20,,\n"); !errors.Is(err, ports.ErrConflict) || !strings.Contains(err.Error(), b.path+".new") || b.text() != before {
		t.Errorf("got %v, the file is\n%s", err, b.text())
	}
}

func ExampleImport() {
	dir, err := os.MkdirTemp("", "woochat-example-")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "prices.csv")
	const prices = "model,input,cached_input,output,kind,source,read_on,valid_from\n" +
		"model-1,0.20,0.02,0.80,chat,https://example.com/prices,2026-11-20,2026-12-01\n"
	done, err := pricelist.Import(path, "new.csv", prices, noon(), false)
	fmt.Println(len(done.Added), "added,", err)
	done, err = pricelist.Import(path, "new.csv", prices, noon(), false)
	fmt.Println(len(done.Added), "added,", done.Unchanged, "unchanged,", err)
	// Output:
	// 1 added, <nil>
	// 0 added, 1 unchanged, <nil>
}
