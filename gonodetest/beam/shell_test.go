//go:build unix

package beam_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/gonodetest/beam"
	"github.com/gonode-otp/gonode/gonodetest/internal/witness"
)

func TestTheErlangShellPrintsWhatAUserSees(t *testing.T) {
	peer := beam.StartErl(t)
	sh := beam.StartErlShell(t, beam.WithSname("a"))
	require.True(t, strings.HasPrefix(sh.Name(), "a@"))
	require.Equal(t, "pong", sh.Type("net_adm:ping("+peer.Atom()+")."))
	require.Equal(t, "["+printed(peer)+"]", sh.Type("nodes()."))
	require.Equal(t, "3", sh.Type("X = 1 +\n  2."))
	require.Equal(t, "hello\nok", sh.Type(`io:format("hello~n").`))
	require.Equal(t, "** exception exit: x", sh.Type("exit(x)."))
	require.Equal(t, "** exception error: no match of right hand side value 4", sh.Type("X = 4."))
	require.Equal(t, `"1> "`, sh.Type(`"1> ".`), "what looks like a prompt inside a line is none")
	require.Equal(t, "2> \n1> \nok", sh.Type(`io:format("2> ~n1> ~n").`), "nor is one with a number that was there")
	require.Equal(t, "Shell got {self,sent}\nok", sh.Type("self() ! {self, sent}, flush()."))
	require.Equal(t, "ok", sh.Type("q()."), "the shell may be left")
}

func TestIExPrintsWhatAUserSees(t *testing.T) {
	peer := beam.StartErl(t)
	sh := beam.StartIEx(t, beam.WithSname("x"))
	require.True(t, strings.HasPrefix(sh.Name(), "x@"))
	require.Equal(t, ":pong", sh.Type("Node.ping("+peer.ElixirAtom()+")"))
	require.Equal(t, "3", sh.Type("x = 1 +\n  2"))
	require.Equal(t, "6", sh.Type("Enum.sum(Enum.map([1, 2, 3], fn n ->\n  n\nend))"))
	require.Contains(t, sh.Type("exit(:why)"), "** (exit) :why")
	require.Equal(t, "3", sh.Type("x"))
}

func TestAShellNeedsNoDistribution(t *testing.T) {
	erl := beam.StartErlShell(t, beam.WithoutDist())
	require.Empty(t, erl.Name())
	require.Equal(t, "nonode@nohost", erl.Type("node()."))
	iex := beam.StartIEx(t, beam.WithoutDist())
	require.Empty(t, iex.Name())
	require.Equal(t, ":nonode@nohost", iex.Type("node()"))
}

func TestAnIncompleteExpressionIsAnErrorAndNotAHang(t *testing.T) {
	sh := beam.StartErlShell(t, beam.WithoutDist())
	_, err := sh.Try(briefly(t, 300*time.Millisecond), "1 + 1")
	require.ErrorContains(t, err, "is the expression complete?")

	gone := beam.StartErlShell(t, beam.WithoutDist())
	gone.Type("halt().")
	_, err = gone.Try(briefly(t, 10*time.Second), "1.")
	require.Error(t, err)
}

func TestTheTranscriptOfAManualIsTyped(t *testing.T) {
	peer := beam.StartErl(t, beam.WithHidden())
	manual := beam.RenameNode(`
$ erl -sname a -setcookie secret
1> net_adm:ping('peer@host').
pong
2> {nodes(), nodes(hidden)}.
{[],['peer@host']}
3> lists:foldl(fun(N, Sum) -> N + Sum end,
   0, [1,2,3]).
6
4> gen_server:call({nosuch,'peer@host'}, x).
** exception exit: {noproc,...
...
5> self().
<0...0>
`, "peer@host", peer.Name())
	beam.StartErlShell(t, beam.WithSname("a")).Run(manual)

	beam.StartIEx(t).Run(beam.RenameNode(`
iex(1)> Node.ping(:"peer@host")
:pong
iex(2)> if true do
...(2)>   [a: 1]
...(2)> end
[a: 1]
iex(3)> GenServer.call({:nosuch, :"peer@host"}, :x)
** (exit) exited in: GenServer.call(...)
    ** (EXIT) no process: ...
...
`, "peer@host", peer.Name()))
}

func TestATranscriptThatIsWrongFailsTheTestAndIsTypedToItsEnd(t *testing.T) {
	beam.OTPRelease(t) // skips or fails without erl; inside of the watched test only the witness would see it
	w := witness.Watch(t, func(tb testing.TB) {
		beam.StartErlShell(tb, beam.WithoutDist()).Run("1> 1 + 1.\n3\n2> 2 + 2.\n4\n3> a.\nb\n")
	})
	require.True(t, w.Failed())
	require.Len(t, w.Reports(), 2)
	require.Contains(t, w.Reports()[0], "line 1 of the transcript: 1 + 1.\nprinted:\n    2\nshould print:\n    3")
	require.Contains(t, w.Reports()[1], "line 5 of the transcript: a.")

	w = witness.Watch(t, func(tb testing.TB) {
		beam.StartErlShell(tb, beam.WithoutDist()).Run("nothing to type")
	})
	require.Contains(t, w.Text(), "no line with a prompt")
}

func TestAShellThatCannotStartSaysWhy(t *testing.T) {
	beam.OTPRelease(t)
	w := witness.Watch(t, func(tb testing.TB) {
		beam.StartErlShell(tb, beam.WithProgram("/bin/false"))
	})
	require.True(t, w.Failed())
	require.Contains(t, w.Text(), "shows no prompt")
}
