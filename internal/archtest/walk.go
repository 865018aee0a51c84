package archtest

import (
	"fmt"
	"go/ast"
	"slices"
	"strings"
)

// maxWalkFiles is the number of files in which a call is followed from its bytes to those of its reply.
const maxWalkFiles = 10

// step is a function on the walk of a call: Function or Type.Method of a file.
type step struct{ file, name string }

// short is the name without the type.
func (s step) short() string { return s.name[strings.LastIndexByte(s.name, '.')+1:] }

// checkWalk compares the walk of a call in DESIGN.md with the code: its functions exist, each calls the next one, and
// they are in few files. A line of the walk is a file and some of its functions. One that begins with a function that
// stands further up goes on from there.
func checkWalk(text string, sources []*source) []Problem {
	problem := func(format string, args ...any) Problem {
		return Problem{File: "DESIGN.md", Text: "the walk of a call " + fmt.Sprintf(format, args...)}
	}
	_, block, ok := strings.Cut(text, "\n```walk\n")
	block, _, closed := strings.Cut(block, "```")
	if !ok || !closed {
		return []Problem{problem("is missing")}
	}
	var problems []Problem
	var files []string
	var last step
	seen := map[step]bool{}
	for line := range strings.Lines(block) {
		fields := strings.Fields(line)
		if len(fields) < 2 {
			problems = append(problems, problem("has a line that is not a file and its functions: %q", line))
			continue
		}
		if !slices.Contains(files, fields[0]) {
			files = append(files, fields[0])
		}
		for i, name := range fields[1:] {
			now := step{fields[0], name}
			switch f := funcOf(sources, now); {
			case f == nil:
				problems = append(problems, problem("names %s of %s, which is not there", now.name, now.file))
			case last == step{}, i == 0 && seen[now]:
			case !callsStep(funcOf(sources, last), now):
				problems = append(problems, problem("goes from %s of %s to %s of %s, which it does not call", last.name,
					last.file, now.name, now.file))
			}
			seen[now], last = true, now
		}
	}
	if len(files) > maxWalkFiles {
		problems = append(problems, problem("is in %d files, more than %d", len(files), maxWalkFiles))
	}
	return problems
}

// funcOf returns the function of a step, or nil.
func funcOf(sources []*source, s step) *ast.FuncDecl {
	for _, src := range sources {
		if src.name != s.file || src.file == nil {
			continue
		}
		for _, d := range src.file.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && nameOf(f) == s.name {
				return f
			}
		}
	}
	return nil
}

// nameOf returns Function or Type.Method, without type parameters.
func nameOf(f *ast.FuncDecl) string {
	if f.Recv == nil {
		return f.Name.Name
	}
	t := f.Recv.List[0].Type
	if star, ok := t.(*ast.StarExpr); ok {
		t = star.X
	}
	if generic, ok := t.(*ast.IndexExpr); ok {
		t = generic.X
	}
	if id, ok := t.(*ast.Ident); ok {
		return id.Name + "." + f.Name.Name
	}
	return f.Name.Name
}

// callsStep reports whether f calls something of the name of s, be it by way of an interface.
func callsStep(f *ast.FuncDecl, s step) (calls bool) {
	if f == nil {
		return false
	}
	ast.Inspect(f, func(n ast.Node) bool {
		if call, ok := n.(*ast.CallExpr); ok {
			switch fun := call.Fun.(type) {
			case *ast.Ident:
				calls = calls || fun.Name == s.short()
			case *ast.SelectorExpr:
				calls = calls || fun.Sel.Name == s.short()
			}
		}
		return true
	})
	return calls
}
