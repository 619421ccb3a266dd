package system_test

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/aiwoochat/woochat/adapters/system"
	"github.com/aiwoochat/woochat/ports"
)

func TestQueueMetrics(t *testing.T) {
	s, err := system.NewSink(slog.New(slog.DiscardHandler), func(ports.Event) (system.Facts, bool) { return system.Facts{}, false })
	if err != nil {
		t.Fatal(err)
	}
	var now system.Queue
	var fails error
	if err := s.WatchQueue(func(context.Context) (system.Queue, error) { return now, fails }); err != nil {
		t.Fatal(err)
	}
	has(t, metrics(t, s), "woochat_queue_pending 0", "woochat_queue_dead 0", "woochat_queue_oldest_age_seconds 0")
	now = system.Queue{Pending: 3, Dead: 2, Age: 90 * time.Second}
	has(t, metrics(t, s), "woochat_queue_pending 3", "woochat_queue_dead 2", "woochat_queue_oldest_age_seconds 90")
	// A store that is away takes the queue out of the page, and nothing else.
	fails = errors.New("away")
	text := metrics(t, s)
	if !strings.Contains(text, "go_goroutines") || strings.Contains(text, "woochat_queue_pending") {
		t.Error("a queue that cannot be read is shown, or nothing is")
	}
}
