package dist_test

import (
	"context"
	"fmt"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/dist"
	"github.com/gonode-otp/gonode/etf"
)

// actor is a process of OTP that does what the scripts tell it to.
const actor = `
-module(actor).
-export([start/0]).
start() -> register(actor, spawn(fun() -> process_flag(trap_exit, true), loop(none) end)).
loop(Our) -> receive
	{our, Pid} -> Pid ! {actor, self()}, loop(Pid);
	{echo, Term} -> Our ! {echo, Term}, loop(Our);
	{call, Name, Request} -> Our ! {answer, catch gen_server:call({Name, node(Our)}, Request, 10000)}, loop(Our);
	link -> link(Our), loop(Our);
	unlink -> unlink(Our), Our ! unlinked, loop(Our);
	{exit, Reason} -> exit(Our, Reason), loop(Our);
	{stop, Reason} -> exit(Reason);
	Other -> Our ! {got, Other}, loop(Our)
end.
`

const (
	flowNode   = etf.Atom("go@localhost")
	flowCookie = "the-cookie-of-the-recordings"
)

// flowScripts are what is said. Each is played by one goroutine that waits for the answers, so that what we say
// depends on nothing but what the peer has said before.
var flowScripts = map[string]struct {
	flags    dist.Flags
	incoming bool
	play     func(s *flowSide)
}{
	"calls":  {dist.DefaultFlags, false, playCalls},
	"plain":  {dist.DefaultFlags &^ (dist.FlagDistHdrAtomCache | dist.FlagFragments), false, playCalls},
	"served": {dist.DefaultFlags, true, playServed},
	"links":  {dist.DefaultFlags, false, playLinks},
	"large":  {dist.DefaultFlags, true, playLarge},
}

// flowSide is our side of a script.
type flowSide struct {
	t     testing.TB
	conn  *dist.Conn
	actor etf.Pid
	heard chan heard

	mu             sync.Mutex
	received, sent []string
}

// heard is a message and its payload.
type heard struct {
	m       dist.Message
	payload etf.Term
}

func (s *flowSide) Handle(m dist.Message, payload etf.Term) error {
	s.heard <- heard{dist.Clone(m), payload}
	return nil
}

func (*flowSide) Drained() dist.Work { return nil }

func (s *flowSide) trace(e dist.TraceEvent) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if e.Out {
		s.sent = append(s.sent, e.String())
	} else {
		s.received = append(s.received, e.String())
	}
}

func flowLocal(flags dist.Flags) dist.Local {
	return dist.Local{Node: flowNode, Creation: 4711, Flags: flags, StepTimeout: 20 * time.Second,
		Cookie: func(etf.Atom) string { return flowCookie }}
}

// playFlow does the handshake over c and plays a script.
func playFlow(t testing.TB, name string, peer etf.Atom, c net.Conn) *flowSide {
	t.Helper()
	script, ok := flowScripts[name]
	require.True(t, ok, name)
	l := flowLocal(script.flags)
	var met *dist.Peer
	var err error
	if script.incoming {
		met, err = l.Accept(t.Context(), c, nil)
	} else {
		met, err = l.Connect(t.Context(), c, peer, nil)
	}
	require.NoError(t, err)
	require.Equal(t, peer, met.Name)
	s := &flowSide{t: t, heard: make(chan heard, 100)}
	s.conn = dist.NewConn(c, met, dist.Options{Trace: s.trace})
	dist.FixAtomSlots(s.conn)
	end := make(chan error, 1)
	go func() { end <- s.conn.Serve(s) }()
	defer func() {
		s.conn.Close(nil)
		<-end
	}()
	s.send(&dist.RegSend{From: s.pid(), To: "actor"}, etf.Tuple{etf.Atom("our"), s.pid()})
	s.actor = s.await("actor").payload.(etf.Tuple)[1].(etf.Pid)
	script.play(s)
	return s
}

func (s *flowSide) pid() etf.Pid { return etf.Pid{Node: flowNode, ID: 7, Creation: 4711} }

func (s *flowSide) ref(word uint32) etf.Ref {
	return etf.Ref{Node: flowNode, Creation: 4711, Len: 3, Words: [etf.MaxRefWords]uint32{word, 2, 3}}
}

func (s *flowSide) send(m dist.Message, payload etf.Term) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), 20*time.Second)
	defer cancel()
	require.NoError(s.t, s.conn.Send(ctx, m, payload))
}

// tell sends a term, in Erlang source, to the actor.
func (s *flowSide) tell(format string, args ...any) {
	s.t.Helper()
	term, err := etf.Parse(fmt.Sprintf(format, args...))
	require.NoError(s.t, err)
	s.send(&dist.Send{From: s.pid(), To: s.actor}, term)
}

func (s *flowSide) next() heard {
	s.t.Helper()
	select {
	case h := <-s.heard:
		return h
	case <-s.conn.Done():
		require.FailNow(s.t, "the connection ended", "%v", s.conn.Err())
	case <-time.After(20 * time.Second):
		require.FailNow(s.t, "nothing came")
	}
	return heard{}
}

// await returns the next message to us that is word or a tuple that begins with it.
func (s *flowSide) await(word etf.Atom) heard {
	s.t.Helper()
	for {
		h := s.next()
		t, ok := h.payload.(etf.Tuple)
		if h.payload == etf.Term(word) || ok && t[0] == etf.Term(word) {
			return h
		}
	}
}

// until returns the next message of a type.
func until[M dist.Message](s *flowSide) (m M, payload etf.Term) {
	s.t.Helper()
	for {
		h := s.next()
		if m, ok := h.m.(M); ok {
			return m, h.payload
		}
	}
}

// playCalls calls servers of OTP, one that is there and one that is not, and has terms of all kinds echoed.
func playCalls(s *flowSide) {
	s.send(&dist.MonitorP{From: s.pid(), To: dist.ByName("net_kernel"), Ref: s.ref(1)}, nil)
	request := etf.Tuple{etf.Atom("$gen_call"), etf.Tuple{s.pid(), s.ref(1)}, etf.Tuple{etf.Atom("is_auth"), flowNode}}
	s.send(&dist.RegSend{From: s.pid(), To: "net_kernel"}, request)
	_, reply := until[*dist.Send](s)
	require.Equal(s.t, etf.Tuple{s.ref(1), etf.Atom("yes")}, reply)
	s.send(&dist.DemonitorP{From: s.pid(), To: dist.ByName("net_kernel"), Ref: s.ref(1)}, nil)

	s.send(&dist.MonitorP{From: s.pid(), To: dist.ByName("nobody"), Ref: s.ref(2)}, nil)
	down, reason := until[*dist.MonitorPExit](s)
	require.Equal(s.t, s.ref(2), down.Ref)
	require.Equal(s.t, etf.Atom("noproc"), reason)

	for _, source := range []string{
		"[ok,'a b','\\x{20ac}',1,-1,256,4294967296,-1267650600228229401496703205376,1.5,-0.0]",
		"{\"abc\",<<\"abc\">>,<<5:3>>,[a|b],[],#{k => [#{}],2 => {}}}",
	} {
		term, err := etf.Parse(source)
		require.NoError(s.t, err)
		s.tell("{echo,%s}", source)
		require.True(s.t, etf.Equal(term, s.await("echo").payload.(etf.Tuple)[1]), source)
	}
	ids := etf.Tuple{s.pid(), s.ref(9), s.actor, etf.Export{Module: "lists", Function: "map", Arity: 2}}
	s.send(&dist.Send{From: s.pid(), To: s.actor}, etf.Tuple{etf.Atom("echo"), ids})
	require.Equal(s.t, etf.Tuple{etf.Atom("echo"), ids}, s.await("echo").payload)
}

// playServed is called by OTP: under a name that is there, and under one that is not.
func playServed(s *flowSide) {
	s.tell("{call,server,{add,2}}")
	_, payload := until[*dist.RegSend](s)
	from := payload.(etf.Tuple)[1].(etf.Tuple)
	reply := etf.Tuple{from[1], etf.Int(42)}
	if tag, ok := from[1].(etf.ImproperList); ok {
		s.send(&dist.AliasSend{From: s.pid(), Alias: tag.Tail.(etf.Ref)}, reply)
	} else {
		s.send(&dist.Send{From: s.pid(), To: from[0].(etf.Pid)}, reply)
	}
	require.Equal(s.t, etf.Tuple{etf.Atom("answer"), etf.Int(42)}, s.await("answer").payload)

	s.tell("{call,nobody,x}")
	mon, _ := until[*dist.MonitorP](s)
	s.send(&dist.MonitorPExit{From: mon.To, To: mon.From, Ref: mon.Ref}, etf.Atom("noproc"))
	exit := s.await("answer").payload.(etf.Tuple)[1].(etf.Tuple)
	require.Equal(s.t, etf.Atom("noproc"), exit[1].(etf.Tuple)[0])
}

// playLinks links both ways, unlinks, and lets both sides die for all kinds of reasons.
func playLinks(s *flowSide) {
	s.tell("link")
	link, _ := until[*dist.Link](s)
	require.Equal(s.t, s.actor, link.From)
	s.tell("unlink")
	unlink, _ := until[*dist.UnlinkID](s)
	s.await("unlinked")
	if unlink.ID != 0 {
		s.send(&dist.UnlinkIDAck{ID: unlink.ID, From: s.pid(), To: s.actor}, nil)
	}
	for i, reason := range []etf.Term{etf.Atom("normal"), etf.Atom("shutdown"),
		etf.Tuple{etf.Atom("shutdown"), etf.Atom("x")}, etf.List{etf.Float(1.5)}} {
		s.send(&dist.Link{From: s.pid(), To: s.actor}, nil)
		s.send(&dist.Exit{From: s.pid(), To: s.actor}, reason)
		require.Equal(s.t, etf.Tuple{etf.Atom("EXIT"), s.pid(), reason}, s.await("got").payload.(etf.Tuple)[1], "%d", i)
	}
	s.send(&dist.Link{From: s.pid(), To: s.actor}, nil)
	s.send(&dist.UnlinkID{ID: 5, From: s.pid(), To: s.actor}, nil)
	if s.conn.Peer().Negotiated.Has(dist.FlagUnlinkID) {
		ack, _ := until[*dist.UnlinkIDAck](s)
		require.EqualValues(s.t, 5, ack.ID)
	}
	s.send(&dist.Exit2{From: s.pid(), To: s.actor}, etf.Atom("boom"))
	require.Equal(s.t, etf.Tuple{etf.Atom("EXIT"), s.pid(), etf.Atom("boom")}, s.await("got").payload.(etf.Tuple)[1])
	s.tell("{exit,{any,<<\"reason\">>}}")
	exit, _ := until[*dist.Exit2](s)
	require.Equal(s.t, s.pid(), exit.To)

	s.send(&dist.Link{From: s.pid(), To: s.actor}, nil)
	s.send(&dist.MonitorP{From: s.pid(), To: dist.ByPid(s.actor), Ref: s.ref(3)}, nil)
	s.tell("{stop,{the,'end'}}")
	seen := map[string]bool{}
	for len(seen) < 2 {
		h := s.next()
		seen[fmt.Sprintf("%T %v", h.m, h.payload)] = true
	}
	require.Equal(s.t, map[string]bool{"*dist.Exit {the,'end'}": true, "*dist.MonitorPExit {the,'end'}": true}, seen)
}

// playLarge sends what takes fragments both ways, and atoms that the cache knows already.
func playLarge(s *flowSide) {
	large := etf.Tuple{etf.Atom("echo"), etf.List{etf.Binary(make([]byte, 150_000)), etf.Atom("large")}}
	s.send(&dist.Send{From: s.pid(), To: s.actor}, large)
	require.Equal(s.t, large, s.await("echo").payload)
	for range 2 {
		s.tell("{echo,[one,two,three,'fou\\x{fc}r',five]}")
		s.await("echo")
	}
}
