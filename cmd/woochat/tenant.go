package main

import (
	"context"
	"fmt"
	"time"

	"github.com/aiwoochat/woochat/app/wiring"
	"github.com/aiwoochat/woochat/domain/tenant"
)

type tenantCommand struct {
	Create  tenantCreate `cmd:"" help:"Create a tenant."`
	List    tenantList   `cmd:"" help:"List all tenants."`
	Disable tenantSwitch `cmd:"" help:"Refuse all sites of a tenant."`
	Enable  tenantEnable `cmd:"" help:"Let a disabled tenant in again."`
}

// tenantRow is a tenant as it is printed.
type tenantRow struct {
	ID      tenant.ID `json:"id"`
	Name    string    `json:"name"`
	State   string    `json:"state"`
	Created string    `json:"created_at"`
}

func rowOfTenant(t tenant.Tenant) tenantRow {
	return tenantRow{t.ID, t.Name, onOff(t.Disabled), stamp(t.Created)}
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }

type tenantCreate struct {
	Name  string `required:"" help:"What the account is called."`
	Owner string `help:"E-mail address of its first owner."`
	jsonFlag
}

// Help implements kong.HelpProvider.
func (tenantCreate) Help() string {
	return "Examples:\n\n    woochat tenant create --name \"Example Ltd\" --owner owner@example.com\n"
}

// Run creates a tenant and prints its id.
func (c tenantCreate) Run(ctx context.Context, p *program) error {
	if err := wantEmail("owner", c.Owner, true); err != nil {
		return err
	}
	return p.with(ctx, func(app *wiring.App) error {
		t, err := app.Administering.CreateTenant(ctx, app.Operator, c.Name, c.Owner)
		if err != nil {
			return err
		}
		if c.JSON {
			return p.json(rowOfTenant(t))
		}
		fmt.Fprintf(p.stdout, "Created tenant %s (%s).\nNext: woochat site create --tenant %s --url https://shop.example.com\n", t.ID, printable(t.Name), t.ID)
		return nil
	})
}

type tenantList struct{ jsonFlag }

// Run lists the tenants.
func (c tenantList) Run(ctx context.Context, p *program) error {
	return p.with(ctx, func(app *wiring.App) error {
		all, err := allTenants(ctx, app)
		if err != nil {
			return err
		}
		rows := make([]tenantRow, 0, len(all))
		cells := make([][]string, 0, len(all))
		for _, t := range all {
			r := rowOfTenant(t)
			rows = append(rows, r)
			cells = append(cells, []string{string(r.ID), printable(r.Name), r.State, r.Created})
		}
		if c.JSON {
			return jsonList(p, rows)
		}
		p.table(left("ID", "NAME", "STATE", "CREATED"), cells, `No tenants yet: "woochat init" creates the first one.`)
		return nil
	})
}

type tenantSwitch struct {
	Tenant string `arg:"" help:"Id or name of the tenant."`
}

// Run disables a tenant.
func (c tenantSwitch) Run(ctx context.Context, p *program) error {
	return p.switchTenant(ctx, c.Tenant, true)
}

type tenantEnable struct {
	Tenant string `arg:"" help:"Id or name of the tenant."`
}

// Run enables a tenant.
func (c tenantEnable) Run(ctx context.Context, p *program) error {
	return p.switchTenant(ctx, c.Tenant, false)
}

func (p *program) switchTenant(ctx context.Context, ref string, disabled bool) error {
	return p.with(ctx, func(app *wiring.App) error {
		t, err := tenantNamed(ctx, app, ref)
		if err != nil {
			return err
		}
		if err := app.Administering.SetTenantDisabled(ctx, app.Operator, t.ID, disabled); err != nil {
			return err
		}
		fmt.Fprintf(p.stdout, "Tenant %s (%s) is %s.\n", t.ID, printable(t.Name), onOff(disabled))
		return nil
	})
}
