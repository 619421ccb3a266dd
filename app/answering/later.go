package answering

import (
	"context"
	"errors"
	"time"

	"github.com/aiwoochat/woochat/domain/chat"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/ports"
)

// An answer that the store does not take because it is away is no failed
// answer: the shopper has all of it. It is kept here and stored later. Until
// then it stays among the live ones, so that whoever resumes it gets it,
// Checkpoint renews its lease as soon as that can be done, and its
// Idempotency-Key is answered with it and not with another paid one.
const (
	firstWait   = 200 * time.Millisecond // before the first further try; it doubles
	longestWait = 2 * time.Second
	laterTry    = 3 * time.Second // how long one further try may take
	keepFor     = time.Hour
	mostTries   = 2000 // whatever the clock says
	maxKept     = 1000 // answers at once; each is maxAnswer at most
)

// away reports whether err leaves open whether the store will take an answer,
// or has taken it: it is not there, or was silent until our time was up.
func away(err error) bool {
	return errors.Is(err, ports.ErrUnavailable) || errors.Is(err, context.DeadlineExceeded)
}

// finish stores t within the time. That its conversation was deleted meanwhile
// is no error.
func (s *Service) finish(ctx context.Context, sc tenant.Scope, t chat.Turn, within time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	if err := s.Turns.Finish(ctx, sc, t); !errors.Is(err, ports.ErrNotFound) {
		return err
	}
	return nil
}

// keep says that l's answer will be stored later, false if too many wait. It is
// kept until it is untracked.
func (s *Service) keep(l *live) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.kept >= maxKept {
		return false
	}
	s.kept++
	l.kept = true
	return true
}

// storeLater tries to store the answer t, which is kept, until it is stored or
// refused, or it has taken too long. When the process closes, it tries once
// more.
func (s *Service) storeLater(ctx context.Context, sc tenant.Scope, t chat.Turn) {
	var err error
	for try, wait := 1, firstWait; ; try, wait = try+1, min(2*wait, longestWait) {
		closing := s.waited(wait)
		err = s.finish(ctx, sc, t, laterTry)
		if !away(err) || closing || try == mostTries || s.Now().Sub(t.Answered) >= keepFor {
			break
		}
	}
	if took := s.Now().Sub(t.Answered); err != nil {
		s.publish(ctx, sc, NotStored{Message: t.Message, Waited: took, Err: err})
	} else {
		s.publish(ctx, sc, StoredLate{Message: t.Message, Waited: took})
	}
}

// waited waits, and reports whether it was cut short since the process closes.
func (s *Service) waited(d time.Duration) (closing bool) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return false
	case <-s.closing:
		return true
	}
}

// keptFor returns the kept answer to a message with the visitor's key, nil if
// there is none. The store, which may be away still, is not asked.
func (s *Service) keptFor(q Question) *live {
	s.mu.Lock()
	defer s.mu.Unlock()
	if q.Key == "" || s.kept == 0 {
		return nil
	}
	for k, l := range s.live {
		if l.kept && k.scope == q.Scope && l.turn.Visitor == q.Visitor && l.turn.Key == q.Key {
			return l
		}
	}
	return nil
}
