package node

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/gonodetest/beam"
)

func TestTooManySpawnedFunctionsAreRefusedUntilOneHasReturned(t *testing.T) {
	e := beam.StartErl(t)
	_, host, _ := strings.Cut(e.Name(), "@")
	n := testNode(t, Config{Name: "full@" + host, EPMDPort: uint16(e.EPMDPort()), Listen: "0.0.0.0",
		Cookies: map[string]string{e.Name(): e.Cookie()}})
	proceed := make(chan struct{})
	n.Export("slow", "run", 0, func(context.Context, etf.List) (etf.Term, error) {
		<-proceed // it does not look at its context
		return nil, nil
	})
	n.spawns.mu.Lock()
	n.spawns.inOwn = maxWaiting - 1
	n.spawns.mu.Unlock()
	e.Eval(t, fmt.Sprintf(`Spawn = fun() -> R = spawn_request('%s', slow, run, [], [monitor]),
		receive {spawn_reply, R, ok, P} -> P; {spawn_reply, R, error, Why} -> Why end end, P = Spawn().`, n.Name()))
	require.Equal(t, "system_limit", e.Eval(t, "Spawn()."))
	e.Eval(t, "exit(P, kill), receive {'DOWN', _, process, P, killed} -> ok end.")
	require.Equal(t, "system_limit", e.Eval(t, "Spawn()."), "its function still runs")
	close(proceed)
	require.Eventually(t, func() bool { return e.Eval(t, "is_pid(Spawn()).") == "true" }, 10*time.Second, time.Millisecond)
	require.Eventually(t, func() bool {
		n.spawns.mu.Lock()
		defer n.spawns.mu.Unlock()
		return n.spawns.inOwn == maxWaiting-1
	}, 10*time.Second, time.Millisecond)
}
