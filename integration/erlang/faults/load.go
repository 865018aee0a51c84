package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"sync"
	"time"

	"github.com/gonode-otp/gonode/integration/erlang/docker"
)

// load is a node that runs load.erl.
type load struct {
	service string
	cmd     *exec.Cmd
	in      io.WriteCloser
	begun   chan struct{}
	ended   chan struct{}

	mu      sync.Mutex
	events  []event
	account account
	other   []string // unexpected lines, such as crash reports
}

// event is a line of a load with its time.
type event struct {
	at   time.Time
	what string
}

// account is the final report of load.erl.
type account struct {
	numbers map[string]int
	reasons map[string]map[string]int // by kind
}

// startLoad starts a load in a container and returns when it has begun.
func startLoad(ctx context.Context, lab *docker.Lab, service, before string) (*load, error) {
	cmd, err := lab.Command(ctx, service,
		fmt.Sprintf(`cd /tmp && %s exec erl -noshell -name load@%s.lab -setcookie "$GONODE_COOKIE" `+
			`-connect_all false -kernel net_ticktime 4 -s load start ledger@ledger.lab`, before, service))
	if err != nil {
		return nil, err
	}
	l := &load{service: service, cmd: cmd, begun: make(chan struct{}), ended: make(chan struct{}),
		account: account{make(map[string]int), make(map[string]map[string]int)}}
	if l.in, err = cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	cmd.WaitDelay = 5 * time.Second
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	go l.read(out)
	select {
	case <-l.begun:
		return l, nil
	case <-l.ended:
	case <-time.After(30 * time.Second):
		_ = cmd.Process.Kill()
	}
	return nil, fmt.Errorf("the load on %s does not begin: %s", service, strings.Join(l.strange(), "; "))
}

// read reads the output of the load until its end.
func (l *load) read(out io.Reader) {
	defer close(l.ended)
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		l.line(lines.Text())
	}
	_ = l.cmd.Wait()
}

func (l *load) line(text string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	var kind, word string
	var n int
	switch verb, rest, _ := strings.Cut(text, " "); verb {
	case "load":
		close(l.begun)
	case "at":
		l.events = append(l.events, event{time.Now(), rest})
	case "account":
		if _, err := fmt.Sscan(rest, &word, &n); err == nil {
			l.account.numbers[word] = n
		}
	case "reason":
		if _, err := fmt.Sscan(rest, &kind, &word, &n); err == nil {
			if l.account.reasons[kind] == nil {
				l.account.reasons[kind] = make(map[string]int)
			}
			l.account.reasons[kind][word] += n
		}
	default:
		l.other = append(l.other, text)
	}
}

// first returns when the first of some events after a given time happened.
func (l *load) first(after time.Time, words ...string) (time.Time, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, e := range l.events {
		for _, w := range words {
			if !e.at.Before(after) && strings.HasPrefix(e.what, w) {
				return e.at, true
			}
		}
	}
	return time.Time{}, false
}

// answered reports whether calls are answered at present.
func (l *load) answered() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	good := true
	for _, e := range l.events {
		switch e.what {
		case "failing":
			good = false
		case "answered":
			good = true
		}
	}
	return good
}

func (l *load) strange() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]string(nil), l.other...)
}

// stop ends the load and waits for its account.
func (l *load) stop(ctx context.Context) error {
	_ = l.in.Close()
	select {
	case <-l.ended:
		return nil
	case <-time.After(3 * time.Minute): // load.erl waits that long for a monitor
	case <-ctx.Done():
	}
	_ = l.cmd.Process.Kill()
	return fmt.Errorf("the load on %s does not end", l.service)
}
