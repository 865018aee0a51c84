//go:build unix

package beam_test

import (
	"testing"

	"github.com/gonode-otp/gonode/gonodetest/beam"
)

// Two nodes in a test: one Erlang, one Elixir.
func Example() {
	_ = func(t *testing.T) {
		a := beam.StartErl(t, beam.WithHidden())
		x := beam.StartElixir(t)
		if got := x.Call(t, "Node", "ping", a.ElixirAtom()); got != ":pong" {
			t.Fatal(got)
		}
		a.Eval(t, `register(box, self()).`)
		x.Eval(t, `send({:box, `+a.ElixirAtom()+`}, {:hello, "world"})`)
		if got := a.Eval(t, `receive M -> M end.`); got != `{hello,<<"world">>}` {
			t.Fatal(got)
		}
	}
}

// The transcript of a manual, typed into a real shell.
func ExampleShell_Run() {
	_ = func(t *testing.T) {
		beam.StartErlShell(t).Run(`
1> lists:sum([1,2,3]).
6
2> node().
...
`)
	}
}
