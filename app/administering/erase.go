package administering

import (
	"context"
	"fmt"

	"github.com/aiwoochat/woochat/domain/chat"
	"github.com/aiwoochat/woochat/domain/roles"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/ports"
)

// Erase forgets a shopper of the site, as he may ask of the shop: all
// conversations of his browser v ("" if it is not known), and those of ids, which
// he may have deleted himself before. What was spent stays, and names none of
// them; see ports.Erasure, whose errors it returns. The log says that it was
// done, and to how many ids, but not whose they were: it is kept for ever.
func (s *Service) Erase(ctx context.Context, who roles.Grants, sc tenant.Scope, v chat.VisitorID, ids []chat.ConversationID) (ports.Erased, error) {
	if err := who.Can(roles.EraseConversations, sc); err != nil {
		return ports.Erased{}, err
	}
	switch {
	case v == "" && len(ids) == 0:
		return ports.Erased{}, &FieldError{"visitor", "or a conversation must be named"}
	case v != "" && v.Valid() != nil:
		return ports.Erased{}, &FieldError{"visitor", "is not an id such as vis_01890a5d-ac96-774b-bcce-b302099a8057"}
	}
	for _, id := range ids {
		if id.Valid() != nil {
			return ports.Erased{}, &FieldError{"conversation", "is not an id such as conv_01890a5d-ac96-774b-bcce-b302099a8057"}
		}
	}
	details := fmt.Sprintf("a shopper, by %d conversations", len(ids))
	if v != "" {
		details = fmt.Sprintf("a shopper, by his browser and %d conversations", len(ids))
	}
	if err := s.audit.Allow(ctx, who, roles.EraseConversations, sc, details); err != nil {
		return ports.Erased{}, err
	}
	return s.deps.Erasure.Erase(ctx, sc, v, ids)
}
