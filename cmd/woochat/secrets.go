package main

import (
	"context"
	"fmt"

	"github.com/aiwoochat/woochat/app/wiring"
)

type secretsCommand struct {
	Rotate secretsRotate `cmd:"" help:"Seal all keys and secrets of shops under the first key of WOOCHAT_SECRET_KEY."`
}

type secretsRotate struct{ jsonFlag }

// Help implements kong.HelpProvider.
func (secretsRotate) Help() string {
	return `To change WOOCHAT_SECRET_KEY: put a new key before the old one, with a comma between them, restart the servers, and run this. It says what still needs an older key; once that is nothing, and a day has passed (older keys also open the tokens of shoppers who come back), take the older keys out.

It may be stopped and run again, also while servers run.

Examples:

    WOOCHAT_SECRET_KEY=new,old woochat secrets rotate
`
}

// resealedRow is what came of it, as it is printed.
type resealedRow struct {
	Sites   int       `json:"sites"`
	Sealed  int       `json:"sealed"`
	Current int       `json:"current"`
	Lost    []lostRow `json:"needs_older_key"`
}

type lostRow struct {
	Site   string `json:"site_id"`
	What   string `json:"what"`
	Reason string `json:"reason"`
}

// Run seals everything anew.
func (c secretsRotate) Run(ctx context.Context, p *program) error {
	return p.with(ctx, func(app *wiring.App) error {
		got, err := app.Connecting.Reseal(ctx, app.Operator)
		row := resealedRow{got.Sites, got.Sealed, got.Current, []lostRow{}}
		for _, l := range got.Lost {
			row.Lost = append(row.Lost, lostRow{string(l.Scope.Site), l.What, l.Err.Error()})
		}
		if err != nil {
			return withHint(err, "%d keys and secrets of %d sites are done; run it again for the others", got.Sealed, got.Sites)
		}
		if c.JSON {
			return p.json(row)
		}
		fmt.Fprintf(p.stdout, "%d connected sites: %d keys and secrets sealed under the first key, %d were so already.\n", row.Sites, row.Sealed, row.Current)
		if len(row.Lost) == 0 {
			fmt.Fprintln(p.stdout, "No older key is needed to open them any more.")
			return nil
		}
		cells := make([][]string, 0, len(row.Lost))
		for _, l := range row.Lost {
			cells = append(cells, []string{l.Site, l.What, printable(l.Reason)})
		}
		fmt.Fprintln(p.stdout, "What no key of WOOCHAT_SECRET_KEY opens: add the key that sealed it and run this again, or connect the shop anew.")
		p.table(left("SITE", "WHAT", "REASON"), cells, "")
		return nil
	})
}
