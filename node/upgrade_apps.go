package node

import (
	"context"
	"maps"
	"slices"

	"github.com/gonode-otp/gonode/codechange"
	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
	"github.com/gonode-otp/gonode/releasehandler"
)

// upgradeApps are the applications of the node as an upgrade sees them: it implements releasehandler.Applications.
type upgradeApps struct{ n *Node }

// Running implements releasehandler.Applications.
func (u upgradeApps) Running(ctx context.Context) ([]codechange.AppVsn, error) {
	infos, err := u.n.Applications(ctx)
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
func (u upgradeApps) Change(specs []etf.Term, config etf.Term) (releasehandler.AppChange, error) {
	none := releasehandler.AppChange{}
	parameters, ok := readConfig(config)
	if !ok {
		return none, &ApplicationError{Reason: etf.Tuple{etf.Atom("bad_config"), config}}
	}
	described := map[etf.Atom]etf.List{}
	var names []etf.Atom
	for _, spec := range specs {
		name, keys, ok := resource(spec)
		if !ok {
			return none, &ApplicationError{Reason: etf.Tuple{etf.Atom("bad_application"), spec}}
		}
		described[name], names = keys, append(names, name)
	}
	envs := map[etf.Atom]map[etf.Atom]etf.Term{}
	for _, app := range u.n.apps.all() {
		envs[app.Name] = u.n.apps.allEnv(app.Name)
	}
	undo := u.n.apps.describe(names, func(app *App) { app.describe(described[app.Name], parameters) })
	u.n.apps.park()
	return releasehandler.AppChange{
		Undo: func() {
			u.n.apps.unpark()
			undo()
		},
		Announce: func(ctx context.Context) []string {
			u.n.apps.unpark()
			return u.announce(ctx, envs)
		},
	}, nil
}

// announce calls ConfigChange of the applications that run and whose configuration is not what it was:
// do_config_change/3 of application_controller.erl.
func (u upgradeApps) announce(ctx context.Context, before map[etf.Atom]map[etf.Atom]etf.Term) (errs []string) {
	running, err := u.Running(ctx)
	if err != nil {
		return []string{err.Error()}
	}
	for _, a := range running {
		app := u.n.apps.get(a.App)
		if app == nil || app.ConfigChange == nil {
			continue
		}
		changed, added, removed := diffEnv(before[a.App], u.n.apps.allEnv(a.App))
		if len(changed)+len(added)+len(removed) == 0 {
			continue
		}
		if err := u.n.attend(ctx, func() error { return app.ConfigChange(changed, added, removed) }); err != nil {
			errs = append(errs, string(a.App)+": "+err.Error())
		}
	}
	return errs
}

// attend calls a function of the user in a goroutine that Stop waits for, and returns what it returns or panics with.
func (n *Node) attend(ctx context.Context, f func() error) error {
	done := make(chan error, 1)
	if !n.goWork(func() {
		var err error
		if failure := genserv.Try(func() { err = f() }); failure != nil {
			err = failure
		}
		done <- err
	}) {
		return ErrStopped
	}
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return context.Cause(ctx)
	}
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

// described is an application as the running release describes it, if it does.
func (n *Node) described(app App) (App, error) {
	if app.Name == "" || !validName(app.Name) {
		return app, &ApplicationError{Reason: etf.Tuple{etf.Atom("bad_application"), etf.Binary(app.Name)}}
	}
	if n.releases == nil {
		return app, nil
	}
	spec, config, err := n.releases.Resource(app.Name)
	if spec == nil || err != nil {
		return app, err
	}
	_, keys, ok1 := resource(spec)
	parameters, ok2 := readConfig(config)
	if !ok1 || !ok2 {
		return app, &ApplicationError{Reason: etf.Tuple{etf.Atom("bad_application"), etf.Tuple{spec, config}}}
	}
	app.describe(keys, parameters)
	return app, nil
}

// resource reads {application, Name, Keys}.
func resource(spec etf.Term) (name etf.Atom, keys etf.List, ok bool) {
	t, _ := spec.(etf.Tuple)
	if len(t) != 3 || t[0] != etf.Term(etf.Atom("application")) {
		return "", nil, false
	}
	name, ok1 := t[1].(etf.Atom)
	keys, ok2 := t[2].(etf.List)
	return name, keys, ok1 && ok2
}

// describe takes over what a resource file says, and then sys.config; what is left out of the file stays, but for the
// environment.
func (a *App) describe(keys etf.List, parameters []parameter) {
	a.Env = map[etf.Atom]etf.Term{}
	for _, k := range keys {
		pair, _ := k.(etf.Tuple)
		if len(pair) != 2 {
			continue
		}
		key, _ := pair[0].(etf.Atom)
		switch key {
		case "description":
			a.Description = stringOf(pair[1], a.Description)
		case "vsn":
			a.Vsn = stringOf(pair[1], a.Vsn)
		case "modules":
			a.Modules = atomsOf(pair[1])
		case "registered":
			a.Registered = atomsOf(pair[1])
		case "applications":
			a.Applications = atomsOf(pair[1])
		case "env":
			maps.Copy(a.Env, envOf(pair[1]))
		}
	}
	for _, p := range parameters {
		if p.app == a.Name {
			a.Env[p.key] = p.value
		}
	}
}

func stringOf(t etf.Term, otherwise string) string {
	list, ok := t.(etf.List)
	runes := make([]rune, len(list))
	for i, e := range list {
		c, isInt := e.(etf.Int)
		if runes[i] = rune(c); !isInt || c < 0 || c > 0x10ffff {
			return otherwise
		}
	}
	if !ok {
		return otherwise
	}
	return string(runes)
}

func atomsOf(t etf.Term) []etf.Atom {
	list, _ := t.(etf.List)
	var all []etf.Atom
	for _, e := range list {
		if a, ok := e.(etf.Atom); ok {
			all = append(all, a)
		}
	}
	return all
}

func envOf(t etf.Term) map[etf.Atom]etf.Term {
	env := map[etf.Atom]etf.Term{}
	list, _ := t.(etf.List)
	for _, e := range list {
		if pair, ok := e.(etf.Tuple); ok && len(pair) == 2 {
			if key, ok := pair[0].(etf.Atom); ok {
				env[key] = pair[1]
			}
		}
	}
	return env
}
