package node

import (
	"context"
	"encoding/binary"
	"io"
	"net"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/dist"
	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
)

// fuzzNode is a whole node without listener and EPMD, for the fuzzer to talk to. Its name makes it yield to a peer
// that it is dialling at the same time.
type fuzzNode struct {
	*Node
	goroutines int
}

func newFuzzNode(f *testing.F) *fuzzNode {
	f.Helper()
	n, err := Start(context.Background(), Config{Name: "a@localhost", Cookie: "secret", NoListen: true, EPMDPort: 1})
	require.NoError(f, err)
	f.Cleanup(func() { require.NoError(f, n.Stop(context.Background())) })
	return &fuzzNode{n, runtime.NumGoroutine()}
}

// admitted gives one end of a connection to the node and the other one to talk. It returns when the node has finished
// with the connection.
func (n *fuzzNode) admitted(t *testing.T, talk func(c net.Conn)) {
	t.Helper()
	ours, theirs := net.Pipe()
	var work sync.WaitGroup
	work.Go(func() { n.serveConn(theirs, func() {}) })
	talk(ours)
	_ = ours.Close()
	work.Wait()
	patience := time.Now().Add(20 * time.Second)
	for len(n.Nodes()) > 0 || runtime.NumGoroutine() > n.goroutines+20 {
		require.True(t, time.Now().Before(patience), "left behind: %v, %d goroutines", n.Nodes(), runtime.NumGoroutine())
		runtime.Gosched()
	}
	n.serves(t)
}

// serves checks that the node still answers calls.
func (n *fuzzNode) serves(t *testing.T) {
	t.Helper()
	pid, err := n.Spawn(t.Context(), genserv.Child{Module: genserv.Of(adder{}), Args: etf.Int(1)})
	require.NoError(t, err)
	reply, err := n.Call(t.Context(), pid, etf.Int(2))
	require.NoError(t, err)
	require.Equal(t, etf.Int(3), reply)
	n.exitSignal(pid, pid, etf.Atom("kill"), nil)
}

// FuzzStranger sends arbitrary bytes to the acceptor of a node.
func FuzzStranger(f *testing.F) {
	f.Add([]byte("GET / HTTP/1.1\r\n\r\n"))
	f.Add([]byte{0, 0})
	f.Add([]byte{0xff, 0xff, 'N'})
	f.Add(append([]byte{0, 30, 'N', 0, 0, 0, 0xf, 7, 0xdf, 0x7f, 0xbd, 0, 0, 0, 1, 0, 15}, "other@localhost"...))
	f.Add(append([]byte{0, 22, 'n', 0, 5, 7, 0xdf, 0x7f, 0xbd}, "other@localhost"...))
	n := newFuzzNode(f)
	f.Fuzz(func(t *testing.T, in []byte) {
		n.admitted(t, func(c net.Conn) {
			go func() { _, _ = io.Copy(io.Discard, c) }()
			_ = c.SetWriteDeadline(time.Now().Add(20 * time.Second))
			_, _ = c.Write(in)
		})
	})
}

// FuzzPeer sends arbitrary frames as a node that has the cookie. The input is bytes of the wire. The messages of the
// seeds go to servers that exist.
func FuzzPeer(f *testing.F) {
	n := newFuzzNode(f)
	for _, messages := range peerSeeds {
		f.Add(wireOf(f, n.Node, messages))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		if _, err := n.Spawn(t.Context(),
			genserv.Child{Name: "adder", Module: genserv.Of(adder{}), Args: etf.Int(1)}); err != nil {
			var taken *genserv.AlreadyStarted
			require.ErrorAs(t, err, &taken)
		}
		n.admitted(t, func(c net.Conn) {
			peer := dist.Local{Node: "other@localhost", Creation: 7, Cookie: func(etf.Atom) string { return "secret" },
				Flags: dist.DefaultFlags &^ (dist.FlagDistHdrAtomCache | dist.FlagFragments)}
			_, err := peer.Connect(t.Context(), c, n.Name(), nil)
			require.NoError(t, err)
			go func() { _, _ = io.Copy(io.Discard, c) }()
			_ = c.SetWriteDeadline(time.Now().Add(20 * time.Second))
			_, _ = c.Write(in)
		})
	})
}

// peerSeeds are messages of a peer in Erlang: control messages, and the payloads that follow them.
var peerSeeds = [][]string{
	{"{6,'$me','',adder}", "{'$gen_call',{'$me','$ref'},1}"},
	{"{6,'$me','',net_kernel}", "{'$gen_call',{'$me','$ref'},{is_auth,other@localhost}}"},
	{"{6,'$me','',rex}", "{'$gen_call',{'$me','$ref'},{call,erlang,node,[],'$me'}}"},
	{"{6,'$me','',adder}", "{system,{'$me','$ref'},get_state}", "{6,'$me','',adder}",
		"{system,{'$me','$ref'},{debug,{trace,true}}}"},
	{"{22,'$me','$you'}", "hello", "{2,'','$you'}", "hello", "{33,'$me','$ref'}", "hello"},
	{"{1,'$me','$you'}", "", "{35,1,'$me','$you'}", "", "{36,1,'$me','$you'}", "", "{1,'$me','$you'}", ""},
	{"{1,'$me','$you'}", "", "{3,'$me','$you',boom}", "", "{24,'$me','$you'}", "boom"},
	{"{8,'$me','$you',kill}", "", "{26,'$me','$you'}", "normal"},
	{"{19,'$me','$you','$ref'}", "", "{20,'$me','$you','$ref'}", "", "{19,'$me',adder,'$ref'}", "",
		"{20,'$me',adder,'$ref'}", ""},
	{"{19,'$me',nobody,'$ref'}", "", "{21,'$you','$me','$ref',boom}", "", "{28,'$you','$me','$ref'}", "boom"},
	{"{29,'$ref','$me','$me',{erlang,node,0},[monitor,link]}", "[]", "{31,'$ref','$me',0,'$you'}", ""},
	{"{7,'$me','$you'}", "", "{32,'$me','$you','$ref'}", ""},
	{"{6,'$me','',adder}", "{'EXIT','$me',boom}", "{6,'$me','',adder}", "{'DOWN','$ref',process,'$me',boom}"},
}

// wireOf makes frames of control messages and payloads. An empty string means no payload.
func wireOf(f *testing.F, n *Node, messages []string) (wire []byte) {
	f.Helper()
	me := etf.Pid{Node: "other@localhost", ID: 1, Creation: 7}
	you, err := n.Spawn(context.Background(), genserv.Child{Module: genserv.Of(adder{}), Args: etf.Int(1)})
	require.NoError(f, err)
	var fill func(t etf.Term) etf.Term
	fill = func(t etf.Term) etf.Term {
		switch t := t.(type) {
		case etf.Atom:
			switch t {
			case "$me":
				return me
			case "$you":
				return you
			case "$ref":
				return etf.Ref{Node: me.Node, Creation: 7, Len: 3, Words: [etf.MaxRefWords]uint32{1, 2, 3}}
			}
		case etf.Tuple:
			for i := range t {
				t[i] = fill(t[i])
			}
		}
		return t
	}
	for i := 0; i < len(messages); i += 2 {
		start := len(wire)
		wire = append(wire, 0, 0, 0, 0, 112)
		for _, text := range messages[i : i+2] {
			if text == "" {
				continue
			}
			parsed, err := etf.Parse(text)
			require.NoError(f, err)
			wire, err = etf.Append(wire, fill(parsed))
			require.NoError(f, err)
		}
		binary.BigEndian.PutUint32(wire[start:], uint32(len(wire)-start-4))
	}
	return wire
}
