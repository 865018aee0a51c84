package dist

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/etf"
)

func TestAMessageArrivesAsItWasSent(t *testing.T) {
	for form, flags := range everyForm {
		a, _, _, toB := pair(t, flags, Options{})
		for i := range 3 {
			send(t, a, &RegSend{From: pidA(7), To: "echo"}, tuple(etf.Atom("hello"), etf.Int(i)))
		}
		got := toB.wait(t, 3)
		require.Equal(t, received{&RegSend{From: pidA(7), To: "echo"}, tuple(etf.Atom("hello"), etf.Int(2))}, got[2], form)
	}
}

func TestALargeMessageArrivesAsItWasSent(t *testing.T) {
	big := make(etf.Binary, 20_000_000)
	for i := range big {
		big[i] = byte(i * 7)
	}
	for _, flags := range everyForm {
		a, _, _, toB := pair(t, flags, Options{})
		send(t, a, &Send{From: pidA(7), To: pidB(1)}, big)
		require.Equal(t, big, toB.wait(t, 1)[0].payload)
	}
}

// pipePair is pair over a connection that takes nothing until the other end reads.
func pipePair(t testing.TB, flags Flags, o Options) (a, b *Conn, toA, toB *recorder) {
	t.Helper()
	ca, cb := net.Pipe()
	ofA, ofB := peers(flags)
	a, b = NewConn(ca, ofA, o), NewConn(cb, ofB, o)
	toA, toB = newRecorder(), newRecorder()
	serve(t, a, toA)
	serve(t, b, toB)
	return a, b, toA, toB
}

// Messages of all sizes from many senders over few buffers: what each sends arrives once, whole and in order.
func TestWhatOneSenderSendsArrivesInOrder(t *testing.T) {
	for _, connect := range []func(testing.TB, Flags, Options) (a, b *Conn, toA, toB *recorder){pair, pipePair} {
		for _, flags := range []Flags{DefaultFlags, DefaultFlags &^ FlagFragments, plain} {
			a, _, _, toB := connect(t, flags, Options{HighWater: 100_000})
			const senders, each = 20, 60
			var wg sync.WaitGroup
			for s := range senders {
				wg.Go(func() {
					m := &Send{From: pidA(uint32(s)), To: pidB(1)}
					for i := range each {
						size := []int{0, 100, 20_000, 70_000, 200_000}[(s+i)%5]
						err := a.Send(context.Background(), m, tuple(etf.Int(s), etf.Int(i), make(etf.Binary, size), etf.Int(size)))
						if err != nil {
							t.Error(err)
							return
						}
					}
				})
			}
			wg.Wait()
			next := map[etf.Term]int{}
			for _, r := range toB.wait(t, senders*each) {
				row := r.payload.(etf.Tuple)
				require.Equal(t, etf.Int(next[row[0]]), row[1], "sender %v", row[0])
				require.Len(t, row[2], int(row[3].(etf.Int)))
				next[row[0]]++
			}
			require.Eventually(t, func() bool { return a.Stats().Pending == 0 }, 20*time.Second, time.Millisecond)
		}
	}
}

// deaf returns a Conn whose peer does not read until it is told to, and a way to have it read.
func deaf(t *testing.T, flags Flags, o Options) (a *Conn, hear func() *recorder) {
	ca, cb := net.Pipe()
	ofA, ofB := peers(flags)
	a = NewConn(ca, ofA, o)
	serve(t, a, newRecorder())
	return a, func() *recorder {
		toB := newRecorder()
		serve(t, NewConn(cb, ofB, o), toB)
		return toB
	}
}

// stuff sends until the sender would have to wait, and returns how many messages went.
func stuff(t *testing.T, a *Conn, m Message, payload etf.Term) int {
	t.Helper()
	for n := 0; ; n++ {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		err := a.Send(ctx, m, payload)
		cancel()
		if err != nil {
			require.ErrorIs(t, err, context.DeadlineExceeded)
			return n
		}
	}
}

func TestAPeerThatDoesNotReadHoldsUpSendersAndLosesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, flags := range []Flags{DefaultFlags, plain} {
			a, hear := deaf(t, flags, Options{HighWater: 50_000})
			n := stuff(t, a, &Send{From: pidA(1), To: pidB(1)}, make(etf.Binary, 1000))
			require.InDelta(t, 50_600, a.Stats().Pending, 600)

			cause := errors.New("enough")
			ctx, cancel := context.WithCancelCause(t.Context())
			waiting := make(chan error)
			go func() { waiting <- a.Send(ctx, &Send{From: pidA(2), To: pidB(1)}, etf.Int(1)) }()
			synctest.Wait()
			cancel(cause)
			require.ErrorIs(t, <-waiting, cause)

			go func() { waiting <- a.Send(t.Context(), &Send{From: pidA(3), To: pidB(1)}, etf.Int(2)) }()
			synctest.Wait()
			require.NoError(t, a.Post(&Send{From: pidA(4), To: pidB(1)}, etf.Int(3)), "which does not wait")
			toB := hear()
			require.NoError(t, <-waiting)
			got := toB.wait(t, n+2)
			require.Len(t, got, n+2)
			require.Equal(t, etf.Int(3), got[n].payload)
			require.Equal(t, etf.Int(2), got[n+1].payload)
		}
	})
}

func TestALargeMessageDoesNotHoldUpTheSmallOnesOfOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, hear := deaf(t, DefaultFlags, Options{HighWater: 200_000})
		big, small := make(etf.Binary, 30_000_000), &Send{From: pidA(2), To: pidB(1)}
		send(t, a, &Send{From: pidA(1), To: pidB(1)}, big)
		send(t, a, small, etf.Int(1))
		require.Zero(t, stuff(t, a, &Send{From: pidA(3), To: pidB(1)}, big), "a second large one waits")
		require.Zero(t, stuff(t, a, &Send{From: pidA(1), To: pidB(1)}, etf.Int(3)), "and so does its sender")
		send(t, a, small, etf.Int(2))
		got := hear().wait(t, 3)
		require.Equal(t, etf.Int(1), got[0].payload)
		require.Equal(t, etf.Int(2), got[1].payload)
		require.Len(t, got[2].payload, len(big))
	})
}

func TestTheEndOfAConnectionReleasesTheSendersThatWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, _ := deaf(t, DefaultFlags, Options{HighWater: 1000})
		stuff(t, a, &Send{From: pidA(1), To: pidB(1)}, make(etf.Binary, 10_000))
		waiting := make(chan error)
		for range 3 {
			go func() { waiting <- a.Send(context.Background(), &Send{From: pidA(2), To: pidB(1)}, etf.Int(1)) }()
		}
		synctest.Wait()
		cause := errors.New("it is over")
		require.Equal(t, cause, a.Close(cause))
		for range 3 {
			require.Equal(t, cause, <-waiting)
		}
		require.Equal(t, cause, a.Close(errors.New("later")), "the first cause counts")
		<-a.Done()
		require.Equal(t, cause, a.Err())
		require.Equal(t, cause, a.Post(&Send{From: pidA(2), To: pidB(1)}, etf.Int(1)))
	})
}

func TestAPeerThatAsksAndDoesNotReadIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, _ := deaf(t, DefaultFlags, Options{HighWater: 1000, MaxPending: 100_000})
		m := &MonitorPExit{From: ByName("nobody"), To: pidB(1), Ref: refB(1)}
		posted := 0
		for a.Post(m, etf.Atom("noproc")) == nil {
			posted++
			require.Less(t, posted, 10_000)
		}
		require.Greater(t, posted, 1000, "but not as soon as others would wait")
		<-a.Done()
		require.Equal(t, ErrNotReading, a.Err())
	})
}

// Over TCP a write may take a part of what there is.
func TestASocketThatIsFullIsWrittenToLater(t *testing.T) {
	ca, cb := tcpPair(t)
	require.NoError(t, ca.(*net.TCPConn).SetWriteBuffer(4096))
	ofA, ofB := peers(DefaultFlags)
	a := NewConn(ca, ofA, Options{HighWater: 10 << 20})
	serve(t, a, newRecorder())
	const n = 1000
	for i := range n {
		send(t, a, &Send{From: pidA(uint32(i)), To: pidB(1)}, tuple(etf.Int(i), make(etf.Binary, 1000)))
	}
	toB := newRecorder()
	serve(t, NewConn(cb, ofB, Options{}), toB)
	for i, r := range toB.wait(t, n) {
		require.Equal(t, etf.Int(i), r.payload.(etf.Tuple)[0])
	}
}

func TestWhatWasSentBeforeCloseStillArrives(t *testing.T) {
	for _, connect := range []func(testing.TB, Flags, Options) (a, b *Conn, toA, toB *recorder){pair, pipePair} {
		a, b, _, toB := connect(t, DefaultFlags, Options{})
		// The other side sends too, so that there are bytes nobody reads when the socket is closed.
		send(t, b, &Send{From: pidB(1), To: pidA(1)}, make(etf.Binary, 300_000))
		for range 3 {
			send(t, a, &Send{From: pidA(1), To: pidB(1)}, make(etf.Binary, 3_000_000))
			send(t, a, &Send{From: pidA(2), To: pidB(1)}, etf.Int(1))
		}
		require.Equal(t, ErrClosed, a.Close(nil))
		<-b.Done()
		require.ErrorIs(t, b.Err(), ErrPeerClosed)
		require.Len(t, toB.all(), 6)
		<-a.Done()
		require.Equal(t, ErrClosed, a.Err())
	}
}

func TestAPeerThatDoesNotReadCannotKeepAConnectionFromClosing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ca, _ := net.Pipe()
		ofA, _ := peers(DefaultFlags)
		a := NewConn(ca, ofA, Options{})
		ended := serve(t, a, newRecorder())
		require.NoError(t, a.Post(&Send{From: pidA(1), To: pidB(1)}, etf.Int(1)))
		began := time.Now()
		a.Close(nil)
		require.Equal(t, ErrClosed, <-ended)
		require.Equal(t, DefaultFlushTime, time.Since(began))
	})
}

// halfPipe is a pipe whose sending side can be closed alone, as that of a socket can; the other end does not notice.
type halfPipe struct{ net.Conn }

func (halfPipe) CloseWrite() error { return nil }

func TestASilentPeerIsNotWaitedForAsLongAsOneThatTalks(t *testing.T) {
	for _, talks := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			ca, cb := net.Pipe()
			ofA, _ := peers(DefaultFlags)
			a := NewConn(halfPipe{ca}, ofA, Options{})
			ended := serve(t, a, newRecorder())
			go func() { _, _ = io.Copy(io.Discard, cb) }()
			var talk sync.WaitGroup
			if talks {
				talk.Go(func() {
					for _, err := cb.Write(make([]byte, 4)); err == nil; _, err = cb.Write(make([]byte, 4)) {
						time.Sleep(maxSilence / 2) // ticks
					}
				})
			}
			synctest.Wait()
			began := time.Now()
			a.Close(nil)
			require.Equal(t, ErrClosed, <-ended)
			if talks {
				require.Equal(t, DefaultFlushTime, time.Since(began))
			} else {
				require.Equal(t, maxSilence, time.Since(began), "it hangs")
			}
			_ = cb.Close()
			talk.Wait()
		})
	}
}

func TestAConnectionThatIsNotServedCanBeClosed(t *testing.T) {
	ca, cb := tcpPair(t)
	ofA, _ := peers(DefaultFlags)
	a := NewConn(ca, ofA, Options{})
	require.NoError(t, a.Post(&Send{From: pidA(1), To: pidB(1)}, etf.Int(1)))
	a.Close(nil)
	<-a.Done()
	b, err := io.ReadAll(cb)
	require.NoError(t, err)
	require.NotEmpty(t, b)
	require.Equal(t, ErrClosed, a.Serve(newRecorder()))
	require.ErrorContains(t, a.Serve(newRecorder()), "before")
}

func TestTheHandlerEndsTheConnectionWithItsError(t *testing.T) {
	ca, cb := tcpPair(t)
	ofA, ofB := peers(DefaultFlags)
	a, b := NewConn(ca, ofA, Options{}), NewConn(cb, ofB, Options{})
	h := newRecorder()
	cause := errors.New("no such thing")
	h.fail = func(received) error { return cause }
	endA, endB := serve(t, a, newRecorder()), serve(t, b, h)
	send(t, a, &Link{From: pidA(1), To: pidB(1)}, nil)
	require.Equal(t, cause, <-endB)
	require.ErrorIs(t, <-endA, ErrPeerClosed)
	require.Equal(t, 1, h.drained, "it learns that no more is to come")
}

func TestAMalformedFrameEndsTheConnection(t *testing.T) {
	ca, cb := tcpPair(t)
	_, ofB := peers(DefaultFlags)
	b := NewConn(cb, ofB, Options{})
	end := serve(t, b, newRecorder())
	_, err := ca.Write([]byte{0, 0, 0, 2, 1, 2})
	require.NoError(t, err)
	var bad *ProtocolError
	require.ErrorAs(t, <-end, &bad)
	require.Equal(t, nodeA, bad.Peer)
	_, err = ca.Read(make([]byte, 1))
	require.ErrorIs(t, err, io.EOF)
}

func TestABrokenConnectionIsAnIOError(t *testing.T) {
	ca, cb := tcpPair(t)
	ofA, _ := peers(DefaultFlags)
	a := NewConn(ca, ofA, Options{})
	end := serve(t, a, newRecorder())
	require.NoError(t, cb.(*net.TCPConn).SetLinger(0)) // a reset instead of an orderly end
	require.NoError(t, cb.Close())
	var broken *IOError
	require.ErrorAs(t, <-end, &broken)
	require.Contains(t, broken.Error(), "b@localhost")
	require.Error(t, errors.Unwrap(broken))
}

// trickle gives a few bytes at a time.
type trickle struct {
	net.Conn
	wire []byte
	n    int
}

func (c *trickle) Read(b []byte) (int, error) {
	if len(c.wire) == 0 {
		return 0, io.EOF
	}
	n := copy(b, c.wire[:min(c.n, len(c.wire))])
	c.wire = c.wire[n:]
	return n, nil
}
func (c *trickle) Close() error { return nil }

func TestFramesMayComeInPiecesOfAnySize(t *testing.T) {
	payload := tuple(etf.Atom("x"), make(etf.Binary, 100), make(etf.Binary, 9_000))
	for _, flags := range []Flags{DefaultFlags, plain} {
		m, small := &Send{From: pidA(1), To: pidB(1)}, &Link{From: pidA(1), To: pidB(1)}
		large, err := encodeAll(flags, make(etf.Binary, 200_000), m)
		require.NoError(t, err)
		mixed, err := encodeAll(flags, payload, m, small, m, small, small, m)
		require.NoError(t, err)
		if flags == DefaultFlags {
			large = large[:0] // its atoms are not those of the other encoder
		}
		for _, n := range []int{1, 2, 3, 7, 100, 8_191, 16_383, 16_384, 100_000} {
			_, ofB := peers(flags)
			h := newRecorder()
			err := NewConn(&trickle{wire: append(mixed[:len(mixed):len(mixed)], large...), n: n}, ofB, Options{}).Serve(h)
			require.ErrorIs(t, err, ErrPeerClosed)
			require.Equal(t, received{m, payload}, h.got[0])
			require.Equal(t, received{small, nil}, h.got[4])
			require.Equal(t, received{m, payload}, h.got[5])
		}
	}
}

func TestTermsDoNotChangeWhenTheNextFrameIsRead(t *testing.T) {
	var all []Message
	for i := range uint32(300) {
		all = append(all, &Send{From: pidA(i), To: pidB(1)})
	}
	for _, size := range []int{10, 200, 5000, 9000, 100_000} {
		wire, err := encodeAll(DefaultFlags, make(etf.Binary, size), all...)
		require.NoError(t, err)
		got, err := decodeAll(DefaultFlags, wire, Options{})
		require.ErrorIs(t, err, ErrPeerClosed)
		require.Len(t, got, len(all))
		for _, r := range got {
			require.Equal(t, make(etf.Binary, size), r.payload)
		}
	}
}

// logbook is a handler that writes down what it is told.
type logbook struct{ lines []string }

func (l *logbook) Handle(m Message, _ etf.Term) error {
	l.lines = append(l.lines, string(m.(*RegSend).To))
	return nil
}
func (l *logbook) Drained() Work {
	l.lines = append(l.lines, "drained")
	return nil
}

func TestTheHandlerLearnsWhenABatchIsOver(t *testing.T) {
	frame := func(name etf.Atom, payload etf.Term) []byte {
		return framed(t, tuple(etf.Int(6), pidA(1), etf.Atom(""), name), payload)
	}
	ca, cb := net.Pipe()
	_, ofB := peers(plain)
	h := &logbook{}
	end := make(chan error)
	b := NewConn(cb, ofB, Options{})
	go func() { end <- b.Serve(h) }()
	half := frame("five", etf.Int(1))
	go func() { _, _ = io.Copy(io.Discard, ca) }() // the answers to the ticks
	for _, part := range [][]byte{
		joined(frame("one", etf.Int(1)), []byte{0, 0, 0, 0}, frame("two", etf.Int(1)), half[:9]), half[9:],
		{0, 0, 0, 0}, joined(frame("six", etf.Int(1)), frame("large", make(etf.Binary, 20_000))),
	} {
		_, err := ca.Write(part)
		require.NoError(t, err)
	}
	require.Eventually(t, func() bool { return b.Stats().Pending == 0 }, 10*time.Second, time.Millisecond)
	require.NoError(t, ca.Close())
	require.ErrorIs(t, <-end, ErrPeerClosed)
	require.Equal(t, []string{"one", "two", "drained", "five", "drained", "six", "drained", "large", "drained"}, h.lines)
}

func TestALengthAloneCostsNoMemory(t *testing.T) {
	wire := binary.BigEndian.AppendUint32(nil, 400<<20)
	wire = append(wire, make([]byte, 100)...)
	wire[4], wire[5] = 131, 68
	allocated := testing.Benchmark(func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_, err := decodeAll(DefaultFlags, wire, Options{})
			require.ErrorIs(b, err, ErrPeerClosed)
		}
	}).AllocedBytesPerOp()
	require.Less(t, allocated, int64(2*maxBelievableSize))
}

func TestTheCountersCountBytes(t *testing.T) {
	a, b, _, toB := pair(t, DefaultFlags, Options{})
	send(t, a, &Link{From: pidA(1), To: pidB(1)}, nil)
	toB.wait(t, 1)
	require.Equal(t, a.Stats().BytesOut, b.Stats().BytesIn)
	require.NotZero(t, b.Stats().BytesIn)
	require.Equal(t, nodeB, a.Peer().Name)
	require.NotNil(t, a.NetConn().RemoteAddr())
	require.NoError(t, a.Err())
}
