package main

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/aiwoochat/woochat/app/ingesting"
	"github.com/aiwoochat/woochat/app/wiring"
	"github.com/aiwoochat/woochat/domain/tenant"
)

type ingestStatus struct {
	Site    string        `help:"Id, name or address of the site; all sites if left out."`
	Sources *bool         `negatable:"" help:"Count what is stored of each source, which reads the state of each document; if left out, while these are at most 20,000 in all."`
	After   tenant.SiteID `placeholder:"SITE" help:"Of all sites, begin after this one: the last of the page before."`
	Limit   int           `default:"100" help:"How many sites are shown at most."`
	jsonFlag
}

// countUpTo is how many documents are counted by their sources unasked.
const countUpTo = 20_000

// sources returns what is stored of each source of a site, if it is to be counted;
// left is how many documents may still be, and what of that is left is returned.
func (c ingestStatus) sources(ctx context.Context, app *wiring.App, s tenant.Site, documents, left int64) (rows []sourceStatus, counted bool, rest int64, err error) {
	if c.Sources != nil && !*c.Sources || c.Sources == nil && documents > left {
		return nil, false, left, nil
	}
	rows, err = statusOf(ctx, app, s)
	return rows, true, left - documents, err
}

// paged returns the sites of the page that was asked for, and the last of it if
// there are more.
func (c ingestStatus) paged(sites []tenant.Site) (page []tenant.Site, next tenant.SiteID) {
	slices.SortFunc(sites, func(a, b tenant.Site) int { return cmp.Compare(a.ID, b.ID) })
	sites = slices.DeleteFunc(sites, func(s tenant.Site) bool { return c.Site == "" && s.ID <= c.After })
	if len(sites) <= c.Limit {
		return sites, ""
	}
	return sites[:c.Limit], sites[c.Limit-1].ID
}

// siteStatus is how far a site is, as it is printed.
type siteStatus struct {
	Site      tenant.SiteID  `json:"site_id"`
	Documents int64          `json:"documents"`
	Shown     int64          `json:"shown"`
	Chunks    int64          `json:"chunks"`
	Waiting   int64          `json:"waiting"` // for the index
	Lag       float64        `json:"lag_seconds"`
	Newest    string         `json:"newest_unsearchable_at,omitempty"`
	Shop      *connectionRow `json:"connection"`
	Pending   int            `json:"jobs_pending"`
	Dead      int            `json:"jobs_dead"`
	Failures  []failureRow   `json:"failures"`
	Findings  []findingRow   `json:"findings"`
	Embedding []embeddedRow  `json:"embedding"` // of the last days
	name      string
}

type failureRow struct {
	Object   string `json:"object"`
	Attempts int    `json:"attempts"`
	Dead     bool   `json:"dead"`
	Error    string `json:"error"`
}

type findingRow struct {
	Kind    string `json:"kind"`
	Subject string `json:"subject"`
	Detail  string `json:"detail"`
	Count   int64  `json:"count"`
	Last    string `json:"last_at"`
}

type embeddedRow struct {
	Model    string `json:"model"`
	Requests int64  `json:"requests"`
	Tokens   int64  `json:"tokens"`
	Cost     string `json:"cost_usd"`
}

func rowOfStatus(s tenant.Site, st ingesting.Status) siteStatus {
	d := st.Documents
	r := siteStatus{
		Site: s.ID, Documents: d.Documents, Shown: d.Shown, Chunks: d.Chunks, Waiting: d.Waiting, Lag: st.Lag.Seconds(), Pending: st.Jobs.Pending, Dead: st.Jobs.Dead,
		Failures: []failureRow{}, Findings: []findingRow{}, Embedding: []embeddedRow{}, name: s.Name,
	}
	if !st.Newest.IsZero() {
		r.Newest = stamp(st.Newest)
	}
	if st.Connection != nil {
		shop := rowOfConnection(*st.Connection)
		r.Shop = &shop
	}
	for _, j := range st.Failures {
		r.Failures = append(r.Failures, failureRow{j.Object.String(), j.Attempts, j.Dead, j.Error})
	}
	for _, f := range st.Findings {
		r.Findings = append(r.Findings, findingRow{string(f.Kind), f.Subject, f.Detail, f.Count, stamp(f.Last)})
	}
	for _, e := range st.Embedding {
		r.Embedding = append(r.Embedding, embeddedRow{e.Model, e.Requests, e.Tokens, e.Cost.String()})
	}
	return r
}

// Run shows what is stored, and how far the ingestion is.
func (c ingestStatus) Run(ctx context.Context, p *program) error {
	if c.Limit < 1 {
		return &usageError{[]error{fmt.Errorf("--limit: %d is not a number from 1", c.Limit)}, "woochat ingest status"}
	}
	return p.with(ctx, func(app *wiring.App) error {
		all, err := oneOrAll(ctx, app, c.Site)
		if err != nil {
			return err
		}
		sites, next := c.paged(all)
		rows, statuses, uncounted, left := []sourceStatus{}, []siteStatus{}, []tenant.SiteID{}, int64(countUpTo)
		for _, s := range sites {
			st, err := app.Statuses.Status(ctx, app.Operator, s.Scope())
			if err != nil {
				return err
			}
			statuses = append(statuses, rowOfStatus(s, st))
			of, counted, rest, err := c.sources(ctx, app, s, st.Documents.Documents, left)
			if err != nil {
				return err
			}
			if rows, left = append(rows, of...), rest; !counted {
				uncounted = append(uncounted, s.ID)
			}
		}
		if c.JSON {
			return p.json(struct {
				Data      []sourceStatus  `json:"data"`
				Uncounted []tenant.SiteID `json:"sources_not_counted"`
				Sites     []siteStatus    `json:"sites"`
				Next      tenant.SiteID   `json:"next_after,omitempty"`
			}{rows, uncounted, statuses, next})
		}
		if len(uncounted) < len(sites) || len(sites) == 0 {
			p.tellSources(rows)
		}
		for _, st := range statuses {
			p.tellStatus(st)
		}
		if c.Sources == nil && len(uncounted) > 0 {
			fmt.Fprintf(p.stdout, "\nThe sources of %d sites were not counted, since they have many documents: --sources counts them.\n", len(uncounted))
		}
		if next != "" {
			fmt.Fprintf(p.stdout, "\nThere are more sites: --after %s\n", next)
		}
		return nil
	})
}

func (p *program) tellSources(rows []sourceStatus) {
	var cells [][]string
	for _, r := range rows {
		cells = append(cells, []string{
			string(r.Site), r.Source, r.Kind, grouped(int64(r.Shown)), grouped(int64(r.Hidden)),
			grouped(int64(r.Chunks)), grouped(int64(r.Pending)), r.Updated,
		})
	}
	p.table([]column{
		{head: "SITE"}, {head: "SOURCE"}, {head: "KIND"}, {"SHOWN", true}, {"HIDDEN", true}, {"CHUNKS", true}, {"PENDING", true}, {head: "NEWEST"},
	}, cells, `Nothing is stored yet: "woochat ingest csv FILE" imports a shop's products.`)
}

// tellStatus says in a few lines how far a site is.
func (p *program) tellStatus(st siteStatus) {
	fmt.Fprintf(p.stdout, "\n%s (%s)\n", printable(st.name), st.Site)
	fmt.Fprintf(p.stdout, "  documents   %s, %s shown, %s chunks, %s wait for the index\n", grouped(st.Documents), grouped(st.Shown), grouped(st.Chunks), grouped(st.Waiting))
	shop := "not connected"
	if st.Shop != nil {
		shop = st.Shop.words()
	}
	fmt.Fprintf(p.stdout, "  shop        %s\n", shop)
	lag := "none: what is known is searchable"
	if st.Lag > 0 {
		lag = time.Duration(st.Lag*float64(time.Second)).Round(time.Second).String() + ", the newest change that is not searchable is of " + st.Newest
	}
	fmt.Fprintf(p.stdout, "  lag         %s\n  jobs        %d wait, %d have failed for good\n", lag, st.Pending, st.Dead)
	for _, e := range st.Embedding {
		fmt.Fprintf(p.stdout, "  embedding   %s: %s tokens, %s USD in %d days\n", printable(e.Model), grouped(e.Tokens), e.Cost, ingesting.EmbeddingDays)
	}
	for _, f := range st.Failures {
		fmt.Fprintf(p.stdout, "  failed      %s after %d attempts: %s\n", printable(f.Object), f.Attempts, printable(f.Error))
	}
	for _, f := range st.Findings {
		fmt.Fprintf(p.stdout, "  finding     %s %s (%d, last %s): %s\n", f.Kind, printable(f.Subject), f.Count, f.Last, printable(f.Detail))
	}
}
