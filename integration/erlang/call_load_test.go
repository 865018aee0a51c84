package erlang

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
	"github.com/gonode-otp/gonode/gonodetest/beam"
)

// recorder keeps every cast it gets and answers get with all of them.
type recorder struct{}

func (recorder) Init(*genserv.Process, etf.Term) genserv.InitResult[etf.List] {
	return genserv.Ok(etf.List(nil))
}

func (recorder) HandleCall(_ *genserv.Process, _ etf.Term, _ genserv.From, seen etf.List) genserv.Result[etf.List] {
	return genserv.Reply(seen, seen)
}

func (recorder) HandleCast(_ *genserv.Process, request etf.Term, seen etf.List) genserv.Result[etf.List] {
	return genserv.NoReply(append(seen, request))
}

func TestTenThousandCastsOfOneProcessArriveCompleteAndInOrder(t *testing.T) {
	n := startSamples(t)
	spawn(t, n, "recorder", genserv.Of(recorder{}))
	e := beam.StartErl(t)
	require.Equal(t, "true", e.Eval(t, at(n, `begin
		S = {recorder,'gonode@host'}, L = lists:seq(1, 10000),
		[gen_server:cast(S, I) || I <- L],
		gen_server:call(S, get, 60000) =:= L
	end`)))
}

func TestTwoHundredProcessesCallAtOnceAndAllGetTheirOwnAnswers(t *testing.T) {
	n := startSamples(t)
	e := beam.StartErl(t)
	require.Equal(t, "20000", e.Eval(t, at(n, `begin
		S = {echo,'gonode@host'}, Me = self(),
		One = fun(P) -> length([I || I <- lists:seq(1, 100), gen_server:call(S, {P,I}, 60000) =:= {P,I}]) end,
		[spawn_link(fun() -> Me ! {done, One(P)} end) || P <- lists:seq(1, 200)],
		lists:sum([receive {done, K} -> K end || _ <- lists:seq(1, 200)])
	end`)))
}
