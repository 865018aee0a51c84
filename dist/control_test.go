package dist

import (
	"context"
	"encoding/binary"
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/etf"
)

// A trace token as OTP 25 sends it, and one with a label that old nodes do not know.
var (
	token    = etf.Tuple{etf.Int(2), etf.Int(17), etf.Int(5), pidA(3), etf.Int(4)}
	bigLabel = etf.Tuple{etf.Int(2), etf.Binary("label"), etf.Int(5), pidA(3), etf.Int(4)}
)

// everyMessage is each message in each of its variants, as a sends it to b.
func everyMessage() map[string]Message {
	name, pid := ByName("server"), ByPid(pidB(9))
	return map[string]Message{
		"Send":                 &Send{From: pidA(1), To: pidB(2)},
		"Send traced":          &Send{From: pidA(1), To: pidB(2), Token: token},
		"Send to a third node": &Send{From: etf.Pid{Node: "c@d", ID: 1}, To: etf.Pid{Node: "e@f", ID: 2, Serial: 1 << 31}},
		"RegSend":              &RegSend{From: pidA(1), To: "server"},
		"RegSend traced":       &RegSend{From: pidA(1), To: "server", Token: token},
		"RegSend to the empty": &RegSend{From: pidA(1), To: ""},
		"AliasSend":            &AliasSend{From: pidA(1), Alias: refB(1, 2, 3)},
		"AliasSend traced":     &AliasSend{From: pidA(1), Alias: refB(1, 2, 3, 4, 5), Token: token},
		"AltactSig pid":        &AltactSig{Priority: true, From: pidA(1), To: AltactTarget{Target: pid}},
		"AltactSig name":       &AltactSig{Priority: true, From: pidA(1), To: AltactTarget{Target: name}, Token: token},
		"AltactSig alias":      &AltactSig{Priority: true, From: pidA(1), To: AltactTarget{Alias: refB(1)}},
		"AltactSig exit":       &AltactSig{Priority: true, Exit: true, From: pidA(1), To: AltactTarget{Target: pid}},
		"AltactSig exit alias": &AltactSig{Exit: true, From: pidA(1), To: AltactTarget{Alias: refB(1, 2)}, Token: token},
		"AltactSig plain":      &AltactSig{From: pidA(1), To: AltactTarget{Target: pid}},
		"Link":                 &Link{From: pidA(1), To: pidB(2)},
		"UnlinkID":             &UnlinkID{ID: 1, From: pidA(1), To: pidB(2)},
		"UnlinkID large":       &UnlinkID{ID: math.MaxUint64, From: pidA(1), To: pidB(2)},
		"UnlinkIDAck":          &UnlinkIDAck{ID: math.MaxInt64 + 1, From: pidA(1), To: pidB(2)},
		"Exit":                 &Exit{From: pidA(1), To: pidB(2)},
		"Exit traced":          &Exit{From: pidA(1), To: pidB(2), Token: token},
		"Exit2":                &Exit2{From: pidA(1), To: pidB(2)},
		"Exit2 traced":         &Exit2{From: pidA(1), To: pidB(2), Token: token},
		"MonitorP":             &MonitorP{From: pidA(1), To: pid, Ref: refA(1, 2)},
		"MonitorP name":        &MonitorP{From: pidA(1), To: name, Ref: refA(1, 2)},
		"DemonitorP":           &DemonitorP{From: pidA(1), To: pid, Ref: refA(1, 2)},
		"DemonitorP name":      &DemonitorP{From: pidA(1), To: name, Ref: refA(1, 2)},
		"MonitorPExit":         &MonitorPExit{From: ByPid(pidA(1)), To: pidB(2), Ref: refB(1, 2, 3)},
		"MonitorPExit name":    &MonitorPExit{From: name, To: pidB(2), Ref: refB(1, 2, 3)},
		"GroupLeader":          &GroupLeader{Leader: pidA(1), To: pidB(2)},
		"SpawnRequest": &SpawnRequest{Ref: refA(7), From: pidA(1), GroupLeader: pidA(2), Module: "m",
			Function: "f", Arity: 1, Opts: etf.List{etf.Atom("link")}},
		"SpawnRequest traced": &SpawnRequest{Ref: refA(7), From: pidA(1), GroupLeader: pidB(2), Module: "m",
			Function: "f", Arity: 255, Opts: etf.List{}, Token: token},
		"SpawnReply":       &SpawnReply{Ref: refB(1, 2, 3), To: pidB(2), Link: true, Pid: pidA(8)},
		"SpawnReply error": &SpawnReply{Ref: refB(1, 2, 3), To: pidB(2), Error: "notsup"},
		"SpawnReply traced": &SpawnReply{Ref: refB(1, 2, 3), To: pidB(2), Link: true, Monitor: true, Pid: pidA(8),
			Token: token},
		"Send with a big label": &Send{From: pidA(1), To: pidB(2), Token: bigLabel},
	}
}

// everyForm is each set of flags on which the form of a message or frame depends.
var everyForm = map[string]Flags{
	"default":      DefaultFlags,
	"OTP 24 to 27": DefaultFlags &^ FlagAltactSig,
	"OTP 30":       DefaultFlags &^ FlagAlias,
	"pass through": DefaultFlags &^ (FlagDistHdrAtomCache | FlagFragments),
	"no cache":     DefaultFlags &^ FlagDistHdrAtomCache,
	"no fragments": DefaultFlags &^ FlagFragments,
	"no payload":   DefaultFlags &^ FlagExitPayload,
	"no sender":    DefaultFlags &^ FlagSendSender,
	"no unlink id": DefaultFlags &^ FlagUnlinkID,
	"no labels":    DefaultFlags &^ FlagBigSeqtraceLabels,
	"oldest":       Mandatory25 | FlagDistMonitor | FlagDistMonitorName,
}

// arrives is what a message is for the peer, given what was negotiated; nil if it cannot be sent.
func arrives(m Message, flags Flags) Message {
	m = clone(m)
	switch m := m.(type) {
	case *Send:
		if !flags.Has(FlagSendSender) {
			m.From = etf.Pid{}
		}
		if !flags.Has(FlagBigSeqtraceLabels) && m.Token != nil && etf.Equal(m.Token, bigLabel) {
			m.Token = nil
		}
	case *AliasSend:
		if !flags.HasAliases() {
			return nil
		}
	case *UnlinkID:
		if !flags.Has(FlagUnlinkID) {
			m.ID = 0
		}
	case *UnlinkIDAck:
		if !flags.Has(FlagUnlinkID) {
			return nil
		}
	case *SpawnRequest:
		if !flags.Has(FlagSpawn) {
			return nil
		}
	case *AltactSig:
		return altactArrives(m, flags)
	}
	return m
}

func altactArrives(m *AltactSig, flags Flags) Message {
	switch {
	case flags.Has(FlagAltactSig):
		return m
	case m.Exit && !m.To.IsAlias():
		return &Exit2{From: m.From, To: m.To.Pid, Token: m.Token}
	case m.Exit:
		return nil
	case m.To.IsAlias():
		return arrives(&AliasSend{From: m.From, Alias: m.To.Alias, Token: m.Token}, flags)
	case m.To.IsName():
		return &RegSend{From: m.From, To: m.To.Name, Token: m.Token}
	default:
		return arrives(&Send{From: m.From, To: m.To.Pid, Token: m.Token}, flags)
	}
}

// payloadFor is a payload if the message has one.
func payloadFor(m Message, payload etf.Term) etf.Term {
	if m.HasPayload() {
		return payload
	}
	return nil
}

// encodeAll returns the frames of some messages of a to b, as they go out when nothing else does.
func encodeAll(flags Flags, payload etf.Term, all ...Message) ([]byte, error) {
	ofA, _ := peers(flags)
	w := &NewConn(&sink{}, ofA, Options{}).out
	var wire []byte
	for _, m := range all {
		if err := w.queueMessage(context.Background(), m, payloadFor(m, payload), ignoreLimit); err != nil {
			return nil, err
		}
		for w.queue.waits() {
			w.queue.fillBatch(&w.batch)
			for _, b := range w.batch.bufs {
				wire = append(wire, b...)
			}
			w.finishBatch()
		}
	}
	return wire, nil
}

// decodeAll has b read the bytes, which end with them.
func decodeAll(flags Flags, wire []byte, o Options) ([]received, error) {
	_, ofB := peers(flags)
	h := newRecorder()
	c := NewConn(&sink{in: wire, left: len(wire)}, ofB, o)
	err := c.Serve(h)
	return h.got, err
}

func TestEveryMessageArrivesInEveryForm(t *testing.T) {
	payload := etf.Tuple{etf.Atom("some"), etf.Binary("payload"), pidA(5)}
	for form, flags := range everyForm {
		for name, m := range everyMessage() {
			t.Run(form+"/"+name, func(t *testing.T) {
				wire, err := encodeAll(flags, payload, m, m)
				want := arrives(m, flags)
				if want == nil {
					var refused *SendError
					require.ErrorAs(t, err, &refused)
					return
				}
				require.NoError(t, err)
				got, err := decodeAll(flags, wire, Options{})
				require.ErrorIs(t, err, ErrPeerClosed)
				require.Equal(t, []received{{want, payloadFor(m, payload)}, {want, payloadFor(m, payload)}}, got)
			})
		}
	}
}

func TestEveryMessageArrivesInFragments(t *testing.T) {
	payload := etf.List{etf.Binary(make([]byte, 200_000)), etf.Atom("after"), pidA(5)}
	for name, m := range everyMessage() {
		wire, err := encodeAll(DefaultFlags, payload, m, m)
		require.NoError(t, err, name)
		got, err := decodeAll(DefaultFlags, wire, Options{})
		require.ErrorIs(t, err, ErrPeerClosed)
		require.Equal(t, arrives(m, DefaultFlags), got[1].msg)
		require.Equal(t, payloadFor(m, payload), got[1].payload)
	}
}

// Put together by hand from the Distribution Protocol and the External Term Format.
func TestTheBytesAreThoseOfOTP(t *testing.T) {
	flags := DefaultFlags &^ (FlagDistHdrAtomCache | FlagFragments)
	wire, err := encodeAll(flags, etf.Atom("hi"), &Send{From: pidA(1), To: pidB(2)})
	require.NoError(t, err)
	pid := func(node string, id, creation byte) string {
		return "X\x77\x0b" + node + "\x00\x00\x00" + string(id) + "\x00\x00\x00\x00\x00\x00\x00" + string(creation)
	}
	body := "p\x83h\x03a\x16" + pid("a@localhost", 1, 1) + pid("b@localhost", 2, 2) + "\x83w\x02hi"
	require.Equal(t, string(binary.BigEndian.AppendUint32(nil, uint32(len(body))))+body, string(wire))
	wire, err = encodeAll(DefaultFlags, nil, &Link{From: pidA(1), To: pidB(2)})
	require.NoError(t, err)
	require.Equal(t, "\x83D\x02", string(wire[4:7]), "a header with two new atoms")
	require.Contains(t, string(wire), "h\x03a\x01XR\x00\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x01XR\x01")
}

func TestWhatAPeerWouldNotForgiveIsNotSent(t *testing.T) {
	stranger := etf.Pid{Node: "c@d", ID: 1, Creation: 9}
	earlier := pidB(2)
	earlier.Creation++
	for _, m := range []Message{
		&Link{From: stranger, To: pidB(2)},
		&UnlinkID{ID: 1, From: stranger, To: pidB(2)},
		&UnlinkID{ID: 0, From: pidA(1), To: pidB(2)},
		&UnlinkIDAck{ID: 1, From: stranger, To: pidB(2)},
		&MonitorP{From: stranger, To: ByName("x"), Ref: refA(1)},
		&DemonitorP{From: stranger, To: ByName("x"), Ref: refA(1)},
		&MonitorPExit{From: ByPid(stranger), To: pidB(2), Ref: refB(1)},
		&MonitorPExit{From: ByName("x"), To: stranger, Ref: refB(1)},
		&Exit{From: stranger, To: pidB(2)},
		&Exit{From: pidA(1), To: stranger},
		&Exit{From: pidA(1), To: earlier},
		&Exit2{From: stranger, To: pidB(2)},
		&AltactSig{Exit: true, From: stranger, To: AltactTarget{Target: ByPid(pidB(2))}},
		&SpawnRequest{Ref: refA(1), From: stranger, GroupLeader: pidA(1), Module: "m", Function: "f"},
	} {
		_, err := encodeAll(DefaultFlags, etf.Atom("x"), m)
		var refused *SendError
		require.ErrorAs(t, err, &refused, "%T", m)
		require.Equal(t, nodeB, refused.Peer)
		require.Contains(t, err.Error(), "cannot send "+refused.Op.String()+" to b@localhost: ")
	}
	for _, flags := range []Flags{DefaultFlags &^ FlagDistMonitor, DefaultFlags &^ FlagDistMonitorName} {
		for _, m := range []Message{
			&MonitorP{From: pidA(1), To: ByName("x"), Ref: refA(1)}, &MonitorP{From: pidA(1), To: ByPid(pidB(1)), Ref: refA(1)},
			&DemonitorP{From: pidA(1), To: ByPid(pidB(1)), Ref: refA(1)},
		} {
			_, err := encodeAll(flags, nil, m)
			require.ErrorContains(t, err, "monitors")
		}
		_, err := encodeAll(flags, etf.Atom("x"), &MonitorPExit{From: ByPid(pidA(1)), To: pidB(1), Ref: refB(1)})
		require.ErrorContains(t, err, "monitors")
	}
}

func TestAMessageWithoutItsPartsIsNotSent(t *testing.T) {
	for _, m := range []Message{
		&Send{From: pidA(1)}, &RegSend{To: "x"}, &AliasSend{From: pidA(1)}, &MonitorP{From: pidA(1), To: ByName("x")},
		&RegSend{From: pidA(1), To: etf.Atom(strings.Repeat("x", 256))},
		&SpawnReply{To: pidB(1), Error: "x"}, &SpawnReply{Ref: refB(1), To: pidB(1), Error: "x", Token: etf.Tuple{nil}},
	} {
		for _, flags := range everyForm {
			_, err := encodeAll(flags, etf.Atom("x"), m)
			require.Error(t, err, "%#v", m)
		}
	}
	c := NewConn(&sink{}, ptr(Peer{}), Options{})
	require.ErrorContains(t, c.Post(&Link{}, etf.Atom("x")), "payload")
	var unencodable *etf.EncodeError
	require.ErrorAs(t, c.Post(&Send{From: pidA(1), To: pidB(1)}, nil), &unencodable)
}
