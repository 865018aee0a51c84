package dist

import (
	"context"
	"errors"
	"io"
	"os"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestEveryReasonHasATextForTheOperator(t *testing.T) {
	rows := []struct {
		err  HandshakeError
		want string
	}{
		{HandshakeError{Stage: StageRecvChallengeReply, Reason: ReasonCookie, Incoming: true},
			"dist: handshake from b@h, recv_challenge_reply: the cookie of the peer is not ours; give both nodes the same " +
				"cookie (-setcookie, ~/.erlang.cookie, or the one set for this peer)"},
		{HandshakeError{Stage: StageRecvChallengeAck, Reason: ReasonCookie, Remote: true},
			"dist: handshake to b@h, recv_challenge_ack: the peer closed the connection on seeing our proof, as it does " +
				"when our cookie is not its own; give both nodes the same cookie (-setcookie, ~/.erlang.cookie, or the one set " +
				"for this peer)"},
		{HandshakeError{Stage: StageRecvName, Reason: ReasonFlags, Incoming: true, Missing: FlagMapTag | FlagSpawn},
			"dist: handshake from b@h, recv_name: the peer lacks MAP_TAG (required since OTP 25), SPAWN; it has to be a " +
				"newer release, or announce these flags"},
		{HandshakeError{Stage: StageRecvStatus, Reason: ReasonNotAllowed, Remote: true, Missing: FlagV4NC},
			"dist: handshake to b@h, recv_status: not_allowed: the peer requires flags that we do not announce; OTP asks " +
				"for V4_NC (required since OTP 26)"},
		{HandshakeError{Stage: StageRecvStatus, Reason: ReasonNotAllowed, Remote: true},
			"dist: handshake to b@h, recv_status: not_allowed: the peer does not admit a@h (net_kernel:allow/1 on its side, " +
				"or flags it requires)"},
		{HandshakeError{Stage: StageSendStatus, Reason: ReasonNotAllowed, Incoming: true},
			"dist: handshake from b@h, send_status: not_allowed: our node does not admit this one"},
		{HandshakeError{Stage: StageSendStatus, Reason: ReasonNOK, Incoming: true},
			"dist: handshake from b@h, send_status: nok: our own attempt to reach the peer goes on instead"},
		{HandshakeError{Stage: StageSendStatus, Reason: ReasonBusy, Incoming: true},
			"dist: handshake from b@h, send_status: refused without an answer: an earlier attempt of this peer is still " +
				"under way"},
		{HandshakeError{Stage: StageRecvStatusReply, Reason: ReasonSuperseded, Incoming: true, Remote: true},
			"dist: handshake from b@h, recv_status_reply: the peer gave this attempt up, as the connection we still have " +
				"with it is alive"},
		{HandshakeError{Stage: StageSendStatusReply, Reason: ReasonSuperseded},
			"dist: handshake to b@h, send_status_reply: given up: the peer still has a connection with us, and this attempt " +
				"is not wanted any more"},
		{HandshakeError{Stage: StageRecvStatus, Reason: ReasonTimeout, Err: os.ErrDeadlineExceeded},
			"dist: handshake to b@h, recv_status: time-out: the peer did not answer to our name in time; if the port is " +
				"open to others, it may not be that of an Erlang node, or the node hangs"},
		{HandshakeError{Stage: StageRecvChallengeReply, Reason: ReasonTimeout, Incoming: true, Err: os.ErrDeadlineExceeded},
			"dist: handshake from b@h, recv_challenge_reply: time-out: the peer did not answer our challenge in time"},
		{HandshakeError{Stage: StageRecvChallenge, Reason: ReasonClosed, Err: io.EOF},
			"dist: handshake to b@h, recv_challenge: the peer closed the connection before its challenge: another attempt " +
				"between the two nodes may have won"},
		{HandshakeError{Stage: StageSendChallengeAck, Reason: ReasonClosed, Incoming: true, Err: io.EOF},
			"dist: handshake from b@h, send_challenge_ack: the peer closed the connection"},
		{HandshakeError{Stage: StageRecvStatusReply, Reason: ReasonClosed, Incoming: true, Err: io.EOF},
			"dist: handshake from b@h, recv_status_reply: the peer closed the connection instead of saying whether it insists"},
		{HandshakeError{Stage: StageSendName, Reason: ReasonIO, Err: errors.New("cable cut")},
			"dist: handshake to b@h, send_name: the connection failed: cable cut"},
		{HandshakeError{Stage: StageSendName, Reason: ReasonCanceled, Err: context.Canceled},
			"dist: handshake to b@h, send_name: given up: context canceled"},
		{HandshakeError{Stage: StageStart, Reason: ReasonNameStyle},
			"dist: handshake to b@h, start: short and long names do not mix: we are a@h; start both nodes with -sname, or " +
				"both with -name"},
		{HandshakeError{Stage: StageRecvStatus, Reason: ReasonMalformed, Err: &MessageError{"send_status", 1, "nonsense"}},
			"dist: handshake to b@h, recv_status: send_status, byte 1: nonsense"},
		{HandshakeError{Stage: StageStart, Reason: ReasonConfig, Detail: "no cookie"},
			"dist: handshake to b@h, start: no cookie"},
	}
	for _, row := range rows {
		row.err.Peer, row.err.Local = "b@h", "a@h"
		require.Equal(t, row.want, row.err.Error())
		require.ErrorIs(t, &row.err, row.err.Reason)
		if row.err.Err != nil {
			require.ErrorIs(t, &row.err, row.err.Err)
		}
	}
}

func TestAPeerWithoutANameAndOneWithAStrangeNameArePrintable(t *testing.T) {
	e := HandshakeError{Stage: StageRecvName, Reason: ReasonClosed, Incoming: true, Err: io.EOF}
	require.Equal(t, "dist: handshake from an unnamed peer, recv_name: the peer closed the connection before it said "+
		"its name", e.Error())
	e.Peer = "a@h\x1b[2J\nforged line"
	require.Contains(t, e.Error(), `"a@h\x1b[2J\nforged line"`)
}

func TestAReasonIsMatchedAndNotMixedUp(t *testing.T) {
	for r := ReasonConfig; r <= ReasonStatus; r++ {
		err := error(&HandshakeError{Reason: r, Err: io.EOF})
		require.ErrorIs(t, err, r)
		require.NotErrorIs(t, err, r%ReasonStatus+1)
		require.Contains(t, r.Error(), "dist: handshake: ")
	}
	require.Equal(t, "dist: unknown reason", Reason(0).Error())
	require.Equal(t, "dist: unknown reason", Reason(200).Error())
}

func TestWhatTheConnectionReturnsIsSorted(t *testing.T) {
	for err, want := range map[error]Reason{
		io.EOF:                  ReasonClosed,
		io.ErrUnexpectedEOF:     ReasonClosed,
		syscall.ECONNRESET:      ReasonClosed,
		syscall.EPIPE:           ReasonClosed,
		os.ErrDeadlineExceeded:  ReasonTimeout,
		errors.New("cable cut"): ReasonIO,
		syscall.EHOSTUNREACH:    ReasonIO,
		&MessageError{}:         ReasonMalformed,
	} {
		require.Equal(t, want, reasonOf(err), err)
	}
}

func TestTimeoutIsToldByTheCauseToo(t *testing.T) {
	require.True(t, (&HandshakeError{Reason: ReasonTimeout}).Timeout())
	require.True(t, (&HandshakeError{Reason: ReasonCanceled, Err: context.DeadlineExceeded}).Timeout())
	require.False(t, (&HandshakeError{Reason: ReasonCanceled, Err: context.Canceled}).Timeout())
	require.False(t, (&HandshakeError{Reason: ReasonClosed, Err: io.EOF}).Timeout())
}
