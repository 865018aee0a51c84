package node

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"sync"
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
			*p *= port // the ports that are 1
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
		var named *AlreadyRegisteredError
		require.ErrorAs(t, p.Register("another"), &named)
		require.Equal(t, &AlreadyRegisteredError{Pid: p.Self(), Name: "second"}, named)
		require.NoError(t, p.Unregister("second"))
		for _, name := range []etf.Atom{"undefined", etf.Atom(strings.Repeat("n", 256)), "\xff"} {
			var invalid *InvalidNameError
			require.ErrorAs(t, p.Register(name), &invalid)
			require.Equal(t, name, invalid.Name)
			require.Equal(t, etf.Atom("badarg"), genserv.ExitReason(invalid))
		}
		err := p.Register("first")
		var taken *NameTakenError
		require.ErrorAs(t, err, &taken)
		require.Equal(t, &NameTakenError{Name: "first", Pid: n.registry.byName("first").pid}, taken)
		require.ErrorIs(t, err, ErrBadArgument, "as erlang:register/2 has it")
		var unknown *NotRegisteredError
		require.ErrorAs(t, p.TrySend(etf.Atom("third"), nil), &unknown)
		require.Equal(t, etf.Atom("third"), unknown.Name)
		require.ErrorIs(t, p.Unregister("third"), ErrBadArgument)
		for _, err := range []error{taken, named, unknown, fmt.Errorf("%w: no number", ErrBadArgument)} {
			require.ErrorIs(t, err, ErrBadArgument)
			require.Equal(t, etf.Atom("badarg"), genserv.ExitReason(err))
		}
		return etf.Atom("ok")
	})
	require.Equal(t, etf.Atom("ok"), n.mustCall(t, "second", n, nil))
}

func TestASubscriptionKeepsEventsUntilTheyAreTaken(t *testing.T) {
	n := testNode(t, Config{})
	events := n.SubscribeNodes(t.Context())
	defer events.Close()
	for _, name := range []etf.Atom{"a@h", "b@h", "c@h"} {
		n.events.publish(NodeEvent{Node: name, Up: true})
	}
	for e := range events.All() {
		require.Equal(t, etf.Atom("a@h"), e.Node)
		break
	}
	e, err := events.Next(t.Context())
	require.NoError(t, err)
	require.Equal(t, etf.Atom("b@h"), e.Node, "the loop has left it")

	later := n.SubscribeNodes(t.Context())
	defer later.Close()
	short, cancel := context.WithCancelCause(t.Context())
	enough := errors.New("enough")
	cancel(enough)
	_, err = later.Next(short)
	require.ErrorIs(t, err, enough, "it has begun behind all of them")
}

// Each event goes to one of the goroutines that wait, and none of them waits while an event is there.
func TestEventsAreTakenByMany(t *testing.T) {
	n := testNode(t, Config{})
	events := n.SubscribeNodes(t.Context())
	got := make(chan etf.Atom)
	var work sync.WaitGroup
	for range 4 {
		work.Go(func() {
			for e := range events.All() {
				got <- e.Node
			}
		})
	}
	seen := map[etf.Atom]int{}
	for i := range 40 {
		n.events.publish(NodeEvent{Node: etf.Atom(fmt.Sprintf("n%d@h", i%20)), Up: i < 20})
	}
	for range 40 {
		seen[<-got]++
	}
	require.Len(t, seen, 20)
	events.Close()
	work.Wait()
	_, err := events.Next(t.Context())
	require.ErrorIs(t, err, ErrUnsubscribed)
	events.Close()
	require.Zero(t, n.events.count())
}

func TestASubscriptionEndsWithItsContextAndWithTheNode(t *testing.T) {
	n := testNode(t, Config{})
	ctx, cancel := context.WithCancel(t.Context())
	events, forEver := n.SubscribeNodes(ctx), n.SubscribeNodes(context.Background())
	cancel()
	_, err := events.Next(t.Context())
	require.ErrorIs(t, err, ErrUnsubscribed)
	require.Equal(t, 1, n.events.count())
	n.events.publish(NodeEvent{Node: "a@h", Up: true})
	require.NoError(t, n.Stop(t.Context()))
	e, err := forEver.Next(t.Context())
	require.NoError(t, err, "what was before the end")
	require.Equal(t, etf.Atom("a@h"), e.Node)
	_, err = forEver.Next(t.Context())
	require.ErrorIs(t, err, ErrStopped)
	forEver.Close()
}

func (h *eventHub) count() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.subscriptions)
}
