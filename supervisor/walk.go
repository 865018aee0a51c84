package supervisor

import (
	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
)

// Children lists the children of the supervisor whose loop l is, as WhichChildren does of one that can be asked: this
// one may be suspended. ok is false if it is no supervisor. It may be called where the loop may be used, as in
// genserv.Loop.Do.
func Children(l *genserv.Loop) (children []Child, ok bool) {
	st, ok := l.Value().(*state)
	if !ok {
		return nil, false
	}
	for _, t := range st.whichChildren().(etf.List) {
		c, _ := readChild(t)
		spec := st.children.find(c.ID)
		if st.strategy == SimpleOneForOne {
			spec = st.template()
		}
		if spec != nil {
			c.Restart = spec.restart
		}
		children = append(children, c)
	}
	return children, true
}

// Forgive keeps the supervisor whose loop this is from counting the next restart of a child. It is for a child that an
// upgrade is about to end. Nothing in OTP corresponds to it.
func Forgive(l *genserv.Loop, child etf.Pid) {
	st, ok := l.Value().(*state)
	if !ok || st.children.byPid(child) == nil && (st.dynamics == nil || !st.dynamics.has(child)) {
		return
	}
	if st.forgiven == nil {
		st.forgiven = map[etf.Pid]bool{}
	}
	st.forgiven[child] = true
}

// Is tells whether Of made m.
func Is(m genserv.Module) bool {
	_, ok := m.Server().(*server)
	return ok
}
