package epmd

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Our client, the real epmd.

func TestTheRealEpmdRegistersUsAndTellsOthers(t *testing.T) {
	port := freePort(t)
	startEPMD(t, port)
	before := uint32(time.Now().Unix())
	r, err := Register(t.Context(), RegisterOptions{
		Addr: loopback(port), Name: "grüße", Port: 4711, Hidden: true, Extra: []byte("tag"),
	})
	require.NoError(t, err)
	require.InDelta(t, before, r.Creation(), 100)
	register(t, loopback(port), "b", 4712)

	got, err := Lookup(t.Context(), loopback(port), "grüße")
	require.NoError(t, err)
	require.Equal(t, NodeInfo{Name: "grüße", Port: 4711, Type: TypeHidden, High: 6, Low: 5, Extra: []byte("tag")}, got)
	_, err = Lookup(t.Context(), loopback(port), "nobody")
	require.ErrorIs(t, err, ErrNotFound)
	names, err := Names(t.Context(), loopback(port))
	require.NoError(t, err)
	require.ElementsMatch(t, []Entry{{"grüße", 4711}, {"b", 4712}}, names)
	require.Contains(t, run(t, port, "epmd", "-names"), "name b at port 4712")

	require.NoError(t, r.Close())
	_, err = Lookup(t.Context(), loopback(port), "grüße")
	require.ErrorIs(t, err, ErrNotFound, "the name is free when Close returns")
	dump, err := Dump(t.Context(), loopback(port))
	require.NoError(t, err)
	require.Len(t, dump, 2)
	require.Equal(t, []any{"b", true, "grüße", false}, []any{dump[0].Name, dump[0].Active, dump[1].Name, dump[1].Active})
}

func TestTheRealEpmdRefusesATakenNameAndWeSayWhoHoldsIt(t *testing.T) {
	port := freePort(t)
	startEPMD(t, port)
	register(t, loopback(port), "a", 4711)
	_, err := Register(t.Context(), RegisterOptions{Addr: loopback(port), Name: "a", Port: 4712})
	var taken *NameTakenError
	require.ErrorAs(t, err, &taken)
	require.Equal(t, uint16(4711), taken.Port)
}

func TestTheRealEpmdIsKilledAndRestartedAndWeAreBackWithinThreeSeconds(t *testing.T) {
	port := freePort(t)
	epmd := startEPMD(t, port)
	events := make(chan Event, 100)
	r, err := Register(t.Context(), RegisterOptions{
		Addr: loopback(port), Name: "a", Port: 4711, Hidden: true, OnChange: func(e Event) { events <- e },
	})
	require.NoError(t, err)
	defer r.Close()
	creation := r.Creation()
	for rounds, inTime := 0, 0; inTime < 2; rounds++ {
		require.Less(t, rounds, 6, "it takes longer every time, not only while the machine does something else")
		epmd.kill()
		require.Equal(t, EventLost, (<-events).Kind)
		epmd = startEPMD(t, port)
		up := time.Now()
		for e := range events {
			if e.Kind == EventRestored {
				break
			}
			require.Equal(t, EventFailed, e.Kind)
		}
		took := time.Since(up)
		t.Logf("registered again after %v", took.Round(time.Millisecond))
		if took < 3*time.Second {
			inTime++
		}
		got, err := Lookup(t.Context(), loopback(port), "a")
		require.NoError(t, err)
		require.Equal(t, uint16(4711), got.Port)
		require.Equal(t, TypeHidden, got.Type)
		require.Equal(t, creation, r.Creation())
	}
}

func TestARealNodeFindsOurNameAtTheRealEpmd(t *testing.T) {
	port := freePort(t)
	startEPMD(t, port)
	register(t, loopback(port), "go", 4711)
	require.Equal(t, "{port,4711,6}", ask(t, port, "e", `erl_epmd:port_please("go", {127,0,0,1})`))
	startErl(t, port, "b")
	_, err := Register(t.Context(), RegisterOptions{Addr: loopback(port), Name: "b", Port: 1})
	var taken *NameTakenError
	require.ErrorAs(t, err, &taken)
	require.NotZero(t, taken.Port)
}

// The real nodes and epmd, our server.

func TestTwoRealNodesFindEachOtherThroughOurServer(t *testing.T) {
	_, port := serveEverywhere(t)
	startErl(t, port, "b", "-start_epmd", "true") // as a user starts it: the epmd it tries to start gives way to ours
	b, err := Lookup(t.Context(), loopback(port), "b")
	require.NoError(t, err)
	require.Equal(t, TypeVisible, b.Type)
	require.GreaterOrEqual(t, b.High, uint16(6))

	got := ask(t, port, "a", `begin
		{ok, H} = inet:gethostname(),
		B = list_to_atom("b@" ++ H),
		{ok, Names} = net_adm:names(),
		{ok, Same} = erl_epmd:names(),
		{net_adm:ping(B), lists:sort([N || {N, _} <- Names]), lists:keyfind("b", 1, Same), Names =:= Same, nodes() =:= [B]}
	end`)
	require.Equal(t, fmt.Sprintf(`{pong,["a","b"],{"b",%d},true,true}`, b.Port), got)

	require.Contains(t, run(t, port, "epmd", "-port", strconv.Itoa(int(port)), "-names"),
		fmt.Sprintf("name b at port %d", b.Port))
}

func TestARealNodeGetsTheCreationOurServerGivesIt(t *testing.T) {
	s, port := serveEverywhere(t)
	first := ask(t, port, "a", `erlang:system_info(creation)`)
	second := ask(t, port, "a", `erlang:system_info(creation)`)
	a, err := strconv.ParseUint(first, 10, 32)
	require.NoError(t, err, first)
	b, err := strconv.ParseUint(second, 10, 32)
	require.NoError(t, err, second)
	require.Equal(t, a+1, b)
	require.InDelta(t, time.Now().Unix(), a, 100)
	s.mu.Lock()
	defer s.mu.Unlock()
	require.Equal(t, uint32(b), s.names.byName["a"].creation)
}

func TestARealNodeUnderATakenNameIsRefusedByOurServer(t *testing.T) {
	_, port := serveEverywhere(t)
	register(t, loopback(port), "a", 4711)
	got := ask(t, port, "a", `node()`)
	require.Contains(t, got, "seems to be in use by another Erlang node")
	require.NotContains(t, got, "\na@")
}

func TestRealNodesComeBackToOurServerWhenItIsRestarted(t *testing.T) {
	s, port := serveEverywhere(t)
	startErl(t, port, "b")
	before, err := Lookup(t.Context(), loopback(port), "b")
	require.NoError(t, err)
	require.NoError(t, s.Close())

	ls, err := Listen(t.Context(), port, everywhere...)
	require.NoError(t, err)
	serve(t, ServerOptions{}, ls...)
	if release := ask(t, port, "c", `list_to_integer(erlang:system_info(otp_release))`); release == "23" {
		// Its erl_epmd does not come back; from OTP 24 on it tries every two seconds (erl_epmd:try_register, kernel 8.0).
		require.Never(t, func() bool {
			_, err := Lookup(t.Context(), loopback(port), "b")
			return err == nil
		}, 5*time.Second, 100*time.Millisecond)
		return
	}
	waitForName(t, port, "b")
	after, err := Lookup(t.Context(), loopback(port), "b")
	require.NoError(t, err)
	require.Equal(t, before, after)
}

func TestARealNodeThatIsKilledIsGoneFromOurServer(t *testing.T) {
	_, port := serveEverywhere(t)
	startErl(t, port, "b").kill()
	eventually(t, 30*time.Second, func() bool {
		names, err := Names(t.Context(), loopback(port))
		return err == nil && len(names) == 0
	}, "b is gone")
}

func TestARealNodeOverIPv6RegistersAtOurServer(t *testing.T) {
	ls, err := Listen(t.Context(), 0)
	require.NoError(t, err)
	if len(ls) < 2 {
		closeAll(ls)
		t.Log("this host has no loopback of IPv6; nothing was tested")
		return
	}
	serve(t, ServerOptions{}, ls...)
	_, port, _ := strings.Cut(ls[0].Addr().String(), ":")
	n, err := strconv.ParseUint(port, 10, 16)
	require.NoError(t, err)
	start(t, uint16(n), "erl", "-noinput", "-start_epmd", "false", "-proto_dist", "inet6_tcp", "-name", "six@::1",
		"-setcookie", "epmdtest")
	waitForName(t, uint16(n), "six")
	got, err := Lookup(t.Context(), ls[1].Addr().String(), "six")
	require.NoError(t, err)
	require.NotZero(t, got.Port)
}

func TestTheRealEpmdCommandTalksToOurServer(t *testing.T) {
	s, port := serveEverywhere(t)
	r := register(t, loopback(port), "a", 4711)
	require.Equal(t, fmt.Sprintf("epmd: up and running on port %d with data:\nname a at port 4711\n", port),
		run(t, port, "epmd", "-names"))
	require.Contains(t, run(t, port, "epmd", "-kill"), "Killing not allowed")
	require.Contains(t, run(t, port, "epmd", "-d", "-d", "-names"), "name a at port 4711")
	run(t, port, "epmd", "-stop", "a")
	_, err := Lookup(t.Context(), loopback(port), "a")
	require.NoError(t, err, "no name is stopped")
	require.NoError(t, r.Close())
	require.Contains(t, run(t, port, "epmd", "-kill"), "Killed")
	<-s.Done()
}

// The real epmd and our server side by side: the same requests, the same answers.

func TestOurServerAnswersAsTheRealEpmdDoes(t *testing.T) {
	port := freePort(t)
	startEPMD(t, port)
	epmd := loopback(port)
	_, ours := serveTCP(t, ServerOptions{Port: port})
	for _, addr := range []string{epmd, ours} {
		register(t, addr, "a", 4711)
	}
	full := alive2Req{high: 6, name: strings.Repeat("x", 254), extra: make([]byte, maxExtra)}
	for _, req := range [][]byte{
		frame("za"), frame("za\x00"), frame("za\x00\x00"), frame("za\x00b"), frame("z"), frame("z\x00"), frame("zb"),
		frame("z\xe5"),
		frame("z" + strings.Repeat("b", 256)), frame("z" + strings.Repeat("b", 254)), frame("za@host"),
		frame("n"), frame("nxyz"), frame("k"), frame("sa"), frame("s"), frame("Q"), frame("w\x00"), {0, 0}, {0, 0, 0},
		frame("x"), frame("x\x12\x67M\x00"), alive("x\x00y"), frame("x\x12\x67M\x00\x00\x06\x00\x05\x00\x00\x00\x00"),
		frame("x\x12\x67M\x00\x00\x06\x00\x05\x00\x09a\x00\x00"),
	} {
		require.Equal(t, string(talk(t, epmd, req)), string(talk(t, ours, req)), "request %q", req)
	}
	for _, req := range []struct {
		bytes  []byte
		answer int // how much of the answer does not depend on the time
		size   int
	}{
		{alive("a"), 6, 6}, {alive2Req{high: 5, name: "a"}.append(nil), 4, 4},
		{alive2Req{high: 3, low: 4, name: "v3"}.append(nil), 3, 4},
		{alive("ok"), 2, 6}, {alive("\xed\xa0\x80"), 6, 6}, {alive("\xef\xbf\xbf"), 2, 6}, {alive("a@b"), 2, 6},
		{full.append(nil), 2, 6},
		{alive(strings.Repeat("x", 256)), 6, 6}, {alive2Req{high: 6, name: "x", extra: make([]byte, 1021)}.append(nil), 6, 6},
		{alive2Req{high: 6, name: "zero"}.append(nil), 2, 6}, {frame("x\x12\x67M\x00\x00\x06\x00\x05\x00\x01t\x00\x00zzz"),
			2, 6},
	} {
		var got [2][]byte
		for i, addr := range []string{epmd, ours} {
			c := dialRaw(t, addr)
			_, err := c.Write(req.bytes)
			require.NoError(t, err)
			got[i] = readN(t, c, req.size)
		}
		require.Equal(t, got[0][:req.answer], got[1][:req.answer], "request %q", req.bytes)
	}
}
