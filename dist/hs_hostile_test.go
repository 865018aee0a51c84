package dist

import (
	"context"
	"net"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/etf"
)

func accepting(l Local, a Arbiter) func(net.Conn) (*Peer, error) {
	return func(c net.Conn) (*Peer, error) { return l.Accept(context.Background(), c, a) }
}

func connecting(l Local, i Initiator) func(net.Conn) (*Peer, error) {
	return func(c net.Conn) (*Peer, error) { return l.Connect(context.Background(), c, "b@h", i) }
}

// nameA is what the scripts begin with against an acceptor.
var nameA = sendName{flags: flagsOTP25, creation: 7, name: "a@h"}.append(nil)

func TestAnAcceptorRefusesWhateverIsNoName(t *testing.T) {
	rows := map[string]struct {
		raw    []byte
		reason Reason
		text   string
	}{
		"nothing":               {nil, ReasonClosed, "before it said its name"},
		"half a length":         {[]byte{0}, ReasonClosed, "closed"},
		"half a name":           {frame(nameA)[:9], ReasonClosed, "closed"},
		"an empty packet":       {[]byte{0, 0, 0, 0}, ReasonMalformed, "length 0"},
		"a packet of 64 kB":     {[]byte{0xff, 0xff, 'N'}, ReasonMalformed, "length 65535 is not within 1 and 2048"},
		"HTTP":                  {[]byte("GET / HTTP/1.1\r\n"), ReasonMalformed, "length 18245"},
		"TLS":                   {unhex(t, "160301 0200 01"), ReasonMalformed, "-proto_dist inet_tls"},
		"lengths of four bytes": {append([]byte{0, 0}, frame(nameA)...), ReasonMalformed, "length 0"},
		"a status":              {frame([]byte("sok")), ReasonMalformed, "is no send_name"},
		"a reply":               {frame(unhex(t, hexReply)), ReasonMalformed, "is no send_name"},
		"a name without a host": {frame(sendName{flags: flagsOTP25, name: "a"}.append(nil)), ReasonMalformed,
			"is not of the form"},
		"a name with two hosts": {frame(sendName{flags: flagsOTP25, name: "a@b@c"}.append(nil)), ReasonMalformed,
			"is not of the form"},
		"a name for a log": {frame(sendName{flags: flagsOTP25, name: "a\n@b"}.append(nil)), ReasonMalformed, `"a\n@b"`},
		"a name of 300": {frame(sendName{flags: flagsOTP25, name: etf.Atom(long(298) + "@b")}.append(nil)),
			ReasonMalformed, "300 characters"},
		"a length past its end": {frame(unhex(t, "4e 0000000d07df7fbd 6b0109f1 ffff 614062")), ReasonMalformed,
			"needs 65535 bytes"},
		"EPMD's ALIVE2": {frame(unhex(t, "78 1234 4d 00 0006 0005 0001 61 0000")), ReasonMalformed,
			"is no send_name"},
	}
	for what, row := range rows {
		t.Run(what, func(t *testing.T) {
			never := ArbiterFunc(func(etf.Atom) Status { t.Error("the arbiter was asked"); return StatusOK })
			o := play(t, accepting(side("b@h"), never), func(s script) {
				s.raw(row.raw)
			})
			e := o.refusal(t, row.reason)
			require.Equal(t, StageRecvName, e.Stage)
			require.Contains(t, e.Error(), row.text)
		})
	}
}

func TestAnAcceptorInsideTLSTellsALengthOfTwoBytes(t *testing.T) {
	l := side("b@h")
	l.LengthBytes = 4
	o := play(t, accepting(l, nil), func(s script) { s.raw(frame(nameA)) })
	require.Contains(t, o.refusal(t, ReasonMalformed).Error(), "lengths of two bytes, as outside of TLS")
	o = play(t, accepting(l, nil), func(s script) { s.raw([]byte{0xff, 0xff, 0xff, 0xff}) })
	require.Contains(t, o.refusal(t, ReasonMalformed).Error(), "length 4294967295")
}

func TestAnAcceptorRefusesANodeOfOTP22(t *testing.T) {
	o := play(t, accepting(side("b@h"), nil), func(s script) {
		s.send(unhex(t, "6e 0005 00df7fbd 614068"))
		require.Equal(t, "snot_allowed", string(s.recv()))
	})
	e := o.refusal(t, ReasonFlags)
	require.Equal(t, FlagHandshake23, e.Missing)
	require.Equal(t, etf.Atom("a@h"), e.Peer)
}

// prove answers a challenge as a node that knows the cookie, and returns its own challenge.
func (s script) prove(m challenge) (reply []byte, ours uint32) {
	return challengeReply{challenge: 99, digest: genDigest([]byte(testCookie), m.challenge)}.append(nil), 99
}

func TestAnAcceptorUnderstandsTheOldNameOfOTP23(t *testing.T) {
	// 23 and 24 begin so if they know nothing of their peer; complement and reply come in one segment.
	o := play(t, accepting(side("b@h"), nil), func(s script) {
		s.send(sendName{flags: flagsOTP23, name: "a@h"}.appendOld(nil))
		require.Equal(t, "sok", string(s.recv()))
		m := s.challenge()
		require.False(t, m.old)
		require.Equal(t, DefaultFlags, m.flags)
		reply, ours := s.prove(m)
		s.send(complement{high: flagsOTP23 & highFlags, creation: 7}.append(nil), reply)
		ack, err := parseChallengeAck(s.recv())
		require.NoError(t, err)
		require.True(t, isProof(ack.digest, []byte(testCookie), ours))
	})
	require.NoError(t, o.err)
	require.Equal(t, &Peer{Name: "a@h", Creation: 7, Flags: flagsOTP23, Negotiated: flagsOTP23 & DefaultFlags,
		Status:   StatusOK,
		Incoming: true, Local: "b@h", LocalCreation: side("b@h").Creation}, o.peer)
}

func TestTheHighFlagsOfAnOldNameAreCheckedWhenTheyAreKnown(t *testing.T) {
	l := side("b@h")
	l.Require = FlagAlias
	o := play(t, accepting(l, nil), func(s script) {
		s.send(sendName{flags: flagsOTP23, name: "a@h"}.appendOld(nil))
		require.Equal(t, "sok", string(s.recv()), "nothing is missing yet")
		reply, _ := s.prove(s.challenge())
		s.send(complement{high: flagsOTP23 & highFlags, creation: 7}.append(nil), reply)
		require.Nil(t, s.recv())
	})
	e := o.refusal(t, ReasonFlags)
	require.Equal(t, StageRecvComplement, e.Stage)
	require.Equal(t, FlagAlias, e.Missing)

	o = play(t, accepting(l, nil), func(s script) {
		s.send(sendName{flags: flagsOTP23, name: "a@h"}.appendOld(nil))
		_ = s.recv()
		reply, _ := s.prove(s.challenge())
		s.send(reply)
		s.silence()
	})
	e = o.refusal(t, ReasonMalformed)
	require.Equal(t, StageRecvComplement, e.Stage)
	require.Contains(t, e.Error(), "tag 'r' instead of 'c'")
}

func TestAnAcceptorIsNotFooledAboutTheCookie(t *testing.T) {
	for what, reply := range map[string]func(m challenge) []byte{
		"zeros":        func(challenge) []byte { return challengeReply{}.append(nil) },
		"empty cookie": func(m challenge) []byte { return challengeReply{digest: genDigest(nil, m.challenge)}.append(nil) },
		"other challenge": func(m challenge) []byte {
			return challengeReply{digest: genDigest([]byte(testCookie), m.challenge+1)}.append(nil)
		},
		"nearly the proof": func(m challenge) []byte {
			d := genDigest([]byte(testCookie), m.challenge)
			d[15] ^= 0x80
			return challengeReply{digest: d}.append(nil)
		},
	} {
		o := play(t, accepting(side("b@h"), nil), func(s script) {
			s.send(nameA)
			_ = s.recv()
			s.send(reply(s.challenge()))
			require.Nil(t, s.recv(), "no acknowledgement for %s", what)
		})
		require.Equal(t, StageRecvChallengeReply, o.refusal(t, ReasonCookie).Stage)
	}
}

func TestAnAcceptorRefusesAMalformedReply(t *testing.T) {
	for text, want := range map[string]string{
		hexAck:          "tag 'a' instead of 'r'",
		hexReply + "00": "1 bytes too many",
		"72 00":         "needs 4 bytes",
		hexComplement:   "tag 'c' instead of 'r'", // only an old name has one
	} {
		o := play(t, accepting(side("b@h"), nil), func(s script) {
			s.send(nameA)
			_, _ = s.recv(), s.recv()
			s.send(unhex(t, text))
			s.silence()
		})
		e := o.refusal(t, ReasonMalformed)
		require.Equal(t, StageRecvChallengeReply, e.Stage)
		require.Contains(t, e.Error(), want)
	}
}

func TestAnAcceptorWaitsForTrueOrFalse(t *testing.T) {
	o := play(t, accepting(side("b@h"), answer(StatusAlive)), func(s script) {
		s.send(nameA)
		require.Equal(t, "salive", string(s.recv()))
		s.send([]byte("smaybe"))
		s.silence()
	})
	e := o.refusal(t, ReasonMalformed)
	require.Equal(t, StageRecvStatusReply, e.Stage)
	require.Contains(t, e.Error(), `"maybe"`)
}
