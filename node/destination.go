package node

import (
	"fmt"

	"github.com/gonode-otp/gonode/etf"
)

// destination is where a message goes: exactly one of pid, name and alias is set.
type destination struct {
	node  etf.Atom
	name  etf.Atom
	pid   etf.Pid
	alias etf.Ref
}

// DestinationError is a term that names no process.
type DestinationError struct{ To etf.Term }

func (e *DestinationError) Error() string {
	return fmt.Sprintf("node: %v is no destination: want a pid, a registered name, {Name, Node} or an alias", e.To)
}

// destination understands what Erlang's ! takes: a pid, a registered name, {Name, Node} and, for replies, an alias.
func (n *Node) destination(to etf.Term) (destination, error) {
	switch to := to.(type) {
	case etf.Pid:
		return destination{node: to.Node, pid: to}, nil
	case etf.Ref:
		return destination{node: to.Node, alias: to}, nil
	case etf.Atom:
		return destination{node: n.name, name: to}, nil
	case etf.Tuple:
		if len(to) == 2 {
			name, ok1 := to[0].(etf.Atom)
			node, ok2 := to[1].(etf.Atom)
			if ok1 && ok2 {
				return destination{node: node, name: name}, nil
			}
		}
	}
	return destination{}, &DestinationError{To: to}
}

// isName reports whether the process is given by its name, which may be the empty atom.
func (d destination) isName() bool { return d.pid.Node == "" && d.alias.Len == 0 }

// creation is that of the process or the alias, 0 for a name.
func (d destination) creation() uint32 {
	if d.alias.Len > 0 {
		return d.alias.Creation
	}
	return d.pid.Creation
}

// object is what a DOWN message calls the destination (erlang:monitor/2).
func (d destination) object() etf.Term {
	if d.isName() {
		return etf.Tuple{d.name, d.node}
	}
	return d.pid
}

// local returns the process of this node that d means, or nil.
func (n *Node) local(d destination) *process {
	switch {
	case d.isName():
		return n.registry.byName(d.name)
	case d.pid.Node == n.name && d.pid.Creation == n.creation:
		return n.registry.byPid(d.pid)
	}
	return nil
}
