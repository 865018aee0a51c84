package main

import (
	"context"
	"fmt"
	"path"
	"regexp"
	"strings"

	"github.com/spf13/cobra"
)

// versionsDir is the folder of frozen packages, below that of the module.
const versionsDir = "internal/versions"

func newFreeze(o *options) *cobra.Command {
	return &cobra.Command{
		Use:   "freeze PKG@TAG",
		Short: "Copy a package as it was at a git tag, so that a program has both versions of its servers",
		Long: `Copy a package of this module as it was at a git tag to internal/versions/NAME_vTAG, so that a program
links that version of its servers beside the present one, for upgrades. PKG is an import path or a
folder, such as ./counter.

The packages below PKG that it imports are copied with it, and import paths are rewritten. What it imports from
elsewhere in the module is that of today. Tests are left out. Each file says where it is from, and that it is not to
be edited; to freeze it anew delete the folder.

A package with a function

  func Application() codechange.Application

is added to internal/versions/versions.go, whose function Applications returns all versions that are frozen, the
oldest first: codechange.NewVersions(append(versions.Applications(), counter.Application())...). For a package without
one the lines to add to your own list are printed.`,
		Example: `  gonode freeze ./counter@v1.2.0
  gonode freeze example.com/shop/counter@v1.2.0`,
		Args: expectArgs(1, "PKG@TAG"),
		RunE: o.run(func(cmd *cobra.Command, args []string) error { return freeze(cmd, args[0]) }),
	}
}

func freeze(cmd *cobra.Command, what string) error {
	f, err := newFreezing(cmd.Context(), what)
	if err != nil {
		return err
	}
	if err := f.collect(); err != nil {
		return err
	}
	if err := f.write(); err != nil {
		return err
	}
	fmt.Fprintf(cmd.ErrOrStderr(), "%s is %s as it was at %s\n", f.to, f.pkg, f.tag)
	listed, err := f.list()
	if err != nil {
		return err
	}
	if listed {
		_, err = fmt.Fprintf(cmd.ErrOrStderr(), "%s/versions.go has its Application\n", versionsDir)
		return err
	}
	_, err = fmt.Fprint(cmd.OutOrStdout(), f.lines())
	return err
}

// freezing is the copy of one package.
type freezing struct {
	git    gitRepo // of the folder with go.mod
	module string  // the path of the module, today
	then   string  // and at the tag
	tag    string
	commit string
	pkg    string // the folder of the package, below that of the module
	name   string // of the package
	to     string // the folder of the copy
	files  []frozenFile
	names  []string // all files of the package and below it, at the tag
	found  exported
}

// frozenFile is a file of the copy.
type frozenFile struct {
	name string // below the folder of the copy
	text []byte
}

// exported is the part of a package that a list of versions uses.
type exported struct {
	application bool     // a function Application
	servers     []string // types with a method ModuleName
}

func newFreezing(ctx context.Context, what string) (*freezing, error) {
	pkg, tag, ok := cutLast(what, "@")
	if !ok || pkg == "" || tag == "" || strings.HasPrefix(tag, "-") {
		return nil, usagef("want PKG@TAG, as in ./counter@v1.2.0, not %q", what)
	}
	root, folder, err := findModule()
	if err != nil {
		return nil, err
	}
	f := &freezing{git: gitRepo{ctx, root}, tag: tag}
	if f.module, err = modulePath(root); err != nil {
		return nil, err
	}
	switch {
	case pkg == f.module:
		f.pkg = "."
	case strings.HasPrefix(pkg, f.module+"/"):
		f.pkg = path.Clean(strings.TrimPrefix(pkg, f.module+"/"))
	case strings.HasPrefix(pkg, "."):
		f.pkg = path.Join(folder, pkg)
	default:
		return nil, usagef("%s is no package of module %s; a folder begins with ./", pkg, f.module)
	}
	if f.pkg == ".." || strings.HasPrefix(f.pkg, "../") {
		return nil, usagef("%s lies outside of module %s", pkg, f.module)
	}
	if f.commit, err = f.git.commitOf(tag); err != nil {
		return nil, err
	}
	mod, err := f.git.show(f.commit, "go.mod")
	if err != nil {
		return nil, err
	}
	if f.then = moduleLine(mod); f.then == "" {
		return nil, fmt.Errorf("go.mod at %s names no module", tag)
	}
	return f, nil
}

func cutLast(s, sep string) (before, after string, found bool) {
	i := strings.LastIndex(s, sep)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(sep):], true
}

var odd = regexp.MustCompile(`[^A-Za-z0-9]+`)

// version is the tag without the part before the version: counter/v1.2.0 is 1.2.0.
func (f *freezing) version() string {
	v := path.Base(f.tag)
	if len(v) > 1 && v[0] == 'v' && v[1] >= '0' && v[1] <= '9' {
		v = v[1:]
	}
	return v
}

// newName returns the name of the copy.
func (f *freezing) newName() string {
	return f.name + "_v" + strings.Trim(odd.ReplaceAllString(f.version(), "_"), "_")
}

// lines returns what to add to a list of versions by hand.
func (f *freezing) lines() string {
	var b strings.Builder
	name := f.newName()
	fmt.Fprintf(&b, "%s has no func Application() codechange.Application. Add this to your list of versions:\n\n", f.to)
	fmt.Fprintf(&b, "\timport %q\n\n", f.module+"/"+f.to)
	fmt.Fprintf(&b, "\tcodechange.Application{Name: %q, Vsn: %q, Modules: []*codechange.Module{\n", f.name, f.version())
	for _, server := range f.found.servers {
		fmt.Fprintf(&b, "\t\t{Vsn: %q, Code: genserv.Of(%s.%s{})},\n", f.version(), name, server)
	}
	b.WriteString("\t}},\n")
	return b.String()
}
