package brokentest

import (
	"errors"
	"testing"
)

func TestCaught(t *testing.T) {
	t.Run("a suite that fails", func(t *testing.T) {
		Caught(t, "the bad case", func(t *testing.T) {
			t.Run("a good case", func(*testing.T) {})
			t.Run("the bad case", func(t *testing.T) { t.Error("as it should") })
		})
	})
}

func TestJudge(t *testing.T) {
	const full = "TestX/check_then_act/no_overshoot"
	failed := errors.New("exit status 1")
	for name, c := range map[string]struct {
		out  string
		err  error
		want string
	}{
		"caught":        {"--- FAIL: TestX (0.00s)\n    --- FAIL: TestX/check_then_act (0.00s)\n        --- FAIL: TestX/check_then_act/no_overshoot (0.01s)\nFAIL\n", failed, ""},
		"not caught":    {"PASS\n", nil, "the suite did not catch the broken adapter: " + full + " passed"},
		"another case":  {"--- FAIL: TestX/check_then_act/no_overshoot_at_all (0.01s)\n", failed, "the child failed, but not in " + full},
		"no such case":  {"testing: warning: no tests to run\nPASS\n", nil, "there is no case " + full},
		"it panicked":   {"--- FAIL: TestX/check_then_act/no_overshoot (0.00s)\npanic: oh\n", failed, "the child panicked instead of failing"},
		"it was a race": {"WARNING: DATA RACE\n--- FAIL: TestX/check_then_act/no_overshoot (0.00s)\n", failed, "the broken adapter has a data race, which is not what it should be caught for"},
	} {
		if got := judge(full, []byte(c.out), c.err); got != c.want {
			t.Errorf("%s: got %q, want %q", name, got, c.want)
		}
	}
}
