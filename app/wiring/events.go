package wiring

import (
	"log/slog"

	"github.com/aiwoochat/woochat/adapters/system"
	"github.com/aiwoochat/woochat/app/answering"
	"github.com/aiwoochat/woochat/app/ingesting"
	"github.com/aiwoochat/woochat/app/metering"
	"github.com/aiwoochat/woochat/ports"
)

// read says what of the use cases' events is logged and counted. None of it is
// a shopper's text: errors of providers are scrubbed by their adapter.
func read(e ports.Event) (system.Facts, bool) {
	switch e := e.(type) {
	case metering.Recorded:
		return system.Facts{
			Level: slog.LevelDebug, Settled: &e.Event, Unpriced: e.Unpriced,
			Attrs: []slog.Attr{slog.String("event_id", string(e.Event.ID)), slog.String("model", e.Event.Model), slog.String("error_code", e.Event.ErrorCode)},
		}, true
	case metering.LimitReached:
		return system.Facts{Level: slog.LevelInfo, Refused: e.Meters, Attrs: []slog.Attr{slog.Any("meters", e.Meters)}}, true
	case metering.SettleFailed:
		return system.Facts{Level: slog.LevelError, SettleFailed: true, Attrs: []slog.Attr{slog.String("reservation", string(e.Reservation))}}, true
	case answering.Answered:
		level := slog.LevelDebug
		if e.Err != nil {
			level = slog.LevelWarn
		}
		return system.Facts{
			Level:    level,
			Answered: &system.Answer{Finish: e.Finish, Code: e.Code, Took: e.Took, Withheld: e.Withheld},
			Attrs:    withError([]slog.Attr{slog.String("message_id", string(e.Message)), slog.String("finish", e.Finish.String()), slog.Duration("took", e.Took)}, e.Err),
		}, true
	case answering.FellBack:
		return system.Facts{Level: slog.LevelWarn, FellBack: true, Attrs: withError([]slog.Attr{slog.String("message_id", string(e.Message))}, e.Err)}, true
	case answering.LexicalOnly:
		return system.Facts{Level: slog.LevelWarn, LexicalOnly: true, Attrs: withError(nil, e.Err)}, true
	case ingesting.Imported:
		return system.Facts{Level: slog.LevelInfo, Attrs: []slog.Attr{
			slog.String("source", e.Source), slog.Int("seen", e.Counts.Seen), slog.Int("changed", e.Counts.Changed),
			slog.Int("removed", e.Counts.Removed), slog.Int("rejected", e.Counts.Rejected),
		}}, true
	case ingesting.Paused:
		return system.Facts{Level: slog.LevelWarn, Attrs: withError([]slog.Attr{slog.Time("resume_at", e.ResumeAt)}, e.Err)}, true
	}
	return system.Facts{}, false
}

func withError(attrs []slog.Attr, err error) []slog.Attr {
	if err == nil {
		return attrs
	}
	return append(attrs, slog.String("error", err.Error()))
}
