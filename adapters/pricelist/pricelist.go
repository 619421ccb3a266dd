// Package pricelist tells what models cost from a dated, versioned table: a CSV
// file that is shipped with the program, and optionally one of the operator's
// own. Prices change and cannot be asked of a provider, so each row says where
// it was read and when.
package pricelist

import (
	"context"
	_ "embed"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/aiwoochat/woochat/domain/usage"
	"github.com/aiwoochat/woochat/ports"
)

//go:embed prices.csv
var shipped string

// Versions of the prices that no table has.
const (
	VersionCeiling  = "ceiling"
	VersionUnpriced = "unpriced"
	VersionLocal    = "local"
)

// Config says what is known beside the shipped table.
type Config struct {
	// File is a CSV file in the format of the shipped one; "" for none. All
	// shipped rows of a model that it names are replaced.
	File string
	// Ceiling is the price of every model that no table has; nil refuses
	// those. Only its Input, CachedInput and Output count.
	Ceiling *usage.Price
	// UnpricedAs0 makes a model that no table has free of charge, marked
	// Unpriced: for trying out a server of one's own. Ceiling goes first.
	UnpricedAs0 bool
	// Free are the models that run in this process, such as extractive.
	Free []string
}

// Shipped returns the rows of the table that is shipped with the program; their
// File is "".
func Shipped() ([]Row, error) {
	rows, err := Parse("prices.csv", shipped)
	if err != nil {
		return nil, fmt.Errorf("pricelist: shipped table: %w", err)
	}
	for i := range rows {
		rows[i].File = ""
	}
	return rows, nil
}

// List is a price table. It is a [ports.Prices], and does not change.
type List struct {
	byModel   map[string][]Row
	free      []string
	ceiling   *usage.Price
	unpriced0 bool
}

var _ ports.Prices = (*List)(nil)

// New reads the shipped table and c.File. The error is a *TableError that
// names every bad row, or says why the file cannot be read.
func New(c Config) (*List, error) {
	rows, err := Shipped()
	if err != nil {
		return nil, err
	}
	if c.File != "" {
		text, err := os.ReadFile(c.File)
		if err != nil {
			return nil, fmt.Errorf("pricelist: %w", err)
		}
		own, err := Parse(c.File, string(text))
		if err != nil {
			return nil, fmt.Errorf("pricelist: %w", err)
		}
		rows = slices.DeleteFunc(rows, func(r Row) bool {
			return slices.ContainsFunc(own, func(o Row) bool { return o.Price.Model == r.Price.Model })
		})
		rows = append(rows, own...)
	}
	l := &List{byModel: map[string][]Row{}, free: slices.Clone(c.Free), unpriced0: c.UnpricedAs0}
	for _, r := range rows {
		l.byModel[r.Price.Model] = append(l.byModel[r.Price.Model], r)
	}
	if c.Ceiling != nil {
		p := *c.Ceiling
		if err := p.Valid(); err != nil {
			return nil, fmt.Errorf("pricelist: the price ceiling: %w: %w", ports.ErrInvalid, err)
		}
		l.ceiling = &p
	}
	return l, nil
}

// PriceOf implements [ports.Prices]. A model goes by its whole name: the price
// of gpt-4o-mini says nothing about gpt-4o-mini-2024-07-18.
func (l *List) PriceOf(ctx context.Context, model string, at time.Time) (usage.Price, error) {
	if err := ctx.Err(); err != nil {
		return usage.Price{}, err
	}
	if slices.Contains(l.free, model) {
		return usage.Price{Model: model, Version: VersionLocal, Local: true}, nil
	}
	for _, r := range l.byModel[model] {
		if r.InForce(at) {
			return r.Price, nil
		}
	}
	switch {
	case strings.TrimSpace(model) != model || model == "":
	case l.ceiling != nil:
		p := *l.ceiling
		return usage.Price{Model: model, Version: VersionCeiling, Input: p.Input, CachedInput: p.CachedInput, Output: p.Output}, nil
	case l.unpriced0:
		return usage.Price{Model: model, Version: VersionUnpriced, Unpriced: true}, nil
	}
	return usage.Price{}, fmt.Errorf("pricelist: model %q has no price on %s: put it into a price file, or set WOOCHAT_PRICE_CEILING: %w",
		model, at.UTC().Format(time.DateOnly), ports.ErrNotFound)
}

// Rows returns the table, by model and time. The models that are free are not
// part of it.
func (l *List) Rows() []Row {
	var rows []Row
	for _, r := range l.byModel {
		rows = append(rows, r...)
	}
	slices.SortFunc(rows, func(a, b Row) int {
		if c := strings.Compare(a.Price.Model, b.Price.Model); c != 0 {
			return c
		}
		return a.From.Compare(b.From)
	})
	return rows
}

// ParseCeiling reads the price of models that no table has, as the price of
// input and of output in US dollars for a million tokens: "0.15,0.60". Cached
// input costs as much as other input, for whoever wants to be sure.
func ParseCeiling(s string) (usage.Price, error) {
	in, out, ok := strings.Cut(s, ",")
	if !ok {
		return usage.Price{}, fmt.Errorf("price ceiling %q: want input,output in USD for a million tokens, such as 0.15,0.60: %w", s, ports.ErrInvalid)
	}
	input, err := usage.ParseUSD(strings.TrimSpace(in))
	if err != nil {
		return usage.Price{}, fmt.Errorf("price ceiling of input: %w: %w", ports.ErrInvalid, err)
	}
	output, err := usage.ParseUSD(strings.TrimSpace(out))
	if err != nil {
		return usage.Price{}, fmt.Errorf("price ceiling of output: %w: %w", ports.ErrInvalid, err)
	}
	return usage.Price{Version: VersionCeiling, Input: input, CachedInput: input, Output: output}, nil
}
