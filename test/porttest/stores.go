package porttest

import (
	"context"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"
)

// storeT is a test with the few assertions that the suites of the stores use.
type storeT struct{ *testing.T }

// must ends the case if err is not nil: what follows would make no sense.
func (t storeT) must(what string, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("%s: unexpected error: %v", what, err)
	}
}

// sound ends the case if it has failed already: what follows would trip over
// what is missing.
func (t storeT) sound() {
	t.Helper()
	if t.Failed() {
		t.FailNow()
	}
}

// wantErr checks that err matches want; a nil want asks for no error.
func (t storeT) wantErr(what string, err, want error) {
	t.Helper()
	wantErr(t.T, what, err, want)
}

// want checks that got and want are deeply the same. Nil slices and empty ones
// differ, times must be in UTC.
func (t storeT) want(what string, got, want any) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%s:\n got %s\nwant %s", what, brief(got), brief(want))
	}
}

// wantNone checks that a list is empty, be it nil or not.
func (t storeT) wantNone(what string, list any, err error) {
	t.Helper()
	t.wantErr(what, err, nil)
	if n := reflect.ValueOf(list).Len(); n != 0 {
		t.Errorf("%s: got %d entries, want none: %s", what, n, brief(list))
	}
}

// wantNoZero checks a fixture and not the adapter: every field of v must be
// set, so that a field that is added later does not go untested.
func (t storeT) wantNoZero(v any, but ...string) {
	t.Helper()
	rv := reflect.ValueOf(v)
fields:
	for i := range rv.NumField() {
		name := rv.Type().Field(i).Name
		for _, b := range but {
			if b == name {
				continue fields
			}
		}
		if rv.Field(i).IsZero() {
			t.Errorf("the suite's %s has no %s: set it, so that it is tested", rv.Type(), name)
		}
	}
}

// done returns a context that is over.
func (t storeT) done() context.Context {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	return ctx
}

// rounds is how often a race is run: one round alone misses a check that is
// apart from its write by less than a microsecond.
const rounds = 60

// elsewhere is the same instant as t, told in another zone.
func elsewhere(t time.Time) time.Time { return t.In(time.FixedZone("UTC+5:30", 19800)) }

// awkward is text that careless code breaks: several scripts, joined emoji,
// quotes of SQL and JSON, wildcards, direction marks and line ends.
const awkward = "Größe „M“ – 価格 ¥1,000 🧥👩‍👩‍👧 e\u0301 \u202eمرحبا\u202c 'x' \"y\" \\ %_* ?1 $1 :a {\"k\":[1]} </script>;-- \r\n\tend"

// long is awkward text of about n bytes.
func long(n int) string { return strings.Repeat(awkward+" ", n/len(awkward)+1) }

// brief spells a value for a failure, cut where it is long.
func brief(v any) string {
	s := []rune(fmt.Sprintf("%+v", v))
	if len(s) > 800 {
		return string(s[:800]) + "…"
	}
	return string(s)
}
