package pg_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/examples/echo"
	"github.com/gonode-otp/gonode/genserv"
	"github.com/gonode-otp/gonode/gonodetest/beam"
	"github.com/gonode-otp/gonode/node"
	"github.com/gonode-otp/gonode/pg"
)

// erl is a BEAM node with a scope pg, a process keeper that makes members, and its answers about groups.
type erl struct{ *beam.Node }

func startBeam(t testing.TB, opts ...beam.Option) erl {
	b := erl{beam.StartErl(t, opts...)}
	b.Eval(t, "{ok, _} = pg:start(pg)")
	return b
}

// spawn starts a process registered as name.
func (b erl) spawn(t *testing.T, name string) {
	b.Eval(t, fmt.Sprintf("true = register(%s, spawn(fun() -> receive stop -> ok end end))", name))
}

func (b erl) pid(t *testing.T, name string) etf.Pid {
	t.Helper()
	return parsePid(t, b.Eval(t, fmt.Sprintf(
		`lists:append([io_lib:format("~2.16.0B", [B]) || <<B>> <= term_to_binary(whereis(%s))])`, name)))
}

func parsePid(t *testing.T, hex string) etf.Pid {
	t.Helper()
	return parseTerm(t, hex).(etf.Pid)
}

func parsePids(t *testing.T, hex string) (pids []etf.Pid) {
	t.Helper()
	for _, pid := range parseTerm(t, hex).(etf.List) {
		pids = append(pids, pid.(etf.Pid))
	}
	return pids
}

// parseTerm reads the external form of a term, in hexadecimal digits.
func parseTerm(t *testing.T, hex string) etf.Term {
	t.Helper()
	hex = strings.Trim(hex, `<>"`)
	data := make([]byte, len(hex)/2)
	_, err := fmt.Sscanf(hex, "%X", &data)
	require.NoError(t, err)
	term, err := etf.Decode(data)
	require.NoError(t, err)
	return term
}

// members waits until the BEAM has as many members as it should.
func (b erl) members(t *testing.T, group string, want int) {
	t.Helper()
	require.Eventually(t, func() bool {
		return b.Eval(t, fmt.Sprintf("length(pg:get_members(%s))", group)) == fmt.Sprint(want)
	}, 10*time.Second, 20*time.Millisecond, "members of %s on %s", group, b.Name())
}

// goNode is a node with a scope pg, connected with a BEAM.
func goNode(t testing.TB, name string, b erl, visible bool) (*node.Node, *pg.Scope) {
	t.Helper()
	_, host, _ := strings.Cut(b.Name(), "@")
	n, err := node.Start(t.Context(), node.Config{Name: name + "@" + host, EPMDPort: uint16(b.EPMDPort()),
		Listen: "0.0.0.0", Visible: visible, Cookies: map[string]string{b.Name(): b.Cookie()}})
	require.NoError(t, err)
	t.Cleanup(func() { _ = n.Stop(context.Background()) })
	require.NoError(t, n.Connect(t.Context(), etf.Atom(b.Name())))
	s, err := pg.Start(t.Context(), n, pg.DefaultScope)
	require.NoError(t, err)
	return n, s
}

func spawn(t testing.TB, n *node.Node) etf.Pid {
	t.Helper()
	pid, err := n.Spawn(t.Context(), genserv.Child{Module: genserv.Of(echo.Server{})})
	require.NoError(t, err)
	return pid
}

// eventually waits until a group has these members and no others.
func eventually(t *testing.T, s *pg.Scope, group etf.Term, want ...etf.Pid) {
	t.Helper()
	slices.SortFunc(want, comparePids)
	require.Eventually(t, func() bool {
		have := s.Members(group)
		slices.SortFunc(have, comparePids)
		return slices.Equal(want, have)
	}, 10*time.Second, 10*time.Millisecond, "members of %v: %v, want %v", group, s.Members(group), want)
}

func comparePids(a, b etf.Pid) int { return etf.Compare(a, b) }

func TestAHiddenNodeAndABEAMSeeTheSameMembers(t *testing.T) {
	for _, visible := range []bool{false, true} {
		t.Run(fmt.Sprintf("visible %v", visible), func(t *testing.T) {
			b := startBeam(t)
			b.spawn(t, "first")
			b.Eval(t, "pg:join(workers, whereis(first))")
			scope := b.Eval(t, "whereis(pg)")
			n, s := goNode(t, "member", b, visible)
			first := b.pid(t, "first")
			eventually(t, s, etf.Atom("workers"), first)

			one, two := spawn(t, n), spawn(t, n)
			require.NoError(t, s.Join(t.Context(), etf.Atom("workers"), one, two))
			require.NoError(t, s.Join(t.Context(), etf.Tagged("room", etf.Int(1)), two, two))
			b.members(t, "workers", 3)
			b.members(t, "{room,1}", 2)
			require.ElementsMatch(t, []etf.Pid{one, two}, s.LocalMembers(etf.Atom("workers")))
			require.Equal(t, "[]", b.Eval(t, "pg:get_local_members({room,1})"))

			b.spawn(t, "second")
			b.Eval(t, "pg:join(workers, [whereis(second), whereis(first)])")
			second := b.pid(t, "second")
			eventually(t, s, etf.Atom("workers"), one, two, first, first, second)
			b.Eval(t, "pg:leave(workers, whereis(first))")
			eventually(t, s, etf.Atom("workers"), one, two, first, second)
			b.Eval(t, "exit(whereis(second), kill)")
			eventually(t, s, etf.Atom("workers"), one, two, first)

			require.NoError(t, s.Leave(t.Context(), etf.Tagged("room", etf.Int(1)), two))
			b.members(t, "{room,1}", 1)
			require.ErrorIs(t, s.Leave(t.Context(), etf.Tagged("room", etf.Int(1)), one), pg.ErrNotJoined)
			require.NoError(t, n.Terminate(t.Context(), two, etf.Atom("normal")))
			b.members(t, "{room,1}", 0)
			b.members(t, "workers", 2)
			require.Equal(t, []etf.Term{etf.Atom("workers")}, s.WhichGroups())
			var away *pg.NotLocalError
			require.ErrorAs(t, s.Join(t.Context(), etf.Atom("workers"), first), &away)

			require.Equal(t, scope, b.Eval(t, "whereis(pg)"), "the scope of the BEAM is the one that was started")
		})
	}
}

func TestAScopeThatStartsLaterOrAnewIsFound(t *testing.T) {
	b := erl{beam.StartErl(t)}
	n, s := goNode(t, "early", b, false)
	one := spawn(t, n)
	require.NoError(t, s.Join(t.Context(), etf.Atom("g"), one))
	b.Eval(t, "{ok, _} = pg:start(pg)")
	b.members(t, "g", 1)
	for range 2 {
		b.spawn(t, "late")
		b.Eval(t, "pg:join(g, whereis(late))")
		eventually(t, s, etf.Atom("g"), one, b.pid(t, "late"))
		b.Eval(t, `(fun(P) -> R = monitor(process, P), exit(P, kill),
			receive {'DOWN', R, _, _, _} -> ok end end)(whereis(pg))`)
		eventually(t, s, etf.Atom("g"), one)
		b.Eval(t, "begin exit(whereis(late), kill), {ok, _} = pg:start(pg) end")
		b.members(t, "g", 1)
	}
}

func TestGroupsHealAfterTheConnectionIsLost(t *testing.T) {
	b := startBeam(t)
	n, s := goNode(t, "cut", b, false)
	one := spawn(t, n)
	require.NoError(t, s.Join(t.Context(), etf.Atom("g"), one))
	b.spawn(t, "far")
	b.Eval(t, "pg:join(g, whereis(far))")
	far := b.pid(t, "far")
	eventually(t, s, etf.Atom("g"), one, far)
	b.members(t, "g", 2)
	for range 3 {
		events, now := s.Subscribe(etf.Atom("g"))
		require.Len(t, now, 2)
		n.Disconnect(etf.Atom(b.Name()))
		e, err := events.Next(t.Context())
		require.NoError(t, err)
		require.Equal(t, pg.Event{Group: etf.Atom("g"), Pids: []etf.Pid{far}}, e)
		events.Close()
		b.members(t, "g", 1)
		require.Empty(t, n.Nodes(), "a scope connects to nobody")
		require.NoError(t, n.Connect(t.Context(), etf.Atom(b.Name())))
		eventually(t, s, etf.Atom("g"), one, far)
		b.members(t, "g", 2)
	}
}

func TestABEAMAsksAGoNodeForMembersByRPC(t *testing.T) {
	b := startBeam(t)
	n, s := goNode(t, "asked", b, false)
	one := spawn(t, n)
	require.NoError(t, s.Join(t.Context(), etf.Atom("g"), one))
	b.members(t, "g", 1)
	call := func(f, args string) string {
		return b.Eval(t, fmt.Sprintf("rpc:call('%s', pg, %s, %s)", n.Name(), f, args))
	}
	require.Equal(t, "true", b.Eval(t, fmt.Sprintf("pg:get_members(g) =:= rpc:call('%s', pg, get_members, [g])",
		n.Name())))
	require.Equal(t, call("get_members", "[pg, g]"), call("get_local_members", "[g]"))
	require.Equal(t, "[g]", call("which_groups", "[]"))
	require.Equal(t, "[g]", call("which_local_groups", "[pg]"))
	require.Equal(t, "[]", call("get_members", "[nosuch, g]"), "as OTP answers for a scope that is not there")
	require.Equal(t, "ok", b.Eval(t, fmt.Sprintf("rpc:call('%s', pg, leave, [g, hd(pg:get_members(g))])", n.Name())))
	b.members(t, "g", 0)
	require.Equal(t, "not_joined", b.Eval(t, fmt.Sprintf("gen_server:call({pg, '%s'}, {leave_local, g, []})", n.Name())))
	require.Contains(t, b.Eval(t, fmt.Sprintf("gen_server:call({pg, '%s'}, {join_local, g, self()})", n.Name())),
		"nolocal")
}

func TestABEAMMonitorsTheGroupsOfAGoNode(t *testing.T) {
	b := startBeam(t)
	n, s := goNode(t, "watched", b, false)
	one := spawn(t, n)
	b.Eval(t, fmt.Sprintf("begin {R, []} = gen_server:call({pg, '%s'}, {monitor, g}), put(r, R) end", n.Name()))
	require.NoError(t, s.Join(t.Context(), etf.Atom("g"), one))
	require.NoError(t, s.Join(t.Context(), etf.Atom("other"), one))
	require.NoError(t, n.Terminate(t.Context(), one, etf.Atom("normal")))
	require.Equal(t, "true", b.Eval(t, `begin R1 = get(r), P1 = receive {R1, join, g, [P0]} -> P0 end,
		receive {R1, leave, g, [P1]} -> true end end`))
	require.Equal(t, "ok", b.Eval(t, fmt.Sprintf("gen_server:call({pg, '%s'}, {demonitor, get(r)})", n.Name())))
	require.Equal(t, "false", b.Eval(t, fmt.Sprintf("gen_server:call({pg, '%s'}, {demonitor, get(r)})", n.Name())))
}

func TestWhatIsNoMessageOfPgHurtsNobody(t *testing.T) {
	b := startBeam(t)
	n, s := goNode(t, "tough", b, false)
	one := spawn(t, n)
	require.NoError(t, s.Join(t.Context(), etf.Atom("g"), one))
	b.members(t, "g", 1)
	to := fmt.Sprintf("{pg, '%s'}", n.Name())
	for _, bad := range []string{"hello", "{discover, x}", "{sync, self(), [{g, [x]}]}", "{join, self(), g, x}",
		"{leave, self(), x, y}", "{join, self(), g, self()}", "{update, self(), x}", "{discover, self(), 1, 2}"} {
		b.Eval(t, fmt.Sprintf("begin %s ! %s, gen_server:cast(%s, %s) end", to, bad, to, bad))
	}
	stranger := etf.Pid{Node: "nobody@nowhere", ID: 7, Creation: 9}
	require.NoError(t, n.Cast(t.Context(), etf.Atom("pg"), etf.Tagged("sync", stranger, etf.List{})))
	require.Equal(t, "{error,badarg}", b.Eval(t, fmt.Sprintf("gen_server:call(%s, what)", to)))
	eventually(t, s, etf.Atom("g"), one)
	b.members(t, "g", 1)
	require.NotContains(t, n.Nodes(), stranger.Node)
}
