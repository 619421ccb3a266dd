package postgres

import (
	"cmp"
	"context"
	"database/sql"
	"slices"

	"github.com/jmoiron/sqlx"

	"github.com/aiwoochat/woochat/domain/chat"
	"github.com/aiwoochat/woochat/ports"
)

// saveDraft stores a draft if it is not behind what is stored, and renews the
// lease in any case. No row is no error: the turn has ended otherwise.
const saveDraft = `update messages set lease_at = greatest(lease_at, $5),
		answer = case when last_event <= $6 then $7 else answer end,
		citations = case when last_event <= $6 then $8::jsonb else citations end,
		cards = case when last_event <= $6 then $9::jsonb else cards end,
		last_event = greatest(last_event, $6)
	where tenant_id = $1 and site_id = $2 and id = $3 and attempt = $4 and state = 'running'`

// SaveDrafts implements [ports.Drafts]. Sites and turns are written in the order
// of their keys, so that two processes never wait for each other in a circle.
func (c *Conversations) SaveDrafts(ctx context.Context, ds []ports.ScopedDraft) error {
	if err := ctx.Err(); err != nil || len(ds) == 0 {
		return err
	}
	fail := failing(ctx, "save drafts from", ds[0].Draft.Message)
	rows := make([]draftRow, 0, len(ds))
	for _, d := range ds {
		r, err := draftRowOf(d)
		if err != nil {
			return fail(err)
		}
		rows = append(rows, r)
	}
	slices.SortStableFunc(rows, func(a, b draftRow) int {
		return cmp.Or(cmp.Compare(a.tenant, b.tenant), cmp.Compare(a.site, b.site), cmp.Compare(a.id, b.id))
	})
	first := rows[0].owner
	return fail(inTx(ctx, c.db.runtime, func(tx *sqlx.Tx) error {
		at := first
		for _, r := range rows {
			if r.owner != at {
				if _, err := tx.ExecContext(ctx, becomeWidget, r.tenant, r.site); err != nil {
					return err
				}
				at = r.owner
			}
			if err := r.save(ctx, tx); err != nil {
				return err
			}
		}
		return nil
	}, becomeWidget, first.tenant, first.site))
}

// draftRow is a draft as it is stored.
type draftRow struct {
	chat.Draft
	owner
	id               string
	citations, cards sql.NullString
}

func draftRowOf(d ports.ScopedDraft) (draftRow, error) {
	r := draftRow{Draft: d.Draft}
	var err error
	if r.owner, err = ownerOf(d.Scope); err != nil {
		return r, err
	}
	if r.id, err = bare(chat.MessagePrefix, d.Draft.Message); err != nil {
		return r, err
	}
	if r.citations, err = citationsToJSON(d.Draft.Citations); err != nil {
		return r, err
	}
	r.cards, err = cardsToJSON(d.Draft.Cards)
	return r, err
}

func (r draftRow) save(ctx context.Context, tx *sqlx.Tx) error {
	_, err := tx.ExecContext(ctx, saveDraft, r.tenant, r.site, r.id, r.Attempt, micros(r.Lease), r.LastEvent, r.Answer, r.citations, r.cards)
	return err
}
