package wiring

import (
	"log/slog"

	"github.com/aiwoochat/woochat/adapters/qdrant"
	"github.com/aiwoochat/woochat/adapters/system"
	"github.com/aiwoochat/woochat/app/answering"
	"github.com/aiwoochat/woochat/app/ingesting"
	"github.com/aiwoochat/woochat/app/metering"
	"github.com/aiwoochat/woochat/app/searching"
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
	case metering.UsageRefused:
		return system.Facts{Level: slog.LevelWarn, Attrs: []slog.Attr{
			slog.String("event_id", string(e.Event)), slog.String("model", e.Model), slog.String("counted_by", e.CountedBy.String()),
		}}, true
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
	case answering.StoredLate:
		return system.Facts{Level: slog.LevelInfo, Attrs: []slog.Attr{slog.String("message_id", string(e.Message)), slog.Duration("waited", e.Waited)}}, true
	case answering.NotStored:
		return system.Facts{Level: slog.LevelError, Attrs: withError([]slog.Attr{slog.String("message_id", string(e.Message)), slog.Duration("waited", e.Waited)}, e.Err)}, true
	case answering.FellBack:
		return system.Facts{Level: slog.LevelWarn, FellBack: true, Attrs: withError([]slog.Attr{slog.String("message_id", string(e.Message))}, e.Err)}, true
	case searching.LexicalOnly:
		return system.Facts{Level: slog.LevelWarn, LexicalOnly: true, Attrs: withError(nil, e.Err)}, true
	case searching.NotReranked:
		return system.Facts{Level: slog.LevelWarn, Attrs: withError(nil, e.Err)}, true
	case searching.WordsNotRead:
		return system.Facts{Level: slog.LevelWarn, Attrs: withError(nil, e.Err)}, true
	case qdrant.ForeignDropped:
		return system.Facts{Level: slog.LevelError, Foreign: e.Points, Attrs: []slog.Attr{slog.Int("points", e.Points)}}, true
	case ingesting.Imported:
		return system.Facts{Level: slog.LevelInfo, Attrs: []slog.Attr{
			slog.String("source", e.Source), slog.Int("seen", e.Counts.Seen), slog.Int("changed", e.Counts.Changed),
			slog.Int("removed", e.Counts.Removed), slog.Int("rejected", e.Counts.Rejected),
		}}, true
	case ingesting.Switched:
		return system.Facts{Level: slog.LevelInfo, Attrs: []slog.Attr{slog.Int64("generation", e.Generation.No), slog.String("model", e.Generation.Model), slog.String("chunks", e.Generation.Chunking.String())}}, true
	case ingesting.Paused:
		return system.Facts{Level: slog.LevelWarn, Attrs: withError([]slog.Attr{slog.Time("resume_at", e.ResumeAt)}, e.Err)}, true
	case ingesting.QueueAway:
		if e.Err == nil {
			return system.Facts{Level: slog.LevelInfo, Attrs: []slog.Attr{slog.Bool("away", false)}}, true
		}
		return system.Facts{Level: slog.LevelError, Attrs: withError([]slog.Attr{slog.Bool("away", true)}, e.Err)}, true
	case ingesting.ShopAway:
		return system.Facts{Level: slog.LevelWarn, Attrs: withError([]slog.Attr{slog.Int("failures", e.Failures), slog.Duration("rests", e.Rests)}, e.Err)}, true
	case ingesting.JobFailed:
		level := slog.LevelWarn
		if e.Dead {
			level = slog.LevelError
		}
		return system.Facts{Level: level, Attrs: []slog.Attr{
			slog.String("object", e.Object.String()), slog.Int("attempts", e.Attempts), slog.Bool("dead", e.Dead), slog.String("error", e.Err),
		}}, true
	case ingesting.WorkFailed:
		return system.Facts{Level: slog.LevelError, Attrs: withError(nil, e.Err)}, true
	case ingesting.LeaseLost:
		return system.Facts{Level: slog.LevelWarn}, true
	}
	return system.Facts{}, false
}

func withError(attrs []slog.Attr, err error) []slog.Attr {
	if err == nil {
		return attrs
	}
	return append(attrs, slog.String("error", err.Error()))
}
