package erlang

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
	"github.com/gonode-otp/gonode/gonodetest/beam"
)

// loner starts a server without a link to it, and answers with its pid.
type loner struct{}

func (loner) Init(p *genserv.Process, _ etf.Term) genserv.InitResult[int] {
	p.Put(etf.Atom("color"), etf.Atom("red"))
	return genserv.Ok(0)
}

func (loner) HandleCall(p *genserv.Process, _ etf.Term, _ genserv.From, n int) genserv.Result[int] {
	pid, err := p.Spawn(genserv.Child{Module: genserv.Of(loner{})})
	if err != nil {
		panic(err)
	}
	return genserv.Reply(etf.Term(pid), n)
}

func TestProcessInfoTellsTheParentThatHasNoLinkAndSingleKeysOfTheDictionary(t *testing.T) {
	n, e := start(t, config(t)), beam.StartErl(t)
	spawn(t, n, "loner", genserv.Of(loner{}))
	require.Equal(t,
		"[{parent,true},{links,[]},{fullsweep_after,65535},{{dictionary,color},red},{{dictionary,taste},undefined}]",
		e.Eval(t, fmt.Sprintf(`(fun(G) ->
			C = gen_server:call({loner,G}, spawn),
			P = rpc:call(G, erlang, whereis, [loner]),
			[{parent,Parent}|Others] = rpc:call(G, erlang, process_info,
				[C, [parent,links,fullsweep_after,{dictionary,color},{dictionary,taste}]]),
			[{parent,Parent =:= P}|Others] end)('%s')`, n.Name())))
}

func TestErpcWithArgumentsThatAreNoneFailsAsOnABeam(t *testing.T) {
	n, e, other := start(t, config(t)), beam.StartErl(t), beam.StartErl(t)
	for _, args := range []string{"[a|b]", "lists:seq(1, 300)"} {
		both := e.Eval(t, fmt.Sprintf(`(fun(Nodes, A) ->
			Trim = fun F([{M,Fun,As,_}|_]) -> {M,Fun,As}; 
				F(T) when is_tuple(T) -> list_to_tuple([F(X) || X <- tuple_to_list(T)]); F(X) -> X end,
			[{try erpc:call(N, erlang, node, A) catch C:R -> {C,Trim(R)} end, Trim(rpc:call(N, erlang, node, A)),
			  Trim(rpc:block_call(N, erlang, node, A))} || N <- Nodes] end)(['%s','%s'], %s)`,
			n.Name(), other.Name(), args))
		pair, err := etf.Parse(both)
		require.NoError(t, err)
		require.Equal(t, etf.Format(pair.(etf.List)[1]), etf.Format(pair.(etf.List)[0]), args)
	}
}
