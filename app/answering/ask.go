package answering

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/aiwoochat/woochat/app/searching"
	"github.com/aiwoochat/woochat/domain/catalog"
	"github.com/aiwoochat/woochat/domain/chat"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/domain/usage"
	"github.com/aiwoochat/woochat/ports"
)

// Question is a shopper's message.
type Question struct {
	Scope        tenant.Scope
	Visitor      chat.VisitorID
	Conversation chat.ConversationID // "" begins a new one
	Text         string
	Page         chat.Page
	Locale       string // BCP 47 of the shopper's browser, "" for the site's
	Key          string // Idempotency-Key, "" for none
	BodyHash     string // of the request; required with Key
}

// MaxQuestion is how long a question may be, in bytes.
const MaxQuestion = searching.MaxQuestion

// MaxKey is how long an Idempotency-Key may be, in bytes.
const MaxKey = 255

// ErrClosing means that the process is shutting down and takes no questions.
var ErrClosing = fmt.Errorf("shutting down: %w", ports.ErrUnavailable)

// Ask admits q and begins its answer, which goes on in the background: the
// Stream shows it from its first event. If q.Key was answered before, the
// Stream shows the stored answer, or the one that waits here for a store which
// is away, and nothing is spent.
//
// Nothing is spent or kept if the error is not nil: *chat.InputError,
// *usage.RateError, *usage.LicenseError, *usage.LimitError,
// *chat.InProgressError, chat.ErrKeyMismatch, metering.ErrUnpriced,
// ports.ErrNotFound (site or conversation) or ports.ErrUnavailable.
func (s *Service) Ask(ctx context.Context, q Question) (*Stream, error) {
	if err := q.valid(); err != nil {
		return nil, err
	}
	q = q.plain()
	if l := s.keptFor(q); l != nil {
		if l.turn.BodyHash != q.BodyHash {
			return nil, chat.ErrKeyMismatch
		}
		return l.subscribe(), nil
	}
	site, err := s.Sites.Site(ctx, q.Scope)
	if err != nil {
		return nil, err
	}
	if site.Disabled {
		return nil, fmt.Errorf("site is disabled: %w", ports.ErrNotFound)
	}
	if err := s.smooth(ctx, q); err != nil {
		return nil, err
	}
	if _, err := s.Meter.License(ctx, q.Scope); err != nil {
		return nil, err
	}
	want, err := s.want(ctx)
	if err != nil {
		return nil, err
	}
	if _, ok := chat.FitPrompt(s.promptInput(site, q), s.promptBudget(), s.counter(s.cfg.Model)); !ok {
		return nil, &chat.InputError{Field: "message", Reason: "is too long for the model"}
	}
	turn, err := s.begin(ctx, q)
	if err != nil {
		return nil, err
	}
	if turn.State == chat.Done {
		return &Stream{live: finished(turn)}, nil
	}
	admitted, err := s.Meter.Admit(ctx, q.Scope, usage.ReservationID(turn.Reservation), want)
	if err != nil {
		return nil, errors.Join(err, s.withdraw(ctx, q, turn))
	}
	run, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	l := newLive(turn, s.cfg.ResumeGrace)
	l.stop = cancel
	st := l.subscribe()
	if err := s.track(q.Scope, l); err != nil {
		cancel(nil)
		return nil, errors.Join(err, admitted.Close(ctx), s.withdraw(ctx, q, turn))
	}
	go func() {
		defer s.running.Done()
		run, stopTimer := context.WithTimeoutCause(run, s.cfg.Timeout, errTooLong)
		defer stopTimer()
		defer cancel(nil)
		defer s.untrack(q.Scope, l)
		defer s.rescue(context.WithoutCancel(run), q.Scope, l)
		s.answer(run, job{site: site, turn: turn, question: q, admitted: admitted, live: l})
	}()
	return st, nil
}

// Reasons for which an answer is cut off.
var (
	errStopped = errors.New("stopped by the shopper")
	errTooLong = errors.New("the answer took too long")
)

func (q Question) valid() error {
	switch {
	case q.Scope.Valid() != nil:
		return tenant.ErrNoScope
	case q.Visitor.Valid() != nil:
		return &chat.InputError{Field: "visitor_id", Reason: "is malformed"}
	case q.Conversation != "" && q.Conversation.Valid() != nil:
		return &chat.InputError{Field: "conversation_id", Reason: "is malformed: send the one of the session, or none"}
	case len(q.Key) > MaxKey:
		return &chat.InputError{Field: "Idempotency-Key", Reason: fmt.Sprintf("is longer than %d bytes", MaxKey)}
	case strings.ContainsFunc(q.Key, func(r rune) bool { return r <= ' ' || r > '~' }):
		return &chat.InputError{Field: "Idempotency-Key", Reason: "may hold visible ASCII characters only, such as a UUID"}
	case q.Key != "" && q.BodyHash == "":
		return &chat.InputError{Field: "Idempotency-Key", Reason: "came without the hash of its request"}
	}
	return chat.CheckQuestion(q.Text, MaxQuestion)
}

// What a browser says of its page and language beside the question. It goes
// into the prompt, so that it is short and, where it has a form, of that form.
const (
	maxTitle = 200 // bytes
	maxURL   = 2000
)

// plain returns q with what comes beside the question cut to size. A locale
// that is none counts as not given: some browsers send odd ones.
func (q Question) plain() Question {
	q.Page.Title, q.Page.URL = clip(printable(q.Page.Title), maxTitle), clip(printable(q.Page.URL), maxURL)
	q.Locale = catalog.LocaleOf(q.Locale)
	return q
}

// printable takes control characters and broken UTF-8 out of s: a page's address
// and title are nice to know, and no reason to refuse a question.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == utf8.RuneError {
			return -1
		}
		return r
	}, s)
}

// clip returns at most n bytes of s, no character cut.
func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}

func (s *Service) smooth(ctx context.Context, q Question) error {
	if s.Limiter == nil {
		return nil
	}
	visitor := usage.Bucket{Key: "visitor:" + string(q.Visitor), Burst: s.cfg.VisitorBurst, Every: s.cfg.VisitorEvery}
	if err := s.Limiter.Take(ctx, q.Scope, visitor, 1); err != nil {
		return err
	}
	return s.Limiter.Take(ctx, q.Scope, usage.Bucket{Key: "site", Burst: s.cfg.SiteBurst, Every: s.cfg.SiteEvery}, 1)
}

// promptBudget returns the budget in what the model's input is counted in: its
// tokens, or bytes where nobody here knows its vocabulary.
func (s *Service) promptBudget() int64 {
	if _, exact := s.Tokenizer.Count(s.cfg.Model, "a"); exact {
		return s.cfg.PromptBudget
	}
	return s.cfg.PromptBudget * bytesPerToken
}

// want returns what one message may spend in all: a prompt of the whole
// budget and an answer at its cap. A second try after a refusal, and the
// fallback, are made from what is left.
func (s *Service) want(ctx context.Context) (usage.Amounts, error) {
	price, err := s.Meter.Price(ctx, s.cfg.Model)
	if err != nil {
		return usage.Amounts{}, err
	}
	whole := usage.Call{Kind: usage.Chat, ChatRequests: 1, PromptTokens: s.promptBudget(), MaxOutput: s.cfg.MaxTokens, Price: price}
	if price.Local {
		whole.PromptTokens, whole.MaxOutput = 0, 0
	}
	return whole.Bound(), nil
}

func (s *Service) begin(ctx context.Context, q Question) (chat.Turn, error) {
	now, fresh := s.Now(), q.Conversation == ""
	if fresh {
		q.Conversation = chat.ConversationID(chat.ConversationPrefix + s.NewID())
	}
	conv := chat.Conversation{ID: q.Conversation, Visitor: q.Visitor, Locale: q.Locale, Started: now}
	if _, err := s.Conversations.Open(ctx, q.Scope, conv); err != nil {
		return chat.Turn{}, fmt.Errorf("conversation: %w", err)
	}
	turn, err := s.Turns.Begin(ctx, q.Scope, chat.Turn{
		Message:      chat.MessageID(chat.MessagePrefix + s.NewID()),
		Conversation: q.Conversation, Visitor: q.Visitor,
		Key: q.Key, BodyHash: q.BodyHash, Question: q.Text, Page: q.Page, Asked: now,
		State: chat.Running, Attempt: 1, Reservation: string(s.Meter.NewReservation()),
		Lease: now.Add(leaseFor),
	})
	if fresh && (err != nil || turn.Conversation != q.Conversation) {
		// Nobody knows of the conversation: the message was refused, or it was
		// sent before, in another one.
		err = errors.Join(err, s.Conversations.Delete(context.WithoutCancel(ctx), q.Scope, q.Visitor, q.Conversation))
	}
	return turn, err
}

// leaseFor is how long a running turn is believed without a sign of life;
// drafts renew it each second.
const leaseFor = 15 * time.Second

// withdraw removes what begin has stored for q.
func (s *Service) withdraw(ctx context.Context, q Question, t chat.Turn) error {
	t.State = chat.Withdrawn
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), storeTimeout)
	defer cancel()
	if err := s.Turns.Finish(ctx, q.Scope, t); err != nil && !errors.Is(err, ports.ErrNotFound) {
		return fmt.Errorf("withdraw message: %w", err)
	}
	if q.Conversation != "" || t.Attempt > 1 {
		return nil // the conversation was there before
	}
	if err := s.Conversations.Delete(ctx, q.Scope, q.Visitor, t.Conversation); err != nil {
		return fmt.Errorf("withdraw conversation: %w", err)
	}
	return nil
}

// storeTimeout bounds the writes that go on although the shopper has gone.
const storeTimeout = 10 * time.Second
