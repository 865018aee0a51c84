package application

import (
	"context"
	"slices"

	"github.com/gonode-otp/gonode/codechange"
	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/releasehandler"
)

// ForReleases returns the applications for the release handler.
func (s *System) ForReleases() releasehandler.Applications { return releaseApps{s} }

// releaseApps are the applications as an upgrade sees them.
type releaseApps struct{ s *System }

// Running implements releasehandler.Applications.
func (r releaseApps) Running(ctx context.Context) ([]codechange.AppVsn, error) {
	infos, err := r.s.Applications().List(ctx)
	if err != nil {
		return nil, err
	}
	all := make([]codechange.AppVsn, len(infos))
	for i, info := range infos {
		all[i] = codechange.AppVsn{App: info.Name, Vsn: info.Vsn}
	}
	return all, nil
}

// Change implements releasehandler.Applications for those that are loaded, and for those that the upgrade may load.
func (r releaseApps) Change(specs []etf.Term, config etf.Term) (releasehandler.AppChange, error) {
	none := releasehandler.AppChange{}
	parameters, ok := parseConfig(config)
	if !ok {
		return none, &Error{Reason: etf.Tuple{etf.Atom("bad_config"), config}}
	}
	specKeys := map[etf.Atom]etf.List{}
	var names []etf.Atom
	for _, spec := range specs {
		name, keys, ok := parseAppSpec(spec)
		if !ok {
			return none, &Error{Reason: etf.Tuple{etf.Atom("bad_application"), spec}}
		}
		specKeys[name], names = keys, append(names, name)
	}
	envs := map[etf.Atom]map[etf.Atom]etf.Term{}
	for _, app := range r.s.table.all() {
		envs[app.Name] = r.s.table.allEnv(app.Name)
	}
	undo := r.s.table.applySpecs(names, func(app *App) { app.applySpec(specKeys[app.Name], parameters) })
	r.s.table.park()
	return releasehandler.AppChange{
		Undo: func() {
			r.s.table.unpark()
			undo()
		},
		Announce: func(ctx context.Context) []string {
			r.s.table.unpark()
			return r.announce(ctx, envs)
		},
	}, nil
}

// announce calls ConfigChange of the applications that run and whose configuration is not what it was:
// do_config_change/3 of application_controller.erl.
func (r releaseApps) announce(ctx context.Context, before map[etf.Atom]map[etf.Atom]etf.Term) (errs []string) {
	running, err := r.Running(ctx)
	if err != nil {
		return []string{err.Error()}
	}
	for _, a := range running {
		app := r.s.table.get(a.App)
		if app == nil || app.ConfigChange == nil {
			continue
		}
		changed, added, removed := diffEnv(before[a.App], r.s.table.allEnv(a.App))
		if len(changed)+len(added)+len(removed) == 0 {
			continue
		}
		if err := r.s.host.Attend(ctx, func() error { return app.ConfigChange(changed, added, removed) }); err != nil {
			errs = append(errs, string(a.App)+": "+err.Error())
		}
	}
	return errs
}

// diffEnv is do_config_diff/2.
func diffEnv(before, now map[etf.Atom]etf.Term) (changed, added map[etf.Atom]etf.Term, removed []etf.Atom) {
	changed, added = map[etf.Atom]etf.Term{}, map[etf.Atom]etf.Term{}
	for key, value := range now {
		switch old, known := before[key]; {
		case !known:
			added[key] = value
		case !etf.Equal(old, value):
			changed[key] = value
		}
	}
	for key := range before {
		if _, known := now[key]; !known {
			removed = append(removed, key)
		}
	}
	slices.Sort(removed)
	return changed, added, removed
}
