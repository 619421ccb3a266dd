package ginhttp

import (
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/aiwoochat/woochat/domain/chat"
	"github.com/aiwoochat/woochat/ports"
)

// unanswered shows what the key's site could not answer, the latest question
// first: GET /api/admin/unanswered?starting_after=msg_....
func (s *Server) unanswered(c *gin.Context) {
	if s.deps.Administering == nil {
		s.fail(c, ports.ErrNotFound)
		return
	}
	size, err := pageSize(c)
	if err != nil {
		s.fail(c, err)
		return
	}
	before := chat.MessageID(c.Query("starting_after"))
	if before != "" && before.Valid() != nil {
		s.fail(c, &chat.InputError{Field: "starting_after", Reason: "is not the id of a message"})
		return
	}
	h := holding(c)
	turns, err := s.deps.Administering.Unanswered(c.Request.Context(), h.grants, h.scope, before, size+1)
	if err != nil {
		s.fail(c, err)
		return
	}
	more := len(turns) > size
	if more {
		turns = turns[:size]
	}
	data := make([]gin.H, 0, len(turns))
	for _, t := range turns {
		data = append(data, gin.H{
			"id": t.Message, "conversation_id": t.Conversation, "question": t.Question, "asked_at": t.Asked.UTC().Format(time.RFC3339Nano),
		})
	}
	out := gin.H{"data": data, "has_more": more}
	if more {
		out["next_cursor"] = turns[len(turns)-1].Message
	}
	hurry(c)
	c.JSON(http.StatusOK, out)
}
