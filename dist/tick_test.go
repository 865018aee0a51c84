package dist

import (
	"context"
	"io"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/etf"
)

// quiet is a connection whose other end the test plays itself. got has the frames it is sent, "" being a tick, and
// when.
type quiet struct {
	t     *testing.T
	conn  net.Conn
	began time.Time
	got   chan frameAt
	end   chan error
}

type frameAt struct {
	body string
	at   time.Duration
}

func newQuiet(t *testing.T, o Options) *quiet {
	t.Helper()
	ca, cb := net.Pipe()
	ofA, _ := peers(plain)
	q := &quiet{t: t, conn: cb, began: time.Now(), got: make(chan frameAt, 1000)}
	q.end = serve(t, NewConn(ca, ofA, o), &logbook{})
	t.Cleanup(func() { cb.Close() })
	go func() {
		p := make([]byte, 4)
		for {
			if _, err := io.ReadFull(cb, p); err != nil {
				close(q.got)
				return
			}
			body := make([]byte, p[3])
			_, _ = io.ReadFull(cb, body)
			q.got <- frameAt{string(body), time.Since(q.began)}
		}
	}()
	return q
}

func (q *quiet) write(b ...byte) {
	q.t.Helper()
	_, err := q.conn.Write(b)
	require.NoError(q.t, err)
}

// times returns when ticks came, until the connection ended or nothing more has come for a while.
func (q *quiet) times() (all []time.Duration) {
	for {
		select {
		case f, ok := <-q.got:
			if !ok {
				return all
			}
			require.Empty(q.t, f.body)
			all = append(all, f.at)
		case <-time.After(time.Hour):
			return all
		}
	}
}

const s = time.Second

// pass lets fake time go by.
func pass(d time.Duration) { <-time.After(d) }

func TestTwoIdleNodesStayConnected(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b, _, _ := pipePair(t, DefaultFlags, Options{})
		pass(24 * time.Hour)
		require.NoError(t, a.Err())
		require.NoError(t, b.Err())
		perDay := 24 * 60 * 4
		require.InDelta(t, 4*perDay, int(a.Stats().BytesIn), 8)
		require.InDelta(t, 4*perDay, int(b.Stats().BytesIn), 8)
	})
}

func TestASilentPeerGetsTicksAndIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newQuiet(t, Options{TickTime: 8 * s})
		require.Equal(t, ErrTickTimeout, <-q.end)
		require.Equal(t, 10*s, time.Since(q.began))
		require.Equal(t, []time.Duration{2 * s, 4 * s, 6 * s, 8 * s}, q.times())
	})
}

func TestSilenceIsCountedFromTheLastByte(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newQuiet(t, Options{TickTime: 8 * s})
		pass(9 * s)
		q.write(0) // a part of a length is a sign of life too
		pass(8 * s)
		q.write(0)
		require.Equal(t, ErrTickTimeout, <-q.end)
		require.Equal(t, 26*s, time.Since(q.began), "looks at 20 s to 26 s found nothing behind that at 18 s")
	})
}

func TestATickIsAnsweredAtOnceIfNothingWasSentLately(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newQuiet(t, Options{TickTime: 8 * s})
		pass(1 * s)
		q.write(0, 0, 0, 0)
		require.Equal(t, frameAt{"", 1 * s}, <-q.got)
		pass(3500 * time.Millisecond)
		require.Equal(t, frameAt{"", 4 * s}, <-q.got, "a tick of our own")
		q.write(0, 0, 0, 0)
		pass(200 * time.Millisecond)
		require.Empty(t, q.got, "which was sent since the last tick of the peer")
		q.write(0, 0, 0, 0)
		require.Equal(t, frameAt{"", 4700 * time.Millisecond}, <-q.got)
	})
}

// A peer with a much shorter tick time than ours counts on the answers to its ticks.
func TestAPeerWithAShorterTickTimeIsKeptAwake(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ca, cb := net.Pipe()
		ofA, ofB := peers(DefaultFlags)
		a, b := NewConn(ca, ofA, Options{}), NewConn(cb, ofB, Options{TickTime: 40 * s})
		serve(t, a, newRecorder())
		serve(t, b, newRecorder())
		pass(time.Hour)
		require.NoError(t, a.Err())
		require.NoError(t, b.Err())
	})
}

func TestWhoeverSendsNeedsNoTicks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b, _, toB := pipePair(t, plain, Options{TickTime: 8 * s})
		var ticks int
		b.opts.Trace = func(e TraceEvent) {
			if e.Message == nil && !e.Out {
				ticks++
			}
		}
		for range 20 {
			pass(1900 * time.Millisecond)
			require.NoError(t, a.Send(context.Background(), &Send{From: pidA(1), To: pidB(1)}, etf.Int(1)))
			require.NoError(t, b.Send(context.Background(), &Send{From: pidB(1), To: pidA(1)}, etf.Int(1)))
		}
		synctest.Wait()
		require.Len(t, toB.all(), 20)
		require.Zero(t, ticks)
	})
}

// slow is a handler that takes its time.
type slow struct{ d time.Duration }

func (h slow) Handle(Message, etf.Term) error { pass(h.d); return nil }
func (h slow) Drained() Work                  { return nil }

func TestABusyHandlerIsNotTakenForASilentPeer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ca, cb := net.Pipe()
		ofA, ofB := peers(DefaultFlags)
		a, b := NewConn(ca, ofA, Options{}), NewConn(cb, ofB, Options{TickTime: 8 * s})
		serve(t, a, newRecorder())
		serve(t, b, slow{10 * time.Minute})
		require.NoError(t, a.Post(&Link{From: pidA(1), To: pidB(1)}, nil))
		pass(9 * time.Minute)
		require.NoError(t, b.Err())
		require.NoError(t, a.Err(), "which has got ticks all the time")
		pass(2 * time.Minute)
		require.NoError(t, b.Err())
	})
}

func TestWithoutATickTimeNothingHappens(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newQuiet(t, Options{TickTime: -1})
		require.Empty(t, q.times())
		require.Empty(t, q.end)
	})
}

func TestAPeerThatHasStoppedReadingIsGivenUpAllTheSame(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ca, _ := net.Pipe()
		ofA, _ := peers(plain)
		a := NewConn(ca, ofA, Options{})
		end := serve(t, a, &logbook{})
		require.NoError(t, a.Post(&Send{From: pidA(1), To: pidB(1)}, etf.Int(1)))
		began := time.Now()
		require.Equal(t, ErrTickTimeout, <-end)
		require.Equal(t, 75*s, time.Since(began))
	})
}
