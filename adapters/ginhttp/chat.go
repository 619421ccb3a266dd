package ginhttp

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/aiwoochat/woochat/app/answering"
	"github.com/aiwoochat/woochat/domain/catalog"
	"github.com/aiwoochat/woochat/domain/chat"
	"github.com/aiwoochat/woochat/ports"
)

type messageRequest struct {
	Conversation chat.ConversationID `json:"conversation_id"`
	Message      string              `json:"message"`
	Locale       string              `json:"locale"`
	Page         struct {
		URL   string `json:"url"`
		Title string `json:"title"`
	} `json:"page"`
}

// message answers a shopper's message: POST /api/chat/message.
func (s *Server) message(c *gin.Context) {
	var req messageRequest
	body, err := decode(c, &req)
	if err != nil {
		s.fail(c, err)
		return
	}
	v := visitorOf(c)
	sum := sha256.Sum256(body)
	st, err := s.deps.Answering.Ask(c.Request.Context(), answering.Question{
		Scope: v.Scope, Visitor: v.ID, Conversation: req.Conversation, Text: req.Message,
		Page: chat.Page{URL: req.Page.URL, Title: req.Page.Title}, Locale: cmp.Or(catalog.LocaleOf(req.Locale), v.Locale),
		Key: c.GetHeader("Idempotency-Key"), BodyHash: hex.EncodeToString(sum[:]),
	})
	if err != nil {
		s.fail(c, err)
		return
	}
	if strings.Contains(c.GetHeader("Accept"), "text/event-stream") {
		s.stream(c, st)
		return
	}
	s.whole(c, st)
}

// frameTimeout is how long a client may take to accept one frame.
const frameTimeout = 20 * time.Second

// stream sends an answer as server-sent events until it ends or the client is
// gone, which may come back.
func (s *Server) stream(c *gin.Context, st *answering.Stream) {
	defer st.Leave()
	h := c.Writer.Header()
	h.Set("Content-Type", "text/event-stream; charset=utf-8")
	h.Set("Cache-Control", "no-store, no-transform")
	h.Set("X-Accel-Buffering", "no")
	c.Status(http.StatusOK)
	rc := http.NewResponseController(c.Writer)
	send := func(frame []byte) error {
		// Not every writer has deadlines; those of net/http's servers do.
		if err := rc.SetWriteDeadline(wallClock().Add(frameTimeout)); err != nil && !errors.Is(err, http.ErrNotSupported) {
			return err
		}
		if _, err := c.Writer.Write(frame); err != nil {
			return err
		}
		return rc.Flush()
	}
	if err := send([]byte(": ok\n\n")); err != nil {
		return
	}
	for {
		wait, cancel := context.WithTimeout(c.Request.Context(), s.cfg.Heartbeat)
		e, err := st.Next(wait)
		cancel()
		var frame []byte
		switch {
		case err == nil:
			if frame, err = s.frame(st.Message(), e, requestID(c)); err != nil {
				_ = c.Error(err)
				return
			}
		case errors.Is(err, context.DeadlineExceeded) && c.Request.Context().Err() == nil:
			frame = []byte(": alive\n\n")
		default: // the end, or the client is gone
			return
		}
		if err := send(frame); err != nil {
			_ = c.Error(fmt.Errorf("client: %w", err))
			return
		}
	}
}

// whole sends an answer as one JSON object, once it is complete. A client that
// leaves does not come back.
func (s *Server) whole(c *gin.Context, st *answering.Stream) {
	defer st.Abandon()
	out := gin.H{"conversation_id": st.Conversation(), "message_id": st.Message(), "sources": []wireSource{}, "products": []wireCard{}}
	var text strings.Builder
	for {
		e, err := st.Next(c.Request.Context())
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			s.fail(c, err)
			return
		}
		switch e.Kind {
		case chat.EventStart:
		case chat.EventDelta:
			text.WriteString(e.Text)
		case chat.EventSources:
			out["sources"] = sources(e.Sources)
		case chat.EventProducts:
			out["products"] = cards(e.Cards)
		case chat.EventEnd:
			out["finish"], out["usage"] = e.Finish.String(), tokenCounts(e.Tokens)
			if e.Notice != "" {
				out["notice"] = e.Notice
			}
		case chat.EventError:
			s.fail(c, e.Err)
			return
		}
	}
	out["answer"] = text.String()
	hurry(c)
	c.JSON(http.StatusOK, out)
}

// resume shows a stream again from where it broke: GET
// /api/chat/messages/:id/events.
func (s *Server) resume(c *gin.Context) {
	v := visitorOf(c)
	id := chat.MessageID(c.Param("id"))
	after, err := eventAfter(id, c.GetHeader("Last-Event-ID"))
	if err != nil {
		s.fail(c, err)
		return
	}
	st, err := s.deps.Answering.Resume(c.Request.Context(), v.Scope, v.ID, id, after)
	if err != nil {
		s.fail(c, err)
		return
	}
	s.stream(c, st)
}

func eventAfter(id chat.MessageID, last string) (int64, error) {
	if err := id.Valid(); err != nil {
		return 0, ports.ErrNotFound
	}
	if last == "" {
		return 0, nil
	}
	message, number, ok := strings.Cut(last, ":")
	n, err := strconv.ParseInt(number, 10, 64)
	if !ok || message != string(id) || err != nil || n < 0 {
		return 0, &chat.InputError{Field: "Last-Event-ID", Reason: "is not the id of an event of this message"}
	}
	return n, nil
}

// stop ends a running answer: POST /api/chat/messages/:id/stop.
func (s *Server) stop(c *gin.Context) {
	v := visitorOf(c)
	id := chat.MessageID(c.Param("id"))
	if id.Valid() != nil {
		s.fail(c, ports.ErrNotFound)
		return
	}
	if err := s.deps.Answering.Stop(c.Request.Context(), v.Scope, v.ID, id); err != nil {
		s.fail(c, err)
		return
	}
	c.Status(http.StatusAccepted)
}

// historyTurns is how many turns the history shows.
const historyTurns = 50

// history shows the visitor's conversation: GET /api/chat/history.
func (s *Server) history(c *gin.Context) {
	v := visitorOf(c)
	id := chat.ConversationID(c.Query("conversation_id"))
	if id.Valid() != nil {
		s.fail(c, &chat.InputError{Field: "conversation_id", Reason: "is missing or malformed"})
		return
	}
	turns, err := s.deps.Answering.History(c.Request.Context(), v.Scope, v.ID, id, historyTurns)
	if err != nil {
		s.fail(c, err)
		return
	}
	s.deps.Answering.Search.Prepare(c.Request.Context(), v.Scope) // who is back goes on
	data := make([]gin.H, 0, len(turns))
	for _, t := range turns {
		data = append(data, gin.H{
			"id": t.Message, "question": t.Question, "answer": t.Answer, "finish": t.Finish.String(), "notice": t.Notice,
			"sources": sources(t.Citations), "products": cards(t.Cards), "at": t.Asked.UTC().Format(time.RFC3339),
		})
	}
	c.JSON(http.StatusOK, gin.H{"data": data})
}

// feedback stores what a shopper thinks of an answer: POST /api/chat/feedback.
func (s *Server) feedback(c *gin.Context) {
	var req struct {
		Message chat.MessageID `json:"message_id"`
		Rating  int            `json:"rating"`
	}
	if _, err := decode(c, &req); err != nil {
		s.fail(c, err)
		return
	}
	v := visitorOf(c)
	switch {
	case s.deps.Feedback == nil, req.Message.Valid() != nil:
		s.fail(c, ports.ErrNotFound)
		return
	case req.Rating != int(chat.Good) && req.Rating != int(chat.Bad):
		s.fail(c, &chat.InputError{Field: "rating", Reason: "is neither 1 nor -1"})
		return
	}
	if err := s.deps.Feedback.Rate(c.Request.Context(), v.Scope, v.ID, req.Message, chat.Rating(req.Rating), s.now()); err != nil {
		s.fail(c, err)
		return
	}
	c.Status(http.StatusNoContent)
}

// forget deletes the visitor's conversation: DELETE /api/chat/conversation.
func (s *Server) forget(c *gin.Context) {
	v := visitorOf(c)
	id := chat.ConversationID(c.Query("conversation_id"))
	if id.Valid() != nil {
		s.fail(c, &chat.InputError{Field: "conversation_id", Reason: "is missing or malformed"})
		return
	}
	if err := s.deps.Answering.Forget(c.Request.Context(), v.Scope, v.ID, id); err != nil {
		s.fail(c, err)
		return
	}
	c.Status(http.StatusNoContent)
}
