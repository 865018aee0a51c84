package supervisor

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
)

// CopyState implements genserv.StateCopier. CodeChange makes its own copy.
func (s *server) CopyState(st *state) *state { return st }

// CodeChange implements genserv.CodeChanger: code_change/3. The Init of the new code is asked, with the arguments of
// the start, for new flags and child specs. No child is started or ended: one whose child spec has changed runs on
// and is treated by the new one, one that is new waits for restart_child, and one that is not named any more stays as
// it is.
func (s *server) CodeChange(_ etf.Term, oldState any, _ etf.Term) (*state, error) {
	old, ok := oldState.(*state)
	if !ok {
		return nil, fmt.Errorf("supervisor: %s cannot run with a state of type %T", s.name, oldState)
	}
	st := old.clone()
	st.module = s.name
	f, specs, err := s.callback.Init(st.args)
	switch {
	case errors.Is(err, genserv.ErrIgnore):
		return st, nil
	case err != nil:
		return nil, err
	}
	var refused etf.Term
	if st.flags, refused = checkFlags(f.term()); refused != nil {
		return nil, &genserv.Exit{Reason: refused}
	}
	if (st.strategy == SimpleOneForOne) != (old.strategy == SimpleOneForOne) {
		// Differs from OTP: there the change is taken over, and the next request or end of a child crashes the supervisor.
		return nil, &genserv.Exit{Reason: pair("bad_flags", f.term())}
	}
	next, refused := checkStartSpec(specs, st.autoShutdown)
	if refused != nil {
		return nil, &genserv.Exit{Reason: refused}
	}
	if st.strategy == SimpleOneForOne {
		if len(specs) != 1 {
			return nil, &genserv.Exit{Reason: pair("ok", next.term())}
		}
		st.children = next
	} else {
		st.children = merge(st.children, next)
	}
	st.starts = startFuncs{}
	st.addStartFuncs(specs, s.startable)
	return st, nil
}

// Revert implements genserv.Reverter: the flags and child specs are those of before again, and which children run, and
// how often some were restarted, is what it is now. Of the child specs that before does not have, those stay whose
// child runs.
func (s *server) Revert(before *state, now any) (*state, error) {
	latest, ok := now.(*state)
	if !ok {
		return nil, fmt.Errorf("supervisor: %s cannot run with a state of type %T", s.name, now)
	}
	st, last := before.clone(), latest.clone()
	st.restarts, st.forgiven, st.dynamics = last.restarts, last.forgiven, last.dynamics
	if st.strategy == SimpleOneForOne {
		return st, nil
	}
	for _, c := range st.children.list {
		c.pid, c.restarting = etf.Pid{}, false
	}
	for _, c := range slices.Clone(last.children.list) {
		if st.children.find(c.id) == nil && !c.runs() && !c.restarting {
			last.children.remove(c)
		}
	}
	st.children = merge(last.children, st.children)
	return st, nil
}

// clone copies what a supervisor changes while it runs.
func (st *state) clone() *state {
	other := *st
	other.children, other.dynamics, other.forgiven = st.children.clone(), st.dynamics.clone(), maps.Clone(st.forgiven)
	return &other
}

// merge takes over the child specs of next, with the processes of old, and behind them the children of old that next
// does not name: update_childspec1/3.
func merge(old, next children) children {
	var merged children
	for _, c := range next.list {
		if before := old.find(c.id); before != nil {
			c.pid, c.restarting = before.pid, before.restarting
		}
		merged.add(c)
	}
	for _, c := range old.list {
		if next.find(c.id) == nil {
			merged.add(c)
		}
	}
	return merged
}

// term returns {Ids, Db}, the ids in the order of the list.
func (cs *children) term() etf.Term {
	ids, db := make(etf.List, len(cs.list)), make(etf.Map, len(cs.list))
	for i, c := range cs.list {
		ids[i], db[i] = c.id, etf.MapPair{Key: c.id, Value: c.record()}
	}
	return etf.Tuple{ids, db}
}
