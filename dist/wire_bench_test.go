package dist

import (
	"context"
	"io"
	"net"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/etf"
)

// sink is a connection that takes everything and gives what it is told to.
type sink struct {
	net.Conn
	in    []byte // given again and again
	off   int
	left  int // bytes still to be given
	taken int
}

func (s *sink) Write(b []byte) (int, error) { s.taken += len(b); return len(b), nil }
func (s *sink) Read(b []byte) (int, error) {
	if s.left == 0 {
		return 0, io.EOF
	}
	n := copy(b[:min(len(b), s.left)], s.in[s.off:])
	s.left -= n
	if s.off += n; s.off == len(s.in) {
		s.off = 0
	}
	return n, nil
}
func (s *sink) Close() error                     { return nil }
func (s *sink) SetWriteDeadline(time.Time) error { return nil }
func (s *sink) SetReadDeadline(time.Time) error  { return nil }

type discard struct{ n int }

func (d *discard) Handle(Message, etf.Term) error { d.n++; return nil }
func (d *discard) Drained() Work                  { return nil }

// mapsTerm is what load:maps/0 of bench/beam makes of n, in the order of a BEAM.
func mapsTerm(n int) etf.Term {
	l := make(etf.List, n)
	for i := range l {
		l[i] = etf.Map{
			{Key: etf.Atom("id"), Value: etf.Int(i + 1)},
			{Key: etf.Atom("name"), Value: etf.Binary("name " + strconv.Itoa(i+1))},
			{Key: etf.Atom("score"), Value: etf.Float(float64(i+1) * 1.5)},
			{Key: etf.Atom("state"), Value: []etf.Term{etf.Atom("active"), etf.Atom("idle"), etf.Atom("gone")}[(i+1)%3]},
			{Key: etf.Atom("tags"), Value: etf.List{etf.Atom("red"), etf.Atom("green"), etf.Atom("blue")}},
		}
	}
	return l
}

func callTerm() etf.Term {
	alias := refA(0x1f2e3, 0x7a5b0003, 0x89abcdef)
	return etf.Tuple{
		etf.Atom("$gen_call"),
		etf.Tuple{pidA(96), etf.ImproperList{Elems: []etf.Term{etf.Atom("alias")}, Tail: alias}},
		etf.Tuple{etf.Atom("add"), etf.Int(1)},
	}
}

var wirePayloads = []struct {
	name string
	term etf.Term
}{
	{"call", callTerm()},
	{"maps1000", mapsTerm(1000)},
	{"bin1k", make(etf.Binary, 1<<10)},
	{"bin64k", make(etf.Binary, 64<<10)},
	{"bin10m", make(etf.Binary, 10<<20)},
}

var wireForms = []struct {
	name  string
	flags Flags
}{
	{"pass", DefaultFlags &^ (FlagDistHdrAtomCache | FlagFragments)},
	{"cache", DefaultFlags &^ FlagFragments},
	{"fragments", DefaultFlags},
}

func BenchmarkEncode(b *testing.B) {
	for _, f := range wireForms {
		for _, p := range wirePayloads {
			b.Run(f.name+"/"+p.name, func(b *testing.B) {
				ofA, _ := peers(f.flags)
				w := &NewConn(&sink{}, ofA, Options{}).out
				m := &RegSend{From: pidA(7), To: "server"}
				b.ReportAllocs()
				for b.Loop() {
					if err := w.queueMessage(context.Background(), m, p.term, ignoreLimit); err != nil {
						b.Fatal(err)
					}
					for w.queue.waits() {
						w.queue.fillBatch(&w.batch)
						w.finishBatch()
					}
				}
			})
		}
	}
}

// BenchmarkSend sends over loopback to a reader that throws away.
func BenchmarkSend(b *testing.B) {
	for _, f := range wireForms {
		for _, p := range wirePayloads {
			b.Run(f.name+"/"+p.name, func(b *testing.B) {
				ca, cb := tcpPair(b)
				ofA, _ := peers(f.flags)
				c := NewConn(ca, ofA, Options{})
				go func() { _, _ = io.Copy(io.Discard, cb) }()
				m := &RegSend{From: pidA(7), To: "server"}
				b.ReportAllocs()
				for b.Loop() {
					if err := c.Send(context.Background(), m, p.term); err != nil {
						b.Fatal(err)
					}
				}
				b.StopTimer()
				c.Close(nil)
				<-c.Done()
			})
		}
	}
}

func BenchmarkReceive(b *testing.B) {
	for _, f := range wireForms {
		for _, p := range wirePayloads {
			b.Run(f.name+"/"+p.name, func(b *testing.B) {
				r, h, size := receiving(b, f.flags, &RegSend{From: pidA(7), To: "server"}, p.term)
				b.SetBytes(int64(size))
				b.ReportAllocs()
				for b.Loop() {
					one(b, r, h)
				}
			})
		}
	}
}

// receiving returns a reader that gets one message again and again; the first one, which fills the caches, is read.
func receiving(t testing.TB, flags Flags, m Message, payload etf.Term) (r *reader, h *discard, size int) {
	t.Helper()
	twice, err := encodeAll(flags, payload, m, m)
	require.NoError(t, err)
	once, err := encodeAll(flags, payload, m)
	require.NoError(t, err)
	_, ofB := peers(flags)
	source := &sink{in: once, left: len(once)}
	c := NewConn(source, ofB, Options{})
	r, h = &c.in, &discard{}
	r.start(h)
	one(t, r, h)
	size = len(twice) - len(once)
	*source = sink{in: twice[len(once):], left: 1 << 62}
	return r, h, size
}

// one reads until a message has been handled.
func one(t testing.TB, r *reader, h *discard) {
	for before := h.n; h.n == before; {
		if err := r.readFrame(); err != nil {
			t.Fatal(err)
		}
	}
}
