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
	"github.com/aiwoochat/woochat/app/searching"
	"github.com/aiwoochat/woochat/domain/chat"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/ports"
)

// Deps are what a Service needs. Fallback, Limiter and Events may be nil; all
// else is required.
type Deps struct {
	Meter         *metering.Service
	Sites         ports.Sites
	Conversations ports.Conversations
	Turns         ports.Turns
	Drafts        ports.Drafts
	Search        *searching.Service
	Tokenizer     ports.Tokenizer
	Model         ports.ChatModel
	Now           ports.Clock
	NewID         ports.NewID

	// Fallback answers when Model is down and nothing was shown yet. It must
	// cost nothing; its calls are metered all the same.
	Fallback ports.ChatModel
	Limiter  ports.Limiter
	Events   ports.EventSink
}

// Config is how a Service answers. The zero value of a field means its default.
type Config struct {
	Model         string        // the name to ask for and to price; required
	FallbackModel string        // required with a Fallback
	MaxTokens     int64         // output cap of an answer; default 600
	PromptBudget  int64         // input cap of an answer; default 4,000
	Timeout       time.Duration // of a whole answer; default 60 s
	ResumeGrace   time.Duration // how long an answer goes on alone; default 10 s, negative for 0
	HistoryTurns  int           // earlier turns that the model sees; default 4
	VisitorBurst  int64         // messages at once; default 10
	VisitorEvery  time.Duration // and one more each; default 6 s
	SiteBurst     int64         // of all visitors; default 200
	SiteEvery     time.Duration // default 50 ms
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
	return c
}

// Service answers questions. Make one with New; it is safe for concurrent use.
type Service struct {
	Deps
	cfg Config

	mu   sync.Mutex // guards live, kept and closed
	live map[liveKey]*live
	kept int // answers of live that have ended and wait for the store
	// closed is set while shutting down: no new answer begins.
	closed  bool
	closing chan struct{} // closed with the first Close
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
	need(d.Search != nil, "Deps.Search")
	need(d.Tokenizer != nil, "Deps.Tokenizer")
	need(d.Model != nil, "Deps.Model")
	need(d.Now != nil, "Deps.Now")
	need(d.NewID != nil, "Deps.NewID")
	need(cfg.Model != "", "Config.Model")
	need(d.Fallback == nil || cfg.FallbackModel != "", "Config.FallbackModel")
	cfg = cfg.withDefaults()
	if d.Meter != nil && d.Meter.CallTimeout < cfg.Timeout {
		errs = append(errs, fmt.Errorf("answering: Config.Timeout is %v, but the meter's CallTimeout is %v: a hold would expire under a running answer", cfg.Timeout, d.Meter.CallTimeout))
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return &Service{Deps: d, cfg: cfg, live: map[liveKey]*live{}, closing: make(chan struct{})}, nil
}

func (s *Service) track(sc tenant.Scope, l *live) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return ErrClosing
	}
	k := liveKey{sc, l.turn.Message}
	if lost := s.live[k]; lost != nil {
		// An attempt whose lease ran out here, since its drafts could not be
		// stored: its answer would be refused, so it need not be paid for.
		lost.stop(errStopped)
	}
	s.live[k] = l
	s.running.Add(1)
	return nil
}

func (s *Service) untrack(sc tenant.Scope, l *live) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if l.kept {
		l.kept = false
		s.kept--
	}
	// A later attempt may have taken the place.
	if k := (liveKey{sc, l.turn.Message}); s.live[k] == l {
		delete(s.live, k)
	}
}

// Close lets no new answer begin and waits until the running ones have ended.
// When ctx ends it stops those that are left, as the shopper would, and waits
// until they are settled. An answer that waits for a store which is away gets
// one more try, of 3 s at most. It may be called again.
func (s *Service) Close(ctx context.Context) error {
	s.mu.Lock()
	if !s.closed {
		s.closed = true
		close(s.closing)
	}
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
