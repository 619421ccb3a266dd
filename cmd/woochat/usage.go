package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/aiwoochat/woochat/app/metering"
	"github.com/aiwoochat/woochat/app/wiring"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/domain/usage"
)

// usageDays is how many days are shown if none are asked for.
const usageDays = 14

type usageCommand struct {
	Site    string `help:"Id, name or address of the site; all sites if left out."`
	Tenant  string `help:"Id or name of the tenant; all tenants if left out."`
	From    string `placeholder:"DAY" help:"First day, such as 2026-11-01; two weeks if left out."`
	To      string `placeholder:"DAY" help:"Last day; today, by the site's time zone, if left out."`
	Days    int    `placeholder:"N" help:"How many days up to the last one, in place of --from."`
	GroupBy string `placeholder:"GROUP" enum:"site,tenant,model,day," default:"" help:"Add up by site, tenant, model or day."`
	CSV     bool   `name:"csv" help:"Print CSV: all events, of any number, or the groups of --group-by."`
	jsonFlag
}

// Help implements kong.HelpProvider.
func (usageCommand) Help() string {
	return `Days are calendar days in each site's time zone. What is held by answers under way counts as used against the limits. A summary by model is read from the events, the others from the daily totals, and both are the same money.

Examples:

    woochat usage
    woochat usage --site shop.example.com --from 2026-11-01 --to 2026-11-30
    woochat usage --tenant "My company" --days 30 --group-by model
    woochat usage --site shop.example.com --csv > events.csv
    woochat usage --json
`
}

// siteUsage is what one site used.
type siteUsage struct {
	Site     tenant.SiteID  `json:"site_id"`
	Name     string         `json:"site_name"`
	TimeZone string         `json:"time_zone"`
	Plan     string         `json:"plan"`
	License  string         `json:"license_status"`
	Limits   map[string]any `json:"limits"`
	Today    dayUsage       `json:"today"`
	Left     map[string]any `json:"left_today"`
	ResetAt  string         `json:"reset_at"`
	Days     []dayUsage     `json:"days"`
	totals   []usage.Totals // of Days
	today    usage.Totals
	license  usage.License
}

// dayUsage is one day as it is printed; the names are those of usage_daily.
type dayUsage struct {
	Date              usage.Day `json:"date"`
	ChatRequests      int64     `json:"chat_requests"`
	EmbeddingRequests int64     `json:"embedding_requests"`
	PromptTokens      int64     `json:"prompt_tokens"`
	CompletionTokens  int64     `json:"completion_tokens"`
	ChatTokens        int64     `json:"chat_tokens"`
	EmbeddingTokens   int64     `json:"embedding_tokens"`
	Cost              string    `json:"cost_usd"`
	Held              heldUsage `json:"held"`
}

// heldUsage is what answers under way have reserved.
type heldUsage struct {
	ChatRequests    int64  `json:"chat_requests"`
	ChatTokens      int64  `json:"chat_tokens"`
	EmbeddingTokens int64  `json:"embedding_tokens"`
	Cost            string `json:"cost_usd"`
}

func rowOfDay(t usage.Totals) dayUsage {
	return dayUsage{
		t.Day, t.Used.ChatRequests, t.Used.EmbeddingRequests, t.PromptTokens, t.CompletionTokens, t.Used.ChatTokens,
		t.Used.EmbeddingTokens, t.Used.Cost.String(),
		heldUsage{t.Held.ChatRequests, t.Held.ChatTokens, t.Held.EmbeddingTokens, t.Held.Cost.String()},
	}
}

// Run prints what was used.
func (c usageCommand) Run(ctx context.Context, p *program) error {
	if err := c.check(); err != nil {
		return err
	}
	return p.with(ctx, func(app *wiring.App) error {
		switch {
		case c.GroupBy != "":
			return c.groups(ctx, p, app)
		case c.CSV:
			return c.export(ctx, p, app)
		}
		sites, err := c.sites(ctx, app)
		if err != nil {
			return err
		}
		rows := make([]siteUsage, 0, len(sites))
		for _, s := range sites {
			u, err := c.of(ctx, app, s, p.now())
			if err != nil {
				return fmt.Errorf("site %s: %w", s.ID, err)
			}
			rows = append(rows, u)
		}
		if c.JSON {
			return jsonList(p, rows)
		}
		if len(rows) == 0 {
			fmt.Fprintln(p.stdout, `No sites yet: "woochat init" creates the first one.`)
		}
		for i, u := range rows {
			if i > 0 {
				fmt.Fprintln(p.stdout)
			}
			p.usage(u)
		}
		return nil
	})
}

func (c usageCommand) check() error {
	var errs []error
	for _, f := range []struct{ flag, text string }{{"--from", c.From}, {"--to", c.To}} {
		if _, err := usage.ParseDay(f.text); f.text != "" && err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", f.flag, err))
		}
	}
	switch {
	case c.Days < 0 || c.Days > usage.MaxDays+1:
		errs = append(errs, fmt.Errorf("--days: %d is not a number from 1 to %d", c.Days, usage.MaxDays+1))
	case c.Days > 0 && c.From != "":
		errs = append(errs, errors.New("--days: --from says already which day is the first"))
	}
	if c.CSV && c.JSON {
		errs = append(errs, errors.New("--csv: --json asks for another format"))
	}
	if len(errs) == 0 && c.From != "" && c.To != "" {
		if _, err := usage.Days(usage.Day(c.From), usage.Day(c.To)); err != nil {
			errs = append(errs, fmt.Errorf("--from: %w", err))
		}
	}
	if len(errs) > 0 {
		return &usageError{errs, "woochat usage"}
	}
	return nil
}

// sites returns the sites that are asked for.
func (c usageCommand) sites(ctx context.Context, app *wiring.App) ([]tenant.Site, error) {
	if c.Tenant == "" || c.Site != "" {
		return oneOrAll(ctx, app, c.Site)
	}
	t, err := tenantNamed(ctx, app, c.Tenant)
	if err != nil {
		return nil, err
	}
	return sitesOf(ctx, app, t.ID)
}

// span returns the first and the last day that are asked for.
func (c usageCommand) span(today usage.Day) (first, last usage.Day, err error) {
	if last = usage.Day(c.To); last == "" {
		last = today
	}
	if first = usage.Day(c.From); first == "" {
		t, err := time.Parse(time.DateOnly, string(last))
		if err != nil {
			return "", "", err
		}
		n := c.Days
		if n == 0 {
			n = usageDays
		}
		first = usage.DayOf(t.AddDate(0, 0, 1-n), time.UTC)
	}
	if _, err := usage.Days(first, last); err != nil {
		return "", "", &usageError{[]error{err}, "woochat usage"}
	}
	return first, last, nil
}

// totalsOf returns the totals of each day of a site, those of nothing too.
func totalsOf(ctx context.Context, app *wiring.App, s tenant.Site, first, last usage.Day) ([]usage.Totals, error) {
	byDay := map[usage.Day]usage.Totals{}
	q := usage.Query{Tenant: s.Tenant, Site: s.ID, First: first, Last: last}
	if err := app.Reports.EachDay(ctx, app.Operator, q, func(t usage.SiteTotals) error {
		byDay[t.Day] = t.Totals
		return nil
	}); err != nil {
		return nil, err
	}
	days, err := usage.Days(first, last)
	if err != nil {
		return nil, err
	}
	totals := make([]usage.Totals, len(days))
	for i, d := range days {
		totals[i] = byDay[d]
		totals[i].Day = d
	}
	return totals, nil
}

func (c usageCommand) of(ctx context.Context, app *wiring.App, s tenant.Site, now time.Time) (siteUsage, error) {
	cal, err := metering.Calendar(s)
	if err != nil {
		return siteUsage{}, err
	}
	today := cal.Day(now)
	first, last, err := c.span(today)
	if err != nil {
		return siteUsage{}, err
	}
	days, err := totalsOf(ctx, app, s, first, last)
	if err != nil {
		return siteUsage{}, err
	}
	now1, err := totalsOf(ctx, app, s, today, today)
	if err != nil {
		return siteUsage{}, err
	}
	l, err := app.Administering.License(ctx, app.Operator, s.Scope())
	if err != nil {
		return siteUsage{}, err
	}
	u := siteUsage{
		Site: s.ID, Name: s.Name, TimeZone: s.TimeZone, Plan: l.Plan, License: l.Status.String(), Limits: wireLimits(l.Limits),
		ResetAt: stamp(cal.Reset(now)), license: l, totals: days,
	}
	u.today = now1[0]
	u.Today = rowOfDay(u.today)
	u.Left = leftToday(l.Limits, u.today.Admitted())
	for _, d := range days {
		u.Days = append(u.Days, rowOfDay(d))
	}
	return u, nil
}

func usedOf(m usage.Meter, a usage.Amounts) int64 {
	switch m {
	case usage.ChatRequests:
		return a.ChatRequests
	case usage.ChatTokens:
		return a.ChatTokens
	case usage.EmbeddingTokens:
		return a.EmbeddingTokens
	case usage.Cost:
		return int64(a.Cost)
	}
	return 0
}

// leftToday spells what is left as wireLimits spells limits.
func leftToday(l usage.Limits, used usage.Amounts) map[string]any {
	out := map[string]any{}
	for _, m := range meters() {
		limit := limitOf(m, l)
		left := max(0, int64(limit)-usedOf(m, used))
		switch {
		case limit == usage.Unlimited:
			out[string(m)] = nil
		case m == usage.Cost:
			out[string(m)] = usage.NanoUSD(left).String()
		default:
			out[string(m)] = left
		}
	}
	return out
}

// usage prints one site's usage.
func (p *program) usage(u siteUsage) {
	fmt.Fprintf(p.stdout, "%s  %s  (days in %s)\n", p.bold(printable(u.Name)), u.Site, u.TimeZone)
	var sum usage.Totals
	rows := make([][]string, 0, len(u.totals)+1)
	for _, d := range u.totals {
		sum.Used = sum.Used.Plus(d.Used)
		rows = append(rows, dayCells(string(d.Day), d.Used))
	}
	rows = append(rows, dayCells("total", sum.Used))
	p.sparklines(u.totals)
	fmt.Fprintln(p.stdout)
	p.table([]column{
		{head: "DAY"}, {"MESSAGES", true}, {"CHAT TOKENS", true}, {"EMBEDDING TOKENS", true}, {"COST", true},
	}, rows, "")
	fmt.Fprintln(p.stdout)
	if err := u.license.Check(p.now()); err != nil {
		fmt.Fprintf(p.stdout, "License: %v. Nothing is answered until \"woochat license set\" gives it one.\n", err)
		return
	}
	fmt.Fprintf(p.stdout, "License: %s, %s. Today:\n", u.Plan, u.License)
	used := u.today.Admitted()
	for _, m := range meters() {
		limit, n := limitOf(m, u.license.Limits), usedOf(m, used)
		if limit == usage.Unlimited {
			fmt.Fprintf(p.stdout, "  %-16s %s       %s used, unlimited\n", meterName(m), gauge(0, 1), amountText(m, n))
			continue
		}
		fmt.Fprintf(p.stdout, "  %-16s %s %4s  %s of %s used, %s left\n", meterName(m), gauge(n, int64(limit)), share(n, int64(limit)),
			amountText(m, n), amountText(m, int64(limit)), amountText(m, max(0, int64(limit)-n)))
	}
	fmt.Fprintf(p.stdout, "A new day begins at %s.\n", u.ResetAt)
}

func dayCells(day string, a usage.Amounts) []string {
	return []string{day, grouped(a.ChatRequests), grouped(a.ChatTokens), grouped(a.EmbeddingTokens), "$" + a.Cost.String()}
}

func (p *program) bold(s string) string {
	if !p.colour {
		return s
	}
	return "\x1b[1m" + s + "\x1b[0m"
}

// sparkline draws one bar for each value, the largest at full height; what is
// not zero is never drawn as nothing.
func sparkline(values []int64) string {
	bars := []rune("▁▂▃▄▅▆▇█")
	var most int64
	for _, v := range values {
		most = max(most, v)
	}
	var b strings.Builder
	for _, v := range values {
		switch {
		case v <= 0:
			b.WriteRune('·')
		default:
			at := float64(v) / float64(most) * float64(len(bars)-1)
			b.WriteRune(bars[int(at+0.5)])
		}
	}
	return b.String()
}

// share returns how much of a limit is used, in whole percent: 100 % only if all
// of it is, and no 0 % of something.
func share(used, limit int64) string {
	switch {
	case used >= limit:
		return "100%"
	case used <= 0:
		return "0%"
	case used < limit/100:
		return "<1%"
	}
	// The division goes first where the product could overflow.
	if used > 1<<56 {
		return fmt.Sprintf("%d%%", min(99, used/(limit/100)))
	}
	return fmt.Sprintf("%d%%", used*100/limit)
}

// gaugeWidth is how many characters a gauge has.
const gaugeWidth = 20

// gauge draws how much of a limit is used. Full means that all of it is.
func gauge(used, limit int64) string {
	n := gaugeWidth
	if limit > 0 && used < limit {
		n = int(float64(max(0, used)) / float64(limit) * gaugeWidth)
		if used > 0 && n == 0 {
			n = 1
		}
	}
	return strings.Repeat("█", n) + strings.Repeat("░", gaugeWidth-n)
}
