package epmd

import (
	"bytes"
	"context"
	"math/rand/v2"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// program finds a program of Erlang/OTP. Without one the test is skipped on a laptop and fails in CI.
func program(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err == nil {
		return path
	}
	if erl, err := exec.LookPath("erl"); err == nil { // epmd stands beside the emulator, not always in the PATH
		root, err := exec.Command(erl, "-noshell", "-eval", "io:put_chars(code:root_dir()), halt().").Output()
		require.NoError(t, err)
		if found, _ := filepath.Glob(filepath.Join(string(root), "erts-*", "bin", name)); len(found) > 0 {
			return found[0]
		}
	}
	if os.Getenv("CI") == "true" {
		t.Fatalf("%s of Erlang/OTP is not installed", name)
	}
	t.Skipf("%s of Erlang/OTP is not installed: the test against the real one is left out", name)
	return ""
}

// everywhere is all addresses of the host, as the host name may stand for any of them.
var everywhere = []netip.Addr{netip.IPv4Unspecified(), netip.IPv6Unspecified()}

// freePort returns a port that is free on all addresses, and none of those that the system hands out by itself, which
// somebody else would be given before the test takes it.
func freePort(t *testing.T) uint16 {
	t.Helper()
	var last error
	for range 100 {
		ls, err := Listen(t.Context(), uint16(12000+rand.IntN(20000)), everywhere...)
		if err == nil {
			defer closeAll(ls)
			return uint16(ls[0].Addr().(*net.TCPAddr).Port)
		}
		last = err
	}
	require.NoError(t, last)
	return 0
}

func loopback(port uint16) string { return Env{Port: port}.Addr("127.0.0.1") }

// child is a program that runs beside the test and ends with it.
type child struct {
	cmd  *exec.Cmd
	out  *output
	once sync.Once
}

// output collects what a program writes.
type output struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.String()
}

// command makes a command that knows the EPMD at port and no other, and no cookie of the user.
func command(t *testing.T, port uint16, name string, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), program(t, name), args...)
	cmd.Env = append(os.Environ(), "ERL_EPMD_PORT="+strconv.Itoa(int(port)), "HOME="+t.TempDir(), "ERL_EPMD_ADDRESS=",
		"ERL_FLAGS=")
	cmd.WaitDelay = 5 * time.Second
	return cmd
}

func start(t *testing.T, port uint16, name string, args ...string) *child {
	t.Helper()
	c := &child{cmd: command(t, port, name, args...), out: new(output)}
	c.cmd.Stdout, c.cmd.Stderr = c.out, c.out
	require.NoError(t, c.cmd.Start())
	t.Cleanup(c.kill)
	return c
}

// kill ends the program as SIGKILL does, and waits for its end.
func (c *child) kill() {
	c.once.Do(func() {
		_ = c.cmd.Process.Kill()
		_ = c.cmd.Wait()
	})
}

// run runs a program to its end and returns what it printed.
func run(t *testing.T, port uint16, name string, args ...string) string {
	t.Helper()
	out, _ := command(t, port, name, args...).CombinedOutput()
	return string(out)
}

// startEPMD starts the real epmd in the foreground and waits until it answers.
func startEPMD(t *testing.T, port uint16) *child {
	t.Helper()
	c := start(t, port, "epmd", "-port", strconv.Itoa(int(port)))
	eventually(t, 30*time.Second, func() bool {
		_, err := Names(context.Background(), loopback(port))
		return err == nil
	}, "epmd answers")
	return c
}

// startErl starts a node that stays, and waits until its name is registered. Unless more says so, it starts no epmd of
// its own, which could outlive the test.
func startErl(t *testing.T, port uint16, name string, more ...string) *child {
	t.Helper()
	c := start(t, port, "erl", append([]string{"-noinput", "-start_epmd", "false", "-sname", name, "-setcookie",
		"epmdtest"}, more...)...)
	waitForName(t, port, name)
	return c
}

func waitForName(t *testing.T, port uint16, name string) {
	t.Helper()
	eventually(t, 30*time.Second, func() bool {
		_, err := Lookup(context.Background(), loopback(port), name)
		return err == nil
	}, name+" is registered")
}

// ask evaluates an expression in a node of its own and returns what it prints.
func ask(t *testing.T, port uint16, name, expression string) string {
	t.Helper()
	return strings.TrimSpace(run(t, port, "erl", "-noshell", "-start_epmd", "false", "-sname", name, "-setcookie",
		"epmdtest",
		"-eval", `io:format("~0tp~n", [`+expression+`]), halt().`))
}

// serveEverywhere starts our own server on a private port of all addresses.
func serveEverywhere(t *testing.T) (*Server, uint16) {
	t.Helper()
	ls, err := Listen(t.Context(), 0, everywhere...)
	require.NoError(t, err)
	return serve(t, ServerOptions{}, ls...), uint16(ls[0].Addr().(*net.TCPAddr).Port)
}
