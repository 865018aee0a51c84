package node

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
	"github.com/gonode-otp/gonode/gonodetest"
)

func TestPortsThatContradictEachOtherAreRefused(t *testing.T) {
	for _, c := range []struct {
		cfg   Config
		field string
	}{
		{Config{PortMax: 9200}, "PortMax"},
		{Config{PortMin: 10, PortMax: 9}, "PortMax"},
		{Config{NodePort: 9000, PortMin: 9100, PortMax: 9100}, "NodePort"},
		{Config{NodePort: 9000, PortMin: 9000, PortMax: 9001}, "NodePort"},
		{Config{NodePort: 9000, PortMin: 9100}, "NodePort"},
		{Config{NodePort: 9000, PortMax: 9000}, "PortMax"},
		{Config{NodePort: 9000, EPMD: EPMDEmbedded}, "NodePort"},
		{Config{NodePort: 9000, EPMD: EPMDExternal}, "NodePort"},
	} {
		c.cfg.Name, c.cfg.Cookie = "a@h", "x"
		_, err := Start(t.Context(), c.cfg)
		var bad *ConfigError
		require.ErrorAs(t, err, &bad, "%+v", c.cfg)
		require.Equal(t, c.field, bad.Field, "%+v", c.cfg)
	}
}

func TestTheNodeListensOnThePortThatItIsTold(t *testing.T) {
	for _, cfg := range []Config{{PortMin: 1}, {NodePort: 1}, {NodePort: 1, PortMin: 1, PortMax: 1}} {
		port := uint16(gonodetest.FreePort(t))
		for _, p := range []*uint16{&cfg.PortMin, &cfg.PortMax, &cfg.NodePort} {
			*p *= port // those that are 1
		}
		cfg.Name, cfg.Cookie, cfg.Listen = "a@localhost", "x", "127.0.0.1"
		if cfg.NodePort == 0 {
			cfg.EPMD, cfg.EPMDPort = EPMDEmbedded, uint16(gonodetest.FreePort(t))
		}
		n, err := Start(t.Context(), cfg)
		require.NoError(t, err)
		require.Equal(t, int(port), n.Addr().(*net.TCPAddr).Port)
		require.NoError(t, n.Stop(t.Context()))
	}
}

func TestWhoeverGaveTheConfigurationMayChangeIt(t *testing.T) {
	cookies := map[string]string{"b@localhost": "first"}
	n := testNode(t, Config{Cookies: cookies})
	done := make(chan struct{})
	go func() {
		defer close(done)
		for range 100 {
			n.cookie("b@localhost")
		}
	}()
	cookies["b@localhost"] = "second" // a race if the node reads this map
	<-done
	require.Equal(t, "first", n.cookie("b@localhost"))
}

func TestNobodyPrintsACookieByPrintingWhatHoldsIt(t *testing.T) {
	cfg := Config{Name: "a@h", Cookie: "HUSH", Cookies: map[string]string{"b@h": "HUSH"}, TickTime: 7 * time.Second}
	n := testNode(t, Config{Cookies: map[string]string{"b@h": "HUSH"}})
	require.Equal(t, "HUSH", n.cookie("b@h"))
	var log strings.Builder
	for _, v := range []any{cfg, &cfg, []Config{cfg}, Cookie{Value: "HUSH", File: "f"}, &Cookie{Value: "HUSH"}, n} {
		for _, format := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d"} {
			text := fmt.Sprintf(format, v)
			require.NotContains(t, text, "HUSH", format)
			require.NotContains(t, strings.ToLower(text), fmt.Sprintf("%x", "HUSH"), format)
		}
		for _, h := range []slog.Handler{slog.NewTextHandler(&log, nil), slog.NewJSONHandler(&log, nil)} {
			slog.New(h).Info("m", "v", v)
		}
	}
	require.NotContains(t, log.String(), "HUSH")
	text := fmt.Sprintf("%+v", cfg)
	require.Contains(t, text, "Name:a@h", "all else is shown")
	require.Contains(t, text, "TickTime:7s")
	require.Contains(t, text, "b@h")
	require.Equal(t, "HUSH", cfg.Cookies["b@h"], "the configuration itself is what it was")
}

func TestATakenNameIsToldWithItsHolder(t *testing.T) {
	n := testNode(t, Config{})
	n.does(t, "first", func(*genserv.Process, etf.Term) etf.Term { return etf.Atom("ok") })
	n.does(t, "second", func(p *genserv.Process, _ etf.Term) etf.Term {
		_ = p.Unregister("second")
		err := p.Register("first")
		var taken *NameTakenError
		require.ErrorAs(t, err, &taken)
		require.Equal(t, &NameTakenError{Name: "first", Pid: n.registry.byName("first").pid}, taken)
		require.ErrorIs(t, err, ErrBadArgument, "as erlang:register/2 has it")
		return etf.Atom("ok")
	})
	require.Equal(t, etf.Atom("ok"), n.mustCall(t, "second", n, nil))
}

func TestWhatIsRangedOverTwiceYieldsToBoth(t *testing.T) {
	n := testNode(t, Config{})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	seq := n.MonitorNodes(ctx)
	n.events.publish(NodeEvent{Node: "early@h", Up: true})
	for e := range seq {
		require.Equal(t, "early@h", string(e.Node), "what came between the call and the loop")
		break
	}
	require.Zero(t, n.events.count(), "nothing is kept for a loop that has ended")
	second := make(chan NodeEvent)
	go func() {
		defer close(second)
		for e := range seq {
			second <- e
		}
	}()
	require.Eventually(t, func() bool { return n.events.count() == 1 }, 10*time.Second, time.Millisecond)
	n.events.publish(NodeEvent{Node: "late@h", Up: true})
	require.Equal(t, "late@h", string((<-second).Node))
	cancel()
	_, more := <-second
	require.False(t, more)
}

func TestALoopOverEventsOutlivesACollection(t *testing.T) {
	n := testNode(t, Config{})
	began, events := make(chan struct{}), make(chan NodeEvent)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go func() {
		defer close(events)
		for e := range n.MonitorNodes(ctx) {
			if e.Node == "first@h" {
				close(began)
				continue
			}
			events <- e
		}
	}()
	require.Eventually(t, func() bool { return n.events.count() == 1 }, 10*time.Second, time.Millisecond)
	n.events.publish(NodeEvent{Node: "first@h", Up: true})
	<-began
	for range 10 { // a cleanup of this round has run when that of a later one has
		ran := make(chan struct{})
		runtime.AddCleanup(new([64]*int), func(ran chan struct{}) { close(ran) }, ran)
		runtime.GC()
		<-ran
	}
	require.Equal(t, 1, n.events.count())
	n.events.publish(NodeEvent{Node: "second@h", Up: true})
	require.Equal(t, "second@h", string((<-events).Node))
	cancel()
	_, more := <-events
	require.False(t, more)
}

func TestWhatIsNeverRangedOverIsForgotten(t *testing.T) {
	n := testNode(t, Config{})
	for range 10 {
		_ = n.MonitorNodes(context.Background())
	}
	require.Eventually(t, func() bool {
		runtime.GC()
		return n.events.count() == 0
	}, 10*time.Second, time.Millisecond)
}

func (h *eventHub) count() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.readers)
}
