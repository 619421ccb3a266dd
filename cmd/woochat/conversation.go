package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/aiwoochat/woochat/app/wiring"
	"github.com/aiwoochat/woochat/domain/chat"
	"github.com/aiwoochat/woochat/ports"
)

type conversationCommand struct {
	Unanswered conversationUnanswered `cmd:"" help:"List the questions on which the shop has nothing."`
	Erase      conversationErase      `cmd:"" help:"Forget a shopper: remove conversations, and their names from what was spent."`
}

type conversationErase struct {
	Site         string   `help:"Id, name or address of the site; may be left out if there is only one."`
	Visitor      string   `help:"Id of the shopper's browser, vis_...: all of its conversations."`
	Conversation []string `help:"Id of a conversation, conv_...; may be given again."`
	jsonFlag
}

// Help implements kong.HelpProvider.
func (conversationErase) Help() string {
	return `For a shopper who asks the shop to forget him. His browser's id and those of his conversations are what the widget keeps in the session storage of the shop's pages. A conversation that he has deleted himself is gone already, but for its id beside what it cost: name it to take that off, too.

All amounts stay: what was spent adds up to the same as before. The audit log says that somebody was forgotten, and not who.

Examples:

    woochat conversation erase --visitor vis_01890a5d-ac96-774b-bcce-b302099a8057 --reason "ticket 4711"
    woochat conversation erase --conversation conv_01890a5d-ac96-774b-bcce-b302099a8057
`
}

// erasedRow is what was forgotten, as it is printed.
type erasedRow struct {
	Conversations int64 `json:"conversations"`
	Messages      int64 `json:"messages"`
	Events        int64 `json:"events"`
}

// Run forgets a shopper.
func (c conversationErase) Run(ctx context.Context, p *program) error {
	if c.Visitor == "" && len(c.Conversation) == 0 {
		return &usageError{[]error{errors.New("--visitor or --conversation: name what is to be forgotten")}, "woochat conversation erase"}
	}
	ids := make([]chat.ConversationID, len(c.Conversation))
	for i, id := range c.Conversation {
		ids[i] = chat.ConversationID(id)
	}
	return p.with(ctx, func(app *wiring.App) error {
		site, err := siteNamed(ctx, app, c.Site)
		if err != nil {
			return err
		}
		n, err := app.Administering.Erase(ctx, app.Operator, site.Scope(), chat.VisitorID(c.Visitor), ids)
		if errors.Is(err, ports.ErrConflict) {
			return withHint(err, "nothing was removed: try again in two minutes, when what is running is settled")
		}
		if err != nil {
			return err
		}
		if c.JSON {
			return p.json(erasedRow(n))
		}
		fmt.Fprintf(p.stdout, "Removed %d conversations with %d messages, and their names from %d usage events of site %s (%s).\n",
			n.Conversations, n.Messages, n.Events, site.ID, printable(site.Name))
		return nil
	})
}
