package memory

import (
	"context"

	"github.com/aiwoochat/woochat/ports"
)

// Changes tells what has changed in stores of this package. It is a
// [ports.Changes]. Make one with NewChanges.
type Changes struct {
	accounts *Accounts
	licenses *Licenses
	indexes  *Documents
}

var _ ports.Changes = (*Changes)(nil)

// NewChanges returns what tells of changes of the three.
func NewChanges(a *Accounts, l *Licenses, d *Documents) *Changes { return &Changes{a, l, d} }

// Numbers implements [ports.Changes].
func (c *Changes) Numbers(ctx context.Context) (ports.ChangeNumbers, error) {
	if err := ctx.Err(); err != nil {
		return ports.ChangeNumbers{}, err
	}
	c.accounts.mu.RLock()
	n := c.accounts.changes
	c.accounts.mu.RUnlock()
	c.licenses.mu.Lock()
	n.Licenses = c.licenses.changes
	c.licenses.mu.Unlock()
	c.indexes.mu.RLock()
	n.Indexes = c.indexes.indexes
	c.indexes.mu.RUnlock()
	return n, nil
}
