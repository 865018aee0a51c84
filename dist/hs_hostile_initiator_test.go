package dist

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/etf"
)

// acceptorScript is the other end of Connect, up to and with its challenge.
func acceptorScript(s script, status string, m challenge) {
	_ = s.recv()
	s.send([]byte("s"+status), m.append(nil))
}

var challengeB = challenge{flags: flagsOTP25, challenge: 5, creation: 8, name: "b@h"}

func TestTwoMessagesInOneSegmentAndTheFirstFrameBehindThem(t *testing.T) {
	c, s := net.Pipe()
	done := make(chan struct{})
	go func() {
		defer close(done)
		s := script{t, s}
		acceptorScript(s, "ok", challengeB) // status and challenge in one write, as real nodes do
		m, err := parseChallengeReply(s.recv())
		require.NoError(t, err)
		ack := frame(challengeAck{genDigest([]byte(testCookie), m.challenge)}.append(nil))
		s.raw(append(ack, 0, 0, 0, 1, 'p')) // the first frame is right behind
	}()
	p, err := side("a@h").Connect(t.Context(), c, "b@h", nil)
	require.NoError(t, err)
	require.Equal(t, flagsOTP25, p.Flags)
	first := make([]byte, 5)
	_, err = io.ReadFull(c, first)
	require.NoError(t, err)
	require.Equal(t, []byte{0, 0, 0, 1, 'p'}, first, "not a byte of it was taken")
	<-done
	require.NoError(t, c.Close())
}

func TestAFrameBehindTheReplyIsLeftToTheConnection(t *testing.T) {
	for _, chunk := range []int{0, 1, 2, 3} {
		in := &tape{in: frame(nameA), chunk: chunk}
		in.peer = func(t *tape) {
			if sent := t.sent(); len(sent) == 2 && len(t.in) == len(frame(nameA)) {
				m, _ := parseChallenge(sent[1])
				reply, _ := script{}.prove(m)
				t.in = append(append(t.in, frame(reply)...), 0, 0, 0, 0)
			}
		}
		p, err := side("b@h").Accept(t.Context(), in, nil)
		require.NoError(t, err)
		require.Equal(t, etf.Atom("a@h"), p.Name)
		require.Equal(t, 4, len(in.in)-in.read, "the tick behind the handshake is still there")
		require.False(t, in.closed)
	}
}

func TestAnInitiatorRefusesWhateverIsNoStatus(t *testing.T) {
	rows := map[string]struct {
		raw    []byte
		reason Reason
		text   string
	}{
		"nothing":          {nil, ReasonClosed, "on seeing our name"},
		"an empty packet":  {[]byte{0, 0}, ReasonMalformed, "length 0"},
		"HTTP":             {[]byte("HTTP/1.1 400 Bad Request\r\n"), ReasonMalformed, "length 18516"},
		"a TLS alert":      {unhex(t, "150303 0002 0246"), ReasonMalformed, "length 5379"},
		"a challenge":      {frame(challengeB.append(nil)), ReasonMalformed, "tag 'N' instead of 's'"},
		"unknown":          {frame([]byte("sperhaps")), ReasonMalformed, `"perhaps" is not known`},
		"true":             {frame([]byte("strue")), ReasonMalformed, `"true" is not known`},
		"a name":           {frame(unhex(t, hexNamed)), ReasonStatus, "which we did not ask for"},
		"a malformed name": {frame([]byte("snamed:")), ReasonMalformed, "needs 2 bytes"},
	}
	for what, row := range rows {
		t.Run(what, func(t *testing.T) {
			o := play(t, connecting(side("a@h"), nil), func(s script) {
				_ = s.recv()
				s.raw(row.raw)
			})
			e := o.refusal(t, row.reason)
			require.Equal(t, StageRecvStatus, e.Stage)
			require.Contains(t, e.Error(), row.text)
		})
	}
}

func TestAnInitiatorThatWantsANameTakesNothingElse(t *testing.T) {
	l := side("a@h")
	l.Node, l.Flags = "h", DefaultFlags|FlagNameMe
	for status, row := range map[string]struct {
		reason Reason
		text   string
	}{
		"ok":                                  {ReasonStatus, "answered ok instead of giving us a name"},
		"nok":                                 {ReasonStatus, "answered nok"},
		"alive":                               {ReasonStatus, "answered alive"},
		"named:\x00\x05x@far\x00\x00\x00\x09": {ReasonName, "named us x@far, but our host is h"},
	} {
		o := play(t, connecting(l, nil), func(s script) {
			m, err := parseSendName(s.recv())
			require.NoError(t, err)
			require.Equal(t, sendName{flags: l.Flags, name: "h"}, m, "creation 0")
			s.send([]byte("s" + status))
			s.silence()
		})
		require.Contains(t, o.refusal(t, row.reason).Error(), row.text)
	}
}

func TestAnInitiatorRefusesABadChallenge(t *testing.T) {
	lacking := challengeB
	lacking.flags &^= FlagUTF8Atoms | FlagMandatory25Digest
	other := challengeB
	other.name = "evil@h"
	rows := map[string]struct {
		body   []byte
		reason Reason
		text   string
	}{
		"a status":     {[]byte("sok"), ReasonMalformed, "tag 's' instead of 'N'"},
		"cut":          {challengeB.append(nil)[:15], ReasonMalformed, "needs 4 bytes"},
		"other name":   {other.append(nil), ReasonName, "the node that answers is evil@h"},
		"few flags":    {lacking.append(nil), ReasonFlags, "UTF8_ATOMS (required since OTP 23)"},
		"OTP 22":       {unhex(t, "6e 0005 01df7fbd deadbeef 624068"), ReasonFlags, "HANDSHAKE_23 (required since OTP 25)"},
		"OTP 22, else": {unhex(t, "6e 0005 01df7fbd deadbeef 634068"), ReasonName, "c@h"},
	}
	for what, row := range rows {
		t.Run(what, func(t *testing.T) {
			o := play(t, connecting(side("a@h"), nil), func(s script) {
				_ = s.recv()
				s.send([]byte("sok"), row.body)
				require.Nil(t, s.recv(), "no proof for such a peer")
			})
			e := o.refusal(t, row.reason)
			require.Equal(t, StageRecvChallenge, e.Stage)
			require.Contains(t, e.Error(), row.text)
		})
	}
}

func TestAnInitiatorWantsAProofToo(t *testing.T) {
	for what, row := range map[string]struct {
		ack    func(reply challengeReply) []byte
		reason Reason
		remote bool
		text   string
	}{
		"our own digest": {func(m challengeReply) []byte { return challengeAck{m.digest}.append(nil) }, ReasonCookie, false,
			"not ours"},
		"zeros": {func(challengeReply) []byte { return challengeAck{}.append(nil) }, ReasonCookie, false,
			"not ours"},
		"a status": {func(challengeReply) []byte { return []byte("sok") }, ReasonMalformed, false,
			"tag 's' instead of 'a'"},
		"a tail": {func(m challengeReply) []byte {
			return append(challengeAck{genDigest([]byte(testCookie), m.challenge)}.append(nil), 0)
		}, ReasonMalformed, false, "1 bytes too many"},
		"nothing": {nil, ReasonCookie, true, "on seeing our proof"},
	} {
		o := play(t, connecting(side("a@h"), nil), func(s script) {
			acceptorScript(s, "ok", challengeB)
			m, err := parseChallengeReply(s.recv())
			require.NoError(t, err)
			require.NotEqual(t, challengeB.challenge, m.challenge)
			if row.ack != nil {
				s.send(row.ack(m))
				s.silence()
			}
		})
		e := o.refusal(t, row.reason)
		require.Equal(t, StageRecvChallengeAck, e.Stage, what)
		require.Equal(t, row.remote, e.Remote, what)
		require.Contains(t, e.Error(), row.text)
	}
}

func TestAPeerThatWaitsForTheOldConnectionToDieIsExplained(t *testing.T) {
	o := play(t, connecting(side("a@h"), nil), func(s script) {
		_ = s.recv()
		s.send([]byte("salive"))
		require.Equal(t, "strue", string(s.recv()))
	})
	e := o.refusal(t, ReasonClosed)
	require.Equal(t, StageRecvChallenge, e.Stage)
	require.Contains(t, e.Error(), "old connection")
}

func TestATailBehindTheMessagesThatMayHaveOneIsIgnored(t *testing.T) {
	tail := bytes.Repeat([]byte{0xaa}, 500)
	o := play(t, accepting(side("b@h"), nil), func(s script) {
		s.send(append(bytes.Clone(nameA), tail...))
		_ = s.recv()
		reply, _ := s.prove(s.challenge())
		s.send(reply)
		_ = s.recv()
	})
	require.NoError(t, o.err)
	require.Equal(t, etf.Atom("a@h"), o.peer.Name)

	o = play(t, connecting(side("a@h"), nil), func(s script) {
		_ = s.recv()
		s.send([]byte("sok"), append(challengeB.append(nil), tail...))
		m, _ := parseChallengeReply(s.recv())
		s.send(challengeAck{genDigest([]byte(testCookie), m.challenge)}.append(nil))
	})
	require.NoError(t, o.err)
}

func TestAFailureOfTheConnectionIsNamed(t *testing.T) {
	broken := &brokenConn{tape: tape{}, err: errors.New("cable cut")}
	_, err := side("b@h").Accept(t.Context(), broken, nil)
	require.ErrorIs(t, err, ReasonIO)
	require.ErrorIs(t, err, broken.err)
	require.Contains(t, err.Error(), "cable cut")
}

type brokenConn struct {
	tape
	err error
}

func (b *brokenConn) Read([]byte) (int, error) { return 0, b.err }

func TestAStrangerCostsLittle(t *testing.T) {
	// The longest name with the longest tail, then a wrong proof: all a stranger can make us do before it has to know the
	// cookie.
	name := sendName{flags: flagsOTP25, name: etf.Atom(long(253) + "@h")}.append(nil)
	name = append(name, make([]byte, maxPacket-len(name))...)
	in := append(frame(name), frame(challengeReply{}.append(nil))...)
	in = append(in, make([]byte, 1<<20)...)
	l := side("b@h")
	run := func() {
		c := &tape{in: in}
		_, err := l.Accept(t.Context(), c, nil)
		require.ErrorIs(t, err, ReasonCookie)
		require.Less(t, c.read, 2200, "nothing behind it is read")
	}
	run()
	const rounds = 50
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range rounds {
		run()
	}
	runtime.ReadMemStats(&after)
	require.Less(t, (after.TotalAlloc-before.TotalAlloc)/rounds, uint64(10_000), "with the test's own share")
}

func TestALengthIsBelievedOnlyWithinItsBounds(t *testing.T) {
	for _, size := range []int{2, 4} {
		for n, ok := range map[uint32]bool{0: false, 1: true, maxPacket: true, maxPacket + 1: false, 1<<16 - 1: false} {
			head := binary.BigEndian.AppendUint32(nil, n)
			c := &tape{in: append(head[4-size:], make([]byte, n)...)}
			p := &packetConn{ctx: t.Context(), conn: c, lengthBytes: size, stepTime: DefaultSetupTime}
			b, err := p.readPacket()
			require.Equal(t, ok, err == nil, "length %d", n)
			if ok {
				require.Len(t, b, int(n))
			} else {
				require.Equal(t, size, c.read)
			}
		}
	}
}
