package node_test

import (
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/node"
)

// gcPercent reads what SetGCPercent has set.
func gcPercent() int {
	now := debug.SetGCPercent(100)
	debug.SetGCPercent(now)
	return now
}

func withoutGCVariables(t *testing.T) {
	for _, name := range []string{"GOGC", "GOMEMLIMIT"} {
		t.Setenv(name, "") // is restored
		require.NoError(t, os.Unsetenv(name))
	}
}

// growth is by how many MB the heap may grow until the next collection, from what was alive after the last.
func growth() int {
	runtime.GC()
	m := []metrics.Sample{{Name: "/gc/heap/goal:bytes"}, {Name: "/gc/heap/live:bytes"}}
	metrics.Read(m)
	return int(m[0].Value.Uint64()-m[1].Value.Uint64()) >> 20
}

func TestASmallHeapMayGrowToTheFloorAndALargeOneByItsPercentage(t *testing.T) {
	withoutGCVariables(t)
	before := gcPercent()
	restore := node.SetHeapFloor(64<<20, 150)
	require.InDelta(t, 60, growth(), 8)

	live := make([]byte, 100<<20)
	require.Eventually(t, func() bool { return growth() > 140 }, 20*time.Second, time.Millisecond)
	require.InDelta(t, 150, growth(), 25)
	runtime.KeepAlive(live)
	require.Eventually(t, func() bool { return growth() < 70 }, 20*time.Second, time.Millisecond, "it is small again")

	restore()
	require.Equal(t, before, gcPercent())
	for range 3 {
		runtime.GC()
		time.Sleep(time.Millisecond)
	}
	require.Equal(t, before, gcPercent(), "nothing sets it any more")
	require.Less(t, growth(), 32)
}

func TestWhoeverSetsGOGCDecides(t *testing.T) {
	withoutGCVariables(t)
	t.Setenv("GOGC", "77")
	before := gcPercent()
	defer node.SetHeapFloor(64<<20, 150)()
	require.Equal(t, before, gcPercent())
}
