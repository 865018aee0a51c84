package dist

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math/big"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/internal/soak"
)

// framed puts a frame around terms, the first being the control message, as it is without distribution headers.
func framed(t testing.TB, terms ...etf.Term) []byte {
	frame := []byte{0, 0, 0, 0, passThrough}
	for _, term := range terms {
		var err error
		frame, err = etf.Append(frame, term)
		require.NoError(t, err)
	}
	binary.BigEndian.PutUint32(frame, uint32(len(frame)-4))
	return frame
}

const plain = DefaultFlags &^ (FlagDistHdrAtomCache | FlagFragments)

func tuple(elems ...etf.Term) etf.Tuple { return elems }

// wellFormed is a control message for each operation.
func wellFormed() map[Op]etf.Tuple {
	empty, name := etf.Atom(""), etf.Atom("server")
	mfa := tuple(etf.Atom("m"), etf.Atom("f"), etf.Int(1))
	rows := map[Op]etf.Tuple{
		OpLink:                tuple(pidA(1), pidB(2)),
		OpSend:                tuple(empty, pidB(2)),
		OpExit:                tuple(pidA(1), pidB(2), name),
		OpUnlink:              tuple(pidA(1), pidB(2)),
		OpRegSend:             tuple(pidA(1), empty, name),
		OpGroupLeader:         tuple(pidA(1), pidB(2)),
		OpExit2:               tuple(pidA(1), pidB(2), name),
		OpSendTT:              tuple(empty, pidB(2), token),
		OpExitTT:              tuple(pidA(1), pidB(2), token, name),
		OpRegSendTT:           tuple(pidA(1), empty, name, token),
		OpExit2TT:             tuple(pidA(1), pidB(2), token, name),
		OpMonitorP:            tuple(pidA(1), pidB(2), refA(1, 2)),
		OpDemonitorP:          tuple(pidA(1), name, refA(1, 2)),
		OpMonitorPExit:        tuple(pidA(1), pidB(2), refB(1, 2), name),
		OpSendSender:          tuple(pidA(1), pidB(2)),
		OpSendSenderTT:        tuple(pidA(1), pidB(2), token),
		OpPayloadExit:         tuple(pidA(1), pidB(2)),
		OpPayloadExitTT:       tuple(pidA(1), pidB(2), token),
		OpPayloadExit2:        tuple(pidA(1), pidB(2)),
		OpPayloadExit2TT:      tuple(pidA(1), pidB(2), token),
		OpPayloadMonitorPExit: tuple(name, pidB(2), refB(1, 2)),
		OpSpawnRequest:        tuple(refA(1), pidA(1), pidA(2), mfa, etf.List{}),
		OpSpawnRequestTT:      tuple(refA(1), pidA(1), pidA(2), mfa, etf.List{}, token),
		OpSpawnReply:          tuple(refB(1), pidB(1), etf.Int(3), pidA(7)),
		OpSpawnReplyTT:        tuple(refB(1), pidB(1), etf.Int(0), etf.Atom("badopt"), token),
		OpAliasSend:           tuple(pidA(1), refB(1, 2, 3)),
		OpAliasSendTT:         tuple(pidA(1), refB(1, 2, 3), token),
		OpUnlinkID:            tuple(etf.Int(5), pidA(1), pidB(2)),
		OpUnlinkIDAck:         tuple(etf.Int(5), pidA(1), pidB(2)),
		OpAltactSigSend:       tuple(etf.Int(1), pidA(1), pidB(2)),
	}
	for op, row := range rows {
		rows[op] = append(tuple(etf.Int(op)), row...)
	}
	return rows
}

// refusedAs decodes frames that must be refused, and returns why.
func refusedAs(t *testing.T, flags Flags, wire []byte) *ProtocolError {
	t.Helper()
	return refusedWith(t, flags, Options{}, wire)
}

func refusedWith(t *testing.T, flags Flags, o Options, wire []byte) *ProtocolError {
	t.Helper()
	_, err := decodeAll(flags, wire, o)
	var bad *ProtocolError
	require.ErrorAs(t, err, &bad)
	require.Equal(t, nodeA, bad.Peer)
	require.Contains(t, err.Error(), "dist: invalid message from a@localhost")
	return bad
}

func TestEveryOperationOfTheTableIsRead(t *testing.T) {
	rows := wellFormed()
	for op := Op(0); op <= lastOp+1; op++ {
		row, ok := rows[op]
		if !ok {
			bad := refusedAs(t, plain, framed(t, tuple(etf.Int(op), pidA(1), pidB(2)), etf.Int(1)))
			require.Equal(t, op, bad.Op)
			require.Equal(t, "unknown operation", bad.Reason)
			continue
		}
		got, err := decodeAll(plain, framed(t, row, etf.Atom("payload")), Options{})
		require.ErrorIs(t, err, ErrPeerClosed, "%v", op)
		require.Len(t, got, 1, "%v", op)
		require.Equal(t, got[0].msg.HasPayload(), got[0].payload != nil)
	}
}

// misshapen is each well-formed control message with an element more or less, or one of another type.
func misshapen() map[string]etf.Tuple {
	all := map[string]etf.Tuple{}
	for op, row := range wellFormed() {
		all[op.String()+" cut"] = row[:len(row)-1]
		all[op.String()+" extended"] = append(row[:len(row):len(row)], etf.Atom("more"))
		for i := 1; i < len(row); i++ {
			changed := append(tuple(), row...)
			changed[i] = etf.Float(1)
			name := fmt.Sprintf("%v with another element %d", op, i+1)
			if etf.Equal(row[i], token) {
				name = op.String() + " without a token"
			}
			all[name] = changed
		}
	}
	return all
}

// tolerated are those of misshapen that OTP lets pass too: cookies, reasons and some senders may be anything, and
// ALTACT_SIG_SEND may have more elements.
var tolerated = map[string]bool{
	"ALTACT_SIG_SEND extended":                true,
	"SEND with another element 2":             true,
	"SEND_TT with another element 2":          true,
	"SEND_SENDER with another element 2":      true,
	"SEND_SENDER_TT with another element 2":   true,
	"ALIAS_SEND with another element 2":       true,
	"ALIAS_SEND_TT with another element 2":    true,
	"REG_SEND with another element 3":         true,
	"REG_SEND_TT with another element 3":      true,
	"EXIT with another element 4":             true,
	"EXIT_TT with another element 5":          true,
	"EXIT2 with another element 4":            true,
	"EXIT2_TT with another element 5":         true,
	"MONITOR_P_EXIT with another element 5":   true,
	"SPAWN_REQUEST with another element 6":    true,
	"SPAWN_REQUEST_TT with another element 6": true,
}

func TestAMessageOfAnotherShapeIsRefused(t *testing.T) {
	for name, row := range misshapen() {
		wire := framed(t, row, etf.Int(1))
		if tolerated[name] {
			_, err := decodeAll(plain, wire, Options{})
			require.ErrorIs(t, err, ErrPeerClosed, name)
			continue
		}
		require.EqualValues(t, row[0], refusedAs(t, plain, wire).Op, name)
	}
}

func TestASignalOfAnotherNodeIsRefused(t *testing.T) {
	stranger := etf.Pid{Node: "c@d", ID: 1, Creation: 1}
	for op, row := range wellFormed() {
		switch op {
		case OpSend, OpSendTT, OpSendSender, OpSendSenderTT, OpRegSend, OpRegSendTT, OpAliasSend, OpAliasSendTT,
			OpAltactSigSend, OpGroupLeader, OpSpawnRequest, OpSpawnRequestTT:
			continue // OTP takes these from and for anybody
		}
		for i, elem := range row {
			p, ok := elem.(etf.Pid)
			if !ok || op == OpMonitorPExit && i == 1 || op == OpSpawnReply && i == 4 {
				continue
			}
			changed := append(tuple(), row...)
			changed[i] = stranger
			require.Equal(t, op, refusedAs(t, plain, framed(t, changed, etf.Int(1))).Op, "element %d, %v", i, p)
		}
	}
}

func TestTheRulesForSingleMessages(t *testing.T) {
	huge := etf.NewBigInt(new(big.Int).Lsh(big.NewInt(1), 100))
	for reason, row := range map[string]etf.Tuple{
		"an unlink without an ID":                        tuple(etf.Int(35), etf.Int(0), pidA(1), pidB(2)),
		"an ID that is no integer of 64 bits":            tuple(etf.Int(35), huge, pidA(1), pidB(2)),
		"a receiver that is an alias and a name at once": tuple(etf.Int(37), etf.Int(12), pidA(1), etf.Atom("x")),
		"flags that are no integer, or a negative one":   tuple(etf.Int(37), etf.Int(-1), pidA(1), pidB(2)),
		"flags out of range":                             tuple(etf.Int(31), refB(1), pidB(2), etf.Int(1<<27), pidA(1)),
		"a function that is not {Module, Function, Arity}": tuple(etf.Int(29), refA(1), pidA(1), pidA(1),
			tuple(etf.Atom("m"), etf.Atom("f")), etf.List{}),
		"the watched process is one of the receiving node":  tuple(etf.Int(28), pidB(1), pidB(2), refB(1)),
		"the watched process is none of the receiving node": tuple(etf.Int(19), pidA(1), pidA(2), refA(1)),
		"wrong number of elements":                          tuple(etf.Int(37), etf.Int(2), pidA(1), pidB(1)),
		"unknown operation":                                 tuple(etf.Int(1<<40), pidA(1)),
		"the receiver is no process of the receiving node":  tuple(etf.Int(1), pidA(1), pidA(2)),
		"the sender is no process of the sending node":      tuple(etf.Int(1), pidB(1), pidB(2)),
		"a control message of another form":                 {},
	} {
		require.Equal(t, reason, refusedAs(t, plain, framed(t, row, etf.Int(1))).Reason)
	}
	more := tuple(etf.Int(37), huge, pidA(1), pidB(1), etf.Atom("of later releases"), etf.Atom("too"))
	got, err := decodeAll(plain, framed(t, more, etf.Int(1)), Options{})
	require.ErrorIs(t, err, ErrPeerClosed)
	require.Equal(t, &AltactSig{From: pidA(1), To: AltactTarget{Target: ByPid(pidB(1))}}, got[0].msg)
}

func TestAFrameWithoutItsPayloadIsRefused(t *testing.T) {
	send := tuple(etf.Int(22), pidA(1), pidB(2))
	bad := refusedAs(t, plain, framed(t, send))
	require.Equal(t, "a message without the term that belongs to it", bad.Reason)
	wire := framed(t, send, etf.Int(1))
	wire[len(wire)-2] = 121 // LOCAL_EXT
	bad = refusedAs(t, plain, wire)
	require.Equal(t, OpSendSender, bad.Op)
	require.ErrorIs(t, bad, etf.ErrRefused)
	require.Equal(t, len(wire)-6, bad.Offset, "the tag, counted from behind the length")
}

// TestNoDamageIsWorseThanARefusal cuts every frame at every place and flips every byte of it.
func TestNoDamageIsWorseThanARefusal(t *testing.T) {
	for form, flags := range everyForm {
		for name, m := range everyMessage() {
			wire, err := encodeAll(flags, etf.Tuple{etf.Atom("some"), etf.Binary("payload")}, m)
			if err != nil {
				continue
			}
			for i := range wire {
				if i >= 16 && i%soak.Size(4, 1) != 0 {
					continue
				}
				_, err := decodeAll(flags, wire[:i], Options{})
				require.ErrorIs(t, err, ErrPeerClosed)
				cut := bytes.Clone(wire[:i])
				if i > 4 {
					binary.BigEndian.PutUint32(cut, uint32(i-4))
					refusedAs(t, flags, cut)
				}
				for _, bits := range []byte{1, 0x80, 0xff} {
					flipped := bytes.Clone(wire)
					flipped[i] ^= bits
					_, err = decodeAll(flags, flipped, Options{MaxMessage: 1 << 20})
					var bad *ProtocolError
					require.True(t, errors.Is(err, ErrPeerClosed) || errors.As(err, &bad), "%s %s %v", form, name, err)
				}
			}
		}
	}
}
