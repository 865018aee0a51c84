//go:build unix

package gonodetest_test

import (
	"bytes"
	"io"
	"net"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/gonodetest"
)

// echoServer sends back whatever comes.
func echoServer(t *testing.T) (addr string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	var work sync.WaitGroup
	work.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			work.Go(func() {
				defer c.Close()
				_, _ = io.Copy(c, c)
				_ = c.(*net.TCPConn).CloseWrite()
			})
		}
	})
	t.Cleanup(func() { _ = l.Close(); work.Wait() })
	return l.Addr().String()
}

// oneWay is a plan for the way to the target.
func oneWay(faults ...gonodetest.Fault) gonodetest.Plan {
	return func(f gonodetest.Flow) []gonodetest.Fault {
		if f.ToTarget {
			return faults
		}
		return nil
	}
}

func through(t *testing.T, plan gonodetest.Plan) (*gonodetest.Bender, *net.TCPConn) {
	t.Helper()
	b := gonodetest.NewBender(t, plan)
	return b, enter(t, b.Open(echoServer(t)))
}

func enter(t *testing.T, addr string) *net.TCPConn {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	require.NoError(t, err)
	t.Cleanup(func() { _ = c.Close() })
	require.NoError(t, c.SetDeadline(time.Now().Add(10*time.Second)))
	return c.(*net.TCPConn)
}

// say writes a text in pieces and returns all that comes back.
func say(t *testing.T, c *net.TCPConn, text string, piece int) string {
	t.Helper()
	for b := []byte(text); len(b) > 0; {
		n := min(piece, len(b))
		if _, err := c.Write(b[:n]); err != nil {
			break // the bender has ended the connection
		}
		b = b[n:]
	}
	_ = c.CloseWrite()
	back, _ := io.ReadAll(c)
	return string(back)
}

func TestABenderDoesAtEveryPlaceWhatThePlanSaysHoweverTheBytesCome(t *testing.T) {
	const text = "0123456789abcdef"
	fault := func(kind gonodetest.FaultKind, at, n int64) gonodetest.Fault {
		return gonodetest.Fault{At: at, Kind: kind, N: n}
	}
	for name, row := range map[string]struct {
		faults []gonodetest.Fault
		want   string
	}{
		"nothing": {nil, text},
		"flip": {[]gonodetest.Fault{fault(gonodetest.FaultFlip, 0, 0),
			fault(gonodetest.FaultFlip, 15, 1)}, "1123456789abcded"},
		"drop":                  {[]gonodetest.Fault{fault(gonodetest.FaultDrop, 3, 4)}, "012789abcdef"},
		"drop the rest":         {[]gonodetest.Fault{fault(gonodetest.FaultDrop, 12, 100)}, "0123456789ab"},
		"double":                {[]gonodetest.Fault{fault(gonodetest.FaultDuplicate, 3, 4)}, text[:7] + text[3:]},
		"double beyond the end": {[]gonodetest.Fault{fault(gonodetest.FaultDuplicate, 14, 4)}, text},
		"half closed": {[]gonodetest.Fault{fault(gonodetest.FaultHalfClose, 5, 0),
			fault(gonodetest.FaultFlip, 6, 0)}, "01234"},
		"all at the same place": {[]gonodetest.Fault{fault(gonodetest.FaultDelay, 4, 0), fault(gonodetest.FaultFlip, 4, 0),
			fault(gonodetest.FaultDuplicate, 4, 1)}, "012355" + text[5:]},
		"slowly": {[]gonodetest.Fault{fault(gonodetest.FaultRate, 0, 200)}, text},
		"a place that is behind": {[]gonodetest.Fault{fault(gonodetest.FaultDrop, 3, 4), fault(gonodetest.FaultFlip, 2, 0)},
			"012789abcdef"},
		"a place not reached": {[]gonodetest.Fault{fault(gonodetest.FaultCut, 16, 0)}, text},
	} {
		for _, piece := range []int{1, 3, 16} {
			_, c := through(t, oneWay(row.faults...))
			require.Equal(t, row.want, say(t, c, text, piece), "%s in pieces of %d", name, piece)
		}
	}
}

func TestABenderCutsAConnectionOnBothSides(t *testing.T) {
	b, c := through(t, oneWay(gonodetest.Fault{At: 5, Kind: gonodetest.FaultCut}))
	_, err := c.Write([]byte("0123456789"))
	require.NoError(t, err)
	back, err := io.ReadAll(c)
	require.True(t, err == nil || strings.Contains(err.Error(), "reset"), "%v", err)
	require.True(t, strings.HasPrefix("01234", string(back)), "%q", back)
	require.Equal(t, []string{"connection 1, to the target: cut in front of byte 5"}, b.Report())

	_, c = through(t, oneWay(gonodetest.Fault{At: 5, Kind: gonodetest.FaultReset}))
	_, err = c.Write([]byte("0123456789"))
	require.NoError(t, err)
	_, err = io.ReadAll(c)
	require.ErrorIs(t, err, syscall.ECONNRESET)

	b, c = through(t, nil)
	_, err = c.Write([]byte("x"))
	require.NoError(t, err)
	_, err = io.ReadFull(c, make([]byte, 1))
	require.NoError(t, err)
	require.Equal(t, 1, b.Cut())
	_, err = c.Read(make([]byte, 1))
	require.Error(t, err)
	require.Equal(t, 1, b.Connections())
}

func TestABenderHoldsBackEverythingDuringAPauseAndLosesNothing(t *testing.T) {
	b, c := through(t, nil)
	b.Pause()
	b.Pause()
	_, err := c.Write([]byte("held"))
	require.NoError(t, err)
	require.NoError(t, c.SetReadDeadline(time.Now().Add(50*time.Millisecond)))
	_, err = c.Read(make([]byte, 1))
	require.ErrorContains(t, err, "timeout")
	require.NoError(t, c.SetReadDeadline(time.Now().Add(10*time.Second)))
	b.Resume()
	b.Resume()
	require.Equal(t, "held back", say(t, c, " back", 2))
}

func TestABenderDelaysAndSlowsDown(t *testing.T) {
	began := time.Now()
	_, c := through(t, oneWay(gonodetest.Fault{At: 1, Kind: gonodetest.FaultDelay, D: 100 * time.Millisecond}))
	require.Equal(t, "xy", say(t, c, "xy", 2))
	require.GreaterOrEqual(t, time.Since(began), 100*time.Millisecond)
	began = time.Now()
	_, c = through(t, oneWay(gonodetest.Fault{Kind: gonodetest.FaultRate, N: 100_000}))
	text := strings.Repeat("x", 10_000)
	require.Equal(t, text, say(t, c, text, 10_000))
	require.GreaterOrEqual(t, time.Since(began), 100*time.Millisecond)
}

func TestTheSameSeedGivesTheSameFaults(t *testing.T) {
	kinds := []gonodetest.FaultKind{gonodetest.FaultFlip, gonodetest.FaultDrop, gonodetest.FaultDuplicate,
		gonodetest.FaultDelay, gonodetest.FaultRate}
	random := gonodetest.RandomFaults{Seed: 7, Skip: 100, Gap: 1000, Count: 50, Kinds: kinds}
	text := string(bytes.Repeat([]byte("all that is said "), 5000))
	var before string
	for _, piece := range []int{len(text), 777} {
		b, c := through(t, random.Plan())
		back := say(t, c, text, piece)
		require.NotEqual(t, text, back)
		require.Equal(t, text[:50], back[:50])
		require.Len(t, b.Report(), 100)
		if before != "" {
			require.Equal(t, before, back)
		}
		before = back
	}
	one := random.Plan()
	require.Equal(t, one(gonodetest.Flow{Conn: 1}), one(gonodetest.Flow{Conn: 1}))
	require.NotEqual(t, one(gonodetest.Flow{Conn: 1}), one(gonodetest.Flow{Conn: 1, ToTarget: true}))
	require.NotEqual(t, one(gonodetest.Flow{Conn: 1}), one(gonodetest.Flow{Conn: 2}))
	random.Seed, random.Count = 8, 0
	require.Len(t, random.Plan()(gonodetest.Flow{}), 100)
	require.NotEqual(t, one(gonodetest.Flow{Conn: 1}), random.Plan()(gonodetest.Flow{Conn: 1})[:50])
}

func TestAPlanTowardsOneOfTwoLeavesTheOtherOneAlone(t *testing.T) {
	flip := gonodetest.Faults(gonodetest.Fault{Kind: gonodetest.FaultFlip})
	one := echoServer(t)
	b := gonodetest.NewBender(t, flip.Towards(one))
	c := enter(t, b.Open(one))
	require.Equal(t, "1", say(t, c, "0", 1))
	require.Equal(t, []string{"connection 1, to the target: bit 0 of byte 0 turned over"}, b.Report())

	b = gonodetest.NewBender(t, flip.Towards(one))
	c = enter(t, b.Open(echoServer(t)))
	require.Equal(t, "1", say(t, c, "0", 1))
	require.Equal(t, []string{"connection 1, from the target: bit 0 of byte 0 turned over"}, b.Report())
}

func TestEveryFaultSaysWhatItIs(t *testing.T) {
	said := map[string]bool{}
	for kind := gonodetest.FaultFlip; kind <= gonodetest.FaultRate+1; kind++ {
		said[gonodetest.Fault{At: 9, Kind: kind, N: 3}.String()] = true
	}
	require.Len(t, said, 9)
}

func TestABenderWithNothingBehindItClosesTheConnection(t *testing.T) {
	b := gonodetest.NewBender(t, gonodetest.Faults())
	c := enter(t, b.Open("127.0.0.1:1"))
	_, err := c.Read(make([]byte, 1))
	require.Error(t, err)
	require.Contains(t, b.Report()[0], "a connection that leads nowhere")
}

func TestABenderStandsBeforeANodeInAnotherEPMD(t *testing.T) {
	home, abroad := gonodetest.StartEPMD(t), gonodetest.StartEPMD(t)
	e := gonodetest.StartErl(t, gonodetest.WithSname("home@localhost"), gonodetest.WithEPMDPort(home.Port()))
	b := gonodetest.NewBender(t, nil)
	b.OpenNode(e.Name(), home.Port(), abroad.Port())
	guest := gonodetest.StartErl(t, gonodetest.WithSname("guest@localhost"), gonodetest.WithEPMDPort(abroad.Port()))
	require.Equal(t, "pong", guest.Eval(t, "net_adm:ping('home@localhost')"))
	require.Equal(t, 1, b.Connections())
	guest.Eval(t, "monitor_node('home@localhost', true)")
	b.Cut()
	require.Equal(t, "ok", guest.Eval(t, "receive {nodedown, 'home@localhost'} -> ok after 20000 -> late end"))
	require.Equal(t, "pong", guest.Eval(t, "net_adm:ping('home@localhost')"))
	require.Equal(t, 2, b.Connections())
}
