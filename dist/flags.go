package dist

import (
	"math/bits"
	"strconv"
	"strings"
)

// Flags are the capabilities a node announces in the handshake. Distribution Protocol, "Distribution Flags".
// Bits without a constant here are ignored, as OTP ignores them.
type Flags uint64

// The distribution flags. "Required since" names the OTP release from which a node refuses a peer without the flag; 23
// stands for that release and all before it.
const (
	// FlagPublished makes the node visible: it enters nodes(), global and pg of its peers. Without it the connection is
	// hidden for both sides.
	FlagPublished Flags = 1 << 0
	// FlagAtomCache is an obsolete atom cache. Never set.
	FlagAtomCache Flags = 1 << 1
	// FlagExtendedReferences: references of several words. Required since OTP 23.
	FlagExtendedReferences Flags = 1 << 2
	// FlagDistMonitor: monitors by pid. Without it OTP sends no MONITOR_P at all, so calls to the dead time out.
	FlagDistMonitor Flags = 1 << 3
	// FlagFunTags: funs are understood. Required since OTP 25.
	FlagFunTags Flags = 1 << 4
	// FlagDistMonitorName: monitors by registered name. See FlagDistMonitor.
	FlagDistMonitorName Flags = 1 << 5
	// FlagHiddenAtomCache is an obsolete atom cache. Never set.
	FlagHiddenAtomCache Flags = 1 << 6
	// FlagNewFunTags: NEW_FUN_EXT is understood. Required since OTP 23.
	FlagNewFunTags Flags = 1 << 7
	// FlagExtendedPidsPorts: pids and ports of more than 18 bits. Required since OTP 23.
	FlagExtendedPidsPorts Flags = 1 << 8
	// FlagExportPtrTag: EXPORT_EXT is understood. Required since OTP 25.
	FlagExportPtrTag Flags = 1 << 9
	// FlagBitBinaries: BIT_BINARY_EXT is understood. Required since OTP 25.
	FlagBitBinaries Flags = 1 << 10
	// FlagNewFloats: NEW_FLOAT_EXT is understood. Required since OTP 25.
	FlagNewFloats Flags = 1 << 11
	// FlagUnicodeIO: the io protocol of the node knows Unicode.
	FlagUnicodeIO Flags = 1 << 12
	// FlagDistHdrAtomCache: distribution headers with an atom cache, in both directions.
	FlagDistHdrAtomCache Flags = 1 << 13
	// FlagSmallAtomTags: SMALL_ATOM_EXT is understood.
	FlagSmallAtomTags Flags = 1 << 14
	// FlagUTF8Atoms: ATOM_UTF8_EXT and SMALL_ATOM_UTF8_EXT are understood. Required since OTP 23.
	FlagUTF8Atoms Flags = 1 << 16
	// FlagMapTag: MAP_EXT is understood. Required since OTP 25.
	FlagMapTag Flags = 1 << 17
	// FlagBigCreation: creations of 32 bits (NEW_PID_EXT, NEW_PORT_EXT, NEWER_REFERENCE_EXT). Required since OTP 23.
	FlagBigCreation Flags = 1 << 18
	// FlagSendSender: SEND_SENDER is used instead of SEND.
	FlagSendSender Flags = 1 << 19
	// FlagBigSeqtraceLabels: any term may be the label of a sequential trace.
	FlagBigSeqtraceLabels Flags = 1 << 20
	// FlagExitPayload: exit reasons follow the control message (PAYLOAD_EXIT and its kin) instead of being part of it.
	FlagExitPayload Flags = 1 << 22
	// FlagFragments: large messages may come in fragments, and plain ones get a distribution header.
	FlagFragments Flags = 1 << 23
	// FlagHandshake23: the handshake of version 6, with 64 flags. Since OTP 23, required since OTP 25.
	FlagHandshake23 Flags = 1 << 24
	// FlagUnlinkID: UNLINK_ID and UNLINK_ID_ACK. Since OTP 23.3, required since OTP 26.
	FlagUnlinkID Flags = 1 << 25
	// FlagMandatory25Digest stands for all of Mandatory25. Since OTP 25. The Distribution Protocol gives it bit 36; what
	// nodes from 25 to 29 send, and dist.hrl says, is bit 26.
	FlagMandatory25Digest Flags = 1 << 26
	// FlagSpawn: SPAWN_REQUEST and its answers. Since OTP 23. Without it OTP 25 and later cannot rpc:call the node.
	FlagSpawn Flags = 1 << 32
	// FlagNameMe asks the acceptor to give this node a name. Since OTP 23. It is a request, not a capability.
	FlagNameMe Flags = 1 << 33
	// FlagV4NC: pids, ports and references of the size OTP 24 introduced. Required since OTP 26.
	FlagV4NC Flags = 1 << 34
	// FlagAlias: process aliases (ALIAS_SEND). Since OTP 24. Without it OTP 24 to 29 drop what they send to an alias of
	// this node. Removed in OTP 30 (Scheduled for Removal), whose nodes have aliases by FlagAltactSig alone.
	FlagAlias Flags = 1 << 35
	// FlagAltactSig: ALTACT_SIG_SEND, which then is used instead of ALIAS_SEND. Since OTP 28.
	FlagAltactSig Flags = 1 << 37
	// FlagNativeRecords: RECORD_EXT is understood. Since OTP 29, which sends one even to a peer without the flag.
	FlagNativeRecords Flags = 1 << 38
)

// Mandatory25 are the flags that OTP 25 and later refuse to do without. FlagMandatory25Digest stands for them.
const Mandatory25 = FlagExtendedReferences | FlagFunTags | FlagExtendedPidsPorts | FlagNewFunTags | FlagExportPtrTag |
	FlagBitBinaries | FlagNewFloats | FlagUTF8Atoms | FlagMapTag | FlagBigCreation | FlagHandshake23

// DefaultFlags are what a node of this package announces: hidden, and everything it speaks. OTP 23 to 29 accept it.
// Both the single bits and the digest are there, as OTP 23 does not know the digest.
const DefaultFlags = Mandatory25 | FlagMandatory25Digest | FlagDistMonitor | FlagDistMonitorName | FlagUnicodeIO |
	FlagDistHdrAtomCache | FlagSmallAtomTags | FlagSendSender | FlagBigSeqtraceLabels | FlagExitPayload | FlagFragments |
	FlagUnlinkID | FlagSpawn | FlagV4NC | FlagAlias | FlagAltactSig | FlagNativeRecords

// RequiredFlags are what this package demands of a peer. OTP 23 and later announce all of it.
const RequiredFlags = Mandatory25

// HasAliases reports whether a peer with these flags can have process aliases.
func (f Flags) HasAliases() bool { return f&(FlagAlias|FlagAltactSig) != 0 }

// FlagsMonitor are the flags of a peer that serves monitors. To one without both of them, such as a Jinterface or a C
// node, nothing about monitors can be sent: a monitor on it watches the connection alone.
const FlagsMonitor = FlagDistMonitor | FlagDistMonitorName

// newestMandatory is the OTP release that last made a flag required.
const newestMandatory = 26

// flagTable has the name of each flag as dist_util prints it, and the release since which OTP requires it, 0 if none.
var flagTable = [...]struct {
	flag      Flags
	name      string
	mandatory int
}{
	{FlagPublished, "PUBLISHED", 0},
	{FlagAtomCache, "ATOM_CACHE", 0},
	{FlagExtendedReferences, "EXTENDED_REFERENCES", 23},
	{FlagDistMonitor, "DIST_MONITOR", 0},
	{FlagFunTags, "FUN_TAGS", 25},
	{FlagDistMonitorName, "DIST_MONITOR_NAME", 0},
	{FlagHiddenAtomCache, "HIDDEN_ATOM_CACHE", 0},
	{FlagNewFunTags, "NEW_FUN_TAGS", 23},
	{FlagExtendedPidsPorts, "EXTENDED_PIDS_PORTS", 23},
	{FlagExportPtrTag, "EXPORT_PTR_TAG", 25},
	{FlagBitBinaries, "BIT_BINARIES", 25},
	{FlagNewFloats, "NEW_FLOATS", 25},
	{FlagUnicodeIO, "UNICODE_IO", 0},
	{FlagDistHdrAtomCache, "DIST_HDR_ATOM_CACHE", 0},
	{FlagSmallAtomTags, "SMALL_ATOM_TAGS", 0},
	{FlagUTF8Atoms, "UTF8_ATOMS", 23},
	{FlagMapTag, "MAP_TAG", 25},
	{FlagBigCreation, "BIG_CREATION", 23},
	{FlagSendSender, "SEND_SENDER", 0},
	{FlagBigSeqtraceLabels, "BIG_SEQTRACE_LABELS", 0},
	{FlagExitPayload, "EXIT_PAYLOAD", 0},
	{FlagFragments, "FRAGMENTS", 0},
	{FlagHandshake23, "HANDSHAKE_23", 25},
	{FlagUnlinkID, "UNLINK_ID", 26},
	{FlagMandatory25Digest, "MANDATORY_25_DIGEST", 0},
	{FlagSpawn, "SPAWN", 0},
	{FlagNameMe, "NAME_ME", 0},
	{FlagV4NC, "V4_NC", 26},
	{FlagAlias, "ALIAS", 0},
	{FlagAltactSig, "ALTACT_SIG", 0},
	{FlagNativeRecords, "NATIVE_RECORDS", 0},
}

// Mandatory returns the flags without which a node of the given OTP release refuses a connection.
func Mandatory(otp int) Flags {
	var all Flags
	for _, row := range flagTable {
		if row.mandatory != 0 && row.mandatory <= otp {
			all |= row.flag
		}
	}
	return all
}

// Has reports whether all of want are set.
func (f Flags) Has(want Flags) bool { return f&want == want }

// Expand returns f together with the flags that FlagMandatory25Digest stands for, if f has it (dist_util's
// expand_mandatory_25_flag).
func (f Flags) Expand() Flags {
	if f.Has(FlagMandatory25Digest) {
		f |= Mandatory25
	}
	return f
}

// Missing returns those of required that f does not have, neither as a bit nor by the digest.
func (f Flags) Missing(required Flags) Flags { return required &^ f.Expand() }

// MandatorySince returns the OTP release from which a node refuses a peer without f, which is a single flag; 0 if none
// does.
func (f Flags) MandatorySince() int {
	for _, row := range flagTable {
		if row.flag == f {
			return row.mandatory
		}
	}
	return 0
}

// String names the set flags as OTP's reports do, separated by |; a bit without a name is printed as its number.
func (f Flags) String() string {
	if f == 0 {
		return "none"
	}
	var names []string
	for _, row := range flagTable {
		if f.Has(row.flag) {
			names = append(names, row.name)
			f &^= row.flag
		}
	}
	for f != 0 {
		bit := bits.TrailingZeros64(uint64(f))
		names = append(names, "bit "+strconv.Itoa(bit))
		f &^= 1 << bit
	}
	return strings.Join(names, "|")
}
