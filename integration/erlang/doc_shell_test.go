package erlang

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/gonodetest/beam"
)

func TestAnErlangShellUsesTheNodeAsTheManualShows(t *testing.T) {
	n := startSamples(t)
	sh := beam.StartErlShell(t, beam.WithSname("a"))
	sh.Run(at(n, `
1> net_adm:ping('gonode@host').
pong
2> {nodes(), nodes(hidden)}.
{[],['gonode@host']}
3> gen_server:call({echo,'gonode@host'}, #{k => [1,2.5,<<"x">>]}).
#{k => [1,2.5,<<"x">>]}
4> gen_server:cast({counter,'gonode@host'}, {add,41}), gen_server:call({counter,'gonode@host'}, {add,1}).
42
5> gen_server:multi_call([node(),'gonode@host',nosuch@host], echo, hi).
{[{'gonode@host',hi}],[...]}
6> catch gen_server:call({nosuch,'gonode@host'}, x).
{'EXIT',{noproc,{gen_server,call,[{nosuch,'gonode@host'},x]}}}
7> element(1, timer:tc(fun() -> catch gen_server:call({nosuch,'gonode@host'}, x) end)) < 1000000.
true
`))
}

func TestAnElixirShellUsesTheNodeAsTheManualShows(t *testing.T) {
	n := startSamples(t)
	sh := beam.StartIEx(t, beam.WithSname("b"))
	sh.Run(at(n, `
iex(1)> Node.ping(:"gonode@host")
:pong
iex(2)> {Node.list(), Node.list(:hidden)}
{[], [:"gonode@host"]}
iex(3)> GenServer.call({:echo, :"gonode@host"}, %{k: [1, 2.5, "x"]})
%{k: [1, 2.5, "x"]}
iex(4)> GenServer.cast({:counter, :"gonode@host"}, {:add, 41}); GenServer.call({:counter, :"gonode@host"}, {:add, 1})
42
iex(5)> GenServer.multi_call([node(), :"gonode@host", :nosuch@host], :echo, :hi)
{["gonode@host": :hi], [...]}
iex(6)> try do GenServer.call({:nosuch, :"gonode@host"}, :x) catch :exit, {reason, _} -> reason end
:noproc
`))
}

func TestAMissingServerIsReportedAtOnce(t *testing.T) {
	n := startSamples(t)
	e := beam.StartErl(t)
	failure := e.Raises(t, at(n, "gen_server:call({nosuch,'gonode@host'}, x, infinity)"))
	require.Equal(t, "exit", failure.Class)
	require.Equal(t, at(n, "{noproc,{gen_server,call,[{nosuch,'gonode@host'},x,infinity]}}"), failure.Reason)
}
