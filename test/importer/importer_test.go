// Package importer checks what another team pays for importing this module: two
// lines in its go.sum, and no third-party package.
package importer

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

const (
	module  = "github.com/aiwoochat/woochat"
	version = "v0.0.1"
)

// promised are the folders whose packages other teams may import at that price.
var promised = []string{"domain/*", "ports", "app/*", "adapters/memory", "test/porttest"}

// notPromised are those among them that know every adapter.
var notPromised = []string{"app/wiring"}

func TestAnImporterGetsTwoLinesInItsGoSum(t *testing.T) {
	packages := importable(t)
	t.Logf("importing %s", strings.Join(packages, ", "))
	c := newConsumer(t, publish(t, nil), packages)
	if out, err := c.run("mod", "tidy"); err != nil {
		t.Fatalf("go mod tidy needs more than this module: %v\n%s", err, out)
	}
	sum := c.read("go.sum")
	lines := strings.Split(strings.TrimSpace(sum), "\n")
	if len(lines) != 2 {
		t.Errorf("go.sum has %d lines, want 2:\n%s", len(lines), sum)
	}
	for _, line := range lines {
		if !strings.HasPrefix(line, module+" "+version) {
			t.Errorf("go.sum names another module: %s", line)
		}
	}
	if mod := c.read("go.mod"); strings.Contains(mod, "// indirect") {
		t.Errorf("go.mod has indirect requirements:\n%s", mod)
	}
	if out, err := c.run("build", "./..."); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	// What is linked may come from this module and the standard library only.
	out, err := c.run("list", "-deps", "-f", "{{if not .Standard}}{{.ImportPath}}{{end}}", "./...")
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, out)
	}
	for dep := range strings.Lines(out) {
		dep = strings.TrimSpace(dep)
		if dep != "" && dep != "example.com/importer" && !strings.HasPrefix(dep, module+"/") {
			t.Errorf("the importer links %s", dep)
		}
	}
}

// The price rises by what the tests of an imported package import, too: this is
// why archtest has a rule for tests, and why the test above can fail.
func TestAThirdPartyInATestOfTheDomainIsSeen(t *testing.T) {
	packages := importable(t)
	leak := strings.TrimPrefix(packages[0], module+"/") + "/leak_test.go"
	source := fmt.Sprintf("package %s_test\n\nimport _ \"pgregory.net/rapid\"\n", path.Base(packages[0]))
	c := newConsumer(t, publish(t, map[string]string{leak: source}), packages)
	out, err := c.run("mod", "tidy")
	if err == nil {
		t.Fatalf("go mod tidy is content without pgregory.net/rapid; go.sum is\n%s", c.read("go.sum"))
	}
	if !strings.Contains(out, "pgregory.net/rapid") {
		t.Errorf("go mod tidy failed for another reason: %v\n%s", err, out)
	}
}

// importable returns the import paths of the promised packages that exist.
func importable(t *testing.T) []string {
	t.Helper()
	var found []string
	for _, pattern := range promised {
		dirs, err := fs.Glob(os.DirFS(root(t)), pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, dir := range dirs {
			files, err := filepath.Glob(filepath.Join(root(t), dir, "*.go"))
			if err != nil {
				t.Fatal(err)
			}
			isCode := func(name string) bool { return !strings.HasSuffix(name, "_test.go") }
			if slices.ContainsFunc(files, isCode) && !slices.Contains(notPromised, dir) {
				found = append(found, module+"/"+dir)
			}
		}
	}
	if len(found) == 0 {
		t.Fatalf("no package to import among %s", strings.Join(promised, ", "))
	}
	return found
}

func root(t *testing.T) string {
	t.Helper()
	dir, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// publish puts the working tree, with extra files over it, into a module proxy
// made of files and returns its URL. The layout is that of go help goproxy.
func publish(t *testing.T, extra map[string]string) string {
	t.Helper()
	proxy := t.TempDir()
	dir := filepath.Join(proxy, filepath.FromSlash(module), "@v")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	mod, err := os.ReadFile(filepath.Join(root(t), "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	info := fmt.Sprintf(`{"Version":%q,"Time":%q}`, version, time.Unix(0, 0).UTC().Format(time.RFC3339))
	write(t, filepath.Join(dir, "list"), []byte(version+"\n"))
	write(t, filepath.Join(dir, version+".info"), []byte(info))
	write(t, filepath.Join(dir, version+".mod"), mod)
	write(t, filepath.Join(dir, version+".zip"), zipped(t, extra))
	url := filepath.ToSlash(proxy)
	if !strings.HasPrefix(url, "/") {
		url = "/" + url // C:/... on Windows
	}
	return "file://" + url
}

func zipped(t *testing.T, extra map[string]string) []byte {
	t.Helper()
	var buf bytes.Buffer
	w := zip.NewWriter(&buf)
	add := func(name string, content []byte) {
		// Not compressed: nobody keeps it, and that was half of the test's work.
		f, err := w.CreateHeader(&zip.FileHeader{Name: module + "@" + version + "/" + name, Method: zip.Store})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.Write(content); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range tracked(t) {
		if _, replaced := extra[name]; replaced {
			continue
		}
		full := filepath.Join(root(t), filepath.FromSlash(name))
		if fi, err := os.Lstat(full); err != nil || !fi.Mode().IsRegular() {
			continue // deleted but not yet committed, or a link: not in a module
		}
		content, err := os.ReadFile(full)
		if err != nil {
			t.Fatal(err)
		}
		add(name, content)
	}
	for name, content := range extra {
		add(name, []byte(content))
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

// tracked lists what a release of the working tree would hold: what git knows or
// would add. A package that .gitignore hides by accident is missing here as it
// would be for an importer. Without git (a tree from an archive) it is all.
func tracked(t *testing.T) []string {
	t.Helper()
	// safe.directory: root may run the tests of a user's clone.
	cmd := exec.CommandContext(t.Context(), "git", "-c", "safe.directory=*",
		"ls-files", "-z", "--cached", "--others", "--exclude-standard")
	cmd.Dir = root(t)
	out, err := cmd.Output()
	if err == nil {
		names := strings.Split(strings.TrimRight(string(out), "\x00"), "\x00")
		slices.Sort(names)
		return slices.Compact(names)
	}
	t.Logf("no git here (%v): publishing every file", err)
	var names []string
	err = fs.WalkDir(os.DirFS(root(t)), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (name == ".git" || name == "bin" || name == "data" || d.Name() == "node_modules") {
			return fs.SkipDir
		}
		if !d.IsDir() {
			names = append(names, name)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

// consumer is another team's module in a folder of its own, with an empty
// module cache and no proxy but ours.
type consumer struct {
	t   *testing.T
	dir string
	env []string
}

func newConsumer(t *testing.T, proxy string, packages []string) consumer {
	t.Helper()
	c := consumer{t: t, dir: t.TempDir()}
	gocache, err := exec.CommandContext(t.Context(), "go", "env", "GOCACHE").Output()
	if err != nil {
		t.Fatal(err)
	}
	private := t.TempDir()
	c.env = append(withoutGo(os.Environ()),
		"GOCACHE="+strings.TrimSpace(string(gocache)), // holds no module: only saves time
		"GOENV=off", "GOWORK=off", "GOTOOLCHAIN=local", "CGO_ENABLED=0",
		"GOPATH="+private, "GOMODCACHE="+filepath.Join(private, "mod"),
		"GOPROXY="+proxy, "GOSUMDB=off",
		"GOFLAGS=-modcacherw -buildvcs=false", // read-only files would outlive t.TempDir
	)

	mod, err := os.ReadFile(filepath.Join(root(t), "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	goLine := regexp.MustCompile(`(?m)^go .*$`).Find(mod)
	if goLine == nil {
		t.Fatal("go.mod has no go line")
	}
	write(t, filepath.Join(c.dir, "go.mod"), fmt.Appendf(nil, "module example.com/importer\n\n%s\n", goLine))
	var src bytes.Buffer
	src.WriteString("// Command importer imports all that is promised.\npackage main\n\nimport (\n")
	for _, p := range packages {
		fmt.Fprintf(&src, "\t_ %q\n", p)
	}
	src.WriteString(")\n\nfunc main() {}\n")
	write(t, filepath.Join(c.dir, "main.go"), src.Bytes())
	return c
}

// withoutGo drops what would change how the go command behaves.
func withoutGo(env []string) []string {
	return slices.DeleteFunc(slices.Clone(env), func(kv string) bool {
		return strings.HasPrefix(kv, "GO") || strings.HasPrefix(kv, "CGO_")
	})
}

func (c consumer) run(args ...string) (string, error) {
	c.t.Helper()
	cmd := exec.CommandContext(c.t.Context(), "go", args...)
	cmd.Dir = c.dir
	cmd.Env = c.env
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func (c consumer) read(name string) string {
	c.t.Helper()
	b, err := os.ReadFile(filepath.Join(c.dir, name))
	if err != nil {
		c.t.Fatal(err)
	}
	return string(b)
}

func write(t *testing.T, name string, content []byte) {
	t.Helper()
	if err := os.WriteFile(name, content, 0o644); err != nil {
		t.Fatal(err)
	}
}
