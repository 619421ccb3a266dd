package sqlite

import (
	"context"
	"fmt"

	"github.com/jmoiron/sqlx"

	"github.com/aiwoochat/woochat/ports"
)

// Changes tells what has changed in a [DB], also by other processes. It is a
// [ports.Changes].
type Changes struct{ db *DB }

var _ ports.Changes = (*Changes)(nil)

// Changes returns what tells of changes in db.
func (db *DB) Changes() *Changes { return &Changes{db} }

const selectChanges = `select licenses, keys, sites, prices, generations, indexes from changes where id = 1`

// Numbers implements [ports.Changes].
func (c *Changes) Numbers(ctx context.Context) (ports.ChangeNumbers, error) {
	var n ports.ChangeNumbers
	err := c.db.read(ctx, func(tx *sqlx.Tx) error {
		return tx.QueryRowContext(ctx, selectChanges).Scan(&n.Licenses, &n.Keys, &n.Sites, &n.Prices, &n.Generations, &n.Indexes)
	})
	if err != nil {
		return ports.ChangeNumbers{}, fmt.Errorf("sqlite: numbers of changes: %w", err)
	}
	return n, nil
}
