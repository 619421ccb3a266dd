package memory

import (
	"context"

	"github.com/aiwoochat/woochat/domain/tenant"
)

// begin is what every call about a scope begins with.
func begin(ctx context.Context, s tenant.Scope) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return s.Valid()
}
