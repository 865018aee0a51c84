package upgradetest

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"

	"github.com/gonode-otp/gonode/appup"
	"github.com/gonode-otp/gonode/codechange"
	"github.com/gonode-otp/gonode/etf"
)

// pair are two versions, with the scripts that lead from one to the other and back.
type pair struct {
	what     string // is upgraded
	by       string // which kind of file
	old, new string
	from, to []codechange.Lib
	up, down etf.List // nil if there is none
}

func (p pair) String() string { return fmt.Sprintf("%s %s to %s by %s", p.what, p.old, p.new, p.by) }

// pairs finds all pairs of the installation. A version that nothing leads to or away from is a problem.
func (p Program) pairs() (pairs []pair, problems []error) {
	versions, err := p.Versions()
	if err != nil {
		return nil, []error{err}
	}
	reached := map[*codechange.Application]bool{}
	apps := versions.Applications()
	for i, from := range apps {
		for _, to := range apps[i+1:] {
			if to.Name != from.Name {
				continue
			}
			found, err := p.appPair(from, to)
			if err != nil {
				problems = append(problems, err)
			}
			if found.up == nil && found.down == nil {
				continue
			}
			reached[from], reached[to] = true, true
			pairs = append(pairs, found)
		}
	}
	for _, app := range apps {
		alone := !slices.ContainsFunc(apps, func(a *codechange.Application) bool { return a != app && a.Name == app.Name })
		if !alone && !reached[app] {
			problems = append(problems, fmt.Errorf(
				"%s-%s is linked, but no .appup file below %s leads to it or away from it",
				app.Name, app.Vsn, filepath.Join(p.Root, "lib")))
		}
	}
	problems = append(problems, p.unlinkedSamples(versions.Linked())...)
	released, more := p.releasePairs()
	return append(pairs, released...), append(problems, more...)
}

// unlinkedSamples are samples of versions that are not linked: nothing would be tried with them.
func (p Program) unlinkedSamples(linked []appup.Linked) (problems []error) {
	var all []codechange.Lib
	for _, l := range linked {
		all = append(all, codechange.Lib{App: l.App, Vsn: l.Vsn})
	}
	for _, s := range p.Samples {
		refused := Sample{Module: s.Module, Vsn: s.RefusedBy}
		switch {
		case !s.isOf(linked, all):
			problems = append(problems, fmt.Errorf("there is a sample of %v, which is not linked", s))
		case s.RefusedBy != "" && !refused.isOf(linked, all):
			problems = append(problems,
				fmt.Errorf("a sample of %v is to be refused by %v, which is not linked", s, refused))
		}
	}
	return problems
}

// appPair reads the .appup file of the newer version. There is none for every pair.
func (p Program) appPair(from, to *codechange.Application) (pair, error) {
	found := pair{what: string(to.Name), by: "appup", old: from.Vsn, new: to.Vsn,
		from: []codechange.Lib{p.lib(from.Name, from.Vsn)}, to: []codechange.Lib{p.lib(to.Name, to.Vsn)}}
	older := appup.AppDir{Vsn: from.Vsn, Dir: found.from[0].Dir}
	newer := appup.AppDir{Vsn: to.Vsn, Dir: found.to[0].Dir}
	var err1, err2 error
	_, found.up, err1 = appup.UpgradeScript(disk{}, to.Name, older, newer.Dir)
	found.down, err2 = appup.DowngradeScript(disk{}, to.Name, newer, older)
	if isNoEntry(err1) && isNoEntry(err2) {
		return found, nil
	}
	if err := errors.Join(err1, err2); err != nil {
		return found, fmt.Errorf("%s-%s, from and to version %s: %w", to.Name, to.Vsn, from.Vsn, err)
	}
	return found, nil
}

// isNoEntry tells whether an error says that no file speaks of two versions.
func isNoEntry(err error) bool {
	var refused *appup.Error
	if !errors.As(err, &refused) {
		return false
	}
	reason := refused.Reason
	if t, ok := reason.(etf.Tuple); ok && len(t) > 0 {
		reason = t[0]
	}
	return etf.IsAtom(reason, "version_not_in_appup") || etf.IsAtom(reason, "no_appup_found")
}

func (p Program) lib(app etf.Atom, vsn string) codechange.Lib {
	return codechange.Lib{App: app, Vsn: vsn, Dir: filepath.Join(p.Root, "lib", string(app)+"-"+vsn)}
}

// releasePairs are those of the relups. What is wrong in one tells CheckRoot.
func (p Program) releasePairs() (pairs []pair, problems []error) {
	files, _ := filepath.Glob(filepath.Join(p.Root, "releases", "*", "relup"))
	for _, file := range files {
		relup, err := readRelup(file)
		if err != nil {
			continue
		}
		var vsns []string
		for _, e := range slices.Concat(relup.Up, relup.Down) {
			if !slices.Contains(vsns, e.Vsn) {
				vsns = append(vsns, e.Vsn)
			}
		}
		for _, vsn := range vsns {
			found := pair{what: "release", by: "relup", old: vsn, new: relup.Vsn}
			if e, ok := relup.Find(relup.Up, vsn); ok {
				found.up = e.Script.Terms()
			}
			if e, ok := relup.Find(relup.Down, vsn); ok {
				found.down = e.Script.Terms()
			}
			var err1, err2 error
			found.from, err1 = p.release(vsn)
			found.to, err2 = p.release(relup.Vsn)
			if err := errors.Join(err1, err2); err != nil {
				problems = append(problems, fmt.Errorf("%s: %w", file, err))
				continue
			}
			pairs = append(pairs, found)
		}
	}
	return pairs, problems
}

// release returns the applications of a release.
func (p Program) release(vsn string) (libs []codechange.Lib, err error) {
	files, _ := filepath.Glob(filepath.Join(p.Root, "releases", vsn, "*.rel"))
	if len(files) != 1 {
		return nil, fmt.Errorf("release %s has %d .rel files in %s, not one", vsn, len(files),
			filepath.Join(p.Root, "releases", vsn))
	}
	src, err := disk{}.ReadFile(files[0])
	if err != nil {
		return nil, err
	}
	rel, err := appup.ParseRel(files[0], src)
	if err != nil {
		return nil, err
	}
	for _, a := range rel.Apps {
		libs = append(libs, p.lib(a.Name, a.Vsn))
	}
	return libs, nil
}

func readRelup(file string) (*appup.Relup, error) {
	src, err := disk{}.ReadFile(file)
	if err != nil {
		return nil, err
	}
	return appup.ParseRelup(file, src)
}
