package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/aiwoochat/woochat/app/administering"
	"github.com/aiwoochat/woochat/app/wiring"
	"github.com/aiwoochat/woochat/domain/roles"
	"github.com/aiwoochat/woochat/domain/tenant"
)

// wantEmail refuses what is no e-mail address before anything is created.
func wantEmail(flag, text string, optional bool) error {
	if optional && text == "" {
		return nil
	}
	name, host, ok := strings.Cut(strings.TrimSpace(text), "@")
	if !ok || name == "" || !strings.Contains(host, ".") || strings.ContainsAny(text, " \t\r\n,;<>\"") {
		return &administering.FieldError{Field: flag, Reason: "is not an e-mail address such as owner@example.com"}
	}
	return nil
}

type memberCommand struct {
	Create memberCreate `cmd:"" help:"Give a person a role in a tenant, in place of the one held."`
	List   memberList   `cmd:"" help:"List the members of a tenant."`
	Remove memberRemove `cmd:"" aliases:"disable" help:"Take a person's role in a tenant."`
}

// memberRow is a member as it is printed.
type memberRow struct {
	Tenant  tenant.ID     `json:"tenant_id,omitempty"`
	Subject roles.Subject `json:"subject"`
	Email   string        `json:"email"`
	Role    string        `json:"role"`
}

type memberCreate struct {
	Tenant string `help:"Id or name of the tenant; may be left out if there is only one."`
	Email  string `required:"" help:"The person's e-mail address."`
	Role   string `required:"" enum:"owner,admin,support" help:"owner, admin or support."`
	jsonFlag
}

// Help implements kong.HelpProvider.
func (memberCreate) Help() string {
	return "Examples:\n\n    woochat member create --email ada@example.com --role admin\n"
}

// Run gives a role.
func (c memberCreate) Run(ctx context.Context, p *program) error {
	role, err := roles.ParseRole(c.Role)
	if err != nil {
		return err
	}
	if err := wantEmail("email", c.Email, false); err != nil {
		return err
	}
	return p.with(ctx, func(app *wiring.App) error {
		t, err := tenantNamed(ctx, app, c.Tenant)
		if err != nil {
			return err
		}
		m, err := app.Administering.PutMember(ctx, app.Operator, t.ID, c.Email, role)
		if err != nil {
			return lastOwner(err)
		}
		if c.JSON {
			return p.json(memberRow{t.ID, m.Subject, m.Email, m.Role.String()})
		}
		fmt.Fprintf(p.stdout, "%s is %s of tenant %s (%s).\n", printable(m.Email), m.Role, t.ID, printable(t.Name))
		return nil
	})
}

type memberList struct {
	Tenant string `help:"Id or name of the tenant; may be left out if there is only one."`
	jsonFlag
}

// Run lists members.
func (c memberList) Run(ctx context.Context, p *program) error {
	return p.with(ctx, func(app *wiring.App) error {
		t, err := tenantNamed(ctx, app, c.Tenant)
		if err != nil {
			return err
		}
		members, err := app.Administering.ListMembers(ctx, app.Operator, t.ID)
		if err != nil {
			return err
		}
		var rows []memberRow
		var cells [][]string
		for _, m := range members {
			rows = append(rows, memberRow{t.ID, m.Subject, m.Email, m.Role.String()})
			cells = append(cells, []string{printable(m.Email), m.Role.String(), printable(string(m.Subject))})
		}
		if c.JSON {
			return jsonList(p, rows)
		}
		p.table(left("E-MAIL", "ROLE", "SUBJECT"), cells, `No members yet: "woochat member create" adds one.`)
		return nil
	})
}

type memberRemove struct {
	Email  string `arg:"" help:"The person's e-mail address."`
	Tenant string `help:"Id or name of the tenant; may be left out if there is only one."`
}

// Run takes a role.
func (c memberRemove) Run(ctx context.Context, p *program) error {
	return p.with(ctx, func(app *wiring.App) error {
		t, err := tenantNamed(ctx, app, c.Tenant)
		if err != nil {
			return err
		}
		if err := app.Administering.RemoveMember(ctx, app.Operator, t.ID, c.Email); err != nil {
			return lastOwner(err)
		}
		fmt.Fprintf(p.stdout, "%s has no role in tenant %s (%s).\n", printable(c.Email), t.ID, printable(t.Name))
		return nil
	})
}
