package ginhttp

// Reasons of /readyz, beside those that a NotReadyError may name: words that a
// monitor can tell apart.
const (
	// ReasonStore means that the store cannot be used.
	ReasonStore = "store_unavailable"
	// ReasonSpooled means that settlements wait for the store, and that nothing
	// is admitted until it has them.
	ReasonSpooled = "settlements_spooled"
)

// NotReadyError is an error of Deps.Ready that says why in a word. Any other
// error is ReasonStore. Err is for the log.
type NotReadyError struct {
	Reason string
	Err    error
}

func (e *NotReadyError) Error() string { return e.Reason + ": " + e.Err.Error() }

// Unwrap returns e.Err.
func (e *NotReadyError) Unwrap() error { return e.Err }
