package main

import (
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

func TestANodeWhoseReaderDoesNotReadGoesOnAndEndsInOrder(t *testing.T) {
	alone(t)
	cmd, talk, w := runPiped(t, buildBinary(t), "-v")
	awaitUp(t, talk)
	room, err := unix.FcntlInt(talk.Fd(), unix.F_GETPIPE_SZ, 0)
	require.NoError(t, err)
	filled := make(chan struct{})
	go func() {
		defer close(filled)
		_, _ = w.Write(make([]byte, 2*room)) // writes until the pipe is closed
	}()
	require.Eventually(t, func() bool {
		waiting, err := unix.IoctlGetInt(int(talk.Fd()), unix.TIOCINQ)
		return err == nil && waiting == room
	}, patience, time.Millisecond)
	for range 5 {
		require.Equal(t, "pong", prints(t, "ping", "gonode"), "each is logged several times")
	}
	require.NoError(t, cmd.Process.Signal(syscall.SIGTERM))
	require.NoError(t, cmd.Wait(), "exit code 0")
	require.NoError(t, talk.Close())
	<-filled
}
