package dist

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/etf"
)

var traceLines = map[string]string{
	"Send":              "SEND_SENDER <0.1.0> -> <0.2.0> {hello,1} (68 bytes)",
	"Send traced":       "SEND_SENDER_TT <0.1.0> -> <0.2.0> token {2,17,5,<0.3.0>,4} {hello,1} (104 bytes)",
	"RegSend":           "REG_SEND <0.1.0> -> server {hello,1} (52 bytes)",
	"AliasSend":         "ALTACT_SIG_SEND <0.1.0> -> #Ref<0.3.2.1> {hello,1} (76 bytes)",
	"AltactSig name":    "ALTACT_SIG_SEND <0.1.0> -> server priority token {2,17,5,<0.3.0>,4} {hello,1} (88 bytes)",
	"AltactSig alias":   "ALTACT_SIG_SEND <0.1.0> -> #Ref<0.1> priority {hello,1} (68 bytes)",
	"AltactSig exit":    "ALTACT_SIG_SEND <0.1.0> -> <0.9.0> priority exit {hello,1} (70 bytes)",
	"Link":              "LINK <0.1.0> -> <0.2.0> (56 bytes)",
	"UnlinkID large":    "UNLINK_ID <0.1.0> -> <0.2.0> id 18446744073709551615 (67 bytes)",
	"UnlinkIDAck":       "UNLINK_ID_ACK <0.1.0> -> <0.2.0> id 9223372036854775808 (67 bytes)",
	"Exit":              "PAYLOAD_EXIT <0.1.0> -> <0.2.0> {hello,1} (68 bytes)",
	"Exit2":             "PAYLOAD_EXIT2 <0.1.0> -> <0.2.0> {hello,1} (68 bytes)",
	"MonitorP":          "MONITOR_P <0.1.0> -> <0.9.0> #Ref<0.2.1> (84 bytes)",
	"DemonitorP name":   "DEMONITOR_P <0.1.0> -> server #Ref<0.2.1> (66 bytes)",
	"MonitorPExit name": "PAYLOAD_MONITOR_P_EXIT server -> <0.2.0> #Ref<0.3.2.1> {hello,1} (82 bytes)",
	"GroupLeader":       "GROUP_LEADER <0.1.0> -> <0.2.0> (56 bytes)",
	"SpawnRequest":      "SPAWN_REQUEST <0.1.0> -> #Ref<0.7> m:f/1 [link] {hello,1} (114 bytes)",
	"SpawnReply":        "SPAWN_REPLY #Ref<0.3.2.1> -> <0.2.0> <0.8.0> link (90 bytes)",
	"SpawnReply error":  "SPAWN_REPLY #Ref<0.3.2.1> -> <0.2.0> notsup (72 bytes)",
}

func TestAMessageIsTracedInOneLine(t *testing.T) {
	flags := plain
	for name, want := range traceLines {
		m := everyMessage()[name]
		var lines []string
		o := Options{Trace: func(e TraceEvent) { lines = append(lines, e.String()) }}
		ofA, ofB := peers(flags)
		w := &NewConn(&sink{}, ofA, o).out
		require.NoError(t, w.queueMessage(t.Context(), m, payloadFor(m, tuple(etf.Atom("hello"), etf.Int(1))), ignoreLimit))
		wire := w.queue.small
		require.ErrorIs(t, NewConn(&sink{in: wire, left: len(wire)}, ofB, o).Serve(newRecorder()), ErrPeerClosed)
		require.Equal(t, []string{"-> b@localhost " + want, "<- a@localhost " + want}, lines, name)
	}
}

func TestTicksAreTraced(t *testing.T) {
	require.Equal(t, "<- a@localhost tick", TraceEvent{Peer: nodeA}.String())
	require.Equal(t, "-> a@localhost tick", TraceEvent{Out: true, Peer: nodeA}.String())
}

func TestALongPayloadIsCutShortInATrace(t *testing.T) {
	e := TraceEvent{Peer: nodeA, Op: OpRegSend, Message: &RegSend{From: pidA(1), To: "x"},
		Payload: etf.Binary(strings.Repeat("é", 1000)), Size: 9}
	require.Less(t, len(e.String()), 300)
	require.Contains(t, e.String(), "... (9 bytes)")
}
