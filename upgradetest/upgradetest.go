// Package upgradetest tests the upgrades of a program in a plain go test: no Erlang is needed, and nothing listens.
//
//	upgradetest.Run(t, upgradetest.Program{
//		Versions: counter.Versions,
//		Root:     "root",
//		Samples:  []upgradetest.Sample{{Module: "counter", Vsn: "1", State: upgradetest.Value(41)}},
//	})
//
// Run checks the files of the installation against the program, and walks every pair of versions that an .appup file
// or a relup leads between, each on a node of its own. Servers with the sample states are upgraded and downgraded
// again, and have to have the state that they had. Before that, each script is executed as often as it has
// instructions, with a failure in front of another one each time and at its end, and everything has to be as it was.
package upgradetest

import (
	"context"
	"testing"

	"github.com/gonode-otp/gonode/codechange"
	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
	"github.com/gonode-otp/gonode/node"
)

// Program is what is tested.
type Program struct {
	// Versions returns the versions that are linked. It is called for each node.
	Versions func() (*codechange.Versions, error)
	// Root is the directory of the installation, with lib and releases. Nothing is written there.
	Root string
	// Samples are states that servers have before an upgrade.
	Samples []Sample
	// Prepare is called with each node when the servers with the samples run, to export the functions that scripts
	// apply, and to start servers and applications that scripts need. They are watched, too. nil does nothing.
	Prepare func(ctx context.Context, n *node.Node) error
	// Same compares a state, as sys:get_state/1 shows it, with what it is after a round trip; nil is etf.Equal.
	Same func(module etf.Atom, before, after etf.Term) bool
	// Options are those of each upgrade.
	Options codechange.Options
}

// Sample is a state of a server.
type Sample struct {
	// Module and Vsn are the version of the module whose state it is; "" is one without a Vsn.
	Module etf.Atom
	Vsn    string
	// Name is the registered name of the server. "" means none.
	Name etf.Atom
	// State makes the state, of the type that the module has. It runs in the process.
	State func(p *genserv.Process) any
	// RefusedBy is a version of the module that must not take this state over: the upgrade has to fail, and to leave
	// everything as it was.
	RefusedBy string
}

// Value is the State of a Sample that owns nothing.
func Value(state any) func(*genserv.Process) any {
	return func(*genserv.Process) any { return state }
}

// String returns Module-Vsn.
func (s Sample) String() string { return string(s.Module) + "-" + s.Vsn }

// Run tests the program: a subtest for the files, and one for each pair of versions.
func Run(t *testing.T, p Program) {
	t.Helper()
	t.Run("root", func(t *testing.T) { failAll(t, p.CheckRoot()) })
	pairs, problems := p.pairs()
	failAll(t, problems)
	for _, pair := range pairs {
		t.Run(pair.String(), func(t *testing.T) { failAll(t, p.walk(t.Context(), pair)) })
	}
}

func failAll(t *testing.T, problems []error) {
	t.Helper()
	for _, err := range problems {
		t.Error(err)
	}
}
