package appup

import (
	"path"
	"slices"
	"strings"

	"github.com/gonode-otp/gonode/etf"
)

// checkRelup looks for gaps in the scripts of a relup, if its releases lie as in an installation: releases/Vsn/*.rel,
// and lib/App-Vsn/ebin.
func (p Program) checkRelup(files Files, n etf.Node, r *report) {
	relup := readRelup(n, &report{})
	if relup == nil {
		return
	}
	s := installation{p, files, path.Join(path.Dir(r.file), "..")}
	top := s.rel(relup.Vsn)
	for _, mode := range []Mode{ModeUp, ModeDown} {
		entries := relup.Up
		if mode == ModeDown {
			entries = relup.Down
		}
		for _, e := range entries {
			base := s.rel(e.Vsn)
			if top == nil || base == nil {
				continue
			}
			from, to := base, top
			if mode == ModeDown {
				from, to = top, base
			}
			pos := n.Pos
			if len(e.Script.nodes) > 0 {
				pos = e.Script.nodes[0].Pos
			}
			ins := newCoverage(e.Script.nodes)
			for _, step := range s.steps(from, to) {
				r.gaps(pos, ins.gaps(step))
			}
		}
	}
}

// installation is an installation.
type installation struct {
	Program
	files    Files
	releases string
}

// rel finds a release; nil if there is no file that says what is in it.
func (s installation) rel(vsn string) *Rel {
	if path.Base(vsn) != vsn {
		return nil
	}
	dir := path.Join(s.releases, vsn)
	entries, _ := s.files.ReadDir(dir)
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), ".rel") {
			continue
		}
		name := path.Join(dir, e.Name())
		src, err := s.files.ReadFile(name)
		if err != nil {
			continue
		}
		if n, ok := (&report{}).readFirstTerm(src); ok {
			if rel, _ := readRel(n, &report{file: name}); rel != nil && rel.Vsn == vsn {
				return rel
			}
		}
	}
	return nil
}

// steps are the upgrades of the applications that both releases have, as far as both versions are known.
func (s installation) steps(from, to *Rel) (steps []Step) {
	for _, a := range to.Apps {
		old, both := from.Find(a.Name)
		if !both || old.Vsn == a.Vsn || path.Base(string(a.Name)) != string(a.Name) {
			continue
		}
		if before, after := s.app(a.Name, old.Vsn), s.app(a.Name, a.Vsn); before != nil && after != nil {
			steps = append(steps, s.step(before, after))
		}
	}
	return steps
}

// app finds a version of an application, in the files or else in the program.
func (s installation) app(name etf.Atom, vsn string) *App {
	lib := path.Join(s.releases, "..", "lib")
	all := s.others(s.files, &App{Name: name}, lib)
	i := slices.IndexFunc(all, func(a *App) bool { return a.Vsn == vsn })
	if i < 0 {
		return nil
	}
	return all[i]
}
