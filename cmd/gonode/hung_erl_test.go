//go:build unix

package main

import (
	"context"
	"os/exec"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/gonodetest/beam"
)

// startProgram starts the gonode program with run among Erlang nodes and waits until its node is up.
func startProgram(t *testing.T, p program, args ...string) (cmd *exec.Cmd, said *talk, ended <-chan struct{}) {
	t.Helper()
	said, done := newTalk(), make(chan struct{})
	cmd = exec.Command(p.bin, append([]string{"run"}, args...)...)
	cmd.Env, cmd.Stderr = append(cmd.Environ(), p.env...), said
	require.NoError(t, cmd.Start())
	go func() {
		defer close(done)
		_ = cmd.Wait()
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		<-done
	})
	said.await(t, "Stop with Ctrl-C", done)
	return cmd, said, done
}

func TestSIGTERMEndsANodeInOrderAlthoughABeamHangs(t *testing.T) {
	p, e := among(t), beam.StartErl(t)
	cmd, said, ended := startProgram(t, p, "--sname", "gonode@localhost")
	require.Equal(t, "pong", e.Call(t, "net_adm", "ping", "'gonode@localhost'"))
	e.Pause(t)
	ctx, cancel := context.WithTimeout(t.Context(), stopTime)
	defer cancel()
	require.NoError(t, cmd.Process.Signal(syscall.SIGTERM))
	select {
	case <-ended:
	case <-ctx.Done():
		require.Fail(t, "it waits for a node that hangs")
	}
	require.Zero(t, cmd.ProcessState.ExitCode(), said.String())
	e.Resume(t)
}

func TestANodeWarnsOfABeamWithAnotherCookie(t *testing.T) {
	p, e := among(t), beam.StartErl(t, beam.WithCookie("another"))
	_, said, ended := startProgram(t, p, "--sname", "gonode@localhost")
	require.Equal(t, "pang", e.Call(t, "net_adm", "ping", "'gonode@localhost'"))
	said.await(t, `level=WARN msg="refused a connection"`, ended)
}
