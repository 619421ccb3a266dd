package roles_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/aiwoochat/woochat/domain/roles"
)

// TestPageHoldsTheMatrix: docs/roles.md has a row for each action, as the matrix
// has it, and no others.
func TestPageHoldsTheMatrix(t *testing.T) {
	page, err := os.ReadFile("../../docs/roles.md")
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	for _, a := range roles.Actions() {
		cells := []string{"`" + string(a) + "`"}
		for r := roles.Support; r <= roles.Owner; r++ {
			cells = append(cells, mark(holds(r).Can(a, here()) == nil))
		}
		cells = append(cells, mark(roles.Grants{Subject: "root@example.com", SuperAdmin: true}.Can(a, here()) == nil))
		want = append(want, "| "+strings.Join(cells, " | ")+" |")
	}
	var got []string
	for line := range strings.Lines(string(page)) {
		if strings.HasPrefix(line, "| `") {
			got = append(got, strings.TrimSpace(line))
		}
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("docs/roles.md has\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func mark(may bool) string {
	if may {
		return "yes"
	}
	return "–"
}
