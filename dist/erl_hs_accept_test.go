//go:build unix

package dist_test

import (
	"context"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/dist"
	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/gonodetest/beam"
)

// accepted is what one Accept returned.
type accepted struct {
	peer *dist.Peer
	conn net.Conn
	err  error
}

// acceptOne lets the node dial us in the background and answers. The result of connect_node is what the second returned
// function waits for.
func acceptOne(t *testing.T, erl *beam.Node, l dist.Local, ln net.Listener, a dist.Arbiter) (accepted, string) {
	t.Helper()
	result := make(chan string, 1)
	session := erl.NewSession()
	go func() {
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
		defer cancel()
		value, err := session.Try(ctx, fmt.Sprintf("net_kernel:connect_node(%v)", l.Node))
		if err != nil {
			value = err.Error()
		}
		result <- value
	}()
	c, err := ln.Accept()
	require.NoError(t, err)
	t.Cleanup(func() { _ = c.Close() })
	p, err := l.Accept(t.Context(), c, a)
	return accepted{p, c, err}, <-result
}

func TestErlConnectsToUs(t *testing.T) {
	erl := beam.StartErl(t)
	l := local(erl, "go")
	ln := listen(t, erl, "go")
	asked := etf.Atom("")
	got, answer := acceptOne(t, erl, l, ln, dist.ArbiterFunc(func(name etf.Atom) dist.Status {
		asked = name
		return dist.StatusOK
	}))
	require.NoError(t, got.err)
	require.Equal(t, "true", answer)
	require.Equal(t, etf.Atom(erl.Name()), asked)
	require.Equal(t, asked, got.peer.Name)
	require.True(t, got.peer.Incoming)
	require.False(t, got.peer.Replaces)
	require.True(t, got.peer.Hidden())
	require.Equal(t, erl.Eval(t, "erlang:system_info(creation)"), strconv.Itoa(int(got.peer.Creation)))
	require.Equal(t, fmt.Sprintf("[%v]", l.Node), erl.Eval(t, "nodes(hidden)"))
	// The node may send at once. A tick of ours shows that the connection has gone over to lengths of four bytes.
	_, err := got.conn.Write([]byte{0, 0, 0, 0})
	require.NoError(t, err)
	require.Equal(t, fmt.Sprintf("[%v]", l.Node), erl.Eval(t, "nodes(hidden)"))
}

func TestErlHasAnotherCookieThanWe(t *testing.T) {
	erl := beam.StartErl(t)
	l := local(erl, "go")
	l.Cookie = func(etf.Atom) string { return "another" }
	got, answer := acceptOne(t, erl, l, listen(t, erl, "go"), nil)
	require.ErrorIs(t, got.err, dist.ReasonCookie)
	require.False(t, refusal(t, got.err).Remote)
	require.Equal(t, "false", answer)
}

func TestErlIsNotAllowedByUs(t *testing.T) {
	erl := beam.StartErl(t)
	l := local(erl, "go")
	ln := listen(t, erl, "go")
	got, answer := acceptOne(t, erl, l, ln, dist.ArbiterFunc(func(etf.Atom) dist.Status { return dist.StatusNotAllowed }))
	require.ErrorIs(t, got.err, dist.ReasonNotAllowed)
	require.Equal(t, "false", answer)

	const future = dist.Flags(1 << 50) // of which no release knows anything
	l.Require = future
	got, answer = acceptOne(t, erl, l, ln, nil)
	require.ErrorIs(t, got.err, dist.ReasonFlags)
	require.Equal(t, future, refusal(t, got.err).Missing)
	require.Equal(t, "false", answer)
}

func TestErlInsistsOnANewConnection(t *testing.T) {
	erl := beam.StartErl(t)
	l := local(erl, "go")
	ln := listen(t, erl, "go")
	got, answer := acceptOne(t, erl, l, ln, dist.ArbiterFunc(func(etf.Atom) dist.Status { return dist.StatusAlive }))
	require.NoError(t, got.err)
	require.Equal(t, "true", answer)
	require.True(t, got.peer.Replaces)
	require.Equal(t, dist.StatusAlive, got.peer.Status)
}

// While its own attempt waits for our status, the node lets an attempt of ours through only if our name is the
// greater one; the other way round the connection it has dialled is the one that counts.
func TestErlYieldsOrGoesOnWhenBothDial(t *testing.T) {
	erl := beam.StartErl(t, beam.WithSname("mmm"))
	l := local(erl, "aaa")
	ln := listen(t, erl, "aaa")
	got, answer := acceptOne(t, erl, l, ln, dist.ArbiterFunc(func(name etf.Atom) dist.Status {
		_, _, err := connect(t, l, erl)
		require.ErrorIs(t, err, dist.ReasonNOK)
		return dist.Simultaneous(l.Node, name)
	}))
	require.NoError(t, got.err)
	require.Equal(t, dist.StatusOKSimultaneous, got.peer.Status)
	require.Equal(t, "true", answer)
}

func TestErlWithoutANameGetsOneFromUs(t *testing.T) {
	host := beam.StartErl(t)
	erl := beam.StartErl(t, beam.WithSname("undefined"))
	l := local(host, "go")
	got, answer := acceptOne(t, erl, l, listen(t, host, "go"), nil)
	require.NoError(t, got.err)
	require.Equal(t, "true", answer)
	require.Equal(t, dist.StatusNamed, got.peer.Status)
	require.True(t, got.peer.Hidden())
	require.Equal(t, string(got.peer.Name), strings.Trim(erl.Eval(t, "node()"), "'"))
	require.Equal(t, erl.Eval(t, "erlang:system_info(creation)"), strconv.Itoa(int(got.peer.Creation)))
}

// OTP accepts the name, and only then finds that it cannot have such a node among its peers: nok does not always mean
// that an own attempt is under way.
func TestErlSaysNOKToANodeWithItsOwnName(t *testing.T) {
	erl := beam.StartErl(t)
	l := local(erl, "go")
	l.Node = etf.Atom(erl.Name())
	_, host, _ := dist.SplitNode(l.Node)
	// We would notice ourselves, if we were not led astray: the name we dial is another one.
	_, err := l.Connect(t.Context(), dial(t, erl), etf.Atom("other@"+host), nil)
	require.ErrorIs(t, err, dist.ReasonNOK)
	require.Contains(t, err.Error(), "a node with its own name")
	erl.AwaitLog(t, "Cannot get connection id for node")
}

func TestErlDoesNotAllowANodeThatIsNotOnItsList(t *testing.T) {
	erl := beam.StartErl(t)
	erl.Eval(t, "net_kernel:allow(['somebody@else'])")
	_, _, err := connect(t, local(erl, "go"), erl)
	require.ErrorIs(t, err, dist.ReasonNotAllowed)
	require.Zero(t, refusal(t, err).Missing)
	require.Contains(t, err.Error(), "net_kernel:allow/1")
}

func TestErlLeavesOnSeeingAnotherNameThanItDialled(t *testing.T) {
	erl := beam.StartErl(t)
	l := local(erl, "other")
	dialled := local(erl, "go")
	ln := listen(t, erl, "go")
	result := make(chan string, 1)
	go func() {
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
		defer cancel()
		value, _ := erl.NewSession().Try(ctx, fmt.Sprintf("net_kernel:connect_node(%v)", dialled.Node))
		result <- value
	}()
	c, err := ln.Accept()
	require.NoError(t, err)
	_, err = l.Accept(t.Context(), c, nil)
	require.Equal(t, "false", <-result)
	require.ErrorIs(t, err, dist.ReasonClosed)
	require.Equal(t, dist.StageRecvChallengeReply, refusal(t, err).Stage)
	require.Contains(t, err.Error(), "dialled another name than "+string(l.Node))
}

// The header file of the release that runs knows a flag of each number by the same name as we.
func TestErlCallsTheFlagsAsWeDo(t *testing.T) {
	erl := beam.StartErl(t, beam.WithoutDist())
	header := erl.Eval(t, `begin {ok, Text} = file:read_file(filename:join(code:lib_dir(kernel), "include/dist.hrl")),
		{match, All} = re:run(Text, "define\\(DFLAG_([A-Z0-9_]+), *(?:16#([0-9a-f]+)|\\(16#([0-9a-f]+) bsl 32\\))\\)",
			[global, {capture, all_but_first, list}]),
		[case F of [N, V] -> {N, list_to_integer(V, 16)}; [N, "", V] -> {N, list_to_integer(V, 16) bsl 32} end || F <- All] end`)
	found, err := etf.Parse(header)
	require.NoError(t, err)
	rows := found.(etf.List)
	require.Greater(t, len(rows), 20)
	for _, row := range rows {
		name := text(row.(etf.Tuple)[0])
		if slices.Contains([]string{"RESERVED", "NO_MAGIC", "LOCAL_EXT"}, name) { // not flags of the wire
			continue
		}
		flag := dist.Flags(row.(etf.Tuple)[1].(etf.Int))
		require.Equal(t, name, flag.String())
	}
}

// text is a list of characters as a string.
func text(t etf.Term) string {
	var s strings.Builder
	for _, c := range t.(etf.List) {
		s.WriteRune(rune(c.(etf.Int)))
	}
	return s.String()
}
