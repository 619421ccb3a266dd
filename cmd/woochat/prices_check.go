package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aiwoochat/woochat/app/wiring"
	"github.com/aiwoochat/woochat/domain/usage"
	"github.com/aiwoochat/woochat/ports"
)

type pricesCheck struct {
	File   string `arg:"" optional:"" help:"A file to check as if it were to be imported; - for what is piped in."`
	MaxAge int    `default:"90" placeholder:"DAYS" help:"Warn about prices in force that were read longer ago; 90 days if left out."`
	jsonFlag
}

// Help implements kong.HelpProvider.
func (pricesCheck) Help() string {
	return `Checks the shipped table, the price file, and whether the models of WOOCHAT_CHAT_MODEL, WOOCHAT_EMBEDDING_MODEL and WOOCHAT_RERANK_MODEL have a price now: a model without one is not called. Exits with 1 if there is an error; a warning is none. Nothing is written.

Examples:

    woochat prices check
    woochat prices check new.csv
    woochat prices check --max-age 30 --json
`
}

// Levels of a priceFinding.
const (
	levelOK      = "ok"
	levelWarning = "warning"
	levelError   = "error"
)

// priceFinding is one thing that was looked at.
type priceFinding struct {
	Level  string `json:"level"`
	What   string `json:"what"`
	Detail string `json:"detail"`
}

// Run checks prices.
func (c pricesCheck) Run(ctx context.Context, p *program) error {
	if c.MaxAge < 1 {
		return &usageError{[]error{fmt.Errorf("--max-age: %d is not a number of days", c.MaxAge)}, "woochat prices check"}
	}
	cfg, _, err := p.settings(quiet())
	if err != nil {
		return err
	}
	found, err := c.look(ctx, p, cfg)
	if err != nil {
		return err
	}
	wrong := 0
	for _, f := range found {
		if f.Level == levelError {
			wrong++
		}
	}
	if c.JSON {
		err = jsonList(p, found)
	} else {
		for _, f := range found {
			fmt.Fprintf(p.stdout, "%-7s  %s: %s\n", f.Level, printable(f.What), printable(f.Detail))
		}
	}
	if err == nil && wrong > 0 {
		err = withHint(fmt.Errorf("the prices are not right: errors %d", wrong), "each is listed above")
	}
	return err
}

func (c pricesCheck) look(ctx context.Context, p *program, cfg wiring.Config) ([]priceFinding, error) {
	table, err := wiring.PriceTable(cfg)
	found, err := badRows(nil, err)
	if err != nil {
		return nil, err
	}
	if found == nil {
		found = c.rows(p, cfg, table)
		models, err := c.models(ctx, p, cfg, table)
		if err != nil {
			return nil, err
		}
		found = append(found, models...)
	}
	if c.File == "" {
		return found, nil
	}
	text, name, err := p.readPrices(c.File)
	if err != nil {
		return nil, err
	}
	done, err := wiring.ImportPrices(cfg, name, text, p.now(), true)
	if err == nil {
		return append(found, priceFinding{levelOK, name, fmt.Sprintf("could be imported: %d added, %d replaced, %d confirmed, %d ended, %d unchanged",
			len(done.Added), len(done.Replaced), len(done.Confirmed), len(done.Ended), done.Unchanged)}), nil
	}
	return badRows(found, err)
}

// badRows appends what is wrong with a price file. It returns an error that is
// not about rows.
func badRows(found []priceFinding, err error) ([]priceFinding, error) {
	var bad *wiring.PriceTableError
	switch {
	case err == nil:
		return found, nil
	case !errors.As(err, &bad):
		return nil, err
	}
	for _, r := range bad.Rows {
		found = append(found, priceFinding{levelError, fmt.Sprintf("%s, line %d", bad.File, r.Line), r.Reason})
	}
	return found, nil
}

// rows looks at the tables: how many rows they have, which are old, and which
// end without another price after them.
func (c pricesCheck) rows(p *program, cfg wiring.Config, table []wiring.PriceRow) []priceFinding {
	now := p.now()
	oldest := usage.DayOf(now.AddDate(0, 0, -c.MaxAge), time.UTC)
	shipped, own := 0, 0
	var notes []priceFinding
	for i, r := range table {
		if r.File == "" {
			shipped++
		} else {
			own++
		}
		if r.InForce(now) && r.ReadOn < oldest {
			notes = append(notes, priceFinding{levelWarning, r.Price.Model, fmt.Sprintf("its price was read on %s, more than %d days ago, at %s: read it again", r.ReadOn, c.MaxAge, r.Source)})
		}
		if followed := i+1 < len(table) && table[i+1].Price.Model == r.Price.Model; !r.Until.IsZero() && !followed {
			notes = append(notes, priceFinding{levelWarning, r.Price.Model, fmt.Sprintf("has no price from %s on", priceDay(r.Until))})
		}
	}
	found := []priceFinding{{levelOK, "shipped table", fmt.Sprintf("%d prices in use", shipped)}}
	if own > 0 {
		found = append(found, priceFinding{levelOK, wiring.PricesPath(cfg), fmt.Sprintf("%d prices", own)})
	}
	return append(found, notes...)
}

// models looks whether each model in use has a price.
func (pricesCheck) models(ctx context.Context, p *program, cfg wiring.Config, table []wiring.PriceRow) ([]priceFinding, error) {
	prices, err := wiring.Prices(cfg)
	if err != nil {
		return nil, err
	}
	var found []priceFinding
	for _, m := range wiring.PricedModels(cfg) {
		what := m.Env + "=" + m.Name
		price, err := prices.PriceOf(ctx, m.Name, p.now())
		if errors.Is(err, ports.ErrNotFound) {
			found = append(found, priceFinding{levelError, what, "has no price, and is not called: import one, or set WOOCHAT_PRICE_CEILING"})
			continue
		}
		if err != nil {
			return nil, err
		}
		found = append(found, priceFinding{levelOK, what, fmt.Sprintf("input %s, cached %s, output %s, version %s", price.Input, price.CachedInput, price.Output, price.Version)})
		for _, r := range table {
			if r.Price.Model == m.Name && r.Price.Version == price.Version && r.Kind != m.Kind {
				found = append(found, priceFinding{levelWarning, what, fmt.Sprintf("its price is that of a model for %s", r.Kind)})
			}
		}
	}
	if found == nil {
		found = []priceFinding{{levelOK, "models", "none is called: answers quote the shop's pages, and cost nothing"}}
	}
	return found, nil
}
