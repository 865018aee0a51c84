package supervisor

import (
	"github.com/gonode-otp/gonode/etf"
)

// The checks of supervisor.erl. What they refuse, they refuse with a term, which is what a BEAM gets to see.

// flags are checked Flags.
type flags struct {
	strategy     Strategy
	intensity    int
	period       int64 // seconds
	autoShutdown AutoShutdown
}

var defaultFlags = flags{strategy: OneForOne, intensity: 1, period: 5, autoShutdown: Never}

// checkFlags is check_flags/1.
func checkFlags(t etf.Term) (f flags, refused etf.Term) {
	f = defaultFlags
	m := t.(etf.Map)
	if v, ok := m.Get(etf.Atom("strategy")); ok {
		switch s, _ := v.(etf.Atom); Strategy(s) {
		case OneForOne, OneForAll, RestForOne, SimpleOneForOne:
			f.strategy = Strategy(s)
		default:
			return f, pair("invalid_strategy", v)
		}
	}
	if v, ok := m.Get(etf.Atom("intensity")); ok {
		i, ok := v.(etf.Int)
		if !ok || i < 0 {
			return f, pair("invalid_intensity", v)
		}
		f.intensity = int(i)
	}
	if v, ok := m.Get(etf.Atom("period")); ok {
		i, ok := v.(etf.Int)
		if !ok || i <= 0 {
			return f, pair("invalid_period", v)
		}
		f.period = int64(i)
	}
	if v, ok := m.Get(etf.Atom("auto_shutdown")); ok {
		switch a, _ := v.(etf.Atom); AutoShutdown(a) {
		case Never, AnySignificant, AllSignificant:
			f.autoShutdown = AutoShutdown(a)
		default:
			return f, pair("invalid_auto_shutdown", v)
		}
	}
	if f.strategy == SimpleOneForOne && f.autoShutdown != Never { // OTP 25 allows it, OTP 27 does not
		return f, pair("bad_combination", etf.List{pair("auto_shutdown", etf.Atom(f.autoShutdown)),
			pair("strategy", etf.Atom(f.strategy))})
	}
	return f, nil
}

func pair(name etf.Atom, v etf.Term) etf.Term { return etf.Tuple{name, v} }

// checkStartSpec is check_startspec/2.
func checkStartSpec(specs []ChildSpec, auto AutoShutdown) (cs children, refused etf.Term) {
	for _, spec := range specs {
		c, refused := checkChildSpec(spec.term(), auto)
		if refused != nil {
			return cs, refused
		}
		if cs.find(c.id) != nil {
			return cs, pair("duplicate_child_name", c.id)
		}
		c.start.fn = spec.Start.Func
		cs.add(c)
	}
	return cs, nil
}

// checkChildSpec is check_childspec/2: it takes a map, or a tuple of six.
func checkChildSpec(t etf.Term, auto AutoShutdown) (c *child, refused etf.Term) {
	switch spec := t.(type) {
	case etf.Map:
		return checkSpecMap(spec, auto)
	case etf.Tuple:
		if len(spec) == 6 {
			keys := [...]etf.Atom{"id", "start", "restart", "shutdown", "type", "modules"}
			m := make(etf.Map, len(keys))
			for i, key := range keys {
				m[i] = etf.MapPair{Key: key, Value: spec[i]}
			}
			return checkSpecMap(m, auto)
		}
	}
	return nil, pair("invalid_child_spec", t)
}

// checkSpecMap is do_check_childspec/2, whose order decides which of several mistakes is told.
func checkSpecMap(m etf.Map, auto AutoShutdown) (c *child, refused etf.Term) {
	get := func(key etf.Atom, otherwise etf.Term) etf.Term {
		if v, ok := m.Get(key); ok {
			return v
		}
		return otherwise
	}
	c = &child{id: get("id", nil), shutdown: get("shutdown", nil), modules: get("modules", nil)}
	start := get("start", nil)
	switch {
	case c.id == nil:
		return nil, etf.Atom("missing_id")
	case start == nil:
		return nil, etf.Atom("missing_start")
	}
	if c.start, refused = checkMFA(start); refused != nil {
		return nil, refused
	}
	if c.restart, refused = checkRestart(get("restart", etf.Atom(Permanent))); refused != nil {
		return nil, refused
	}
	if c.significant, refused = checkSignificant(get("significant", etf.Atom("false")), c.restart, auto); refused != nil {
		return nil, refused
	}
	if c.kind, refused = checkType(get("type", etf.Atom(TypeWorker))); refused != nil {
		return nil, refused
	}
	if c.shutdown == nil {
		c.shutdown = etf.Int(5000)
		if c.kind == TypeSupervisor {
			c.shutdown = etf.Atom("infinity")
		}
	}
	if refused = checkShutdown(c.shutdown); refused != nil {
		return nil, refused
	}
	if c.modules == nil {
		c.modules = etf.List{c.start.module}
	}
	if refused = checkModules(c.modules); refused != nil {
		return nil, refused
	}
	return c, nil
}

func checkMFA(t etf.Term) (m mfa, refused etf.Term) {
	if t, ok := t.(etf.Tuple); ok && len(t) == 3 {
		var ok1, ok2, ok3 bool
		m.module, ok1 = t[0].(etf.Atom)
		m.function, ok2 = t[1].(etf.Atom)
		m.args, ok3 = t[2].(etf.List)
		if ok1 && ok2 && ok3 {
			return m, nil
		}
	}
	return m, pair("invalid_mfa", t)
}

func checkRestart(t etf.Term) (r Restart, refused etf.Term) {
	a, _ := t.(etf.Atom)
	switch r := Restart(a); r {
	case Permanent, Transient, Temporary:
		return r, nil
	}
	return "", pair("invalid_restart_type", t)
}

func checkSignificant(t etf.Term, r Restart, auto AutoShutdown) (significant bool, refused etf.Term) {
	yes := etf.IsAtom(t, "true")
	combination := func(key, value etf.Atom) etf.Term {
		return pair("bad_combination", etf.List{etf.Tuple{key, value}, etf.Tuple{etf.Atom("significant"), etf.Atom("true")}})
	}
	switch {
	case yes && auto == Never:
		return false, combination("auto_shutdown", "never")
	case yes && r == Permanent:
		return false, combination("restart", "permanent")
	case yes || etf.IsAtom(t, "false"):
		return yes, nil
	}
	return false, pair("invalid_significant", t)
}

func checkType(t etf.Term) (kind Type, refused etf.Term) {
	a, _ := t.(etf.Atom)
	switch kind := Type(a); kind {
	case TypeWorker, TypeSupervisor:
		return kind, nil
	}
	return "", pair("invalid_child_type", t)
}

func checkShutdown(t etf.Term) (refused etf.Term) {
	switch t := t.(type) {
	case etf.Int:
		if t >= 0 {
			return nil
		}
	case etf.Atom:
		if t == "infinity" || t == "brutal_kill" {
			return nil
		}
	}
	return pair("invalid_shutdown", t)
}

func checkModules(t etf.Term) (refused etf.Term) {
	switch t := t.(type) {
	case etf.Atom:
		if t == "dynamic" {
			return nil
		}
	case etf.List:
		for _, m := range t {
			if _, ok := m.(etf.Atom); !ok {
				return pair("invalid_module", m)
			}
		}
		return nil
	}
	return pair("invalid_modules", t)
}
