package archtest

import (
	"cmp"
	"fmt"
	"go/ast"
	"go/build/constraint"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
)

// maxMethods is how many methods a port may have: what an adapter's author can
// hold in the head, and what a caller can fake in a test.
const maxMethods = 3

// Violation is one place that breaks a rule.
type Violation struct {
	File string // slash-separated, from the root of the module
	Line int    // from 1; 0 for the file or folder as a whole
	Text string // what is wrong and what would be right
}

// String is file:line: text, as an editor understands it.
func (v Violation) String() string {
	if v.Line == 0 {
		return v.File + ": " + v.Text
	}
	return fmt.Sprintf("%s:%d: %s", v.File, v.Line, v.Text)
}

// Check reads the module whose root is fsys and returns what breaks the rules,
// in the order of files and lines. The error is one of reading or parsing, not
// of a rule.
func Check(fsys fs.FS) ([]Violation, error) {
	c := &checker{fsys: fsys, fset: token.NewFileSet(), methods: map[string]int{}}
	if err := c.root(); err != nil {
		return nil, err
	}
	if err := fs.WalkDir(fsys, ".", c.visit); err != nil {
		return nil, err
	}
	c.countMethods()
	slices.SortFunc(c.found, func(a, b Violation) int {
		return cmp.Or(strings.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), strings.Compare(a.Text, b.Text))
	})
	return c.found, nil
}

type checker struct {
	fsys  fs.FS
	fset  *token.FileSet
	found []Violation

	ports   []port
	methods map[string]int // of each interface in ports, those it embeds left out
}

// port is an interface of package ports.
type port struct {
	name   string
	pos    token.Pos
	embeds []string // other ports by name
	extra  int      // methods by embedding interfaces of other packages: at least one each
}

func (c *checker) report(file string, line int, format string, args ...any) {
	c.found = append(c.found, Violation{file, line, fmt.Sprintf(format, args...)})
}

func (c *checker) at(pos token.Pos, format string, args ...any) {
	p := c.fset.Position(pos)
	c.report(p.Filename, p.Line, format, args...)
}

func (c *checker) root() error {
	entries, err := fs.ReadDir(c.fsys, ".")
	if err != nil {
		return err
	}
	for _, e := range entries {
		if !slices.Contains(topLevel, e.Name()) && !slices.Contains(local, e.Name()) {
			c.report(e.Name(), 0, "nothing of this name belongs at the top: the list is in test/archtest")
		}
	}
	return nil
}

func (c *checker) visit(name string, d fs.DirEntry, err error) error {
	if err != nil {
		return err
	}
	base := path.Base(name)
	if d.IsDir() {
		if name != "." && (base[0] == '.' || base[0] == '_' || base == "testdata" || base == "node_modules" ||
			slices.Contains(local, name)) {
			return fs.SkipDir // the go command skips these, too
		}
		return nil
	}
	if base == "go.mod" && name != "go.mod" {
		c.report(name, 0, "one module, one go.mod: tools have theirs in .ci")
	}
	if !strings.HasSuffix(base, ".go") {
		return nil
	}
	return c.file(name)
}

func (c *checker) file(name string) error {
	src, err := fs.ReadFile(c.fsys, name)
	if err != nil {
		return err
	}
	f, err := parser.ParseFile(c.fset, name, src, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return err
	}
	if ignored(f) {
		return nil
	}
	dir := path.Dir(name)
	i := slices.IndexFunc(rules, func(r rule) bool { return r.covers(dir) })
	if i < 0 {
		c.report(name, 0, "package %s has no rule: say in test/archtest what it may import", dir)
		return nil
	}
	r := rules[i]
	isTest := strings.HasSuffix(name, "_test.go")
	for _, spec := range f.Imports {
		c.checkImport(r, dir, isTest, spec)
	}
	if !isTest {
		c.checkCalls(r, f)
		if dir == "ports" {
			c.checkPorts(f)
		}
	}
	return nil
}

// ignored says whether a file is only for go run: such a file is in no package.
func ignored(f *ast.File) bool {
	for _, group := range f.Comments {
		for _, line := range group.List {
			if line.Pos() < f.Package && constraint.IsGoBuild(line.Text) {
				expr, err := constraint.Parse(line.Text)
				return err == nil && expr.String() == "ignore"
			}
		}
	}
	return false
}

func (r rule) covers(dir string) bool {
	if top, ok := strings.CutSuffix(r.dir, "/..."); ok {
		return under(dir, top)
	}
	ok, err := path.Match(r.dir, dir)
	return ok && err == nil
}

// under says whether an import path or folder is top or below it.
func under(name, top string) bool {
	return name == top || strings.HasPrefix(name, top+"/")
}

func listed(imp string, list []string) bool {
	return slices.ContainsFunc(list, func(entry string) bool { return entry == anything || under(imp, entry) })
}

func standard(imp string) bool {
	first, _, _ := strings.Cut(imp, "/")
	return !strings.Contains(first, ".")
}

func (c *checker) checkImport(r rule, dir string, isTest bool, spec *ast.ImportSpec) {
	imp, err := strconv.Unquote(spec.Path.Value)
	if err != nil {
		c.at(spec.Pos(), "import path %s: %v", spec.Path.Value, err)
		return
	}
	if spec.Name != nil && spec.Name.Name == "." {
		c.at(spec.Pos(), "dot import of %s: name the package where it is used", imp)
	}
	own := under(imp, Module+"/"+ownFolder(dir))
	switch {
	case under(imp, fx) && !under(dir, "app/wiring"):
		c.at(spec.Pos(), "import of %s: fx is for app/wiring; constructors stay plain Go", imp)
	case isTest && r.tests == nil || own:
	case isTest && under(imp, wiring):
		c.at(spec.Pos(), "a test of %s imports %s: what tests import here lands in every importer's go.sum", dir, imp)
	case isTest && !standard(imp) && !listed(imp, r.tests):
		c.at(spec.Pos(), "a test of %s imports %s: what tests import here lands in every importer's go.sum; allowed are %s",
			dir, imp, show(r.tests))
	case isTest:
	case listed(imp, r.deny) && !(standard(imp) && slices.Contains(r.allow, imp)):
		c.at(spec.Pos(), "%s imports %s, which its rule forbids", dir, imp)
	case !standard(imp) && !listed(imp, r.allow):
		c.at(spec.Pos(), "%s imports %s; beside the standard library it may import %s", dir, imp, show(r.allow))
	}
}

// ownFolder is the part of dir whose packages may import each other.
func ownFolder(dir string) string {
	parts := strings.SplitN(dir, "/", 3)
	return strings.Join(parts[:min(2, len(parts))], "/")
}

func show(list []string) string {
	if len(list) == 0 {
		return "nothing"
	}
	short := make([]string, len(list))
	for i, entry := range list {
		short[i] = strings.TrimPrefix(entry, Module+"/")
	}
	return strings.Join(short, ", ")
}

func (c *checker) checkCalls(r rule, f *ast.File) {
	if len(r.calls) == 0 {
		return
	}
	imported := map[string]string{} // local name -> import path
	for _, spec := range f.Imports {
		imp, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			continue // reported with the imports
		}
		local := path.Base(imp)
		if spec.Name != nil {
			local = spec.Name.Name
		}
		imported[local] = imp
	}
	ast.Inspect(f, func(n ast.Node) bool {
		sel, ok := n.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		if id, ok := sel.X.(*ast.Ident); ok && slices.Contains(r.calls, imported[id.Name]+"."+sel.Sel.Name) {
			c.at(sel.Pos(), "%s.%s: time comes in as an argument, or from a ports.Clock", id.Name, sel.Sel.Name)
		}
		return true
	})
}
