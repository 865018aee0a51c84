package archtest

import (
	"fmt"
	"go/ast"
	"go/token"
	"maps"
	"slices"
	"strings"
)

// checkCalls looks for banned functions and for goroutines where there must be none. A function counts when it is
// named, called or not: handing on time.Sleep is as good as calling it.
func checkCalls(s *source) []Problem {
	var problems []Problem
	eachUse(s.file, func(imported, name string, at token.Pos) {
		for _, b := range bans {
			if b.path == imported && slices.Contains(b.names, name) && (b.places == nil || s.under(b.places)) {
				full := strings.TrimPrefix(imported+"."+name, ".")
				problems = append(problems, s.problem(at, "%s is not used here: %s", full, b.why))
			}
		}
	})
	if s.under(pure) && s.name != trying {
		ast.Inspect(s.file, func(n ast.Node) bool {
			if g, ok := n.(*ast.GoStmt); ok {
				problems = append(problems, s.problem(g.Pos(),
					"a go statement: %s starts no goroutines (DESIGN.md, section 5)", s.dir))
			}
			return true
		})
	}
	return problems
}

// checkRecover counts the calls of recover by package.
func checkRecover(sources []*source) []Problem {
	found := map[string][]Problem{}
	for _, s := range sources {
		l, ok := layerOf(s.dir)
		if s.file == nil || s.isTest() || !ok {
			continue
		}
		eachUse(s.file, func(imported, name string, at token.Pos) {
			if imported == "" && name == "recover" {
				found[l.Dir] = append(found[l.Dir], s.problem(at, "%s", refuseRecover(l.Dir)))
			}
		})
	}
	var problems []Problem
	for _, dir := range slices.Sorted(maps.Keys(found)) {
		if len(found[dir]) > recovers[dir] {
			problems = append(problems, found[dir]...)
		}
	}
	return problems
}

func refuseRecover(dir string) string {
	if n := recovers[dir]; n > 0 {
		return fmt.Sprintf("recover: %s has %d place for it, around the callbacks of the user", dir, n)
	}
	return fmt.Sprintf("recover: %s never recovers; malformed input is an error value, and a bug has to be seen", dir)
}

// eachUse calls f for every function of an imported package that the file names, and for every builtin that it calls.
func eachUse(file *ast.File, f func(imported, name string, at token.Pos)) {
	names := importNames(file)
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.SelectorExpr:
			if x, ok := n.X.(*ast.Ident); ok && names[x.Name] != "" {
				f(names[x.Name], n.Sel.Name, n.Pos())
			}
		case *ast.CallExpr:
			if fun, ok := n.Fun.(*ast.Ident); ok {
				f("", fun.Name, n.Pos())
			}
		}
		return true
	})
}
