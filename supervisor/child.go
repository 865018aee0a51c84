package supervisor

import (
	"hash/maphash"
	"slices"

	"github.com/gonode-otp/gonode/etf"
)

// child is the record #child of supervisor.erl: a child spec and what became of it.
type child struct {
	pid        etf.Pid // zero while it does not run
	restarting bool    // its last restart failed; pid is then that of the process before

	id          etf.Term
	start       mfa
	restart     Restart
	significant bool
	shutdown    etf.Term // milliseconds, brutal_kill or infinity
	kind        Type
	modules     etf.Term // a list of atoms, or dynamic
}

// mfa is a start function with its arguments.
type mfa struct {
	module, function etf.Atom
	args             etf.List
	forgotten        bool // the arguments are not kept: those of temporary children
	fn               StartFunc
}

func (m mfa) term() etf.Term {
	if m.forgotten {
		return etf.Tuple{m.module, m.function, etf.Atom("undefined")}
	}
	return etf.Tuple{m.module, m.function, orNil(m.args)}
}

// runs tells whether the child has a process, which may be dead already.
func (c *child) runs() bool { return !c.restarting && c.pid != etf.Pid{} }

// pidTerm is the pid of the record: a pid, undefined or {restarting, Pid}.
func (c *child) pidTerm() etf.Term {
	if c.restarting {
		return etf.Tuple{etf.Atom("restarting"), pidTerm(c.pid)}
	}
	return pidTerm(c.pid)
}

// record returns the child as OTP's record, which some errors and sys:get_state show. Its form is that of OTP 24 and
// later.
func (c *child) record() etf.Term {
	return etf.Tuple{etf.Atom("child"), c.pidTerm(), c.id, c.start.term(), etf.Atom(c.restart), etf.Bool(c.significant),
		c.shutdown, etf.Atom(c.kind), c.modules}
}

// spec returns the child spec as a map: child_to_spec/1.
func (c *child) spec() etf.Term {
	return etf.Map{
		{Key: etf.Atom("id"), Value: c.id},
		{Key: etf.Atom("start"), Value: c.start.term()},
		{Key: etf.Atom("restart"), Value: etf.Atom(c.restart)},
		{Key: etf.Atom("significant"), Value: etf.Bool(c.significant)},
		{Key: etf.Atom("shutdown"), Value: c.shutdown},
		{Key: etf.Atom("type"), Value: etf.Atom(c.kind)},
		{Key: etf.Atom("modules"), Value: c.modules},
	}
}

// children are the children of a supervisor in the order of their start. A SimpleOneForOne has one child spec here, and
// its children in dynamics.
type children struct {
	list []*child
	ids  map[uint64][]*child // by hash
	pids map[etf.Pid]*child
}

// find returns the child with an id, or nil.
func (cs *children) find(id etf.Term) *child {
	for _, c := range cs.ids[hash(id)] {
		if etf.Equal(c.id, id) {
			return c
		}
	}
	return nil
}

// byPid returns the child whose process that is, or nil.
func (cs *children) byPid(pid etf.Pid) *child { return cs.pids[pid] }

// add appends a child that starts after all others.
func (cs *children) add(c *child) {
	if cs.ids == nil {
		cs.ids, cs.pids = map[uint64][]*child{}, map[etf.Pid]*child{}
	}
	h := hash(c.id)
	cs.list, cs.ids[h] = append(cs.list, c), append(cs.ids[h], c)
	if c.runs() {
		cs.pids[c.pid] = c
	}
}

// remove forgets a child and its child spec.
func (cs *children) remove(c *child) {
	h := hash(c.id)
	is := func(other *child) bool { return other == c }
	cs.list = slices.DeleteFunc(cs.list, is)
	if cs.ids[h] = slices.DeleteFunc(cs.ids[h], is); len(cs.ids[h]) == 0 {
		delete(cs.ids, h)
	}
	delete(cs.pids, c.pid)
}

// setPid changes what is known of the process of a child.
func (cs *children) setPid(c *child, pid etf.Pid, restarting bool) {
	if cs.pids[c.pid] == c {
		delete(cs.pids, c.pid)
	}
	c.pid, c.restarting = pid, restarting
	if c.runs() {
		cs.pids[pid] = c
	}
}

// markEnded notes that a child does not run any more, and forgets it if it is temporary: del_child/2.
func (cs *children) markEnded(c *child) {
	if c.restart == Temporary {
		cs.remove(c)
		return
	}
	cs.setPid(c, etf.Pid{}, false)
}

// clone copies the children, so that one of both can be changed.
func (cs *children) clone() children {
	var copied children
	for _, c := range cs.list {
		other := *c
		copied.add(&other)
	}
	return copied
}

var seed = maphash.MakeSeed()

// hash gives equal terms the same number.
func hash(t etf.Term) uint64 {
	var h maphash.Hash
	h.SetSeed(seed)
	hashTerm(&h, t, hashedLevels)
	return h.Sum64()
}

// hashedLevels is how deep a term counts for its hash. Ids come from start_child requests and may be nested without
// limit.
const hashedLevels = 16

func hashTerm(h *maphash.Hash, t etf.Term, levels int) {
	if levels == 0 {
		return
	}
	switch t := t.(type) {
	case etf.Atom:
		_, _ = h.WriteString(string(t))
	case etf.Binary:
		_, _ = h.Write(t)
	case etf.Int:
		maphash.WriteComparable(h, t)
	case etf.Pid:
		maphash.WriteComparable(h, t)
	case etf.Tuple:
		for _, elem := range t {
			hashTerm(h, elem, levels-1)
		}
	case etf.List:
		for _, elem := range t {
			hashTerm(h, elem, levels-1)
		}
	}
}
