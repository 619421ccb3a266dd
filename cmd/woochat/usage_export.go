package main

import (
	"bufio"
	"context"
	"encoding/csv"
	"fmt"
	"time"

	"github.com/aiwoochat/woochat/app/metering"
	"github.com/aiwoochat/woochat/app/wiring"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/domain/usage"
)

// query returns what is asked for over several sites. Its days are those of the
// site's zone, of UTC where none is named.
func (c usageCommand) query(ctx context.Context, app *wiring.App, now time.Time) (usage.Query, error) {
	cal := usage.Calendar{Zone: time.UTC}
	s, err := scopeNamed(ctx, app, c.Tenant, c.Site)
	if err != nil {
		return usage.Query{}, err
	}
	if s.Site != "" {
		site, err := app.Sites.Site(ctx, s)
		if err != nil {
			return usage.Query{}, err
		}
		if cal, err = metering.Calendar(site); err != nil {
			return usage.Query{}, err
		}
	}
	first, last, err := c.span(cal.Day(now))
	return usage.Query{Tenant: s.Tenant, Site: s.Site, First: first, Last: last}, err
}

// export writes all events as CSV, of any number, in constant memory.
func (c usageCommand) export(ctx context.Context, p *program, app *wiring.App) error {
	q, err := c.query(ctx, app, p.now())
	if err != nil {
		return err
	}
	out := bufio.NewWriter(p.stdout)
	if err := app.Reports.WriteEvents(ctx, app.Operator, q, out); err != nil {
		return withHint(err, "what was written so far is not the whole")
	}
	return out.Flush()
}

// sumRow is a group as it is printed; the names are those of the admin API.
type sumRow struct {
	Tenant            tenant.ID     `json:"tenant_id,omitempty"`
	Site              tenant.SiteID `json:"site_id,omitempty"`
	Model             string        `json:"model,omitempty"`
	Date              usage.Day     `json:"date,omitempty"`
	ChatRequests      int64         `json:"chat_requests"`
	EmbeddingRequests int64         `json:"embedding_requests"`
	PromptTokens      int64         `json:"prompt_tokens"`
	CompletionTokens  int64         `json:"completion_tokens"`
	ChatTokens        int64         `json:"chat_tokens"`
	EmbeddingTokens   int64         `json:"embedding_tokens"`
	Cost              string        `json:"cost_usd"`
}

// groups prints what each group used.
func (c usageCommand) groups(ctx context.Context, p *program, app *wiring.App) error {
	by, err := usage.ParseGrouping(c.GroupBy)
	if err != nil {
		return err
	}
	q, err := c.query(ctx, app, p.now())
	if err != nil {
		return err
	}
	sums, err := app.Reports.Summary(ctx, app.Operator, q, by)
	if err != nil {
		return err
	}
	switch {
	case c.CSV:
		out := csv.NewWriter(p.stdout)
		_ = out.Write(metering.SumColumns(by)) // Error tells of it, too
		for _, s := range sums {
			_ = out.Write(metering.SumCells(by, s))
		}
		out.Flush()
		return out.Error()
	case c.JSON:
		var rows []sumRow
		for _, s := range sums {
			rows = append(rows, sumRow{
				s.Tenant, s.Site, s.Model, s.Day, s.Used.ChatRequests, s.Used.EmbeddingRequests, s.PromptTokens, s.CompletionTokens,
				s.Used.ChatTokens, s.Used.EmbeddingTokens, s.Used.Cost.String(),
			})
		}
		return jsonList(p, rows)
	}
	names, err := c.names(ctx, app, by)
	if err != nil {
		return err
	}
	p.sums(q, by, sums, names)
	return nil
}

// names returns what tenants and sites are called, by their ids.
func (c usageCommand) names(ctx context.Context, app *wiring.App, by usage.Grouping) (map[string]string, error) {
	names := map[string]string{}
	switch by {
	case usage.BySite:
		sites, err := allSites(ctx, app)
		if err != nil {
			return nil, err
		}
		for _, s := range sites {
			names[string(s.ID)] = s.Name
		}
	case usage.ByTenant:
		tenants, err := allTenants(ctx, app)
		if err != nil {
			return nil, err
		}
		for _, t := range tenants {
			names[string(t.ID)] = t.Name
		}
	case usage.ByModel, usage.ByDay: // are names already
	}
	return names, nil
}

// sums prints groups as a table with totals, and a sparkline of each meter where
// the groups are days.
func (p *program) sums(q usage.Query, by usage.Grouping, sums []usage.Sum, names map[string]string) {
	fmt.Fprintf(p.stdout, "%s to %s, by %s\n\n", q.First, q.Last, by)
	var total usage.Amounts
	var days []usage.Totals
	rows := make([][]string, 0, len(sums)+1)
	for _, s := range sums {
		total = total.Plus(s.Used)
		days = append(days, usage.Totals{Day: s.Day, Used: s.Used})
		group := map[usage.Grouping]string{usage.BySite: string(s.Site), usage.ByTenant: string(s.Tenant), usage.ByModel: s.Model, usage.ByDay: string(s.Day)}[by]
		if name := names[group]; name != "" {
			group = name + "  " + group
		}
		rows = append(rows, dayCells(printable(group), s.Used))
	}
	if len(rows) == 0 {
		fmt.Fprintln(p.stdout, "Nothing was used.")
		return
	}
	rows = append(rows, dayCells("total", total))
	head := map[usage.Grouping]string{usage.BySite: "SITE", usage.ByTenant: "TENANT", usage.ByModel: "MODEL", usage.ByDay: "DAY"}[by]
	p.table([]column{
		{head: head}, {"MESSAGES", true}, {"CHAT TOKENS", true}, {"EMBEDDING TOKENS", true}, {"COST", true},
	}, rows, "")
	if by == usage.ByDay {
		fmt.Fprintln(p.stdout)
		p.sparklines(days)
	}
}

// sparklines draws one line for each meter.
func (p *program) sparklines(days []usage.Totals) {
	for _, m := range meters() {
		values := make([]int64, 0, len(days))
		for _, d := range days {
			values = append(values, usedOf(m, d.Used))
		}
		fmt.Fprintf(p.stdout, "%-16s  %s\n", meterName(m), sparkline(values))
	}
}
