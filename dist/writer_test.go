package dist

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/etf"
)

// stall is a connection whose writes wait until they are let through, and keeps what was written.
type stall struct {
	sink
	let    chan error
	writes []string
	closed chan struct{}
}

func newStall() *stall { return &stall{let: make(chan error), closed: make(chan struct{})} }

func (s *stall) Write(b []byte) (int, error) {
	select {
	case err := <-s.let:
		if err != nil {
			return 0, err
		}
		s.writes = append(s.writes, string(b))
		return len(b), nil
	case <-s.closed:
		return 0, net.ErrClosed
	}
}

func (s *stall) Read([]byte) (int, error) { <-s.closed; return 0, net.ErrClosed }
func (s *stall) Close() error             { close(s.closed); return nil }

func TestWhatIsSentDuringAWriteGoesWithTheNext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ofA, _ := peers(plain)
		s := newStall()
		c := NewConn(s, ofA, Options{})
		for i := range 5 {
			require.NoError(t, c.Post(&Send{From: pidA(1), To: pidB(1)}, etf.Int(i)))
			synctest.Wait()
		}
		s.let <- nil
		s.let <- nil
		synctest.Wait()
		require.Len(t, s.writes, 2)
		require.Equal(t, 4*len(s.writes[0]), len(s.writes[1]))
		require.Zero(t, c.Stats().Pending)
		require.NoError(t, c.Post(&Send{From: pidA(1), To: pidB(1)}, etf.Int(9)))
		s.let <- nil
		synctest.Wait()
		require.Len(t, s.writes, 3)
		c.Close(nil)
		<-c.Done()
	})
}

func TestAFailedWriteEndsTheConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ofA, _ := peers(plain)
		s := newStall()
		c := NewConn(s, ofA, Options{HighWater: 1})
		require.NoError(t, c.Send(context.Background(), &Send{From: pidA(1), To: pidB(1)}, etf.Int(1)))
		waiting := make(chan error)
		go func() { waiting <- c.Send(context.Background(), &Send{From: pidA(1), To: pidB(1)}, etf.Int(2)) }()
		synctest.Wait()
		cause := errors.New("cable cut")
		s.let <- cause
		err := <-waiting
		require.ErrorIs(t, err, cause)
		var failed *IOError
		require.ErrorAs(t, err, &failed)
		require.Equal(t, "dist: write, b@localhost: cable cut", failed.Error())
		<-c.Done()
		require.Equal(t, err, c.Err())
	})
}

// half is a connection that takes nothing any more but still has something to give.
type half struct {
	trickle
	more chan []byte
}

func (h *half) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }
func (h *half) Read(b []byte) (int, error) {
	if len(h.wire) == 0 {
		h.wire = <-h.more
	}
	return h.trickle.Read(b)
}
func (h *half) SetReadDeadline(time.Time) error { return nil }

func TestWhatThePeerSentBeforeItClosedIsStillHandled(t *testing.T) {
	m := &Send{From: pidA(1), To: pidB(1)}
	wire, err := encodeAll(DefaultFlags, etf.Int(1), m, m, m)
	require.NoError(t, err)
	_, ofB := peers(DefaultFlags)
	h := &half{trickle: trickle{n: 10}, more: make(chan []byte)}
	c := NewConn(h, ofB, Options{})
	got := newRecorder()
	end := serve(t, c, got)
	h.more <- wire[:10]
	require.True(t, c.Writable())
	require.NoError(t, c.Post(&Send{From: pidB(1), To: pidA(1)}, etf.Int(1)))
	for c.Post(&Send{From: pidB(1), To: pidA(1)}, etf.Int(1)) == nil {
		runtime.Gosched()
	}
	require.False(t, c.Writable(), "so that the next one who sends waits for the end, and for the next connection")
	require.NoError(t, c.Err())
	h.more <- wire[10:]
	h.more <- nil
	require.Equal(t, ErrPeerClosed, <-end)
	require.Len(t, got.got, 3)
}

func TestLargeBuffersAreNotKept(t *testing.T) {
	ofA, _ := peers(DefaultFlags)
	w := &NewConn(&sink{}, ofA, Options{}).out
	drain := func() {
		for w.queue.waits() {
			w.queue.fillBatch(&w.batch)
			w.finishBatch()
		}
	}
	put := func(from uint32, payload etf.Term) {
		require.NoError(t, w.queueMessage(context.Background(), &Send{From: pidA(from), To: pidB(1)}, payload, ignoreLimit))
	}
	put(1, slices.Repeat(etf.List{make(etf.Binary, largeFrame-1)}, 1000))
	drain()
	for i := range 1000 {
		put(uint32(i), make(etf.Binary, 1000)) // a burst of small ones
	}
	drain()
	require.Greater(t, cap(w.enc.buf), 1000*largeFrame, "at first they are")
	for range 3 {
		put(1, etf.Int(1))
		drain()
	}
	w.trimBuffers()
	w.trimBuffers()
	require.LessOrEqual(t, cap(w.enc.buf), keptBuffer)
	require.LessOrEqual(t, cap(w.queue.small), keptBuffer)
	require.LessOrEqual(t, cap(w.batch.smallBuf), keptBuffer)
	require.Nil(t, w.batch.largeBuf)
	require.Nil(t, w.enc.cw.dst)
	put(1, etf.Int(1))
	drain()
	for _, b := range w.batch.backing {
		require.LessOrEqual(t, cap(b), keptBuffer)
	}
}

func TestBuffersOfOrdinaryMessagesAreUsedAgain(t *testing.T) {
	small := make(etf.Binary, 100)
	for count, payload := range map[int]etf.Term{1: small, 200: slices.Repeat(etf.List{small}, 200),
		1000: slices.Repeat(etf.List{small}, 1000)} {
		ofA, _ := peers(DefaultFlags &^ FlagFragments)
		w := &NewConn(&sink{}, ofA, Options{}).out
		m := &Send{From: pidA(1), To: pidB(1)}
		require.Zero(t, testing.AllocsPerRun(100, func() {
			_ = w.queueMessage(context.Background(), m, payload, ignoreLimit)
			w.queue.fillBatch(&w.batch)
			w.finishBatch()
		}), count)
	}
}

// What is written is the memory of the binaries themselves, wherever the fragments begin, and nothing holds it
// afterwards.
func TestLargeBinariesAreNotCopied(t *testing.T) {
	for _, flags := range []Flags{DefaultFlags, DefaultFlags &^ FlagFragments, plain} {
		for _, sizes := range [][]int{{largeFrame}, {1, largeFrame, 5, 70_000}, {fragmentSize, fragmentSize},
			{200_000, largeFrame - 1, 300_000}} {
			random := rand.New(rand.NewPCG(1, 2))
			var payload etf.List
			for _, n := range sizes {
				b := make(etf.Binary, n)
				for i := range b {
					b[i] = byte(random.Uint32())
				}
				payload = append(payload, b, etf.Atom("between"))
			}
			ofA, ofB := peers(flags)
			w := &NewConn(&sink{}, ofA, Options{}).out
			m := &RegSend{From: pidA(1), To: "server"}
			require.NoError(t, w.queueMessage(t.Context(), m, payload, ignoreLimit))
			var wire []byte
			for {
				w.queue.fillBatch(&w.batch)
				if len(w.batch.bufs) == 0 {
					break
				}
				part := joined(w.batch.bufs...)
				wire = append(wire, part...)
				w.batch.removeWritten(len(part))
				w.finishBatch()
			}
			require.Less(t, cap(w.enc.buf), 4*largeFrame, "%v", sizes)
			h := newRecorder()
			require.ErrorIs(t, NewConn(&sink{in: wire, left: len(wire)}, ofB, Options{}).Serve(h), ErrPeerClosed)
			require.Equal(t, []received{{m, payload}}, h.got)
			for _, b := range w.batch.backing {
				require.Nil(t, b)
			}
		}
	}
}

// The head of a frame with many new atoms is larger than the room kept for it.
func TestAHeadOfAnySizeFindsItsPlace(t *testing.T) {
	for _, count := range []int{0, 1, 30, 100, 255, 1000} {
		for _, size := range []int{10, 20_000, 300_000} {
			list := make(etf.List, count)
			for i := range list {
				list[i] = etf.Atom(fmt.Sprintf("%d%s", i, strings.Repeat("世", 200)))
			}
			payload := tuple(list, make(etf.Binary, size))
			m := &Send{From: pidA(1), To: pidB(1)}
			wire, err := encodeAll(DefaultFlags, payload, m, m, m)
			require.NoError(t, err)
			got, err := decodeAll(DefaultFlags, wire, Options{})
			require.ErrorIs(t, err, ErrPeerClosed)
			require.Len(t, got, 3)
			for _, r := range got {
				require.Equal(t, received{m, payload}, r)
			}
		}
	}
}

func TestABatchAdvancesOverItsPieces(t *testing.T) {
	b := batch{bufs: net.Buffers{[]byte("abc"), []byte("de"), []byte("fgh")}}
	b.removeWritten(2)
	require.Equal(t, "c", string(b.bufs[0]))
	b.removeWritten(4)
	require.Equal(t, "gh", string(b.bufs[0]))
	b.removeWritten(2)
	require.Empty(t, b.bufs)
}

func TestNobodyWritesForTheOthersWithoutEnd(t *testing.T) {
	ca, cb := tcpPair(t)
	ofA, ofB := peers(DefaultFlags)
	a := NewConn(ca, ofA, Options{})
	serve(t, a, newRecorder())
	toB := newRecorder()
	serve(t, NewConn(cb, ofB, Options{}), toB)
	// More fragments than one sender writes before it hands over.
	big := make(etf.Binary, (maxRounds*len(a.out.batch.heads)+20)*fragmentSize)
	send(t, a, &Send{From: pidA(1), To: pidB(1)}, big)
	a.out.mu.Lock()
	handed := a.out.flusherStarted
	a.out.mu.Unlock()
	require.True(t, handed)
	require.Len(t, toB.wait(t, 1)[0].payload, len(big))
}

func TestOptionsHaveDefaults(t *testing.T) {
	o := Options{}.withDefaults()
	require.Equal(t, 60*time.Second, o.TickTime)
	require.Equal(t, 4, o.Intensity)
	require.Equal(t, 1<<20, o.HighWater)
	require.Equal(t, DefaultMaxPending, o.MaxPending)
	require.Equal(t, DefaultMaxMessage, o.MaxMessage)
	require.Equal(t, DefaultMaxSequences, o.MaxSequences)
	require.Equal(t, DefaultHandOverAfter, o.HandOverAfter)
	require.Equal(t, DefaultFlushTime, o.FlushTime)
	set := Options{
		TickTime: 1, Intensity: 2, HighWater: 3, MaxPending: 8, MaxMessage: 4, MaxSequences: 5, HandOverAfter: 6,
		FlushTime: 7,
	}
	require.Equal(t, set, set.withDefaults())
}

func TestErrorsSayWhoAndWhat(t *testing.T) {
	inner := errors.New("inside")
	bad := &ProtocolError{Peer: nodeA, Op: OpLink, Offset: 7, Reason: "because", Err: inner}
	require.Equal(t, "dist: invalid message from a@localhost, LINK, at offset 7: because: inside", bad.Error())
	require.ErrorIs(t, bad, inner)
	require.Equal(t, "dist: invalid message from a@localhost, at offset 0: because",
		(&ProtocolError{Peer: nodeA, Reason: "because"}).Error())
	require.Equal(t, "dist: cannot send a message to b@localhost: because",
		(&SendError{Peer: nodeB, Reason: "because"}).Error())
}

func TestMessagesStartNoGoroutines(t *testing.T) {
	a, _, _, toB := pair(t, DefaultFlags, Options{})
	before := runtime.NumGoroutine()
	for i := range 2000 {
		send(t, a, &Send{From: pidA(1), To: pidB(1)}, make(etf.Binary, i*40))
		// One flusher for each end; what began a moment before and what other tests leave for a moment count as well.
		require.LessOrEqual(t, runtime.NumGoroutine(), before+10)
	}
	toB.wait(t, 2000)
}
