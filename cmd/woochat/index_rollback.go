package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/aiwoochat/woochat/app/ingesting"
	"github.com/aiwoochat/woochat/app/wiring"
	"github.com/aiwoochat/woochat/domain/roles"
	"github.com/aiwoochat/woochat/domain/tenant"
)

type indexRollback struct {
	Site string `help:"Id, name or address of the site; may be left out if there is only one."`
	All  bool   `help:"All sites that have a generation to go back to."`
	jsonFlag
}

// Help implements kong.HelpProvider.
func (indexRollback) Help() string {
	return `Goes back to the generation of the index that was searched before the present one, such as the one of the embedding model, or of the size of chunks, before. It is kept for seven days after another one took its place. What has changed since is cut as that generation is and brought into it first, and only that is embedded; where nothing has, it is searched at once.

The site is pinned to it then: it stays there whatever WOOCHAT_EMBEDDING_MODEL and WOOCHAT_CHUNK_TOKENS say, until "woochat index rebuild", or until the server wants what it has. Rolling back once more returns to where it was. Stopping the command loses nothing: "woochat serve" goes on with it.

Examples:

    woochat index rollback --site shop.example.com
    woochat index rollback --all
`
}

// keptLine says as JSON that a site stays where it is.
type keptLine struct {
	Event  string        `json:"event"`
	Site   tenant.SiteID `json:"site_id"`
	Reason string        `json:"reason"`
}

// Run goes back.
func (c indexRollback) Run(ctx context.Context, p *program) error {
	if c.All && c.Site != "" {
		return &usageError{problems: []error{errors.New("--all and --site exclude each other")}, command: "woochat index rollback"}
	}
	return p.with(ctx, func(app *wiring.App) error {
		sites, err := c.sites(ctx, app)
		if err != nil {
			return err
		}
		show := p.newShow(c.JSON)
		var errs []error
		for _, site := range sites {
			err := p.rollback(ctx, app, site, show)
			if c.All && errors.Is(err, ingesting.ErrNoFormer) {
				if show.line(keptLine{"kept", site.ID, err.Error()}); show.lines == nil {
					fmt.Fprintf(p.stdout, "%s stays as it is: there is no generation to go back to.\n", printable(site.Name))
				}
				continue
			}
			errs = append(errs, err)
		}
		return errors.Join(errs...)
	})
}

func (c indexRollback) sites(ctx context.Context, app *wiring.App) ([]tenant.Site, error) {
	if c.All {
		return allSites(ctx, app)
	}
	site, err := siteNamed(ctx, app, c.Site)
	return []tenant.Site{site}, err
}

func (p *program) rollback(ctx context.Context, app *wiring.App, site tenant.Site, show *show) error {
	if err := app.Auditing.Allow(ctx, app.Operator, roles.WriteDocuments, site.Scope(), "roll the index back"); err != nil {
		return err
	}
	if _, err := app.Ingesting.Rollback(ctx, site.Scope()); err != nil {
		return err
	}
	line := rebuiltLine{Event: "rolled_back"}
	var err error
	line.Texts, line.Tokens, line.Reason, err = build(ctx, app, site, show)
	show.wait()
	if err != nil {
		return withHint(err, `the site is searched as before: "woochat serve" goes on with it`)
	}
	st, err := app.Ingesting.IndexStatus(ctx, site.Scope())
	if err != nil {
		return err
	}
	line.indexRow, line.Complete = indexRowOf(site.ID, st), st.Building.No == 0
	if show.line(line); show.lines != nil {
		return nil
	}
	if line.Complete {
		fmt.Fprintf(p.stdout, "%s is searched in generation %d of its index again (%s, chunks of %d tokens), and stays there until \"woochat index rebuild\": %s documents, %s texts embedded.\n",
			printable(site.Name), line.Generation, modelWord(line.Model), line.Chunking.Target, grouped(int64(line.Documents)), grouped(int64(line.Texts)))
		return nil
	}
	fmt.Fprintf(p.stdout, "Generation %d of the index of %s still lacks what has changed since; the rest comes when %s. \"woochat serve\" goes on with it.\n",
		line.Building.Generation, printable(site.Name), line.Reason)
	return nil
}
