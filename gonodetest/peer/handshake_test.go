//go:build unix

package peer_test

import (
	"io"
	"net"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/dist"
	"github.com/gonode-otp/gonode/gonodetest/peer"
)

func readFull(c net.Conn, b []byte) (int, error) { return io.ReadFull(c, b) }

// dialled returns the handshake of the dialled side, step by step.
func dialled() []peer.Step {
	return []peer.Step{peer.ExpectName(), peer.SendStatus("ok"), peer.SendChallenge(),
		peer.ExpectReply(), peer.SendAck()}
}

func TestTheHandshakeOfThePeerStepByStepIsARealOne(t *testing.T) {
	p := peer.New(t, "peer@localhost")
	script := p.Accept(dialled()...)
	met, err := us(p).Connect(t.Context(), dialPeer(t, p), p.Node, nil)
	require.NoError(t, err)
	require.Equal(t, p.Node, met.Name)
	require.Equal(t, p.Creation, met.Creation)
	require.Equal(t, peer.DefaultFlags, met.Flags)
	script.Wait(t)

	for _, moves := range [][]peer.Step{
		{peer.SendName(), peer.ExpectStatus("ok"), peer.ExpectChallenge(), peer.SendReply(),
			peer.ExpectAck()},
		{peer.Handshake("us@localhost")},
	} {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		script := p.Dial(l.Addr().String(), moves...)
		c, err := l.Accept()
		require.NoError(t, err)
		met, err = us(p).Accept(t.Context(), c, nil)
		require.NoError(t, err)
		require.Equal(t, p.Node, met.Name)
		script.Wait(t)
		require.NoError(t, c.Close())
		require.NoError(t, l.Close())
	}
}

func TestTheHandshakeOfThePeerInEveryWrongWay(t *testing.T) {
	cut := func(b []byte) []byte { return b[:len(b)-3] }
	flip := func(b []byte) []byte { b[len(b)-1] ^= 1; return b }
	good := dialled()
	for name, row := range map[string]struct {
		moves []peer.Step
		want  dist.Reason
	}{
		"refused": {[]peer.Step{good[0], peer.SendStatus("not_allowed")}, dist.ReasonNotAllowed},
		"alive, then silent": {[]peer.Step{good[0], peer.SendStatus("alive"), peer.ExpectStatus("true")},
			dist.ReasonClosed},
		"no status":        {[]peer.Step{good[0], peer.SendStatus("hello")}, dist.ReasonMalformed},
		"half a challenge": {[]peer.Step{good[0], good[1], peer.Mutated(good[2], cut)}, dist.ReasonClosed},
		"another name":     {[]peer.Step{good[0], good[1], peer.Mutated(good[2], flip)}, dist.ReasonName},
		"a wrong proof": {[]peer.Step{good[0], good[1], good[2], good[3], peer.Mutated(good[4], flip)},
			dist.ReasonCookie},
		"no handshake": {[]peer.Step{peer.SendBytes([]byte("HTTP/1.1 400 Bad Request\r\n\r\n"))},
			dist.ReasonMalformed},
		"a reset": {[]peer.Step{good[0], peer.Reset()}, dist.ReasonClosed},
	} {
		p := peer.New(t, "peer@localhost")
		script := p.Accept(row.moves...)
		_, err := us(p).Connect(t.Context(), dialPeer(t, p), p.Node, nil)
		require.ErrorIs(t, err, row.want, name)
		script.Wait(t)
	}
}

func TestThePeerNoticesAWrongHandshakeToo(t *testing.T) {
	p := peer.New(t, "peer@localhost")
	for what, row := range map[string]struct {
		said string
		move peer.Step
	}{
		`begins with "s" came, not with "N"`: {"\x00\x01s", peer.ExpectName()},
		"is too short":                       {"\x00\x02Nx", peer.ExpectName()},
		`the status is "nok"`:                {"\x00\x04snok", peer.ExpectStatus("ok")},
		"unexpected EOF":                     {"\x00\x04sn", peer.ExpectStatus("ok")},
		"another cookie":                     {"\x00\x11a0123456789abcdef", peer.ExpectAck()},
	} {
		script := p.Accept(row.move)
		c := dialPeer(t, p)
		_, err := c.Write([]byte(row.said))
		require.NoError(t, err)
		require.NoError(t, c.Close())
		require.ErrorContains(t, script.Err(), what)
	}
	script := p.Accept(peer.Handshake("somebody@localhost"))
	_, err := us(p).Connect(t.Context(), dialPeer(t, p), p.Node, nil)
	require.NoError(t, err)
	require.ErrorContains(t, script.Err(), "it is us@localhost that has connected")
}
