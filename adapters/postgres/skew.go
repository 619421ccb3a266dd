package postgres

import (
	"context"
	"fmt"
	"time"
)

// Skew returns how far the clock of db is ahead of the server's; negative if it
// is behind. A process whose clock is wrong would take others' live holds for
// expired, or let its own expire under its calls. It is exact to half of the
// time that asking takes.
func (db *DB) Skew(ctx context.Context) (time.Duration, error) {
	var server time.Time
	before := db.now()
	if err := db.runtime.GetContext(ctx, &server, `select clock_timestamp()`); err != nil {
		return 0, fmt.Errorf("postgres: ask for the time: %w", mapped(ctx, err))
	}
	after := db.now()
	return before.Add(after.Sub(before) / 2).Sub(server), nil
}
