package appup

import "github.com/gonode-otp/gonode/etf"

// Term returns {update, Module, ModType, Timeout, Change, PrePurge, PostPurge, DepMods}.
func (u Update) Term() etf.Term {
	modType, change := etf.Atom("dynamic"), etf.Term(etf.Atom("soft"))
	if u.Static {
		modType = "static"
	}
	if u.Advanced {
		change = etf.Tagged("advanced", u.Extra)
	}
	return etf.Tagged("update", u.Module, modType, u.Timeout, change, etf.Atom(u.PrePurge), etf.Atom(u.PostPurge),
		etf.Atoms(u.DepMods...))
}

// Term returns {load_module, Module, PrePurge, PostPurge, DepMods}.
func (l LoadModule) Term() etf.Term {
	return etf.Tagged("load_module", l.Module, etf.Atom(l.PrePurge), etf.Atom(l.PostPurge), etf.Atoms(l.DepMods...))
}

// Term returns {add_module, Module, DepMods}.
func (m AddModule) Term() etf.Term {
	return etf.Tagged("add_module", m.Module, etf.Atoms(m.DepMods...))
}

// Term returns {delete_module, Module, DepMods}.
func (m DeleteModule) Term() etf.Term {
	return etf.Tagged("delete_module", m.Module, etf.Atoms(m.DepMods...))
}

// Term returns {add_application, App, Type}.
func (a AddApplication) Term() etf.Term { return etf.Tagged("add_application", a.App, a.Type) }

// Term returns {remove_application, App}.
func (a RemoveApplication) Term() etf.Term { return etf.Tagged("remove_application", a.App) }

// Term returns {restart_application, App}.
func (a RestartApplication) Term() etf.Term { return etf.Tagged("restart_application", a.App) }

// Term returns {load_object_code, {App, Vsn, Modules}}.
func (l LoadObjectCode) Term() etf.Term {
	return etf.Tagged("load_object_code", etf.Tuple{l.App, etf.Charlist(l.Vsn), etf.Atoms(l.Modules...)})
}

// Term returns {load, {Module, PrePurge, PostPurge}}.
func (l Load) Term() etf.Term {
	return etf.Tagged("load", etf.Tuple{l.Module, etf.Atom(l.PrePurge), etf.Atom(l.PostPurge)})
}

// Term returns {remove, {Module, PrePurge, PostPurge}}.
func (m Remove) Term() etf.Term {
	return etf.Tagged("remove", etf.Tuple{m.Module, etf.Atom(m.PrePurge), etf.Atom(m.PostPurge)})
}

// Term returns {purge, Modules}.
func (p PurgeModules) Term() etf.Term { return etf.Tagged("purge", etf.Atoms(p.Modules...)) }

// Term returns {suspend, [Module | {Module, Timeout}]}.
func (s Suspend) Term() etf.Term {
	list := make(etf.List, len(s.Entries))
	for i, e := range s.Entries {
		list[i] = e.Module
		if !etf.IsAtom(e.Timeout, "default") {
			list[i] = etf.Tuple{e.Module, e.Timeout}
		}
	}
	return etf.Tagged("suspend", list)
}

// Term returns {resume, Modules}.
func (m Resume) Term() etf.Term { return etf.Tagged("resume", etf.Atoms(m.Modules...)) }

// Term returns {code_change, up | down, [{Module, Extra}]}.
func (c CodeChange) Term() etf.Term {
	mode := etf.Atom("up")
	if c.Down {
		mode = "down"
	}
	list := make(etf.List, len(c.Entries))
	for i, e := range c.Entries {
		list[i] = etf.Tuple{e.Module, e.Extra}
	}
	return etf.Tagged("code_change", mode, list)
}

// Term returns {stop, Modules}.
func (s Stop) Term() etf.Term { return etf.Tagged("stop", etf.Atoms(s.Modules...)) }

// Term returns {start, Modules}.
func (s Start) Term() etf.Term { return etf.Tagged("start", etf.Atoms(s.Modules...)) }

// Term returns {sync_nodes, ID, Nodes | {M, F, A}}.
func (s SyncNodes) Term() etf.Term {
	if s.From != nil {
		return etf.Tagged("sync_nodes", s.ID, s.From.Term())
	}
	return etf.Tagged("sync_nodes", s.ID, etf.Atoms(s.Nodes...))
}

// Term returns {apply, {M, F, A}}, or {apply, {M, F, A}, {undo, {M, F, A}}}.
func (a Apply) Term() etf.Term {
	t := etf.Tagged("apply", a.MFA.Term())
	if a.Undo != nil {
		t = append(t, etf.Tagged("undo", a.Undo.Term()))
	}
	return t
}

// Term returns the atom.
func (w Word) Term() etf.Term { return etf.Atom(w) }
