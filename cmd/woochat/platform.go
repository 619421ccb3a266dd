package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/aiwoochat/woochat/app/wiring"
	"github.com/aiwoochat/woochat/ports"
)

// lastOwner says why a tenant's last owner cannot go.
func lastOwner(err error) error {
	if errors.Is(err, ports.ErrConflict) {
		return withHint(err, "a tenant keeps at least one owner: make another member owner first")
	}
	return err
}

type platformCommand struct {
	Create platformCreate `cmd:"" help:"Make a person a super admin, who may do everything in every tenant."`
	List   platformList   `cmd:"" help:"List the super admins."`
	Remove platformRemove `cmd:"" aliases:"disable" help:"Take a super admin's rights."`
}

type platformCreate struct {
	Email string `required:"" help:"The person's e-mail address."`
	jsonFlag
}

// Run makes a super admin.
func (c platformCreate) Run(ctx context.Context, p *program) error {
	if err := wantEmail("email", c.Email, false); err != nil {
		return err
	}
	return p.with(ctx, func(app *wiring.App) error {
		subject, err := app.Administering.PutPlatformUser(ctx, app.Operator, c.Email)
		if err != nil {
			return err
		}
		if c.JSON {
			return p.json(memberRow{Subject: subject, Email: c.Email, Role: "super_admin"})
		}
		fmt.Fprintf(p.stdout, "%s is a super admin.\n", printable(c.Email))
		return nil
	})
}

type platformList struct{ jsonFlag }

// Run lists super admins.
func (c platformList) Run(ctx context.Context, p *program) error {
	return p.with(ctx, func(app *wiring.App) error {
		users, err := app.Administering.ListPlatformUsers(ctx, app.Operator)
		if err != nil {
			return err
		}
		var rows []memberRow
		var cells [][]string
		for _, m := range users {
			rows = append(rows, memberRow{Subject: m.Subject, Email: m.Email, Role: "super_admin"})
			cells = append(cells, []string{printable(m.Email), printable(string(m.Subject))})
		}
		if c.JSON {
			return jsonList(p, rows)
		}
		p.table(left("E-MAIL", "SUBJECT"), cells, `No super admins yet: "woochat platform-user create" makes one.`)
		return nil
	})
}

type platformRemove struct {
	Email string `arg:"" help:"The person's e-mail address."`
}

// Run takes a super admin's rights.
func (c platformRemove) Run(ctx context.Context, p *program) error {
	return p.with(ctx, func(app *wiring.App) error {
		if err := app.Administering.RemovePlatformUser(ctx, app.Operator, c.Email); err != nil {
			return err
		}
		fmt.Fprintf(p.stdout, "%s is no super admin.\n", printable(c.Email))
		return nil
	})
}
