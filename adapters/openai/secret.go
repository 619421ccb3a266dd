package openai

import (
	"fmt"
	"io"
	"log/slog"
)

const redacted = "[redacted]"

// Secret is a value that prints itself as "[redacted]" through fmt, JSON and
// slog, also when it is an unexported field of a struct that is printed. The
// zero Secret is empty: there is none.
type Secret struct {
	// A pointer, since fmt does not call methods on unexported fields and
	// would print a string there.
	value *string
}

// NewSecret returns a Secret that holds value.
func NewSecret(value string) Secret {
	if value == "" {
		return Secret{}
	}
	return Secret{value: &value}
}

// Reveal returns the value itself. Whoever calls it must not print it.
func (s Secret) Reveal() string {
	if s.value == nil {
		return ""
	}
	return *s.value
}

// Empty reports whether there is no value.
func (s Secret) Empty() bool { return s.value == nil }

// String returns "[redacted]", or "" for the empty Secret.
func (s Secret) String() string {
	if s.Empty() {
		return ""
	}
	return redacted
}

// Format prints "[redacted]" for every verb and flag.
func (s Secret) Format(f fmt.State, _ rune) {
	_, _ = io.WriteString(f, s.String()) // fmt keeps its own errors
}

// MarshalText makes JSON and other encoders write "[redacted]".
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// LogValue makes slog write "[redacted]".
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }
