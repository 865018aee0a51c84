package dist

import (
	"bytes"
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/etf"
)

// fuzzParser checks one parser of the handshake: it returns a MessageError within the message or something that,
// written again, is understood the same way.
func fuzzParser[M comparable](f *testing.F, parse func([]byte) (M, error), write func(M, []byte) []byte,
	seeds ...string) {
	for _, s := range seeds {
		f.Add(unhex(f, s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		kept := bytes.Clone(b)
		m, err := parse(b)
		require.Equal(t, kept, b, "a parser does not write")
		if err != nil {
			e := faultOf(t, err)
			require.LessOrEqual(t, e.Offset, len(b))
			require.GreaterOrEqual(t, e.Offset, 0)
			require.Less(t, len(err.Error()), 2000)
			return
		}
		again, err := parse(write(m, nil))
		require.NoError(t, err)
		require.Equal(t, m, again)
	})
}

func FuzzSendName(f *testing.F) {
	write := func(m sendName, dst []byte) []byte {
		if m.old {
			return m.appendOld(dst)
		}
		return m.append(dst)
	}
	fuzzParser(f, parseSendName, write, hexName, hexNameOld, "4e 0000000f07df7fbc 00000000 0004 686f7374")
}

func FuzzComplement(f *testing.F) {
	fuzzParser(f, parseComplement, complement.append, hexComplement)
}

func FuzzStatus(f *testing.F) {
	fuzzParser(f, parseStatus, statusMessage.append, hexNamed, "73 6f6b", "73 616c697665", "73 6e6f74")
}

func FuzzChallenge(f *testing.F) {
	write := func(m challenge, dst []byte) []byte {
		if m.old { // never written in earnest
			dst = append(dst, tagNameOld, 0, 5, byte(m.flags>>24), byte(m.flags>>16), byte(m.flags>>8), byte(m.flags))
			dst = append(dst, byte(m.challenge>>24), byte(m.challenge>>16), byte(m.challenge>>8), byte(m.challenge))
			dst, _ = appendLatin1(dst, string(m.name))
			return dst
		}
		return m.append(dst)
	}
	fuzzParser(f, parseChallenge, write, hexChallenge, "6e 0005 00df7fbd deadbeef 614062")
}

func FuzzChallengeReply(f *testing.F) {
	fuzzParser(f, parseChallengeReply, challengeReply.append, hexReply)
}

func FuzzChallengeAck(f *testing.F) {
	fuzzParser(f, parseChallengeAck, challengeAck.append, hexAck)
}

// FuzzAccept feeds bytes to an acceptor. With knows the other end has the cookie: the digest in its reply, wherever
// that is, is made right when the acceptor has sent its challenge. Otherwise nobody may get in.
func FuzzAccept(f *testing.F) {
	reply := frame(unhex(f, hexReply))
	for _, status := range []byte{byte(StatusOK), byte(StatusAlive), byte(StatusNOK), 0, 99} {
		f.Add(append(frame(nameA), reply...), status, uint8(0), true)
		f.Add(append(frame(nameA), reply...), status, uint8(1), false)
		f.Add(append(append(frame(nameA), frame([]byte("strue"))...), reply...), status, uint8(3), true)
	}
	old := append(frame(unhex(f, hexNameOld)), frame(unhex(f, hexComplement))...)
	f.Add(append(old, reply...), byte(StatusOK), uint8(0), true)
	f.Add(append(frame(unhex(f, "4e 0000000f07df7fbc 00000000 0004 686f7374")), reply...), byte(StatusOK), uint8(0), true)
	f.Fuzz(func(t *testing.T, in []byte, status byte, chunk uint8, knows bool) {
		c := &tape{in: bytes.Clone(in), chunk: int(chunk)}
		if knows {
			c.peer = proveOnTape
		}
		asked := 0
		p, err := side("b@h").Accept(context.Background(), c, ArbiterFunc(func(name etf.Atom) Status {
			asked++
			require.Empty(t, nameFault(name, false))
			return Status(status)
		}))
		require.LessOrEqual(t, asked, 1)
		checkFuzzed(t, c, p, err)
		if p == nil {
			return
		}
		require.True(t, knows, "got in without the cookie")
		require.Equal(t, 1, asked)
		require.True(t, p.Incoming)
		require.Equal(t, p.Status == StatusAlive, p.Replaces)
	})
}

// FuzzConnect feeds bytes to an initiator. The ack cannot be right unless the other end knows the cookie.
func FuzzConnect(f *testing.F) {
	ack := frame(unhex(f, hexAck))
	m := frame(challengeB.append(nil))
	for _, status := range []string{"ok", "ok_simultaneous", "nok", "not_allowed", "alive",
		"named:\x00\x03a@h\x00\x00\x00\x07"} {
		for _, named := range []bool{true, false} {
			f.Add(append(append(frame([]byte("s"+status)), m...), ack...), named, true, true)
			f.Add(append(append(frame([]byte("s"+status)), m...), ack...), named, false, false)
		}
	}
	f.Fuzz(func(t *testing.T, in []byte, nameMe, insist, knows bool) {
		l := side("a@h")
		if nameMe {
			l.Node, l.Flags = "h", DefaultFlags|FlagNameMe
		}
		c := &tape{in: bytes.Clone(in)}
		if knows {
			c.peer = acknowledgeOnTape
		}
		p, err := l.Connect(context.Background(), c, "b@h", InitiatorFunc(func(etf.Atom) bool { return insist }))
		checkFuzzed(t, c, p, err)
		if p == nil {
			return
		}
		require.True(t, knows, "an acceptor without the cookie was believed")
		require.Equal(t, etf.Atom("b@h"), p.Name)
		require.Equal(t, nameMe, p.Status == StatusNamed)
	})
}

// checkFuzzed checks what holds for every handshake.
func checkFuzzed(t *testing.T, c *tape, p *Peer, err error) {
	t.Helper()
	require.NotEqual(t, p == nil, err == nil)
	require.Equal(t, err != nil, c.closed)
	require.LessOrEqual(t, c.read, 5*(2+maxPacket))
	require.LessOrEqual(t, len(c.out), 5*300)
	if err != nil {
		var e *HandshakeError
		require.True(t, errors.As(err, &e))
		require.NotZero(t, e.Reason)
		require.NotContains(t, e.Error(), testCookie)
		require.Less(t, len(e.Error()), 4000)
		for _, r := range e.Error() {
			require.GreaterOrEqual(t, r, ' ', "%q is not fit for a log", e.Error())
		}
		return
	}
	require.Zero(t, p.Flags.Missing(RequiredFlags))
	require.Empty(t, nameFault(p.Name, false))
	require.Empty(t, nameFault(p.Local, false))
	require.Zero(t, p.Negotiated&^p.Flags)
}

// proveOnTape makes the digest of a reply right, if there is one in what was not read yet.
func proveOnTape(t *tape) {
	for _, b := range t.sent() {
		if m, err := parseChallenge(b); err == nil {
			d := genDigest([]byte(testCookie), m.challenge)
			patch(t, tagReply, 5, d)
		}
	}
}

// acknowledgeOnTape does the same for an ack.
func acknowledgeOnTape(t *tape) {
	for _, b := range t.sent() {
		if m, err := parseChallengeReply(b); err == nil {
			d := genDigest([]byte(testCookie), m.challenge)
			patch(t, tagAck, 1, d)
		}
	}
}

func patch(t *tape, tag byte, at int, digest [digestSize]byte) {
	off := 0
	for _, b := range packets(t.in) {
		off += 2
		if off > t.read && len(b) == at+digestSize && b[0] == tag {
			copy(b[at:], digest[:])
		}
		off += len(b)
	}
}
