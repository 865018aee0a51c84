package upgradetest

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/gonode-otp/gonode/appup"
	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/releasehandler"
)

// disk are the files of the machine.
type disk struct{}

func (disk) ReadFile(name string) ([]byte, error)       { return os.ReadFile(name) }
func (disk) ReadDir(name string) ([]fs.DirEntry, error) { return os.ReadDir(name) }
func (disk) Stat(name string) (fs.FileInfo, error)      { return os.Stat(name) }

// CheckRoot checks the files of the installation: each by itself, by appup.CheckFile whose warnings do not count, and
// against the program. Modules that an .app file
// lists and the program lacks, or the other way around, are problems, and so are modules that a script forgets,
// instructions for modules that are the same, and versions in releases that are not linked.
func (p Program) CheckRoot() (problems []error) {
	versions, err := p.Versions()
	if err != nil {
		return []error{err}
	}
	c := rootCheck{Program: p, linked: versions.Linked()}
	for _, l := range c.linked {
		file := filepath.Join(p.lib(l.App, l.Vsn).Dir, "ebin", string(l.App)+".app")
		if _, err := os.Stat(file); err != nil {
			c.addProblem("%s-%s is linked, but there is no %s", l.App, l.Vsn, file)
		}
	}
	for _, pattern := range []string{"lib/*/ebin/*.app", "lib/*/ebin/*.appup", "releases/*/*.rel", "releases/*/relup"} {
		files, _ := filepath.Glob(filepath.Join(p.Root, pattern))
		for _, file := range files {
			c.checkFile(file)
		}
	}
	c.checkReleases()
	return c.problems
}

type rootCheck struct {
	Program
	linked   []appup.Linked
	problems []error
}

func (c *rootCheck) addProblem(format string, args ...any) {
	c.problems = append(c.problems, fmt.Errorf(format, args...))
}

// checkFile checks a file by itself, and by what is linked.
func (c *rootCheck) checkFile(name string) {
	found, err := appup.CheckFile(disk{}, name)
	if err != nil {
		c.problems = append(c.problems, err)
		return
	}
	more, err := appup.Program{Linked: c.linked}.Check(disk{}, name)
	if err != nil {
		c.problems = append(c.problems, err)
	}
	found = slices.DeleteFunc(found, func(f *appup.Finding) bool { return f.Warning })
	for _, f := range appup.SortFindings(append(found, more...)) {
		f.Warning = false
		c.problems = append(c.problems, f)
	}
	switch {
	case filepath.Base(name) == "relup":
		c.checkRelup(name)
	case filepath.Ext(name) == ".rel":
		c.checkRel(name)
	}
}

// checkRelup looks for the releases of the scripts.
func (c *rootCheck) checkRelup(name string) {
	relup, err := readRelup(name)
	if err != nil {
		return // the findings say it
	}
	vsns := []string{relup.Vsn}
	for _, e := range slices.Concat(relup.Up, relup.Down) {
		if !slices.Contains(vsns, e.Vsn) {
			vsns = append(vsns, e.Vsn)
		}
	}
	for _, vsn := range vsns {
		if _, err := c.release(vsn); err != nil {
			c.addProblem("%s: %w", name, err)
		}
	}
}

func (c *rootCheck) findLinked(app etf.Atom, vsn string) *appup.Linked {
	for i, l := range c.linked {
		if l.App == app && l.Vsn == vsn {
			return &c.linked[i]
		}
	}
	return nil
}

// checkLinked refuses a version of an application of the program that is not linked.
func (c *rootCheck) checkLinked(file string, app etf.Atom, vsn string) {
	mine := slices.ContainsFunc(c.linked, func(l appup.Linked) bool { return l.App == app })
	if mine && c.findLinked(app, vsn) == nil {
		c.addProblem("%s: %s-%s is not linked into the program", file, app, vsn)
	}
}

func (c *rootCheck) checkRel(name string) {
	src, err := os.ReadFile(name)
	if err != nil {
		c.problems = append(c.problems, err)
		return
	}
	rel, err := appup.ParseRel(name, src)
	if err != nil {
		return // the findings say it
	}
	if dir := filepath.Base(filepath.Dir(name)); dir != rel.Vsn {
		c.addProblem("%s: release %s lies in the directory of release %s", name, rel.Vsn, dir)
	}
	for _, a := range rel.Apps {
		c.checkLinked(name, a.Name, a.Vsn)
	}
}

// checkReleases checks the file RELEASES. A node that is started for the first time may have none.
func (c *rootCheck) checkReleases() {
	file := filepath.Join(c.Root, "releases", "RELEASES")
	src, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return
	}
	if err != nil {
		c.problems = append(c.problems, err)
		return
	}
	all, err := releasehandler.ParseReleases(file, src)
	if err != nil {
		c.problems = append(c.problems, err)
		return
	}
	isPermanent := func(r releasehandler.Release) bool { return r.Status == releasehandler.StatusPermanent }
	if !slices.ContainsFunc(all, isPermanent) {
		c.addProblem("%s has no permanent release, so no node starts with it", file)
	}
	for _, r := range all {
		for _, l := range r.Libs {
			c.checkLinked(file+", release "+r.Vsn, l.App, l.Vsn)
		}
	}
}
