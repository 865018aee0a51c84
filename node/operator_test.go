package node

import (
	"context"
	"log/slog"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
)

// oddTerms are arguments that hardly any function expects in every place.
var oddTerms = etf.List{etf.Atom("nobody"), etf.Atom(""), etf.Atom("true"), etf.Int(-1), etf.Int(1 << 40), etf.Float(1),
	etf.Binary("x"), etf.List{}, etf.Charlist("abc"), etf.List{etf.Atom("level"), etf.Tuple{}}, etf.Tuple{},
	etf.Tuple{etf.Atom("global"), etf.Int(1)}, etf.Map{{Key: etf.Atom("level"), Value: etf.Int(1)}}, etf.Map{},
	etf.ImproperList{Elems: []etf.Term{etf.Int(1)}, Tail: etf.Int(2)}, &etf.Fun{Module: "m"},
	etf.Export{Module: "m", Function: "f", Arity: 1}}

// eachOdd calls f with lists of odd terms, every one in every place.
func eachOdd(arity int, f func(etf.List)) {
	args := make(etf.List, arity)
	var fill func(i int)
	fill = func(i int) {
		if i == arity {
			f(slices.Clone(args))
			return
		}
		for _, t := range oddTerms {
			args[i] = t
			fill(i + 1)
		}
	}
	fill(0)
}

func TestNoFunctionOfANodePanicsWhateverItIsGiven(t *testing.T) {
	n := testNode(t, Config{NoListen: true, Operators: OperatorsChange, LogLevel: new(slog.LevelVar),
		Logger: slog.New(slog.DiscardHandler)})
	type name struct {
		module, function etf.Atom
		arity            int
	}
	var all []name
	n.functions.Each(func(module, function etf.Atom, arity int) { all = append(all, name{module, function, arity}) })
	ending := []etf.Atom{"halt", "stop", "restart", "reboot"}
	for _, f := range all {
		if slices.Contains(ending, f.function) || f.arity > 2 && f.module != "erlang" {
			continue
		}
		eachOdd(f.arity, func(args etf.List) {
			ctx, cancel := context.WithCancel(t.Context())
			cancel() // nobody waits for what a function would have to wait for
			_, failure := n.functions.Apply(ctx, f.module, f.function, args)
			if failure != nil {
				text := etf.FormatMax(failure.Reason, 500)
				require.False(t, strings.Contains(text, "runtime error") || strings.Contains(text, "interface conversion"),
					"%s:%s(%s): %s", f.module, f.function, etf.FormatMax(args, 300), text)
			}
		})
	}
}

func TestAServerTellsTheCallbackThatRunsAndTheMessagesThatWait(t *testing.T) {
	n := testNode(t, Config{NoListen: true})
	s := &holding{began: make(chan struct{}), proceed: make(chan struct{})}
	pid, err := n.Spawn(t.Context(), genserv.Child{Module: genserv.Of(s)})
	require.NoError(t, err)
	info := processInfo{n.registry.byPid(pid)}
	require.Nil(t, info.Info("current_function"), "it waits")
	require.Equal(t, etf.Int(0), info.Info("reductions"))
	for _, msg := range []etf.Term{etf.Tuple{etf.Atom("$gen_cast"), etf.Int(1)}, etf.Atom("a"), etf.Atom("b"), etf.Atom("c")} {
		require.NoError(t, n.Send(t.Context(), pid, msg))
	}
	<-s.began
	require.Equal(t, "{holding,handle_cast,2}", etf.Format(info.Info("current_function")))
	require.Equal(t, "running", etf.Format(info.Info("status")))
	require.Equal(t, "[a,b,c]", etf.Format(info.Info("messages")))
	require.Equal(t, etf.Int(3), info.Info("message_queue_len"))
	require.Equal(t, etf.Int(1), info.Info("reductions"))
	s.proceed <- struct{}{}
	<-s.began
	require.Equal(t, "{holding,handle_info,2}", etf.Format(info.Info("current_function")))
	require.Equal(t, "[b,c]", etf.Format(info.Info("messages")))
	require.Equal(t, etf.Int(2), info.Info("message_queue_len"))
	require.Equal(t, etf.Int(2), info.Info("reductions"))
	close(s.proceed)
	<-s.began
	<-s.began
	_, err = n.Call(t.Context(), pid, etf.Atom("x"))
	require.NoError(t, err)
	require.Equal(t, etf.Int(5), info.Info("reductions"))
}

// holding is a server that waits in each callback but for calls.
type holding struct{ began, proceed chan struct{} }

func (*holding) ModuleName() etf.Atom { return "holding" }

func (*holding) MayBlock() bool { return true }

func (*holding) Init(*genserv.Process, etf.Term) genserv.InitResult[int] { return genserv.Ok(0) }

func (*holding) HandleCall(_ *genserv.Process, _ etf.Term, _ genserv.From, s int) genserv.Result[int] {
	return genserv.Reply(etf.Int(s), s)
}

func (h *holding) hold() {
	h.began <- struct{}{}
	<-h.proceed
}

func (h *holding) HandleCast(_ *genserv.Process, _ etf.Term, s int) genserv.Result[int] {
	h.hold()
	return genserv.NoReply(s)
}

func (h *holding) HandleInfo(_ *genserv.Process, _ etf.Term, s int) genserv.Result[int] {
	h.hold()
	return genserv.NoReply(s)
}

func TestTheMemoryOfAProcessGrowsWithItsMessages(t *testing.T) {
	n := testNode(t, Config{NoListen: true})
	s := &holding{began: make(chan struct{}), proceed: make(chan struct{})}
	pid, err := n.Spawn(t.Context(), genserv.Child{Module: genserv.Of(s)})
	require.NoError(t, err)
	memory := func() int { return int(processInfo{n.registry.byPid(pid)}.Info("memory").(etf.Int)) }
	idle := memory()
	require.Greater(t, idle, 500)
	require.NoError(t, n.Send(t.Context(), pid, etf.Atom("first")))
	<-s.began
	busy := memory()
	for range 1000 {
		require.NoError(t, n.Send(t.Context(), pid, etf.Binary(make([]byte, 1000))))
	}
	require.InDelta(t, busy+1_000_000, memory(), 100_000)
	n.exitSignal(n.self, pid, kill, nil)
	close(s.proceed)
}
