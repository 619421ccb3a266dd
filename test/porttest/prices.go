package porttest

import (
	"context"
	"testing"
	"time"

	"github.com/aiwoochat/woochat/domain/usage"
	"github.com/aiwoochat/woochat/ports"
)

// PriceTable is what an adapter's test gives to the suite Prices.
type PriceTable struct {
	ports.Prices
	// Known are prices that the table has. One at least; those of a model
	// that changed its price let the suite check the change.
	Known []KnownPrice
}

// KnownPrice is a price and when it is in force.
type KnownPrice struct {
	usage.Price
	From, Until time.Time // zero: from ever, for ever; Until is the first instant after
}

// Prices runs the contract of ports.Prices. open is called once for each case.
func Prices(t *testing.T, open func(t *testing.T) PriceTable) {
	t.Helper()
	runCases(t, priceCases, func(t *testing.T) *priceFixture {
		f := &priceFixture{T: t, PriceTable: open(t)}
		if len(f.Known) == 0 {
			t.Fatal("the suite needs a price that the table has")
		}
		return f
	})
}

type priceFixture struct {
	*testing.T
	PriceTable
}

// at returns the price that Known has at t.
func (f *priceFixture) at(model string, t time.Time) (usage.Price, bool) {
	for _, k := range f.Known {
		if k.Model == model && !t.Before(k.From) && (k.Until.IsZero() || t.Before(k.Until)) {
			return k.Price, true
		}
	}
	return usage.Price{}, false
}

func (f *priceFixture) check(model string, t time.Time) {
	f.Helper()
	got, err := f.PriceOf(f.Context(), model, t)
	if want, ok := f.at(model, t); !ok {
		wantErr(f.T, "PriceOf "+model+" at "+t.String(), err, ports.ErrNotFound)
	} else if err != nil || got != want {
		f.Errorf("PriceOf(%s, %v): error %v\n got %+v\nwant %+v", model, t, err, got, want)
	}
}

var priceCases = []contractCase[*priceFixture]{
	{"in force", "PriceOf returns the price in force at that time, to the instant, in whatever zone it is asked", func(f *priceFixture) {
		for _, k := range f.Known {
			for _, border := range []time.Time{k.From, k.Until} {
				if border.IsZero() {
					border = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
				}
				for _, d := range []time.Duration{-time.Nanosecond, 0, time.Nanosecond} {
					f.check(k.Model, border.Add(d))
					f.check(k.Model, border.Add(d).In(time.FixedZone("there", 14*3600)))
				}
			}
		}
	}},
	{"complete", "a price names its model and its table's version, and is not negative", func(f *priceFixture) {
		for _, k := range f.Known {
			at := k.From
			if at.IsZero() && !k.Until.IsZero() {
				at = k.Until.Add(-time.Nanosecond)
			}
			got, err := f.PriceOf(f.Context(), k.Model, at)
			if err != nil || got.Model != k.Model || got.Version == "" || got.Input < 0 || got.CachedInput < 0 || got.Output < 0 {
				f.Errorf("PriceOf(%s): got %+v, error %v", k.Model, got, err)
			}
		}
	}},
	{"unknown", "a model whose price is not known is not found: no other model's price is taken for it", func(f *priceFixture) {
		now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
		for _, k := range f.Known {
			for _, model := range []string{"", " ", k.Model + "-2099-12-31", k.Model + " ", "x" + k.Model, k.Model[:len(k.Model)-1], k.Model + "%", "no-such-model"} {
				if _, ok := f.at(model, now); ok {
					continue
				}
				_, err := f.PriceOf(f.Context(), model, now)
				wantErr(f.T, "PriceOf "+model, err, ports.ErrNotFound)
			}
		}
	}},
	{"done context", "a done context ends the call", func(f *priceFixture) {
		ctx, cancel := context.WithCancel(f.Context())
		cancel()
		_, err := f.PriceOf(ctx, f.Known[0].Model, f.Known[0].From)
		wantErr(f.T, "PriceOf", err, context.Canceled)
	}},
	{"together", "concurrent calls are safe", func(f *priceFixture) {
		together(crowd, func(i int) {
			k := f.Known[i%len(f.Known)]
			f.check(k.Model, k.From.Add(time.Duration(i)*time.Hour))
		})
	}},
}
