package memory

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/aiwoochat/woochat/domain/roles"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/ports"
)

// AuditLog keeps the uses of super admins' power in memory. It is a
// [ports.AuditLog].
type AuditLog struct {
	mu      sync.Mutex // guards entries
	entries []roles.AuditEntry
}

var _ ports.AuditLog = (*AuditLog)(nil)

// NewAuditLog returns an empty log.
func NewAuditLog() *AuditLog { return &AuditLog{} }

// Record implements [ports.AuditLog].
func (a *AuditLog) Record(ctx context.Context, e roles.AuditEntry) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := e.Valid(); err != nil {
		return fmt.Errorf("memory: record: %w: %w", ports.ErrInvalid, err)
	}
	e.At = e.At.UTC().Round(0)
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, old := range a.entries {
		if old.ID == e.ID && old != e {
			return fmt.Errorf("memory: record %s: %w: another entry has the id", e.ID, ports.ErrConflict)
		}
		if old.ID == e.ID {
			return nil
		}
	}
	a.entries = append(a.entries, e)
	return nil
}

// List implements [ports.AuditLog].
func (a *AuditLog) List(ctx context.Context, who roles.Grants, s tenant.Scope, after roles.AuditID, limit int) ([]roles.AuditEntry, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	var list []roles.AuditEntry
	if who.Can(roles.ReadAudit, s) == nil {
		for _, e := range slices.Backward(a.entries) {
			if e.Scope.Tenant == s.Tenant && (s.Site == "" || e.Scope.Site == s.Site) {
				list = append(list, e)
			}
		}
	}
	if after != "" {
		i := slices.IndexFunc(list, func(e roles.AuditEntry) bool { return e.ID == after })
		if i < 0 {
			return nil, fmt.Errorf("memory: audit entries after %s: %w", after, ports.ErrNotFound)
		}
		list = list[i+1:]
	}
	return slices.Clip(list[:min(max(limit, 0), len(list))]), nil
}
