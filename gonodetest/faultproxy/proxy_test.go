//go:build unix

package faultproxy_test

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

	"github.com/gonode-otp/gonode/gonodetest/beam"
	"github.com/gonode-otp/gonode/gonodetest/faultproxy"
)

// echoServer sends back what it receives.
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

// oneWay is a plan for the flow to the target.
func oneWay(faults ...faultproxy.Fault) faultproxy.Plan {
	return func(f faultproxy.Flow) []faultproxy.Fault {
		if f.ToTarget {
			return faults
		}
		return nil
	}
}

func through(t *testing.T, plan faultproxy.Plan) (*faultproxy.Proxy, *net.TCPConn) {
	t.Helper()
	b := faultproxy.New(t, plan)
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

// say writes a text in pieces and returns everything that comes back.
func say(t *testing.T, c *net.TCPConn, text string, piece int) string {
	t.Helper()
	for b := []byte(text); len(b) > 0; {
		n := min(piece, len(b))
		if _, err := c.Write(b[:n]); err != nil {
			break // the proxy has ended the connection
		}
		b = b[n:]
	}
	_ = c.CloseWrite()
	back, _ := io.ReadAll(c)
	return string(back)
}

func TestAProxyDoesAtEveryPlaceWhatThePlanSaysHoweverTheBytesCome(t *testing.T) {
	const text = "0123456789abcdef"
	fault := func(kind faultproxy.Kind, at, n int64) faultproxy.Fault {
		return faultproxy.Fault{At: at, Kind: kind, N: n}
	}
	for name, row := range map[string]struct {
		faults []faultproxy.Fault
		want   string
	}{
		"nothing": {nil, text},
		"flip": {[]faultproxy.Fault{fault(faultproxy.Flip, 0, 0),
			fault(faultproxy.Flip, 15, 1)}, "1123456789abcded"},
		"drop":                  {[]faultproxy.Fault{fault(faultproxy.Drop, 3, 4)}, "012789abcdef"},
		"drop the rest":         {[]faultproxy.Fault{fault(faultproxy.Drop, 12, 100)}, "0123456789ab"},
		"double":                {[]faultproxy.Fault{fault(faultproxy.Duplicate, 3, 4)}, text[:7] + text[3:]},
		"double beyond the end": {[]faultproxy.Fault{fault(faultproxy.Duplicate, 14, 4)}, text},
		"half closed": {[]faultproxy.Fault{fault(faultproxy.HalfClose, 5, 0),
			fault(faultproxy.Flip, 6, 0)}, "01234"},
		"all at the same place": {[]faultproxy.Fault{fault(faultproxy.Delay, 4, 0), fault(faultproxy.Flip, 4, 0),
			fault(faultproxy.Duplicate, 4, 1)}, "012355" + text[5:]},
		"slowly": {[]faultproxy.Fault{fault(faultproxy.Rate, 0, 200)}, text},
		"a place that is behind": {[]faultproxy.Fault{fault(faultproxy.Drop, 3, 4), fault(faultproxy.Flip, 2, 0)},
			"012789abcdef"},
		"a place not reached": {[]faultproxy.Fault{fault(faultproxy.Cut, 16, 0)}, text},
	} {
		for _, piece := range []int{1, 3, 16} {
			_, c := through(t, oneWay(row.faults...))
			require.Equal(t, row.want, say(t, c, text, piece), "%s in pieces of %d", name, piece)
		}
	}
}

func TestAProxyCutsAConnectionOnBothSides(t *testing.T) {
	b, c := through(t, oneWay(faultproxy.Fault{At: 5, Kind: faultproxy.Cut}))
	_, err := c.Write([]byte("0123456789"))
	require.NoError(t, err)
	back, err := io.ReadAll(c)
	require.True(t, err == nil || strings.Contains(err.Error(), "reset"), "%v", err)
	require.True(t, strings.HasPrefix("01234", string(back)), "%q", back)
	require.Equal(t, []string{"connection 1, to the target: cut in front of byte 5"}, b.Report())

	_, c = through(t, oneWay(faultproxy.Fault{At: 5, Kind: faultproxy.Reset}))
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

func TestAProxyHoldsBackEverythingDuringAPauseAndLosesNothing(t *testing.T) {
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

func TestAProxyDelaysAndSlowsDown(t *testing.T) {
	began := time.Now()
	_, c := through(t, oneWay(faultproxy.Fault{At: 1, Kind: faultproxy.Delay, D: 100 * time.Millisecond}))
	require.Equal(t, "xy", say(t, c, "xy", 2))
	require.GreaterOrEqual(t, time.Since(began), 100*time.Millisecond)
	began = time.Now()
	_, c = through(t, oneWay(faultproxy.Fault{Kind: faultproxy.Rate, N: 100_000}))
	text := strings.Repeat("x", 10_000)
	require.Equal(t, text, say(t, c, text, 10_000))
	require.GreaterOrEqual(t, time.Since(began), 100*time.Millisecond)
}

func TestTheSameSeedGivesTheSameFaults(t *testing.T) {
	kinds := []faultproxy.Kind{faultproxy.Flip, faultproxy.Drop, faultproxy.Duplicate,
		faultproxy.Delay, faultproxy.Rate}
	random := faultproxy.RandomFaults{Seed: 7, Skip: 100, Gap: 1000, Count: 50, Kinds: kinds}
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
	require.Equal(t, one(faultproxy.Flow{Conn: 1}), one(faultproxy.Flow{Conn: 1}))
	require.NotEqual(t, one(faultproxy.Flow{Conn: 1}), one(faultproxy.Flow{Conn: 1, ToTarget: true}))
	require.NotEqual(t, one(faultproxy.Flow{Conn: 1}), one(faultproxy.Flow{Conn: 2}))
	random.Seed, random.Count = 8, 0
	require.Len(t, random.Plan()(faultproxy.Flow{}), 100)
	require.NotEqual(t, one(faultproxy.Flow{Conn: 1}), random.Plan()(faultproxy.Flow{Conn: 1})[:50])
}

func TestAPlanTowardsOneOfTwoLeavesTheOtherOneAlone(t *testing.T) {
	flip := faultproxy.Faults(faultproxy.Fault{Kind: faultproxy.Flip})
	one := echoServer(t)
	b := faultproxy.New(t, flip.Towards(one))
	c := enter(t, b.Open(one))
	require.Equal(t, "1", say(t, c, "0", 1))
	require.Equal(t, []string{"connection 1, to the target: bit 0 of byte 0 turned over"}, b.Report())

	b = faultproxy.New(t, flip.Towards(one))
	c = enter(t, b.Open(echoServer(t)))
	require.Equal(t, "1", say(t, c, "0", 1))
	require.Equal(t, []string{"connection 1, from the target: bit 0 of byte 0 turned over"}, b.Report())
}

func TestEveryFaultSaysWhatItIs(t *testing.T) {
	said := map[string]bool{}
	for kind := faultproxy.Flip; kind <= faultproxy.Rate+1; kind++ {
		said[faultproxy.Fault{At: 9, Kind: kind, N: 3}.String()] = true
	}
	require.Len(t, said, 9)
}

func TestAProxyWithNothingBehindItClosesTheConnection(t *testing.T) {
	b := faultproxy.New(t, faultproxy.Faults())
	c := enter(t, b.Open("127.0.0.1:1"))
	_, err := c.Read(make([]byte, 1))
	require.Error(t, err)
	require.Contains(t, b.Report()[0], "a connection that leads nowhere")
}

func TestAProxyStandsBeforeANodeInAnotherEPMD(t *testing.T) {
	home, abroad := beam.StartEPMD(t), beam.StartEPMD(t)
	e := beam.StartErl(t, beam.WithSname("home@localhost"), beam.WithEPMDPort(home.Port()))
	b := faultproxy.New(t, nil)
	b.OpenNode(e.Name(), home.Port(), abroad.Port())
	guest := beam.StartErl(t, beam.WithSname("guest@localhost"), beam.WithEPMDPort(abroad.Port()))
	require.Equal(t, "pong", guest.Eval(t, "net_adm:ping('home@localhost')"))
	require.Equal(t, 1, b.Connections())
	guest.Eval(t, "monitor_node('home@localhost', true)")
	b.Cut()
	require.Equal(t, "ok", guest.Eval(t, "receive {nodedown, 'home@localhost'} -> ok after 20000 -> late end"))
	require.Equal(t, "pong", guest.Eval(t, "net_adm:ping('home@localhost')"))
	require.Equal(t, 2, b.Connections())
}
