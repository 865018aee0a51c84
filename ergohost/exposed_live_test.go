package ergohost_test

import (
	"fmt"
	"testing"
	"time"

	"ergo.services/ergo/gen"
	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/ergohost"
	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/gonodetest/beam"
)

func TestABeamTakesAnActorForAGenServer(t *testing.T) {
	p := join(t, ergohost.Options{})
	ergohost.Register[add](p.host, "add")
	p.spawn(t, "counter", gen.ProcessOptions{})
	e := beam.StartErl(t)
	at := p.at("counter")
	require.Equal(t, "41", eval(t, e, "gen_server:call(%s, {add,41})", at))
	require.Equal(t, "42", eval(t, e, "gen_server:call(%s, {add,1})", at))
	require.Equal(t, "{unknown,<<\"etf.Tuple\">>}", eval(t, e, "gen_server:call(%s, {add,one})", at),
		"what does not fit comes as it is")
	require.Equal(t, "#{<<\"count\">> => <<\"42\">>}", eval(t, e, "sys:get_state(%s)", at))
	eval(t, e, "gen_server:cast(%s, one), %s ! two, gen_server:cast(%s, three)", at, at, at)
	require.Equal(t, "[{cast,one},{info,two},{cast,three}]", eval(t, e, "gen_server:call(%s, seen)", at))
	require.Equal(t, "{error,<<\"no\">>}", eval(t, e, "gen_server:call(%s, refuse)", at))
	require.Equal(t, "{error,noproc}", eval(t, e, "gen_server:call(%s, astray)", at), "an error of others is an answer")
	require.Contains(t, eval(t, e, "gen_server:call(%s, misfit)", at), "{error,{bad_reply,")
	require.Equal(t, "[0,1,2]", eval(t, e, `begin
		Ids = [gen_server:send_request(%s, hold) || _ <- [1,2,3]],
		pong = gen_server:call(%s, ping),
		gen_server:cast(%s, release),
		[begin {reply, R} = gen_server:receive_response(Id, 5000), R end || Id <- Ids]
	end`, at, at, at), "replies that come later")
}

func TestAnActorEndsOnABeamWithItsReason(t *testing.T) {
	p := join(t, ergohost.Options{})
	e := beam.StartErl(t)
	for request, reason := range map[string]string{
		"{stop,{oops,1}}": "{oops,1}", "{stop,shutdown}": "shutdown", "{stop,killed}": "killed",
		"{fail,x}": `<<"failed">>`, "crash": "panic",
	} {
		p.spawn(t, "mortal", gen.ProcessOptions{})
		got := eval(t, e, `(fun() ->
			M = monitor(process, %s),
			{'EXIT', {R1, _}} = (catch gen_server:call(%s, %s)),
			receive {'DOWN', M, process, _, R2} -> R1 = R2 after 5000 -> nothing end
		end)()`, p.at("mortal"), p.at("mortal"), request)
		require.Equal(t, reason, got)
	}
	p.spawn(t, "mortal", gen.ProcessOptions{})
	require.Equal(t, "words", eval(t, e, "gen_server:call(%s, last)", p.at("mortal")),
		"the last reply comes before the end")
	require.Equal(t, "noproc", eval(t, e, `(fun F() -> case catch gen_server:call(%s, ping) of
		{'EXIT', {noproc, _}} -> noproc; _ -> F() end end)()`, p.at("mortal")))
}

func TestABeamStopsAnActor(t *testing.T) {
	p := join(t, ergohost.Options{})
	e := beam.StartErl(t)
	said := make(chan any, 10)
	p.spawn(t, "mortal", gen.ProcessOptions{}, said)
	require.Equal(t, "ok", eval(t, e, "gen_server:stop(%s)", p.at("mortal")))
	require.ErrorIs(t, receive(t, said).(error), gen.TerminateReasonNormal)

	p.spawn(t, "mortal", gen.ProcessOptions{}, said, true)
	require.Equal(t, "ok", eval(t, e, "gen_server:stop(%s, because, 5000)", p.at("mortal")),
		"one that traps exits, too")
	require.Equal(t, etf.Term(etf.Atom("because")), ergohost.Reason(receive(t, said).(error)))

	p.spawn(t, "mortal", gen.ProcessOptions{}, said)
	pid := eval(t, e, "P = rpc:call('%s', erlang, whereis, [mortal])", p.node.Name())
	require.Contains(t, pid, "<")
	eval(t, e, "exit(P, normal), gen_server:call(P, ping)")
	eval(t, e, "exit(P, oops)")
	require.Equal(t, etf.Term(etf.Atom("oops")), ergohost.Reason(receive(t, said).(error)))

	actor := p.spawn(t, "mortal", gen.ProcessOptions{}, said, true)
	eval(t, e, "Q = rpc:call('%s', erlang, whereis, [mortal]), exit(Q, oops)", p.node.Name())
	trapped := receive(t, said).(gen.MessageExitPID)
	require.Equal(t, etf.Term(etf.Atom("oops")), ergohost.Reason(trapped.Reason))
	require.Equal(t, "pong", eval(t, e, "gen_server:call(%s, ping)", p.at("mortal")))
	require.Equal(t, "killed", eval(t, e, `begin M = monitor(process, Q), exit(Q, kill),
		receive {'DOWN', M, process, _, R} -> R after 5000 -> nothing end end`))
	eventually(t, func() bool { _, err := p.ergo.ProcessState(actor); return err != nil })
}

func TestALinkTakesBothSidesDown(t *testing.T) {
	p := join(t, ergohost.Options{})
	e := beam.StartErl(t)
	said := make(chan any, 10)
	p.spawn(t, "mortal", gen.ProcessOptions{}, said)
	link := `(fun() ->
		P = rpc:call('%s', erlang, whereis, [mortal]), Me = self(),
		Linked = spawn_monitor(fun() ->
			link(P), pong = gen_server:call(P, ping), Me ! linked, receive R -> exit(R) end
		end),
		receive linked -> {P, Linked} after 5000 -> exit(nothing) end
	end)()`
	eval(t, e, "{_, {L, _}} = "+link, p.node.Name())
	eval(t, e, "L ! oops")
	require.Equal(t, etf.Term(etf.Atom("oops")), ergohost.Reason(receive(t, said).(error)))

	p.spawn(t, "mortal", gen.ProcessOptions{}, said)
	require.Equal(t, "because", eval(t, e, `begin {P2, {L2, M2}} = %s,
		gen_server:stop(P2, because, 5000),
		receive {'DOWN', M2, process, L2, Why} -> Why after 5000 -> nothing end end`,
		fmt.Sprintf(link, p.node.Name())))
}

func TestAFullMailboxRefusesCallsAndCountsWhatIsLost(t *testing.T) {
	p := join(t, ergohost.Options{})
	e := beam.StartErl(t)
	block := make(chan struct{})
	p.spawn(t, "narrow", gen.ProcessOptions{MailboxSize: 2, Env: map[gen.Env]any{"block": block}})
	at := p.at("narrow")
	require.Equal(t, "{error,mailbox_full}", eval(t, e, `begin
		Id = gen_server:send_request(%s, {block,x}),
		(fun F() -> case gen_server:wait_response(gen_server:send_request(%s, ping), 100) of
			timeout -> F(); {reply, R} -> R end end)()
	end`, at, at))
	eval(t, e, "%s ! one, %s ! two, %s ! three", at, at, at)
	eventually(t, func() bool { return p.host.Lost() == 3 })
	close(block)
	require.Equal(t, "ok", eval(t, e, "begin {reply, Ok} = gen_server:receive_response(Id, 5000), Ok end"))
	require.Contains(t, fmt.Sprint(p.logs.all()), "mailbox is full")
}

func TestACallThatIsNeverAnsweredIsForgottenAndReported(t *testing.T) {
	p := join(t, ergohost.Options{CallTime: 10 * time.Millisecond})
	e := beam.StartErl(t)
	p.spawn(t, "quiet", gen.ProcessOptions{})
	require.Equal(t, "{error,timeout}", eval(t, e, "gen_server:call(%s, silence)", p.at("quiet")))
	require.Contains(t, fmt.Sprint(p.logs.all()), "did not answer a call")
}
