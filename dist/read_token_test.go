package dist

import (
	"context"
	"net"
	"runtime"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/etf"
)

// worker is a handler that does something whenever it has got a batch.
type worker struct {
	*recorder
	work func() func()
}

func (w worker) Drained() Work {
	if do := w.work(); do != nil {
		return job(do)
	}
	return nil
}

type job func()

func (j job) Run(ReadToken) { j() }

// works connects two Conns over TCP; what comes to b is dealt with by work.
func works(t *testing.T, o Options, work func(b *Conn) func()) (a, b *Conn, toB *recorder, end <-chan error) {
	t.Helper()
	ca, cb := tcpPair(t)
	ofA, ofB := peers(DefaultFlags)
	a, b = NewConn(ca, ofA, Options{}), NewConn(cb, ofB, o)
	serve(t, a, newRecorder())
	toB = newRecorder()
	return a, b, toB, serve(t, b, worker{toB, func() func() { return work(b) }})
}

func number(i int) *RegSend { return &RegSend{From: pidA(1), To: etf.Atom("n" + string(rune('0'+i)))} }

func TestWhileABatchIsWorkedOnSomebodyElseReadsOn(t *testing.T) {
	release := make(chan struct{})
	var left atomic.Int32
	first := true
	a, _, toB, _ := works(t, Options{HandOverAfter: time.Hour}, func(b *Conn) func() {
		if !first {
			return nil
		}
		first = false
		return func() {
			b.HandOver()
			b.HandOver() // by now there is nothing to give, or the next one's
			<-release
			left.Add(1)
		}
	})
	send(t, a, number(1), etf.Int(1))
	toB.wait(t, 1)
	for i := 2; i < 9; i++ {
		send(t, a, number(i), etf.Int(i))
	}
	toB.wait(t, 8)
	require.Zero(t, left.Load())
	close(release)
	require.Eventually(t, func() bool { return left.Load() == 1 }, 20*time.Second, time.Millisecond)
	send(t, a, number(9), etf.Int(9))
	for i, m := range toB.wait(t, 9) {
		require.Equal(t, received{number(i + 1), etf.Int(i + 1)}, m)
	}
}

func TestTheNextReaderFirstEndsTheWorkOfTheLast(t *testing.T) {
	todo, done := 3, make(chan int, 3)
	a, _, _, _ := works(t, Options{HandOverAfter: time.Hour}, func(b *Conn) func() {
		if todo == 0 {
			return nil
		}
		mine := todo
		todo--
		return func() {
			b.HandOver()
			done <- mine
		}
	})
	send(t, a, number(1), etf.Int(1))
	seen := map[int]bool{<-done: true, <-done: true, <-done: true}
	require.Len(t, seen, 3)
}

func TestWorkIsAskedForUntilThereIsNone(t *testing.T) {
	left := 5
	over := make(chan struct{})
	a, _, _, _ := works(t, Options{}, func(*Conn) func() {
		if left--; left < 0 {
			return nil
		}
		return func() {
			if left == 0 {
				close(over)
			}
		}
	})
	send(t, a, number(1), etf.Int(1))
	<-over
}

// The watch is what helps when the work waits for something that nobody knows of: here for what comes next.
func TestWorkThatWaitsForTheNextMessageGetsIt(t *testing.T) {
	arrived, over := make(chan struct{}), make(chan struct{})
	batches := 0
	a, _, toB, _ := works(t, Options{}, func(*Conn) func() {
		switch batches++; batches {
		case 1:
			return func() {
				<-arrived
				close(over)
			}
		case 3: // after the one that the new reader begins with
			close(arrived)
		}
		return nil
	})
	send(t, a, number(1), etf.Int(1))
	toB.wait(t, 1)
	send(t, a, number(2), etf.Int(2))
	<-over
}

func TestWorkIsLeftBehindWithinTwiceHandOverAfter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const patience = 50 * time.Millisecond
		ca, cb := net.Pipe()
		_, ofB := peers(plain)
		release := make(chan struct{})
		batches := 0
		h := newRecorder()
		b := NewConn(cb, ofB, Options{HandOverAfter: patience, TickTime: -1})
		end := make(chan error)
		go func() {
			end <- b.Serve(worker{h, func() func() {
				switch batches++; batches {
				case 1:
					return func() { <-release }
				case 4:
					return func() {}
				}
				return nil
			}})
		}()
		frame := framed(t, tuple(etf.Int(6), pidA(1), etf.Atom(""), etf.Atom("name")), etf.Int(1))
		_, err := ca.Write(frame)
		require.NoError(t, err)
		synctest.Wait()
		began := time.Now()
		_, err = ca.Write(frame) // nobody reads until the watch has looked twice
		require.NoError(t, err)
		require.LessOrEqual(t, time.Since(began), 2*patience)
		require.NotZero(t, time.Since(began))
		close(release)
		<-time.After(2 * maxQuietChecks * patience)
		require.False(t, b.token.watch.armed.Load()) // and what is idle is not looked at
		_, err = ca.Write(frame)
		require.NoError(t, err)
		synctest.Wait()
		require.True(t, b.token.watch.armed.Load())
		require.NoError(t, ca.Close())
		require.ErrorIs(t, <-end, ErrPeerClosed)
		require.Len(t, h.all(), 3)
	})
}

func TestAConnectionEndsThoughItsWorkHangs(t *testing.T) {
	release, hangs := make(chan struct{}), make(chan struct{})
	over := make(chan struct{})
	first := true
	a, _, _, end := works(t, Options{}, func(*Conn) func() {
		if !first {
			return nil
		}
		first = false
		return func() {
			defer close(over)
			close(hangs)
			<-release
		}
	})
	send(t, a, number(1), etf.Int(1))
	<-hangs
	a.Close(nil)
	require.ErrorIs(t, <-end, ErrPeerClosed)
	close(release)
	<-over
}

func TestWorkThatEndsItsGoroutineEndsNoConnection(t *testing.T) {
	first := true
	a, _, toB, _ := works(t, Options{HandOverAfter: time.Hour}, func(*Conn) func() {
		if !first {
			return nil
		}
		first = false
		return runtime.Goexit
	})
	send(t, a, number(1), etf.Int(1))
	toB.wait(t, 1)
	send(t, a, number(2), etf.Int(2))
	toB.wait(t, 2)
}

// Whoever reads, messages are handled one after the other and in order.
func TestNoMessageOvertakesAnotherWhenReadersChange(t *testing.T) {
	const all = 5000
	n := 0
	a, _, toB, _ := works(t, Options{HandOverAfter: time.Millisecond}, func(b *Conn) func() {
		switch n++; n % 4 {
		case 1:
			return func() {
				b.HandOver()
				runtime.Gosched()
			}
		case 2:
			return runtime.Gosched
		case 3:
			long := n%64 == 3
			return func() {
				for began := time.Now(); long && time.Since(began) < 3*time.Millisecond; {
					runtime.Gosched() // long enough for the watch, now and then
				}
			}
		}
		return nil
	})
	for i := range all {
		send(t, a, number(i%10), etf.Int(i))
		if i%100 == 0 {
			toB.wait(t, i/2)
		}
	}
	for i, m := range toB.wait(t, all) {
		require.Equal(t, etf.Int(i), m.payload)
	}
}

func TestACorkHoldsBackUntilItIsOut(t *testing.T) {
	c := &counting{}
	ofA, _ := peers(DefaultFlags)
	a := NewConn(c, ofA, Options{HighWater: 4000})
	write := func(n int) {
		for i := range n {
			send(t, a, number(i%10), etf.Int(i))
		}
	}
	flushed := func() { // by the flusher, for a connection without raw access
		require.Eventually(t, func() bool { return a.Stats().Pending == 0 }, 20*time.Second, time.Millisecond)
	}
	turn := ReadToken{a, 1}
	a.token.count.Store(1) // as if there were some work
	turn.Cork()
	write(9)
	require.Zero(t, c.writes.Load())
	turn.Uncork()
	flushed()
	require.EqualValues(t, 1, c.writes.Load())
	turn.Uncork() // does nothing twice
	write(1)
	flushed()
	require.EqualValues(t, 2, c.writes.Load())

	turn.Cork()
	write(1000) // more than may be pending: nobody waits for ever
	turn.Uncork()
	flushed()

	turn.Cork()
	write(3)
	a.Close(nil)
	require.NotZero(t, a.Stats().Pending)
	turn.Uncork()
	<-a.Done()
	require.Zero(t, a.Stats().Pending)
}

func TestHandOverTakesTheCorkOut(t *testing.T) {
	release := make(chan struct{})
	defer close(release)
	first := true
	ca, cb := tcpPair(t)
	ofA, ofB := peers(DefaultFlags)
	a, b := NewConn(ca, ofA, Options{}), NewConn(cb, ofB, Options{HandOverAfter: time.Hour})
	toA := newRecorder()
	serve(t, a, toA)
	serve(t, b, worker{newRecorder(), func() func() {
		if !first {
			return nil
		}
		first = false
		return func() {
			ReadToken{b, b.token.count.Load()}.Cork()
			_ = b.Post(&RegSend{From: pidB(1), To: "held"}, etf.Int(1))
			b.HandOver()
			<-release
		}
	}})
	send(t, a, number(1), etf.Int(1))
	toA.wait(t, 1)
}

func TestTrySendTellsInsteadOfWaiting(t *testing.T) {
	ca, _ := net.Pipe() // nobody reads
	ofA, _ := peers(DefaultFlags)
	a := NewConn(ca, ofA, Options{HighWater: 100, FlushTime: time.Millisecond})
	defer a.Close(nil)
	tried := 0
	for sent := true; sent; tried++ {
		var err error
		sent, err = a.TrySend(number(1), etf.Int(1))
		require.NoError(t, err)
	}
	require.Greater(t, tried, 1)
	pending := a.Stats().Pending
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, a.Send(ctx, number(1), etf.Int(1)), context.Canceled)
	require.Equal(t, pending, a.Stats().Pending)
	sent, err := a.TrySend(&RegSend{From: pidA(1), To: "x"}, etf.List{nil})
	require.NoError(t, err, "whether it can be encoded is not looked at before there is room")
	require.False(t, sent)
	a.Close(nil)
	_, err = a.TrySend(number(1), etf.Int(1))
	require.ErrorIs(t, err, ErrClosed)
}

// counting is a connection that counts what is written to it.
type counting struct {
	net.Conn
	writes atomic.Int32
}

func (c *counting) Write(b []byte) (int, error)      { c.writes.Add(1); return len(b), nil }
func (c *counting) Close() error                     { return nil }
func (c *counting) SetWriteDeadline(time.Time) error { return nil }
