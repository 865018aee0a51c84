package archtest

import (
	"fmt"
	"go/ast"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"
)

// layerOf finds the layer that a folder belongs to.
func layerOf(dir string) (layer Layer, ok bool) {
	for _, l := range Layers {
		if within(dir, l.Dir) && len(l.Dir) > len(layer.Dir) {
			layer, ok = l, true
		}
	}
	return layer, ok
}

// within tells whether a folder is the other one or lies in it.
func within(dir, outer string) bool {
	return dir == outer || strings.HasPrefix(dir, outer+"/")
}

// checkLayers compares the list of the layers with the folders that have Go files.
func checkLayers(sources []*source) []Problem {
	dirs := map[string]bool{}
	for _, s := range sources {
		if s.file != nil {
			dirs[s.dir] = true
		}
	}
	there := slices.Sorted(maps.Keys(dirs))
	var problems []Problem
	for _, dir := range there {
		if _, ok := layerOf(dir); !ok {
			problems = append(problems, Problem{File: dir, Text: "a package that the list of layers does not have: " +
				"give it its place in DESIGN.md, section 3, and in internal/archtest/layers.go"})
		}
	}
	for _, l := range Layers {
		exists := slices.ContainsFunc(there, func(dir string) bool { return within(dir, l.Dir) })
		switch {
		case exists && l.Future:
			problems = append(problems, Problem{File: l.Dir, Text: "the package is there now: " +
				"take its mark Future out of internal/archtest/layers.go"})
		case !exists && !l.Future:
			problems = append(problems, Problem{File: l.Dir, Text: "the list of layers names a package that is gone: " +
				"take it out of DESIGN.md, section 3, and of internal/archtest/layers.go, or its rule protects nothing"})
		}
	}
	return problems
}

// checkImports holds one file to the list of its layer and to the restrictions.
func checkImports(s *source) []Problem {
	var problems []Problem
	for _, spec := range s.file.Imports {
		imported, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			continue // the parser has seen to that
		}
		if text := refuseImport(s, imported); text != "" {
			problems = append(problems, s.problem(spec.Pos(), "%s", text))
		}
	}
	return problems
}

func refuseImport(s *source, imported string) string {
	if ours, ok := strings.CutPrefix(imported, Module+"/"); ok {
		return refuseLayer(s.dir, ours)
	}
	for _, r := range restrictions {
		if r.covers(imported) && !r.allows(s.name) {
			return fmt.Sprintf("imports %q, which %s may import: %s", imported, r.who(), r.why)
		}
		if r.covers(imported) {
			return ""
		}
	}
	if first, _, _ := strings.Cut(imported, "/"); strings.Contains(first, ".") {
		return fmt.Sprintf("imports %q: a new dependency has to be worth its price; if it is, it gets a line in "+
			"internal/archtest/layers.go that says who may import it and why", imported)
	}
	return ""
}

// refuseLayer decides about an import within the module.
func refuseLayer(dir, imported string) string {
	l, ok := layerOf(dir)
	if !ok || within(imported, l.Dir) || slices.ContainsFunc(l.May, func(m string) bool { return within(imported, m) }) {
		return "" // a package without a layer is a problem already
	}
	may := "nothing of this module"
	if len(l.May) > 0 {
		may = "only " + strings.Join(l.May, ", ")
	}
	return fmt.Sprintf("imports %s, but %s may import %s (DESIGN.md, section 3): %s", imported, l.Dir, may, l.Why)
}

func (r restriction) covers(imported string) bool {
	if outer, ok := strings.CutSuffix(r.path, "/..."); ok {
		return within(imported, outer)
	}
	return imported == r.path
}

func (r restriction) allows(name string) bool {
	return slices.ContainsFunc(r.places, func(place string) bool {
		if strings.HasSuffix(place, "/") {
			return strings.HasPrefix(name, place)
		}
		ok, _ := path.Match(place, name)
		return ok
	})
}

func (r restriction) who() string {
	if len(r.places) == 0 {
		return "nobody"
	}
	return "only " + strings.Join(r.places, ", ")
}

// importNames maps the names by which a file knows the packages it imports to their paths.
func importNames(file *ast.File) map[string]string {
	names := map[string]string{}
	for _, spec := range file.Imports {
		imported, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			continue
		}
		name := path.Base(imported)
		if spec.Name != nil {
			name = spec.Name.Name
		}
		names[name] = imported
	}
	return names
}
