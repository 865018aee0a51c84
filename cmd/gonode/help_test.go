package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/gonode-otp/gonode/gonodetest"
	"github.com/gonode-otp/gonode/node"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.Cleanup(func(code int) {
		removeBinary()
		os.Exit(code)
	}))
}

// secret is the cookie of the tests. No output may contain it.
const secret = "TOPSECRETCOOKIE"

// patience is how long a test waits for an event that must come.
const patience = 20 * time.Second

// result is the outcome of a command line.
type result struct {
	code     int
	out, err string
}

// gonode runs one command line in this process.
func gonode(t *testing.T, args ...string) result {
	t.Helper()
	return gonodeWith(t, "", args...)
}

func gonodeWith(t *testing.T, stdin string, args ...string) result {
	t.Helper()
	var out, talk bytes.Buffer
	code := execute(t.Context(), args, strings.NewReader(stdin), &out, &talk)
	r := result{code, out.String(), talk.String()}
	require.NotContains(t, r.out+r.err, secret, "the cookie was printed by %q", args)
	return r
}

// fails runs a command line that must end with the given code, print no data, and print each of texts as a message.
func fails(t *testing.T, code int, args []string, texts ...string) result {
	t.Helper()
	r := gonode(t, args...)
	require.Equal(t, code, r.code, "%q said: %s", args, r.err)
	require.Empty(t, r.out, "%q", args)
	require.True(t, strings.HasPrefix(r.err, "gonode: "), r.err)
	for _, text := range texts {
		require.Contains(t, r.err, text, "%q", args)
	}
	return r
}

// prints runs a command line that must succeed and returns its data without the last line end.
func prints(t *testing.T, args ...string) string {
	t.Helper()
	r := gonode(t, args...)
	require.Zero(t, r.code, "%q said: %s", args, r.err)
	require.Empty(t, r.err, "%q", args)
	return strings.TrimSuffix(r.out, "\n")
}

// alone gives the test its own home directory, EPMD port and cookie, and no other settings.
func alone(t *testing.T) (home string) {
	t.Helper()
	home = t.TempDir()
	t.Setenv("HOME", home)
	t.Setenv("XDG_CONFIG_HOME", "")
	t.Setenv("ERL_EPMD_ADDRESS", "")
	t.Setenv("ERL_EPMD_PORT", fmt.Sprint(gonodetest.FreePort(t)))
	t.Setenv(cookieVar, secret)
	return home
}

// shortHost is the host part of the short names of this machine.
func shortHost(t *testing.T) string {
	t.Helper()
	full, err := node.FullName("x", false)
	require.NoError(t, err)
	return hostOf(full)
}

// talk is a buffer that a test can wait on.
type talk struct {
	mu   sync.Mutex
	text strings.Builder
	more chan struct{}
}

func newTalk() *talk { return &talk{more: make(chan struct{})} }

func (b *talk) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	close(b.more)
	b.more = make(chan struct{})
	return b.text.Write(p)
}

func (b *talk) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

// await waits until text was written, or until ended is closed.
func (b *talk) await(t *testing.T, text string, ended <-chan struct{}) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for {
		b.mu.Lock()
		now, more := b.text.String(), b.more
		b.mu.Unlock()
		if strings.Contains(now, text) {
			return
		}
		select {
		case <-more:
		case <-ended:
			require.Contains(t, b.String(), text, "it ended before it said so")
			return
		case <-ctx.Done():
			require.Fail(t, "it did not say: "+text, now)
		}
	}
}

// running is a gonode run command in this process.
type running struct {
	t        *testing.T
	out, err *talk
	stop     context.CancelFunc
	done     chan struct{}
	code     int // valid after done
}

// startRun starts gonode run and waits until the node is up.
func startRun(t *testing.T, args ...string) *running {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	r := &running{t: t, out: newTalk(), err: newTalk(), stop: cancel, done: make(chan struct{})}
	go func() {
		defer close(r.done)
		r.code = execute(ctx, append([]string{"run"}, args...), strings.NewReader(""), r.out, r.err)
	}()
	t.Cleanup(func() {
		cancel()
		<-r.done
		require.NotContains(t, r.out.String()+r.err.String(), secret, "run printed the cookie")
	})
	r.err.await(t, "Stop with Ctrl-C", r.done)
	return r
}

// end stops the node as a signal does and returns the exit code.
func (r *running) end() int {
	r.stop()
	<-r.done
	return r.code
}
