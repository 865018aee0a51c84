package dist

import (
	"context"
	"errors"
	"net"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/etf"
)

// timed runs ours against steps, after which the other end keeps silent, and returns when it gave up.
func timed(t *testing.T, ours func(c net.Conn) (*Peer, error), steps func(s script)) (o outcome, took time.Duration) {
	c, s := net.Pipe()
	defer s.Close()
	start := time.Now()
	done := make(chan struct{})
	go func() {
		defer close(done)
		steps(script{t, s})
	}()
	p, err := ours(c)
	took = time.Since(start)
	<-done
	return outcome{p, err}, took
}

func TestASilentPeerIsGivenUpAfterSevenSecondsAtEveryStage(t *testing.T) {
	// The timer starts anew with each step, as seen at OTP 25: 7.00 s on a silent connect, and 7.00 s again after an
	// unanswered challenge.
	const pause = 5 * time.Second // the peer takes its time at each of the steps before
	rows := []struct {
		stage Stage
		ours  func(net.Conn) (*Peer, error)
		steps func(s script)
		took  time.Duration
		text  string
	}{
		{StageRecvName, accepting(side("b@h"), nil), func(script) {}, 7 * time.Second, "did not say its name"},
		{StageSendStatus, accepting(side("b@h"), answer(StatusAlive)), func(s script) { s.send(nameA) }, 7 * time.Second,
			"did not read what we sent"},
		{StageSendChallenge, accepting(side("b@h"), nil), func(s script) { s.send(nameA) }, 7 * time.Second,
			"did not read what we sent"},
		{StageRecvStatusReply, accepting(side("b@h"), answer(StatusAlive)), func(s script) {
			<-time.After(pause)
			s.send(nameA)
			_ = s.recv()
		}, pause + 7*time.Second, "did not say whether it insists"},
		{StageRecvChallengeReply, accepting(side("b@h"), nil), func(s script) {
			<-time.After(pause)
			s.send(nameA)
			_, _ = s.recv(), s.recv()
		}, pause + 7*time.Second, "did not answer our challenge"},
		{StageRecvComplement, accepting(side("b@h"), nil), func(s script) {
			s.send(sendName{flags: flagsOTP23, name: "a@h"}.appendOld(nil))
			_, _ = s.recv(), s.recv()
		}, 7 * time.Second, "did not answer our challenge"},
		{StageSendName, connecting(side("a@h"), nil), func(script) {}, 7 * time.Second, "did not read what we sent"},
		{StageRecvStatus, connecting(side("a@h"), nil), func(s script) { _ = s.recv() }, 7 * time.Second,
			"may not be that of an Erlang node"},
		{StageRecvChallenge, connecting(side("a@h"), nil), func(s script) {
			_ = s.recv()
			<-time.After(pause)
			s.send([]byte("salive"))
			_ = s.recv()
		}, pause + 7*time.Second, "old connection is gone"},
		{StageRecvChallengeAck, connecting(side("a@h"), nil), func(s script) {
			_ = s.recv()
			s.send([]byte("sok"))
			<-time.After(pause)
			s.send(challengeB.append(nil))
			_ = s.recv()
		}, pause + 7*time.Second, "did not confirm our proof"},
	}
	for _, row := range rows {
		t.Run(string(row.stage), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				o, took := timed(t, row.ours, row.steps)
				e := o.refusal(t, ReasonTimeout)
				require.Equal(t, row.stage, e.Stage)
				require.Equal(t, row.took, took)
				require.ErrorIs(t, e, os.ErrDeadlineExceeded)
				require.True(t, e.Timeout())
				require.Contains(t, e.Error(), row.text)
			})
		})
	}
}

func TestAPeerThatDripsDoesNotGetMoreTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := side("b@h")
		l.StepTimeout = 3 * time.Second
		o, took := timed(t, accepting(l, nil), func(s script) {
			for _, b := range frame(nameA) {
				<-time.After(time.Second / 2)
				s.raw([]byte{b})
			}
		})
		require.Equal(t, StageRecvName, o.refusal(t, ReasonTimeout).Stage)
		require.Equal(t, 3*time.Second, took)
	})
}

func TestTheEndOfTheContextEndsTheHandshakeAtOnce(t *testing.T) {
	gone := errors.New("another attempt won")
	for _, stage := range []Stage{StageRecvStatus, StageRecvChallenge, StageRecvChallengeAck} {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithCancelCause(context.Background())
			o, took := timed(t, func(c net.Conn) (*Peer, error) { return side("a@h").Connect(ctx, c, "b@h", nil) },
				func(s script) {
					_ = s.recv()
					if stage != StageRecvStatus {
						s.send([]byte("sok"))
					}
					if stage == StageRecvChallengeAck {
						s.send(challengeB.append(nil))
						_ = s.recv()
					}
					<-time.After(time.Second)
					cancel(gone)
				})
			e := o.refusal(t, ReasonCanceled)
			require.Equal(t, stage, e.Stage)
			require.ErrorIs(t, e, gone)
			require.Equal(t, time.Second, took)
			require.False(t, e.Timeout())
			require.Contains(t, e.Error(), "another attempt won")
		})
	}
}

func TestTheDeadlineOfTheContextCountsToo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
		defer cancel()
		o, took := timed(t, func(c net.Conn) (*Peer, error) { return side("b@h").Accept(ctx, c, nil) }, func(script) {})
		e := o.refusal(t, ReasonCanceled)
		require.ErrorIs(t, e, context.DeadlineExceeded)
		require.True(t, e.Timeout())
		require.Equal(t, 2*time.Second, took)
	})
}

func TestAContextThatHasEndedSendsNothing(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	c := &tape{}
	_, err := side("a@h").Connect(ctx, c, "b@h", nil)
	require.ErrorIs(t, err, context.Canceled)
	require.ErrorIs(t, err, ReasonCanceled)
	require.Empty(t, c.out)
	require.True(t, c.closed)
}

func TestAContextThatEndsWithTheLastMessageLeavesNoConnection(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	c := &tape{in: frame(nameA)}
	c.peer = func(t *tape) {
		if sent := t.sent(); len(sent) == 2 && len(t.in) == len(frame(nameA)) {
			m, _ := parseChallenge(sent[1])
			reply, _ := script{}.prove(m)
			t.in = append(t.in, frame(reply)...)
		}
	}
	late := &lateConn{tape: c, when: 2, then: cancel}
	p, err := side("b@h").Accept(ctx, late, nil)
	require.Nil(t, p)
	require.ErrorIs(t, err, ReasonCanceled)
	require.True(t, c.closed)
}

// lateConn calls then with the write of that number.
type lateConn struct {
	*tape
	when int
	then func()
}

func (c *lateConn) Write(b []byte) (int, error) {
	if c.when--; c.when == 0 {
		c.then()
	}
	return c.tape.Write(b)
}

func TestTheArbiterMayCancelTheAttemptItIsAskedAbout(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	o := play(t, func(c net.Conn) (*Peer, error) {
		return side("b@h").Accept(ctx, c, ArbiterFunc(func(etf.Atom) Status {
			cancel()
			return StatusOK
		}))
	}, func(s script) {
		s.send(nameA)
		require.Nil(t, s.recv())
	})
	require.Equal(t, StageSendStatus, o.refusal(t, ReasonCanceled).Stage)
}
