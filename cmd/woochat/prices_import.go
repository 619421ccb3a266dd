package main

import (
	"fmt"

	"github.com/aiwoochat/woochat/app/wiring"
)

type pricesImport struct {
	File   string `arg:"" help:"The new prices, as CSV with the columns of the price file; - for what is piped in."`
	DryRun bool   `help:"Say what would change, and write nothing."`
	jsonFlag
}

// Help implements kong.HelpProvider.
func (pricesImport) Help() string {
	return `The price file is that of WOOCHAT_PRICES_FILE, or prices.csv in the data folder. Every row is checked first: if one is bad, all bad ones are listed with their lines, and nothing is written.

A price that is or was in force is never changed. A changed price needs a new dated version: a row with a valid_from, the day from which it holds; the price before it ends there. The same price, read again later, gets the new read_on. Importing a file again changes nothing.

A running server reads the file within 5 seconds.

Columns: model, input, cached_input, output (US dollars for a million tokens), kind (chat, embedding or rerank), source, read_on, valid_from, valid_until. cached_input, valid_from and valid_until may be left out.

Examples:

    woochat prices import new.csv --dry-run
    woochat prices import new.csv
`
}

// importResult is an import as it is printed.
type importResult struct {
	File      string     `json:"file"`
	Written   bool       `json:"written"`
	Added     []priceRow `json:"added"`
	Replaced  []priceRow `json:"replaced"`
	Confirmed []priceRow `json:"confirmed"`
	Ended     []priceRow `json:"ended"`
	Unchanged int        `json:"unchanged"`
}

func priceRows(rows []wiring.PriceRow) []priceRow {
	out := make([]priceRow, 0, len(rows))
	for _, r := range rows {
		out = append(out, rowOfPrice(r))
	}
	return out
}

// Run imports prices.
func (c pricesImport) Run(p *program) error {
	cfg, _, err := p.settings(quiet())
	if err != nil {
		return err
	}
	text, name, err := p.readPrices(c.File)
	if err != nil {
		return err
	}
	done, err := wiring.ImportPrices(cfg, name, text, p.now(), c.DryRun)
	if err != nil {
		return eachBadRow(err)
	}
	r := importResult{
		wiring.PricesPath(cfg), done.Changed() && !c.DryRun, priceRows(done.Added), priceRows(done.Replaced), priceRows(done.Confirmed),
		priceRows(done.Ended), done.Unchanged,
	}
	if c.JSON {
		return p.json(r)
	}
	p.imported(r)
	switch {
	case !done.Changed():
		fmt.Fprintln(p.stdout, "Nothing is new: nothing was written.")
	case c.DryRun:
		fmt.Fprintf(p.stdout, "Nothing was written: this was a dry run. The file is %s.\n", r.File)
	default:
		fmt.Fprintf(p.stdout, "Written to %s. A running server reads it within 5 seconds.\n", r.File)
	}
	return nil
}

// imported prints what an import has changed, or would change.
func (p *program) imported(r importResult) {
	for _, part := range []struct {
		word string
		rows []priceRow
	}{{"added", r.Added}, {"replaced", r.Replaced}, {"confirmed", r.Confirmed}} {
		for _, row := range part.rows {
			fmt.Fprintf(p.stdout, "%-9s  %s  input %s, cached %s, output %s, %s, version %s\n",
				part.word, row.Model, row.Input, row.CachedInput, row.Output, span(row), row.Version)
		}
	}
	for _, row := range r.Ended {
		fmt.Fprintf(p.stdout, "%-9s  %s  version %s holds until %s\n", "ended", row.Model, row.Version, row.ValidUntil)
	}
	if r.Unchanged > 0 {
		fmt.Fprintf(p.stdout, "%-9s  %d rows\n", "unchanged", r.Unchanged)
	}
}

// span says when a price holds.
func span(r priceRow) string {
	from, until := "from ever", ""
	if r.ValidFrom != "" {
		from = "from " + r.ValidFrom
	}
	if r.ValidUntil != "" {
		until = " until " + r.ValidUntil
	}
	return from + until
}
