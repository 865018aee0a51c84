package erlang

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
	"github.com/gonode-otp/gonode/gonodetest/beam"
	"github.com/gonode-otp/gonode/gonodetest/peer"
	"github.com/gonode-otp/gonode/supervisor"
)

// soon is what an answer may take that has to wait for nobody; each attempt to connect with a silent host takes seven
// seconds.
const soon = 5 * time.Second

// mutePeer is a host that accepts connections and says nothing. It returns an Erlang expression for a pid of it.
func mutePeer(t *testing.T) (pid string) {
	t.Helper()
	p := peer.New(t, "mute@localhost")
	p.Register(t, beam.PrivateEPMD(t).Port())
	return "binary_to_term(<<131,88,119,14,\"mute@localhost\",7:32,0:32,4:32>>)"
}

// quietSup is a supervisor without children.
type quietSup struct{}

func (quietSup) Init(etf.Term) (supervisor.Flags, []supervisor.ChildSpec, error) {
	return supervisor.Flags{Strategy: supervisor.OneForOne}, nil, nil
}

func TestRepliesToAHostThatSaysNothingKeepNoServerWaiting(t *testing.T) {
	n := startSamples(t)
	spawn(t, n, "sup", supervisor.Of(quietSup{}))
	e := beam.StartErl(t)
	stillServes(t, n, e)
	e.Eval(t, "Mute = "+mutePeer(t))
	e.Eval(t, at(n, "N = 'gonode@host'"))
	began := time.Now()
	require.Equal(t, "[0,yes,n,[],0]", e.Eval(t, `begin
		[{Name, N} ! {'$gen_call', {Mute, make_ref()}, What} || _ <- [1, 2, 3], {Name, What} <- [{counter, get},
			{net_kernel, {is_auth, node()}}, {sup, which_children}, {rex, {call, erlang, node, [], user}}]],
		{counter, N} ! {system, {Mute, make_ref()}, get_state},
		[gen_server:call({counter, N}, get, 6000),
		 gen_server:call({net_kernel, N}, {is_auth, node()}, 6000),
		 case gen_server:call({rex, N}, {call, erlang, node, [], user}, 6000) of N -> n; Other -> Other end,
		 supervisor:which_children({sup, N}),
		 sys:get_state({counter, N})]
	end`))
	require.Less(t, time.Since(began), soon)
}

// The callers are told by their own node, or are no more; whether an attempt would reach it again is nobody's concern.
func TestRepliesToANodeThatStandsStillKeepNoServerWaiting(t *testing.T) {
	cfg := config(t)
	cfg.TickTime = time.Second
	n := start(t, cfg)
	opened := make(chan struct{})
	spawn(t, n, "lock", genserv.Of(lock{t.Context(), opened}))
	spawn(t, n, "opener", genserv.Of(lock{t.Context(), opened}))
	events := watchNodes(t, n)
	e := beam.StartErl(t, beam.WithArgs("-kernel", "net_ticktime", "1"))
	e.Eval(t, at(n, `[spawn(fun() -> gen_server:call({lock,'gonode@host'}, {wait,I}, infinity) end)
		|| I <- lists:seq(1, 5)]`))
	e.Eval(t, at(n, `#{} = sys:get_state({opener,'gonode@host'}, 20000)`))
	e.Pause(t)
	require.True(t, next(t, events).Up)
	require.False(t, next(t, events).Up)

	waiting := make(chan error, 1)
	go func() {
		_, err := n.Call(within(t, time.Minute), etf.Atom("lock"), etf.Tuple{etf.Atom("wait"), etf.Atom("good")})
		waiting <- err
	}()
	began := time.Now()
	_, err := n.Call(within(t, soon), etf.Atom("opener"), etf.Atom("open"))
	require.NoError(t, err)
	require.NoError(t, <-waiting)
	require.Less(t, time.Since(began), soon)
	require.Eventually(t, func() bool { return len(n.Nodes()) == 0 }, soon, time.Millisecond)
	e.Resume(t)
}

// OTP: async_gen_server_reply/2 of net_kernel.erl.
func TestAPeerThatAsksAndNeverReadsLeavesNetKernelToTheOthers(t *testing.T) {
	n := startSamples(t)
	e := beam.StartErl(t)
	stillServes(t, n, e)
	asked := make(chan struct{})
	p := peer.New(t, "deaf@localhost")
	tag := make(etf.Binary, 4<<10)
	asks := peer.Do("asks", func(c *peer.Conn) error {
		self := c.Var("$self")
		for range 4000 {
			request := etf.Tuple{etf.Atom("is_auth"), c.Var("$node")}
			err := c.WriteMessage(etf.Tuple{etf.Int(6), self, etf.Atom(""), etf.Atom("net_kernel")},
				etf.Tuple{etf.Atom("$gen_call"), etf.Tuple{self, tag}, request})
			if err != nil {
				return err
			}
		}
		close(asked)
		return nil
	})
	script := p.Dial(n.Addr().String(), peer.Handshake(string(n.Name())), asks,
		peer.Silence(t.Context().Done()))
	select {
	case <-asked:
	case <-script.Done():
		require.NoError(t, script.Err())
	}
	began := time.Now()
	require.Equal(t, "yes", e.Eval(t, at(n, `gen_server:call({net_kernel,'gonode@host'}, {is_auth,node()}, 5000)`)))
	require.Less(t, time.Since(began), soon)
}

// A node that is about to be connected gets everything, in order, before what is sent later.
func TestWhatAProcessSendsToANodeThatIsNotConnectedArrivesInOrder(t *testing.T) {
	n := startSamples(t)
	e := beam.StartErl(t)
	e.Eval(t, "process_flag(trap_exit, true)")
	encoded, err := etf.Parse(e.Eval(t, "term_to_binary(self())"))
	require.NoError(t, err)
	to, err := etf.Decode(encoded.(etf.Binary))
	require.NoError(t, err)
	e.Pause(t) // it accepts, and goes on later
	spawn(t, n, "sender", genserv.Of(teller{}))
	const messages = 1000
	_, err = n.Call(within(t, soon), etf.Atom("sender"), etf.Tuple{to, etf.Int(messages)})
	require.NoError(t, err, "the process does not wait")
	e.Resume(t)
	require.Eventually(t, func() bool { return len(n.Nodes()) == 1 }, 20*time.Second, time.Millisecond)
	_, err = n.Call(within(t, soon), etf.Atom("sender"), etf.Tuple{to, etf.Int(0)})
	require.NoError(t, err)
	require.Equal(t, "{500500,after_all,'DOWN','EXIT'}", e.Eval(t, at(n, `begin
		Sum = lists:foldl(fun(I, S) -> receive {told, J} -> I = J, S + J after 20000 -> throw(I) end end, 0,
			lists:seq(1, 1000)),
		After = receive {told, 0} -> after_all after 20000 -> nothing end,
		{links, Links} = process_info(self(), links),
		[Sender] = [P || P <- Links, is_pid(P), node(P) =/= node()],
		monitor(process, Sender), exit(Sender, kill),
		{Sum, After, receive {'DOWN', _, _, Sender, killed} -> 'DOWN' after 20000 -> none end,
			receive {'EXIT', Sender, killed} -> 'EXIT' after 20000 -> none end}
	end`)))
}

// teller sends {told, 1}, {told, 2} ... to To when it is called with {To, N}, and {told, 0} if N is 0. Before the
// first it links itself with To and monitors it.
type teller struct{}

func (teller) Init(*genserv.Process, etf.Term) genserv.InitResult[struct{}] {
	return genserv.Ok(struct{}{})
}

func (teller) HandleCall(p *genserv.Process, request etf.Term, _ genserv.From, s struct{}) genserv.Result[struct{}] {
	to, count := request.(etf.Tuple)[0].(etf.Pid), request.(etf.Tuple)[1].(etf.Int)
	if count == 0 {
		p.Send(to, etf.Tuple{etf.Atom("told"), etf.Int(0)})
		return genserv.Reply(etf.Atom("ok"), s)
	}
	p.Link(to)
	ref, _ := p.Monitor(to)
	for i := range count {
		p.Send(to, etf.Tuple{etf.Atom("told"), i + 1})
	}
	p.Demonitor(ref)
	return genserv.Reply(etf.Atom("ok"), s)
}

func (teller) HandleInfo(_ *genserv.Process, _ etf.Term, s struct{}) genserv.Result[struct{}] {
	return genserv.NoReply(s)
}

// What else waits for the answer of the peer is not the server: other callers are served.
func TestTheFirstLookAtAStateDoesNotWaitForThePeer(t *testing.T) {
	n := startSamples(t)
	p := peer.New(t, "asks@localhost")
	release := make(chan struct{})
	script := p.Dial(n.Addr().String(), peer.Handshake(string(n.Name())),
		peer.Send("{6,'$self','',counter}", "{system,{'$self',tag},get_state}"),
		peer.Expect("{29,'$ref','$from','_',{erpc,execute_call,4},[monitor]}",
			"['$result',erlang,system_info,[version]]"),
		peer.Do("waits", func(*peer.Conn) error { <-release; return nil }),
		peer.Send("{31,'$ref','$from',2,'$self'}", nil),
		peer.Send("{28,'$self','$from','$ref'}", `{'$result',return,"13.1"}`),
		peer.Expect("{22,'_','$self'}", "{tag,0}"))
	require.Eventually(t, func() bool { return len(n.Nodes()) == 1 }, soon, time.Millisecond)
	began := time.Now()
	for ctx := within(t, soon); time.Since(began) < 100*time.Millisecond; {
		_, err := n.Call(ctx, etf.Atom("counter"), etf.Atom("get"))
		require.NoError(t, err)
	}
	require.Less(t, time.Since(began), 1500*time.Millisecond, "no call has waited for the peer")
	close(release)
	script.Wait(t)
}

// The reply is for whoever it was sent to. What a server tells another process about a call is no answer to the call.
func TestAMessageWithTheTagOfACallDoesNotAnswerItForAnother(t *testing.T) {
	n := startSamples(t)
	e := beam.StartErl(t)
	e.Eval(t, `register(srv, spawn(fun F() -> receive {'$gen_call', {_, [alias|Ref] = Tag} = To, {tell, Other}} ->
		Other ! {Ref, hi}, Other ! {Tag, hi}, gen_server:reply(To, answer), F() end end))`)
	inbox := &collector{got: make(chan etf.Term, 10)}
	other := spawn(t, n, "other", genserv.Of(inbox))
	srv := etf.Tuple{etf.Atom("srv"), etf.Atom(e.Name())}
	reply, err := n.Call(within(t, 20*time.Second), srv, etf.Tuple{etf.Atom("tell"), other})
	require.NoError(t, err)
	require.Equal(t, etf.Atom("answer"), reply)
	for range 2 {
		select {
		case msg := <-inbox.got:
			require.Equal(t, etf.Atom("hi"), msg.(etf.Tuple)[1])
		case <-time.After(20 * time.Second):
			require.Fail(t, "the message has not arrived")
		}
	}
}

// collector hands over what it is sent.
type collector struct{ got chan etf.Term }

func (*collector) Init(*genserv.Process, etf.Term) genserv.InitResult[struct{}] {
	return genserv.Ok(struct{}{})
}

func (*collector) HandleCall(_ *genserv.Process, r etf.Term, _ genserv.From, s struct{}) genserv.Result[struct{}] {
	return genserv.Reply(r, s)
}

func (c *collector) HandleInfo(_ *genserv.Process, msg etf.Term, s struct{}) genserv.Result[struct{}] {
	c.got <- msg
	return genserv.NoReply(s)
}
