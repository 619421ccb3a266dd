package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/aiwoochat/woochat/app/connecting"
	"github.com/aiwoochat/woochat/app/wiring"
	"github.com/aiwoochat/woochat/domain/ingestion"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/ports"
)

type shopCommand struct {
	Connect    shopConnect    `cmd:"" help:"Connect a site's WooCommerce shop by a REST key."`
	Invite     shopInvite     `cmd:"" help:"Print the address at which the shop's owner agrees to connect it, with one click."`
	Show       shopShow       `cmd:"" help:"Show how a site's shop is connected."`
	Sync       shopSync       `cmd:"" help:"Have the server import all that the shop shows."`
	Rotate     shopRotate     `cmd:"" help:"Make a new secret of the shop's webhooks."`
	Disconnect shopDisconnect `cmd:"" help:"Take the webhooks away, and forget the shop's key and secrets."`
}

// siteFlag names the site that a command is about.
type siteFlag struct {
	Site string `help:"Id, name or address of the site; may be left out if there is only one."`
}

// shopOf runs do for the named site.
func (p *program) shopOf(ctx context.Context, ref string, do func(app *wiring.App, site tenant.Site) error) error {
	return p.with(ctx, func(app *wiring.App) error {
		site, err := siteNamed(ctx, app, ref)
		if err != nil {
			return err
		}
		err = do(app, site)
		if errors.Is(err, connecting.ErrNoPublicURL) || errors.Is(err, connecting.ErrNeedsTLS) || !errors.Is(err, ports.ErrNotFound) {
			return err
		}
		return withHint(fmt.Errorf("the shop of %s is not connected", printable(site.Name)), "woochat shop connect --site %s --url URL --key @FILE", site.ID)
	})
}

// hooksRow is what there is of a shop's webhooks, as it is printed.
type hooksRow struct {
	Delivery string   `json:"delivery_url"`
	Active   []string `json:"active"`
	Made     []string `json:"made"`
	Missing  []string `json:"missing"`
}

func rowOfHooks(h connecting.Hooks) hooksRow {
	list := func(topics []string) []string { return append([]string{}, topics...) }
	return hooksRow{h.Delivery, list(h.Active), list(h.Made), list(h.Missing)}
}

// tellHooks says which webhooks somebody must make, and with what.
func (p *program) tellHooks(h connecting.Hooks, secret ingestion.Secret) {
	if len(h.Made) > 0 {
		fmt.Fprintf(p.stdout, "Webhooks made: %s.\n", strings.Join(h.Made, ", "))
	}
	if len(h.Missing) == 0 {
		return
	}
	if h.Delivery == "" {
		fmt.Fprintln(p.stdout, "No webhooks: set WOOCHAT_PUBLIC_URL to the address at which shops reach this server, and connect again.")
		return
	}
	fmt.Fprintf(p.stdout, "To be made by hand, under WooCommerce > Settings > Advanced > Webhooks, each with status Active:\n  topics        %s\n  delivery URL  %s\n", strings.Join(h.Missing, ", "), h.Delivery)
	if text := secret.Reveal(); text != "" {
		fmt.Fprintf(p.stdout, "  secret        %s\nThe secret is not shown again; woochat shop rotate makes another one.\n", text)
	} else {
		fmt.Fprintln(p.stdout, "  secret        the one that was shown when the shop was connected; woochat shop rotate makes another one")
	}
}

type shopConnect struct {
	siteFlag
	URL      string `name:"url" placeholder:"URL" help:"The shop's address; the site's own if left out."`
	Key      string `placeholder:"KEY" help:"REST key as @FILE, env:NAME, - for stdin, or ck_...:cs_..., which others can see in the list of processes. Asked for if left out."`
	NoKey    bool   `help:"Connect without a key: what webhooks say is taken for the truth, and variations are not read."`
	Decimals *uint8 `placeholder:"N" help:"Decimals of the shop's prices, with --no-key; 2 if left out."`
	jsonFlag
}

// Help implements kong.HelpProvider.
func (shopConnect) Help() string {
	return `The key is kept sealed under WOOCHAT_SECRET_KEY, which must be the server's. With the permission Read/Write the webhooks are made; with Read they are to be made by hand, and the command prints what to paste. A key with Read may replace one with Read/Write afterwards: connect again.

The server imports the shop as soon as it runs.

Examples:

    woochat shop connect --url https://shop.example.com --key @shop.key
    woochat shop connect --site shop.example.com --key env:SHOP_KEY --json
`
}

// Run connects the shop.
func (c shopConnect) Run(ctx context.Context, p *program) error {
	return p.shopOf(ctx, c.Site, func(app *wiring.App, site tenant.Site) error {
		order := connecting.Order{URL: c.URL, Decimals: c.Decimals}
		if order.URL == "" {
			order.URL = site.URL
		}
		if !c.NoKey {
			var err error
			if order.Key, err = (ingestWooCommerce{Key: c.Key}).credentials(p); err != nil {
				return err
			}
		}
		got, err := app.Connecting.Connect(ctx, app.Operator, site.Scope(), order)
		if err != nil {
			return err
		}
		if c.JSON {
			return p.json(struct {
				Connection connectionRow `json:"connection"`
				Hooks      hooksRow      `json:"webhooks"`
				Secret     string        `json:"webhook_secret,omitempty"`
			}{rowOfConnection(got.Shown), rowOfHooks(got.Hooks), got.Secret.Reveal()})
		}
		fmt.Fprintf(p.stdout, "The shop of %s is connected: %s.\n", printable(site.Name), printable(got.Shown.URL))
		p.tellHooks(got.Hooks, got.Secret)
		return nil
	})
}

type shopInvite struct {
	siteFlag
	URL    string `name:"url" placeholder:"URL" help:"The shop's address; the site's own if left out."`
	Return string `name:"return" placeholder:"URL" help:"Where the owner's browser goes afterwards; the shop's own pages if left out."`
}

// Help implements kong.HelpProvider.
func (shopInvite) Help() string {
	return `The owner of the shop opens the address, approves, and WooCommerce sends a key to the server, which makes the webhooks and imports the shop. It is good for half an hour, once, and needs WOOCHAT_PUBLIC_URL over https.
`
}

// Run prints the address.
func (c shopInvite) Run(ctx context.Context, p *program) error {
	return p.shopOf(ctx, c.Site, func(app *wiring.App, site tenant.Site) error {
		address := c.URL
		if address == "" {
			address = site.URL
		}
		page, err := app.Connecting.Invite(ctx, app.Operator, site.Scope(), address, c.Return)
		if err != nil {
			return err
		}
		fmt.Fprintln(p.stdout, page)
		return nil
	})
}

// connectionRow is a connection as it is printed.
type connectionRow struct {
	Site     tenant.SiteID `json:"site_id"`
	URL      string        `json:"url"`
	HasKey   bool          `json:"has_key"`
	Write    bool          `json:"may_write"`
	Secrets  int           `json:"webhook_secrets"`
	LastHook string        `json:"last_webhook_at,omitempty"`
}

func rowOfConnection(x ingestion.Shown) connectionRow {
	r := connectionRow{x.Scope.Site, x.URL, x.HasKey, x.Write, x.Secrets, ""}
	if !x.LastHook.IsZero() {
		r.LastHook = stamp(x.LastHook)
	}
	return r
}

// words says in a line how a shop is connected.
func (r connectionRow) words() string {
	key := "no key: webhooks are all that is known of it"
	switch {
	case r.HasKey && r.Write:
		key = "a key that may write"
	case r.HasKey:
		key = "a key that may read"
	}
	last := "no webhook has come yet"
	if r.LastHook != "" {
		last = "last webhook " + r.LastHook
	}
	if r.Secrets > 1 {
		last += ", two secrets are good"
	}
	return printable(r.URL) + ", " + key + ", " + last
}

type shopShow struct {
	siteFlag
	jsonFlag
}

// Run shows the connection.
func (c shopShow) Run(ctx context.Context, p *program) error {
	return p.shopOf(ctx, c.Site, func(app *wiring.App, site tenant.Site) error {
		shown, err := app.Connecting.Show(ctx, app.Operator, site.Scope())
		if err != nil {
			return err
		}
		if c.JSON {
			return p.json(rowOfConnection(shown))
		}
		fmt.Fprintf(p.stdout, "%s: %s.\n", printable(site.Name), rowOfConnection(shown).words())
		if url := app.Connecting.DeliveryURL(site.ID); url != "" {
			fmt.Fprintf(p.stdout, "Its webhooks deliver to %s.\n", url)
		}
		return nil
	})
}

type shopSync struct{ siteFlag }

// Run asks for an import.
func (c shopSync) Run(ctx context.Context, p *program) error {
	return p.shopOf(ctx, c.Site, func(app *wiring.App, site tenant.Site) error {
		if err := app.Connecting.Sync(ctx, app.Operator, site.Scope()); err != nil {
			return err
		}
		fmt.Fprintf(p.stdout, "The server imports the shop of %s; woochat ingest status says how far it is.\n", printable(site.Name))
		return nil
	})
}

type shopRotate struct {
	siteFlag
	Finish bool `help:"Forget the secret before: all webhooks have the new one."`
	jsonFlag
}

// Help implements kong.HelpProvider.
func (shopRotate) Help() string {
	return `With a key that may write the webhooks get the new secret, and the one before is forgotten after an hour. Otherwise the command prints it, once; both are good until --finish.
`
}

// Run makes a new secret, or forgets the old one.
func (c shopRotate) Run(ctx context.Context, p *program) error {
	return p.shopOf(ctx, c.Site, func(app *wiring.App, site tenant.Site) error {
		if c.Finish {
			if err := app.Connecting.Finish(ctx, app.Operator, site.Scope()); err != nil {
				return err
			}
			fmt.Fprintln(p.stdout, "One secret is good.")
			return nil
		}
		got, err := app.Connecting.Rotate(ctx, app.Operator, site.Scope())
		if errors.Is(err, connecting.ErrRotating) {
			return withHint(err, "woochat shop rotate --finish --site %s", site.ID)
		}
		if err != nil {
			return err
		}
		if c.JSON {
			return p.json(struct {
				Hooks  hooksRow `json:"webhooks"`
				Secret string   `json:"webhook_secret,omitempty"`
			}{rowOfHooks(got.Hooks), got.Secret.Reveal()})
		}
		if got.Secret == (ingestion.Secret{}) {
			fmt.Fprintln(p.stdout, "The webhooks have a new secret. The one before is good for another hour.")
			return nil
		}
		p.tellHooks(got.Hooks, got.Secret)
		fmt.Fprintf(p.stdout, "Two secrets are good until: woochat shop rotate --finish --site %s\n", site.ID)
		return nil
	})
}

type shopDisconnect struct{ siteFlag }

// Run disconnects the shop.
func (c shopDisconnect) Run(ctx context.Context, p *program) error {
	return p.shopOf(ctx, c.Site, func(app *wiring.App, site tenant.Site) error {
		got, err := app.Connecting.Disconnect(ctx, app.Operator, site.Scope())
		if err != nil {
			return err
		}
		fmt.Fprintf(p.stdout, "The shop of %s is disconnected: its key and secrets are forgotten. What was imported stays.\n", printable(site.Name))
		if got.Hooks != nil {
			fmt.Fprintf(p.stdout, "Its webhooks may still be there: %s.\n", printable(got.Hooks.Error()))
		}
		return nil
	})
}
