package chat

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// InputError says which field of a request is wrong, and why. It holds no text
// of a shopper.
type InputError struct {
	Field  string
	Reason string // reads on after the field's name
}

func (e *InputError) Error() string { return e.Field + " " + e.Reason }

// CheckQuestion returns an *InputError unless text can be asked: it has a
// letter or another sign, is UTF-8 without control characters, and is at most
// as long as most bytes.
func CheckQuestion(text string, most int) error {
	bad := func(reason string) error { return &InputError{Field: "message", Reason: reason} }
	switch {
	case strings.TrimSpace(text) == "":
		return bad("is empty")
	case len(text) > most:
		return bad(fmt.Sprintf("is longer than %d bytes", most))
	case !utf8.ValidString(text):
		return bad("is not valid UTF-8")
	}
	for _, r := range text {
		if r < ' ' && r != '\n' && r != '\t' && r != '\r' || r == 0x7f {
			return bad("holds control characters")
		}
	}
	return nil
}
