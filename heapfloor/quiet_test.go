package heapfloor

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A period begins with 100 MB of 300 in use, of which 1000 were allocated so far.
func TestAProgramIsQuietIfItsHeapWouldNotBeCollectedForAMinute(t *testing.T) {
	begin := heapState{live: 100 << 20, goal: 300 << 20, allocs: 1000 << 20, cycles: 7}
	after := func(mb, cycles uint64) heapState {
		h := begin
		h.allocs, h.cycles = h.allocs+mb<<20, h.cycles+cycles
		return h
	}
	for _, c := range []struct {
		name  string
		now   heapState
		freed uint64 // of what was allocated, when memory was given back last
		rest  time.Duration
		want  quietness
	}{
		{"nothing happens", after(0, 0), 0, 0, quiet},
		{"a message now and then", after(6, 0), 0, 0, quiet},
		{"messages come", after(7, 0), 0, 0, busy},
		{"garbage was collected meanwhile", after(0, 1), 0, 0, busy},
		{"it was given back just now", after(31, 0), 1000 << 20, 0, freed},
		{"it was given back some time ago", after(6, 0), 900 << 20, 0, quiet},
		{"giving it back took long", after(0, 0), 0, time.Minute, busy},
	} {
		q := quietWatch{floor: 32 << 20, last: begin, freed: heapState{allocs: c.freed}, rest: time.Now().Add(c.rest)}
		require.Equal(t, c.want, q.assess(c.now), c.name)
	}
}

func TestThePercentageIsThatOfTheFloorUntilGosOwnIsMore(t *testing.T) {
	of := func(live uint64, floors ...*setting) int {
		h := tuner{floors: floors}
		return h.percent(live << 20)
	}
	floor := &setting{40 << 20, 100}
	require.Equal(t, 1000, of(0, floor), "Go takes 4 MB for alive at least")
	require.Equal(t, 900, of(4, floor))
	require.Equal(t, 300, of(10, floor))
	require.Equal(t, 100, of(20, floor))
	require.Equal(t, 100, of(1000, floor))
	require.Equal(t, 500, of(10, floor, &setting{60 << 20, 50}), "the largest floor, and the largest percentage")
	require.Equal(t, 100, of(50, floor, &setting{60 << 20, 50}))
	require.Equal(t, 1, of(7, &setting{0, 1}))
}
