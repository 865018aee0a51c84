package erlang

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
	"github.com/gonode-otp/gonode/gonodetest/beam"
)

// nameless is a server that takes the name of the request, or gives it back.
type nameless struct{}

func (nameless) Init(*genserv.Process, etf.Term) genserv.InitResult[int] { return genserv.Ok(0) }

func (nameless) HandleCall(p *genserv.Process, request etf.Term, _ genserv.From, n int) genserv.Result[int] {
	t := request.(etf.Tuple)
	name := t[1].(etf.Atom)
	var err error
	switch t[0] {
	case etf.Atom("register"):
		err = p.Register(name)
	case etf.Atom("unregister"):
		err = p.Unregister(name)
	case etf.Atom("stop"):
		return genserv.Stop(t[1], n)
	}
	if err != nil {
		return genserv.Reply(etf.Term(etf.Atom("badarg")), n)
	}
	return genserv.Reply(etf.Term(etf.Atom("true")), n)
}

// register(”, Pid) is true on a BEAM: the empty atom is a name like any other.
func TestTheEmptyAtomIsANameLikeAnyOther(t *testing.T) {
	n, e := start(t, config(t)), beam.StartErl(t)
	spawn(t, n, "first", genserv.Of(nameless{}))
	spawn(t, n, "second", genserv.Of(nameless{}))
	require.Equal(t, "[noproc,true,badarg,badarg,true,true,{registered_name,''},true,noproc,true,true,{'DOWN','',bye}]",
		e.Eval(t, fmt.Sprintf(`(fun(G) ->
			[P, O] = [rpc:call(G, erlang, whereis, [Name]) || Name <- [first,second]], S = {'',G},
			[true, true] = [gen_server:call(X, {unregister,Y}) || {X,Y} <- [{P,first},{O,second}]],
			None = fun() -> try gen_server:call(S, {x,''}) catch exit:{noproc,_} -> noproc end end,
			Whereis = fun() -> rpc:call(G, erlang, whereis, ['']) =:= P end,
			Before = None(),
			First = gen_server:call(P, {register,''}),
			[Before, First, gen_server:call(O, {register,''}), gen_server:call(P, {register,another}), Whereis(),
			 lists:member('', rpc:call(G, erlang, registered, [])),
			 rpc:call(G, erlang, process_info, [P, registered_name]),
			 gen_server:call(S, {unregister,''}), None(), gen_server:call(P, {register,''}),
			 is_reference(put(m, monitor(process, S))) =:= false,
			 begin M = get(m), catch gen_server:call(S, {stop,bye}),
				receive {'DOWN', M, process, {N,G}, Why} -> {'DOWN', N, Why} end end]
			end)('%s')`, n.Name())))
}
