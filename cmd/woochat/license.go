package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/aiwoochat/woochat/app/wiring"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/domain/usage"
)

type licenseCommand struct {
	Set     licenseSet     `cmd:"" help:"Give a site a license, in place of what it has."`
	List    licenseList    `cmd:"" help:"List the licenses of all sites, or of one."`
	Suspend licenseSuspend `cmd:"" aliases:"disable" help:"Refuse a site's requests until its license is resumed."`
	Resume  licenseResume  `cmd:"" help:"Make a suspended license active again."`
	Cancel  licenseCancel  `cmd:"" help:"End a license for good; a new one can be set."`
}

type licenseSet struct {
	Site       string            `help:"Id, name or address of the site; may be left out if there is only one."`
	Plan       string            `help:"A plan to take the limits from: ${plans}." placeholder:"NAME"`
	Limit      map[string]string `mapsep:"none" placeholder:"KEY=N" help:"A limit a day in place of the plan's; null is unlimited. May be repeated. Keys: max_tokens_per_day, max_chat_requests_per_day, max_embedding_tokens_per_day, max_cost_usd_per_day."`
	Status     string            `enum:"active,trialing,suspended,expired,cancelled" default:"active" help:"active, trialing, suspended, expired or cancelled."`
	ValidUntil string            `placeholder:"DAY" help:"Last day on which it is valid, such as 2027-06-30, in the site's time zone. For ever if left out."`
	jsonFlag
}

// Help implements kong.HelpProvider.
func (licenseSet) Help() string {
	return `Examples:

    woochat license set --site site_... --plan starter
    woochat license set --plan starter --limit max_chat_requests_per_day=500 --limit max_cost_usd_per_day=2.50
    woochat license set --plan trial --status trialing --valid-until 2027-06-30

A changed limit takes effect within a second.
`
}

// Run sets a site's license.
func (c licenseSet) Run(ctx context.Context, p *program) error {
	limits, name, err := c.limits()
	if _, derr := usage.ParseDay(c.ValidUntil); c.ValidUntil != "" && derr != nil {
		err = errors.Join(err, fmt.Errorf("--valid-until: %w", derr))
	}
	if err != nil {
		return &usageError{flattenErrors(err), "woochat license set"}
	}
	status, err := usage.ParseStatus(c.Status)
	if err != nil {
		return err
	}
	return p.with(ctx, func(app *wiring.App) error {
		site, err := siteNamed(ctx, app, c.Site)
		if err != nil {
			return err
		}
		l := usage.License{Plan: name, Status: status, Limits: limits, ValidFrom: p.now().UTC().Truncate(time.Second)}
		if c.ValidUntil != "" {
			if l.ValidUntil, err = dayAfter(c.ValidUntil, site.TimeZone); err != nil {
				return err
			}
		}
		if err := app.Administering.SetLicense(ctx, app.Operator, site.Scope(), l); err != nil {
			return err
		}
		if c.JSON {
			return p.json(rowOfLicense(site, l))
		}
		fmt.Fprintf(p.stdout, "Site %s (%s) has a license: %s, %s.\n", site.ID, printable(site.Name), l.Plan, l.Status)
		p.limits(l.Limits)
		return nil
	})
}

// dayAfter returns the instant at which day is over in the zone.
func dayAfter(day, zone string) (time.Time, error) {
	loc, err := time.LoadLocation(zone)
	if err != nil {
		return time.Time{}, err
	}
	t, err := time.ParseInLocation(time.DateOnly, day, loc)
	return t.AddDate(0, 0, 1), err
}

// limits returns the plan's limits with those given in their place. All four
// must come from somewhere: nothing is unlimited by silence.
func (c licenseSet) limits() (usage.Limits, string, error) {
	var errs []error
	values := map[string]string{}
	name := "custom"
	plan, ok := usage.PlanNamed(c.Plan)
	switch {
	case ok:
		values, name = plan.Limits.Format(), plan.Name
	case c.Plan != "":
		errs = append(errs, fmt.Errorf("--plan: %q is not one of %s", c.Plan, planNames()))
	case len(c.Limit) == 0:
		errs = append(errs, fmt.Errorf("--plan: is needed, or --limit for each meter: one of %s", planNames()))
	}
	for _, key := range slices.Sorted(maps.Keys(c.Limit)) {
		value := strings.TrimSpace(c.Limit[key])
		if !slices.Contains(meters(), usage.Meter(key)) {
			errs = append(errs, fmt.Errorf("--limit: %q is not a limit", key))
			continue
		}
		if key == string(usage.Cost) && value != "null" {
			value = `"` + strings.Trim(value, `"`) + `"`
		}
		values[key] = value
	}
	if len(errs) > 0 && c.Plan == "" && len(c.Limit) == 0 {
		return usage.Limits{}, "", errors.Join(errs...)
	}
	limits, err := usage.ParseLimits(values)
	if err != nil && (ok || c.Plan == "") {
		errs = append(errs, fmt.Errorf("--limit: %w", err))
	}
	return limits, name, errors.Join(errs...)
}

func meters() []usage.Meter {
	return []usage.Meter{usage.ChatRequests, usage.ChatTokens, usage.EmbeddingTokens, usage.Cost}
}

func planNames() string {
	var names []string
	for _, plan := range usage.Plans() {
		names = append(names, plan.Name)
	}
	return strings.Join(names, ", ")
}

// limits prints what a license allows a day.
func (p *program) limits(l usage.Limits) {
	for _, m := range meters() {
		fmt.Fprintf(p.stdout, "  %-16s %s a day\n", meterName(m), limitText(m, l))
	}
}

func meterName(m usage.Meter) string {
	switch m {
	case usage.ChatRequests:
		return "chat messages"
	case usage.ChatTokens:
		return "chat tokens"
	case usage.EmbeddingTokens:
		return "embedding tokens"
	case usage.Cost:
		return "cost"
	}
	return string(m)
}

func limitOf(m usage.Meter, l usage.Limits) usage.Limit {
	switch m {
	case usage.ChatRequests:
		return l.ChatRequests
	case usage.ChatTokens:
		return l.ChatTokens
	case usage.EmbeddingTokens:
		return l.EmbeddingTokens
	case usage.Cost:
		return l.Cost
	}
	return 0
}

func limitText(m usage.Meter, l usage.Limits) string {
	n := limitOf(m, l)
	if n == usage.Unlimited {
		return "unlimited"
	}
	return amountText(m, int64(n))
}

func amountText(m usage.Meter, n int64) string {
	if m == usage.Cost {
		return "$" + usage.NanoUSD(n).String()
	}
	return grouped(n)
}

// licenseRow is a license as it is printed; the limits are spelled as in
// licenses.plan_limits.
type licenseRow struct {
	Site       tenant.SiteID  `json:"site_id"`
	SiteName   string         `json:"site_name"`
	Plan       string         `json:"plan"`
	Status     string         `json:"status"`
	Limits     map[string]any `json:"plan_limits"`
	ValidFrom  string         `json:"valid_from,omitempty"`
	ValidUntil string         `json:"valid_until,omitempty"`
	Malformed  string         `json:"malformed,omitempty"`
	license    usage.License  `json:"-"`
}

func rowOfLicense(site tenant.Site, l usage.License) licenseRow {
	row := licenseRow{
		Site: site.ID, SiteName: site.Name, Plan: l.Plan, Status: l.Status.String(),
		Limits: wireLimits(l.Limits), Malformed: l.Malformed, license: l,
	}
	if !l.ValidFrom.IsZero() {
		row.ValidFrom = stamp(l.ValidFrom)
	}
	if !l.ValidUntil.IsZero() {
		row.ValidUntil = stamp(l.ValidUntil)
	}
	return row
}

// wireLimits spells limits as licenses.plan_limits does: null is unlimited, and
// money is a string.
func wireLimits(l usage.Limits) map[string]any {
	out := map[string]any{}
	for _, m := range meters() {
		switch n := limitOf(m, l); {
		case n == usage.Unlimited:
			out[string(m)] = nil
		case m == usage.Cost:
			out[string(m)] = usage.NanoUSD(n).String()
		default:
			out[string(m)] = int64(n)
		}
	}
	return out
}

type licenseList struct {
	Site string `help:"Id, name or address of the site; all sites if left out."`
	jsonFlag
}

// Run lists licenses.
func (c licenseList) Run(ctx context.Context, p *program) error {
	return p.with(ctx, func(app *wiring.App) error {
		sites, err := oneOrAll(ctx, app, c.Site)
		if err != nil {
			return err
		}
		rows := make([]licenseRow, 0, len(sites))
		cells := make([][]string, 0, len(sites))
		for _, s := range sites {
			l, err := app.Administering.License(ctx, app.Operator, s.Scope())
			if err != nil {
				return err
			}
			row := rowOfLicense(s, l)
			rows = append(rows, row)
			cells = append(cells, licenseCells(row))
		}
		if c.JSON {
			return jsonList(p, rows)
		}
		p.table([]column{
			{head: "SITE"},
			{head: "NAME"},
			{head: "PLAN"},
			{head: "STATUS"},
			{"MESSAGES", true},
			{"CHAT TOKENS", true},
			{"EMBEDDING TOKENS", true},
			{"COST", true},
			{head: "VALID UNTIL"},
		}, cells, `No sites yet: "woochat init" creates the first one.`)
		return nil
	})
}

func licenseCells(r licenseRow) []string {
	cells := []string{string(r.Site), printable(r.SiteName), r.Plan, r.Status}
	for _, m := range meters() {
		text := limitText(m, r.license.Limits)
		if r.license.Malformed != "" || r.license.Status == 0 {
			text = "-"
		}
		cells = append(cells, text)
	}
	return append(cells, r.ValidUntil)
}

// oneOrAll returns the named site, or all for no name.
func oneOrAll(ctx context.Context, app *wiring.App, ref string) ([]tenant.Site, error) {
	if ref == "" {
		return allSites(ctx, app)
	}
	s, err := siteNamed(ctx, app, ref)
	return []tenant.Site{s}, err
}

type licenseSuspend struct {
	Site string `arg:"" help:"Id, name or address of the site."`
}

// Run suspends a license.
func (c licenseSuspend) Run(ctx context.Context, p *program) error {
	return p.changeLicense(ctx, c.Site, usage.Suspended)
}

type licenseResume struct {
	Site string `arg:"" help:"Id, name or address of the site."`
}

// Run makes a license active.
func (c licenseResume) Run(ctx context.Context, p *program) error {
	return p.changeLicense(ctx, c.Site, usage.Active)
}

type licenseCancel struct {
	Site string `arg:"" help:"Id, name or address of the site."`
}

// Run cancels a license.
func (c licenseCancel) Run(ctx context.Context, p *program) error {
	return p.changeLicense(ctx, c.Site, usage.Cancelled)
}

func (p *program) changeLicense(ctx context.Context, ref string, to usage.Status) error {
	return p.with(ctx, func(app *wiring.App) error {
		site, err := siteNamed(ctx, app, ref)
		if err != nil {
			return err
		}
		l, err := app.Administering.License(ctx, app.Operator, site.Scope())
		switch {
		case err != nil:
			return err
		case l.Status == 0:
			return withHint(fmt.Errorf("site %s has no license", site.ID), "woochat license set --site %s --plan trial", site.ID)
		case l.Malformed != "":
			return withHint(fmt.Errorf("the license of site %s: %s", site.ID, l.Malformed), "set it anew: woochat license set --site %s --plan trial", site.ID)
		}
		l.Status = to
		if err := app.Administering.SetLicense(ctx, app.Operator, site.Scope(), l); err != nil {
			return err
		}
		fmt.Fprintf(p.stdout, "The license of site %s (%s) is %s.\n", site.ID, printable(site.Name), to)
		return nil
	})
}
