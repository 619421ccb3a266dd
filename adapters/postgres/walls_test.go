package postgres_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestOneWayToAConnection looks at this package's own text: a pool is touched
// where a transaction takes on its role, by the ledger's functions, and by the
// look-ups that find a scope. Everything else goes through withScope and its
// like, so that no statement can forget whose data it is about.
func TestOneWayToAConnection(t *testing.T) {
	allowed := map[string][]string{
		"db.go":                   {"runtime", "ledger", "service", "pool"}, // withScope and its like
		"committer.go":            {"pool"},                                 // the ledger's, by its functions
		"ledger.go":               {"ledger"},
		"logins.go":               {"pool"},    // what a login is: nobody's data
		"accounts_keys.go":        {"runtime"}, // scope_of_site_key, scope_of_api_key
		"connections.go":          {"runtime"}, // what is sealed: functions of one site's row, in a table that no role reads
		"changes.go":              {"runtime"}, // changes(): numbers, and nobody's data
		"skew.go":                 {"runtime"}, // the server's time
		"conversations_drafts.go": {"runtime"}, // inTx with one scope after the other
	}
	names, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	set, seen := token.NewFileSet(), 0
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(set, name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			sel, ok := n.(*ast.SelectorExpr)
			if !ok || !slices.Contains([]string{"runtime", "ledger", "service", "pool"}, sel.Sel.Name) {
				return true
			}
			seen++
			if !slices.Contains(allowed[name], sel.Sel.Name) {
				t.Errorf("%s: %s is a pool: reach data through withScope, withTenant, asCaller or asService", set.Position(sel.Pos()), sel.Sel.Name)
			}
			return true
		})
	}
	if seen == 0 {
		t.Error("no use of a pool was found: the names have changed, and nothing was looked at")
	}
}
