package dist

import "github.com/gonode-otp/gonode/etf"

// Message is a control message: what a frame does, beside the term it may carry. The implementations are *Send,
// *RegSend, *AliasSend, *AltactSig, *Link, *UnlinkID, *UnlinkIDAck, *Exit, *Exit2, *MonitorP, *DemonitorP,
// *MonitorPExit, *GroupLeader, *SpawnRequest and *SpawnReply. One implementation covers all forms that the protocol has
// for the same thing, with and without a trace token, with the exit reason inside or behind: the negotiated flags
// decide which of them is written.
type Message interface {
	// HasPayload reports whether a term belongs to the message: what is sent, the exit reason, the arguments of a spawn.
	HasPayload() bool
	// write writes the control tuple. It returns the operation it chose, and whether the payload still has to follow the
	// tuple.
	write(w *controlWriter, payload etf.Term) (op Op, payloadFollows bool)
	// sender returns the process the signal comes from, zero if that is not known. What one process sends stays in order.
	sender() etf.Pid
}

// Target is a process on the other node by pid or by registered name. A Pid without a node name means by name.
type Target struct {
	Pid  etf.Pid
	Name etf.Atom
}

// ByName returns the process registered as name.
func ByName(name etf.Atom) Target { return Target{Name: name} }

// ByPid returns the process with the given pid.
func ByPid(pid etf.Pid) Target { return Target{Pid: pid} }

// IsName reports whether the process is given by its name.
func (t Target) IsName() bool { return t.Pid.Node == "" }

// Term returns the name or the pid.
func (t Target) Term() etf.Term {
	if t.IsName() {
		return t.Name
	}
	return t.Pid
}

// messages has one message of each kind, to be filled again for every frame.
type messages struct {
	send         Send
	regSend      RegSend
	aliasSend    AliasSend
	altactSig    AltactSig
	link         Link
	unlinkID     UnlinkID
	unlinkIDAck  UnlinkIDAck
	exit         Exit
	exit2        Exit2
	monitorP     MonitorP
	demonitorP   DemonitorP
	monitorPExit MonitorPExit
	groupLeader  GroupLeader
	spawnRequest SpawnRequest
	spawnReply   SpawnReply
}

// parse reads the rest of the control tuple, of which the operation was read. It sets r.payloadFollows if a payload
// follows. Distribution Protocol, "Protocol between Connected Nodes"; erts_net_message of the emulator.
func (r *controlReader) parse() Message {
	switch r.op {
	case OpRegSend, OpRegSendTT:
		return r.regSend()
	case OpSendSender, OpSendSenderTT, OpSend, OpSendTT:
		return r.send()
	case OpAliasSend, OpAliasSendTT:
		return r.aliasSend()
	case OpMonitorP:
		return r.monitorP()
	case OpDemonitorP:
		return r.demonitorP()
	case OpPayloadMonitorPExit, OpMonitorPExit:
		return r.monitorPExit()
	case OpLink:
		return r.link()
	case OpUnlinkID, OpUnlink:
		return r.unlinkID()
	case OpUnlinkIDAck:
		return r.unlinkIDAck()
	case OpPayloadExit, OpPayloadExitTT, OpExit, OpExitTT:
		return r.exit()
	case OpPayloadExit2, OpPayloadExit2TT, OpExit2, OpExit2TT:
		return r.exit2()
	case OpAltactSigSend:
		return r.altactSig()
	case OpGroupLeader:
		return r.groupLeader()
	case OpSpawnRequest, OpSpawnRequestTT:
		return r.spawnRequest()
	case OpSpawnReply, OpSpawnReplyTT:
		return r.spawnReply()
	default:
		r.fail("unknown operation")
		return nil
	}
}
