package wiring

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"strconv"
	"strings"
	"sync"

	"go.uber.org/fx"

	"github.com/aiwoochat/woochat/adapters/decorated"
	"github.com/aiwoochat/woochat/adapters/ginhttp"
	"github.com/aiwoochat/woochat/adapters/spool"
	"github.com/aiwoochat/woochat/adapters/system"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/ports"
)

// spoolFolder is where settlements wait for the store, in the data folder.
const spoolFolder = "spool"

// meteredLedger is the ledger that work is metered by: the store's, observed,
// with its retries and, in a process that serves, a spool.
type meteredLedger struct {
	ports.Ledger

	spool *spool.Ledger // nil: none
}

type spoolParams struct {
	fx.In

	Ledger  ports.Ledger
	Now     ports.Clock
	Events  ports.EventSink
	Sink    *system.Sink
	Closers *closers
	Life    fx.Lifecycle
}

// spoolModule gives a server a spool in its data folder. A store in memory is
// never away, and a command does not outlive its store: what it cannot settle
// is an error that its user sees, and the sweep settles it.
func spoolModule(cfg Config, o Options) fx.Option {
	return fx.Module("spool", fx.Provide(func(p spoolParams) (meteredLedger, error) {
		ledger := decorated.RetryLedger(decorated.Ledger(p.Ledger, decorated.Observed(p.Now, p.Sink.Called)), admitRetry(), settleRetry())
		if !o.Listen || cfg.kind() == "memory" {
			return meteredLedger{Ledger: ledger}, nil
		}
		journal, found, err := spool.Open(spool.Config{Dir: filepath.Join(cfg.DataDir, spoolFolder), MaxBytes: cfg.SpoolMaxBytes, Now: p.Now})
		if err != nil {
			return meteredLedger{}, err
		}
		p.Closers.add(journal.Close)
		l, err := spool.NewLedger(spool.LedgerConfig{Next: ledger, Journal: journal, Now: p.Now, Events: p.Events})
		if err != nil {
			return meteredLedger{}, err
		}
		if found.Pending > 0 || len(found.Damaged) > 0 {
			p.Events.Publish(context.Background(), tenant.Scope{}, found)
		}
		if err := p.Sink.WatchSpool(watch(journal, p.Now)); err != nil {
			return meteredLedger{}, err
		}
		p.Life.Append(replaying(l))
		return meteredLedger{l, l}, nil
	}))
}

// replaying replays from the start of a process until after its last answer.
func replaying(l *spool.Ledger) fx.Hook {
	ctx, cancel := context.WithCancel(context.Background())
	var done sync.WaitGroup
	var failed error
	return fx.Hook{
		OnStart: func(context.Context) error {
			done.Go(func() { failed = l.Run(ctx) })
			return nil
		},
		OnStop: func(context.Context) error {
			cancel()
			done.Wait()
			return failed
		},
	}
}

// watch shows a journal in the metrics.
func watch(j *spool.Journal, now ports.Clock) func() system.Spool {
	return func() system.Spool {
		s := j.Status()
		out := system.Spool{Pending: s.Pending, Bytes: s.Bytes}
		if s.Pending > 0 {
			out.Age = max(0, now().Sub(s.Oldest))
		}
		return out
	}
}

// whyNotReady says what keeps a process from taking questions.
func whyNotReady(store ready, l meteredLedger) func() error {
	return func() error {
		if l.spool != nil {
			if err := l.spool.Ready(); err != nil {
				return &ginhttp.NotReadyError{Reason: ginhttp.ReasonSpooled, Err: err}
			}
		}
		return store()
	}
}

// readSpool says what of the spool's events is logged and counted.
func readSpool(e ports.Event) (system.Facts, bool) {
	switch e := e.(type) {
	case spool.Spooled:
		return system.Facts{
			Level: slog.LevelWarn, Spool: system.SpoolFacts{Spooled: 1},
			Attrs: withError([]slog.Attr{slog.String("reservation", string(e.Reservation)), slog.String("event_id", string(e.Event))}, e.Err),
		}, true
	case spool.Unrecorded:
		return system.Facts{
			Level: slog.LevelError, Spool: system.SpoolFacts{Unrecorded: 1},
			Attrs: withError([]slog.Attr{slog.String("reservation", string(e.Reservation)), slog.String("event_id", string(e.Event))}, e.Err),
		}, true
	case spool.Buried:
		return system.Facts{
			Level: slog.LevelError, Spool: system.SpoolFacts{Buried: 1},
			Attrs: withError([]slog.Attr{slog.String("reservation", string(e.Reservation)), slog.String("event_id", string(e.Event))}, e.Err),
		}, true
	case spool.ReplayWaits:
		return system.Facts{Level: slog.LevelWarn, Attrs: withError([]slog.Attr{slog.Int("pending", e.Pending)}, e.Err)}, true
	case spool.ReplayTrouble:
		return system.Facts{Level: slog.LevelError, Attrs: withError(nil, e.Err)}, true
	case spool.Replayed:
		return system.Facts{Level: slog.LevelInfo, Attrs: []slog.Attr{
			slog.Int("settled", e.Settled), slog.Int("buried", e.Buried), slog.Duration("waited", e.Waited),
		}}, true
	case spool.Recovered:
		return recovered(e), true
	}
	return system.Facts{}, false
}

// recovered says what a process found in the spool when it began: a torn tail
// is what a kill leaves, anything else is not.
func recovered(e spool.Recovered) system.Facts {
	f := system.Facts{Level: slog.LevelWarn, Attrs: []slog.Attr{slog.Int("pending", e.Pending)}}
	for _, d := range e.Damaged {
		what := "torn"
		if !d.Torn {
			f.Level, what = slog.LevelError, "corrupt"
			f.Spool.Corrupt++
		}
		f.Attrs = append(f.Attrs, slog.Group(what, slog.Int("offset", d.Offset), slog.Int("bytes", d.Bytes), slog.String("file", d.File)))
	}
	return f
}

// SpoolStatus is how much waits for the store in the data folder.
type SpoolStatus = spool.Status

// Spool returns what waits for the store of cfg, also while a server runs. It
// changes nothing.
func Spool(cfg Config) (SpoolStatus, error) {
	return spool.Inspect(filepath.Join(cfg.DataDir, spoolFolder))
}

// size reads a number of bytes: digits, and KiB, MiB or GiB if any.
func (l *loader) size(name string, least, most int64) int64 {
	text, unit := l.raw[name], int64(1)
	for suffix, n := range map[string]int64{"KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30} {
		if digits, ok := strings.CutSuffix(text, suffix); ok {
			text, unit = strings.TrimSpace(digits), n
		}
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err == nil && (n < 0 || n > most/unit) {
		err = errors.New("out of range")
	}
	if err != nil || n*unit < least {
		l.bad(name, "%q is not a size from %s to %s, such as 64MiB", clip(l.raw[name]), sizeWords(least), sizeWords(most))
		return 0
	}
	return n * unit
}

// sizeWords writes a size that is a whole number of MiB.
func sizeWords(n int64) string {
	if n%(1<<30) == 0 {
		return fmt.Sprintf("%dGiB", n>>30)
	}
	return fmt.Sprintf("%dMiB", n>>20)
}
