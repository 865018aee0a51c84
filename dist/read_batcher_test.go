package dist

import (
	"bytes"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/etf"
)

// checkedBatcher is a readBatcher that is checked every 10 ms.
type checkedBatcher struct {
	readBatcher
	now    time.Time
	frames uint64
}

func newCheckedBatcher() *checkedBatcher {
	l := &checkedBatcher{now: time.Unix(1, 0)}
	l.adapt(l.now)
	return l
}

// after checks once so many frames have come since the last check, and reports whether reads are put off.
func (l *checkedBatcher) after(frames uint64) bool {
	l.now = l.now.Add(10 * time.Millisecond)
	l.frames += frames
	l.readBatcher.frames.Store(l.frames)
	l.adapt(l.now)
	return l.active.Load()
}

func TestOnlyABusyConnectionPutsItsReadsOff(t *testing.T) {
	l := newCheckedBatcher()
	require.False(t, l.after(busyFrameRate/100-1))
	require.True(t, l.after(busyFrameRate/100))
}

func TestReadsArePutOffAsLongAsNoLessComesThen(t *testing.T) {
	l := newCheckedBatcher()
	require.True(t, l.after(1000))
	for range 100 {
		require.True(t, l.after(750))
	}
	require.False(t, l.after(749), "another program has had the processor for too long")
}

func TestPuttingOffReadsInVainIsTriedLessAndLessOftenAndNeverGivenUp(t *testing.T) {
	l := newCheckedBatcher()
	next := func() uint64 { // a look later, with less where reads are put off
		if l.active.Load() {
			return 700
		}
		return 1000
	}
	tries := []int{}
	for look := range 1000 {
		if l.after(next()) {
			tries = append(tries, look)
		}
	}
	require.Equal(t, []int{0, 3, 7, 13, 23, 41, 75, 141, 207}, tries[:9])
	require.Equal(t, maxRetryAfter+2, tries[len(tries)-1]-tries[len(tries)-2])
	for !l.after(next()) {
	}
	require.True(t, l.after(1000), "it does no harm now")
	require.False(t, l.after(700))
	require.False(t, l.after(1000))
	require.True(t, l.after(1000), "and so is tried again soon")
}

func TestAReaderLetsOthersRunBeforeItReadsWhileMuchComes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const look = 10 * time.Millisecond
		ca, cb := net.Pipe()
		_, ofB := peers(plain)
		b := NewConn(cb, ofB, Options{HandOverAfter: look, TickTime: -1})
		yields := 0
		b.in.yield = func() { yields++ }
		end := make(chan error)
		go func() { end <- b.Serve(newRecorder()) }()
		one := framed(t, tuple(etf.Int(6), pidA(1), etf.Atom(""), etf.Atom("name")), etf.Int(1))
		send := func(n int) {
			_, err := ca.Write(bytes.Repeat(one, n))
			require.NoError(t, err)
			<-time.After(look)
			synctest.Wait()
		}
		send(1)
		send(busyFrameRate/100 - 1)
		require.Zero(t, yields)
		send(busyFrameRate / 100)
		require.Zero(t, yields, "that many have only now come")
		send(1)
		require.NotZero(t, yields)
		much := yields
		send(1)
		require.Equal(t, much, yields, "it has become quiet")
		require.NoError(t, ca.Close())
		require.ErrorIs(t, <-end, ErrPeerClosed)
	})
}
