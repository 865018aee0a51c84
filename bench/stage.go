package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const cookie = "benchmark"

// names of the two nodes; the first one is the reference.
const beamNode, goNode = "beam@localhost", "gonode@localhost"

// stage is the set of processes of one run. All of them end with it.
type stage struct {
	ctx   context.Context
	dir   string
	env   []string
	procs []*exec.Cmd
}

// measure sets up EPMD, the reference and the Go node, and lets the client measure them.
func measure(ctx context.Context, o options) (figures []figure, err error) {
	dir, err := os.MkdirTemp("", "gonode-bench")
	if err != nil {
		return nil, err
	}
	s := &stage{ctx: ctx, dir: dir}
	defer func() { err = errors.Join(err, s.close()) }()
	if err := s.build(o.source); err != nil {
		return nil, err
	}
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	s.env = append(os.Environ(), "ERL_EPMD_PORT="+port, "HOME="+dir, "GOGC="+o.gogc, "GONODE_COOKIE="+cookie)
	if _, err := s.start("", "epmd", "-port", port); err != nil {
		return nil, err
	}
	if err := await(ctx, port); err != nil {
		return nil, err
	}
	beam, err := s.start("ready", "erl", "-noinput", "-sname", beamNode, "-setcookie", cookie, "-pa", dir, "-eval", "probe:start().")
	if err != nil {
		return nil, err
	}
	peer, err := s.start("ready", filepath.Join(dir, "peer"), "-sname", goNode, "-cpuprofile", o.profile)
	if err != nil {
		return nil, err
	}
	out, err := s.run("erl", "-noinput", "-sname", "load@localhost", "-setcookie", cookie, "-connect_all", "false", "-pa", dir,
		"-eval", "load:main().", "-extra", strconv.Itoa(o.rounds), strconv.Itoa(o.ms), o.only,
		fmt.Sprintf("%s:%d", beamNode, beam), fmt.Sprintf("%s:%d", goNode, peer))
	if err != nil {
		return nil, err
	}
	return parse(out)
}

// build compiles the Go node and the Erlang modules into the folder of the run.
func (s *stage) build(source string) error {
	if err := s.tool("go", "build", "-o", filepath.Join(s.dir, "peer"), "./"+filepath.Join(source, "peer")); err != nil {
		return err
	}
	return s.tool("erlc", "-o", s.dir, filepath.Join(source, "beam", "probe.erl"), filepath.Join(source, "beam", "load.erl"))
}

func (s *stage) tool(name string, args ...string) error {
	out, err := exec.CommandContext(s.ctx, name, args...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s: %w\n%s", name, err, out)
	}
	return nil
}

func (s *stage) command(name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(s.ctx, name, args...)
	cmd.Env, cmd.Stderr = s.env, os.Stderr
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 5 * time.Second
	return cmd
}

// start starts a program that runs until the end and, if ready is not empty, waits for it to print a line that begins so. It
// returns the process id.
func (s *stage) start(ready, name string, args ...string) (pid int, err error) {
	cmd := s.command(name, args...)
	out, err := cmd.StdoutPipe()
	if err != nil {
		return 0, err
	}
	if err := cmd.Start(); err != nil {
		return 0, err
	}
	s.procs = append(s.procs, cmd)
	lines := bufio.NewScanner(out)
	for ready != "" {
		if !lines.Scan() {
			return 0, fmt.Errorf("%s ended before it was ready", name)
		}
		if strings.HasPrefix(lines.Text(), ready) {
			break
		}
	}
	go func() { _, _ = io.Copy(io.Discard, out) }() // ends with the process
	return cmd.Process.Pid, nil
}

func (s *stage) run(name string, args ...string) ([]byte, error) {
	cmd := s.command(name, args...)
	var out bytes.Buffer
	cmd.Stdout = &out
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("%s: %w\n%s", name, err, out.Bytes())
	}
	return out.Bytes(), nil
}

func (s *stage) close() error {
	for i := len(s.procs) - 1; i >= 0; i-- {
		_ = s.procs[i].Process.Signal(syscall.SIGTERM)
		_ = s.procs[i].Wait() // a program that was told to end does not say 0
	}
	return os.RemoveAll(s.dir)
}

func freePort() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer func() { _ = l.Close() }()
	_, port, err := net.SplitHostPort(l.Addr().String())
	return port, err
}

// await waits until something listens on port.
func await(ctx context.Context, port string) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	for tick := time.Tick(20 * time.Millisecond); ; {
		conn, err := net.Dial("tcp", "127.0.0.1:"+port)
		if err == nil {
			return conn.Close()
		}
		select {
		case <-tick:
		case <-ctx.Done():
			return fmt.Errorf("epmd does not listen: %w", err)
		}
	}
}
