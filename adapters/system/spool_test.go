package system_test

import (
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/aiwoochat/woochat/adapters/system"
	"github.com/aiwoochat/woochat/ports"
)

type spoolEvent struct{ facts system.SpoolFacts }

func (spoolEvent) EventName() string { return "test.spool" }

func TestSpoolMetrics(t *testing.T) {
	s, err := system.NewSink(slog.New(slog.DiscardHandler), func(e ports.Event) (system.Facts, bool) {
		return system.Facts{Spool: e.(spoolEvent).facts}, true
	})
	if err != nil {
		t.Fatal(err)
	}
	if text := metrics(t, s); strings.Contains(text, "woochat_spool") {
		t.Error("there are metrics of a spool that is not there")
	}
	var now system.Spool
	if err := s.WatchSpool(func() system.Spool { return now }); err != nil {
		t.Fatal(err)
	}
	has(t, metrics(t, s), "woochat_spool_pending 0", "woochat_spool_size_bytes 0", "woochat_spool_oldest_age_seconds 0")
	now = system.Spool{Pending: 3, Bytes: 1500, Age: 90 * time.Second}
	s.Publish(t.Context(), scope, spoolEvent{system.SpoolFacts{Spooled: 1}})
	s.Publish(t.Context(), scope, spoolEvent{system.SpoolFacts{Spooled: 1, Buried: 2, Unrecorded: 3, Corrupt: 4}})
	has(t, metrics(t, s), "woochat_spool_pending 3", "woochat_spool_size_bytes 1500", "woochat_spool_oldest_age_seconds 90",
		"woochat_spool_settlements_total 2", "woochat_spool_buried_total 2", "woochat_spool_unrecorded_total 3", "woochat_spool_corrupt_total 4")
}
