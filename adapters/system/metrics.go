package system

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"go.opentelemetry.io/otel/attribute"
	otelprom "go.opentelemetry.io/otel/exporters/prometheus"
	"go.opentelemetry.io/otel/metric"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"

	"github.com/aiwoochat/woochat/domain/chat"
	"github.com/aiwoochat/woochat/domain/usage"
)

// instruments are the metrics of one Sink, in a registry of its own: two Sinks
// in one process do not mix.
type instruments struct {
	handler http.Handler
	meter   metric.Meter

	events, usageEvents, tokens, cached, excess, cost metric.Int64Counter
	unpriced, refusals, settleFailures, sweeps        metric.Int64Counter
	answers, withheld, fallbacks, lexicalOnly         metric.Int64Counter
	tokenUsage                                        metric.Int64Histogram
	operation, answerSeconds, portCalls               metric.Float64Histogram
	spooled, buried, unrecorded, corrupt              metric.Int64Counter
	foreign                                           metric.Int64Counter
}

func newInstruments() (*instruments, error) {
	registry := prometheus.NewRegistry()
	for _, c := range []prometheus.Collector{
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), collectors.NewBuildInfoCollector(),
	} {
		if err := registry.Register(c); err != nil {
			return nil, fmt.Errorf("metrics: %w", err)
		}
	}
	exporter, err := otelprom.New(otelprom.WithRegisterer(registry), otelprom.WithoutScopeInfo(), otelprom.WithoutTargetInfo())
	if err != nil {
		return nil, fmt.Errorf("metrics: %w", err)
	}
	// The reader is pulled by the registry and starts nothing, so there is
	// nothing to shut down.
	meter := sdkmetric.NewMeterProvider(sdkmetric.WithReader(exporter)).Meter("github.com/aiwoochat/woochat")
	m := &instruments{handler: promhttp.HandlerFor(registry, promhttp.HandlerOpts{}), meter: meter}

	counters := []struct {
		to              *metric.Int64Counter
		name, unit, say string
	}{
		{&m.events, metricEvents, "{event}", "Events published, by name."},
		{&m.usageEvents, metricUsageEvents, "{call}", "Settled model calls."},
		{&m.tokens, metricTokens, "{token}", "Tokens of settled calls."},
		{&m.cached, metricCachedTokens, "{token}", "Input tokens that the provider had cached."},
		{&m.excess, metricExcessTokens, "{token}", "Tokens beyond what a call was allowed: the only way over a limit."},
		{&m.cost, metricCost, "{nano_usd}", "Cost of settled calls in billionths of a US dollar."},
		{&m.unpriced, metricUnpriced, "{call}", "Settled calls that count as free because nobody knows their price."},
		{&m.refusals, metricRefusals, "{request}", "Requests refused for a spent limit, by meter."},
		{&m.settleFailures, metricSettleFailures, "{call}", "Settlements that could not be written and are left to the sweep."},
		{&m.sweeps, metricSweeps, "{call}", "Calls that the sweep settled, since nobody else did."},
		{&m.answers, metricAnswers, "{answer}", "Answers that ended, by how."},
		{&m.withheld, metricWithheld, "{sentence}", "Sentences withheld because the evidence does not hold what they state."},
		{&m.fallbacks, metricFallbacks, "{answer}", "Answers that the fallback gave in place of the model."},
		{&m.spooled, metricSpooled, "{settlement}", "Settlements that the store did not take and that were spooled."},
		{&m.buried, metricSpoolBuried, "{settlement}", "Spooled settlements that the store will never take: see the dead letters."},
		{&m.unrecorded, metricSpoolUnrecorded, "{settlement}", "Settlements that could be written neither to the store nor to the spool."},
		{&m.corrupt, metricSpoolCorrupt, "{part}", "Damaged parts of the spool that were set aside."},
		{&m.foreign, metricForeign, "{point}", "Points of another site that an index returned and that were dropped: must stay 0."},
		{&m.lexicalOnly, metricLexicalOnly, "{question}", "Questions that were searched by words only, since they could not be embedded."},
	}
	for _, c := range counters {
		if *c.to, err = meter.Int64Counter(c.name, metric.WithUnit(c.unit), metric.WithDescription(c.say)); err != nil {
			return nil, fmt.Errorf("metric %s: %w", c.name, err)
		}
	}
	m.foreign.Add(context.Background(), 0) // there from the start, so that it can be watched to stay 0
	// The conventions advise these boundaries for tokens and seconds.
	m.tokenUsage, err = meter.Int64Histogram(metricTokenUsage, metric.WithUnit("{token}"), metric.WithDescription("Tokens of one call."),
		metric.WithExplicitBucketBoundaries(1, 4, 16, 64, 256, 1024, 4096, 16384, 65536, 262144, 1048576))
	if err != nil {
		return nil, fmt.Errorf("metric %s: %w", metricTokenUsage, err)
	}
	seconds := []struct {
		to        *metric.Float64Histogram
		name, say string
		bounds    []float64
	}{
		{&m.operation, metricOperation, "Time of one model call.", []float64{0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92}},
		{&m.answerSeconds, metricAnswerSeconds, "Time from question to the end of the answer.", []float64{0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30, 60, 120}},
		{&m.portCalls, metricPortCalls, "Time of one call of an adapter.", []float64{0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60}},
	}
	for _, h := range seconds {
		if *h.to, err = meter.Float64Histogram(h.name, metric.WithUnit("s"), metric.WithDescription(h.say), metric.WithExplicitBucketBoundaries(h.bounds...)); err != nil {
			return nil, fmt.Errorf("metric %s: %w", h.name, err)
		}
	}
	return m, nil
}

func with(kv ...attribute.KeyValue) metric.MeasurementOption {
	return metric.WithAttributeSet(attribute.NewSet(kv...))
}

// settled counts one usage event.
func (m *instruments) settled(ctx context.Context, e usage.Event, unpriced bool) {
	kind := attribute.String(attrKind, e.Kind.String())
	m.usageEvents.Add(ctx, 1, with(kind, attribute.String(attrCode, e.ErrorCode), attribute.String(attrCounted, e.Tokens.CountedBy.String())))
	m.tokens.Add(ctx, e.Tokens.Input, with(kind, attribute.String(attrDirection, "input")))
	m.tokens.Add(ctx, e.Tokens.Output, with(kind, attribute.String(attrDirection, "output")))
	m.cached.Add(ctx, e.Tokens.Cached, with(kind))
	m.cost.Add(ctx, int64(e.Cost), with(kind))
	m.excess.Add(ctx, e.Excess, with(kind))
	if unpriced {
		m.unpriced.Add(ctx, 1, with(kind))
	}
	if e.ErrorCode == usage.CodeSwept {
		m.sweeps.Add(ctx, 1, with(kind))
		return // how long it took, nobody knows
	}
	operation := "chat"
	if e.Kind == usage.Embedding {
		operation = "embeddings"
	}
	labels := []attribute.KeyValue{attribute.String(attrOperation, operation), attribute.String(attrModel, e.Model)}
	m.tokenUsage.Record(ctx, e.Tokens.Input, with(append(labels, attribute.String(attrTokenType, "input"))...))
	if e.Kind != usage.Embedding {
		m.tokenUsage.Record(ctx, e.Tokens.Output, with(append(labels, attribute.String(attrTokenType, "output"))...))
	}
	if !e.Success {
		labels = append(labels, attribute.String(attrErrorType, e.ErrorCode))
	}
	m.operation.Record(ctx, e.Latency.Seconds(), with(labels...))
}

// ended counts one answer.
func (m *instruments) ended(ctx context.Context, a Answer) {
	finish := a.Finish.String()
	if a.Finish == 0 {
		finish = chat.Failed.String()
	}
	m.answers.Add(ctx, 1, with(attribute.String(attrFinish, finish), attribute.String(attrCode, a.Code)))
	m.answerSeconds.Record(ctx, max(0, a.Took).Seconds(), with(attribute.String(attrFinish, finish)))
	m.withheld.Add(ctx, int64(a.Withheld))
}

// called counts one call of an adapter.
func (m *instruments) called(ctx context.Context, port, method, outcome string, took time.Duration) {
	m.portCalls.Record(ctx, max(0, took).Seconds(),
		with(attribute.String(attrPort, port), attribute.String(attrMethod, method), attribute.String(attrOutcome, outcome)))
}
