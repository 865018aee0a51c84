package epmd

import (
	"bytes"
	"net"
	"testing"

	"github.com/stretchr/testify/require"
)

// FuzzServerRequest sends what strangers and local clients may send to a server with some names, and demands that it
// answers within bounds, keeps its books and answers the next client.
func FuzzServerRequest(f *testing.F) {
	long := alive2Req{port: 1, high: 6, name: string(bytes.Repeat([]byte("n"), 255)), extra: make([]byte, maxExtra)}
	for _, local := range []bool{true, false} {
		f.Add(unhex(f, capturedAlive2), local)
		f.Add(long.append(nil), local)
		f.Add(portPlease2Req{"held"}.append(nil), local)
		f.Add(portPlease2Req{"held\x00"}.append(nil), local)
		f.Add(namesReq{}.append(nil), local)
		f.Add(dumpReq{}.append(nil), local)
		f.Add(unhex(f, "0001 6b"), local)
		f.Add(unhex(f, "0005 73 68656c64"), local)
		f.Add([]byte("GET / HTTP/1.1\r\n\r\n"), local)
		f.Add([]byte{}, local)
	}
	f.Fuzz(func(t *testing.T, b []byte, local bool) {
		s := NewServer(ServerOptions{Port: 4369})
		_, held := s.names.register(alive2Req{port: 7, name: "held", high: 6}, 1, zeroTime)
		require.True(t, held)
		ours, theirs := net.Pipe()
		defer ours.Close()
		defer theirs.Close()
		c := &serverConn{server: s, conn: theirs, number: 2, local: local}
		body, err := readFrame(bytes.NewReader(b))
		if err != nil {
			return
		}
		answer, next := c.answerRequest(body)
		require.LessOrEqual(t, len(answer), maxPort2)
		require.NotEqual(t, thenStopServer, next, "a name is registered")
		require.Equal(t, next == thenKeepName, c.entry != nil)
		if !local {
			require.Nil(t, c.entry, "a stranger registered")
		}
		s.removeConn(c)
		names := s.names.activeEntries()
		require.Equal(t, []Entry{{"held", 7}}, names)
	})
}

func FuzzAlive2Req(f *testing.F) {
	f.Add(unhex(f, capturedAlive2)[2:])
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) == 0 || len(b) > maxRequest || b[0] != tagAlive2 {
			return
		}
		if m, err := parseAlive2Req(b); err == nil {
			again, err := parseAlive2Req(m.append(nil)[2:])
			require.NoError(t, err)
			require.Equal(t, m, again)
		}
	})
}

func FuzzAlive2Resp(f *testing.F) {
	f.Add(unhex(f, capturedAlive2X))
	f.Add(unhex(f, "79 00 0002"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if m, err := parseAlive2Resp(b); err == nil {
			require.True(t, bytes.HasPrefix(b, m.append(nil)))
		}
	})
}

func FuzzPort2Resp(f *testing.F) {
	f.Add(unhex(f, capturedPort2))
	f.Add(unhex(f, "77 01"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if m, err := parsePort2Resp(b); err == nil {
			require.True(t, bytes.HasPrefix(b, m.append(nil)))
		}
	})
}

func FuzzNamesResp(f *testing.F) {
	f.Add([]byte("\x00\x00\x11\x11name a at port 7\nname b c at port 8\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if m, err := parseNamesResp(b); err == nil {
			again, err := parseNamesResp(m.append(nil))
			require.NoError(t, err)
			require.Equal(t, m, again)
		}
	})
}

func FuzzDumpResp(f *testing.F) {
	f.Add([]byte("\x00\x00\x11\x11active name     <a> at port 7, fd = 5\n\x00old/unused name <b>, port = 8, fd = 6 \n\x00"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if m, err := parseDumpResp(b); err == nil {
			again, err := parseDumpResp(m.append(nil))
			require.NoError(t, err)
			require.Equal(t, m, again)
		}
	})
}
