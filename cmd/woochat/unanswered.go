package main

import (
	"context"
	"fmt"

	"github.com/aiwoochat/woochat/app/wiring"
	"github.com/aiwoochat/woochat/domain/chat"
)

type conversationUnanswered struct {
	Site  string `help:"Id, name or address of the site; may be left out if there is only one."`
	Limit int    `default:"50" help:"How many questions are shown at most, the latest first."`
	jsonFlag
}

// Help implements kong.HelpProvider.
func (conversationUnanswered) Help() string {
	return `What shoppers asked and were told that the shop has nothing on: what to write a page about, or which words to set as synonyms. Questions of conversations that were deleted or erased are gone.

Examples:

    woochat conversation unanswered
    woochat conversation unanswered --site shop.example.com --limit 500 --json
`
}

// unansweredRow is a question as it is printed; the names are those of the admin
// API.
type unansweredRow struct {
	ID           chat.MessageID      `json:"id"`
	Conversation chat.ConversationID `json:"conversation_id"`
	Question     string              `json:"question"`
	Asked        string              `json:"asked_at"`
}

// Run lists what was not answered.
func (c conversationUnanswered) Run(ctx context.Context, p *program) error {
	if c.Limit < 1 {
		return &usageError{[]error{fmt.Errorf("--limit: %d is not a number from 1", c.Limit)}, "woochat conversation unanswered"}
	}
	return p.with(ctx, func(app *wiring.App) error {
		site, err := siteNamed(ctx, app, c.Site)
		if err != nil {
			return err
		}
		turns, err := app.Administering.Unanswered(ctx, app.Operator, site.Scope(), "", c.Limit)
		if err != nil {
			return err
		}
		var rows []unansweredRow
		var cells [][]string
		for _, t := range turns {
			rows = append(rows, unansweredRow{t.Message, t.Conversation, t.Question, stamp(t.Asked)})
			cells = append(cells, []string{stamp(t.Asked), string(t.Conversation), printable(t.Question)})
		}
		if c.JSON {
			return jsonList(p, rows)
		}
		p.table(left("ASKED", "CONVERSATION", "QUESTION"), cells, "Nothing was left unanswered.")
		return nil
	})
}
