//go:build unix

package beam

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os/exec"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/gonode-otp/gonode/gonodetest"
	"github.com/gonode-otp/gonode/gonodetest/internal/excerpt"
)

// EPMD is a running Erlang port mapper daemon that belongs to a test.
type EPMD struct {
	port int
	proc *process
}

// StartEPMD starts the epmd of the Erlang installation on a free port, on all interfaces, as erl would start it. The
// daemon ends with the test.
func StartEPMD(t testing.TB) *EPMD {
	t.Helper()
	program := needEPMD(t)
	var last error
	for range 5 {
		e, err := startEPMD(program, gonodetest.FreePort(t))
		if err == nil {
			t.Cleanup(e.proc.stop)
			return e
		}
		last = err // most likely another process got the port meanwhile
	}
	t.Fatalf("starting an epmd: %v", last)
	return nil
}

// private holds the EPMD of each running test that asked for one. A test may start its nodes from several goroutines.
var private struct {
	sync.Mutex
	of map[testing.TB]*EPMD
}

// PrivateEPMD returns the EPMD that the nodes of this test share. The first call starts it.
func PrivateEPMD(t testing.TB) *EPMD {
	t.Helper()
	private.Lock()
	defer private.Unlock()
	if e, ok := private.of[t]; ok {
		return e
	}
	e := StartEPMD(t)
	if private.of == nil {
		private.of = map[testing.TB]*EPMD{}
	}
	private.of[t] = e
	t.Cleanup(func() {
		private.Lock()
		defer private.Unlock()
		delete(private.of, t)
	})
	return e
}

// Port returns the TCP port it listens on: the value for ERL_EPMD_PORT.
func (e *EPMD) Port() int { return e.port }

// Kill ends the daemon at once, as a crash would, and returns when its port is closed. Calling it again does nothing.
func (e *EPMD) Kill(t testing.TB) {
	t.Helper()
	e.proc.kill()
	// The test waited for the shell; the daemon is a child of the shell and may take a moment longer.
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := poll(ctx, nil, func() bool { return !listening(ctx, e.port) }); err != nil {
		t.Fatalf("the epmd on port %d was killed and still answers: %v", e.port, err)
	}
}

// Restart starts a new daemon, which knows no nodes, on the same port. The old one must have been killed before.
func (e *EPMD) Restart(t testing.TB) {
	t.Helper()
	fresh, err := startEPMD(needEPMD(t), e.port)
	if err != nil {
		t.Fatalf("starting the epmd again: %v", err)
	}
	e.proc = fresh.proc
	t.Cleanup(fresh.proc.stop)
}

// guarded runs epmd such that it ends when its standard input does, which happens even if this process is killed.
const guarded = `exec 3<&0
"$0" -port "$1" & epmd=$!
(read _ <&3; kill $epmd) 2>/dev/null & guard=$!
wait $epmd
kill $guard 2>/dev/null
wait $guard`

func startEPMD(program string, port int) (*EPMD, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	// Without this check, an answer of another program would pass for that of the new daemon.
	if listening(ctx, port) {
		return nil, fmt.Errorf("somebody listens on port %d already", port)
	}
	cmd := exec.Command("/bin/sh", "-c", guarded, program, strconv.Itoa(port))
	cmd.Env = cleanEnv()
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	proc, err := startProcess(cmd, stdin)
	if err != nil {
		return nil, err
	}
	if err := poll(ctx, proc.done, func() bool { return listening(ctx, port) }); err != nil {
		proc.kill()
		return nil, fmt.Errorf("nothing answers on port %d: %w\n%s", port, err, excerpt.Tail(proc.out.String()))
	}
	return &EPMD{port: port, proc: proc}, nil
}

// listening reports whether a program accepts connections on the port.
func listening(ctx context.Context, port int) bool {
	var dialer net.Dialer
	c, err := dialer.DialContext(ctx, "tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if err != nil {
		return false
	}
	_ = c.Close()
	return true
}

// poll calls is until it returns true, until the program that it depends on has ended, or until ctx ends.
func poll(ctx context.Context, ended <-chan struct{}, is func() bool) error {
	ticker := time.NewTicker(5 * time.Millisecond)
	defer ticker.Stop()
	for !is() {
		select {
		case <-ticker.C:
		case <-ended:
			return errors.New("the program has ended")
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}
