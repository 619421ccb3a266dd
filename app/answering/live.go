package answering

import (
	"context"
	"io"
	"slices"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/aiwoochat/woochat/domain/chat"
)

// maxAnswer is how much text a running answer may buffer; more ends it as too
// long.
const maxAnswer = 64 << 10

// live is a running answer: what was shown so far, and who is watching.
//
// Events are numbered by position, so that a stored answer can be resumed from
// any number: message.start is 1; a delta that ends at byte n of the answer is
// 1+n; sources, products and the end follow the last one.
type live struct {
	turn  chat.Turn // as begun; what is shown is in the fields below
	grace time.Duration
	stop  context.CancelCauseFunc

	mu       sync.Mutex // guards all below
	answer   []byte
	tail     []chat.StreamEvent // sources, products, end or error
	ended    bool
	changed  chan struct{} // closed and replaced at each change
	watchers int
	leaving  *time.Timer // runs while nobody watches

	kept bool // its store was away when it ended; guarded by the Service's mu
}

func newLive(t chat.Turn, grace time.Duration) *live {
	return &live{turn: t, grace: max(0, grace), changed: make(chan struct{}), stop: func(error) {}}
}

// finished returns the live answer that a done turn was.
func finished(t chat.Turn) *live {
	l := newLive(t, 0)
	l.answer = []byte(t.Answer)
	l.end(t)
	return l
}

func (l *live) wake() {
	close(l.changed)
	l.changed = make(chan struct{})
}

// write shows text. It reports false if the answer has grown too long.
func (l *live) write(text string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.answer)+len(text) > maxAnswer {
		return false
	}
	l.answer = append(l.answer, text...)
	l.wake()
	return true
}

// end shows what follows the text of the finished turn t. Nothing is shown
// after it.
func (l *live) end(t chat.Turn) { l.finish(t, nil) }

func (l *live) finish(t chat.Turn, failure error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ended {
		return
	}
	if len(t.Citations) > 0 {
		l.tail = append(l.tail, chat.StreamEvent{Kind: chat.EventSources, Sources: t.Citations})
	}
	if len(t.Cards) > 0 {
		l.tail = append(l.tail, chat.StreamEvent{Kind: chat.EventProducts, Cards: t.Cards})
	}
	if failure == nil && t.Finish == chat.Failed {
		failure = &FailedError{Code: t.ErrorCode}
	}
	if failure != nil {
		l.tail = append(l.tail, chat.StreamEvent{Kind: chat.EventError, Err: failure})
	} else {
		l.tail = append(l.tail, chat.StreamEvent{Kind: chat.EventEnd, Finish: t.Finish, Tokens: t.Tokens, Notice: t.Notice})
	}
	for i := range l.tail {
		l.tail[i].No = 2 + int64(len(l.answer)) + int64(i)
	}
	l.ended = true
	if l.leaving != nil {
		l.leaving.Stop()
	}
	l.wake()
}

// lastEvent returns the number of the last event of an answer of n bytes with
// the given tail.
func lastEvent(n, tail int) int64 { return 1 + int64(n) + int64(tail) }

func (l *live) draft(lease time.Time) chat.Draft {
	l.mu.Lock()
	defer l.mu.Unlock()
	return chat.Draft{
		Message: l.turn.Message, Attempt: l.turn.Attempt, Answer: string(l.answer),
		LastEvent: lastEvent(len(l.answer), len(l.tail)), Lease: lease,
	}
}

// after returns the first event after number n, false if there is none yet,
// and the channel that is closed when that changes.
func (l *live) after(n int64) (chat.StreamEvent, bool, <-chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case n < 1:
		return chat.StreamEvent{No: 1, Kind: chat.EventStart, Conversation: l.turn.Conversation, Message: l.turn.Message}, true, nil
	case n-1 < int64(len(l.answer)):
		from := n - 1
		for from > 0 && !utf8.RuneStart(l.answer[from]) {
			from-- // a number that was never given out: no half character is shown
		}
		return chat.StreamEvent{No: 1 + int64(len(l.answer)), Kind: chat.EventDelta, Text: string(l.answer[from:])}, true, nil
	}
	if i := slices.IndexFunc(l.tail, func(e chat.StreamEvent) bool { return e.No > n }); i >= 0 {
		return l.tail[i], true, nil
	}
	if l.ended {
		return chat.StreamEvent{}, false, nil
	}
	return chat.StreamEvent{}, false, l.changed
}

func (l *live) subscribe() *Stream {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.watchers++
	if l.leaving != nil {
		l.leaving.Stop()
		l.leaving = nil
	}
	return &Stream{live: l, counted: true}
}

// Stream shows an answer, running or done, to one reader.
type Stream struct {
	live    *live
	at      int64 // number of the last event that was shown
	counted bool
	once    sync.Once
}

// Message returns which message the stream shows.
func (st *Stream) Message() chat.MessageID { return st.live.turn.Message }

// Conversation returns the message's conversation.
func (st *Stream) Conversation() chat.ConversationID { return st.live.turn.Conversation }

// Next waits for the next event and returns it, io.EOF after the last one, or
// the error of ctx. Text that came in several pieces may be one event.
func (st *Stream) Next(ctx context.Context) (chat.StreamEvent, error) {
	for {
		e, ok, changed := st.live.after(st.at)
		if ok {
			st.at = e.No
			return e, nil
		}
		if changed == nil {
			return chat.StreamEvent{}, io.EOF
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return chat.StreamEvent{}, ctx.Err()
		}
	}
}

// Leave says that the reader is gone, perhaps to come back: if nobody else
// watches, the answer goes on for the grace and is stopped then. It may be
// called twice.
func (st *Stream) Leave() { st.leave(st.live.grace) }

// Abandon says that the reader is gone for good: if nobody else watches, the
// answer is stopped. It may be called twice.
func (st *Stream) Abandon() { st.leave(0) }

func (st *Stream) leave(grace time.Duration) {
	if !st.counted {
		return
	}
	st.once.Do(func() {
		l := st.live
		l.mu.Lock()
		defer l.mu.Unlock()
		if l.watchers--; l.watchers > 0 || l.ended {
			return
		}
		if grace <= 0 {
			l.stop(errStopped)
			return
		}
		l.leaving = time.AfterFunc(grace, func() {
			l.mu.Lock()
			defer l.mu.Unlock()
			if l.watchers == 0 && !l.ended {
				l.stop(errStopped)
			}
		})
	})
}
