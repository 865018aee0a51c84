package erlang

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
	"github.com/gonode-otp/gonode/gonodetest/beam"
	"github.com/gonode-otp/gonode/node"
)

// lock is a server that waits for a Go channel, of which its node knows nothing: {wait, X} answers X when somebody
// has called open, of any such server. {ask, To, X} answers what To answers to X.
type lock struct {
	ctx    context.Context
	opened chan struct{}
}

func (lock) Init(*genserv.Process, etf.Term) genserv.InitResult[struct{}] {
	return genserv.Ok(struct{}{})
}

func (l lock) HandleCall(p *genserv.Process, request etf.Term, _ genserv.From, s struct{}) genserv.Result[struct{}] {
	t, ok := request.(etf.Tuple)
	switch {
	case !ok:
		close(l.opened)
		return genserv.Reply(etf.Atom("ok"), s)
	case len(t) == 2:
		<-l.opened
		return genserv.Reply(t[1], s)
	}
	reply, err := p.Call(l.ctx, t[1], t[2])
	if err != nil {
		return genserv.Reply(etf.Binary(err.Error()), s)
	}
	return genserv.Reply(reply, s)
}

func TestACallbackThatBlocksStopsNeitherTicksNorOtherServers(t *testing.T) {
	t.Parallel()
	cfg := config(t)
	cfg.TickTime = 4 * time.Second
	n := start(t, cfg)
	spawnSamples(t, n)
	opened := make(chan struct{})
	for _, name := range []etf.Atom{"lock", "opener"} {
		spawn(t, n, name, genserv.Of(lock{t.Context(), opened}))
	}
	e := beam.StartErl(t, beam.WithArgs("-kernel", "net_ticktime", "4"))
	require.Equal(t, "{300,[],done}", e.Eval(t, at(n, `begin
		N = 'gonode@host', Me = self(),
		pong = net_adm:ping(N), monitor_node(N, true),
		spawn_link(fun() -> Me ! {opened, gen_server:call({lock,N}, {wait,done}, infinity)} end),
		Calls = length([timer:sleep(20) || I <- lists:seq(1, 300), gen_server:call({echo,N}, I) =:= I]),
		Down = receive {nodedown,_} = D -> [D] after 0 -> [] end,
		ok = gen_server:call({opener,N}, open),
		{Calls, Down, receive {opened, What} -> What end}
	end`)))
}

// Each of the answers comes through the connection from which the server that waits for it was run.
func TestServersThatCallEachOtherThroughTheSamePeerGetTheirAnswers(t *testing.T) {
	n := startSamples(t)
	for _, name := range []etf.Atom{"a", "b", "c"} {
		spawn(t, n, name, genserv.Of(lock{ctx: t.Context()}))
	}
	e := beam.StartErl(t)
	require.Equal(t, "50", e.Eval(t, at(n, `begin
		N = 'gonode@host', R = {relay,node()},
		register(relay, spawn_link(fun Loop() -> receive {'$gen_call', From, {Who,X}} ->
			spawn_link(fun() -> gen_server:reply(From, gen_server:call({Who,N}, X, 20000)) end), Loop() end end)),
		length([I || I <- lists:seq(1, 50),
			gen_server:call({a,N}, {ask, R, {b, {ask, R, {c, {ask, R, {echo, {I}}}}}}}, 60000) =:= {I}])
	end`)))
}

// burner is a server that does nothing but compute until the stopper has been called more often than its request
// says, or for twenty seconds. Of any other request it makes a call of the stopper.
type burner struct{ stops *atomic.Int64 }

func (burner) Init(*genserv.Process, etf.Term) genserv.InitResult[struct{}] {
	return genserv.Ok(struct{}{})
}

func (b burner) HandleCall(_ *genserv.Process, request etf.Term, _ genserv.From, s struct{}) genserv.Result[struct{}] {
	count, ok := request.(etf.Int)
	if !ok {
		b.stops.Add(1)
	}
	for began := time.Now(); ok && b.stops.Load() <= int64(count) && time.Since(began) < 20*time.Second; {
	}
	return genserv.Reply(request, s)
}

// alone is set in the environment of a process that is nothing but the node of the test below.
const alone = "GONODE_TEST_ALONE"

func TestHelperForANodeThatIsAlone(t *testing.T) {
	port, err := strconv.Atoi(os.Getenv(alone))
	if err != nil {
		return
	}
	n := start(t, node.Config{Name: "gonode", Cookie: "alone", EPMD: node.EPMDExternal, EPMDPort: uint16(port)})
	spawnSamples(t, n)
	b := burner{new(atomic.Int64)}
	for i := range 6 {
		spawn(t, n, etf.Atom("burner"+strconv.Itoa(i)), genserv.Of(b))
	}
	spawn(t, n, "stopper", genserv.Of(b))
	fmt.Println("\nready", n.Name())
	_, _ = io.Copy(io.Discard, os.Stdin)
}

// On one processor, in a program that does nothing else: nothing wakes the scheduler but what the node sees to.
func TestACallbackThatOnlyComputesKeepsNobodyWaiting(t *testing.T) {
	t.Parallel()
	e := beam.StartErl(t, beam.WithCookie("alone"), beam.WithTimeout(3*time.Minute))
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestHelperForANodeThatIsAlone$")
	cmd.Env = append(os.Environ(), alone+"="+strconv.Itoa(beam.PrivateEPMD(t).Port()), "GOMAXPROCS=1")
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	require.NoError(t, err)
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	defer func() {
		require.NoError(t, in.Close())
		require.NoError(t, cmd.Wait())
	}()
	lines := bufio.NewScanner(out)
	name, ready := "", false
	for !ready && lines.Scan() {
		name, ready = strings.CutPrefix(lines.Text(), "ready ")
	}
	require.True(t, ready, "the node has not started")
	go func() { _, _ = io.Copy(io.Discard, out) }()
	// Six servers of which nothing is known, some of them after a pause in which everything falls asleep. Another server
	// answers while they compute, and so does the one that puts an end to it.
	require.Equal(t, "[echo,echo,echo,echo,echo,echo]", e.Eval(t, strings.ReplaceAll(`begin
		N = 'NODE', Me = self(),
		First = fun(I) ->
			timer:sleep(I rem 3 * 1100),
			B = list_to_atom("burner" ++ integer_to_list(I)),
			spawn_link(fun() -> gen_server:call({B,N}, I, infinity), Me ! {I,burner} end),
			timer:sleep(5),
			spawn_link(fun() -> gen_server:call({echo,N}, x, infinity), Me ! {I,echo} end),
			receive {I, Who} -> stop = gen_server:call({stopper,N}, stop, infinity), receive {I, _} -> Who end end
		end,
		[First(I) || I <- lists:seq(0, 5)]
	end`, "NODE", name)))
}
