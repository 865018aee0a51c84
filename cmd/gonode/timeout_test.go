//go:build unix

package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/epmd"
	"github.com/gonode-otp/gonode/gonodetest/beam"
	"github.com/gonode-otp/gonode/gonodetest/peer"
)

// clientVerbs are the verbs that ask a node, with arguments that ask the node called mute.
var clientVerbs = [][]string{
	{"ping", "mute@localhost"}, {"doctor", "mute@localhost"}, {"call", "mute@localhost", "counter", "get"},
	{"upgrade", "mute@localhost"}, {"upgrade", "mute@localhost", "--report"},
}

// soon shortens the time that verbs wait without --timeout.
func soon(t *testing.T, d time.Duration) {
	before := usualTimeout
	usualTimeout = d
	t.Cleanup(func() { usualTimeout = before })
}

// ends runs a command line that must not wait for ever.
func ends(t *testing.T, args ...string) result {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	var out, talk bytes.Buffer
	code := execute(ctx, args, strings.NewReader(""), &out, &talk)
	require.NoError(t, ctx.Err(), "%q waited for ever", args)
	return result{code, out.String(), talk.String()}
}

func TestNoClientVerbWaitsForEverForAMuteNode(t *testing.T) {
	alone(t)
	soon(t, 300*time.Millisecond)
	mapper := beam.PrivateEPMD(t)
	t.Setenv("ERL_EPMD_PORT", fmt.Sprint(mapper.Port()))
	other := peer.New(t, "mute@localhost")
	other.Cookie = secret
	other.Register(t, mapper.Port())
	for _, args := range clientVerbs {
		script := other.Accept(peer.Handshake(""), peer.Hold())
		r := ends(t, args...)
		require.Equal(t, exitTimeout, r.code, "%q said: %s", args, r.err)
		require.NotContains(t, r.out+r.err, "deadline", "%q", args)
		script.Wait(t)
	}
	// A cast has no answer. The command waits until the node has received it, and a time-out there is not a failure.
	script := other.Accept(peer.Handshake(""), peer.Hold())
	require.Zero(t, ends(t, "cast", "mute@localhost", "counter", "reset").code)
	script.Wait(t)
}

func TestNoClientVerbWaitsForEverForAMuteEPMD(t *testing.T) {
	alone(t)
	soon(t, 100*time.Millisecond)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				_, _ = io.Copy(io.Discard, c)
				_ = c.Close()
			}()
		}
	}()
	defer func() { _ = l.Close(); <-done }()
	_, port, err := net.SplitHostPort(l.Addr().String())
	require.NoError(t, err)
	t.Setenv("ERL_EPMD_PORT", port)
	verbs := append(clientVerbs, []string{"names"}, []string{"cast", "mute@localhost", "counter", "reset"})
	for _, args := range verbs {
		r := ends(t, args...)
		require.Equal(t, exitTimeout, r.code, "%q said: %s", args, r.err)
		require.NotContains(t, r.out+r.err, "deadline", "%q", args)
	}
}

func TestTheTimeWithoutTheFlagIsTheOneInTheHelp(t *testing.T) {
	for _, verb := range []string{"ping", "doctor", "names", "call", "cast"} {
		require.Contains(t, prints(t, verb, "--help"), "0 is for ever (default 5s)", verb)
	}
	require.Contains(t, prints(t, "upgrade", "--help"), "default as long as an upgrade takes, else 5s")
}

func TestEveryErrorOfTimeIsASentence(t *testing.T) {
	for _, err := range []error{context.DeadlineExceeded, fmt.Errorf("upgrade: %w", context.DeadlineExceeded),
		&epmd.UnavailableError{Addr: "vm:4369", Err: context.DeadlineExceeded}} {
		require.NotContains(t, (&options{timeout: time.Second}).explain(err), "deadline")
	}
}
