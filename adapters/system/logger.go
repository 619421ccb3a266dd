package system

import (
	"fmt"
	"io"
	"log/slog"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/lmittmann/tint"
)

// LogFormats are the formats that NewLogger knows: lines of key=value, JSON
// lines, and lines for people, coloured on a terminal.
func LogFormats() []string { return []string{"text", "json", "tint"} }

// NewLogger returns a logger that writes lines of the given format and level to
// w. Attributes whose name is that of a secret (password, token, api_key and the
// like, also as a part of the name) are written as [redacted]. The error names
// the formats that there are.
func NewLogger(w io.Writer, format string, level slog.Leveler) (*slog.Logger, error) {
	opts := &slog.HandlerOptions{Level: level, ReplaceAttr: redact}
	switch format {
	case "text":
		return slog.New(slog.NewTextHandler(w, opts)), nil
	case "json":
		return slog.New(slog.NewJSONHandler(w, opts)), nil
	case "tint":
		return slog.New(tint.NewTextHandler(w, &tint.Options{
			Level: level, ReplaceAttr: redact, TimeFormat: time.TimeOnly, NoColor: !colours(w),
		})), nil
	}
	return nil, fmt.Errorf("log format %q: want one of %s", format, strings.Join(LogFormats(), ", "))
}

// colours reports whether w is a terminal that may be coloured; NO_COLOR (see
// no-color.org) says that it may not.
func colours(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok || os.Getenv("NO_COLOR") != "" {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// redact is the last line of defence: secrets have types that print as
// [redacted] of themselves.
func redact(_ []string, a slog.Attr) slog.Attr {
	name := strings.ToLower(strings.NewReplacer("-", "_", ".", "_").Replace(a.Key))
	secret := slices.ContainsFunc([]string{"password", "passwd", "secret", "api_key", "apikey", "authorization", "cookie", "dsn"}, func(s string) bool {
		return strings.Contains(name, s)
	})
	if secret || name == "token" || strings.HasSuffix(name, "_token") {
		return slog.String(a.Key, redacted)
	}
	return a
}
