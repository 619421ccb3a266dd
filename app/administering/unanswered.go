package administering

import (
	"context"

	"github.com/aiwoochat/woochat/domain/chat"
	"github.com/aiwoochat/woochat/domain/roles"
	"github.com/aiwoochat/woochat/domain/tenant"
)

// Unanswered returns at most limit turns of the site whose answer was that the
// shop has nothing on the question, the latest first, and of those before the
// turn before only, "" for the last. Turns that were erased are gone. Each page
// that a super admin reads is recorded. It may be called again. Errors:
// roles.ErrForbidden if who may not read conversations, and those of
// ports.Unanswered.
func (s *Service) Unanswered(ctx context.Context, who roles.Grants, sc tenant.Scope, before chat.MessageID, limit int) ([]chat.Turn, error) {
	if err := s.audit.Allow(ctx, who, roles.ReadConversations, sc, "list unanswered questions"); err != nil {
		return nil, err
	}
	return s.deps.Unanswered.UnansweredQuestions(ctx, sc, before, limit)
}
