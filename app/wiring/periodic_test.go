package wiring

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aiwoochat/woochat/ports"
)

// TestPeriodicWorkSaysOnceThatTheStoreIsAway: an outage is two lines, however
// long it takes; what else goes wrong is said each time.
func TestPeriodicWorkSaysOnceThatTheStoreIsAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		plain := func(_ []string, a slog.Attr) slog.Attr {
			if a.Key == slog.TimeKey {
				return slog.Attr{}
			}
			return a
		}
		away := fmt.Errorf("connection refused: %w", ports.ErrUnavailable)
		results := []error{nil, away, away, away, nil, nil, away, errors.New("odd"), errors.New("odd"), away}
		ran := 0
		p := &periodic{log: slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{ReplaceAttr: plain}))}
		ctx, cancel := context.WithCancel(t.Context())
		p.cancel = cancel
		p.each(ctx, time.Second, "checkpoint", func(context.Context) error {
			ran++
			if ran <= len(results) {
				return results[ran-1]
			}
			return away
		})
		<-time.After(time.Minute)
		if err := p.stop(t.Context()); err != nil {
			t.Fatal(err)
		}
		if ran < 60 {
			t.Errorf("it ran %d times in a minute", ran)
		}
		failed := func(why string) string {
			return `level=ERROR msg="periodic work failed" work=checkpoint error=` + why + "\n"
		}
		refused, goesOn := failed(`"connection refused: unavailable"`), `level=INFO msg="periodic work goes on" work=checkpoint`+"\n"
		want := refused + goesOn + refused + failed("odd") + failed("odd") + refused
		if got := out.String(); got != want {
			t.Errorf("logged\n%swant\n%s", got, want)
		}
	})
}
