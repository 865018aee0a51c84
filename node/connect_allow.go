package node

import (
	"fmt"
	"strings"
	"sync/atomic"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/node/internal/nodename"
)

// allowList is the list of net_kernel:allow/1: the nodes that may connect to this one and that it may connect to. An
// empty list allows all nodes.
type allowList struct{ entries atomic.Pointer[[]etf.Atom] }

// add adds entries to the list.
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

// checkAllow refuses entries of Config.Allow that can match no node. OTP ignores such entries and may then admit no
// node.
func (c Config) checkAllow() error {
	for _, entry := range c.Allow {
		alive, host, _ := strings.Cut(entry, "@")
		if alive == "" || strings.Contains(host, "@") {
			return &ConfigError{"Allow", fmt.Sprintf("%q is none of name@host, host and name@", entry)}
		}
	}
	return nil
}
