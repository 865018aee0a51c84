package node

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
)

// setLastPid makes last the number that was given out last.
func (n *Node) setLastPid(last pidNumber) {
	n.registry.mu.Lock()
	defer n.registry.mu.Unlock()
	n.registry.last = last
}

func TestNumbersOfProcessesBeginAgainBehindTheLastAndPassOverThoseThatAreAlive(t *testing.T) {
	n := testNode(t, Config{})
	n.setLastPid(firstPid + 1000)
	old, err := n.Spawn(t.Context(), genserv.Child{Module: genserv.Of(adder{}), Args: etf.Int(0)})
	require.NoError(t, err)
	alive := map[pidNumber]bool{}
	for _, p := range n.registry.all() {
		alive[numberOf(p.pid)] = true
	}

	n.setLastPid(maxPid - 2)
	var pids []etf.Pid
	for range 1100 {
		pid, err := n.Spawn(t.Context(), genserv.Child{Module: genserv.Of(adder{}), Args: etf.Int(7)})
		require.NoError(t, err)
		require.False(t, alive[numberOf(pid)], "%v is alive", pid)
		alive[numberOf(pid)] = true
		pids = append(pids, pid)
	}
	require.Equal(t, n.pid(maxPid-1), pids[0])
	require.Equal(t, n.pid(maxPid), pids[1])
	require.Less(t, numberOf(pids[2]), maxPid)
	for _, pid := range append(pids, old) {
		_, err := n.Call(t.Context(), pid, etf.Int(1))
		require.NoError(t, err)
	}
	order := n.registry.inOrder()
	require.Equal(t, pids, pidsOf(order[len(order)-len(pids):]), "those of this round stand behind those of the last")
}

func pidsOf(processes []*process) []etf.Pid {
	var pids []etf.Pid
	for _, p := range processes {
		pids = append(pids, p.pid)
	}
	return pids
}

func TestAPidWithWordsThatNoProcessHereCanHaveIsNobodys(t *testing.T) {
	n := testNode(t, Config{})
	pid, err := n.Spawn(t.Context(), genserv.Child{Module: genserv.Of(adder{}), Args: etf.Int(0)})
	require.NoError(t, err)
	for _, other := range []etf.Pid{
		{ID: pid.ID | 1<<pidIDBits, Serial: pid.Serial}, {ID: pid.ID, Serial: pid.Serial | 1<<pidSerialBits},
	} {
		other.Node, other.Creation = pid.Node, pid.Creation
		_, err := n.Call(t.Context(), other, etf.Int(1))
		require.ErrorIs(t, err, genserv.ErrNoProc)
	}
}

func TestANumberIsFreeWhenItsProcessHasEndedOrNeverBegan(t *testing.T) {
	r := newRegistry()
	number, ok := r.reserveNumber()
	require.True(t, ok)
	require.Empty(t, r.all(), "a number alone is no process")
	r.last--
	next, ok := r.reserveNumber()
	require.True(t, ok)
	require.NotEqual(t, number, next, "it is in use")
	r.releaseNumber(number)
	r.last = number - 1
	again, ok := r.reserveNumber()
	require.True(t, ok)
	require.Equal(t, number, again)
}
