package appup

import "github.com/gonode-otp/gonode/etf"

// Term returns {update, Module, ModType, Timeout, Change, PrePurge, PostPurge, DepMods}.
func (u Update) Term() etf.Term {
	modType, change := etf.Atom("dynamic"), etf.Term(etf.Atom("soft"))
	if u.Static {
		modType = "static"
	}
	if u.Advanced {
		change = tagged("advanced", u.Extra)
	}
	return tagged("update", u.Module, modType, u.Timeout, change, etf.Atom(u.PrePurge), etf.Atom(u.PostPurge),
		atomTerms(u.DepMods))
}

// Term returns {load_module, Module, PrePurge, PostPurge, DepMods}.
func (l LoadModule) Term() etf.Term {
	return tagged("load_module", l.Module, etf.Atom(l.PrePurge), etf.Atom(l.PostPurge), atomTerms(l.DepMods))
}

// Term returns {add_module, Module, DepMods}.
func (m AddModule) Term() etf.Term { return tagged("add_module", m.Module, atomTerms(m.DepMods)) }

// Term returns {delete_module, Module, DepMods}.
func (m DeleteModule) Term() etf.Term {
	return tagged("delete_module", m.Module, atomTerms(m.DepMods))
}

// Term returns {add_application, App, Type}.
func (a AddApplication) Term() etf.Term { return tagged("add_application", a.App, a.Type) }

// Term returns {remove_application, App}.
func (a RemoveApplication) Term() etf.Term { return tagged("remove_application", a.App) }

// Term returns {restart_application, App}.
func (a RestartApplication) Term() etf.Term { return tagged("restart_application", a.App) }

// Term returns {load_object_code, {App, Vsn, Modules}}.
func (l LoadObjectCode) Term() etf.Term {
	return tagged("load_object_code", etf.Tuple{l.App, etf.Charlist(l.Vsn), atomTerms(l.Modules)})
}

// Term returns {load, {Module, PrePurge, PostPurge}}.
func (l Load) Term() etf.Term {
	return tagged("load", etf.Tuple{l.Module, etf.Atom(l.PrePurge), etf.Atom(l.PostPurge)})
}

// Term returns {remove, {Module, PrePurge, PostPurge}}.
func (m Remove) Term() etf.Term {
	return tagged("remove", etf.Tuple{m.Module, etf.Atom(m.PrePurge), etf.Atom(m.PostPurge)})
}

// Term returns {purge, Modules}.
func (p PurgeModules) Term() etf.Term { return tagged("purge", atomTerms(p.Modules)) }

// Term returns {suspend, [Module | {Module, Timeout}]}.
func (s Suspend) Term() etf.Term {
	list := make(etf.List, len(s.Entries))
	for i, e := range s.Entries {
		list[i] = e.Module
		if !isAtom(e.Timeout, "default") {
			list[i] = etf.Tuple{e.Module, e.Timeout}
		}
	}
	return tagged("suspend", list)
}

// Term returns {resume, Modules}.
func (m Resume) Term() etf.Term { return tagged("resume", atomTerms(m.Modules)) }

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
	return tagged("code_change", mode, list)
}

// Term returns {stop, Modules}.
func (s Stop) Term() etf.Term { return tagged("stop", atomTerms(s.Modules)) }

// Term returns {start, Modules}.
func (s Start) Term() etf.Term { return tagged("start", atomTerms(s.Modules)) }

// Term returns {sync_nodes, ID, Nodes | {M, F, A}}.
func (s SyncNodes) Term() etf.Term {
	if s.From != nil {
		return tagged("sync_nodes", s.ID, s.From.Term())
	}
	return tagged("sync_nodes", s.ID, atomTerms(s.Nodes))
}

// Term returns {apply, {M, F, A}}, or {apply, {M, F, A}, {undo, {M, F, A}}}.
func (a Apply) Term() etf.Term {
	t := tagged("apply", a.MFA.Term())
	if a.Undo != nil {
		t = append(t, tagged("undo", a.Undo.Term()))
	}
	return t
}

// Term returns the atom.
func (w Word) Term() etf.Term { return etf.Atom(w) }
