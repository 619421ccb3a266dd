package archtest

import (
	"fmt"
	"io/fs"
	"maps"
	"os"
	"strings"
	"testing"
	"testing/fstest"
)

func TestTheModuleKeepsTheRules(t *testing.T) {
	root := os.DirFS("../..")
	if _, err := fs.Stat(root, "go.mod"); err != nil {
		t.Fatalf("the module is not where this test looks for it: %v", err)
	}
	found, err := Check(root)
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range found {
		t.Error(v)
	}
}

// clean is a small module that keeps every rule; each case below adds one file
// that breaks one.
var clean = map[string]string{
	"go.mod":                       "module " + Module,
	"bin/woochat":                  "",
	"README.md":                    "",
	"domain/tenant/tenant.go":      file("tenant", "errors"),
	"domain/usage/usage.go":        file("usage", "time", domain+"/tenant"),
	"domain/usage/usage_test.go":   file("usage", "testing", "encoding/json", memory),
	"ports/ledger.go":              file("ports", "context", domain+"/usage") + "type Ledger interface { Reserve(); Settle(); Release() }",
	"ports/model.go":               file("ports", "iter") + "type Events = iter.Seq2[int, error]\ntype Model interface { Stream() Events }",
	"app/answering/a.go":           file("answering", "log/slog", "time", domain+"/chat", ports) + "var _ = time.NewTimer",
	"app/answering/a_test.go":      file("answering", "testing", memory, porttest, app+"/metering"),
	"app/wiring/w.go":              file("wiring", fx, adapters+"/sqlite", app+"/answering", "os"),
	"adapters/memory/m.go":         file("memory", "sync", domain+"/usage", ports),
	"adapters/memory/m_test.go":    file("memory", porttest),
	"adapters/sqlite/s.go":         file("sqlite", "database/sql", sqlx, "modernc.org/sqlite", Module+"/migrations"),
	"adapters/sqlite/vec/vec.go":   file("vec", domain+"/retrieval"),
	"adapters/sqlite/use.go":       file("sqlite", adapters+"/sqlite/vec"),
	"adapters/openai/o_test.go":    file("openai", "pgregory.net/rapid", tests+"/fakes", memory),
	"adapters/ginhttp/g.go":        file("ginhttp", "github.com/gin-gonic/gin", app+"/answering", Module+"/widget"),
	"adapters/sqlite/gen.go":       "//go:build ignore\n\n" + file("main", fx),
	"adapters/web/testdata/bad.go": file("bad", fx),
	"cmd/woochat/main.go":          file("main", "os", "github.com/alecthomas/kong", wiring, cmd+"/woochat/demo"),
	"cmd/woochat/demo/demo.go":     file("demo", "embed"),
	"migrations/embed.go":          file("migrations", "embed"),
	"widget/embed.go":              file("widget", "embed"),
	"examples/embed/main.go":       file("main", memory, app+"/answering"),
	"test/porttest/ledger.go":      file("porttest", "testing", domain+"/usage", ports),
	"test/mocks/ledger.go":         file("mocks", "github.com/golang/mock/gomock", ports),
	"test/model/ledger_test.go":    file("model", "pgregory.net/rapid", memory),
	".ci/widget/main.go":           file("main", "github.com/evanw/esbuild/pkg/api"),
}

func file(pkg string, imports ...string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "package %s\n\nimport (\n", pkg)
	for _, imp := range imports {
		fmt.Fprintf(&b, "\t%q\n", imp)
	}
	b.WriteString(")\n\n")
	return b.String()
}

func fsOf(files map[string]string) fstest.MapFS {
	m := fstest.MapFS{}
	for name, src := range files {
		m[name] = &fstest.MapFile{Data: []byte(src)}
	}
	return m
}

func TestCheckFindsNothingInACleanModule(t *testing.T) {
	found, err := Check(fsOf(clean))
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range found {
		t.Error(v)
	}
}

func TestCheckFindsEachViolation(t *testing.T) {
	const bad = "bad.go"
	for _, c := range []struct {
		name string
		dir  string // of the file bad.go, or the whole name where it ends in a suffix
		src  string
		want string // part of the only violation's text
	}{
		// The domain is pure.
		{"context in the domain", "domain/usage", file("usage", "context"), "imports context"},
		{"net in the domain", "domain/usage", file("usage", "net"), "imports net,"},
		{"net/url in the domain beside tenant", "domain/usage", file("usage", "net/url"), "imports net/url"},
		{"net/http in the domain", "domain/usage", file("usage", "net/http"), "imports net/http"},
		{"SQL in the domain", "domain/usage", file("usage", "database/sql"), "imports database/sql"},
		{"SQL drivers in the domain", "domain/usage", file("usage", "database/sql/driver"), "database/sql/driver"},
		{"os in the domain", "domain/usage", file("usage", "os"), "imports os,"},
		{"JSON in the domain", "domain/usage", file("usage", "encoding/json"), "encoding/json"},
		{"slog in the domain", "domain/usage", file("usage", "log/slog"), "log/slog"},
		{"log in the domain", "domain/usage", file("usage", "log"), "imports log,"},
		{"math/rand in the domain", "domain/usage", file("usage", "math/rand"), "math/rand"},
		{"math/rand/v2 in the domain", "domain/usage", file("usage", "math/rand/v2"), "math/rand/v2"},
		{"a third party in the domain", "domain/usage", file("usage", "github.com/google/uuid"), "uuid; beside the standard library"},
		{"a port in the domain", "domain/usage", file("usage", ports), "imports " + ports},
		{"another domain package in tenant", "domain/tenant", file("tenant", domain+"/usage"), "it may import net/url"},
		{"time.Now in the domain", "domain/usage", file("usage", "time") + "var t = time.Now()", "time.Now: time comes in"},
		{"time.Now as a value", "domain/usage", file("usage", "time") + "var clock = time.Now", "time.Now"},
		{"time.Now behind another name", "domain/usage", "package usage\nimport stdtime \"time\"\nvar t = stdtime.Now()", "stdtime.Now"},
		{"time.Since in the domain", "domain/usage", file("usage", "time") + "var d = time.Since(time.Time{})", "time.Since"},
		{"a timer in the domain", "domain/usage", file("usage", "time") + "var c = time.After(1)", "time.After"},
		{"the machine's zone in the domain", "domain/usage", file("usage", "time") + "var l = time.Local", "time.Local"},
		{"a dot import hides calls", "domain/usage", "package usage\nimport . \"time\"\n", "dot import of time"},
		{"a third party in a test of the domain", "domain/usage/x_test.go", file("usage", "pgregory.net/rapid"), "go.sum; allowed are domain"},
		{"a domain package two floors down", "domain/usage/deep", file("deep"), "has no rule"},

		// Ports are small and can be mocked.
		{"a third party in ports", "ports", file("ports", sqlx), "imports " + sqlx},
		{"an adapter in ports", "ports", file("ports", memory), "imports " + memory},
		{"SQL in ports", "ports", file("ports", "database/sql"), "imports database/sql"},
		{"gomock in a test of ports", "ports/x_test.go", file("ports", "github.com/golang/mock/gomock"), "go.sum"},
		{"a port of four methods", "ports", "package ports\ntype Big interface { A(); B(); C(); D() }", "Big has 4 methods"},
		{"four methods by embedding", "ports", "package ports\ntype Big interface { Ledger; D() }", "Big has 4 methods"},
		{"four methods by embedding from elsewhere", "ports", file("ports", "io") + "type Big interface { Ledger; io.Closer }", "Big has 4 methods"},
		{"an instantiated generic in a port", "ports", file("ports", "iter") + "type P interface { All() iter.Seq[int] }", "P.All has an instantiated"},
		{"an instantiated generic deep in a port", "ports", file("ports", "iter") + "type P interface { All(func([]iter.Seq2[int, error])) }", "P.All has an instantiated"},
		{"a generic port", "ports", "package ports\ntype Repo[T any] interface { Get() T }", "Repo is generic"},
		{"a port that embeds an instance", "ports", "package ports\ntype P interface { Repo[int] }", "embeds an instantiated"},
		{"a type set in ports", "ports", "package ports\ntype N interface { ~int | ~int64 }", "N is a type set"},
		{"a second package of ports", "ports/more", file("more"), "has no rule"},

		// Use cases know ports, not technology, and not each other.
		{"an adapter in a use case", "app/answering", file("answering", memory), "imports " + memory},
		{"a use case in a use case", "app/answering", file("answering", app+"/administering"), "imports " + app + "/administering"},
		{"a third party in a use case", "app/answering", file("answering", "golang.org/x/sync/errgroup"), "errgroup"},
		{"HTTP in a use case", "app/answering", file("answering", "net/http"), "net/http"},
		{"SQL in a use case", "app/answering", file("answering", "database/sql"), "database/sql"},
		{"the environment in a use case", "app/answering", file("answering", "os"), "imports os,"},
		{"time.Now in a use case", "app/answering", file("answering", "time") + "var t = time.Now()", "time.Now"},
		{"a mock in a test of a use case", "app/answering/x_test.go", file("answering", tests+"/mocks"), "go.sum"},
		{"an adapter in a test of a use case", "app/answering/x_test.go", file("answering", adapters+"/sqlite"), "go.sum"},
		{"the wiring in a test of a use case", "app/answering/x_test.go", file("answering", wiring), "go.sum"},

		// fx stays in the wiring.
		{"fx in a use case", "app/answering", file("answering", fx), "fx is for app/wiring"},
		{"fx in an adapter", "adapters/openai", file("openai", fx), "fx is for app/wiring"},
		{"fx in a test of an adapter", "adapters/openai/x_test.go", file("openai", fx+"/fxtest"), "fx is for app/wiring"},
		{"fx in the command", "cmd/woochat", file("main", fx), "fx is for app/wiring"},
		{"fx in the end-to-end tests", "test/e2e/x_test.go", file("e2e", fx+"/fxtest"), "fx is for app/wiring"},
		{"the command in the wiring", "app/wiring", file("wiring", cmd+"/woochat/demo"), "which its rule forbids"},
		{"a test package in the wiring", "app/wiring", file("wiring", tests+"/fakes"), "which its rule forbids"},

		// Adapters know domain, ports and their own SDK.
		{"an adapter in an adapter", "adapters/openai", file("openai", memory), "imports " + memory},
		{"another's SDK", "adapters/openai", file("openai", sqlx), "imports " + sqlx},
		{"an SDK in memory", "adapters/memory", file("memory", "github.com/google/uuid"), "uuid"},
		{"a third party in a test of memory", "adapters/memory/x_test.go", file("memory", "go.uber.org/goleak"), "go.sum"},
		{"a use case in a storage adapter", "adapters/sqlite", file("sqlite", app+"/metering"), "imports " + app},
		{"the wiring in ginhttp", "adapters/ginhttp", file("ginhttp", wiring), "which its rule forbids"},
		{"pgx in postgres", "adapters/postgres", file("postgres", "github.com/jackc/pgx/v5"), "pgx"},
		{"a name that only begins like an SDK", "adapters/postgres", file("postgres", "github.com/lib/pqx"), "github.com/lib/pqx"},
		{"cgo", "adapters/sqlite", file("sqlite", "C"), "imports C,"},
		{"an adapter without a rule", "adapters/redis", file("redis"), "has no rule"},

		// The edges.
		{"an adapter in the command", "cmd/woochat", file("main", adapters+"/sqlite"), "imports " + adapters},
		{"gin in the command", "cmd/woochat", file("main", "github.com/gin-gonic/gin"), "gin"},
		{"a second command", "cmd/other", file("main"), "has no rule"},
		{"goose in migrations", "migrations", file("migrations", "github.com/pressly/goose/v3"), "goose"},
		{"the command in an example", "examples/embed", file("main", cmd+"/woochat/demo"), "imports " + cmd},
		{"a third party in porttest", "test/porttest", file("porttest", "github.com/google/go-cmp/cmp"), "cmp"},
		{"an adapter in porttest", "test/porttest", file("porttest", memory), "imports " + memory},
		{"an adapter in the mocks", "test/mocks", file("mocks", memory), "imports " + memory},
		{"a test folder without a rule", "test/more", file("more"), "has no rule"},
		{"a package at the top", ".", file("woochat"), "has no rule"},
	} {
		t.Run(c.name, func(t *testing.T) {
			files := maps.Clone(clean)
			name := c.dir
			if !strings.HasSuffix(name, ".go") {
				name = strings.TrimPrefix(c.dir+"/"+bad, "./")
			}
			files[name] = c.src
			wantOne(t, files, name, c.want)
		})
	}
	for _, c := range []struct{ name, file, want string }{
		{"an unknown folder at the top", "pkg/x.txt", "nothing of this name"},
		{"an unknown file at the top", "notes.txt", "nothing of this name"},
		{"a second module", "examples/embed/go.mod", "one module, one go.mod"},
	} {
		t.Run(c.name, func(t *testing.T) {
			files := maps.Clone(clean)
			files[c.file] = ""
			wantOne(t, files, c.file, c.want)
		})
	}
}

// wantOne wants the violation that the case plants, and no other: one that
// fires for the wrong reason would hide that the rule meant does not.
func wantOne(t *testing.T, files map[string]string, name, want string) {
	t.Helper()
	found, err := Check(fsOf(files))
	if err != nil {
		t.Fatal(err)
	}
	var hits int
	for _, v := range found {
		top := v.File == strings.Split(name, "/")[0] && v.Line == 0
		switch {
		case strings.Contains(v.String(), want) && (v.File == name || top):
			hits++
		case top: // bad.go at the top is also a name that does not belong there
		default:
			t.Errorf("also found: %v", v)
		}
	}
	if hits != 1 {
		t.Errorf("%d violations of %s contain %q, want 1; all: %v", hits, name, want, found)
	}
}

func TestCheckSaysWhereAFileDoesNotParse(t *testing.T) {
	files := maps.Clone(clean)
	files["domain/usage/bad.go"] = "package usage\nfunc {"
	if _, err := Check(fsOf(files)); err == nil || !strings.Contains(err.Error(), "domain/usage/bad.go:2") {
		t.Errorf("got error %v, want one that names file and line", err)
	}
}
