//go:build unix

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
	"github.com/gonode-otp/gonode/gonodetest/beam"
)

// goNode is the least a node must do to be tried out by a real one: a process echo that sends back what it gets as
// {From, Term}, no other names, and everything else recorded.
type goNode struct {
	t    testing.TB
	erl  *beam.Node
	conn *dist.Conn
	self dist.Local
	end  chan error

	mu   sync.Mutex
	got  []any // pointers to messages, and payloads behind those that have one
	more chan struct{}
}

// wireFlags are the sets of flags that decide about the form of frames.
var wireFlags = map[string]dist.Flags{
	"all":           dist.DefaultFlags,
	"pass through":  dist.DefaultFlags &^ (dist.FlagDistHdrAtomCache | dist.FlagFragments),
	"no cache":      dist.DefaultFlags &^ dist.FlagDistHdrAtomCache,
	"no fragments":  dist.DefaultFlags &^ dist.FlagFragments,
	"no payload":    dist.DefaultFlags &^ dist.FlagExitPayload,
	"no sender":     dist.DefaultFlags &^ dist.FlagSendSender,
	"old as can be": dist.Mandatory25 | dist.FlagDistMonitor | dist.FlagDistMonitorName | dist.FlagSpawn,
	"OTP 24 to 27":  dist.DefaultFlags &^ dist.FlagAltactSig,
}

// overErl runs a test with each set of flags. A node that requires more than a set has refuses it.
func overErl(t *testing.T, test func(t *testing.T, n *goNode)) {
	erl := beam.StartErl(t)
	erl.Eval(t, `register(echo, spawn(fun F() -> receive {From, Term} -> From ! {echoed, Term}, F() end end))`)
	i := 0
	for name, flags := range wireFlags {
		i++
		node := fmt.Sprintf("go%d", i)
		t.Run(name, func(t *testing.T) {
			if release(t, erl) >= dist.FlagV4NC.MandatorySince() && !flags.Has(dist.FlagV4NC) {
				l := local(erl, node)
				l.Flags = flags
				_, _, err := connect(t, l, erl)
				require.Equal(t, dist.FlagV4NC|dist.FlagUnlinkID, refusal(t, err).Missing)
				return
			}
			test(t, joinErl(t, erl, node, flags, dist.Options{}))
		})
	}
}

func joinErl(t *testing.T, erl *beam.Node, name string, flags dist.Flags, o dist.Options) *goNode {
	t.Helper()
	l := local(erl, name)
	l.Flags = flags
	p, c, err := connect(t, l, erl)
	require.NoError(t, err)
	return runNode(t, erl, l, p, c, o)
}

func runNode(t *testing.T, erl *beam.Node, l dist.Local, p *dist.Peer, c net.Conn, o dist.Options) *goNode {
	n := &goNode{t: t, erl: erl, conn: dist.NewConn(c, p, o), self: l, end: make(chan error, 1),
		more: make(chan struct{}, 1)}
	go func() { n.end <- n.conn.Serve(n) }()
	t.Cleanup(func() {
		n.conn.Close(nil)
		<-n.conn.Done()
	})
	return n
}

func (n *goNode) pid(id uint32) etf.Pid {
	return etf.Pid{Node: n.self.Node, ID: id, Creation: n.self.Creation}
}

func (n *goNode) ref(words ...uint32) etf.Ref {
	r := etf.Ref{Node: n.self.Node, Creation: n.self.Creation, Len: uint8(len(words))}
	copy(r.Words[:], words)
	return r
}

// longRef is a reference of as many words as the node takes: three before OTP 24.
func (n *goNode) longRef(words ...uint32) etf.Ref {
	if !n.conn.Peer().Flags.Has(dist.FlagV4NC) {
		words = words[:3]
	}
	return n.ref(words...)
}

const echoPid = 77

func (n *goNode) Handle(m dist.Message, payload etf.Term) error {
	if r, ok := m.(*dist.RegSend); ok && r.To == "echo" {
		request := payload.(etf.Tuple)
		return n.conn.Post(&dist.Send{From: n.pid(echoPid), To: request[0].(etf.Pid)},
			etf.Tuple{etf.Atom("echoed"), request[1]})
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.got = append(n.got, dist.Clone(m))
	if m.HasPayload() {
		n.got = append(n.got, payload)
	}
	select {
	case n.more <- struct{}{}:
	default:
	}
	return nil
}

func (n *goNode) Drained() dist.Work { return nil }

// next waits for one message and returns it with its payload.
func (n *goNode) next() (m dist.Message, payload etf.Term) {
	n.t.Helper()
	for {
		n.mu.Lock()
		if len(n.got) > 0 {
			m, n.got = n.got[0].(dist.Message), n.got[1:]
			if m.HasPayload() {
				payload, n.got = n.got[0].(etf.Term), n.got[1:]
			}
			n.mu.Unlock()
			return m, payload
		}
		n.mu.Unlock()
		select {
		case <-n.more:
		case err := <-n.end:
			require.FailNow(n.t, "connection ended", "%v\n%s", err, n.erl.Log())
		case <-time.After(20 * time.Second):
			require.FailNow(n.t, "nothing came", n.erl.Log())
		}
	}
}

func (n *goNode) send(m dist.Message, payload etf.Term) {
	n.t.Helper()
	ctx, cancel := context.WithTimeout(n.t.Context(), 20*time.Second)
	defer cancel()
	require.NoError(n.t, n.conn.Send(ctx, m, payload))
}

// echo sends a term to the node's echo process and returns what comes back.
func (n *goNode) echo(term etf.Term) etf.Term {
	n.t.Helper()
	n.send(&dist.RegSend{From: n.pid(1), To: "echo"}, etf.Tuple{n.pid(1), term})
	m, payload := n.next()
	require.Equal(n.t, n.pid(1), m.(*dist.Send).To)
	require.Equal(n.t, etf.Atom("echoed"), payload.(etf.Tuple)[0])
	return payload.(etf.Tuple)[1]
}

// echoes has the node send a term to our echo process, and reports whether what comes back is the same.
func (n *goNode) echoes(term string) {
	n.t.Helper()
	source := fmt.Sprintf(`(fun() -> T = %s, {echo, %v} ! {self(), T}, receive {echoed, T} -> ok;
		{echoed, Other} -> {other, Other} after 20000 -> timeout end end)()`, term, n.self.Node)
	require.Equal(n.t, "ok", n.erl.Eval(n.t, source))
}
