package system

import (
	"cmp"
	"context"
	"log/slog"
	"net/http"
	"slices"
	"time"

	"go.opentelemetry.io/otel/attribute"

	"github.com/aiwoochat/woochat/domain/chat"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/domain/usage"
	"github.com/aiwoochat/woochat/ports"
)

// Facts are what of an event is logged and counted. Fields that are not set
// count nothing.
type Facts struct {
	// Level is that of the log line.
	Level slog.Level
	// Attrs stand in the log line beside the event's name, tenant and site.
	// They never hold text of a shopper.
	Attrs []slog.Attr

	Settled      *usage.Event  // a usage event was recorded
	Unpriced     bool          // and nobody knows its price
	Refused      []usage.Meter // a request was refused for these
	SettleFailed bool          // a settlement could not be written
	Answered     *Answer       // an answer ended
	FellBack     bool          // the fallback answered
	LexicalOnly  bool          // a question was searched by its words only
	Foreign      int           // points of another site that an index returned and that were dropped
	Spool        SpoolFacts    // of settlements that wait for the store
}

// Answer is how an answer ended.
type Answer struct {
	Finish   chat.Finish
	Code     string // "" unless it failed
	Took     time.Duration
	Withheld int // sentences
}

// Reader says what of an event is logged and counted, and false for an event
// that it does not know. It is how a Sink learns of the events of the use
// cases, which an adapter does not import; package wiring has it.
type Reader func(ports.Event) (Facts, bool)

// Sink is a ports.EventSink that writes events to the log and counts them. It
// is safe for concurrent use, loses nothing, and needs no end.
type Sink struct {
	log     *slog.Logger
	readers []Reader
	metrics *instruments
}

var _ ports.EventSink = (*Sink)(nil)

// NewSink returns a Sink that writes to log and asks readers, in their order,
// what an event means. An event that none of them knows is counted by its name
// and written at level debug, so that it is not lost in silence.
func NewSink(log *slog.Logger, readers ...Reader) (*Sink, error) {
	m, err := newInstruments()
	if err != nil {
		return nil, err
	}
	return &Sink{log: log, readers: readers, metrics: m}, nil
}

// Publish implements ports.EventSink.
func (s *Sink) Publish(ctx context.Context, sc tenant.Scope, e ports.Event) {
	ctx = context.WithoutCancel(ctx)
	f := s.read(e)
	attrs := append([]slog.Attr{slog.String("tenant", string(sc.Tenant)), slog.String("site", string(sc.Site))}, f.Attrs...)
	s.log.LogAttrs(ctx, f.Level, e.EventName(), attrs...) //nolint:sloglint // an event's name is a constant

	s.metrics.events.Add(ctx, 1, with(attribute.String(attrEvent, e.EventName())))
	if f.Settled != nil {
		s.metrics.settled(ctx, *f.Settled, f.Unpriced)
	}
	for _, m := range f.Refused {
		s.metrics.refusals.Add(ctx, 1, with(attribute.String(attrMeter, string(m))))
	}
	if f.SettleFailed {
		s.metrics.settleFailures.Add(ctx, 1)
	}
	if f.Answered != nil {
		s.metrics.ended(ctx, *f.Answered)
	}
	if f.FellBack {
		s.metrics.fallbacks.Add(ctx, 1)
	}
	s.metrics.spool(ctx, f.Spool)
	if f.LexicalOnly {
		s.metrics.lexicalOnly.Add(ctx, 1)
	}
	s.metrics.foreign.Add(ctx, int64(f.Foreign))
}

func (s *Sink) read(e ports.Event) Facts {
	for _, read := range s.readers {
		if f, ok := read(e); ok {
			return f
		}
	}
	return Facts{Level: slog.LevelDebug}
}

// Called counts one call of an adapter: its port and method as they are named
// in package ports, the class of its error ("" for none), and how long it took.
// It fits the hook of decorated.Observed.
func (s *Sink) Called(ctx context.Context, port, method, class string, took time.Duration) {
	s.metrics.called(context.WithoutCancel(ctx), port, method, cmp.Or(class, "ok"), took)
}

// Metrics returns the handler of /metrics, in the text format of Prometheus:
// what was published, and the state of the process.
func (s *Sink) Metrics() http.Handler { return s.metrics.handler }

// Fanout returns a sink that publishes each event to all sinks, in their order.
func Fanout(sinks ...ports.EventSink) ports.EventSink { return fanout(slices.Clone(sinks)) }

type fanout []ports.EventSink

// Publish implements ports.EventSink.
func (f fanout) Publish(ctx context.Context, s tenant.Scope, e ports.Event) {
	for _, sink := range f {
		sink.Publish(ctx, s, e)
	}
}
