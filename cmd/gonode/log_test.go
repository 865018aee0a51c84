//go:build unix

package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// tap is a writer that takes nothing until it is opened.
type tap struct {
	open chan struct{}
	mu   sync.Mutex
	text strings.Builder
	err  error
}

func (t *tap) Write(p []byte) (int, error) {
	<-t.open
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.err != nil {
		return 0, t.err
	}
	return t.text.Write(p)
}

func TestTheLogDropsAndCountsWhatNobodyTakes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		to := &tap{open: make(chan struct{})}
		l := newBoundedLog(to)
		line := strings.Repeat("x", 99) + "\n"
		first := "first\n"
		fmt.Fprint(l, first)
		synctest.Wait() // it is being written
		const kept, more = maxPending / 100, 5
		for range kept + more {
			fmt.Fprint(l, line)
		}
		began := time.Now()
		l.Close()
		require.Equal(t, closeTimeout, time.Since(began), "the end does not wait for ever")
		close(to.open)
		<-l.done
		want := first + strings.Repeat(line, kept) + fmt.Sprintf(droppedText, more)
		require.Equal(t, want, to.text.String())
	})
}

func TestAReaderThatIsGoneIsWrittenToOnce(t *testing.T) {
	to := &tap{open: make(chan struct{}), err: errors.New("broken pipe")}
	close(to.open)
	l := newBoundedLog(to)
	for range 10 {
		n, err := l.Write([]byte("x\n"))
		require.NoError(t, err)
		require.Equal(t, 2, n)
	}
	l.Close()
	<-l.done
	require.Empty(t, l.waiting)
}

// runPiped starts the program as a node whose standard error is the end w of a pipe.
func runPiped(t *testing.T, bin string, args ...string) (cmd *exec.Cmd, talk, w *os.File) {
	t.Helper()
	talk, w, err := os.Pipe()
	require.NoError(t, err)
	cmd = exec.Command(bin, append([]string{"run"}, args...)...)
	cmd.Stderr = w
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = talk.Close()
		_ = w.Close()
	})
	return cmd, talk, w
}

// awaitUp reads what a node says until it is up.
func awaitUp(t *testing.T, talk io.Reader) {
	t.Helper()
	var said bytes.Buffer
	for b := make([]byte, 1); !strings.HasSuffix(said.String(), "Stop with Ctrl-C.\n"); {
		_, err := talk.Read(b)
		require.NoError(t, err, said.String())
		said.Write(b)
	}
}

func TestANodeWhoseReaderIsGoneGoesOnAndEndsInOrder(t *testing.T) {
	alone(t)
	bin := buildBinary(t)
	for _, args := range [][]string{nil, {"-v"}} {
		cmd, talk, w := runPiped(t, bin, args...)
		require.NoError(t, w.Close())
		awaitUp(t, talk)
		require.NoError(t, talk.Close())
		require.Equal(t, "pong", prints(t, "ping", "gonode"))
		require.Equal(t, "pong", prints(t, "ping", "gonode"), "what that has logged has not ended the node")
		require.NoError(t, cmd.Process.Signal(syscall.SIGTERM))
		require.NoError(t, cmd.Wait(), "exit code 0")
	}
}

func TestAClientMakesNoCookie(t *testing.T) {
	home := alone(t)
	t.Setenv(cookieVar, "")
	for _, line := range []string{"ping a", "call a b c", "cast a b c", "doctor a", "upgrade a"} {
		args := strings.Fields(line)
		fails(t, exitFailure, args, "there is no cookie", home+"/.erlang.cookie", "--cookie-file", cookieVar)
	}
	require.NoFileExists(t, filepath.Join(home, ".erlang.cookie"))
}

func TestAFileWithoutAnEndIsRefused(t *testing.T) {
	alone(t)
	for _, line := range []string{"appup check /dev/zero", "appup plan /dev/zero", "relup make /dev/zero",
		"ping a --cookie-file /dev/zero", "ping a --ssl-dist-optfile /dev/zero"} {
		require.NotZero(t, ends(t, strings.Fields(line)...).code, line)
	}
	_, err := disk{}.ReadFile("/dev/zero")
	require.ErrorIs(t, err, errTooLarge)
}
