package egress

import (
	"fmt"

	"github.com/aiwoochat/woochat/ports"
)

// BlockedError says that an address was not reached because it is none that a
// user may name. It matches ports.ErrInvalid.
type BlockedError struct {
	Host   string // as it was named; what it resolves to is not said
	Reason string // as the rest of a sentence
}

func (e *BlockedError) Error() string {
	return fmt.Sprintf("%.100q may not be reached: %s; if it is meant, name it in WOOCHAT_ALLOW_HOSTS", e.Host, e.Reason)
}

// Unwrap returns ports.ErrInvalid.
func (e *BlockedError) Unwrap() error { return ports.ErrInvalid }

// TooLargeError says that an answer was larger than it may be. It matches
// ports.ErrInvalid.
type TooLargeError struct {
	Limit int64 // bytes, after decompression
}

func (e *TooLargeError) Error() string {
	return fmt.Sprintf("the answer is larger than %d bytes", e.Limit)
}

// Unwrap returns ports.ErrInvalid.
func (e *TooLargeError) Unwrap() error { return ports.ErrInvalid }

// RedirectError says that a redirect was not followed. It matches
// ports.ErrInvalid.
type RedirectError struct {
	Reason string
}

func (e *RedirectError) Error() string { return "the redirect was not followed: " + e.Reason }

// Unwrap returns ports.ErrInvalid.
func (e *RedirectError) Unwrap() error { return ports.ErrInvalid }
