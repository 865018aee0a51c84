package dist

import (
	"context"
	"errors"
	"io"
	"os"
	"strings"
	"syscall"

	"github.com/gonode-otp/gonode/etf"
)

// Stage is the step of the handshake at which it failed, in the words of the Distribution Protocol. For the initiator
// the order is the one below; the acceptor has the other end of each.
type Stage string

// The stages. A name that begins with send is the sender's step, one with recv the receiver's.
const (
	StageStart              Stage = "start" // nothing was sent or read yet
	StageSendName           Stage = "send_name"
	StageRecvName           Stage = "recv_name"
	StageSendStatus         Stage = "send_status"
	StageRecvStatus         Stage = "recv_status"
	StageSendStatusReply    Stage = "send_status_reply" // true or false after alive
	StageRecvStatusReply    Stage = "recv_status_reply"
	StageSendChallenge      Stage = "send_challenge"
	StageRecvChallenge      Stage = "recv_challenge"
	StageRecvComplement     Stage = "recv_complement"
	StageSendChallengeReply Stage = "send_challenge_reply"
	StageRecvChallengeReply Stage = "recv_challenge_reply"
	StageSendChallengeAck   Stage = "send_challenge_ack"
	StageRecvChallengeAck   Stage = "recv_challenge_ack"
)

// Reason is why a handshake failed. It is an error so that errors.Is(err, dist.ReasonNOK) tells it.
type Reason uint8

// The reasons. Which side found fault says HandshakeError.Remote.
const (
	// ReasonConfig: the Local, the name to dial or the answer of the arbiter is of no use. Nothing is wrong with the peer.
	ReasonConfig Reason = iota + 1
	// ReasonCanceled: the context ended.
	ReasonCanceled
	// ReasonTimeout: the peer did not take the next step in time.
	ReasonTimeout
	// ReasonClosed: the peer closed the connection without saying why.
	ReasonClosed
	// ReasonIO: the connection failed.
	ReasonIO
	// ReasonMalformed: the peer sent something that is not the message that has to come next.
	ReasonMalformed
	// ReasonFlags: the peer lacks flags that are required.
	ReasonFlags
	// ReasonCookie: the two sides have different cookies.
	ReasonCookie
	// ReasonName: the peer has another name than the one that was dialled, or gave us a name we cannot have.
	ReasonName
	// ReasonNameStyle: one side has a short and the other a long name.
	ReasonNameStyle
	// ReasonNotAllowed: one side does not want the other.
	ReasonNotAllowed
	// ReasonNOK: both sides dialled each other, and the attempt of the acceptor goes on. The connection that comes in from
	// there, or has come in already, is the one to keep. Do not wait for it for ever: OTP also says nok to a node whose
	// name it cannot have among its peers, such as its own.
	ReasonNOK
	// ReasonBusy: an earlier attempt of the same peer is still under way.
	ReasonBusy
	// ReasonSuperseded: the initiator does not want this attempt any more (false, after alive).
	ReasonSuperseded
	// ReasonStatus: the peer answered with a status that does not fit what we asked.
	ReasonStatus
)

var reasonText = [...]string{
	ReasonConfig:     "not set up",
	ReasonCanceled:   "canceled",
	ReasonTimeout:    "time-out",
	ReasonClosed:     "closed by the peer",
	ReasonIO:         "connection failed",
	ReasonMalformed:  "malformed message",
	ReasonFlags:      "flags missing",
	ReasonCookie:     "different cookies",
	ReasonName:       "wrong name",
	ReasonNameStyle:  "short and long names",
	ReasonNotAllowed: "not_allowed",
	ReasonNOK:        "nok",
	ReasonBusy:       "busy",
	ReasonSuperseded: "superseded",
	ReasonStatus:     "unexpected status",
}

// Error returns a short text. That of a HandshakeError says more.
func (r Reason) Error() string {
	if r == 0 || int(r) >= len(reasonText) {
		return "dist: unknown reason"
	}
	return "dist: handshake: " + reasonText[r]
}

// HandshakeError says why a handshake failed: errors.Is finds its Reason and what Err is about. It never contains a
// cookie, a challenge or a digest.
type HandshakeError struct {
	Stage  Stage
	Reason Reason
	// Local and Peer are the names of the two sides. Peer is empty while it is unknown; what an initiator says of itself
	// is not authenticated before StageSendChallengeAck.
	Local, Peer etf.Atom
	// Incoming says that the peer dialled us.
	Incoming bool
	// Remote says that the peer refused. Otherwise we did.
	Remote bool
	// Missing are the required flags the peer lacks (ReasonFlags), or those that OTP requires and we do not announce
	// (ReasonNotAllowed with Remote).
	Missing Flags
	// Ours and Theirs are the flags of both sides as far as they are known, with the digest expanded.
	Ours, Theirs Flags
	// Name is what the peer calls itself, or us (ReasonName).
	Name etf.Atom
	// Detail is more on the fault.
	Detail string
	// Err is the error below, such as a *MessageError or what the connection returned.
	Err error
}

// Error says who could not connect at which stage, why, and what the operator can do about it.
func (e *HandshakeError) Error() string {
	var b strings.Builder
	b.WriteString("dist: handshake ")
	if e.Incoming {
		b.WriteString("from ")
	} else {
		b.WriteString("to ")
	}
	if e.Peer == "" {
		b.WriteString("an unnamed peer")
	} else {
		b.WriteString(quoteName(e.Peer))
	}
	b.WriteString(", ")
	b.WriteString(string(e.Stage))
	b.WriteString(": ")
	b.WriteString(e.explain())
	return b.String()
}

// Unwrap returns the reason and, if there is one, the error below.
func (e *HandshakeError) Unwrap() []error {
	if e.Err == nil {
		return []error{e.Reason}
	}
	return []error{e.Reason, e.Err}
}

// Timeout reports whether time ran out, be it that of a step or that of the context.
func (e *HandshakeError) Timeout() bool {
	return e.Reason == ReasonTimeout || errors.Is(e.Err, context.DeadlineExceeded)
}

// reasonOf tells what an error of reading or writing means.
func reasonOf(err error) Reason {
	var message *MessageError
	switch {
	case errors.As(err, &message):
		return ReasonMalformed
	case errors.Is(err, os.ErrDeadlineExceeded):
		return ReasonTimeout
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.ECONNRESET),
		errors.Is(err, syscall.EPIPE), errors.Is(err, io.ErrClosedPipe):
		return ReasonClosed
	}
	return ReasonIO
}
