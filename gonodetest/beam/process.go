//go:build unix

package beam

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"
)

// grace is how long a process may take to end after its input was closed.
const grace = 3 * time.Second

// process is a program in a process group of its own, so that the processes it starts can be ended with it.
type process struct {
	cmd   *exec.Cmd
	input io.Closer // closing it makes the program end by itself
	out   *output
	done  chan struct{} // closed when the program has ended
	err   error         // valid after done
}

// startProcess starts cmd with standard output and standard error going to one buffer.
func startProcess(cmd *exec.Cmd, input io.Closer) (*process, error) {
	p := &process{cmd: cmd, input: input, out: newOutput(), done: make(chan struct{})}
	cmd.Stdout, cmd.Stderr = p.out, p.out
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	// A child process that the program left behind may hold its output open. It must not delay the test.
	cmd.WaitDelay = time.Second
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		err := cmd.Wait()
		if errors.Is(err, exec.ErrWaitDelay) {
			err = nil
		}
		p.err = err
		p.out.close()
		close(p.done)
	}()
	return p, nil
}

// signal sends a signal to the whole group. It is not an error if the group has ended already.
func (p *process) signal(s syscall.Signal) error {
	err := syscall.Kill(-p.cmd.Process.Pid, s)
	if errors.Is(err, syscall.ESRCH) {
		return nil
	}
	return err
}

// stopped reports whether every thread of the program is stopped, as far as /proc shows.
func (p *process) stopped() bool {
	threads, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/stat", p.cmd.Process.Pid))
	for _, name := range threads {
		stat, err := os.ReadFile(name)
		if err != nil {
			continue // a thread that has ended
		}
		// The line is "1 (name) T ...", and the name may contain any character.
		if i := bytes.LastIndexByte(stat, ')'); i >= 0 && !bytes.HasPrefix(stat[i:], []byte(") T")) {
			return false
		}
	}
	return true
}

// kill ends the group at once and waits for it.
func (p *process) kill() {
	_ = p.signal(syscall.SIGKILL)
	<-p.done
	_ = p.input.Close()
}

// stop lets the program end by itself, then kills what is left of its group.
func (p *process) stop() {
	_ = p.signal(syscall.SIGCONT)
	_ = p.input.Close()
	timer := time.NewTimer(grace)
	defer timer.Stop()
	select {
	case <-p.done:
	case <-timer.C:
	}
	_ = p.signal(syscall.SIGKILL)
	<-p.done
}

// output keeps what a program printed and wakes the goroutines that wait for more of it.
type output struct {
	mu     sync.Mutex
	buf    bytes.Buffer
	closed bool
	more   chan struct{} // closed and replaced at every change
}

func newOutput() *output { return &output{more: make(chan struct{})} }

// Write implements io.Writer for the command.
func (o *output) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.wake()
	return o.buf.Write(b)
}

func (o *output) close() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.closed = true
	o.wake()
}

func (o *output) wake() {
	close(o.more)
	o.more = make(chan struct{})
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.String()
}

// await returns when found returns true for the text from offset on. At the end of the output it returns io.EOF.
func (o *output) await(ctx context.Context, offset int, found func(text string) bool) error {
	for {
		o.mu.Lock()
		text, closed, more := string(o.buf.Bytes()[offset:]), o.closed, o.more
		o.mu.Unlock()
		switch {
		case found(text):
			return nil
		case closed:
			return io.EOF
		}
		select {
		case <-more:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// cleanEnv is the environment of the test without the variables that change how an Erlang or Elixir program starts.
func cleanEnv() []string {
	var env []string
	for _, kv := range os.Environ() {
		name, _, _ := strings.Cut(kv, "=")
		switch {
		case strings.HasPrefix(name, "ERL_"), strings.HasPrefix(name, "ELIXIR_"), strings.HasPrefix(name, "IEX_"),
			strings.HasPrefix(name, "RELEASE_"), name == "HOME", name == "XDG_CONFIG_HOME", name == "LC_ALL":
		default:
			env = append(env, kv)
		}
	}
	return env
}
