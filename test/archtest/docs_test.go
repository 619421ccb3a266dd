package archtest

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// A dependency that nobody can give a reason for does not come in: each direct
// one has a row in docs/dependencies.md, with the version in use.
func TestEachDependencyIsAccountedFor(t *testing.T) {
	mod, err := os.ReadFile("../../go.mod")
	if err != nil {
		t.Fatal(err)
	}
	doc, err := os.ReadFile("../../docs/dependencies.md")
	if err != nil {
		t.Fatal(err)
	}
	direct := regexp.MustCompile(`(?m)^(?:require )?\t?(\S+\.\S+/\S+) (v\S+)$`).FindAllStringSubmatch(string(mod), -1)
	if len(direct) == 0 {
		t.Fatal("go.mod has no direct requirement: this test reads it wrongly")
	}
	inUse := map[string]bool{}
	for _, m := range direct {
		inUse[m[1]] = true
		if row := "| " + m[1] + " | " + m[2] + " |"; !strings.Contains(string(doc), row) {
			t.Errorf("docs/dependencies.md has no row that begins %q: say what the module is for, replaces and weighs", row)
		}
	}
	for _, m := range regexp.MustCompile(`(?m)^\| (\S+\.\S+/\S+) \| v`).FindAllStringSubmatch(string(doc), -1) {
		if !inUse[m[1]] {
			t.Errorf("docs/dependencies.md has a row for %s, which go.mod does not require", m[1])
		}
	}
}
