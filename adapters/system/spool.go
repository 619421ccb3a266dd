package system

import (
	"context"
	"fmt"
	"time"

	"go.opentelemetry.io/otel/metric"
)

// SpoolFacts are what an event says of settlements that wait for the store.
type SpoolFacts struct {
	Spooled    int64 // were written to the spool
	Buried     int64 // will never be taken by the store
	Unrecorded int64 // could not even be spooled
	Corrupt    int64 // damaged parts of the spool that were set aside
}

// Spool is how much waits in a spool.
type Spool struct {
	Pending int
	Bytes   int64
	Age     time.Duration // of the oldest, 0 if nothing waits
}

// WatchSpool shows a spool in the metrics. read is called each time they are
// asked for; it must not wait. It is called once for a Sink.
func (s *Sink) WatchSpool(read func() Spool) error {
	m := s.metrics.meter
	pending, err := m.Int64ObservableGauge(metricSpoolPending, metric.WithUnit("{settlement}"), metric.WithDescription("Settlements that wait for the store; nothing is admitted meanwhile."))
	if err != nil {
		return fmt.Errorf("metric %s: %w", metricSpoolPending, err)
	}
	size, err := m.Int64ObservableGauge(metricSpoolSize, metric.WithUnit("By"), metric.WithDescription("Size of the spool."))
	if err != nil {
		return fmt.Errorf("metric %s: %w", metricSpoolSize, err)
	}
	age, err := m.Float64ObservableGauge(metricSpoolAge, metric.WithUnit("s"), metric.WithDescription("How long the oldest settlement has waited for the store."))
	if err != nil {
		return fmt.Errorf("metric %s: %w", metricSpoolAge, err)
	}
	_, err = m.RegisterCallback(func(_ context.Context, o metric.Observer) error {
		now := read()
		o.ObserveInt64(pending, int64(now.Pending))
		o.ObserveInt64(size, now.Bytes)
		o.ObserveFloat64(age, now.Age.Seconds())
		return nil
	}, pending, size, age)
	if err != nil {
		return fmt.Errorf("metrics of the spool: %w", err)
	}
	return nil
}

// spool counts what an event says of the spool; what is 0 makes no metric.
func (m *instruments) spool(ctx context.Context, f SpoolFacts) {
	for _, c := range []struct {
		to metric.Int64Counter
		n  int64
	}{{m.spooled, f.Spooled}, {m.buried, f.Buried}, {m.unrecorded, f.Unrecorded}, {m.corrupt, f.Corrupt}} {
		if c.n > 0 {
			c.to.Add(ctx, c.n)
		}
	}
}
