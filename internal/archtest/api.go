package archtest

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/printer"
	"go/token"
	"io/fs"
	"maps"
	"slices"
	"strings"
)

// private are the folders whose packages are for this module alone, or are programs to read.
var private = []string{"internal/", "examples/", "integration/", "bench/", "cmd/", "ergohost/example/"}

// API returns a line for every exported name of the public packages below root, sorted by package and name: the
// declaration without its text. Fields and methods have lines of their own, so that a change of one is one line.
func API(root fs.FS) (string, error) {
	sources, err := load(root)
	if err != nil {
		return "", err
	}
	byPackage := map[string]map[string]bool{}
	for _, s := range sources {
		if s.file == nil || s.isTest() || s.file.Name.Name == "main" || s.under(private) ||
			strings.Contains(s.dir, "/internal/") {
			continue
		}
		if byPackage[s.dir] == nil {
			byPackage[s.dir] = map[string]bool{}
		}
		for _, decl := range s.file.Decls {
			for _, line := range s.exported(decl) {
				byPackage[s.dir][line] = true
			}
		}
	}
	var b strings.Builder
	for _, dir := range slices.Sorted(maps.Keys(byPackage)) {
		for _, line := range slices.Sorted(maps.Keys(byPackage[dir])) {
			fmt.Fprintf(&b, "%s: %s\n", dir, line)
		}
	}
	return b.String(), nil
}

// exported returns the lines of one declaration.
func (s *source) exported(decl ast.Decl) []string {
	switch decl := decl.(type) {
	case *ast.FuncDecl:
		return s.exportedFunc(decl)
	case *ast.GenDecl:
		var lines []string
		for _, spec := range decl.Specs {
			switch spec := spec.(type) {
			case *ast.TypeSpec:
				lines = append(lines, s.exportedType(spec)...)
			case *ast.ValueSpec:
				lines = append(lines, s.exportedValues(decl.Tok, spec)...)
			}
		}
		return lines
	}
	return nil
}

func (s *source) exportedFunc(f *ast.FuncDecl) []string {
	if !f.Name.IsExported() {
		return nil
	}
	receiver := ""
	if f.Recv != nil {
		of := s.print(f.Recv.List[0].Type)
		if !ast.IsExported(strings.TrimPrefix(of, "*")) {
			return nil
		}
		receiver = "(" + of + ") "
	}
	return []string{"func " + receiver + f.Name.Name + strings.TrimPrefix(s.print(f.Type), "func")}
}

func (s *source) exportedValues(tok token.Token, spec *ast.ValueSpec) []string {
	var lines []string
	for _, name := range spec.Names {
		if !name.IsExported() {
			continue
		}
		line := tok.String() + " " + name.Name
		if spec.Type != nil {
			line += " " + s.print(spec.Type)
		}
		lines = append(lines, line)
	}
	return lines
}

// exportedType returns the type itself, and its exported fields or methods.
func (s *source) exportedType(spec *ast.TypeSpec) []string {
	if !spec.Name.IsExported() {
		return nil
	}
	head := "type " + spec.Name.Name
	if spec.TypeParams != nil {
		head += s.print(&ast.IndexListExpr{X: ast.NewIdent(""), Indices: typeParams(spec.TypeParams)})
	}
	switch t := spec.Type.(type) {
	case *ast.StructType:
		return append([]string{head + " struct"}, s.members(spec.Name.Name+".", t.Fields)...)
	case *ast.InterfaceType:
		return append([]string{head + " interface"}, s.members(spec.Name.Name+".", t.Methods)...)
	}
	if spec.Assign.IsValid() {
		head += " ="
	}
	return []string{head + " " + s.print(spec.Type)}
}

// typeParams are the parameters of a type without their constraints, which rarely change alone.
func typeParams(list *ast.FieldList) []ast.Expr {
	var names []ast.Expr
	for _, f := range list.List {
		for _, name := range f.Names {
			names = append(names, name)
		}
	}
	return names
}

// members are the fields of a struct or the methods of an interface. An embedded one has no name of its own.
func (s *source) members(of string, list *ast.FieldList) []string {
	var lines []string
	for _, f := range list.List {
		text := s.print(f.Type)
		if len(f.Names) == 0 {
			lines = append(lines, "member "+of+text)
		}
		for _, name := range f.Names {
			if name.IsExported() {
				lines = append(lines, "member "+of+name.Name+" "+text)
			}
		}
	}
	return lines
}

// print writes an expression on one line.
func (s *source) print(n ast.Node) string {
	var b bytes.Buffer
	if err := printer.Fprint(&b, s.fset, n); err != nil {
		return err.Error()
	}
	return strings.Join(strings.Fields(b.String()), " ")
}
