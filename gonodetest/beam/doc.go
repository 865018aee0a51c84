// Package beam starts real Erlang and Elixir nodes for tests and talks to them.
//
// A node started here is a separate operating system process with its own EPMD on a private port, its own cookie and
// its own home directory, so that tests neither see nor disturb whatever else runs on the machine. All nodes that are
// started with the same testing.TB share the EPMD and the cookie and find each other. When the test ends, every process
// it started is gone; should the test binary itself be killed, the processes notice and end as well.
//
//	func TestPing(t *testing.T) {
//		a := beam.StartErl(t)
//		b := beam.StartErl(t)
//		if got := a.Call(t, "net_adm", "ping", b.Atom()); got != "pong" {
//			t.Fatal(got)
//		}
//	}
//
// There are two ways to talk to a node. [StartErl] and [StartElixir] give a [Node], which evaluates expressions over a
// channel of its own (file descriptors 3 and 4, so nothing that the node prints can disturb it) and returns the
// printed value or an [EvalError]. [StartErlShell] and [StartIEx] give a [Shell]: the interactive shell itself, typed
// at and read as a user would, for checking the transcripts of a manual.
//
// # Where the programs come from
//
// erl, elixir, iex and epmd are taken from the PATH. GONODE_ERL, GONODE_ELIXIR, GONODE_IEX and GONODE_EPMD name other
// ones, for example a script that enters the root of another OTP release; such a script has to hand on the file
// descriptors 3 and 4 and the environment, and keep its process id. When a program is missing the test is skipped by
// [gonodetest.SkipLane], except in continuous integration (the environment variable CI is set), where it fails. With
// the word none in place of a path the lane of that program is left out everywhere, as GONODE_ELIXIR=none
// GONODE_IEX=none does where the Elixir of the machine does not go with the Erlang that is to be tested.
//
// The package works on Unix systems.
package beam
