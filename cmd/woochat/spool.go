package main

import (
	"context"
	"fmt"
	"time"

	"github.com/aiwoochat/woochat/app/wiring"
)

type spoolCommand struct {
	Status spoolStatus `cmd:"" help:"Say what waits on disk for the store."`
}

type spoolStatus struct{ jsonFlag }

func (spoolStatus) showsSettings() {}

// Help implements kong.HelpProvider.
func (spoolStatus) Help() string {
	return `What model calls have spent while the store was away waits in the data folder, and is replayed by the server once the store is back. This looks into it, also while a server runs, and changes nothing.

Examples:

    woochat spool status
    woochat spool status --json
`
}

// waiting is what there is to say of the spool.
type waiting struct {
	Pending int       `json:"pending"`
	Bytes   int64     `json:"bytes"`
	Oldest  time.Time `json:"oldest,omitzero"`
}

// Run says how much waits, and since when.
func (c spoolStatus) Run(_ context.Context, p *program) error {
	cfg, _, err := p.settings(quiet())
	if err != nil {
		return err
	}
	s, err := wiring.Spool(cfg)
	if err != nil {
		return err
	}
	switch {
	case c.JSON:
		return p.json(waiting{s.Pending, s.Bytes, s.Oldest})
	case s.Pending == 0:
		fmt.Fprintln(p.stdout, "Nothing waits for the store.")
	default:
		fmt.Fprintf(p.stdout, "%d settlements wait for the store, %d bytes, the oldest since %s. Nothing new is admitted meanwhile.\n",
			s.Pending, s.Bytes, s.Oldest.Format(time.RFC3339))
	}
	return nil
}
