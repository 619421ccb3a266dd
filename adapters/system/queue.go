package system

import (
	"context"
	"fmt"
	"time"

	"go.opentelemetry.io/otel/metric"
)

// Queue is how much waits to be read again.
type Queue struct {
	Pending int64         // jobs that are not dead, tasks for later left out
	Dead    int64         // dead letters, which wait for an operator
	Age     time.Duration // since when the oldest is due, 0 if none is
}

// WatchQueue shows a queue in the metrics. read is called each time they are
// asked for, and may take a moment; if it fails, the queue is not shown. It is
// called once for a Sink.
func (s *Sink) WatchQueue(read func(context.Context) (Queue, error)) error {
	m := s.metrics.meter
	pending, err := m.Int64ObservableGauge(metricQueuePending, metric.WithUnit("{job}"), metric.WithDescription("Jobs that wait, tasks for later left out."))
	if err != nil {
		return fmt.Errorf("metric %s: %w", metricQueuePending, err)
	}
	dead, err := m.Int64ObservableGauge(metricQueueDead, metric.WithUnit("{job}"), metric.WithDescription("Jobs that failed too often: see woochat jobs list --dead."))
	if err != nil {
		return fmt.Errorf("metric %s: %w", metricQueueDead, err)
	}
	age, err := m.Float64ObservableGauge(metricQueueAge, metric.WithUnit("s"), metric.WithDescription("Since when the oldest job is due."))
	if err != nil {
		return fmt.Errorf("metric %s: %w", metricQueueAge, err)
	}
	_, err = m.RegisterCallback(func(ctx context.Context, o metric.Observer) error {
		now, err := read(ctx)
		if err != nil {
			return nil //nolint:nilerr // what is not there says it, and who works at the queue says why
		}
		o.ObserveInt64(pending, now.Pending)
		o.ObserveInt64(dead, now.Dead)
		o.ObserveFloat64(age, now.Age.Seconds())
		return nil
	}, pending, dead, age)
	if err != nil {
		return fmt.Errorf("metrics of the queue: %w", err)
	}
	return nil
}
