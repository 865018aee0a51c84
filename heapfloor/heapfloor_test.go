package heapfloor_test

import (
	"fmt"
	"math"
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/heapfloor"
)

// alone reports whether this is a process for the test alone. If not it runs the test in one, for the heap is one of
// the whole program. Neither GOGC nor GOMEMLIMIT is in its environment, but what is in env.
func alone(t *testing.T, env ...string) bool {
	t.Helper()
	const mark = "GONODE_TEST_ALONE"
	if os.Getenv(mark) != "" {
		return true
	}
	t.Parallel()
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+t.Name()+"$", "-test.timeout=2m")
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, "GOGC=") && !strings.HasPrefix(v, "GOMEMLIMIT=") {
			cmd.Env = append(cmd.Env, v)
		}
	}
	cmd.Env = append(append(cmd.Env, mark+"=1"), env...)
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, string(out))
	return false
}

// gcPercent reads what SetGCPercent has set.
func gcPercent() int {
	now := debug.SetGCPercent(100)
	debug.SetGCPercent(now)
	return now
}

// collect has garbage collected and waits until finalizers have run, among them that of the floor.
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
func growth() int {
	m := []metrics.Sample{{Name: "/gc/heap/goal:bytes"}, {Name: "/gc/heap/live:bytes"}}
	metrics.Read(m)
	return int(m[0].Value.Uint64()-m[1].Value.Uint64()) >> 20
}

// tuned collects garbage until the growth is between two figures: the floor is told after a collection.
func tuned(t *testing.T, least, most int) {
	t.Helper()
	collect(t)
	eventually(t, func() bool { g := growth(); return least <= g && g <= most },
		func() string { return fmt.Sprintf("%d MB, not %d to %d", growth(), least, most) })
}

// eventually polls until ok.
func eventually(t *testing.T, ok func() bool, what func() string) {
	t.Helper()
	ticker := time.NewTicker(10 * time.Millisecond)
	defer ticker.Stop()
	for end := time.Now().Add(30 * time.Second); !ok(); <-ticker.C {
		require.True(t, time.Now().Before(end), what())
	}
}

// filled returns n MB that are in use.
func filled(n int) []byte {
	b := make([]byte, n<<20)
	for i := 0; i < len(b); i += 1024 {
		b[i] = 1
	}
	return b
}

func TestASmallHeapMayGrowToTheFloorAndALargeOneByItsPercentage(t *testing.T) {
	if !alone(t) {
		return
	}
	before := gcPercent()
	restore := heapfloor.Set(64<<20, 150)
	tuned(t, 56, 66)

	live := filled(100)
	tuned(t, 140, 165)
	runtime.KeepAlive(live)
	tuned(t, 56, 66)

	restore()
	require.Equal(t, before, gcPercent())
	collect(t)
	require.Equal(t, before, gcPercent(), "nothing sets it any more")
	require.Less(t, growth(), 16)
	restore()
	require.Equal(t, before, gcPercent())
}

func TestAFloorThatComesLateKnowsWhatIsAlive(t *testing.T) {
	if !alone(t) {
		return
	}
	live := filled(100)
	collect(t)
	defer heapfloor.Set(64<<20, 100)()
	require.InDelta(t, 100, growth(), 20)
	runtime.KeepAlive(live)
}

func TestOfSeveralFloorsTheLargestHoldsUntilItIsTakenBack(t *testing.T) {
	if !alone(t) {
		return
	}
	before := gcPercent()
	small := heapfloor.Set(32<<20, 200)
	tuned(t, 26, 34)
	large := heapfloor.Set(128<<20, 100)
	tuned(t, 120, 130)
	live := filled(200)
	tuned(t, 390, 430)
	runtime.KeepAlive(live)
	small()
	tuned(t, 120, 130)
	small()
	tuned(t, 120, 130)
	large()
	require.Equal(t, before, gcPercent())
}

func TestAPercentageThatSomethingElseSetsHolds(t *testing.T) {
	if !alone(t) {
		return
	}
	restore := heapfloor.Set(64<<20, 100)
	debug.SetGCPercent(77)
	live := filled(100)
	collect(t)
	runtime.KeepAlive(live)
	defer heapfloor.Set(128<<20, 100)()
	require.Equal(t, 77, gcPercent())
	restore()
	require.Equal(t, 77, gcPercent())
}

func TestWithoutAFloorThereIsThePercentageAlone(t *testing.T) {
	if !alone(t) {
		return
	}
	defer heapfloor.Set(0, 150)()
	require.Equal(t, 150, gcPercent())
	collect(t)
	require.Equal(t, 150, gcPercent())
}

func TestAFloorMayBeLargerThanTheAddressSpace(t *testing.T) {
	if !alone(t) {
		return
	}
	for _, floor := range []uint64{1 << 50, math.MaxUint64} {
		restore := heapfloor.Set(floor, 150)
		require.Equal(t, math.MaxInt32, gcPercent())
		restore()
	}
}

func TestWhoeverSetsGOGCDecides(t *testing.T) {
	if !alone(t, "GOGC=77") {
		return
	}
	defer heapfloor.Set(64<<20, 150)()
	require.Equal(t, 77, gcPercent())
}
