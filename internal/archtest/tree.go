package archtest

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"slices"
	"strings"
)

// Problem is a broken rule.
type Problem struct {
	File string // slash-separated, relative to the root of the module; a folder if the problem is that of a package
	Line int    // 0 if it is not that of one line
	Text string
	// Advice marks a rule of thumb that is worth a look and fails no test.
	Advice bool
}

// String gives the problem in the form that editors and CI services turn into a link.
func (p Problem) String() string {
	if p.Line == 0 {
		return fmt.Sprintf("%s: %s", p.File, p.Text)
	}
	return fmt.Sprintf("%s:%d: %s", p.File, p.Line, p.Text)
}

// source is one file of the tree.
type source struct {
	name string // relative to the root
	dir  string
	text string
	file *ast.File // nil if it is not Go
	fset *token.FileSet
}

func (s *source) isTest() bool { return strings.HasSuffix(s.name, "_test.go") }

// under tells whether the file lies in one of the folders.
func (s *source) under(folders []string) bool {
	return slices.ContainsFunc(folders, func(f string) bool { return strings.HasPrefix(s.name, f) })
}

func (s *source) line(p token.Pos) int { return s.fset.Position(p).Line }

func (s *source) problem(p token.Pos, format string, args ...any) Problem {
	return Problem{File: s.name, Line: s.line(p), Text: fmt.Sprintf(format, args...)}
}

// textual are the names and endings of files that people read and write.
var textual = []string{".go", ".md", ".sh", ".erl", ".hrl", ".ex", ".exs", ".yml", ".yaml", ".mod", "Makefile",
	"Dockerfile", ".ci/run"}

// load reads the tree. Folders that the go command leaves out are left out here too: .git and its like, testdata.
func load(root fs.FS) ([]*source, error) {
	var sources []*source
	err := fs.WalkDir(root, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if name != "." && name != ".ci" && (strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata" || name == "bin") {
				return fs.SkipDir
			}
			return nil
		}
		if !slices.ContainsFunc(textual, func(end string) bool { return strings.HasSuffix(name, end) }) {
			return nil
		}
		s, err := loadFile(root, name)
		if err == nil {
			sources = append(sources, s)
		}
		return err
	})
	return sources, err
}

func loadFile(root fs.FS, name string) (*source, error) {
	text, err := fs.ReadFile(root, name)
	if err != nil {
		return nil, err
	}
	s := &source{name: name, dir: path.Dir(name), text: string(text)}
	if !strings.HasSuffix(name, ".go") {
		return s, nil
	}
	s.fset = token.NewFileSet()
	s.file, err = parser.ParseFile(s.fset, name, text, parser.ParseComments|parser.SkipObjectResolution)
	return s, err
}

// Check reads the module at root and returns what breaks the rules, in the order of the files.
func Check(root fs.FS) ([]Problem, error) {
	sources, err := load(root)
	if err != nil {
		return nil, err
	}
	problems := checkLayers(sources)
	for _, s := range sources {
		problems = slices.Concat(problems, checkWords(s), checkColumns(s), checkOldNames(s))
		if s.file == nil || s.isTest() {
			continue
		}
		problems = append(problems, checkImports(s)...)
		problems = append(problems, checkCalls(s)...)
		problems = append(problems, checkSize(s)...)
	}
	problems = append(problems, checkRecover(sources)...)
	design, err := fs.ReadFile(root, "DESIGN.md")
	if err != nil {
		return nil, err
	}
	problems = append(problems, checkDesign(string(design))...)
	problems = append(problems, checkWalk(string(design), sources)...)
	readme, err := checkReadme(root)
	if err != nil {
		return nil, err
	}
	unproven, err := checkProofs(root, sources)
	return slices.Concat(problems, readme, unproven), err
}
