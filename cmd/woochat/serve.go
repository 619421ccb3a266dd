package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aiwoochat/woochat/app/wiring"
)

type serveCommand struct{}

func (serveCommand) showsSettings() {}

// Help implements kong.HelpProvider.
func (serveCommand) Help() string {
	return `Ends with 0 after SIGTERM or Ctrl-C, once running answers are done or their grace is over; a second one ends it at once. The admin listener is not for the internet: put the public one behind a proxy that speaks https.

Examples:

    export WOOCHAT_SECRET_KEY=$(woochat config secret)
    woochat serve --public-url https://chat.example.com
    woochat --config /etc/woochat.env serve
`
}

// Run serves until ctx is done.
func (serveCommand) Run(ctx context.Context, p *program) error {
	cfg, _, err := p.settings(nil)
	if err := errors.Join(err, needSecret(cfg)); err != nil {
		return err
	}
	app, err := wiring.Start(ctx, cfg, wiring.Options{Listen: true, Log: p.logger(cfg), Operator: p.operator()})
	if err != nil {
		if err = storeHint(cfg, err); hintOf(err) == "" {
			err = withHint(err, serveHint)
		}
		return err
	}
	public := cfg.PublicURL
	if public == "" {
		public = app.PublicURL
	}
	fmt.Fprintf(p.stderr, "woochat %s serves %s (widget: %s/w.js), admin at %s\n", cfg.Version, public, public, app.AdminURL)
	fmt.Fprintf(p.stderr, "store %s; index %s; model %s\n", storeWords(cfg), indexWords(cfg), app.Model)
	return p.serve(ctx, app)
}

const serveHint = `"woochat doctor" looks at each part; --addr and --admin-addr choose other addresses`

// serve waits for the end of ctx, which is a good end, or for a listener to
// break, and drains.
func (p *program) serve(ctx context.Context, app *wiring.App) error {
	var broken error
	select {
	case <-ctx.Done():
		fmt.Fprintf(p.stderr, "Stopping: running answers have %v to end; Ctrl-C again stops at once.\n", app.Config.ShutdownGrace)
	case err := <-app.Failed():
		broken = fmt.Errorf("a listener failed: %w", err)
	}
	end, cancel := context.WithTimeout(context.WithoutCancel(ctx), app.Config.ShutdownGrace+closeGrace)
	defer cancel()
	stopped := make(chan error, 1)
	go func() { stopped <- app.Stop(end) }()
	select {
	case err := <-stopped:
		return errors.Join(broken, err)
	case <-p.hurry:
		return errors.Join(broken, errHurried)
	}
}

// closeGrace is what closing takes beside the answers' grace.
const closeGrace = 30 * time.Second
