package etf_test

import (
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/gonodetest"
)

// textBridge is a real emulator that prints, parses and consults for a test: testdata/consult/text_bridge.erl.
type textBridge struct {
	t       testing.TB
	conn    net.Conn
	release int // of OTP
}

func startTextBridge(t testing.TB, flags ...string) *textBridge {
	t.Helper()
	path, err := exec.LookPath("erl")
	if err != nil {
		gonodetest.Missing(t, gonodetest.LaneErlang, "erl is not installed")
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	program := fmt.Sprintf(`{ok, M, B} = compile:file("testdata/consult/text_bridge.erl", [binary, report]),
		{module, M} = code:load_binary(M, "", B), M:start(%d).`, l.Addr().(*net.TCPAddr).Port)
	cmd := exec.Command(path, append(flags, "-noshell", "-noinput", "-eval", program)...)
	cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
	require.NoError(t, cmd.Start())
	require.NoError(t, l.(*net.TCPListener).SetDeadline(time.Now().Add(time.Minute)))
	conn, err := l.Accept()
	t.Cleanup(func() {
		if conn != nil {
			conn.Close() // upon which it halts
		} else {
			cmd.Process.Kill()
		}
		cmd.Wait()
	})
	require.NoError(t, err)
	b := &textBridge{t: t, conn: conn}
	b.release = int(b.ask("release", []etf.Term{etf.Atom("otp")})[0].(etf.Int))
	return b
}

// ask sends a request of many items and returns as many answers.
func (b *textBridge) ask(request etf.Atom, items []etf.Term) etf.List {
	b.t.Helper()
	frame, err := etf.Append(make([]byte, 4), etf.Tuple{request, etf.List(items)})
	require.NoError(b.t, err)
	binary.BigEndian.PutUint32(frame, uint32(len(frame)-4))
	require.NoError(b.t, b.conn.SetDeadline(time.Now().Add(2*time.Minute)))
	_, err = b.conn.Write(frame)
	require.NoError(b.t, err)
	var header [4]byte
	_, err = io.ReadFull(b.conn, header[:])
	require.NoError(b.t, err)
	frame = make([]byte, binary.BigEndian.Uint32(header[:]))
	_, err = io.ReadFull(b.conn, frame)
	require.NoError(b.t, err)
	answer, err := etf.Decode(frame)
	require.NoError(b.t, err)
	require.Len(b.t, answer, len(items))
	return answer.(etf.List)
}

// printed is what the emulator makes of a term.
type printed struct {
	term         etf.Term // the term as the emulator sends it back: its maps have their pairs in its order
	pretty, wide string   // ~0tp and ~tw
}

func (b *textBridge) print(terms []etf.Term) []printed {
	b.t.Helper()
	items := make([]etf.Term, len(terms))
	for i, t := range terms {
		encoded, err := etf.Append(nil, t)
		require.NoError(b.t, err, "%s", t)
		items[i] = etf.Binary(encoded)
	}
	answers := make([]printed, len(terms))
	for i, a := range b.ask("print", items) {
		a := a.(etf.Tuple)
		term, err := etf.Decode(a[2].(etf.Binary))
		require.NoError(b.t, err)
		answers[i] = printed{term: term, pretty: string(a[0].(etf.Binary)), wide: string(a[1].(etf.Binary))}
	}
	return answers
}

// verdict is what the emulator says about a text.
type verdict struct {
	term   etf.Term // nil if it refuses the text
	pos    etf.Pos  // the column is 0 if it gives none
	module etf.Atom // of the error
	msg    string
}

func (b *textBridge) parse(texts []string) []verdict {
	b.t.Helper()
	items := make([]etf.Term, len(texts))
	for i, text := range texts {
		items[i] = etf.Binary(text)
	}
	return b.verdicts(b.ask("parse", items))
}

func (b *textBridge) consult(files []string) []verdict {
	b.t.Helper()
	items := make([]etf.Term, len(files))
	for i, file := range files {
		items[i] = etf.Charlist(file)
	}
	return b.verdicts(b.ask("consult", items))
}

// places returns where the term of each text and all its parts stand.
func (b *textBridge) places(texts []string) [][]etf.Pos {
	b.t.Helper()
	items := make([]etf.Term, len(texts))
	for i, text := range texts {
		items[i] = etf.Binary(text)
	}
	places := make([][]etf.Pos, len(texts))
	for i, list := range b.ask("places", items) {
		for _, at := range list.(etf.List) {
			at := at.(etf.Tuple)
			places[i] = append(places[i], etf.Pos{Line: int(at[0].(etf.Int)), Column: int(at[1].(etf.Int))})
		}
	}
	return places
}

func (b *textBridge) verdicts(answers etf.List) []verdict {
	verdicts := make([]verdict, len(answers))
	for i, a := range answers {
		a := a.(etf.Tuple)
		if a[0] == etf.Atom("ok") {
			term, err := etf.Decode(a[1].(etf.Binary))
			if b.release < 24 && err != nil { // which takes more than 255 for an arity
				verdicts[i].module = "undecodable"
				continue
			}
			require.NoError(b.t, err)
			verdicts[i].term = term
			continue
		}
		v := verdict{module: a[2].(etf.Atom), msg: string(a[3].(etf.Binary))}
		if where, ok := a[1].(etf.Tuple); ok {
			v.pos = etf.Pos{Line: int(where[0].(etf.Int)), Column: int(where[1].(etf.Int))}
		} else {
			v.pos.Line = int(a[1].(etf.Int))
		}
		verdicts[i] = v
	}
	return verdicts
}
