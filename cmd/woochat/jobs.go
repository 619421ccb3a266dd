package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/aiwoochat/woochat/app/wiring"
	"github.com/aiwoochat/woochat/domain/ingestion"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/ports"
)

type jobsCommand struct {
	List  jobsList  `cmd:"" help:"List what waits to be read from a site's shop."`
	Retry jobsRetry `cmd:"" help:"Try jobs again at once."`
	Drop  jobsDrop  `cmd:"" help:"Forget jobs until the next change of what they are about."`
}

// jobRow is a job as it is printed.
type jobRow struct {
	Object   string `json:"object"`
	State    string `json:"state"` // due, waiting, dead
	Attempts int    `json:"attempts"`
	Hinted   string `json:"hinted_at"`
	Due      string `json:"due_at"`
	Error    string `json:"error,omitempty"`
}

func (p *program) rowOfJob(j ingestion.Job) jobRow {
	r := jobRow{Object: j.Object.String(), State: "waiting", Attempts: j.Attempts, Hinted: stamp(j.Hinted), Due: stamp(j.Due), Error: j.Error}
	switch {
	case j.Dead:
		r.State = "dead"
	case !j.Due.After(p.now()):
		r.State = "due"
	}
	return r
}

type jobsList struct {
	siteFlag
	Dead  bool   `help:"Only those that have failed too often, and wait for you."`
	After string `placeholder:"OBJECT" help:"Begin after this one, such as product:44: the last of the page before."`
	Limit int    `default:"100" help:"How many are shown at most."`
	jsonFlag
}

// Help implements kong.HelpProvider.
func (jobsList) Help() string {
	return `A product waits as product:<id of the shop>, a task for the whole shop as task:<name>; tasks that come again by themselves wait here for their time. A job that has failed ten times is dead: the next change of its product revives it, and so does woochat jobs retry.

Examples:

    woochat jobs list --dead
    woochat jobs list --site shop.example.com --after product:1234 --json
`
}

// Run lists jobs.
func (c jobsList) Run(ctx context.Context, p *program) error {
	if c.Limit < 1 {
		return &usageError{[]error{fmt.Errorf("--limit: %d is not a number from 1", c.Limit)}, "woochat jobs list"}
	}
	return p.with(ctx, func(app *wiring.App) error {
		site, err := siteNamed(ctx, app, c.Site)
		if err != nil {
			return err
		}
		jobs, err := app.Backlog.List(ctx, app.Operator, site.Scope(), c.Dead, c.After, c.Limit)
		if err != nil {
			return err
		}
		var rows []jobRow
		var cells [][]string
		for _, j := range jobs {
			r := p.rowOfJob(j)
			rows = append(rows, r)
			cells = append(cells, []string{printable(r.Object), r.State, fmt.Sprint(r.Attempts), r.Hinted, r.Due, printable(r.Error)})
		}
		if c.JSON {
			return jsonList(p, rows)
		}
		p.table(left("OBJECT", "STATE", "FAILED", "SINCE", "DUE", "WHY"), cells, "Nothing waits.")
		if len(jobs) == c.Limit {
			fmt.Fprintf(p.stdout, "There may be more: --after %s\n", printable(jobs[len(jobs)-1].Object.String()))
		}
		return nil
	})
}

// chosenJobs are the jobs that a command is about.
type chosenJobs struct {
	Objects []string `arg:"" optional:"" name:"object" help:"Jobs, as woochat jobs list names them, such as product:44."`
	siteFlag
	Dead bool `help:"All that have failed too often."`
	jsonFlag
}

// changedJobs is what was done, as it is printed.
type changedJobs struct {
	Site    tenant.SiteID `json:"site_id"`
	Changed int           `json:"changed"`
}

func (c chosenJobs) change(ctx context.Context, p *program, command string, a ingestion.Action, done string) error {
	var errs []error
	if (len(c.Objects) > 0) == c.Dead {
		errs = append(errs, errors.New("name jobs, or --dead for all that have failed too often"))
	}
	objects := make([]ingestion.Object, 0, len(c.Objects))
	for _, text := range c.Objects {
		o, err := ingestion.ParseObject(text)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		objects = append(objects, o)
	}
	if len(errs) > 0 {
		return &usageError{errs, command}
	}
	return p.with(ctx, func(app *wiring.App) error {
		site, err := siteNamed(ctx, app, c.Site)
		if err != nil {
			return err
		}
		n, err := app.Backlog.Change(ctx, app.Operator, site.Scope(), a, objects)
		switch {
		case errors.Is(err, ports.ErrNotFound):
			return withHint(err, "woochat jobs list --site %s says what waits; nothing was changed", site.ID)
		case err != nil:
			return err
		case c.JSON:
			return p.json(changedJobs{site.ID, n})
		case n == 0:
			fmt.Fprintln(p.stdout, "There are none.")
		default:
			fmt.Fprintf(p.stdout, done, n)
		}
		return nil
	})
}

type jobsRetry struct{ chosenJobs }

// Help implements kong.HelpProvider.
func (jobsRetry) Help() string {
	return `The jobs are due at once, as if they had never failed, and the server begins within half a second. A site that rests since its shop was away rests no longer.

Examples:

    woochat jobs retry --dead
    woochat jobs retry product:44 task:import --site shop.example.com
`
}

// Run retries.
func (c jobsRetry) Run(ctx context.Context, p *program) error {
	return c.change(ctx, p, "woochat jobs retry", ingestion.Retry, "%d jobs are tried again now.\n")
}

type jobsDrop struct{ chosenJobs }

// Help implements kong.HelpProvider.
func (jobsDrop) Help() string {
	return `What is dropped is not read until it changes again, or a comparison with the shop finds it. A task that comes again by itself is back within some minutes.

Examples:

    woochat jobs drop --dead
    woochat jobs drop product:44 --site shop.example.com
`
}

// Run drops.
func (c jobsDrop) Run(ctx context.Context, p *program) error {
	return c.change(ctx, p, "woochat jobs drop", ingestion.Drop, "%d jobs are forgotten.\n")
}
