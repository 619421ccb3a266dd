// Package answering answers a shopper's question from the shop's own documents:
// admitted and reserved before anything is spent, streamed as it is written,
// checked against the evidence, stored, and settled at what was really spent,
// also when the shopper goes away in the middle.
package answering

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/aiwoochat/woochat/app/metering"
	"github.com/aiwoochat/woochat/domain/chat"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/domain/usage"
	"github.com/aiwoochat/woochat/ports"
)

// Deps are what a Service needs. Embedder, Fallback, Limiter and Events may be
// nil; all else is required.
type Deps struct {
	Meter         *metering.Service
	Sites         ports.Sites
	Conversations ports.Conversations
	Turns         ports.Turns
	Drafts        ports.Drafts
	Searcher      ports.Searcher
	Passages      ports.Passages
	Inventory     ports.Inventory
	Tokenizer     ports.Tokenizer
	Model         ports.ChatModel
	Now           ports.Clock
	NewID         ports.NewID

	// Embedder turns questions into vectors, metered on its own; nil: by words
	// only.
	Embedder ports.Embedder
	// Fallback answers when Model is down and nothing was shown yet. It must
	// cost nothing; its calls are metered all the same.
	Fallback ports.ChatModel
	Limiter  ports.Limiter
	Events   ports.EventSink
}

// Config is how a Service answers. The zero value of a field means its default.
type Config struct {
	Model          string        // the name to ask for and to price; required
	EmbeddingModel string        // required with an Embedder
	FallbackModel  string        // required with a Fallback
	MaxTokens      int64         // output cap of an answer; default 600
	PromptBudget   int64         // input cap of an answer; default 4,000
	Timeout        time.Duration // of a whole answer; default 60 s
	ResumeGrace    time.Duration // how long an answer goes on alone; default 10 s, negative for 0
	HistoryTurns   int           // earlier turns that the model sees; default 4
	Passages       int           // passages that the model sees at most; default 8
	VisitorBurst   int64         // messages at once; default 10
	VisitorEvery   time.Duration // and one more each; default 6 s
	SiteBurst      int64         // of all visitors; default 200
	SiteEvery      time.Duration // default 50 ms
}

func (c Config) withDefaults() Config {
	def := func(d *time.Duration, v time.Duration) {
		if *d == 0 {
			*d = v
		}
	}
	count := func(n *int64, v int64) {
		if *n <= 0 {
			*n = v
		}
	}
	count(&c.MaxTokens, 600)
	count(&c.PromptBudget, 4000)
	count(&c.VisitorBurst, 10)
	count(&c.SiteBurst, 200)
	def(&c.Timeout, time.Minute)
	def(&c.ResumeGrace, 10*time.Second)
	def(&c.VisitorEvery, 6*time.Second)
	def(&c.SiteEvery, 50*time.Millisecond)
	if c.HistoryTurns == 0 {
		c.HistoryTurns = 4
	}
	if c.Passages <= 0 {
		c.Passages = 8
	}
	return c
}

// Service answers questions. Make one with New; it is safe for concurrent use.
type Service struct {
	Deps
	cfg        Config
	vocabulary *vocabularies

	mu   sync.Mutex // guards live and closed
	live map[liveKey]*live
	// closed is set while shutting down: no new answer begins.
	closed  bool
	running sync.WaitGroup
}

type liveKey struct {
	scope   tenant.Scope
	message chat.MessageID
}

// New returns a Service. It reports everything that is missing at once.
func New(d Deps, cfg Config) (*Service, error) {
	var errs []error
	need := func(ok bool, what string) {
		if !ok {
			errs = append(errs, fmt.Errorf("answering: %s is missing", what))
		}
	}
	need(d.Meter != nil, "Deps.Meter")
	need(d.Sites != nil, "Deps.Sites")
	need(d.Conversations != nil, "Deps.Conversations")
	need(d.Turns != nil, "Deps.Turns")
	need(d.Drafts != nil, "Deps.Drafts")
	need(d.Searcher != nil, "Deps.Searcher")
	need(d.Passages != nil, "Deps.Passages")
	need(d.Inventory != nil, "Deps.Inventory")
	need(d.Tokenizer != nil, "Deps.Tokenizer")
	need(d.Model != nil, "Deps.Model")
	need(d.Now != nil, "Deps.Now")
	need(d.NewID != nil, "Deps.NewID")
	need(cfg.Model != "", "Config.Model")
	need(d.Embedder == nil || cfg.EmbeddingModel != "", "Config.EmbeddingModel")
	need(d.Fallback == nil || cfg.FallbackModel != "", "Config.FallbackModel")
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return &Service{
		Deps: d, cfg: cfg.withDefaults(), live: map[liveKey]*live{},
		vocabulary: &vocabularies{inventory: d.Inventory, passages: d.Passages, now: d.Now, sites: map[tenant.Scope]*vocabulary{}},
	}, nil
}

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
const MaxQuestion = 4000

// MaxKey is how long an Idempotency-Key may be, in bytes.
const MaxKey = 255

// ErrClosing means that the process is shutting down and takes no questions.
var ErrClosing = fmt.Errorf("shutting down: %w", ports.ErrUnavailable)

// Ask admits q and begins its answer, which goes on in the background: the
// Stream shows it from its first event. If q.Key was answered before, the
// Stream shows the stored answer, and nothing is spent.
//
// Nothing is spent or kept if the error is not nil: *chat.InputError,
// *usage.RateError, *usage.LicenseError, *usage.LimitError,
// *chat.InProgressError, chat.ErrKeyMismatch, metering.ErrUnpriced,
// ports.ErrNotFound (site or conversation) or ports.ErrUnavailable.
func (s *Service) Ask(ctx context.Context, q Question) (*Stream, error) {
	if err := q.valid(); err != nil {
		return nil, err
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
	turn, err := s.begin(ctx, q)
	if err != nil {
		return nil, err
	}
	if turn.State == chat.Done {
		return &Stream{live: finished(turn)}, nil
	}
	admitted, err := s.Meter.Admit(ctx, q.Scope, usage.ReservationID(turn.Reservation), want)
	if err != nil {
		return nil, errors.Join(err, s.withdraw(ctx, q.Scope, turn))
	}
	l, err := s.track(q.Scope, turn)
	if err != nil {
		return nil, errors.Join(err, admitted.Close(ctx), s.withdraw(ctx, q.Scope, turn))
	}
	run, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	l.stop = cancel
	st := l.subscribe()
	go func() {
		defer s.running.Done()
		run, stopTimer := context.WithTimeoutCause(run, s.cfg.Timeout, errTooLong)
		defer stopTimer()
		defer cancel(nil)
		s.answer(run, job{site: site, turn: turn, question: q, admitted: admitted, live: l})
		s.untrack(q.Scope, l)
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
	}
	return chat.CheckQuestion(q.Text, MaxQuestion)
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

// want returns what one message may spend in all: a prompt of the whole
// budget and an answer at its cap. A second try after a refusal, and the
// fallback, are made from what is left.
func (s *Service) want(ctx context.Context) (usage.Amounts, error) {
	price, err := s.Meter.Price(ctx, s.cfg.Model)
	if err != nil {
		return usage.Amounts{}, err
	}
	whole := usage.Call{Kind: usage.Chat, ChatRequests: 1, PromptTokens: s.cfg.PromptBudget, MaxOutput: s.cfg.MaxTokens, Price: price}
	if price.Local {
		whole.PromptTokens, whole.MaxOutput = 0, 0
	}
	return whole.Bound(), nil
}

func (s *Service) begin(ctx context.Context, q Question) (chat.Turn, error) {
	now := s.Now()
	if q.Conversation == "" {
		q.Conversation = chat.ConversationID(chat.ConversationPrefix + s.NewID())
	}
	conv := chat.Conversation{ID: q.Conversation, Visitor: q.Visitor, Locale: q.Locale, Started: now}
	if _, err := s.Conversations.Open(ctx, q.Scope, conv); err != nil {
		return chat.Turn{}, fmt.Errorf("conversation: %w", err)
	}
	return s.Turns.Begin(ctx, q.Scope, chat.Turn{
		Message:      chat.MessageID(chat.MessagePrefix + s.NewID()),
		Conversation: q.Conversation, Visitor: q.Visitor,
		Key: q.Key, BodyHash: q.BodyHash, Question: q.Text, Page: q.Page, Asked: now,
		State: chat.Running, Attempt: 1, Reservation: string(s.Meter.NewReservation()),
		Lease: now.Add(leaseFor),
	})
}

// leaseFor is how long a running turn is believed without a sign of life;
// drafts renew it each second.
const leaseFor = 15 * time.Second

func (s *Service) withdraw(ctx context.Context, sc tenant.Scope, t chat.Turn) error {
	t.State = chat.Withdrawn
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), storeTimeout)
	defer cancel()
	if err := s.Turns.Finish(ctx, sc, t); err != nil && !errors.Is(err, ports.ErrNotFound) {
		return fmt.Errorf("withdraw message: %w", err)
	}
	return nil
}

// storeTimeout bounds the writes that go on although the shopper has gone.
const storeTimeout = 10 * time.Second

func (s *Service) track(sc tenant.Scope, t chat.Turn) (*live, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, ErrClosing
	}
	l := newLive(t, s.cfg.ResumeGrace)
	s.live[liveKey{sc, t.Message}] = l
	s.running.Add(1)
	return l, nil
}

func (s *Service) untrack(sc tenant.Scope, l *live) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.live, liveKey{sc, l.turn.Message})
}

// Close lets no new answer begin and waits until the running ones have ended.
// When ctx ends it stops those that are left, as the shopper would, and waits
// until they are settled.
func (s *Service) Close(ctx context.Context) error {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	done := make(chan struct{})
	go func() { s.running.Wait(); close(done) }()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
	}
	s.mu.Lock()
	for _, l := range s.live {
		l.stop(errStopped)
	}
	s.mu.Unlock()
	<-done
	return nil
}

// Checkpoint stores how far all running answers have come, and renews their
// leases. A process calls it once a second.
func (s *Service) Checkpoint(ctx context.Context) error {
	s.mu.Lock()
	ds := make([]ports.ScopedDraft, 0, len(s.live))
	for k, l := range s.live {
		ds = append(ds, ports.ScopedDraft{Scope: k.scope, Draft: l.draft(s.Now().Add(leaseFor))})
	}
	s.mu.Unlock()
	if len(ds) == 0 {
		return s.Meter.Checkpoint(ctx)
	}
	return errors.Join(s.Drafts.SaveDrafts(ctx, ds), s.Meter.Checkpoint(ctx))
}
