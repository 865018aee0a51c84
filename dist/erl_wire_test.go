//go:build unix

package dist_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/dist"
	"github.com/gonode-otp/gonode/etf"
)

func TestErlEchoesSmallMessages(t *testing.T) {
	overErl(t, func(t *testing.T, n *goNode) {
		for _, term := range []etf.Term{
			etf.Atom("ok"), etf.Atom(""), etf.Int(-1), etf.Binary("abc"), etf.Float(1.5), etf.Tuple{}, etf.List{},
			etf.Map{{Key: etf.Atom("k"), Value: etf.List{etf.Atom("ok")}}},
		} {
			require.Equal(t, term, n.echo(term))
			n.echoes(fmt.Sprint(term))
		}
		ids := etf.Tuple{n.pid(3), n.ref(1, 2, 3), n.longRef(1, 2, 3, 4, 5)}
		require.Equal(t, ids, n.echo(ids))
		n.echoes("{self(), make_ref(), fun lists:map/2, fun() -> 1 end, hd(erlang:ports())}")
		if n.conn.Peer().Flags.Has(dist.FlagAlias) {
			n.echoes("[alias|alias()]")
		}
	})
}

func TestErlEchoesLargeMessages(t *testing.T) {
	overErl(t, func(t *testing.T, n *goNode) {
		for _, size := range []int{8 << 10, 16 << 10, 64<<10 - 30, 64 << 10, 64<<10 + 1, 128 << 10, 1 << 20, 20 << 20} {
			b := make(etf.Binary, size)
			for i := range b {
				b[i] = byte(i * i >> 3)
			}
			require.Equal(t, b, n.echo(b))
			n.echoes(fmt.Sprintf("binary:copy(<<1,2,3,4,5,6,7>>, %d)", size/7))
		}
	})
}

func TestErlAndWeExchangeMoreAtomsThanTheCacheHolds(t *testing.T) {
	overErl(t, func(t *testing.T, n *goNode) {
		for round := range 30 {
			list := make(etf.List, 100)
			for i := range list {
				list[i] = etf.Atom(fmt.Sprintf("atom_%d_%d", round, i))
			}
			require.Equal(t, list, n.echo(list))
		}
		n.echoes(`[list_to_atom("b_" ++ integer_to_list(N)) || N <- lists:seq(1, 5000)]`)
		list := make(etf.List, 1000)
		for i := range list {
			list[i] = etf.Atom(fmt.Sprintf("many_%d", i))
		}
		for range 3 {
			require.Equal(t, list, n.echo(list))
			n.echoes(`[list_to_atom("c_" ++ integer_to_list(N)) || N <- lists:seq(1, 1000)]`)
		}
		long := etf.Atom("")
		for range 255 {
			long += "世"
		}
		require.Equal(t, long, n.echo(long))
		n.echoes("list_to_atom(lists:duplicate(255, 19990))")
		n.echoes("[list_to_atom([C || _ <- lists:seq(1,255)]) || C <- lists:seq(19990, 20300)]")
	})
}

// target is a process of the node that sends what it gets to our process 1, and traps exits if told to.
func (n *goNode) target(trap bool) etf.Pid {
	n.t.Helper()
	n.erl.Eval(n.t, fmt.Sprintf(`(fun() -> P = spawn(fun() -> process_flag(trap_exit, %v), (fun F(Our) -> receive
			{our, Pid} -> Pid ! {self(), ready}, F(Pid);
			{exit, R} -> exit(R);
			{do, Fun} -> Fun(Our), F(Our);
			M -> Our ! {got, M}, F(Our) end end)(none) end), catch unregister(target), register(target, P) end)()`, trap))
	n.send(&dist.RegSend{From: n.pid(1), To: "target"}, etf.Tuple{etf.Atom("our"), n.pid(1)})
	_, payload := n.next()
	return payload.(etf.Tuple)[0].(etf.Pid)
}

// do has the target run a piece of Erlang in which Our is our process.
func (n *goNode) do(body string) {
	n.t.Helper()
	n.erl.Eval(n.t, "target ! {do, fun(Our) -> "+body+" end}")
}

func (n *goNode) expect(m dist.Message, payload etf.Term) {
	n.t.Helper()
	got, term := n.next()
	require.Equal(n.t, m, got)
	require.Equal(n.t, payload, term)
}

// sent is what Send is on this connection when it comes from the node.
func (n *goNode) sent(from etf.Pid) *dist.Send {
	if !n.conn.Peer().Negotiated.Has(dist.FlagSendSender) {
		from = etf.Pid{}
	}
	return &dist.Send{From: from, To: n.pid(1)}
}

func TestErlAnswersMonitors(t *testing.T) {
	overErl(t, func(t *testing.T, n *goNode) {
		ref := n.ref(5, 6, 7)
		n.send(&dist.MonitorP{From: n.pid(1), To: dist.ByName("nobody"), Ref: ref}, nil)
		n.expect(&dist.MonitorPExit{From: dist.ByName("nobody"), To: n.pid(1), Ref: ref}, etf.Atom("noproc"))
		p := n.target(false)
		byName, byPid, taken := n.ref(1), n.ref(2, 2), n.longRef(3, 3, 3, 3, 3)
		n.send(&dist.MonitorP{From: n.pid(1), To: dist.ByName("target"), Ref: byName}, nil)
		n.send(&dist.MonitorP{From: n.pid(1), To: dist.ByPid(p), Ref: taken}, nil)
		n.send(&dist.DemonitorP{From: n.pid(1), To: dist.ByPid(p), Ref: taken}, nil)
		n.send(&dist.Send{From: n.pid(1), To: p}, etf.Tuple{etf.Atom("exit"), etf.Tuple{etf.Atom("a"), etf.Binary("reason")}})
		n.expect(&dist.MonitorPExit{From: dist.ByName("target"), To: n.pid(1), Ref: byName},
			etf.Tuple{etf.Atom("a"), etf.Binary("reason")})
		n.send(&dist.MonitorP{From: n.pid(1), To: dist.ByPid(p), Ref: byPid}, nil)
		n.expect(&dist.MonitorPExit{From: dist.ByPid(p), To: n.pid(1), Ref: byPid}, etf.Atom("noproc"))
	})
}

func TestErlMonitorsUs(t *testing.T) {
	overErl(t, func(t *testing.T, n *goNode) {
		p := n.target(true)
		for _, by := range []string{"Our", "{go_server, node(Our)}"} {
			n.do("put(mon, erlang:monitor(process, " + by + "))")
			m, _ := n.next()
			mon := m.(*dist.MonitorP)
			require.Equal(t, p, mon.From)
			require.Equal(t, by != "Our", mon.To.IsName())
			n.send(&dist.MonitorPExit{From: mon.To, To: mon.From, Ref: mon.Ref, Sender: n.pid(1)}, etf.Atom("shutdown"))
			m, payload := n.next()
			require.Equal(t, n.sent(p), m)
			down := payload.(etf.Tuple)[1].(etf.Tuple)
			require.Equal(t, etf.Atom("DOWN"), down[0])
			require.Equal(t, mon.Ref, down[1])
			require.Equal(t, etf.Atom("shutdown"), down[4])
			n.do("demonitor(erlang:monitor(process, " + by + "))")
			m, _ = n.next()
			mon = m.(*dist.MonitorP)
			n.expect(&dist.DemonitorP{From: p, To: mon.To, Ref: mon.Ref}, nil)
		}
	})
}

func TestErlLinksAndUnlinks(t *testing.T) {
	overErl(t, func(t *testing.T, n *goNode) {
		p := n.target(true)
		numbered := n.conn.Peer().Negotiated.Has(dist.FlagUnlinkID)
		n.do("link(Our)")
		n.expect(&dist.Link{From: p, To: n.pid(1)}, nil)
		n.do("unlink(Our)")
		m, _ := n.next()
		unlink := m.(*dist.UnlinkID)
		require.Equal(t, &dist.UnlinkID{ID: unlink.ID, From: p, To: n.pid(1)}, unlink)
		require.Equal(t, numbered, unlink.ID != 0)
		if numbered {
			n.send(&dist.UnlinkIDAck{ID: unlink.ID, From: n.pid(1), To: p}, nil)
		}
		n.send(&dist.Link{From: n.pid(1), To: p}, nil)
		n.send(&dist.UnlinkID{ID: 1<<64 - 1, From: n.pid(1), To: p}, nil)
		if numbered {
			n.expect(&dist.UnlinkIDAck{ID: 1<<64 - 1, From: p, To: n.pid(1)}, nil)
		}
		n.send(&dist.Link{From: n.pid(2), To: p}, nil)
		reason := etf.Tuple{etf.Atom("bad"), etf.Binary(make([]byte, 100_000))}
		n.send(&dist.Exit{From: n.pid(2), To: p}, reason)
		n.expect(n.sent(p), etf.Tuple{etf.Atom("got"), etf.Tuple{etf.Atom("EXIT"), n.pid(2), reason}})
		n.send(&dist.Link{From: n.pid(3), To: p}, nil)
		n.send(&dist.Send{From: n.pid(1), To: p}, etf.Tuple{etf.Atom("exit"), etf.Atom("normal")})
		n.expect(&dist.Exit{From: p, To: n.pid(3)}, etf.Atom("normal"))
		n.send(&dist.Link{From: n.pid(3), To: p}, nil)
		n.expect(&dist.Exit{From: p, To: n.pid(3)}, etf.Atom("noproc"))
	})
}

func TestErlSendsAndTakesExitSignals(t *testing.T) {
	overErl(t, func(t *testing.T, n *goNode) {
		p := n.target(true)
		n.send(&dist.Exit2{From: n.pid(4), To: p}, etf.Atom("why"))
		n.expect(n.sent(p), etf.Tuple{etf.Atom("got"), etf.Tuple{etf.Atom("EXIT"), n.pid(4), etf.Atom("why")}})
		n.do("exit(Our, {shutdown, 1})")
		n.expect(&dist.Exit2{From: p, To: n.pid(1)}, etf.Tuple{etf.Atom("shutdown"), etf.Int(1)})
		n.send(&dist.Link{From: n.pid(1), To: p}, nil)
		n.send(&dist.Exit2{From: n.pid(1), To: p}, etf.Atom("kill"))
		n.expect(&dist.Exit{From: p, To: n.pid(1)}, etf.Atom("killed"))
	})
}

func TestErlUsesAliases(t *testing.T) {
	overErl(t, func(t *testing.T, n *goNode) {
		if !n.conn.Peer().Negotiated.Has(dist.FlagAlias) {
			err := n.conn.Send(t.Context(), &dist.AliasSend{From: n.pid(1), Alias: n.ref(1)}, etf.Atom("x"))
			require.ErrorContains(t, err, "no aliases")
			return
		}
		p := n.target(false)
		n.do("Our ! {alias, alias()}")
		_, payload := n.next()
		alias := payload.(etf.Tuple)[1].(etf.Ref)
		n.send(&dist.AliasSend{From: n.pid(1), Alias: alias}, etf.Atom("hello"))
		n.expect(n.sent(p), etf.Tuple{etf.Atom("got"), etf.Atom("hello")})
		n.send(&dist.Send{From: n.pid(1), To: p}, etf.Tuple{etf.Atom("alias"), n.ref(9, 9, 9)})
		n.expect(n.sent(p), etf.Tuple{etf.Atom("got"), etf.Tuple{etf.Atom("alias"), n.ref(9, 9, 9)}})
		n.erl.Eval(t, fmt.Sprintf("register(%v_alias, spawn(fun() -> receive A -> A ! there end end))", n.self.Node[:3]))
		n.send(&dist.RegSend{From: n.pid(1), To: n.self.Node[:3] + "_alias"}, n.ref(9, 9, 9))
		m, payload := n.next()
		require.Equal(t, n.ref(9, 9, 9), m.(*dist.AliasSend).Alias)
		require.Equal(t, etf.Atom("there"), payload)
	})
}

// Since OTP 28, ALTACT_SIG_SEND carries priority messages to aliases, and priority exit signals. A peer without its
// flag is sent the same without the priority.
func TestErlSendsAndTakesPrioritySignals(t *testing.T) {
	overErl(t, func(t *testing.T, n *goNode) {
		known := n.conn.Peer().Negotiated.Has(dist.FlagAltactSig)
		if release(t, n.erl) < 28 {
			require.False(t, known)
			return
		}
		require.Equal(t, n.self.Flags.Has(dist.FlagAltactSig), known)
		p := n.target(true)
		alias := n.ref(9, 9, 9)
		n.send(&dist.Send{From: n.pid(1), To: p}, etf.Tuple{etf.Atom("alias"), alias})
		n.expect(n.sent(p), etf.Tuple{etf.Atom("got"), etf.Tuple{etf.Atom("alias"), alias}})
		n.erl.Eval(t, fmt.Sprintf(`register(%v_urgent, spawn(fun() -> receive {Alias, Pid} ->
			erlang:send(Alias, hello, [priority]), exit(Pid, {any, reason}, [priority]), exit(Alias, boom, [priority]), Pid ! done end end))`, n.self.Node[:3]))
		n.send(&dist.RegSend{From: n.pid(1), To: n.self.Node[:3] + "_urgent"}, etf.Tuple{alias, n.pid(1)})
		m, payload := n.next()
		require.Equal(t, etf.Atom("hello"), payload)
		switch m := m.(type) {
		case *dist.AltactSig:
			require.True(t, known && m.Priority && !m.Exit, "%+v", m)
			require.Equal(t, alias, m.To.Alias)
		case *dist.AliasSend:
			require.False(t, known)
			require.Equal(t, alias, m.Alias)
		default:
			require.Fail(t, "another message", "%+v", m)
		}
		m, payload = n.next()
		require.Equal(t, etf.Tuple{etf.Atom("any"), etf.Atom("reason")}, payload)
		if known {
			sig := m.(*dist.AltactSig)
			require.True(t, sig.Priority && sig.Exit && sig.To.Pid == n.pid(1), "%+v", sig)
			m, payload = n.next()
			sig = m.(*dist.AltactSig)
			require.True(t, sig.Priority && sig.Exit && sig.To.Alias == alias, "%+v", sig)
			require.Equal(t, etf.Atom("boom"), payload)
		} else {
			require.Equal(t, n.pid(1), m.(*dist.Exit2).To)
		}
		_, payload = n.next()
		require.Equal(t, etf.Atom("done"), payload)

		n.erl.Eval(t, fmt.Sprintf(`register(%v_patient, spawn(fun() -> receive {our, Pid} -> Pid ! {alias, alias([priority])}, receive go -> ok end,
			Pid ! (fun All() -> receive M -> [M | All()] after 0 -> [] end end)() end end))`, n.self.Node[:3]))
		patient := n.self.Node[:3] + "_patient"
		n.send(&dist.RegSend{From: n.pid(1), To: patient}, etf.Tuple{etf.Atom("our"), n.pid(1)})
		_, payload = n.next()
		theirs := payload.(etf.Tuple)[1].(etf.Ref)
		n.send(&dist.RegSend{From: n.pid(1), To: patient}, etf.Atom("first"))
		n.send(&dist.AltactSig{Priority: true, From: n.pid(1), To: dist.AltactTarget{Alias: theirs}}, etf.Atom("second"))
		n.send(&dist.RegSend{From: n.pid(1), To: patient}, etf.Atom("go"))
		_, payload = n.next()
		if known {
			require.Equal(t, etf.List{etf.Atom("second"), etf.Atom("first")}, payload)
		} else {
			require.Equal(t, etf.List{etf.Atom("first"), etf.Atom("second")}, payload)
		}
	})
}

func TestErlStartsProcessesForUs(t *testing.T) {
	overErl(t, func(t *testing.T, n *goNode) {
		ref := n.ref(1, 2, 3)
		request := dist.SpawnRequest{Ref: ref, From: n.pid(1), GroupLeader: n.pid(2), Module: "erlang", Function: "exit",
			Arity: 1,
			Opts:  etf.List{etf.Atom("monitor"), etf.Atom("link")}}
		n.send(&request, etf.List{etf.Atom("done")})
		m, _ := n.next()
		reply := m.(*dist.SpawnReply)
		require.Equal(t, &dist.SpawnReply{Ref: ref, To: n.pid(1), Link: true, Monitor: true, Pid: reply.Pid}, reply)
		n.expect(&dist.Exit{From: reply.Pid, To: n.pid(1)}, etf.Atom("done"))
		n.expect(&dist.MonitorPExit{From: dist.ByPid(reply.Pid), To: n.pid(1), Ref: ref}, etf.Atom("done"))
		request.Opts = etf.List{etf.Atom("nonsense")}
		n.send(&request, etf.List{etf.Atom("done")})
		n.expect(&dist.SpawnReply{Ref: ref, To: n.pid(1), Error: "badopt"}, nil)
	})
}

func TestErlAsksUsToStartProcesses(t *testing.T) {
	overErl(t, func(t *testing.T, n *goNode) {
		n.target(true)
		n.do("Our ! {spawned, catch spawn_request(node(Our), m, f, [1, two], [link, monitor, {priority, high}])}")
		m, args := n.next()
		request := m.(*dist.SpawnRequest)
		require.Equal(t, etf.List{etf.Int(1), etf.Atom("two")}, args)
		require.Equal(t, "m f 2", fmt.Sprint(request.Module, " ", request.Function, " ", request.Arity))
		require.ElementsMatch(t, etf.List{etf.Atom("link"), etf.Atom("monitor"),
			etf.Tuple{etf.Atom("priority"), etf.Atom("high")}}, request.Opts)
		_, payload := n.next()
		require.Equal(t, etf.Tuple{etf.Atom("spawned"), request.Ref}, payload)
		n.send(&dist.SpawnReply{Ref: request.Ref, To: request.From, Pid: n.pid(9), Link: true, Monitor: true}, nil)
		_, payload = n.next()
		require.Equal(t, etf.Tuple{etf.Atom("got"), etf.Tuple{etf.Atom("spawn_reply"), request.Ref, etf.Atom("ok"),
			n.pid(9)}}, payload)
		n.send(&dist.MonitorPExit{From: dist.ByPid(n.pid(9)), To: request.From, Ref: request.Ref}, etf.Atom("bye"))
		_, payload = n.next()
		require.Equal(t, etf.Atom("bye"), payload.(etf.Tuple)[1].(etf.Tuple)[4])
		n.do("spawn_request(node(Our), m, f, [], [])")
		m, _ = n.next()
		request = m.(*dist.SpawnRequest)
		n.send(&dist.SpawnReply{Ref: request.Ref, To: request.From, Error: "notsup"}, nil)
		_, payload = n.next()
		require.Equal(t, etf.Tuple{etf.Atom("got"), etf.Tuple{etf.Atom("spawn_reply"), request.Ref, etf.Atom("error"),
			etf.Atom("notsup")}}, payload)
	})
}

func TestErlSetsGroupLeaders(t *testing.T) {
	overErl(t, func(t *testing.T, n *goNode) {
		p := n.target(true)
		n.do("group_leader(self(), Our)")
		n.expect(&dist.GroupLeader{Leader: p, To: n.pid(1)}, nil)
		n.send(&dist.GroupLeader{Leader: n.pid(5), To: p, Sender: n.pid(1)}, nil)
		n.send(&dist.Send{From: n.pid(1), To: p}, etf.Atom("next"))
		n.next()
		n.do("Our ! group_leader()")
		n.expect(n.sent(p), n.pid(5))
	})
}

func TestErlCarriesTraceTokensAndWeDoToo(t *testing.T) {
	overErl(t, func(t *testing.T, n *goNode) {
		p := n.target(true)
		n.do("seq_trace:set_token(label, 17), seq_trace:set_token(send, true), Our ! traced, " +
			"{server, node(Our)} ! traced, exit(Our, why), seq_trace:set_token([])")
		m, _ := n.next()
		first := m.(*dist.Send).Token.(etf.Tuple)
		require.Equal(t, etf.Int(17), first[1])
		m, _ = n.next()
		require.Equal(t, etf.Int(17), m.(*dist.RegSend).Token.(etf.Tuple)[1])
		n.next()
		for _, m := range []dist.Message{
			&dist.Send{From: n.pid(1), To: p, Token: first},
			&dist.RegSend{From: n.pid(1), To: "target", Token: first},
			&dist.Exit2{From: n.pid(1), To: p, Token: first},
		} {
			n.send(m, etf.Atom("ours")) // the target goes on with the token, and answers with it
			m, _ := n.next()
			require.Equal(t, etf.Int(17), m.(*dist.Send).Token.(etf.Tuple)[1])
			n.do("seq_trace:set_token([])")
		}
	})
}
