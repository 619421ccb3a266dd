// Package brokentest shows that a conformance suite catches a broken adapter.
//
// Suites take a plain *testing.T and fail it, so a suite that should fail
// cannot run inside a test that should pass. Caught runs the same test once
// more in a child process, where the suite meets the broken adapter, and
// expects the child to fail in the named case:
//
//	func TestLedgerSuiteCatches(t *testing.T) {
//		for _, b := range broken {
//			t.Run(b.name, func(t *testing.T) {
//				brokentest.Caught(t, b.by, func(t *testing.T) { porttest.Ledger(t, b.open) })
//			})
//		}
//	}
package brokentest

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
)

// inChild names the test that a child process is to run in earnest.
const inChild = "WOOCHAT_BROKEN_ADAPTER_TEST"

// Caught fails t unless suite, run on a broken adapter, fails in its case of
// the given name (as it was given to t.Run). The other cases do not run. It
// must be the last thing that its test does, since the code before it runs in
// the child too.
func Caught(t *testing.T, inCase string, suite func(t *testing.T)) {
	t.Helper()
	if os.Getenv(inChild) == t.Name() {
		suite(t)
		return
	}
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	full := t.Name() + "/" + printed(inCase)
	cmd := exec.CommandContext(t.Context(), exe, "-test.run="+exactly(full), "-test.count=1", "-test.timeout=2m")
	cmd.Env = append(os.Environ(), inChild+"="+t.Name())
	out, err := cmd.CombinedOutput()
	if problem := judge(full, out, err); problem != "" {
		t.Errorf("%s; the child said:\n%s", problem, out)
	}
}

// judge says what is wrong with how a child ended, or nothing.
func judge(full string, out []byte, err error) string {
	failed := regexp.MustCompile(`(?m)^\s*--- FAIL: ` + regexp.QuoteMeta(full) + ` `).Match(out)
	switch {
	case bytes.Contains(out, []byte("no tests to run")), err == nil && bytes.Contains(out, []byte("[no tests")):
		return fmt.Sprintf("there is no case %s", full)
	case bytes.Contains(out, []byte("WARNING: DATA RACE")):
		return "the broken adapter has a data race, which is not what it should be caught for"
	case bytes.Contains(out, []byte("\npanic: ")) || bytes.HasPrefix(out, []byte("panic: ")):
		return "the child panicked instead of failing"
	case err == nil:
		return fmt.Sprintf("the suite did not catch the broken adapter: %s passed", full)
	case !failed:
		return fmt.Sprintf("the child failed, but not in %s", full)
	}
	return ""
}

// printed spells a subtest's name as package testing does.
func printed(name string) string { return strings.ReplaceAll(name, " ", "_") }

// exactly returns the -test.run pattern of one test.
func exactly(full string) string {
	parts := strings.Split(full, "/")
	for i, p := range parts {
		parts[i] = "^" + regexp.QuoteMeta(p) + "$"
	}
	return strings.Join(parts, "/")
}
