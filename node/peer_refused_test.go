package node

import (
	"bytes"
	"context"
	"log/slog"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/dist"
	"github.com/gonode-otp/gonode/etf"
)

// logText is a log that a test reads while the node writes it.
type logText struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *logText) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *logText) count(text string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Count(l.text.String(), text)
}

func newLogText(from slog.Level) (*logText, *slog.Logger) {
	l := &logText{}
	return l, slog.New(slog.NewTextHandler(l, &slog.HandlerOptions{Level: from}))
}

func TestAWrongCookieIsAWarningAndAPortScanIsNone(t *testing.T) {
	text, log := newLogText(slog.LevelInfo)
	n := testNode(t, Config{Logger: log})
	side := dist.Local{Node: "spy@localhost", Creation: 9, Flags: dist.DefaultFlags,
		Cookie: func(etf.Atom) string { return "wrong" }}
	const tries = maxRefusals + 5
	for range tries {
		c, err := net.Dial("tcp", n.Addr().String())
		require.NoError(t, err)
		_, err = side.Connect(t.Context(), c, n.Name(), nil)
		require.ErrorIs(t, err, dist.ReasonCookie)
		_ = c.Close()
	}
	c, err := net.Dial("tcp", n.Addr().String())
	require.NoError(t, err)
	require.NoError(t, c.Close())
	require.Eventually(t, func() bool { return text.count(`level=INFO msg="refused a connection"`) == 1 },
		time.Minute, time.Millisecond)
	require.Equal(t, maxRefusals, text.count(`level=WARN msg="refused a connection"`))
	require.Zero(t, text.count("wrong"), "the cookie of neither side")
}

func TestARefusalByThePeerIsAWarningToo(t *testing.T) {
	text, log := newLogText(slog.LevelWarn)
	port := startEPMD(t)
	a := testNode(t, Config{Name: "a@localhost", EPMDPort: port, Logger: log,
		Cookies: map[string]string{"b@localhost": "wrong"}})
	b := testNode(t, Config{Name: "b@localhost", EPMDPort: port})
	require.ErrorIs(t, a.Connect(t.Context(), b.Name()), dist.ReasonCookie)
	require.Equal(t, 1, text.count("level=WARN msg=\"connect failed\""))
}

func TestWarningsOfRefusalsAreCountedByTheMinute(t *testing.T) {
	var r refusals
	now := time.Now()
	for i := range 2 * maxRefusals {
		warn, left := r.countRefusal(now)
		require.Equal(t, i < maxRefusals, warn)
		require.Zero(t, left)
	}
	warn, left := r.countRefusal(now.Add(time.Minute))
	require.True(t, warn)
	require.Equal(t, maxRefusals, left)
	_, left = r.countRefusal(now.Add(2 * time.Minute))
	require.Zero(t, left)
}

// hang makes a connection with n that the other side never reads from or closes.
func hang(t *testing.T, n *Node) {
	t.Helper()
	side := dist.Local{Node: "hung@localhost", Creation: 9, Flags: dist.DefaultFlags,
		Cookie: func(etf.Atom) string { return "secret" }}
	c, err := net.Dial("tcp", n.Addr().String())
	require.NoError(t, err)
	t.Cleanup(func() { _ = c.Close() })
	_, err = side.Connect(t.Context(), c, n.Name(), nil)
	require.NoError(t, err)
	require.Eventually(t, func() bool { return len(n.Nodes()) == 1 }, time.Minute, time.Millisecond)
}

func TestAPeerThatHangsDoesNotKeepTheNodeFromStopping(t *testing.T) {
	for _, pending := range []bool{false, true} {
		text, log := newLogText(slog.LevelWarn)
		n, err := Start(t.Context(), Config{Name: "stops@localhost", Cookie: "secret", EPMDPort: startEPMD(t),
			Listen: "127.0.0.1", Logger: log})
		require.NoError(t, err)
		hang(t, n)
		stopTime := dist.DefaultFlushTime * 3 / 5
		if pending {
			// More than the socket takes, so that some of it is left in the node.
			p := n.peers.up("hung@localhost")
			for p.conn.Stats().Pending == 0 {
				p.send(&dist.RegSend{From: n.self, To: "x"}, make(etf.Binary, 1<<20))
			}
			stopTime = 2 * time.Second
		}
		ctx, cancel := context.WithTimeout(t.Context(), stopTime)
		require.NoError(t, n.Stop(ctx))
		cancel()
		require.Equal(t, pending, text.count("a peer has not taken what was sent to it") == 1, "what is lost is told")
	}
}
