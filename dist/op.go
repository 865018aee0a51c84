package dist

import "strconv"

// Op is the operation a control message stands for: its first element. Distribution Protocol, "Protocol between
// Connected Nodes".
type Op int

// The operations of OTP 23 to 29. A _TT operation is the one it is named after with a trace token.
const (
	OpLink                Op = 1
	OpSend                Op = 2
	OpExit                Op = 3
	OpUnlink              Op = 4 // up to OTP 23.2; OTP 26 and later refuse it
	OpRegSend             Op = 6
	OpGroupLeader         Op = 7
	OpExit2               Op = 8
	OpSendTT              Op = 12
	OpExitTT              Op = 13
	OpRegSendTT           Op = 16
	OpExit2TT             Op = 18
	OpMonitorP            Op = 19
	OpDemonitorP          Op = 20
	OpMonitorPExit        Op = 21
	OpSendSender          Op = 22 // FlagSendSender
	OpSendSenderTT        Op = 23
	OpPayloadExit         Op = 24 // FlagExitPayload, as the next four
	OpPayloadExitTT       Op = 25
	OpPayloadExit2        Op = 26
	OpPayloadExit2TT      Op = 27
	OpPayloadMonitorPExit Op = 28
	OpSpawnRequest        Op = 29 // FlagSpawn, as the next three
	OpSpawnRequestTT      Op = 30
	OpSpawnReply          Op = 31
	OpSpawnReplyTT        Op = 32
	OpAliasSend           Op = 33 // FlagAlias
	OpAliasSendTT         Op = 34
	OpUnlinkID            Op = 35 // FlagUnlinkID
	OpUnlinkIDAck         Op = 36
	OpAltactSigSend       Op = 37 // FlagAltactSig
	lastOp                   = OpAltactSigSend
)

var opNames = [lastOp + 1]string{
	OpLink:                "LINK",
	OpSend:                "SEND",
	OpExit:                "EXIT",
	OpUnlink:              "UNLINK",
	OpRegSend:             "REG_SEND",
	OpGroupLeader:         "GROUP_LEADER",
	OpExit2:               "EXIT2",
	OpSendTT:              "SEND_TT",
	OpExitTT:              "EXIT_TT",
	OpRegSendTT:           "REG_SEND_TT",
	OpExit2TT:             "EXIT2_TT",
	OpMonitorP:            "MONITOR_P",
	OpDemonitorP:          "DEMONITOR_P",
	OpMonitorPExit:        "MONITOR_P_EXIT",
	OpSendSender:          "SEND_SENDER",
	OpSendSenderTT:        "SEND_SENDER_TT",
	OpPayloadExit:         "PAYLOAD_EXIT",
	OpPayloadExitTT:       "PAYLOAD_EXIT_TT",
	OpPayloadExit2:        "PAYLOAD_EXIT2",
	OpPayloadExit2TT:      "PAYLOAD_EXIT2_TT",
	OpPayloadMonitorPExit: "PAYLOAD_MONITOR_P_EXIT",
	OpSpawnRequest:        "SPAWN_REQUEST",
	OpSpawnRequestTT:      "SPAWN_REQUEST_TT",
	OpSpawnReply:          "SPAWN_REPLY",
	OpSpawnReplyTT:        "SPAWN_REPLY_TT",
	OpAliasSend:           "ALIAS_SEND",
	OpAliasSendTT:         "ALIAS_SEND_TT",
	OpUnlinkID:            "UNLINK_ID",
	OpUnlinkIDAck:         "UNLINK_ID_ACK",
	OpAltactSigSend:       "ALTACT_SIG_SEND",
}

// String returns the name of the operation in the Distribution Protocol, or its number if it has none.
func (o Op) String() string {
	if o > 0 && o <= lastOp && opNames[o] != "" {
		return opNames[o]
	}
	return "operation " + strconv.Itoa(int(o))
}
