package epmd

import (
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

var zeroTime = time.Unix(1_800_000_000, 0)

func TestTheFirstCreationIsTheTimeAndEachReturnOfANameAddsOne(t *testing.T) {
	table := nameTable{max: 10}
	for i := range uint32(5) {
		e, ok := table.register(alive2Req{name: "a"}, 1, zeroTime)
		require.True(t, ok)
		require.Equal(t, uint32(zeroTime.Unix())+i, e.creation)
		table.unregister(e)
	}
	b, ok := table.register(alive2Req{name: "b"}, 2, zeroTime.Add(time.Minute))
	require.True(t, ok)
	require.Equal(t, uint32(zeroTime.Unix())+60, b.creation, "another name starts from its own time")
}

func TestACreationIsNeverOneOfTheSmallOnes(t *testing.T) {
	table := nameTable{max: 10}
	e, _ := table.register(alive2Req{name: "a"}, 1, time.Unix(0, 0))
	require.Equal(t, uint32(minCreation), e.creation)
	table.unregister(e)
	e.creation = math.MaxUint32
	e, _ = table.register(alive2Req{name: "a"}, 1, zeroTime)
	require.Equal(t, uint32(minCreation), e.creation, "it begins again behind the small ones")
}

func TestANameInUseIsRefusedAndFreeOnceGivenUp(t *testing.T) {
	table := nameTable{max: 10}
	first, ok := table.register(alive2Req{name: "a", port: 1}, 1, zeroTime)
	require.True(t, ok)
	_, ok = table.register(alive2Req{name: "a", port: 2}, 2, zeroTime)
	require.False(t, ok)
	table.unregister(first)
	_, ok = table.lookup("a")
	require.False(t, ok)
	second, ok := table.register(alive2Req{name: "a", port: 2}, 2, zeroTime)
	require.True(t, ok)
	table.unregister(first) // the end of the first connection, noticed late
	got, ok := table.lookup("a")
	require.True(t, ok)
	require.Same(t, second, got)
}

func TestAFullTableRefusesNewNames(t *testing.T) {
	table := nameTable{max: 2}
	a, _ := table.register(alive2Req{name: "a"}, 1, zeroTime)
	_, ok := table.register(alive2Req{name: "b"}, 2, zeroTime)
	require.True(t, ok)
	_, ok = table.register(alive2Req{name: "c"}, 3, zeroTime)
	require.False(t, ok)
	table.unregister(a)
	_, ok = table.register(alive2Req{name: "c"}, 3, zeroTime)
	require.True(t, ok)
}

func TestOfNamesGivenUpTheOldestAreForgotten(t *testing.T) {
	table := nameTable{max: 10}
	for i := range maxUnused + 5 {
		e, ok := table.register(alive2Req{name: fmt.Sprint("n", i), extra: make([]byte, 9)}, i, zeroTime)
		require.True(t, ok)
		table.unregister(e)
		require.Nil(t, e.extra, "what is remembered is small")
	}
	require.Len(t, table.unused, maxUnused)
	require.Len(t, table.byName, maxUnused)
	require.Equal(t, "n5", table.unused[0].name)
	e, _ := table.register(alive2Req{name: "n5"}, 1, zeroTime)
	require.Equal(t, uint32(zeroTime.Unix())+1, e.creation)
	require.Len(t, table.unused, maxUnused-1)
}

func TestAListIsInTheOrderOfEpmd(t *testing.T) {
	table := nameTable{max: 10}
	for i, name := range []string{"a", "b", "c", "d"} {
		_, ok := table.register(alive2Req{name: name, port: uint16(i)}, i, zeroTime)
		require.True(t, ok)
	}
	a, _ := table.lookup("a")
	c, _ := table.lookup("c")
	table.unregister(c)
	table.unregister(a)
	require.Equal(t, []Entry{{"d", 3}, {"b", 1}}, table.activeEntries())
	require.Equal(t, []DumpEntry{{"d", 3, 3, true}, {"b", 1, 1, true}, {"c", 2, 2, false}, {"a", 0, 0, false}},
		table.dumpEntries())
}

func TestAnExtraBeyondTheLimitIsRefused(t *testing.T) {
	table := nameTable{max: 10}
	_, ok := table.register(alive2Req{name: "a", extra: make([]byte, maxExtra+1)}, 1, zeroTime)
	require.False(t, ok)
	_, ok = table.register(alive2Req{name: "a", extra: make([]byte, maxExtra)}, 1, zeroTime)
	require.True(t, ok)
}
