package wiring

import (
	"errors"
	"log/slog"
	"testing"

	"github.com/aiwoochat/woochat/adapters/ginhttp"
	"github.com/aiwoochat/woochat/adapters/spool"
	"github.com/aiwoochat/woochat/ports"
)

func TestSpoolSize(t *testing.T) {
	for text, want := range map[string]int64{
		"": 64 << 20, "1MiB": 1 << 20, "2 GiB": 2 << 30, "2048KiB": 2 << 20, "5000000": 5_000_000, "16GiB": 16 << 30,
		"17GiB": 0, "1023KiB": 0, "0": 0, "-64MiB": 0, "64MB": 0, "64M": 0, "1.5GiB": 0, "GiB": 0, "9223372036854775807GiB": 0, "-9223372036854775807GiB": 0,
	} {
		cfg, _, err := Load(Sources{Env: func(name string) (string, bool) { return text, name == "WOOCHAT_SPOOL_MAX_BYTES" && text != "" }})
		if cfg.SpoolMaxBytes != want || (err == nil) != (want > 0) {
			t.Errorf("%q: got %d, %v, want %d", text, cfg.SpoolMaxBytes, err, want)
		}
		var bad *SettingError
		if err != nil && (!errors.As(err, &bad) || bad.Name != "WOOCHAT_SPOOL_MAX_BYTES") {
			t.Errorf("%q: %v does not name the setting", text, err)
		}
	}
}

// TestSpoolEventsAreRead: what loses or endangers a settlement is an error in
// the log, what mends itself a warning.
func TestSpoolEventsAreRead(t *testing.T) {
	for _, c := range []struct {
		event   ports.Event
		level   slog.Level
		corrupt int64
	}{
		{spool.Spooled{}, slog.LevelWarn, 0},
		{spool.ReplayWaits{}, slog.LevelWarn, 0},
		{spool.Replayed{}, slog.LevelInfo, 0},
		{spool.Unrecorded{}, slog.LevelError, 0},
		{spool.Buried{}, slog.LevelError, 0},
		{spool.ReplayTrouble{}, slog.LevelError, 0},
		{spool.Recovered{Pending: 1}, slog.LevelWarn, 0},
		{spool.Recovered{Damaged: []spool.Damaged{{Torn: true}}}, slog.LevelWarn, 0},
		{spool.Recovered{Damaged: []spool.Damaged{{}, {Torn: true}, {}}}, slog.LevelError, 2},
	} {
		f, ok := readSpool(c.event)
		if !ok || f.Level != c.level || f.Spool.Corrupt != c.corrupt {
			t.Errorf("%s: %v, %v, %d corrupt, want %v and %d", c.event.EventName(), ok, f.Level, f.Spool.Corrupt, c.level, c.corrupt)
		}
	}
}

func TestWhyNotReadyWithoutASpool(t *testing.T) {
	gone := errors.New("gone")
	err := whyNotReady(func() error { return gone }, meteredLedger{})()
	if !errors.Is(err, gone) || errors.As(err, new(*ginhttp.NotReadyError)) {
		t.Errorf("got %v, want the store's own error", err)
	}
}
