package archtest

import (
	"go/ast"
	"go/token"
)

// checkPorts reads the interfaces of one file of package ports. mockgen (golang/
// mock 1.6.0, source mode) sets the rules about generics: it cannot read an
// instantiated type in a signature, and a type set makes it give up on the whole
// file. A defined func type, or a named type for the instance, is the way out.
func (c *checker) checkPorts(f *ast.File) {
	for _, decl := range f.Decls {
		gen, ok := decl.(*ast.GenDecl)
		if !ok || gen.Tok != token.TYPE {
			continue
		}
		for _, spec := range gen.Specs {
			ts, ok := spec.(*ast.TypeSpec)
			if !ok {
				continue
			}
			if it, ok := ts.Type.(*ast.InterfaceType); ok {
				c.readPort(ts, it)
			}
		}
	}
}

func (c *checker) readPort(ts *ast.TypeSpec, it *ast.InterfaceType) {
	if ts.TypeParams != nil {
		c.at(ts.Pos(), "port %s is generic: mockgen cannot mock it", ts.Name.Name)
	}
	p := port{name: ts.Name.Name, pos: ts.Pos()}
	for _, field := range it.Methods.List {
		switch typ := field.Type.(type) {
		case *ast.FuncType:
			c.methods[p.name] += len(field.Names)
			c.checkSignature(p.name, field.Names[0].Name, typ)
		case *ast.Ident:
			p.embeds = append(p.embeds, typ.Name)
		case *ast.SelectorExpr:
			p.extra++
		case *ast.IndexExpr, *ast.IndexListExpr:
			c.at(field.Pos(), "port %s embeds an instantiated generic: mockgen cannot read it", p.name)
		default: // ~int | ~string
			c.at(field.Pos(), "%s is a type set: mockgen gives up on a file that has one", p.name)
		}
	}
	c.ports = append(c.ports, p)
}

func (c *checker) checkSignature(port, method string, typ *ast.FuncType) {
	ast.Inspect(typ, func(n ast.Node) bool {
		switch n.(type) {
		case *ast.IndexExpr, *ast.IndexListExpr:
			c.at(n.Pos(), "%s.%s has an instantiated generic in its signature: mockgen cannot read it; name the type", port, method)
			return false
		}
		return true
	})
}

// countMethods runs when all files are read: a port may embed one of another
// file.
func (c *checker) countMethods() {
	byName := map[string]port{}
	for _, p := range c.ports {
		byName[p.name] = p
	}
	var count func(name string, seen map[string]bool) int
	count = func(name string, seen map[string]bool) int {
		if seen[name] {
			return 0
		}
		seen[name] = true
		p := byName[name]
		n := c.methods[name] + p.extra
		for _, e := range p.embeds {
			n += count(e, seen)
		}
		return n
	}
	for _, p := range c.ports {
		if n := count(p.name, map[string]bool{}); n > maxMethods {
			c.at(p.pos, "port %s has %d methods; %d is the most: make two ports of it", p.name, n, maxMethods)
		}
	}
}
