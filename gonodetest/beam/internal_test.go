//go:build unix

package beam

import (
	"context"
	"encoding/binary"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestAFrameThatIsCutOffIsAnError(t *testing.T) {
	for _, frame := range []string{"", "\x00", "\x00\x00\x00\x09abc", "\x00\x00\x00\x04\x00\x00\x00\x01"} {
		_, _, err := readFrame(strings.NewReader(frame))
		require.Error(t, err, "%q", frame)
	}
	id, a, err := readFrame(strings.NewReader("\x00\x00\x00\x06\x00\x00\x00\x07vx"))
	require.NoError(t, err)
	require.Equal(t, uint32(7), id)
	require.Equal(t, answer{op: opValue, body: []byte("x")}, a)
}

func TestAnAnswerThatCannotBeReadIsAnError(t *testing.T) {
	for _, body := range []string{"", "\x00\x00\x00\x05ab", "\xff\xff\xff\xffab", "\x00\x00\x00\x01a\x00\x00\x00\x01b"} {
		_, err := answer{op: opRaised, body: []byte(body)}.result("1.")
		require.ErrorContains(t, err, "cannot be read", "%q", body)
	}
}

func TestALongSourceIsShortInAMessage(t *testing.T) {
	err := (&EvalError{Class: "error", Reason: "badarg", Source: strings.Repeat("ü", 1000)}).Error()
	require.Equal(t, strings.Repeat("ü", 200)+"... raised error: badarg", err)
}

// pipes returns a channel and the far ends of its two pipes.
func pipes(t *testing.T) (c *channel, in, out *os.File) {
	t.Helper()
	in, w, err := os.Pipe()
	require.NoError(t, err)
	r, out, err := os.Pipe()
	require.NoError(t, err)
	c, _ = newChannel(w, r)
	t.Cleanup(func() { c.Close(); in.Close(); out.Close() })
	return c, in, out
}

func TestALateAnswerIsDropped(t *testing.T) {
	c, in, out := pipes(t)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() {
		_, err := c.evaluate(ctx, opErlang, 1, "slow")
		done <- err
	}()
	id, _, err := readFrame(in)
	require.NoError(t, err)
	cancel()
	require.ErrorIs(t, <-done, context.Canceled)

	frame := make([]byte, 9)
	_, err = io.ReadFull(in, frame)
	require.NoError(t, err)
	require.Equal(t, append(binary.BigEndian.AppendUint32([]byte{0, 0, 0, 5}, id), opCancel), frame,
		"and the node is told")

	_, err = out.Write(append(binary.BigEndian.AppendUint32([]byte{0, 0, 0, 6}, id), opValue, 'x'))
	require.NoError(t, err)
	go func() {
		_, err := c.evaluate(context.Background(), opErlang, 1, "next")
		done <- err
	}()
	_, _, err = readFrame(in)
	require.NoError(t, err)
	require.NoError(t, out.Close())
	require.ErrorIs(t, <-done, ErrEnded)
	_, err = c.evaluate(context.Background(), opErlang, 1, "after")
	require.ErrorIs(t, err, ErrEnded)
}

func TestANodeThatDoesNotReadIsNotWaitedForForEver(t *testing.T) {
	c, _, _ := pipes(t)
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	_, err := c.evaluate(ctx, opErlang, 1, strings.Repeat("x", 1<<20))
	require.ErrorIs(t, err, os.ErrDeadlineExceeded)
}

func TestFlagsAreQuotedForErlexec(t *testing.T) {
	require.Equal(t, ``, quoteFlags(nil))
	require.Equal(t, `-a b\ c d\"e\\f "" ü`, quoteFlags([]string{"-a", "b c", `d"e\f`, "", "ü"}))
}
