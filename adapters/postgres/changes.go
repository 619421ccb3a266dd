package postgres

import (
	"context"
	"fmt"

	"github.com/aiwoochat/woochat/ports"
)

// Changes tells what has changed in a [DB], also by other processes. It is a
// [ports.Changes].
type Changes struct{ db *DB }

var _ ports.Changes = (*Changes)(nil)

// Changes returns what tells of changes in db.
func (db *DB) Changes() *Changes { return &Changes{db} }

// It needs no scope: the numbers are of the whole platform, and say nothing of
// whose change it was.
const selectChanges = `select licenses, keys, sites, prices, generations, indexes from public.changes()`

// Numbers implements [ports.Changes].
func (c *Changes) Numbers(ctx context.Context) (ports.ChangeNumbers, error) {
	var n ports.ChangeNumbers
	err := c.db.runtime.QueryRowContext(ctx, selectChanges).Scan(&n.Licenses, &n.Keys, &n.Sites, &n.Prices, &n.Generations, &n.Indexes)
	if err != nil {
		return ports.ChangeNumbers{}, fmt.Errorf("postgres: numbers of changes: %w", mapped(ctx, err))
	}
	return n, nil
}
