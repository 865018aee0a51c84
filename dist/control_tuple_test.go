package dist

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/etf"
)

// control returns the control tuple as which m goes out, and what follows it.
func control(t *testing.T, flags Flags, m Message, payload etf.Term) (c, behind etf.Term) {
	t.Helper()
	wire, err := encodeAll(flags, payload, m)
	require.NoError(t, err)
	require.EqualValues(t, passThrough, wire[4])
	d := etf.Decoder{}
	c, n, err := d.Term(wire[6:])
	require.NoError(t, err)
	if rest := wire[6+n:]; len(rest) > 0 {
		behind, err = etf.Decode(rest)
		require.NoError(t, err)
	}
	return c, behind
}

// The table of the Distribution Protocol, "Protocol between Connected Nodes": what each message is in each of its
// forms.
func TestEachFormHasTheElementsOfTheProtocol(t *testing.T) {
	const oldest = Mandatory25 | FlagDistMonitor | FlagDistMonitorName
	newest, plain := plain, plain&^FlagAltactSig
	from, to, ref, why := pidA(1), pidB(2), refA(1, 2), etf.Tuple{etf.Atom("why"), etf.Int(1)}
	empty := etf.Atom("")
	mfa := tuple(etf.Atom("m"), etf.Atom("f"), etf.Int(2))
	for _, row := range []struct {
		flags   Flags
		m       Message
		control etf.Tuple
		behind  bool
	}{
		{plain, &Link{from, to}, tuple(etf.Int(1), from, to), false},
		{oldest, &Send{From: from, To: to}, tuple(etf.Int(2), empty, to), true},
		{plain, &Send{To: to}, tuple(etf.Int(2), empty, to), true},
		{oldest, &Exit{From: from, To: to}, tuple(etf.Int(3), from, to, why), false},
		{oldest, &UnlinkID{ID: 7, From: from, To: to}, tuple(etf.Int(4), from, to), false},
		{plain, &RegSend{From: from, To: "x"}, tuple(etf.Int(6), from, empty, etf.Atom("x")), true},
		{plain, &GroupLeader{Leader: from, To: to}, tuple(etf.Int(7), from, to), false},
		{oldest, &Exit2{From: from, To: to}, tuple(etf.Int(8), from, to, why), false},
		{oldest, &Send{From: from, To: to, Token: token}, tuple(etf.Int(12), empty, to, token), true},
		{oldest, &Exit{From: from, To: to, Token: token}, tuple(etf.Int(13), from, to, token, why), false},
		{plain, &RegSend{From: from, To: "x", Token: token}, tuple(etf.Int(16), from, empty, etf.Atom("x"), token), true},
		{oldest, &Exit2{From: from, To: to, Token: token}, tuple(etf.Int(18), from, to, token, why), false},
		{plain, &MonitorP{From: from, To: ByPid(to), Ref: ref}, tuple(etf.Int(19), from, to, ref), false},
		{plain, &MonitorP{From: from, To: ByName("x"), Ref: ref}, tuple(etf.Int(19), from, etf.Atom("x"), ref), false},
		{plain, &DemonitorP{From: from, To: ByPid(to), Ref: ref}, tuple(etf.Int(20), from, to, ref), false},
		{oldest, &MonitorPExit{From: ByName("x"), To: to, Ref: ref}, tuple(etf.Int(21), etf.Atom("x"), to, ref, why), false},
		{plain, &Send{From: from, To: to}, tuple(etf.Int(22), from, to), true},
		{plain, &Send{From: from, To: to, Token: token}, tuple(etf.Int(23), from, to, token), true},
		{plain, &Exit{From: from, To: to}, tuple(etf.Int(24), from, to), true},
		{plain, &Exit{From: from, To: to, Token: token}, tuple(etf.Int(25), from, to, token), true},
		{plain, &Exit2{From: from, To: to}, tuple(etf.Int(26), from, to), true},
		{plain, &Exit2{From: from, To: to, Token: token}, tuple(etf.Int(27), from, to, token), true},
		{plain, &MonitorPExit{From: ByPid(from), To: to, Ref: ref}, tuple(etf.Int(28), from, to, ref), true},
		{plain, &SpawnRequest{Ref: ref, From: from, GroupLeader: from, Module: "m", Function: "f", Arity: 2},
			tuple(etf.Int(29), ref, from, from, mfa, etf.List{}), true},
		{plain, &SpawnRequest{Ref: ref, From: from, GroupLeader: from, Module: "m", Function: "f", Arity: 2, Token: token},
			tuple(etf.Int(30), ref, from, from, mfa, etf.List{}, token), true},
		{plain, &SpawnReply{Ref: ref, To: to, Pid: from, Link: true}, tuple(etf.Int(31), ref, to, etf.Int(1), from), false},
		{plain, &SpawnReply{Ref: ref, To: to, Pid: from, Monitor: true}, tuple(etf.Int(31), ref, to, etf.Int(2), from),
			false},
		{plain, &SpawnReply{Ref: ref, To: to, Error: "notsup"}, tuple(etf.Int(31), ref, to, etf.Int(0), etf.Atom("notsup")),
			false},
		{plain, &SpawnReply{Ref: ref, To: to, Error: "notsup", Token: token},
			tuple(etf.Int(32), ref, to, etf.Int(0), etf.Atom("notsup"), token), false},
		{plain, &AliasSend{From: from, Alias: ref}, tuple(etf.Int(33), from, ref), true},
		{plain, &AliasSend{From: from, Alias: ref, Token: token}, tuple(etf.Int(34), from, ref, token), true},
		{plain, &UnlinkID{ID: 7, From: from, To: to}, tuple(etf.Int(35), etf.Int(7), from, to), false},
		{plain, &UnlinkIDAck{ID: 7, From: from, To: to}, tuple(etf.Int(36), etf.Int(7), from, to), false},
		{newest, &AliasSend{From: from, Alias: ref}, tuple(etf.Int(37), etf.Int(4), from, ref), true},
		{newest, &AliasSend{From: from, Alias: ref, Token: token}, tuple(etf.Int(37), etf.Int(6), from, ref, token), true},
		{newest, &AltactSig{From: from, Priority: true, To: AltactTarget{Target: ByPid(to)}},
			tuple(etf.Int(37), etf.Int(1), from, to), true},
		{newest, &AltactSig{From: from, Priority: true, Exit: true, To: AltactTarget{Target: ByName("x")}, Token: token},
			tuple(etf.Int(37), etf.Int(1|2|8|16), from, etf.Atom("x"), token), true},
		{newest, &AltactSig{From: from, Exit: true, To: AltactTarget{Alias: ref}},
			tuple(etf.Int(37), etf.Int(4|16), from, ref), true},
	} {
		c, behind := control(t, row.flags, row.m, why)
		require.Equal(t, row.control, c, "%T", row.m)
		require.Equal(t, row.behind, behind != nil, "%T %v", row.m, c)
		if behind != nil {
			require.Equal(t, why, behind)
		}
	}
}

func TestATraceTokenThatAPeerDoesNotUnderstandStaysHere(t *testing.T) {
	old := plain &^ FlagBigSeqtraceLabels
	for label, kept := range map[etf.Term]bool{
		etf.Int(0): true, etf.Int(1<<27 - 1): true, etf.Int(-1 << 27): true,
		etf.Int(1 << 27): false, etf.Int(-1<<27 - 1): false, etf.Atom("label"): false,
	} {
		with := append(etf.Tuple{}, token...)
		with[1] = label
		c, _ := control(t, old, &Send{From: pidA(1), To: pidB(2), Token: with}, etf.Int(1))
		require.Equal(t, kept, len(c.(etf.Tuple)) == 4, "%v", label)
		c, _ = control(t, plain, &Send{From: pidA(1), To: pidB(2), Token: with}, etf.Int(1))
		require.Len(t, c, 4)
	}
}

func TestWhatIsNoTraceTokenIsNotSent(t *testing.T) {
	for i := range token {
		for _, bad := range []etf.Term{etf.Float(1), token[:4]} {
			if i != 1 && i != 3 {
				changed := append(etf.Tuple{}, token...)
				changed[i] = etf.Float(1)
				bad = changed
			}
			_, err := encodeAll(plain, etf.Int(1), &Send{From: pidA(1), To: pidB(2), Token: bad})
			require.ErrorContains(t, err, "not a trace token")
		}
	}
}

func TestNamesOfOperations(t *testing.T) {
	require.Equal(t, "PAYLOAD_MONITOR_P_EXIT", OpPayloadMonitorPExit.String())
	require.Equal(t, "operation 5", Op(5).String())
	require.Equal(t, "operation -1", Op(-1).String())
	require.Equal(t, "operation 99", Op(99).String())
	for op := range wellFormed() {
		require.NotContains(t, op.String(), "operation")
	}
}

func TestATargetIsAPidOrAName(t *testing.T) {
	require.Equal(t, etf.Term(etf.Atom("x")), ByName("x").Term())
	require.Equal(t, etf.Term(pidA(1)), ByPid(pidA(1)).Term())
	require.True(t, ByName("").IsName())
	require.False(t, ByPid(pidA(1)).IsName())
	require.True(t, AltactTarget{Alias: refA(1)}.IsAlias())
	require.False(t, AltactTarget{}.IsAlias())
}
