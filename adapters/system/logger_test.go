package system_test

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"os"
	"strings"
	"testing"

	"github.com/aiwoochat/woochat/adapters/system"
)

func TestNewLogger(t *testing.T) {
	for _, format := range system.LogFormats() {
		var out bytes.Buffer
		log, err := system.NewLogger(&out, format, slog.LevelInfo)
		if err != nil {
			t.Fatal(err)
		}
		log.Debug("not this")
		log.Info("started", "port", 8080, "api_key", "sk-abc", slog.Group("req", "Authorization", "Bearer sk-abc", "visitor_token", "sk-abc"), "tokens", 12, "token", "sk-abc")
		got := out.String()
		if !strings.Contains(got, "started") || !strings.Contains(got, "8080") || !strings.Contains(got, "12") || strings.Contains(got, "not this") {
			t.Errorf("%s: %q", format, got)
		}
		if strings.Contains(got, "sk-abc") || strings.Count(got, "[redacted]") != 4 {
			t.Errorf("%s: a secret shows, or too much is hidden: %q", format, got)
		}
		if strings.Contains(got, "\x1b[") {
			t.Errorf("%s: colours in a file: %q", format, got)
		}
		if format == "json" && !json.Valid(out.Bytes()) {
			t.Errorf("not JSON: %q", got)
		}
	}
}

func TestNewLoggerNamesTheFormats(t *testing.T) {
	_, err := system.NewLogger(os.Stderr, "xml", slog.LevelInfo)
	if err == nil || !strings.Contains(err.Error(), "text, json, tint") {
		t.Errorf("got %v, want the formats that there are", err)
	}
}
