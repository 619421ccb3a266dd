package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/aiwoochat/woochat/app/administering"
	"github.com/aiwoochat/woochat/app/wiring"
	"github.com/aiwoochat/woochat/domain/tenant"
)

type siteCommand struct {
	Create  siteCreate  `cmd:"" help:"Create a site."`
	List    siteList    `cmd:"" help:"List the sites of one tenant, or of all."`
	Disable siteDisable `cmd:"" help:"Refuse a site: its widget and its keys stop working."`
	Enable  siteEnable  `cmd:"" help:"Let a disabled site in again."`
}

// siteRow is a site as it is printed.
type siteRow struct {
	ID       tenant.SiteID `json:"id"`
	Tenant   tenant.ID     `json:"tenant_id"`
	Name     string        `json:"name"`
	URL      string        `json:"url"`
	Origins  []string      `json:"origins"`
	TimeZone string        `json:"time_zone"`
	Locale   string        `json:"locale"`
	Currency string        `json:"currency"`
	State    string        `json:"state"`
	Created  string        `json:"created_at"`
}

func rowOfSite(s tenant.Site) siteRow {
	return siteRow{s.ID, s.Tenant, s.Name, s.URL, s.Origins, s.TimeZone, s.Locale, s.Currency, onOff(s.Disabled), stamp(s.Created)}
}

type siteCreate struct {
	Tenant     string   `help:"Id or name of the tenant; may be left out if there is only one."`
	URL        string   `name:"url" required:"" help:"The shop's front page. Its origin, with and without www, may show the widget."`
	Name       string   `help:"What the shop is called; its host by default."`
	Origin     []string `sep:"none" help:"Another origin that may show the widget, such as https://staging.example.com. May be repeated."`
	TimeZone   string   `default:"UTC" help:"IANA zone in which the shop's day begins, such as Europe/Berlin."`
	Locale     string   `default:"en" help:"Language of the shop, such as en or de-AT."`
	Currency   string   `default:"EUR" help:"ISO 4217 code of the shop's prices."`
	Greeting   string   `help:"What the widget says first."`
	Suggestion []string `sep:"none" help:"An example question that the widget offers. May be repeated."`
	LimitText  string   `help:"What a shopper reads when the day's limit is spent."`
	ContactURL string   `name:"contact-url" help:"Where a shopper finds a person."`
	jsonFlag
}

// Help implements kong.HelpProvider.
func (siteCreate) Help() string {
	return `Examples:

    woochat site create --url https://shop.example.com
    woochat site create --tenant ten_... --url https://shop.example.com --time-zone Europe/Berlin --currency EUR

A site answers nobody before it has a license and a site key.
`
}

// Run creates a site and prints its id.
func (c siteCreate) Run(ctx context.Context, p *program) error {
	return p.with(ctx, func(app *wiring.App) error {
		t, err := tenantNamed(ctx, app, c.Tenant)
		if err != nil {
			return err
		}
		site, err := app.Administering.CreateSite(ctx, app.Operator, t.ID, administering.NewSite{
			Name: c.Name, URL: c.URL, Origins: c.Origin, TimeZone: c.TimeZone, Locale: c.Locale, Currency: c.Currency,
			LimitText: c.LimitText, Greeting: c.Greeting, Suggestions: c.Suggestion, ContactURL: c.ContactURL,
		})
		if err != nil {
			return err
		}
		if c.JSON {
			return p.json(rowOfSite(site))
		}
		fmt.Fprintf(p.stdout, "Created site %s (%s).\nThe widget may run on %s.\nNext: woochat license set --site %s --plan trial\n      woochat key create --site %s --kind site\n",
			site.ID, printable(site.Name), strings.Join(site.Origins, ", "), site.ID, site.ID)
		return nil
	})
}

type siteList struct {
	Tenant string `help:"Id or name of the tenant; all tenants if left out."`
	jsonFlag
}

// Run lists sites.
func (c siteList) Run(ctx context.Context, p *program) error {
	return p.with(ctx, func(app *wiring.App) error {
		sites, err := sitesFor(ctx, app, c.Tenant)
		if err != nil {
			return err
		}
		rows := make([]siteRow, 0, len(sites))
		cells := make([][]string, 0, len(sites))
		for _, s := range sites {
			r := rowOfSite(s)
			rows = append(rows, r)
			cells = append(cells, []string{string(r.ID), printable(r.Name), printable(r.URL), r.TimeZone, r.State, string(r.Tenant)})
		}
		if c.JSON {
			return jsonList(p, rows)
		}
		p.table(left("ID", "NAME", "URL", "TIME ZONE", "STATE", "TENANT"), cells, `No sites yet: "woochat init" creates the first one.`)
		return nil
	})
}

// sitesFor returns the sites of the named tenant, or of all for no name.
func sitesFor(ctx context.Context, app *wiring.App, ref string) ([]tenant.Site, error) {
	if ref == "" {
		return allSites(ctx, app)
	}
	t, err := tenantNamed(ctx, app, ref)
	if err != nil {
		return nil, err
	}
	return sitesOf(ctx, app, t.ID)
}

type siteDisable struct {
	Site string `arg:"" help:"Id, name or address of the site."`
}

// Run disables a site.
func (c siteDisable) Run(ctx context.Context, p *program) error {
	return p.switchSite(ctx, c.Site, true)
}

type siteEnable struct {
	Site string `arg:"" help:"Id, name or address of the site."`
}

// Run enables a site.
func (c siteEnable) Run(ctx context.Context, p *program) error {
	return p.switchSite(ctx, c.Site, false)
}

func (p *program) switchSite(ctx context.Context, ref string, disabled bool) error {
	return p.with(ctx, func(app *wiring.App) error {
		s, err := siteNamed(ctx, app, ref)
		if err != nil {
			return err
		}
		if err := app.Administering.SetSiteDisabled(ctx, app.Operator, s.Scope(), disabled); err != nil {
			return err
		}
		fmt.Fprintf(p.stdout, "Site %s (%s) is %s.\n", s.ID, printable(s.Name), onOff(disabled))
		return nil
	})
}
