package node

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/node/internal/nodename"
)

// allowList is the list of net_kernel:allow/1: who may connect to the node and be connected to. An empty one allows
// all.
type allowList struct{ entries atomic.Pointer[[]etf.Atom] }

// add makes the list longer.
func (l *allowList) add(more []etf.Atom) {
	for {
		old := l.entries.Load()
		all := append([]etf.Atom{}, l.all()...)
		all = append(all, more...)
		if l.entries.CompareAndSwap(old, &all) {
			return
		}
	}
}

func (l *allowList) all() []etf.Atom {
	if all := l.entries.Load(); all != nil {
		return *all
	}
	return nil
}

// admits reports whether the node called name is on the list.
func (l *allowList) admits(name etf.Atom) bool { return nodename.Admits(l.all(), name) }

// checkAllow refuses what can be no entry of Config.Allow, for OTP passes over it and may then admit nobody.
func (c Config) checkAllow() error {
	for _, entry := range c.Allow {
		alive, host, _ := strings.Cut(entry, "@")
		if alive == "" || strings.Contains(host, "@") {
			return &ConfigError{"Allow", fmt.Sprintf("%q is none of name@host, host and name@", entry)}
		}
	}
	return nil
}

// exportAllow exports net_kernel:allow/1 and allowed/0.
func (n *Node) exportAllow() {
	n.Export("net_kernel", "allow", 1, func(_ context.Context, args etf.List) (etf.Term, error) {
		list, ok := args[0].(etf.List)
		var names []etf.Atom
		for _, t := range list {
			name, atom := t.(etf.Atom)
			ok = ok && atom
			names = append(names, name)
		}
		if !ok {
			return etf.Atom("error"), nil
		}
		n.allow.add(names)
		return etf.Atom("ok"), nil
	})
	n.Export("net_kernel", "allowed", 0, func(context.Context, etf.List) (etf.Term, error) {
		list := etf.List{}
		for _, name := range n.allow.all() {
			list = append(list, name)
		}
		return etf.Tuple{etf.Atom("ok"), list}, nil
	})
}
