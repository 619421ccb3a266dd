package main

import (
	"context"
	"fmt"

	"github.com/aiwoochat/woochat/app/wiring"
	"github.com/aiwoochat/woochat/domain/roles"
	"github.com/aiwoochat/woochat/domain/tenant"
)

type auditCommand struct {
	Tenant string `help:"Id or name of the tenant; what concerned the platform as a whole if left out."`
	Site   string `help:"Id, name or address of a site, to see what concerned it only."`
	Limit  int    `default:"50" help:"How many entries are shown at most, the newest first."`
	jsonFlag
}

// Help implements kong.HelpProvider.
func (auditCommand) Help() string {
	return `Whoever runs woochat on the server may do everything, and each use of that is recorded before it is done: who, what, on whose data, and why. A tenant's owner can read what concerned his tenant. Give your reason with --reason.

Examples:

    woochat audit --tenant "My company"
    woochat audit --site shop.example.com --json
    woochat license suspend --site shop.example.com --reason "ticket 4711"
`
}

// auditRow is an entry as it is printed; the names are those of the admin API.
type auditRow struct {
	ID      roles.AuditID `json:"id"`
	Created string        `json:"created_at"`
	Actor   roles.Subject `json:"actor"`
	Action  roles.Action  `json:"action"`
	Tenant  tenant.ID     `json:"tenant_id"`
	Site    tenant.SiteID `json:"site_id"`
	Reason  string        `json:"reason"`
	Details string        `json:"details"`
}

// Run shows the log.
func (c auditCommand) Run(ctx context.Context, p *program) error {
	if c.Limit < 1 {
		return &usageError{[]error{fmt.Errorf("--limit: %d is not a number from 1", c.Limit)}, "woochat audit"}
	}
	return p.with(ctx, func(app *wiring.App) error {
		scope, err := scopeNamed(ctx, app, c.Tenant, c.Site)
		if err != nil {
			return err
		}
		entries, err := app.Auditing.List(ctx, app.Operator, scope, "", c.Limit)
		if err != nil {
			return err
		}
		var rows []auditRow
		var cells [][]string
		for _, e := range entries {
			rows = append(rows, auditRow{e.ID, stamp(e.At), e.Actor, e.Action, e.Scope.Tenant, e.Scope.Site, e.Reason, e.Details})
			cells = append(cells, []string{stamp(e.At), printable(string(e.Actor)), string(e.Action), string(e.Scope.Site), printable(e.Reason), printable(e.Details)})
		}
		if c.JSON {
			return jsonList(p, rows)
		}
		p.table(left("WHEN", "WHO", "ACTION", "SITE", "WHY", "WHAT"), cells, "Nothing is recorded.")
		return nil
	})
}

// scopeNamed returns the scope of a site, or of a tenant as a whole, or of the
// platform if neither is named.
func scopeNamed(ctx context.Context, app *wiring.App, tenantRef, siteRef string) (tenant.Scope, error) {
	switch {
	case siteRef != "":
		s, err := siteNamed(ctx, app, siteRef)
		return s.Scope(), err
	case tenantRef != "":
		t, err := tenantNamed(ctx, app, tenantRef)
		return tenant.Scope{Tenant: t.ID}, err
	}
	return tenant.Scope{}, nil
}
