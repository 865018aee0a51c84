//go:build unix

package gonodetest_test

import (
	"io"
	"net"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/dist"
	"github.com/gonode-otp/gonode/gonodetest"
)

func readFull(c net.Conn, b []byte) (int, error) { return io.ReadFull(c, b) }

// dialled is the handshake of the side that was dialled, step by step.
func dialled() []gonodetest.Move {
	return []gonodetest.Move{gonodetest.ExpectName(), gonodetest.SendStatus("ok"), gonodetest.SendChallenge(),
		gonodetest.ExpectReply(), gonodetest.SendAck()}
}

func TestTheHandshakeOfThePeerStepByStepIsARealOne(t *testing.T) {
	p := gonodetest.NewPeer(t, "peer@localhost")
	script := p.Accept(dialled()...)
	met, err := us(p).Connect(t.Context(), dialPeer(t, p), p.Node, nil)
	require.NoError(t, err)
	require.Equal(t, p.Node, met.Name)
	require.Equal(t, p.Creation, met.Creation)
	require.Equal(t, gonodetest.PeerFlags, met.Flags)
	script.Wait(t)

	for _, moves := range [][]gonodetest.Move{
		{gonodetest.SendName(), gonodetest.ExpectStatus("ok"), gonodetest.ExpectChallenge(), gonodetest.SendReply(),
			gonodetest.ExpectAck()},
		{gonodetest.Handshake("us@localhost")},
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
		moves []gonodetest.Move
		want  dist.Reason
	}{
		"refused": {[]gonodetest.Move{good[0], gonodetest.SendStatus("not_allowed")}, dist.ReasonNotAllowed},
		"alive, then silent": {[]gonodetest.Move{good[0], gonodetest.SendStatus("alive"), gonodetest.ExpectStatus("true")},
			dist.ReasonClosed},
		"no status":        {[]gonodetest.Move{good[0], gonodetest.SendStatus("hello")}, dist.ReasonMalformed},
		"half a challenge": {[]gonodetest.Move{good[0], good[1], gonodetest.Altered(good[2], cut)}, dist.ReasonClosed},
		"another name":     {[]gonodetest.Move{good[0], good[1], gonodetest.Altered(good[2], flip)}, dist.ReasonName},
		"a wrong proof": {[]gonodetest.Move{good[0], good[1], good[2], good[3], gonodetest.Altered(good[4], flip)},
			dist.ReasonCookie},
		"no handshake": {[]gonodetest.Move{gonodetest.SendBytes([]byte("HTTP/1.1 400 Bad Request\r\n\r\n"))},
			dist.ReasonMalformed},
		"a reset": {[]gonodetest.Move{good[0], gonodetest.Reset()}, dist.ReasonClosed},
	} {
		p := gonodetest.NewPeer(t, "peer@localhost")
		script := p.Accept(row.moves...)
		_, err := us(p).Connect(t.Context(), dialPeer(t, p), p.Node, nil)
		require.ErrorIs(t, err, row.want, name)
		script.Wait(t)
	}
}

func TestThePeerNoticesAWrongHandshakeToo(t *testing.T) {
	p := gonodetest.NewPeer(t, "peer@localhost")
	for what, row := range map[string]struct {
		said string
		move gonodetest.Move
	}{
		`begins with "s" came, not with "N"`: {"\x00\x01s", gonodetest.ExpectName()},
		"is too short":                       {"\x00\x02Nx", gonodetest.ExpectName()},
		`the status is "nok"`:                {"\x00\x04snok", gonodetest.ExpectStatus("ok")},
		"unexpected EOF":                     {"\x00\x04sn", gonodetest.ExpectStatus("ok")},
		"another cookie":                     {"\x00\x11a0123456789abcdef", gonodetest.ExpectAck()},
	} {
		script := p.Accept(row.move)
		c := dialPeer(t, p)
		_, err := c.Write([]byte(row.said))
		require.NoError(t, err)
		require.NoError(t, c.Close())
		require.ErrorContains(t, script.Err(), what)
	}
	script := p.Accept(gonodetest.Handshake("somebody@localhost"))
	_, err := us(p).Connect(t.Context(), dialPeer(t, p), p.Node, nil)
	require.NoError(t, err)
	require.ErrorContains(t, script.Err(), "it is us@localhost that has connected")
}
