package node_test

import (
	"os"
	"runtime"
	"runtime/debug"
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

func TestASmallHeapMayGrowToTheFloorAndALargeOneByItsPercentage(t *testing.T) {
	withoutGCVariables(t)
	before := gcPercent()
	restore := node.SetHeapFloor(64<<20, 150)
	require.Equal(t, 1600, gcPercent(), "64 MB are 16 times the least heap of Go")

	live := make([]byte, 100<<20)
	require.Eventually(t, func() bool {
		runtime.GC()
		return gcPercent() == 150
	}, 20*time.Second, time.Millisecond)
	runtime.KeepAlive(live)

	restore()
	require.Equal(t, before, gcPercent())
	for range 3 {
		runtime.GC()
		time.Sleep(time.Millisecond)
	}
	require.Equal(t, before, gcPercent(), "nothing sets it any more")
}

func TestWhoeverSetsGOGCDecides(t *testing.T) {
	withoutGCVariables(t)
	t.Setenv("GOGC", "77")
	before := gcPercent()
	defer node.SetHeapFloor(64<<20, 150)()
	require.Equal(t, before, gcPercent())
}
