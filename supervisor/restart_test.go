package supervisor

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/etf"
)

// TestRestartsAreCountedWithinThePeriod compares with what add_restart/1 of supervisor.erl does: a restart counts as
// long as it is not older than the period, in whole seconds, and one more than the intensity is too many.
func TestRestartsAreCountedWithinThePeriod(t *testing.T) {
	for _, test := range []struct {
		intensity int
		period    int64
		at        []int64
		allowed   int
	}{
		{0, 5, []int64{0}, 0},
		{1, 5, []int64{0, 0}, 1},
		{1, 5, []int64{0, 5}, 1},
		{1, 5, []int64{0, 6, 11}, 2},
		{1, 5, []int64{0, 6, 12, 18, 24}, 5},
		{3, 1, []int64{0, 0, 0, 1}, 3},
		{3, 1, []int64{0, 0, 0, 2, 2, 2, 3}, 6},
		{2, 10, []int64{-9, -5, 0, 1, 2}, 2},
	} {
		t.Run(fmt.Sprint(test.intensity, test.period, test.at), func(t *testing.T) {
			st := &state{flags: flags{intensity: test.intensity, period: test.period}}
			allowed := 0
			for _, now := range test.at {
				if !st.addRestart(now) {
					break
				}
				allowed++
			}
			require.Equal(t, test.allowed, allowed)
			require.LessOrEqual(t, len(st.restarts), test.intensity+1, "no more is kept than counts")
		})
	}
}

func TestChildrenAreFoundByAnyTerm(t *testing.T) {
	ids := []etf.Term{etf.Atom("a"), etf.Binary("a"), etf.Int(1), etf.Float(1), etf.List{}, etf.Tuple{},
		etf.Tuple{etf.Atom("a")},
		etf.List{etf.Atom("a")}, etf.Map{{Key: etf.Int(1), Value: etf.Int(2)}}, etf.Map{{Key: etf.Int(1), Value: etf.Int(3)}},
		etf.Pid{ID: 1}, etf.Ref{Len: 1}, etf.Charlist("text"), etf.ImproperList{Elems: []etf.Term{etf.Int(1)},
			Tail: etf.Int(2)}}
	var cs children
	for i, id := range ids {
		require.Nil(t, cs.find(id), "%v", id)
		cs.add(&child{id: id, pid: etf.Pid{ID: uint32(i + 1)}})
	}
	for i, id := range ids {
		c := cs.find(id)
		require.NotNil(t, c, "%v", id)
		require.Same(t, c, cs.byPid(etf.Pid{ID: uint32(i + 1)}))
		cs.remove(c)
		require.Nil(t, cs.find(id))
		require.Nil(t, cs.byPid(etf.Pid{ID: uint32(i + 1)}))
	}
	require.Empty(t, cs.list)
	require.Empty(t, cs.ids)
	require.Empty(t, cs.pids)
}

func TestMapsAreTheSameIdInAnyOrder(t *testing.T) {
	var cs children
	one, two := etf.MapPair{Key: etf.Int(1), Value: etf.Int(1)}, etf.MapPair{Key: etf.Int(2), Value: etf.Int(2)}
	cs.add(&child{id: etf.Tuple{etf.Map{one, two}}})
	require.NotNil(t, cs.find(etf.Tuple{etf.Map{two, one}}))
}
