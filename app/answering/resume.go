package answering

import (
	"context"
	"fmt"
	"time"

	"github.com/aiwoochat/woochat/app/metering"
	"github.com/aiwoochat/woochat/domain/chat"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/ports"
)

// FailedError is shown at the end of an answer that broke off.
type FailedError struct {
	Code string // such as UPSTREAM_TIMEOUT
}

func (e *FailedError) Error() string { return "the answer broke off: " + e.Code }

// CodeLost is the code of an answer whose process died.
const CodeLost = "ANSWER_LOST"

// Resume shows an answer of the visitor's again, from the event after number
// after; 0 shows all of it. Nothing is spent. ports.ErrNotFound if the visitor
// has no such message.
func (s *Service) Resume(ctx context.Context, sc tenant.Scope, v chat.VisitorID, id chat.MessageID, after int64) (*Stream, error) {
	if l := s.find(sc, v, id); l != nil {
		st := l.subscribe()
		st.at = max(0, after)
		return st, nil
	}
	t, err := s.Turns.Find(ctx, sc, v, id)
	if err != nil {
		return nil, fmt.Errorf("resume: %w", err)
	}
	if t.State == chat.Done {
		return &Stream{live: finished(t), at: max(0, after)}, nil
	}
	// Another process is answering: follow its drafts.
	l := newLive(t, 0)
	l.answer = []byte(t.Answer)
	follow, stop := context.WithCancelCause(context.WithoutCancel(ctx))
	l.stop = stop
	st := l.subscribe()
	st.at = max(0, after)
	go s.follow(follow, sc, l)
	return st, nil
}

// followEvery is how often a draft of another process is read.
const followEvery = 500 * time.Millisecond

func (s *Service) follow(ctx context.Context, sc tenant.Scope, l *live) {
	tick := time.NewTicker(followEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			l.finish(chat.Turn{Finish: chat.Failed, ErrorCode: CodeLost}, nil)
			return
		case <-tick.C:
		}
		t, err := s.Turns.Find(ctx, sc, l.turn.Visitor, l.turn.Message)
		if err != nil {
			l.finish(chat.Turn{}, fmt.Errorf("resume: %w", err))
			return
		}
		if t.Attempt != l.turn.Attempt {
			// What was shown is of an attempt that was lost; the new one says
			// something else.
			l.finish(chat.Turn{Finish: chat.Failed, ErrorCode: CodeLost}, nil)
			return
		}
		l.mu.Lock()
		grown := len(t.Answer) > len(l.answer)
		if grown {
			l.answer = []byte(t.Answer)
			l.wake()
		}
		l.mu.Unlock()
		switch {
		case t.State == chat.Done:
			l.end(t)
			return
		case !grown && s.Now().After(t.Lease):
			l.finish(chat.Turn{Finish: chat.Failed, ErrorCode: CodeLost}, nil)
			return
		}
	}
}

func (s *Service) find(sc tenant.Scope, v chat.VisitorID, id chat.MessageID) *live {
	s.mu.Lock()
	defer s.mu.Unlock()
	if l := s.live[liveKey{sc, id}]; l != nil && l.turn.Visitor == v {
		return l
	}
	return nil
}

// Stop ends a running answer of the visitor's: the upstream is closed, what was
// spent is settled, and the stream ends with finish "stopped". Stopping an
// answer that has ended changes nothing. ports.ErrNotFound if the visitor has
// no such message, ports.ErrConflict if another process is answering it.
func (s *Service) Stop(ctx context.Context, sc tenant.Scope, v chat.VisitorID, id chat.MessageID) error {
	if l := s.find(sc, v, id); l != nil {
		l.stop(errStopped)
		return nil
	}
	t, err := s.Turns.Find(ctx, sc, v, id)
	switch {
	case err != nil:
		return fmt.Errorf("stop: %w", err)
	case t.State == chat.Running && s.Now().Before(t.Lease):
		return fmt.Errorf("stop: another process is answering: %w", ports.ErrConflict)
	}
	return nil
}

// History returns the last n answered turns of the visitor's conversation,
// oldest first.
func (s *Service) History(ctx context.Context, sc tenant.Scope, v chat.VisitorID, id chat.ConversationID, n int) ([]chat.Turn, error) {
	return s.Conversations.Last(ctx, sc, v, id, n)
}

// Forget deletes the visitor's conversation. Answers that are running are
// stopped first; what was spent stays recorded.
func (s *Service) Forget(ctx context.Context, sc tenant.Scope, v chat.VisitorID, id chat.ConversationID) error {
	s.mu.Lock()
	for k, l := range s.live {
		if k.scope == sc && l.turn.Visitor == v && l.turn.Conversation == id {
			l.stop(errStopped)
		}
	}
	s.mu.Unlock()
	return s.Conversations.Delete(ctx, sc, v, id)
}

// codeOf returns the code that a shopper's client gets for a failed answer.
func codeOf(err error) string { return metering.ErrorCode(err) }
