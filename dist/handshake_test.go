package dist

import (
	"errors"
	"io"
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/etf"
)

func TestTwoNodesOfOursConnect(t *testing.T) {
	for name, pipe := range map[string]func() (net.Conn, net.Conn){"pipe": net.Pipe, "tcp": loopback(t)} {
		for _, size := range []int{0, 2, 4} {
			a, b := side("a@h"), side("b@h")
			a.LengthBytes, b.LengthBytes = size, size
			b.Flags = DefaultFlags | FlagPublished
			connect, accept := meetOver(t, a, b, b.Node, nil, nil, pipe)
			require.NoError(t, connect.err, name)
			require.NoError(t, accept.err, name)
			require.Equal(t, &Peer{Name: "b@h", Creation: b.Creation, Flags: b.Flags, Negotiated: DefaultFlags, Status: StatusOK,
				Local: "a@h", LocalCreation: a.Creation}, connect.peer)
			require.Equal(t, &Peer{Name: "a@h", Creation: a.Creation, Flags: DefaultFlags, Negotiated: DefaultFlags,
				Status:   StatusOK,
				Incoming: true, Local: "b@h", LocalCreation: b.Creation}, accept.peer)
			require.True(t, connect.peer.Hidden())
			require.True(t, accept.peer.Hidden())
		}
	}
}

func TestTwoVisibleNodesSeeEachOther(t *testing.T) {
	a, b := side("a@h"), side("b@h")
	a.Flags = DefaultFlags | FlagPublished
	b.Flags = a.Flags
	connect, accept := meet(t, a, b, nil, nil)
	require.False(t, connect.peer.Hidden())
	require.False(t, accept.peer.Hidden())
}

func TestOnlyWhatBothCanIsNegotiated(t *testing.T) {
	a, b := side("a@h"), side("b@h")
	a.Flags = DefaultFlags &^ FlagFragments
	b.Flags = DefaultFlags &^ (FlagDistHdrAtomCache | FlagAltactSig)
	connect, accept := meet(t, a, b, nil, nil)
	want := DefaultFlags &^ (FlagFragments | FlagDistHdrAtomCache | FlagAltactSig)
	require.Equal(t, want, connect.peer.Negotiated)
	require.Equal(t, want, accept.peer.Negotiated)
	require.Equal(t, a.Flags, accept.peer.Flags)
}

func TestTheDigestFlagAloneIsExpandedOnBothSides(t *testing.T) {
	a, b := side("a@h"), side("b@h")
	a.Flags = DefaultFlags &^ Mandatory25
	connect, accept := meet(t, a, b, nil, nil)
	require.NoError(t, connect.err)
	require.NoError(t, accept.err)
	require.Equal(t, DefaultFlags, connect.peer.Negotiated)
	require.Equal(t, DefaultFlags, accept.peer.Negotiated)
}

func TestAConnectionIsHandedBackOpenAndWithoutADeadline(t *testing.T) {
	a, b := side("a@h"), side("b@h")
	a.StepTimeout, b.StepTimeout = time.Second, time.Second
	c, s := net.Pipe()
	defer c.Close()
	defer s.Close()
	done := make(chan error)
	go func() {
		_, err := b.Accept(t.Context(), s, nil)
		done <- err
	}()
	_, err := a.Connect(t.Context(), c, "b@h", nil)
	require.NoError(t, err)
	require.NoError(t, <-done)
	go func() { _, _ = s.Write([]byte("frame")) }()
	got := make([]byte, 5)
	_, err = io.ReadFull(c, got)
	require.NoError(t, err)
	require.Equal(t, "frame", string(got))
}

func TestTheArbiterIsAskedOnceAboutTheNameOfThePeer(t *testing.T) {
	var asked []etf.Atom
	connect, accept := meet(t, side("a@h"), side("b@h"), nil, ArbiterFunc(func(name etf.Atom) Status {
		asked = append(asked, name)
		return StatusOKSimultaneous
	}))
	require.NoError(t, connect.err)
	require.NoError(t, accept.err)
	require.Equal(t, []etf.Atom{"a@h"}, asked)
	require.Equal(t, StatusOKSimultaneous, connect.peer.Status)
	require.Equal(t, StatusOKSimultaneous, accept.peer.Status)
}

func TestNOKEndsTheHandshakeOnBothSides(t *testing.T) {
	connect, accept := meet(t, side("a@h"), side("b@h"), nil, answer(StatusNOK))
	e := connect.refusal(t, ReasonNOK)
	require.True(t, e.Remote)
	require.Equal(t, StageRecvStatus, e.Stage)
	require.Contains(t, e.Error(), "keep the connection it makes")
	e = accept.refusal(t, ReasonNOK)
	require.False(t, e.Remote)
	require.True(t, e.Incoming)
	require.Equal(t, StageSendStatus, e.Stage)
}

func TestAnUnwantedNodeIsNotAllowed(t *testing.T) {
	connect, accept := meet(t, side("a@h"), side("b@h"), nil, answer(StatusNotAllowed))
	e := connect.refusal(t, ReasonNotAllowed)
	require.True(t, e.Remote)
	require.Zero(t, e.Missing)
	require.Contains(t, e.Error(), "does not admit a@h")
	require.False(t, accept.refusal(t, ReasonNotAllowed).Remote)
}

func TestABusyNodeClosesWithoutAWord(t *testing.T) {
	connect, accept := meet(t, side("a@h"), side("b@h"), nil, answer(StatusNone))
	e := connect.refusal(t, ReasonClosed)
	require.Equal(t, StageRecvStatus, e.Stage)
	// A pipe whose other end is closed says either, depending on whether a deadline is set before the end is read.
	require.True(t, errors.Is(e, io.EOF) || errors.Is(e, io.ErrClosedPipe), "%v", e)
	accept.refusal(t, ReasonBusy)
}

func TestAnAnswerTheArbiterCannotGiveIsNotSent(t *testing.T) {
	for _, s := range []Status{StatusNamed, Status(99)} {
		connect, accept := meet(t, side("a@h"), side("b@h"), nil, answer(s))
		connect.refusal(t, ReasonClosed)
		accept.refusal(t, ReasonConfig)
	}
}

func TestAnOldConnectionIsReplacedOnlyAfterTheCookieIsProved(t *testing.T) {
	asked := 0
	insist := InitiatorFunc(func(peer etf.Atom) bool {
		require.Equal(t, etf.Atom("b@h"), peer)
		asked++
		return true
	})
	for _, i := range []Initiator{insist, nil} {
		connect, accept := meet(t, side("a@h"), side("b@h"), i, answer(StatusAlive))
		require.NoError(t, connect.err)
		require.NoError(t, accept.err)
		require.Equal(t, StatusAlive, connect.peer.Status)
		require.False(t, connect.peer.Replaces)
		require.True(t, accept.peer.Replaces)
	}
	require.Equal(t, 1, asked)

	stranger := side("a@h")
	stranger.Cookie = cookie("guess")
	connect, accept := meet(t, stranger, side("b@h"), nil, answer(StatusAlive))
	connect.refusal(t, ReasonCookie)
	accept.refusal(t, ReasonCookie)
}

func TestAnAttemptThatIsNotWantedAnyMoreIsGivenUp(t *testing.T) {
	no := InitiatorFunc(func(etf.Atom) bool { return false })
	connect, accept := meet(t, side("a@h"), side("b@h"), no, answer(StatusAlive))
	require.False(t, connect.refusal(t, ReasonSuperseded).Remote)
	e := accept.refusal(t, ReasonSuperseded)
	require.True(t, e.Remote)
	require.Equal(t, StageRecvStatusReply, e.Stage)
}

func TestDifferentCookiesAreNoticedByTheAcceptorFirst(t *testing.T) {
	a, b := side("a@h"), side("b@h")
	b.Cookie = cookie("the-other-secret")
	connect, accept := meet(t, a, b, nil, nil)
	e := accept.refusal(t, ReasonCookie)
	require.False(t, e.Remote)
	require.Equal(t, StageRecvChallengeReply, e.Stage)
	require.Contains(t, e.Error(), "-setcookie")
	require.NotContains(t, e.Error(), "the-other-secret")
	e = connect.refusal(t, ReasonCookie)
	require.True(t, e.Remote)
	require.Equal(t, StageRecvChallengeAck, e.Stage)
	require.Contains(t, e.Error(), "-setcookie")
}

func TestEachPeerMayHaveACookieOfItsOwn(t *testing.T) {
	a, b := side("a@h"), side("b@h")
	a.Cookie = func(peer etf.Atom) string { return map[etf.Atom]string{"b@h": "for-b-and-a"}[peer] }
	b.Cookie = func(peer etf.Atom) string { return map[etf.Atom]string{"a@h": "for-b-and-a"}[peer] }
	connect, accept := meet(t, a, b, nil, nil)
	require.NoError(t, connect.err)
	require.NoError(t, accept.err)
}

func TestTheAcceptorRefusesANodeThatLacksFlags(t *testing.T) {
	a, b := side("a@h"), side("b@h")
	a.Flags = DefaultFlags &^ (FlagMandatory25Digest | FlagMapTag | FlagBigCreation)
	connect, accept := meet(t, a, b, nil, ArbiterFunc(func(etf.Atom) Status {
		t.Error("the arbiter need not know of this one")
		return StatusOK
	}))
	e := accept.refusal(t, ReasonFlags)
	require.Equal(t, FlagMapTag|FlagBigCreation, e.Missing)
	require.Equal(t, a.Flags, e.Theirs)
	require.Contains(t, e.Error(), "MAP_TAG (required since OTP 25), BIG_CREATION (required since OTP 23)")
	e = connect.refusal(t, ReasonNotAllowed)
	require.Equal(t, FlagMapTag|FlagBigCreation, e.Missing)
	require.Contains(t, e.Error(), "MAP_TAG (required since OTP 25), BIG_CREATION (required since OTP 23)")
}

func TestTheInitiatorRefusesANodeThatLacksFlags(t *testing.T) {
	a, b := side("a@h"), side("b@h")
	a.Require = FlagSpawn
	b.Flags = DefaultFlags &^ FlagSpawn
	connect, accept := meet(t, a, b, nil, nil)
	e := connect.refusal(t, ReasonFlags)
	require.Equal(t, StageRecvChallenge, e.Stage)
	require.Equal(t, FlagSpawn, e.Missing)
	e = accept.refusal(t, ReasonClosed)
	require.Equal(t, StageRecvChallengeReply, e.Stage)
	require.Contains(t, e.Error(), "dialled another name than b@h")
}

func TestANodeIsOnlyReachedUnderItsOwnName(t *testing.T) {
	connect, accept := meetOver(t, side("a@h"), side("b@h"), "b2@h", nil, nil, net.Pipe)
	e := connect.refusal(t, ReasonName)
	require.Equal(t, etf.Atom("b@h"), e.Name)
	require.Contains(t, e.Error(), "the node that answers is b@h")
	require.NotContains(t, e.Error(), "short")
	accept.refusal(t, ReasonClosed)

	connect, _ = meetOver(t, side("a@h"), side("b@h.domain"), "b@h", nil, nil, net.Pipe)
	e = connect.refusal(t, ReasonName)
	require.Contains(t, e.Error(), "one is a short name, the other a long one")
}

func TestTwoNodesOfOneNameDoNotConnect(t *testing.T) {
	// The initiator notices by itself if the node it dials has its own name; here it is led astray by an address.
	o := play(t, func(c net.Conn) (*Peer, error) { return side("b@h").Accept(t.Context(), c, nil) }, func(s script) {
		s.send(sendName{flags: DefaultFlags, name: "b@h"}.append(nil))
		require.Equal(t, "snot_allowed", string(s.recv()))
	})
	e := o.refusal(t, ReasonName)
	require.Contains(t, e.Error(), "same name")
	o = play(t, func(c net.Conn) (*Peer, error) { return side("b@h").Connect(t.Context(), c, "b@h", nil) }, script.silence)
	require.Contains(t, o.refusal(t, ReasonConfig).Error(), "our own")
}

func TestANodeWithoutANameGetsOne(t *testing.T) {
	a, b := side("a@h"), side("b@h")
	a.Node, a.Creation, a.Flags = "h", 0, DefaultFlags|FlagNameMe|FlagPublished
	b.Flags = DefaultFlags | FlagPublished
	var asked etf.Atom
	connect, accept := meet(t, a, b, nil, ArbiterFunc(func(name etf.Atom) Status {
		asked = name
		return StatusOK
	}))
	require.NoError(t, connect.err)
	require.NoError(t, accept.err)
	require.Equal(t, asked, connect.peer.Local)
	require.Equal(t, asked, accept.peer.Name)
	require.Equal(t, StatusNamed, connect.peer.Status)
	require.Equal(t, StatusNamed, accept.peer.Status)
	require.Equal(t, accept.peer.Creation, connect.peer.LocalCreation)
	require.NotZero(t, connect.peer.LocalCreation)
	require.Equal(t, DefaultFlags, connect.peer.Negotiated, "hidden, and the request is no capability")
	require.Equal(t, DefaultFlags, accept.peer.Negotiated)
}

func TestTheNodeMayMakeTheNamesItself(t *testing.T) {
	a, b := side("a@h"), side("b@h")
	a.Node, a.Flags = "h", DefaultFlags|FlagNameMe
	b.NameFor = func(host string) (etf.Atom, uint32) { return etf.Atom("guest-1@" + host), 99 }
	b.Cookie = func(peer etf.Atom) string { return map[etf.Atom]string{"guest-1@h": testCookie}[peer] }
	connect, accept := meet(t, a, b, nil, nil)
	require.NoError(t, accept.err)
	require.Equal(t, etf.Atom("guest-1@h"), connect.peer.Local)
	require.Equal(t, uint32(99), connect.peer.LocalCreation)

	b.NameFor = func(string) (etf.Atom, uint32) { return "no name", 99 }
	connect, accept = meet(t, a, b, nil, nil)
	connect.refusal(t, ReasonClosed)
	require.Contains(t, accept.refusal(t, ReasonConfig).Error(), "is not of the form")
}

func TestANodeWithoutANameCannotBeAnsweredOtherwise(t *testing.T) {
	a := side("a@h")
	a.Node, a.Flags = "h", DefaultFlags|FlagNameMe
	connect, accept := meet(t, a, side("b@h"), nil, answer(StatusNotAllowed))
	connect.refusal(t, ReasonNotAllowed)
	accept.refusal(t, ReasonNotAllowed)
	for _, s := range []Status{StatusNOK, StatusAlive, StatusOKSimultaneous} {
		connect, accept = meet(t, a, side("b@h"), nil, answer(s))
		connect.refusal(t, ReasonClosed)
		accept.refusal(t, ReasonConfig)
	}
}

func TestABadSetUpIsNoticedBeforeAnythingIsSent(t *testing.T) {
	rows := map[string]func(l *Local){
		"is not of the form name@host": func(l *Local) { l.Node = "nohost" },
		"outside of Latin-1":           func(l *Local) { l.Node = "a@日本" },
		"Local.Cookie is not set":      func(l *Local) { l.Cookie = nil },
		"no cookie is set":             func(l *Local) { l.Cookie = cookie("") },
		"255 characters of Latin-1":    func(l *Local) { l.Cookie = cookie("日本") },
		"characters of Latin-1":        func(l *Local) { l.Cookie = cookie(long(256)) },
		"is negative":                  func(l *Local) { l.StepTimeout = -1 },
		"lengths of 3 bytes":           func(l *Local) { l.LengthBytes = 3 },
		"is not a host name":           func(l *Local) { l.Flags = FlagNameMe },
	}
	for want, change := range rows {
		l := side("a@h")
		change(&l)
		o := play(t, func(c net.Conn) (*Peer, error) { return l.Connect(t.Context(), c, "b@h", nil) }, func(s script) {
			require.Nil(t, s.recv())
		})
		e := o.refusal(t, ReasonConfig)
		require.Equal(t, StageStart, e.Stage)
		require.Contains(t, e.Error(), want)
	}
	for _, bad := range []etf.Atom{"", "b", "b@", "b@日本", "b c@h"} {
		o := play(t, func(c net.Conn) (*Peer, error) { return side("a@h").Connect(t.Context(), c, bad, nil) }, script.silence)
		require.Contains(t, o.refusal(t, ReasonConfig).Error(), "name to dial")
	}
	l := side("a@h")
	l.Node, l.Flags = "h", FlagNameMe
	o := play(t, func(c net.Conn) (*Peer, error) { return l.Accept(t.Context(), c, nil) }, script.silence)
	require.Contains(t, o.refusal(t, ReasonConfig).Error(), "cannot be connected to")
}

func TestAShortNameDoesNotDialALongOne(t *testing.T) {
	o := play(t, func(c net.Conn) (*Peer, error) { return side("a@h").Connect(t.Context(), c, "b@h.domain", nil) },
		script.silence)
	e := o.refusal(t, ReasonNameStyle)
	require.Contains(t, e.Error(), "-sname, or both with -name")
}

func TestAnAcceptorWithoutACookieForThePeerDoesNotChallengeIt(t *testing.T) {
	b := side("b@h")
	b.Cookie = cookie("")
	connect, accept := meet(t, side("a@h"), b, nil, nil)
	connect.refusal(t, ReasonClosed)
	require.Contains(t, accept.refusal(t, ReasonConfig).Error(), "no cookie is set for this peer")
}

// writes counts what is written in one go.
type writes struct {
	net.Conn
	n int
}

func (w *writes) Write(b []byte) (int, error) {
	w.n++
	return w.Conn.Write(b)
}

func TestTheChallengeComesTogetherWithAStatusThatNeedsNoAnswer(t *testing.T) {
	a, b := side("a@h"), side("b@h")
	for status, want := range map[Status]int{StatusOK: 2, StatusAlive: 3} {
		counted := &writes{}
		insists := InitiatorFunc(func(etf.Atom) bool { return true })
		connect, accept := meetOver(t, a, b, b.Node, insists, answer(status), func() (net.Conn, net.Conn) {
			c, s := loopback(t)()
			counted.Conn = s
			return c, counted
		})
		require.NoError(t, connect.err)
		require.NoError(t, accept.err)
		require.Equal(t, want, counted.n, status)
	}
}
