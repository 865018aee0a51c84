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
	"strings"
	"syscall"
	"time"
)

const cookie = "benchmark"

// testbed is the set of processes of one run. All of them end with it.
type testbed struct {
	ctx   context.Context
	dir   string
	env   []string
	procs []*exec.Cmd
}

// results are the targets of one run and what was measured.
type results struct {
	targets []target
	skipped []string // why other targets were skipped
	figures []figure
	runs    [][]figure // the figures of each run
	codec   []figure   // figures of the codec alone
}

// measure starts EPMD and the targets, and has the client measure them. args are the arguments of load:main/0 in front
// of the nodes.
func measure(ctx context.Context, o options, targets []target, args ...string) (r results, err error) {
	s, err := newTestbed(ctx, o)
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	if r.targets, r.skipped = s.available(targets); len(r.targets) == 0 || r.targets[0].node != targets[0].node {
		return r, errors.New(strings.Join(r.skipped, "\n"))
	}
	client := append([]string{"-noinput", "-sname", "load@localhost", "-setcookie", cookie, "-connect_all", "false",
		"-pa", s.dir,
		"-eval", "load:main().", "-extra"}, args...)
	for _, t := range r.targets {
		command := t.command(s)
		pid, err := s.start("ready", t.env, command[0], command[1:]...)
		if err != nil {
			return r, err
		}
		client = append(client, fmt.Sprintf("%s:%d", t.node, pid))
	}
	out, err := s.run("erl", client...)
	if err != nil {
		return r, err
	}
	r.figures, err = parse(out)
	return r, err
}

// newTestbed makes the folder of a run, compiles the client into it, and starts EPMD.
func newTestbed(ctx context.Context, o options) (*testbed, error) {
	dir, err := os.MkdirTemp("", "gonode-bench")
	if err != nil {
		return nil, err
	}
	s := &testbed{ctx: ctx, dir: dir}
	port, err := freePort()
	if err == nil {
		s.env = append(os.Environ(), "ERL_EPMD_PORT="+port, "HOME="+dir, "GONODE_COOKIE="+cookie)
		err = s.tool(".", "erlc", "-o", dir, filepath.Join(o.source, "beam", "probe.erl"),
			filepath.Join(o.source, "beam", "load.erl"),
			filepath.Join(o.source, "beam", "growth.erl"), filepath.Join(o.source, "beam", "codec.erl"))
	}
	if err == nil {
		_, err = s.start("", nil, "epmd", "-port", port)
	}
	if err == nil {
		err = awaitPort(ctx, port)
	}
	if err != nil {
		return nil, errors.Join(err, s.close())
	}
	return s, nil
}

// tool runs a program that prepares something in the folder at.
func (s *testbed) tool(at, name string, args ...string) error {
	cmd := exec.CommandContext(s.ctx, name, args...)
	cmd.Dir = at
	out, err := cmd.CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s: %w\n%s", name, err, out)
	}
	return nil
}

func (s *testbed) command(name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(s.ctx, name, args...)
	cmd.Env, cmd.Stderr = s.env, os.Stderr
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 5 * time.Second
	return cmd
}

// start starts a program that runs until the end of the testbed. If ready is not empty, it waits until the program
// prints a line that begins with ready. It returns the process id.
func (s *testbed) start(ready string, env []string, name string, args ...string) (pid int, err error) {
	cmd := s.command(name, args...)
	cmd.Env = append(cmd.Env[:len(cmd.Env):len(cmd.Env)], env...)
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

func (s *testbed) run(name string, args ...string) ([]byte, error) {
	cmd := s.command(name, args...)
	var out bytes.Buffer
	cmd.Stdout = &out
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("%s: %w\n%s", name, err, out.Bytes()[max(0, out.Len()-2000):])
	}
	return out.Bytes(), nil
}

func (s *testbed) close() error {
	for i := len(s.procs) - 1; i >= 0; i-- {
		p := s.procs[i].Process
		_ = p.Signal(syscall.SIGTERM)
		late := time.AfterFunc(5*time.Second, func() { _ = p.Kill() })
		_ = s.procs[i].Wait() // a program that was told to end does not exit with 0
		late.Stop()
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

// awaitPort waits until a program listens on port.
func awaitPort(ctx context.Context, port string) error {
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
