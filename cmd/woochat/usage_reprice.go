package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aiwoochat/woochat/app/metering"
	"github.com/aiwoochat/woochat/app/wiring"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/domain/usage"
)

type usageCommands struct {
	Show    usageCommand `cmd:"" default:"withargs" help:"Show what each day used, what it cost, and what is left today. \"show\" may be left out."`
	Reprice usageReprice `cmd:"" help:"Compute what recorded calls would have cost at the prices of another day."`
}

type usageReprice struct {
	AsOf   string `required:"" placeholder:"DAY" help:"The prices in force at the beginning of this day, UTC."`
	Site   string `help:"Id, name or address of the site; all sites if left out." xor:"whose"`
	Tenant string `help:"Id or name of a tenant: all its sites." xor:"whose"`
	From   string `placeholder:"DAY" help:"First day of the events, such as 2026-11-01; two weeks if left out."`
	To     string `placeholder:"DAY" help:"Last day; today, by the site's time zone, if left out."`
	Model  string `placeholder:"NAME" help:"Only calls of this model."`
	DryRun bool   `help:"Compute and print, and store nothing."`
	jsonFlag
}

// Help implements kong.HelpProvider.
func (usageReprice) Help() string {
	return `Computes what each recorded call would have cost at the prices of a day, by the price tables as they are now, and keeps that beside what was billed, which stays as it is. Running it again stores the same. WOOCHAT_PRICE_CEILING is no price for this: calls of a model that has no price on that day are listed, and left out of both sums.

Examples:

    woochat usage reprice --as-of 2026-11-20 --from 2026-11-01 --to 2026-11-30 --dry-run
    woochat usage reprice --as-of 2026-11-20 --site shop.example.com --model gpt-4o-mini
`
}

// siteRepriced is what came of one site.
type siteRepriced struct {
	Site   tenant.SiteID  `json:"site_id"`
	Name   string         `json:"site_name"`
	From   usage.Day      `json:"from"`
	To     usage.Day      `json:"to"`
	Models []modelReprice `json:"models"`
	rows   []metering.Repriced
}

// modelReprice is one model as it is printed.
type modelReprice struct {
	Model        string `json:"model"`
	PriceVersion string `json:"price_version"`
	Events       int64  `json:"events"`
	Billed       string `json:"billed_usd"`
	Repriced     string `json:"repriced_usd"`
	Difference   string `json:"difference_usd"`
	Unpriced     int64  `json:"unpriced_events"`
	NotCompared  string `json:"unpriced_billed_usd"`
}

// Run computes costs again.
func (c usageReprice) Run(ctx context.Context, p *program) error {
	asOf, err := c.check()
	if err != nil {
		return err
	}
	return p.with(ctx, func(app *wiring.App) error {
		if app.Repricer == nil {
			return errors.New("this store keeps no repricings")
		}
		sites, err := c.sites(ctx, app)
		if err != nil {
			return err
		}
		out := make([]siteRepriced, 0, len(sites))
		for _, s := range sites {
			r, err := c.of(ctx, app, s, asOf, p.now())
			if err != nil {
				return fmt.Errorf("site %s: %w", s.ID, err)
			}
			out = append(out, r)
		}
		if c.JSON {
			return jsonList(p, out)
		}
		c.print(p, out)
		return nil
	})
}

func (c usageReprice) check() (time.Time, error) {
	asOf, err := time.Parse(time.DateOnly, c.AsOf)
	if err != nil {
		err = &usageError{[]error{fmt.Errorf("--as-of: %q is not a day such as 2026-11-23", c.AsOf)}, "woochat usage reprice"}
	}
	if bad, ok := errors.AsType[*usageError](usageCommand{From: c.From, To: c.To}.check()); ok {
		bad.command = "woochat usage reprice"
		if mine, ok := errors.AsType[*usageError](err); ok {
			bad.problems = append(mine.problems, bad.problems...)
		}
		err = bad
	}
	return asOf, err
}

func (c usageReprice) sites(ctx context.Context, app *wiring.App) ([]tenant.Site, error) {
	if c.Tenant == "" {
		return oneOrAll(ctx, app, c.Site)
	}
	t, err := tenantNamed(ctx, app, c.Tenant)
	if err != nil {
		return nil, err
	}
	return sitesOf(ctx, app, t.ID)
}

func (c usageReprice) of(ctx context.Context, app *wiring.App, s tenant.Site, asOf, now time.Time) (siteRepriced, error) {
	first, last, err := daysOf(s, c.From, c.To, now)
	if err != nil {
		return siteRepriced{}, err
	}
	rows, err := app.Repricer.Reprice(ctx, app.Operator, s.Scope(), metering.RepriceOrder{
		AsOf: asOf, First: first, Last: last, Model: c.Model, DryRun: c.DryRun,
	})
	if err != nil {
		return siteRepriced{}, err
	}
	r := siteRepriced{Site: s.ID, Name: s.Name, From: first, To: last, Models: make([]modelReprice, 0, len(rows)), rows: rows}
	for _, m := range rows {
		r.Models = append(r.Models, modelReprice{
			m.Model, m.PriceVersion, m.Events, m.Billed.String(), m.Repriced.String(), m.Difference().String(), m.Unpriced, m.NotCompared.String(),
		})
	}
	return r, nil
}

// daysOf returns the days asked for, or the last usageDays by the site's zone.
func daysOf(s tenant.Site, from, to string, now time.Time) (first, last usage.Day, err error) {
	cal, err := metering.Calendar(s)
	if err != nil {
		return "", "", err
	}
	first, last = usage.Day(from), usage.Day(to)
	if last == "" {
		last = cal.Day(now)
	}
	if first == "" {
		t, err := time.Parse(time.DateOnly, string(last))
		if err != nil {
			return "", "", err
		}
		first = usage.DayOf(t.AddDate(0, 0, 1-usageDays), time.UTC)
	}
	if _, err := usage.Days(first, last); err != nil {
		return "", "", &usageError{[]error{err}, "woochat usage reprice"}
	}
	return first, last, nil
}

func (c usageReprice) print(p *program, sites []siteRepriced) {
	if len(sites) == 0 {
		fmt.Fprintln(p.stdout, `No sites yet: "woochat init" creates the first one.`)
		return
	}
	var stored int64
	for _, s := range sites {
		fmt.Fprintf(p.stdout, "%s  %s  (%s to %s, at the prices of %s)\n", p.bold(printable(s.Name)), s.Site, s.From, s.To, c.AsOf)
		var total metering.Repriced
		var cells [][]string
		for _, m := range s.rows {
			cells = append(cells, repriceCells(printable(m.Model), m))
			total.Events += m.Events
			total.Unpriced += m.Unpriced
			total.Billed += m.Billed
			total.Repriced += m.Repriced
		}
		if len(cells) > 1 {
			cells = append(cells, repriceCells("total", total))
		}
		p.table([]column{
			{head: "MODEL"}, {"CALLS", true}, {"BILLED", true}, {"REPRICED", true}, {"DIFFERENCE", true}, {head: "VERSION"},
		}, cells, "No calls in these days.")
		for _, m := range s.rows {
			if m.Unpriced > 0 {
				fmt.Fprintf(p.stdout, "Not compared: %s calls of %s, billed $%s: it has no price on %s.\n", grouped(m.Unpriced), printable(m.Model), m.NotCompared, c.AsOf)
			}
		}
		fmt.Fprintln(p.stdout)
		stored += total.Events - total.Unpriced
	}
	switch {
	case c.DryRun:
		fmt.Fprintln(p.stdout, "Nothing was stored: this was a dry run.")
	case stored > 0:
		fmt.Fprintf(p.stdout, "What was billed stays. The costs of %s calls are kept beside it.\n", grouped(stored))
	}
}

func repriceCells(name string, m metering.Repriced) []string {
	sign := ""
	if m.Difference() > 0 {
		sign = "+"
	}
	return []string{name, grouped(m.Events), "$" + m.Billed.String(), "$" + m.Repriced.String(), sign + m.Difference().String(), m.PriceVersion}
}
