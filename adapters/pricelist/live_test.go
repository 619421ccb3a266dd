package pricelist_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/aiwoochat/woochat/adapters/pricelist"
	"github.com/aiwoochat/woochat/ports"
	"github.com/aiwoochat/woochat/test/porttest"
)

// followed is a Live on a file that need not be there.
type followed struct {
	*testing.T
	book
	clock *porttest.Clock
	live  *pricelist.Live
	told  []string
}

func follow(t *testing.T, text string) *followed {
	t.Helper()
	f := &followed{T: t, book: newBook(t, text), clock: porttest.NewClock(noon())}
	live, err := pricelist.NewLive(f.config, f.clock.Now, func(err error) { f.told = append(f.told, err.Error()) })
	if err != nil {
		t.Fatal(err)
	}
	f.live = live
	return f
}

func (f *followed) config() (pricelist.Config, error) {
	_, err := os.Stat(f.path)
	if errors.Is(err, os.ErrNotExist) {
		return pricelist.Config{}, nil
	}
	return pricelist.Config{File: f.path}, err
}

// price returns the input price of a model, "none" if there is none.
func (f *followed) price(model string) string {
	f.T.Helper()
	p, err := f.live.PriceOf(f.T.Context(), model, noon())
	if errors.Is(err, ports.ErrNotFound) {
		return "none"
	}
	if err != nil {
		f.T.Fatal(err)
	}
	return p.Input.String()
}

func (f *followed) want(model, price string) {
	f.T.Helper()
	if got := f.price(model); got != price {
		f.T.Errorf("%s costs %s, want %s", model, got, price)
	}
}

func (f *followed) imports(rows string) {
	f.T.Helper()
	if _, err := f.take(rows); err != nil {
		f.T.Fatal(err)
	}
}

func TestLiveFollowsItsFile(t *testing.T) {
	f := follow(t, "")
	f.want("mine", "none")
	f.imports("mine,1,,2,chat,s,2026-11-20,,\n")
	f.clock.Advance(pricelist.Freshness - 1)
	f.want("mine", "none")
	f.clock.Advance(1)
	f.want("mine", "1.00")
	f.imports("mine,3,,4,chat,s,2026-11-20,2026-11-22,\n")
	f.want("mine", "1.00")
	f.clock.Advance(pricelist.Freshness)
	f.want("mine", "3.00")
	f.want("gpt-5-nano", "0.05")

	// A clock that goes back does not keep it from looking.
	f.imports("new,7,,8,chat,s,2026-11-20,,\n")
	f.clock.Advance(-time.Hour)
	f.want("new", "7.00")
	if err := os.Remove(f.path); err != nil {
		t.Fatal(err)
	}
	f.clock.Advance(pricelist.Freshness)
	f.want("mine", "none")
	if f.told != nil {
		t.Errorf("told of %q", f.told)
	}
}

// A file that is broken while a server runs does not take its prices away.
func TestLiveKeepsThePricesOfBefore(t *testing.T) {
	const good = head + "mine,1,,2,chat,s,2026-11-20,,\n"
	f := follow(t, good)
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(f.path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		f.clock.Advance(pricelist.Freshness)
	}
	write(head + "mine,x,,2,chat,s,2026-11-20,,\n")
	for range 3 {
		f.want("mine", "1.00")
		f.clock.Advance(pricelist.Freshness)
	}
	if len(f.told) != 1 {
		t.Errorf("told of %q, want it once", f.told)
	}
	write(head + "mine,2,,2,chat,s,2026-11-20,,\nnew,y,,2,chat,s,2026-11-20,,\n")
	f.want("mine", "1.00")
	write(head + "mine,22,,22,chat,s,2026-11-20,,\n")
	f.want("mine", "22.00")
	write(head + "mine,x,,2,chat,s,2026-11-20,,\n")
	f.want("mine", "22.00")
	if len(f.told) != 3 {
		t.Errorf("told of %q, want each break once", f.told)
	}
}

func TestNewLiveRefusesWhatNewRefuses(t *testing.T) {
	bad := write(t, head+"mine,x,,2,chat,s,2026-11-20,,\n")
	broken := errors.New("no configuration")
	for name, config := range map[string]func() (pricelist.Config, error){
		"bad rows": func() (pricelist.Config, error) { return pricelist.Config{File: bad}, nil },
		"no file": func() (pricelist.Config, error) {
			return pricelist.Config{File: filepath.Join(t.TempDir(), "none.csv")}, nil
		},
		"config": func() (pricelist.Config, error) { return pricelist.Config{}, broken },
	} {
		if l, err := pricelist.NewLive(config, noon, func(error) { t.Error("told") }); err == nil || l != nil {
			t.Errorf("%s: got %v, %v", name, l, err)
		}
	}
}

// Many may ask while others import: each gets the one price or the other.
func TestLiveIsSafeForConcurrentUse(t *testing.T) {
	f := follow(t, head+"mine,1,,2,chat,s,2026-11-20,2026-01-01,\n")
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 200 {
				f.clock.Advance(time.Second)
				if got := f.price("mine"); got != "1.00" {
					t.Errorf("mine costs %s", got)
				}
			}
		})
	}
	for i := range 20 {
		f.imports(fmt.Sprintf("new-%d,1,,2,chat,s,2026-11-20,,\n", i))
	}
	wg.Wait()
	f.clock.Advance(pricelist.Freshness)
	f.want("new-19", "1.00")
	if f.told != nil {
		t.Errorf("told of %q", f.told)
	}
}

func TestLivePrices(t *testing.T) {
	path := write(t, head+"model-1,3,1.5,9,chat,s,2026-01-02,,2026-06-01\nmodel-1,2,,8,chat,s,2026-06-02,2026-06-01,\n")
	porttest.Prices(t, func(t *testing.T) porttest.PriceTable {
		config := pricelist.Config{File: path}
		live, err := pricelist.NewLive(func() (pricelist.Config, error) { return config, nil }, noon, func(err error) { t.Error(err) })
		if err != nil {
			t.Fatal(err)
		}
		list, err := pricelist.New(config)
		if err != nil {
			t.Fatal(err)
		}
		table := porttest.PriceTable{Prices: live}
		for _, r := range list.Rows() {
			table.Known = append(table.Known, porttest.KnownPrice{Price: r.Price, From: r.From, Until: r.Until})
		}
		return table
	})
}

func ExampleNewLive() {
	config := func() (pricelist.Config, error) { return pricelist.Config{File: os.Getenv("PRICES_FILE")}, nil }
	live, err := pricelist.NewLive(config, noon, func(err error) { fmt.Println("the prices of before stay:", err) })
	if err != nil {
		fmt.Println(err)
		return
	}
	_ = live // a ports.Prices
}
