package main

import (
	"context"
	"fmt"

	"github.com/aiwoochat/woochat/app/wiring"
	"github.com/aiwoochat/woochat/domain/roles"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/ports"
)

type keyCommand struct {
	Create  keyCreate  `cmd:"" help:"Create a key: site keys are public, API keys are secret and shown once."`
	List    keyList    `cmd:"" help:"List the keys of one site, or of all."`
	Disable keyDisable `cmd:"" help:"Refuse a key."`
	Enable  keyEnable  `cmd:"" help:"Let a disabled key in again."`
}

// keyRow is a key as it is printed. Text is set for site keys, which are
// public, and for an API key only when it is created.
type keyRow struct {
	ID      string        `json:"id"`
	Site    tenant.SiteID `json:"site_id"`
	Kind    string        `json:"kind"`
	Role    string        `json:"role,omitempty"`
	Name    string        `json:"name,omitempty"`
	Key     string        `json:"key,omitempty"`
	Hint    string        `json:"hint"`
	State   string        `json:"state"`
	Created string        `json:"created_at"`
}

func rowOfKey(k tenant.Key) keyRow {
	kind := "site"
	if k.Kind == tenant.APIKey {
		kind = "api"
	}
	return keyRow{k.ID, k.Scope.Site, kind, k.Role, k.Name, k.Text, k.Hint, onOff(k.Disabled), stamp(k.Created)}
}

type keyCreate struct {
	Site string `help:"Id, name or address of the site; may be left out if there is only one."`
	Kind string `required:"" enum:"site,api" help:"site: public, for the widget; api: secret, for programs."`
	Role string `enum:"owner,admin,support," default:"" help:"What an API key may do: owner, admin or support. Needed for an API key."`
	Name string `help:"What you call it."`
	jsonFlag
}

// Help implements kong.HelpProvider.
func (keyCreate) Help() string {
	return `Examples:

    woochat key create --kind site
    woochat key create --kind api --role admin --name reports

An API key is stored as a hash: what this prints cannot be shown again.
`
}

// Run creates a key and prints it.
func (c keyCreate) Run(ctx context.Context, p *program) error {
	kind := tenant.SiteKey
	var role roles.Role
	if c.Kind == "api" {
		kind = tenant.APIKey
		var err error
		if role, err = roles.ParseRole(c.Role); err != nil {
			return &usageError{[]error{fmt.Errorf("--role: an API key needs one: %w", err)}, "woochat key create"}
		}
	} else if c.Role != "" {
		return &usageError{[]error{fmt.Errorf("--role: a site key has none: it is public")}, "woochat key create"}
	}
	return p.with(ctx, func(app *wiring.App) error {
		site, err := siteNamed(ctx, app, c.Site)
		if err != nil {
			return err
		}
		k, text, err := app.Administering.CreateKey(ctx, app.Operator, site.Scope(), kind, c.Name, role)
		if err != nil {
			return err
		}
		row := rowOfKey(k)
		row.Key = text
		if c.JSON {
			return p.json(row)
		}
		fmt.Fprintf(p.stdout, "Created key %s of site %s (%s):\n\n  %s\n\n", k.ID, site.ID, printable(site.Name), text)
		if kind == tenant.APIKey {
			fmt.Fprintln(p.stdout, "Keep it now: it is stored as a hash and cannot be shown again.")
			return nil
		}
		cfg := app.Config
		fmt.Fprintf(p.stdout, "Paste this before </body> of the shop:\n\n  %s\n", snippet(cfg.PublicURL, text))
		return nil
	})
}

// snippet returns what a shop pastes into its pages.
func snippet(publicURL, siteKey string) string {
	if publicURL == "" {
		publicURL = "https://chat.example.com"
	}
	return fmt.Sprintf(`<script async src="%s/w.js" data-site-key="%s"></script>`, publicURL, siteKey)
}

type keyList struct {
	Site string `help:"Id, name or address of the site; all sites if left out."`
	jsonFlag
}

// Run lists keys.
func (c keyList) Run(ctx context.Context, p *program) error {
	return p.with(ctx, func(app *wiring.App) error {
		sites, err := oneOrAll(ctx, app, c.Site)
		if err != nil {
			return err
		}
		var rows []keyRow
		var cells [][]string
		for _, s := range sites {
			keys, err := app.Administering.ListKeys(ctx, app.Operator, s.Scope())
			if err != nil {
				return err
			}
			for _, k := range keys {
				r := rowOfKey(k)
				rows = append(rows, r)
				text := r.Key
				if text == "" {
					text = tenant.APIKeyPrefix + "..." + r.Hint
				}
				cells = append(cells, []string{r.ID, r.Kind, r.Role, printable(r.Name), text, r.State, string(r.Site)})
			}
		}
		if c.JSON {
			return jsonList(p, rows)
		}
		p.table(left("ID", "KIND", "ROLE", "NAME", "KEY", "STATE", "SITE"), cells, `No keys yet: "woochat key create --kind site" makes one.`)
		return nil
	})
}

type keyDisable struct {
	Key string `arg:"" help:"Id of the key, key_..."`
}

// Run disables a key.
func (c keyDisable) Run(ctx context.Context, p *program) error {
	return p.switchKey(ctx, c.Key, true)
}

type keyEnable struct {
	Key string `arg:"" help:"Id of the key, key_..."`
}

// Run enables a key.
func (c keyEnable) Run(ctx context.Context, p *program) error {
	return p.switchKey(ctx, c.Key, false)
}

func (p *program) switchKey(ctx context.Context, id string, disabled bool) error {
	return p.with(ctx, func(app *wiring.App) error {
		sites, err := allSites(ctx, app)
		if err != nil {
			return err
		}
		for _, s := range sites {
			keys, err := app.Administering.ListKeys(ctx, app.Operator, s.Scope())
			if err != nil {
				return err
			}
			for _, k := range keys {
				if k.ID != id && k.ID != "key_"+id {
					continue
				}
				if err := app.Administering.SetKeyDisabled(ctx, app.Operator, s.Scope(), k.ID, disabled); err != nil {
					return err
				}
				fmt.Fprintf(p.stdout, "Key %s of site %s (%s) is %s.\n", k.ID, s.ID, printable(s.Name), onOff(disabled))
				return nil
			}
		}
		return withHint(fmt.Errorf("key %q: %w", id, ports.ErrNotFound), `"woochat key list" shows the ids`)
	})
}
