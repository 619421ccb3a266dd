package sqlite

import (
	"context"
	"fmt"

	"github.com/aiwoochat/woochat/domain/chat"
	"github.com/aiwoochat/woochat/ports"
)

// The conditions are those of usage.Reservation.Checkpoint, spelled here since
// a process writes those of all its streams each second, and loading a
// reservation for each would cost more than it tells.
const noteOutput = `update usage_calls set output_tokens = ?
	where tenant_id = ? and site_id = ? and reservation_id = ? and call_no = ? and event_id is null and output_tokens < ?`

// Checkpoint implements [ports.Checkpointer].
func (l *Ledger) Checkpoint(ctx context.Context, cs []ports.Checkpoint) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if len(cs) == 0 {
		return nil
	}
	err := l.stmts.write(ctx, func(tx queryer) error {
		for _, c := range cs {
			key, err := keyOf(ctx, c.Scope, c.Reservation)
			if err != nil && ctx.Err() == nil || c.Output > chat.MaxTokensPerCall {
				continue // it names nothing that could be here
			}
			if _, err := tx.ExecContext(ctx, noteOutput, c.Output, key.tenant, key.site, key.id, c.CallNo, c.Output); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("sqlite: checkpoint: %w", err)
	}
	return nil
}
