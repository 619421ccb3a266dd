// Package archtest holds the dependency rules of this module (ARCHITECTURE.md
// draws them) and checks them by reading the files, without building them.
//
// The rules are policy: a package that needs something new gets it here, in a
// change of its own that says why. Do not relax a rule to make a build pass.
package archtest

// Module is the path that every import of our own begins with.
const Module = "github.com/aiwoochat/woochat"

const (
	domain   = Module + "/domain"
	ports    = Module + "/ports"
	app      = Module + "/app"
	wiring   = Module + "/app/wiring"
	adapters = Module + "/adapters"
	memory   = Module + "/adapters/memory"
	porttest = Module + "/test/porttest"
	tests    = Module + "/test"
	cmd      = Module + "/cmd"
	examples = Module + "/examples"

	fx   = "go.uber.org/fx"
	sqlx = "github.com/jmoiron/sqlx"

	// anything stands for every import path.
	anything = "*"
)

// topLevel is what the root of the repository holds, and nothing else: a new
// folder is a decision, not an accident.
var topLevel = []string{
	"domain", "ports", "adapters", "app", "cmd", "migrations", "test",
	"docs", "examples", "widget",
	".ci", ".gitattributes", ".gitignore", ".golangci.yml",
	"ARCHITECTURE.md", "CHANGELOG.md", "LICENSE", "Makefile", "README.md", "compose.yaml",
	"go.mod", "go.sum",
}

// local is what a developer's tree may hold beside it; git ignores these.
var local = []string{".git", "bin", "data", ".idea", ".vscode", ".DS_Store"}

// rule says what the packages of one folder may import. Entries are import
// paths and stand for all below them. The package's own folder is always
// allowed, and so is the standard library but for deny.
type rule struct {
	dir   string   // as path.Match has it; a final /... stands for any depth
	allow []string // beside the standard library
	deny  []string // beats allow, but for a package of the standard library that allow names
	calls []string // package-level functions and variables that must not be used, as "time.Now"
	// tests is what _test.go files may import beside the standard library; nil
	// is anything but fx. What a package's tests import lands in the go.sum of
	// everybody who imports the package, so for those that other teams import
	// it is a short list.
	tests []string
}

// importable are the packages that cost another team two lines in its go.sum.
var importable = []string{domain, ports, app, memory, porttest}

// machine is what reads the world outside of the process: decisions must not.
// Of net, rules may allow net/url, which only parses text.
var machine = []string{"C", "crypto/rand", "database/sql", "math/rand", "net", "os", "plugin", "syscall", "unsafe"}

var (
	clockReads = []string{"time.Now", "time.Since", "time.Until", "time.Local"}
	timers     = []string{"time.After", "time.AfterFunc", "time.NewTicker", "time.NewTimer", "time.Sleep", "time.Tick"}
)

// rules: the first whose dir matches decides; a folder that none matches is an
// error.
var rules = []rule{
	{
		dir: "domain/tenant", allow: []string{"net/url"}, tests: importable,
		deny:  append([]string{"context", "encoding/json", "log"}, machine...),
		calls: append(timers, clockReads...),
	},
	{
		dir: "domain/*", allow: []string{domain}, tests: importable,
		deny:  append([]string{"context", "encoding/json", "log"}, machine...),
		calls: append(timers, clockReads...),
	},
	{
		dir: "ports", allow: []string{domain}, tests: importable,
		deny:  append([]string{"encoding/json", "log"}, machine...),
		calls: append(timers, clockReads...),
	},
	{dir: "app/wiring/...", allow: []string{anything}, deny: []string{cmd, tests, examples}},
	{
		// The door to which super admins come is one for all use cases, and
		// knows none of them.
		dir: "app/auditing", allow: []string{domain, ports}, tests: importable,
		deny:  []string{"C", "database/sql", "net", "os", "syscall", "unsafe"},
		calls: clockReads,
	},
	{
		// It reads and writes addresses of shops, and asks none itself.
		dir: "app/connecting", allow: []string{domain, ports, app + "/auditing", "net/url"}, tests: importable,
		deny:  []string{"C", "database/sql", "net", "os", "syscall", "unsafe"},
		calls: clockReads,
	},
	{
		// A use case that calls a model does it through metering, one that
		// lets super admins in through auditing, and one that asks what a shop
		// says through searching; beside that, use cases do not know each other.
		dir: "app/*", allow: []string{domain, ports, app + "/metering", app + "/auditing", app + "/searching"}, tests: importable,
		deny:  []string{"C", "database/sql", "net", "os", "syscall", "unsafe"},
		calls: clockReads,
	},

	adapter("memory", importable),
	adapter("decorated", nil),
	adapter("egress", nil),
	adapter("extractive", nil),
	adapter("files", nil, "github.com/ledongthuc/pdf", "golang.org/x/text"),
	adapter("ginhttp", nil, app, Module+"/widget", "github.com/gin-gonic/gin", "github.com/golang-jwt/jwt/v5"),
	adapter("glove", nil),
	adapter("html", nil, "github.com/JohannesKaufmann/html-to-markdown/v2", "golang.org/x/net/html"),
	adapter("openai", nil, "github.com/tmc/langchaingo"),
	adapter("rerank", nil),
	adapter("postgres", nil, Module+"/migrations", sqlx, "github.com/lib/pq", "github.com/pressly/goose/v3"),
	adapter("pricelist", nil),
	adapter("qdrant", nil, "github.com/qdrant/go-client", "google.golang.org/grpc"),
	adapter("sealing", nil, "github.com/tink-crypto/tink-go/v2"),
	adapter("spool", nil),
	adapter("sqlite", nil, Module+"/migrations", sqlx, "modernc.org/sqlite", "github.com/pressly/goose/v3"),
	adapter("system", nil, "github.com/google/uuid", "github.com/lmittmann/tint",
		"github.com/prometheus/client_golang", "go.opentelemetry.io/otel"),
	adapter("tiktoken", nil, "github.com/tiktoken-go/tokenizer"),
	adapter("web", nil, "github.com/temoto/robotstxt", "golang.org/x/net"),
	adapter("woocommerce", nil, "golang.org/x/net/html"),

	{
		dir:   "cmd/woochat/...",
		allow: []string{app, domain, ports, "github.com/alecthomas/kong", "github.com/vbauerster/mpb/v8", "golang.org/x/term"},
	},
	{dir: "migrations/..."},
	{dir: "widget/..."},
	{dir: "examples/...", allow: []string{app, domain, ports, adapters, porttest, "github.com/gin-gonic/gin"}},

	{dir: "test/porttest/...", allow: []string{domain, ports}, tests: importable},
	{dir: "test/mocks", allow: []string{domain, ports, "github.com/golang/mock"}},
	{dir: "test/archtest"},
	{dir: "test/importer"},
	{dir: "test/fakes/...", allow: []string{domain, ports, "github.com/qdrant/go-client", "google.golang.org/grpc"}},
	{dir: "test/bench/...", allow: []string{anything}},
	{dir: "test/e2e/...", allow: []string{anything}},
	{dir: "test/eval/...", allow: []string{anything}},
	{dir: "test/harness/...", allow: []string{anything}},
	{dir: "test/model/...", allow: []string{anything}},
	{dir: "test/prove/...", allow: []string{anything}},
	{dir: "test/rls/...", allow: []string{anything}},
	{dir: "test/usecases/...", allow: []string{anything}},
	{dir: "test/widget/...", allow: []string{anything}},
}

// adapter is the rule of one folder of adapters: domain, ports and its own
// SDK; of ours nothing else, above all no other adapter. ginhttp drives the use
// cases, so it has app too, but not the wiring.
func adapter(name string, tests []string, sdk ...string) rule {
	return rule{
		dir:   "adapters/" + name + "/...",
		allow: append([]string{domain, ports}, sdk...),
		deny:  []string{"C", wiring},
		tests: tests,
	}
}
