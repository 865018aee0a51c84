package epmd

import (
	"bytes"
	"encoding/binary"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"
)

// What an OTP 25 node named b sends, and what epmd of erts 13 answers.
const (
	capturedAlive2  = "000e 78 04d2 4d 00 0006 0005 0001 62 0000"
	capturedAlive2X = "76 00 6b01274f"
	capturedPort2   = "77 00 04d2 4d 00 0006 0005 0001 61 0000"
)

func TestARegistrationIsWrittenByteForByteAsAnOTPNodeWritesIt(t *testing.T) {
	m := alive2Req{port: 1234, nodeType: TypeVisible, high: 6, low: 5, name: "b"}
	require.Equal(t, unhex(t, capturedAlive2), m.append(nil))
}

func TestEveryRequestComesBackFromItsBytes(t *testing.T) {
	alive := alive2Req{port: 65535, nodeType: TypeHidden, protocol: 3, high: 6, low: 5, name: "grüße",
		extra: []byte{0, 255}}
	body, err := readFrame(bytes.NewReader(alive.append(nil)))
	require.NoError(t, err)
	gotAlive, err := parseAlive2Req(body)
	require.NoError(t, err)
	require.Equal(t, alive, gotAlive)

	port := portPlease2Req{name: "grüße"}
	body, err = readFrame(bytes.NewReader(port.append(nil)))
	require.NoError(t, err)
	gotPort, err := parsePortPlease2Req(body)
	require.NoError(t, err)
	require.Equal(t, port, gotPort)

	require.Equal(t, unhex(t, "0001 6e"), namesReq{}.append(nil))
	require.Equal(t, unhex(t, "0001 64"), dumpReq{}.append(nil))
}

func TestAnswersOfEpmdAreUnderstood(t *testing.T) {
	a, err := parseAlive2Resp(unhex(t, capturedAlive2X))
	require.NoError(t, err)
	require.Equal(t, alive2Resp{creation: 0x6b01274f, extended: true}, a)

	a, err = parseAlive2Resp(unhex(t, "79 00 0002"))
	require.NoError(t, err)
	require.Equal(t, alive2Resp{creation: 2}, a)

	a, err = parseAlive2Resp(unhex(t, "76 01 00000063"))
	require.NoError(t, err)
	require.Equal(t, alive2Resp{result: 1, creation: 99, extended: true}, a)

	p, err := parsePort2Resp(unhex(t, capturedPort2))
	require.NoError(t, err)
	require.Equal(t, uint16(1234), p.node.port)
	require.Equal(t, "a", p.node.name)
	require.Equal(t, TypeVisible, p.node.nodeType)
	require.Equal(t, []uint16{6, 5}, []uint16{p.node.high, p.node.low})

	p, err = parsePort2Resp(unhex(t, "77 01"))
	require.NoError(t, err)
	require.Equal(t, port2Resp{result: 1}, p)
}

func TestAnswersAreWrittenByteForByteAsEpmdWritesThem(t *testing.T) {
	require.Equal(t, unhex(t, capturedAlive2X), alive2Resp{creation: 0x6b01274f, extended: true}.append(nil))
	require.Equal(t, unhex(t, "79 01 0063"), alive2Resp{result: 1, creation: 99}.append(nil))
	node := alive2Req{port: 1234, nodeType: TypeVisible, high: 6, low: 5, name: "a"}
	require.Equal(t, unhex(t, capturedPort2), port2Resp{node: node}.append(nil))
	require.Equal(t, unhex(t, "77 01"), port2Resp{result: 1}.append(nil))
	require.Equal(t, "\x00\x00\x11\x11name b at port 7\nname a at port 65535\n",
		string(namesResp{4369, []Entry{{"b", 7}, {"a", 65535}}}.append(nil)))
	require.Equal(t, "\x00\x00\x11\x11active name     <b> at port 7, fd = 5\n\x00old/unused name <a>, port = 8, fd = "+
		"6 \n\x00",
		string(dumpResp{4369, []DumpEntry{{"b", 7, 5, true}, {"a", 8, 6, false}}}.append(nil)))
}

func TestANameWithBlanksAndWordsOfTheLineFormComesBackWhole(t *testing.T) {
	for _, name := range []string{"a b", "x at port 7", "> at port 9", ", fd = 3", "grüße 😀", "<>"} {
		names := namesResp{1, []Entry{{name, 42}}}
		got, err := parseNamesResp(names.append(nil))
		require.NoError(t, err)
		require.Equal(t, names, got)

		dump := dumpResp{1, []DumpEntry{{name, 42, 3, true}, {name, 43, 4, false}}}
		gotDump, err := parseDumpResp(dump.append(nil))
		require.NoError(t, err)
		require.Equal(t, dump, gotDump)
	}
}

func TestLinesThatAreNotOfTheFormArePassedOver(t *testing.T) {
	m, err := parseNamesResp([]byte("\x00\x00\x00\x01name n\nl x at port 7\nname a at port 70000\nname b at port " +
		"8\nname c\n\n"))
	require.NoError(t, err)
	require.Equal(t, []Entry{{"b", 8}}, m.entries)

	d, err := parseDumpResp([]byte("\x00\x00\x00\x01junk\n\x00active name     <a> at port 8, fd = x\n\x00" +
		"active name     <b> at port 70000, fd = 1\n\x00old/unused name <c>, port = 9, fd = 2 \n\x00"))
	require.NoError(t, err)
	require.Equal(t, []DumpEntry{{"c", 9, 2, false}}, d.entries)
}

func TestAHostileAnswerIsAnErrorThatNamesTheByte(t *testing.T) {
	alive := func(b []byte) error { _, err := parseAlive2Resp(b); return err }
	port := func(b []byte) error { _, err := parsePort2Resp(b); return err }
	names := func(b []byte) error { _, err := parseNamesResp(b); return err }
	dump := func(b []byte) error { _, err := parseDumpResp(b); return err }
	for _, c := range []struct {
		name   string
		parse  func([]byte) error
		bytes  string
		offset int
	}{
		{"registration: nothing", alive, "", 0},
		{"registration: unknown tag", alive, "77 00 0000", 0},
		{"registration: no result", alive, "76", 1},
		{"registration: half a creation", alive, "76 00 0001", 2},
		{"lookup: nothing", port, "", 0},
		{"lookup: unknown tag", port, "76 00", 0},
		{"lookup: no result", port, "77", 1},
		{"lookup: half a port", port, "77 00 01", 2},
		{"lookup: name longer than the message", port, "77 00 04d2 4d 00 0006 0005 ffff 61 0000", 12},
		{"lookup: extra longer than the message", port, "77 00 04d2 4d 00 0006 0005 0001 61 0002 00", 15},
		{"names: half a port", names, "0000 11", 0},
		{"names: last line cut off", names, "00001111 6e616d65", 4},
		{"dump: half a port", dump, "0000", 0},
		{"dump: last line without its NUL", dump, "00001111 61 0a", 4},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := c.parse(unhex(t, c.bytes))
			var pe *ProtocolError
			require.ErrorAs(t, err, &pe)
			require.Equal(t, c.offset, pe.Offset)
			require.Contains(t, err.Error(), pe.Message)
		})
	}
}

func TestAHostileRequestIsAnError(t *testing.T) {
	alive := func(b []byte) error { _, err := parseAlive2Req(b); return err }
	port := func(b []byte) error { _, err := parsePortPlease2Req(b); return err }
	for _, c := range []struct {
		name  string
		parse func([]byte) error
		bytes string
	}{
		{"registration: nothing but the tag", alive, "78"},
		{"registration: no name", alive, "78 04d2 4d 00 0006 0005 0000 0000"},
		{"registration: no name but extra", alive, "78 04d2 4d 00 0006 0005 0000 0002 7878"},
		{"registration: NUL in the name", alive, "78 04d2 4d 00 0006 0005 0003 780079 0000"},
		{"registration: name longer than the message", alive, "78 04d2 4d 00 0006 0005 0009 61 0000"},
		{"registration: extra longer than the message", alive, "78 04d2 4d 00 0006 0005 0001 61 0001"},
		{"registration: no extra length", alive, "78 04d2 4d 00 0006 0005 0001 61"},
		{"lookup: no name", port, "7a"},
		{"lookup: NUL only", port, "7a 00"},
		{"lookup: two NULs behind the name", port, "7a 61 0000"},
		{"lookup: NUL in the name", port, "7a 61 00 62"},
		{"lookup: not UTF-8", port, "7a e5"},
		{"lookup: 256 characters", port, "7a" + strings.Repeat("61", 256)},
	} {
		t.Run(c.name, func(t *testing.T) {
			var pe *ProtocolError
			require.ErrorAs(t, c.parse(unhex(t, c.bytes)), &pe)
		})
	}
}

func TestAFrameIsRefusedBeforeItsBodyIsReadOrAllocated(t *testing.T) {
	for _, length := range []uint16{0, maxRequest + 1, 0xffff, 0x4745 /* GE, of an HTTP client */} {
		head := binary.BigEndian.AppendUint16(nil, length)
		r := bytes.NewReader(append(head, make([]byte, 10)...))
		var pe *ProtocolError
		_, err := readFrame(r)
		require.ErrorAs(t, err, &pe)
		require.Equal(t, 10, r.Len(), "bytes behind the length stay unread")
	}
	full := appendFrame(nil, make([]byte, maxRequest))
	body, err := readFrame(iotest.OneByteReader(bytes.NewReader(full)))
	require.NoError(t, err)
	require.Len(t, body, maxRequest)
}

func TestTheLongestLegalRegistrationFitsIntoAFrame(t *testing.T) {
	m := alive2Req{name: strings.Repeat("😀", 255), extra: make([]byte, maxExtra)}
	body, err := readFrame(bytes.NewReader(m.append(nil)))
	require.NoError(t, err)
	got, err := parseAlive2Req(body)
	require.NoError(t, err)
	require.Equal(t, m.name, got.name)
	require.LessOrEqual(t, len(port2Resp{node: m}.append(nil)), maxPort2, "the client accepts the answer that carries it")
}

func TestANameIsChecked(t *testing.T) {
	for _, good := range []string{"a", "a-b_1", "grüße", "a b", strings.Repeat("😀", 255), "\uffff", "a@b"} {
		require.Empty(t, nameFault(good), "%q", good)
	}
	for bad, why := range map[string]string{
		"":                       "empty",
		"\xe5":                   "UTF-8",
		"\xed\xa0\x80":           "UTF-8", // half of a surrogate pair
		"\xc0\x80":               "UTF-8", // NUL in two bytes
		strings.Repeat("a", 256): "256 characters",
		"a\x00b":                 "control",
		"a\nb":                   "control",
		"a\x7f":                  "control",
	} {
		require.Contains(t, nameFault(bad), why, "%q", bad)
	}
}

func TestATypeOfNodePrintsAsAWord(t *testing.T) {
	require.Equal(t, "hidden", TypeHidden.String())
	require.Equal(t, "visible", TypeVisible.String())
	require.Equal(t, "type 1", NodeType(1).String())
}
