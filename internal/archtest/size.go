package archtest

import (
	"fmt"
	"go/ast"
	"path"
	"strings"
)

// The size budget of DESIGN.md, section 7, in lines.
const (
	maxFile = 400
	maxWire = 150
	maxFunc = 60
)

// checkSize holds one file and its functions to the budget.
func checkSize(s *source) []Problem {
	var problems []Problem
	lines := strings.Count(s.text, "\n")
	switch {
	case lines > maxFile:
		problems = append(problems, Problem{File: s.name, Text: fmt.Sprintf(
			"%d lines; a file has at most %d: find the two things in it and give each its own", lines, maxFile)})
	case lines > maxWire && isWire(s):
		problems = append(problems, Problem{File: s.name, Advice: true, Text: fmt.Sprintf(
			"%d lines; a file about one thing of the wire rarely needs more than %d", lines, maxWire)})
	}
	for _, d := range s.file.Decls {
		f, ok := d.(*ast.FuncDecl)
		if !ok || f.Body == nil {
			continue
		}
		if n := s.lines(f) - s.dispatch(f.Body); n > maxFunc {
			problems = append(problems, s.problem(f.Pos(), "%s has %d lines; a function has at most %d, not counting "+
				"a switch whose every case is one call or one return", f.Name.Name, n, maxFunc))
		}
	}
	return problems
}

// isWire tells whether a file is about one thing of the wire.
func isWire(s *source) bool {
	return s.dir == "dist" || s.dir == "etf" && strings.HasPrefix(path.Base(s.name), "wire_")
}

func (s *source) lines(n ast.Node) int { return s.line(n.End()) - s.line(n.Pos()) + 1 }

// dispatch counts the lines of the outermost switches that only dispatch.
func (s *source) dispatch(body *ast.BlockStmt) int {
	total := 0
	ast.Inspect(body, func(n ast.Node) bool {
		var cases *ast.BlockStmt
		switch n := n.(type) {
		case *ast.SwitchStmt:
			cases = n.Body
		case *ast.TypeSwitchStmt:
			cases = n.Body
		default:
			return true
		}
		if !dispatches(cases) {
			return true
		}
		total += s.lines(n)
		return false
	})
	return total
}

func dispatches(cases *ast.BlockStmt) bool {
	for _, stmt := range cases.List {
		c, ok := stmt.(*ast.CaseClause)
		if !ok || len(c.Body) > 1 {
			return false
		}
		if len(c.Body) == 1 && !single(c.Body[0]) {
			return false
		}
	}
	return true
}

// single tells whether a statement is one call, one return or one jump, without a function written out in it.
func single(stmt ast.Stmt) bool {
	switch stmt := stmt.(type) {
	case *ast.ReturnStmt, *ast.BranchStmt:
	case *ast.ExprStmt:
		if _, ok := stmt.X.(*ast.CallExpr); !ok {
			return false
		}
	case *ast.AssignStmt:
		if len(stmt.Rhs) != 1 {
			return false
		}
		if _, ok := stmt.Rhs[0].(*ast.CallExpr); !ok {
			return false
		}
	default:
		return false
	}
	plain := true
	ast.Inspect(stmt, func(n ast.Node) bool {
		_, written := n.(*ast.FuncLit)
		plain = plain && !written
		return plain
	})
	return plain
}
