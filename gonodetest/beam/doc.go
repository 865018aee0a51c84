// Package beam starts real Erlang and Elixir nodes for tests and talks to them.
//
// Each node is a separate operating system process with its own EPMD on a private port, its own cookie and its own home
// directory, so that tests neither see nor disturb other programs on the machine. All nodes that are started with the
// same testing.TB share the EPMD and the cookie and find each other. When the test ends, every process it started is
// gone. If the test binary itself is killed, the processes notice and end as well.
//
//	func TestPing(t *testing.T) {
//		a := beam.StartErl(t)
//		b := beam.StartErl(t)
//		if got := a.Call(t, "net_adm", "ping", b.Atom()); got != "pong" {
//			t.Fatal(got)
//		}
//	}
//
// There are two ways to talk to a node. [StartErl] and [StartElixir] return a [Node], which evaluates expressions and
// returns the printed value or an [EvalError]. It uses file descriptors 3 and 4, so that nothing that the node prints
// can disturb the exchange. [StartErlShell] and [StartIEx] return a [Shell]: the interactive shell itself, used as a
// user would, to check the transcripts of a manual.
//
// # Where the programs come from
//
// erl, elixir, iex and epmd are looked up in PATH. GONODE_ERL, GONODE_ELIXIR, GONODE_IEX and GONODE_EPMD name other
// programs, for example a script that enters the root of another OTP release. Such a script has to pass on file
// descriptors 3 and 4 and the environment, and to keep its process id. When a program is missing, [gonodetest.SkipLane]
// skips the test; in continuous integration (the environment variable CI is set) the test fails. The word none in place
// of a path skips all tests that need that program. GONODE_ELIXIR=none GONODE_IEX=none, for example, is for a machine
// whose Elixir does not work with the Erlang under test.
//
// The package works on Unix systems.
package beam
