package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/aiwoochat/woochat/app/administering"
	"github.com/aiwoochat/woochat/app/wiring"
	"github.com/aiwoochat/woochat/domain/roles"
	"github.com/aiwoochat/woochat/domain/usage"
	"github.com/aiwoochat/woochat/ports"
)

// Exit codes.
const (
	exitOK      = 0
	exitFailure = 1
	exitUsage   = 2
	// exitInterrupted is how a shell reports a process that Ctrl-C ended.
	exitInterrupted = 130
)

// usageError is a command line that cannot be obeyed.
type usageError struct {
	problems []error // at least one
	command  string  // whose help says more
}

func (e *usageError) Error() string { return errors.Join(e.problems...).Error() }

func (e *usageError) Unwrap() []error { return e.problems }

// errHurried means that a server was ended without waiting for its answers.
var errHurried = errors.New("ended at once: answers under way were cut, and are settled at the next start")

// hinted is an error with what to do about it.
type hinted struct {
	err  error
	hint string
}

func (e *hinted) Error() string { return e.err.Error() }

func (e *hinted) Unwrap() error { return e.err }

func withHint(err error, format string, args ...any) error {
	if err == nil {
		return nil
	}
	return &hinted{err, fmt.Sprintf(format, args...)}
}

// storeHint says what to do about a store that does not open.
func storeHint(cfg wiring.Config, err error) error {
	if errors.Is(err, fs.ErrPermission) {
		return withHint(err, "the data folder %s must be writable; --data-dir names another one", cfg.DataDir)
	}
	return err
}

// report writes err for a person and returns the exit code that goes with it.
func (p *program) report(err error) int {
	if err == nil {
		return exitOK
	}
	problems := flatten(err)
	if len(problems) == 1 {
		fmt.Fprintf(p.stderr, "woochat: %s\n", problems[0])
	} else {
		fmt.Fprintf(p.stderr, "woochat: %d problems:\n", len(problems))
		for _, problem := range problems {
			fmt.Fprintf(p.stderr, "  %s\n", problem)
		}
	}
	if hint := hintOf(err); hint != "" {
		fmt.Fprintf(p.stderr, "Hint: %s\n", hint)
	}
	return exitCode(err)
}

func exitCode(err error) int {
	var bad *usageError
	var setting *wiring.SettingError
	var field *administering.FieldError
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, &bad), errors.As(err, &setting), errors.As(err, &field):
		return exitUsage
	case errors.Is(err, context.Canceled), errors.Is(err, errHurried):
		return exitInterrupted
	}
	return exitFailure
}

// flattenErrors returns the errors that errors.Join joined.
func flattenErrors(err error) []error {
	if list, ok := err.(interface{ Unwrap() []error }); ok {
		return list.Unwrap()
	}
	return []error{err}
}

// flatten returns the lines of joined errors. An error that merely wraps
// several is one line.
func flatten(err error) []string {
	if list, ok := err.(interface{ Unwrap() []error }); ok {
		children := list.Unwrap()
		texts := make([]string, 0, len(children))
		for _, child := range children {
			texts = append(texts, child.Error())
		}
		if err.Error() == strings.Join(texts, "\n") {
			var lines []string
			for _, child := range children {
				lines = append(lines, flatten(child)...)
			}
			return lines
		}
	}
	var h *hinted
	if errors.As(err, &h) && h.Error() == err.Error() && h != err { //nolint:errorlint // asks for identity
		return flatten(h)
	}
	var field *administering.FieldError
	if errors.As(err, &field) && field.Error() == err.Error() {
		return []string{"--" + strings.ReplaceAll(field.Field, "_", "-") + " " + field.Reason}
	}
	if errors.Is(err, context.Canceled) {
		return []string{"stopped before it was done"}
	}
	return []string{strings.ReplaceAll(strings.TrimSpace(err.Error()), "\n", "; ")}
}

func hintOf(err error) string {
	var h *hinted
	var bad *usageError
	var setting *wiring.SettingError
	var limit *usage.LimitError
	switch {
	case errors.As(err, &h):
		return h.hint
	case errors.As(err, &setting):
		return `"woochat config show --origin" shows every setting and where it comes from`
	case errors.As(err, &bad):
		return fmt.Sprintf("%q lists what can be given", bad.command+" --help")
	case errors.As(err, &limit):
		return `"woochat usage" shows what is left; "woochat license set" changes the limits`
	case errors.Is(err, roles.ErrForbidden):
		return "this command needs more rights than its caller has"
	case errors.Is(err, ports.ErrNotFound):
		return `"woochat tenant list" and "woochat site list" show what there is`
	case errors.Is(err, ports.ErrUnavailable):
		return `"woochat doctor" looks at each part`
	}
	return ""
}
