package node

import (
	"slices"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/dist"
	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
)

// optional maps the flags that a peer may lack to the operations that it does not know without them.
var optional = map[dist.Flags][]dist.Op{
	dist.FlagDistMonitor: {dist.OpMonitorP, dist.OpDemonitorP,
		dist.OpMonitorPExit, dist.OpPayloadMonitorPExit},
	dist.FlagDistMonitorName: {dist.OpMonitorP, dist.OpDemonitorP,
		dist.OpMonitorPExit, dist.OpPayloadMonitorPExit},
	dist.FlagUnicodeIO:                  nil,
	dist.FlagDistHdrAtomCache:           nil, // the reader refuses frames of a form that was not negotiated
	dist.FlagFragments:                  nil,
	dist.FlagSmallAtomTags:              nil,
	dist.FlagSendSender:                 {dist.OpSendSender, dist.OpSendSenderTT},
	dist.FlagBigSeqtraceLabels:          nil,
	dist.FlagExitPayload:                {dist.OpPayloadExit, dist.OpPayloadExit2, dist.OpPayloadMonitorPExit},
	dist.FlagUnlinkID:                   {dist.OpUnlinkID, dist.OpUnlinkIDAck},
	dist.FlagSpawn:                      {dist.OpSpawnRequest, dist.OpSpawnReply},
	dist.FlagV4NC:                       nil,
	dist.FlagAlias:                      {dist.OpAliasSend, dist.OpAliasSendTT},
	dist.FlagAltactSig:                  {dist.OpAltactSigSend},
	dist.FlagAlias | dist.FlagAltactSig: {dist.OpAliasSend, dist.OpAliasSendTT, dist.OpAltactSigSend},
	dist.FlagNativeRecords:              nil,
	dist.FlagMandatory25Digest:          nil,
	dist.DefaultFlags &^ dist.Mandatory25: {dist.OpMonitorP, dist.OpDemonitorP, dist.OpMonitorPExit, dist.OpPayloadExit,
		dist.OpUnlinkID, dist.OpUnlinkIDAck, dist.OpSpawnRequest, dist.OpAliasSend, dist.OpAltactSigSend, dist.OpSendSender},
}

func TestEveryFlagThatAPeerMayLackIsOneOfTheTable(t *testing.T) {
	var all dist.Flags
	for flag := range optional {
		all |= flag
	}
	require.Equal(t, dist.DefaultFlags&^dist.Mandatory25, all)
}

// signals collects what a server that traps exits receives.
type signals struct {
	got chan etf.Term
	do  chan func(*genserv.Process)
}

func newSignals() signals {
	return signals{make(chan etf.Term, 20), make(chan func(*genserv.Process), 1)}
}

func (signals) Init(p *genserv.Process, _ etf.Term) genserv.InitResult[struct{}] {
	p.TrapExit(true)
	return genserv.Ok(struct{}{})
}

func (g signals) HandleCall(p *genserv.Process, _ etf.Term, _ genserv.From, s struct{}) genserv.Result[struct{}] {
	(<-g.do)(p)
	return genserv.Reply(etf.Atom("ok"), s)
}

func (g signals) HandleInfo(_ *genserv.Process, msg etf.Term, s struct{}) genserv.Result[struct{}] {
	g.got <- msg
	return genserv.NoReply(s)
}

func TestAPeerThatLacksAFlagIsServedWithoutIt(t *testing.T) {
	for lacks, unknown := range optional {
		t.Run(lacks.String(), func(t *testing.T) {
			t.Parallel()
			var mu sync.Mutex
			var sent []dist.Op
			trace := func(e dist.TraceEvent) {
				mu.Lock()
				defer mu.Unlock()
				if e.Out {
					sent = append(sent, e.Op)
				}
			}
			port := startEPMD(t)
			full := testNode(t, Config{Name: "full@localhost", EPMDPort: port, Trace: trace})
			poor := testNode(t, Config{Name: "poor@localhost", EPMDPort: port, Trace: trace, without: lacks})
			require.NoError(t, full.Connect(t.Context(), poor.Name()))
			via := full.peers.up(poor.Name())
			for _, pair := range [][2]*Node{{full, poor}, {poor, full}} {
				exercise(t, pair[0], pair[1], lacks)
			}
			require.Same(t, via, full.peers.up(poor.Name()), "one of them has hung up")
			mu.Lock()
			defer mu.Unlock()
			for _, op := range unknown {
				require.False(t, slices.Contains(sent, op), op)
			}
		})
	}
}

// exercise has client use everything that two nodes can do with each other.
func exercise(t *testing.T, client, server *Node, lacks dist.Flags) {
	watches := lacks&dist.FlagsMonitor == 0
	// Without them answers to calls get lost, because both nodes use them anyway.
	aliases := !lacks.Has(dist.FlagAlias | dist.FlagAltactSig)
	g := newSignals()
	own, err := client.Spawn(t.Context(), genserv.Child{Module: genserv.Of(g)})
	require.NoError(t, err)
	server.does(t, "echo", func(_ *genserv.Process, request etf.Term) etf.Term { return request })
	echo := etf.Tuple{etf.Atom("echo"), server.Name()}
	if aliases {
		require.NoError(t, client.Ping(t.Context(), server.Name()))
		big := etf.Binary(make([]byte, 300<<10))
		require.Equal(t, big, client.mustCall(t, "echo", server, big))
	}
	require.NoError(t, client.Cast(t.Context(), echo, etf.Atom("x")))

	// The alias of the server may not be known to the client; this must have no effect.
	alias := make(chan etf.Term, 1)
	server.does(t, "aliased", func(p *genserv.Process, _ etf.Term) etf.Term {
		ref, _ := p.Alias()
		alias <- ref
		return nil
	})
	require.NoError(t, server.Cast(t.Context(), etf.Atom("aliased"), nil))
	ref := <-alias
	require.NoError(t, client.Send(t.Context(), ref, etf.Atom("x")))
	client.does(t, "urgent", func(p *genserv.Process, _ etf.Term) etf.Term {
		p.Exit(ref, normal, genserv.Priority)
		return etf.Bool(p.TrySend(ref, etf.Atom("x"), genserv.Priority) == nil)
	})
	require.Equal(t, etf.Bool(true), client.mustCall(t, "urgent", client, nil))

	v := newSignals()
	victim, err := server.Spawn(t.Context(), genserv.Child{Name: "victim", Module: genserv.Of(v)})
	require.NoError(t, err)
	var watch etf.Term
	g.do <- func(p *genserv.Process) {
		taken, _ := p.Monitor(victim)
		p.Demonitor(taken)
		watch, _ = p.Monitor(etf.Tuple{etf.Atom("victim"), server.Name()})
		p.Link(victim)
		p.Unlink(victim)
		p.Link(victim)
		p.Exit(victim, etf.Atom("normal"))
	}
	_, err = client.Call(t.Context(), own, nil)
	require.NoError(t, err)
	require.Equal(t, etf.Tuple{etf.Atom("EXIT"), own, etf.Atom("normal")}, <-v.got, "behind all the others")
	server.registry.byPid(victim).exit(etf.Atom("bang"))
	want := []etf.Term{etf.Tuple{etf.Atom("EXIT"), victim, etf.Atom("bang")}}
	if watches {
		name := etf.Tuple{etf.Atom("victim"), server.Name()}
		want = append(want, etf.Tuple{etf.Atom("DOWN"), watch, etf.Atom("process"), name, etf.Atom("bang")})
	}
	var got []etf.Term
	for range want {
		got = append(got, <-g.got)
	}
	require.ElementsMatch(t, want, got)
	require.Empty(t, g.got)
}
