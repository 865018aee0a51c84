package kernel

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
)

// fakeHost is a node with one process, whose name is server, and some peers.
type fakeHost struct {
	process fakeProcess
	peers   []Peer
	allowed []etf.Atom
	asked   etf.Tuple // the last call: {To, Request}
	answer  etf.Term
	err     error
}

const self = etf.Atom("self@h")

func (h *fakeHost) Whereis(name etf.Atom) (etf.Pid, bool) { return pid(1), name == "server" }
func (h *fakeHost) Registered() etf.List                  { return etf.Atoms("server") }
func (h *fakeHost) Processes() etf.List                   { return etf.List{pid(2), pid(1)} }
func (h *fakeHost) Name() etf.Atom                        { return self }
func (h *fakeHost) Peers() []Peer                         { return h.peers }
func (h *fakeHost) Allow(nodes []etf.Atom)                { h.allowed = append(h.allowed, nodes...) }
func (h *fakeHost) Allowed() []etf.Atom                   { return h.allowed }
func (h *fakeHost) Run(work func(context.Context))        { work(context.Background()) }

func (h *fakeHost) Process(p etf.Pid) Process {
	if p == pid(1) {
		return &h.process
	}
	return nil
}

func (h *fakeHost) Ping(_ context.Context, name etf.Atom) error    { return h.reach(name) }
func (h *fakeHost) Connect(_ context.Context, name etf.Atom) error { return h.reach(name) }
func (h *fakeHost) Disconnect(name etf.Atom) bool                  { return h.reach(name) == nil }

func (h *fakeHost) reach(name etf.Atom) error {
	if slices.ContainsFunc(h.peers, func(p Peer) bool { return p.Name == name }) {
		return nil
	}
	return errors.New("nobody there")
}

func (h *fakeHost) CallServer(_ context.Context, to, request etf.Term) (etf.Term, error) {
	h.asked = etf.Tuple{to, request}
	return h.answer, h.err
}

func (h *fakeHost) CallSystem(ctx context.Context, to, request etf.Term) (etf.Term, error) {
	if _, limited := ctx.Deadline(); !limited {
		to = etf.Tuple{etf.Atom("unlimited"), to}
	}
	return h.CallServer(ctx, to, request)
}

// fakeProcess counts what it is asked for.
type fakeProcess struct {
	name, initial etf.Term
	asked         map[etf.Atom]int
}

func (p *fakeProcess) IsAlive() bool { return true }

func (p *fakeProcess) Get(key etf.Term) (etf.Term, bool) {
	return p.initial, p.initial != nil && etf.IsAtom(key, "$initial_call")
}

func (p *fakeProcess) Info(item etf.Atom) etf.Term {
	if p.asked == nil {
		p.asked = map[etf.Atom]int{}
	}
	p.asked[item]++
	switch item {
	case "registered_name":
		return p.name
	case "heap_size", "trace":
		return nil
	}
	return etf.Atom("asked")
}

func pid(id uint32) etf.Pid { return etf.Pid{Node: self, ID: id, Creation: 1} }

// exported returns the functions of a node.
func exported(h *fakeHost) *Functions {
	functions := NewFunctions(slog.New(slog.DiscardHandler))
	Export(functions, h)
	return functions
}

// apply applies a function and shows what comes of it: the result, or {Class, Reason}.
func apply(t *testing.T, h *fakeHost, module, function etf.Atom, args ...etf.Term) string {
	result, failure := exported(h).Apply(t.Context(), module, function, args)
	if failure != nil {
		return etf.Format(etf.Tuple{failure.Class, failure.Reason})
	}
	return etf.Format(result)
}

const badarg = "{error,badarg}"

func TestOperatorsFindTheirWayOnANode(t *testing.T) {
	h := &fakeHost{}
	require.Equal(t, "self@h", apply(t, h, "erlang", "node"))
	require.Equal(t, "[server]", apply(t, h, "erlang", "registered"))
	require.Equal(t, etf.Format(pid(1)), apply(t, h, "erlang", "whereis", etf.Atom("server")))
	require.Equal(t, "undefined", apply(t, h, "erlang", "whereis", etf.Atom("nobody")))
	require.Equal(t, badarg, apply(t, h, "erlang", "whereis", pid(1)))
	require.Equal(t, etf.Format(etf.List{pid(1), pid(2)}), apply(t, h, "erlang", "processes"))
	require.Equal(t, "true", apply(t, h, "erlang", "is_process_alive", pid(1)))
	require.Equal(t, "false", apply(t, h, "erlang", "is_process_alive", pid(9)))
	require.Equal(t, badarg, apply(t, h, "erlang", "is_process_alive", etf.Pid{Node: "other@h", ID: 1, Creation: 1}))
}

func TestAnInitialCallIsThatOfTheDictionary(t *testing.T) {
	h := &fakeHost{process: fakeProcess{initial: etf.Tuple{etf.Atom("adder"), etf.Atom("init"), etf.Int(2)}}}
	require.Equal(t, "{adder,init,2}", apply(t, h, "proc_lib", "translate_initial_call", pid(1)))
	require.Equal(t, "{adder,init,['Argument__1','Argument__2']}", apply(t, h, "proc_lib", "initial_call", pid(1)))
	for _, odd := range []etf.Term{nil, etf.Atom("x"), etf.Tuple{etf.Atom("a"), etf.Atom("b"), etf.Atom("c")},
		etf.Tuple{etf.Atom("a"), etf.Atom("b"), etf.Int(-1)}, etf.Tuple{etf.Atom("a"), etf.Atom("b"), etf.Int(1 << 40)}} {
		h.process.initial = odd
		require.Equal(t, "{proc_lib,init_p,5}", apply(t, h, "proc_lib", "translate_initial_call", pid(1)))
		require.Equal(t, "false", apply(t, h, "proc_lib", "initial_call", pid(1)))
	}
}

func TestProcessInfoTellsWhatWasAskedFor(t *testing.T) {
	h := &fakeHost{process: fakeProcess{name: etf.List{}}}
	require.Equal(t, "{heap_size,0}", apply(t, h, "erlang", "process_info", pid(1), etf.Atom("heap_size")))
	require.Equal(t, "{links,asked}", apply(t, h, "erlang", "process_info", pid(1), etf.Atom("links")))
	require.Equal(t, "[{trace,0},{status,asked}]",
		apply(t, h, "erlang", "process_info", pid(1), etf.Atoms("trace", "status")))
	require.Equal(t, "[]", apply(t, h, "erlang", "process_info", pid(1), etf.Atom("registered_name")))
	require.Equal(t, "[{registered_name,[]}]",
		apply(t, h, "erlang", "process_info", pid(1), etf.Atoms("registered_name")))
	require.NotContains(t, apply(t, h, "erlang", "process_info", pid(1)), "registered_name")
	require.Equal(t, "undefined", apply(t, h, "erlang", "process_info", pid(9)))
	for _, item := range []etf.Term{etf.Atom("bogus"), etf.Int(1), etf.Atoms("links", "bogus")} {
		require.Equal(t, badarg, apply(t, h, "erlang", "process_info", pid(9), item), "before the process is looked for")
	}
}

func TestAnItemThatIsAskedForAgainAndAgainIsLookedAtOnce(t *testing.T) {
	h := &fakeHost{}
	info, failure := exported(h).Apply(t.Context(), "erlang", "process_info",
		etf.List{pid(1), etf.List(slices.Repeat(etf.List{etf.Atom("links")}, 500))})
	require.Nil(t, failure)
	require.Len(t, info, 500)
	require.Equal(t, 1, h.process.asked["links"])
}

func TestNodesAreToldByTheirKind(t *testing.T) {
	h := &fakeHost{peers: []Peer{{Name: "b@h"}, {Name: "a@h", Hidden: true}}}
	require.Equal(t, "[b@h]", apply(t, h, "erlang", "nodes"))
	for kind, want := range map[string]string{"visible": "[b@h]", "hidden": "[a@h]", "connected": "[a@h,b@h]",
		"known": "[a@h,b@h,self@h]", "this": "[self@h]", "[this, hidden, this]": "[a@h,self@h]", "[]": "[]",
		"other": badarg, "[this, 1]": badarg} {
		term, err := etf.Parse(kind)
		require.NoError(t, err)
		require.Equal(t, want, apply(t, h, "erlang", "nodes", term), kind)
	}
	require.Equal(t, "pong", apply(t, h, "net_adm", "ping", etf.Atom("a@h")))
	require.Equal(t, "pang", apply(t, h, "net_adm", "ping", etf.Atom("c@h")))
	require.Equal(t, badarg, apply(t, h, "net_adm", "ping", etf.Int(1)))
	require.Equal(t, "true", apply(t, h, "net_kernel", "connect_node", self), "a node is connected with itself")
	require.Equal(t, "false", apply(t, h, "net_kernel", "connect_node", etf.Atom("c@h")))
	require.Equal(t, "true", apply(t, h, "erlang", "disconnect_node", etf.Atom("b@h")))
	require.Equal(t, "error", apply(t, h, "net_kernel", "allow", etf.List{etf.Atom("a@h"), etf.Int(1)}))
	require.Equal(t, "{ok,[]}", apply(t, h, "net_kernel", "allowed"))
	require.Equal(t, "ok", apply(t, h, "net_kernel", "allow", etf.Atoms("a@h")))
	require.Equal(t, "{ok,[a@h]}", apply(t, h, "net_kernel", "allowed"))
}

func TestFunctionsOfSysCallWithTheirTimeOut(t *testing.T) {
	h := &fakeHost{answer: etf.Tuple{etf.Atom("ok"), etf.Int(7)}}
	server := etf.Atom("server")
	require.Equal(t, "7", apply(t, h, "sys", "get_state", server))
	require.Equal(t, "{server,get_state}", etf.Format(h.asked))
	require.Equal(t, "7", apply(t, h, "sys", "get_state", server, etf.Atom("infinity")))
	require.Equal(t, "{{unlimited,server},get_state}", etf.Format(h.asked))
	require.Equal(t, badarg, apply(t, h, "sys", "get_state", server, etf.Int(-1)))
	apply(t, h, "sys", "change_code", server, etf.Atom("m"), etf.Int(1), etf.Int(2), etf.Int(10))
	require.Equal(t, "{server,{change_code,m,1,2}}", etf.Format(h.asked))
	h.err = &genserv.CallFailure{To: server, Err: genserv.ErrNoProc}
	require.Equal(t, "{exit,{noproc,{sys,suspend,[server]}}}", apply(t, h, "sys", "suspend", server))
	require.Equal(t, "{exit,{noproc,{gen_server,call,[server,{delete_child,a},infinity]}}}",
		apply(t, h, "supervisor", "delete_child", server, etf.Atom("a")))
}

func TestAGlobalNameIsAskedOfHiddenNodesLast(t *testing.T) {
	var asked []etf.Atom
	peer := func(name etf.Atom, hidden bool, answer etf.Term, err error) Peer {
		return Peer{Name: name, Hidden: hidden,
			Apply: func(_ context.Context, module, function etf.Atom, args etf.List) (etf.Term, error) {
				require.Equal(t, "{global,whereis_name,[shop]}", etf.Format(etf.Tuple{module, function, args}))
				asked = append(asked, name)
				return answer, err
			}}
	}
	none := errors.New("undef")
	peers := []Peer{peer("hidden@h", true, pid(3), nil), peer("go@h", false, nil, none),
		peer("a@h", false, etf.Atom("undefined"), nil)}
	found, ok, err := WhereisGlobal(t.Context(), peers, etf.Atom("shop"))
	require.NoError(t, err)
	require.True(t, ok)
	require.Equal(t, pid(3), found)
	require.Equal(t, []etf.Atom{"go@h", "a@h", "hidden@h"}, asked)
	_, ok, err = WhereisGlobal(t.Context(), []Peer{peer("go@h", false, nil, none)}, etf.Atom("shop"))
	require.False(t, ok)
	require.ErrorIs(t, err, none)
}
