package erlang

import (
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
	"github.com/gonode-otp/gonode/gonodetest/beam"
)

// script executes instructions on both nodes.
func (w *twins) script(instructions string) (otp, our string) {
	w.t.Helper()
	return w.ask(`release_handler_1:eval_script([point_of_no_return,` + instructions + `])`)
}

// A removed application comes back as in OTP. A module that children run is removed in OTP, which loads it again if
// the node is interactive, and is otherwise the end of their supervisor; here that is refused.
func TestWhatAnUpgradeTakesAwayAndKeeps(t *testing.T) {
	w := startTwins(t)
	otp, our := w.script(`{apply,{application,stop,[demo]}},{apply,{application,unload,[demo]}}`)
	require.Equal(t, otp, our)
	w.same(`application:get_key(demo,vsn)`, `erlang:whereis(srv_a)`)
	otp, our = w.script(`{apply,{application,load,[demo]}},{apply,{application,start,[demo,transient]}}`)
	require.Equal(t, otp, our)
	w.same(`application:get_key(demo,vsn)`)
	w.serves(1)
	started := `lists:keyfind(demo, 1, proplists:get_value(started, rpc:call(NODE, application, info, []))).`
	require.Equal(t, "{demo,transient}", w.erl.Eval(t, at(w.n, strings.ReplaceAll(started, "NODE", "'gonode@host'"))))
	require.Equal(t, "{demo,transient}", w.erl.Eval(t, strings.ReplaceAll(started, "NODE", "node()")))

	otp, our = w.script(`{remove,{demo_srv,brutal_purge,brutal_purge}},{purge,[demo_srv]}`)
	require.Equal(t, "{ok,[]}", otp)
	require.Contains(t, our, "{'EXIT',{supervised_processes,demo_srv,[")
	require.Equal(t, "{1,srv_a,0}", w.erl.Eval(t, at(w.n, "gen_server:call({srv_a,'gonode@host'}, get).")))
}

// guarded is a server whose state is changed by others, under a lock.
type guarded struct{ state *guardedState }

type guardedState struct {
	mu    sync.Mutex
	Items map[string]int
}

func (g guarded) Init(*genserv.Process, etf.Term) genserv.InitResult[*guardedState] {
	return genserv.Ok(g.state)
}

func (guarded) HandleCall(_ *genserv.Process, request etf.Term, _ genserv.From,
	s *guardedState) genserv.Result[*guardedState] {
	if etf.IsAtom(request, "crash") {
		panic("a crash report shows the state")
	}
	return genserv.Reply(etf.Atom("ok"), s)
}

// A state that others change under its lock can be asked for at any time: looking through it could end the program.
func TestAskingForAStateThatOthersChangeEndsNothing(t *testing.T) {
	b, n := beam.StartErl(t), start(t, config(t))
	s := &guardedState{Items: map[string]int{}}
	_, err := n.Spawn(t.Context(), genserv.Child{Name: "guarded", Module: genserv.Of(guarded{s})})
	require.NoError(t, err)
	done := make(chan struct{})
	var work sync.WaitGroup
	work.Go(func() {
		for i := 0; ; i++ {
			select {
			case <-done:
				return
			default:
				s.mu.Lock()
				s.Items[strconv.Itoa(i%1000)] = i
				s.mu.Unlock()
			}
		}
	})
	require.Equal(t, "{no_term,<<\"*erlang.guardedState\">>}", b.Eval(t, at(n, `
		States = [sys:get_state({guarded,'gonode@host'}) || _ <- lists:seq(1, 50)],
		[sys:get_status({guarded,'gonode@host'}) || _ <- lists:seq(1, 50)],
		[{T, N, _}] = lists:usort(States), {T, N}.`)))
	require.Contains(t, b.Eval(t, at(n, `catch gen_server:call({guarded,'gonode@host'}, crash).`)), "EXIT")
	close(done)
	work.Wait()
}
