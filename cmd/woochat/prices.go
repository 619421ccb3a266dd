package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/aiwoochat/woochat/app/wiring"
	"github.com/aiwoochat/woochat/domain/usage"
)

type pricesCommand struct {
	List   pricesList   `cmd:"" help:"List what models cost."`
	Import pricesImport `cmd:"" help:"Bring the prices of a file into the price file."`
	Check  pricesCheck  `cmd:"" help:"Check the price tables, and whether every model in use has a price."`
}

type pricesList struct {
	Model string `placeholder:"NAME" help:"Only models with this in their name."`
	At    string `placeholder:"DAY" help:"The prices in force at the beginning of this day, UTC; now, if left out."`
	All   bool   `help:"All prices: also those of the past, and those to come."`
	jsonFlag
}

// Help implements kong.HelpProvider.
func (pricesList) Help() string {
	return `Prices are in US dollars for a million tokens. A version names one price, and is recorded with each call that was billed by it. The shipped table is listed together with the price file (WOOCHAT_PRICES_FILE, or prices.csv in the data folder), which replaces all shipped rows of the models that it names.

Examples:

    woochat prices list
    woochat prices list --model gpt-5 --at 2026-11-23
    woochat prices list --all --json
`
}

// priceRow is a row of a price table as it is printed.
type priceRow struct {
	Model       string    `json:"model"`
	Kind        string    `json:"kind"`
	Input       string    `json:"input_usd_per_million"`
	CachedInput string    `json:"cached_input_usd_per_million"`
	Output      string    `json:"output_usd_per_million"`
	ValidFrom   string    `json:"valid_from"`  // "": from ever
	ValidUntil  string    `json:"valid_until"` // "": until another price is known
	Version     string    `json:"version"`
	ReadOn      usage.Day `json:"read_on"`
	Source      string    `json:"source"`
	File        string    `json:"file"` // "": the shipped table
}

func rowOfPrice(r wiring.PriceRow) priceRow {
	return priceRow{
		r.Price.Model, r.Kind.String(), r.Price.Input.String(), r.Price.CachedInput.String(), r.Price.Output.String(),
		priceDay(r.From), priceDay(r.Until), r.Price.Version, r.ReadOn, r.Source, r.File,
	}
}

// priceDay spells the border of a price: midnight UTC, "" for none.
func priceDay(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.DateOnly)
}

// Run lists prices.
func (c pricesList) Run(p *program) error {
	at := p.now()
	if c.At != "" {
		day, err := time.Parse(time.DateOnly, c.At)
		if err != nil {
			return &usageError{[]error{fmt.Errorf("--at: %q is not a day such as 2026-11-23", c.At)}, "woochat prices list"}
		}
		if at = day; c.All {
			return &usageError{[]error{errors.New("--at: --all lists the prices of every day")}, "woochat prices list"}
		}
	}
	cfg, _, err := p.settings(quiet())
	if err != nil {
		return err
	}
	table, err := wiring.PriceTable(cfg)
	if err != nil {
		return eachBadRow(err)
	}
	var rows []priceRow
	var cells [][]string
	for _, r := range table {
		if !strings.Contains(strings.ToLower(r.Price.Model), strings.ToLower(c.Model)) || !c.All && !r.InForce(at) {
			continue
		}
		row := rowOfPrice(r)
		rows = append(rows, row)
		cells = append(cells, []string{
			row.Model, row.Kind, row.Input, row.CachedInput, row.Output, row.ValidFrom, row.ValidUntil, row.Version, string(row.ReadOn), row.Source,
		})
	}
	if c.JSON {
		return jsonList(p, rows)
	}
	p.table([]column{
		{head: "MODEL"},
		{head: "KIND"},
		{"INPUT", true},
		{"CACHED", true},
		{"OUTPUT", true},
		{head: "FROM"},
		{head: "UNTIL"},
		{head: "VERSION"},
		{head: "READ ON"},
		{head: "SOURCE"},
	}, cells, "No such price.")
	if len(cells) > 0 {
		fmt.Fprintln(p.stdout, "\nUS dollars for a million tokens. Reasoning counts as output.")
	}
	if cfg.PriceCeiling != nil {
		fmt.Fprintf(p.stdout, "Any other model: %s for input, %s for output (WOOCHAT_PRICE_CEILING).\n", cfg.PriceCeiling.Input, cfg.PriceCeiling.Output)
	}
	return nil
}

// eachBadRow makes an error of its own of every bad row of a price file, so
// that each gets a line.
func eachBadRow(err error) error {
	var table *wiring.PriceTableError
	if !errors.As(err, &table) {
		return err
	}
	problems := make([]error, 0, len(table.Rows))
	for _, r := range table.Rows {
		problem := fmt.Errorf("%s, line %d: %s", table.File, r.Line, r.Reason)
		problems = append(problems, withHint(problem, "nothing of the file is taken until all of it is right"))
	}
	return errors.Join(problems...)
}

// readPrices returns the text of a price file, "-" for what is piped in.
func (p *program) readPrices(file string) (text, name string, err error) {
	if file == "-" {
		raw, err := io.ReadAll(io.LimitReader(p.stdin, maxPriceFile+1))
		if err == nil && len(raw) > maxPriceFile {
			err = errTooLarge
		}
		return string(raw), "stdin", err
	}
	info, err := os.Stat(file)
	switch {
	case err != nil:
		return "", "", err
	case info.IsDir():
		return "", "", fmt.Errorf("%s is a folder: give a CSV file", file)
	case info.Size() > maxPriceFile:
		return "", "", fmt.Errorf("%s: %w", file, errTooLarge)
	}
	raw, err := os.ReadFile(file)
	return string(raw), file, err
}

// maxPriceFile is far more than all models of the world need.
const maxPriceFile = 16 << 20

var errTooLarge = fmt.Errorf("is larger than %d bytes: is it a price file?", maxPriceFile)
