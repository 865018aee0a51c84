package dist

import (
	"context"
	"errors"
	"math/bits"
	"strconv"
	"strings"

	"github.com/gonode-otp/gonode/etf"
)

// explain is the part of the text that depends on the reason: the fault and what to change.
func (e *HandshakeError) explain() string {
	switch e.Reason {
	case ReasonConfig:
		return e.Detail
	case ReasonCanceled:
		if errors.Is(e.Err, context.DeadlineExceeded) {
			return "given up: not within the time given"
		}
		return "given up: " + e.Err.Error()
	case ReasonTimeout:
		return "time-out: the peer did not " + e.missingStep() + " in time" + e.waitHint()
	case ReasonClosed:
		return "the peer closed the connection" + e.closeHint()
	case ReasonIO:
		return "the connection failed: " + e.Err.Error()
	case ReasonMalformed:
		return strings.TrimPrefix(e.Err.Error(), "dist: ")
	case ReasonFlags:
		return "the peer lacks " + flagsWithRelease(e.Missing) + "; it has to be a newer release, or announce these flags"
	case ReasonCookie:
		return e.explainCookie()
	case ReasonName:
		return e.explainName()
	case ReasonNameStyle:
		return "short and long names do not mix: we are " + quoteName(e.Local) +
			"; start both nodes with -sname, or both with -name"
	case ReasonNotAllowed:
		return e.explainNotAllowed()
	case ReasonNOK:
		if e.Remote {
			return "nok: the peer is connecting to us at the same time and its attempt wins; keep the connection it makes" +
				" (OTP says nok to a node with its own name, too)"
		}
		return "nok: our own attempt to reach the peer goes on instead"
	case ReasonBusy:
		return "refused without an answer: an earlier attempt of this peer is still under way"
	case ReasonSuperseded:
		if e.Remote {
			return "the peer gave this attempt up, as the connection we still have with it is alive"
		}
		return "given up: the peer still has a connection with us, and this attempt is not wanted any more"
	}
	return e.Detail
}

func (e *HandshakeError) explainCookie() string {
	const advice = "give both nodes the same cookie (-setcookie, ~/.erlang.cookie, or the one set for this peer)"
	if !e.Remote {
		return "the cookie of the peer is not ours; " + advice
	}
	return "the peer closed the connection on seeing our proof, as it does when our cookie is not its own; " + advice
}

func (e *HandshakeError) explainName() string {
	if e.Detail != "" {
		return e.Detail
	}
	text := "the node that answers is " + quoteName(e.Name) + ", not the one that was dialled; use its full name"
	name, host, _ := SplitNode(e.Peer)
	theirName, theirHost, _ := SplitNode(e.Name)
	if name == theirName && !sameStyle(host, theirHost) {
		text += " (one is a short name, the other a long one)"
	}
	return text
}

func (e *HandshakeError) explainNotAllowed() string {
	if !e.Remote {
		return "not_allowed: our node does not admit this one"
	}
	if e.Stage != StageRecvStatus || e.Missing == 0 {
		return "not_allowed: the peer does not admit " + quoteName(e.Local) +
			" (net_kernel:allow/1 on its side, or flags it requires)"
	}
	return "not_allowed: the peer requires flags that we do not announce; OTP asks for " + flagsWithRelease(e.Missing)
}

// missingStep says what the other end has not done at this stage.
func (e *HandshakeError) missingStep() string {
	switch e.Stage {
	case StageRecvName:
		return "say its name"
	case StageRecvStatus:
		return "answer to our name"
	case StageRecvStatusReply:
		return "say whether it insists"
	case StageRecvChallenge:
		return "send its challenge"
	case StageRecvComplement, StageRecvChallengeReply:
		return "answer our challenge"
	case StageRecvChallengeAck:
		return "confirm our proof"
	}
	return "read what we sent"
}

func (e *HandshakeError) waitHint() string {
	switch {
	case e.Stage == StageRecvChallenge && e.Detail != "":
		return "; " + e.Detail
	case e.Stage == StageRecvStatus:
		return "; if the port is open to others, it may not be that of an Erlang node, or the node hangs"
	}
	return ""
}

// closeHint lists what makes OTP close at this stage without a word.
func (e *HandshakeError) closeHint() string {
	switch e.Stage {
	case StageRecvName:
		return " before it said its name"
	case StageRecvStatus:
		return " on seeing our name: it may want TLS (-proto_dist inet_tls), or still be busy with an earlier attempt of ours"
	case StageRecvChallenge:
		if e.Detail != "" {
			return " before its challenge; " + e.Detail
		}
		return " before its challenge: another attempt between the two nodes may have won"
	case StageRecvStatusReply:
		return " instead of saying whether it insists"
	case StageRecvComplement, StageRecvChallengeReply:
		return " on seeing our challenge: it may have dialled another name than " + quoteName(e.Local) +
			", require flags we do not announce, or another attempt between the two nodes may have won"
	}
	return ""
}

// flagsWithRelease lists flags with the OTP release that made each of them required.
func flagsWithRelease(f Flags) string {
	var parts []string
	for f != 0 {
		flag := Flags(1) << bits.TrailingZeros64(uint64(f))
		f &^= flag
		text := flag.String()
		if otp := flag.MandatorySince(); otp != 0 {
			text += " (required since OTP " + strconv.Itoa(otp) + ")"
		}
		parts = append(parts, text)
	}
	return strings.Join(parts, ", ")
}

// quoteName makes a name fit for a log whatever a stranger has put into it.
func quoteName(name etf.Atom) string {
	quoted := strconv.QuoteToASCII(string(name))
	if quoted == `"`+string(name)+`"` {
		return string(name)
	}
	return quoted
}
