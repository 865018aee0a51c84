package node_test

import (
	"math"
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

// collect has garbage collected and waits until finalizers have run, among them that of the floor: one goroutine runs all.
func collect(t *testing.T) {
	for range 2 { // what is made during a collection may be finalized after the next one only
		done := make(chan struct{})
		type mark struct{ _ [32]byte }
		runtime.SetFinalizer(new(mark), func(*mark) { close(done) })
		runtime.GC()
		select {
		case <-done:
		case <-time.After(20 * time.Second):
			require.Fail(t, "no finalizer has run")
		}
	}
}

// growth is by how many MB the heap may grow until the next collection, from what was alive after the last.
func growth(t *testing.T) int {
	collect(t)
	m := []metrics.Sample{{Name: "/gc/heap/goal:bytes"}, {Name: "/gc/heap/live:bytes"}}
	metrics.Read(m)
	return int(m[0].Value.Uint64()-m[1].Value.Uint64()) >> 20
}

func TestASmallHeapMayGrowToTheFloorAndALargeOneByItsPercentage(t *testing.T) {
	withoutGCVariables(t)
	before := gcPercent()
	restore := node.SetHeapFloor(64<<20, 150)
	small := func() {
		g := growth(t) // the floor without what is alive of other tests, in steps of a hundredth of eleven floors
		require.Greater(t, g, 32)
		require.Less(t, g, 72)
	}
	small()

	live := make([]byte, 100<<20)
	require.InDelta(t, 150, growth(t), 25)
	runtime.KeepAlive(live)
	small()

	restore()
	require.Equal(t, before, gcPercent())
	collect(t)
	require.Equal(t, before, gcPercent(), "nothing sets it any more")
	require.Less(t, growth(t), 32)
}

func TestWithoutAFloorThereIsThePercentageAlone(t *testing.T) {
	withoutGCVariables(t)
	defer node.SetHeapFloor(0, 150)()
	require.Equal(t, 150, gcPercent())
	collect(t)
	require.Equal(t, 150, gcPercent())
}

func TestAFloorForWhichThereIsNoAddressSpaceIsNoneTheLessOne(t *testing.T) {
	withoutGCVariables(t)
	for _, floor := range []uint64{1 << 50, math.MaxUint64} {
		restore := node.SetHeapFloor(floor, 150)
		require.Equal(t, math.MaxInt32, gcPercent())
		restore()
	}
}

func TestWhoeverSetsGOGCDecides(t *testing.T) {
	withoutGCVariables(t)
	t.Setenv("GOGC", "77")
	before := gcPercent()
	defer node.SetHeapFloor(64<<20, 150)()
	require.Equal(t, before, gcPercent())
}
