package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/dist"
	"github.com/gonode-otp/gonode/epmd"
	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
	"github.com/gonode-otp/gonode/node"
)

// timedOut is the error of a call to a server that did not answer in time.
var timedOut error = &genserv.CallFailure{To: etf.Tuple{etf.Atom("calc"), etf.Atom("a@vm")}, Err: genserv.ErrTimeout,
	Cause: context.DeadlineExceeded}

func callError(to, reason etf.Term) error {
	return &genserv.CallFailure{To: to, Err: genserv.ReasonError(reason)}
}

func TestEveryErrorHasItsExitCodeAndSaysWhatToChange(t *testing.T) {
	peer := etf.Atom("a@vm")
	to := etf.Tuple{etf.Atom("calc"), peer}
	lost := func(cause error) error {
		return &genserv.CallFailure{To: to, Err: genserv.ErrNoConnection, Cause: cause}
	}
	handshake := func(r dist.Reason, below error) error {
		return lost(&node.ConnectError{Node: peer, Stage: "handshake", Err: &dist.HandshakeError{
			Stage: dist.StageRecvChallengeAck, Reason: r, Peer: peer, Remote: true, Err: below, Detail: "a detail"}})
	}
	for _, c := range []struct {
		name string
		err  error
		code int
		text string
	}{
		{"nothing", nil, exitOK, ""},
		{"unknown", errors.New("disk full"), exitFailure, "disk full"},
		{"cookie file", &node.CookieError{File: "c", Reason: "cannot be read", Err: fs.ErrNotExist}, exitFailure,
			"cookie file c: cannot be read: file does not exist"},
		{"name taken", &epmd.NameTakenError{Name: "calc", Addr: "127.0.0.1:4369", Port: 4711}, exitFailure,
			`the name "calc" is taken at 127.0.0.1:4369 by a node that listens on port 4711; stop that node or use another name (--sname, --name)`},
		{"embedded beside an EPMD", fmt.Errorf("listen: %w", epmd.ErrInUse), exitFailure, "--epmd auto or external"},
		{"interrupted", lost(&node.ConnectError{Node: peer, Stage: "wait", Err: context.Canceled}), exitFailure,
			"interrupted"},
		{"encode", &etf.EncodeError{}, exitFailure, ""},

		{"usage", usagef("no %s", "way"), exitUsage, "no way"},
		{"name", &node.ConfigError{Field: "Name", Reason: "too odd"}, exitUsage, "node name (--sname, --name): too odd"},
		{"listen", &node.ConfigError{Field: "Listen", Reason: "is no address"}, exitUsage, "--listen: is no address"},
		{"ports", &node.ConfigError{Field: "PortMax", Reason: "2 is below PortMin 3"}, exitUsage, "--port-max: "},
		{"port", &node.ConfigError{Field: "PortMin", Reason: "x"}, exitUsage, "--port-min: x"},
		{"cookie", &node.ConfigError{Field: "Cookie", Reason: "x"}, exitUsage, "cookie: x"},
		{"other field", &node.ConfigError{Field: "TickTime", Reason: "x"}, exitUsage, "TickTime: x"},
		{"environment", &epmd.EnvError{Variable: "ERL_EPMD_PORT", Value: "x", Reason: "want a port"}, exitUsage,
			`ERL_EPMD_PORT="x": want a port`},

		{"no EPMD", lost(&node.ConnectError{Node: peer, Stage: "epmd",
			Err: &epmd.UnavailableError{Addr: "vm:4369", Err: errors.New("refused")}}),
			exitConnect, "cannot connect to a@vm: no EPMD answers at vm:4369: refused; start one there"},
		{"no EPMD to register with", &epmd.UnavailableError{Addr: "vm:4369", Err: errors.New("refused")}, exitConnect,
			"no EPMD answers at vm:4369"},
		{"no EPMD at that port", &epmd.ProtocolError{Message: "NAMES_RESP", Reason: "is cut off"}, exitConnect, "NAMES_RESP"},
		{"unknown to EPMD", &node.ConnectError{Node: peer, Stage: "epmd", Err: fmt.Errorf("%w: a", epmd.ErrNotFound)},
			exitConnect,
			"cannot connect to a@vm: the EPMD of vm knows no a; gonode names vm lists whom it knows"},
		{"port closed", lost(&node.ConnectError{Node: peer, Stage: "dial", Err: errors.New("connection refused")}),
			exitConnect,
			"cannot connect to a@vm: connection refused; EPMD says that it listens there"},
		{"lost", lost(nil), exitConnect, "the connection was lost before calc on a@vm answered"},

		{"cookie refused", handshake(dist.ReasonCookie, nil), exitHandshake,
			"; the cookie of this side is from GONODE_COOKIE"},
		{"not allowed", handshake(dist.ReasonNotAllowed, nil), exitHandshake, "not_allowed"},
		{"closed", handshake(dist.ReasonClosed, nil), exitHandshake, "the peer closed the connection"},
		{"name style", handshake(dist.ReasonNameStyle, nil), exitHandshake,
			"start both nodes with -sname, or both with -name"},

		{"no answer", timedOut, exitTimeout,
			"calc on a@vm did not answer within 5s; --timeout gives it longer"},
		{"an upgrade that goes on", &hintedError{timedOut, "it goes on"}, exitTimeout,
			"--timeout gives it longer; it goes on"},
		{"no connection in time", &node.ConnectError{Node: peer, Stage: "wait", Err: context.DeadlineExceeded}, exitTimeout,
			"cannot connect to a@vm: not within 5s"},
		{"handshake stalls", handshake(dist.ReasonTimeout, nil), exitTimeout, "did not confirm our proof in time"},
		{"EPMD is silent", &epmd.UnavailableError{Addr: "vm:4369", Err: context.DeadlineExceeded}, exitTimeout,
			"no firewall"},

		{"noproc", callError(to, etf.Atom("noproc")), exitRemote, "there is no process calc on a@vm"},
		{"Elixir module", callError(etf.Tuple{etf.Atom("My.Calc"), peer}, etf.Atom("noproc")), exitRemote,
			"there is no process 'My.Calc' on a@vm; an Elixir module is registered as Elixir.My.Calc"},
		{"exit", callError(to, etf.Tuple{etf.Atom("bad"), etf.Binary("x"), etf.Charlist("y")}), exitRemote,
			`calc on a@vm ended without an answer: {bad,<<"x">>,"y"}`},
		{"an exit that looks like a package", callError(to, etf.Charlist("a: node: b")), exitRemote, `"a: node: b"`},
		{"stopped", callError(to, genserv.Normal), exitRemote, "ended without an answer: normal"},
	} {
		t.Run(c.name, func(t *testing.T) {
			require.Equal(t, c.code, exitCode(c.err), "%v", c.err)
			if c.err == nil {
				return
			}
			o := &options{timeout: 5 * time.Second, cookieFrom: cookieVar}
			text := o.explain(c.err)
			require.Contains(t, text, c.text)
			require.NotContains(t, text, "Config.")
			require.Equal(t, text, o.explain(errors.Join(c.err)), "joined with nothing it is the same")
			require.Equal(t, c.code, exitCode(errors.Join(c.err, errors.New("the node did not stop"))))
		})
	}
}

func TestAHugeExitReasonIsCut(t *testing.T) {
	reason := make(etf.List, 100_000)
	for i := range reason {
		reason[i] = etf.Int(i)
	}
	text := (&options{}).explain(callError(etf.Atom("x"), reason))
	require.Less(t, len(text), maxReason+100)
	require.Contains(t, text, "[0,1,2,")
}
