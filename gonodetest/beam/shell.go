//go:build unix

package beam

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/gonode-otp/gonode/gonodetest"
	"github.com/gonode-otp/gonode/gonodetest/internal/excerpt"
)

// Shell is the interactive shell of a real node, fed through a pipe. It prints what a user sees, except for the line
// that the user typed. Its methods are for one goroutine.
type Shell struct {
	t       testing.TB
	stdin   io.WriteCloser
	proc    *process
	timeout time.Duration
	iex     bool
	node    string
	count   int // the number of the last prompt
	read    int // the length of the output that was returned, up to and including a prompt
}

// The prompts, at the start of a line: "1> " or "(a@host)1> " and "iex(1)> ", "iex(a@host)1> ", "...(1)> ". The groups
// are the name of the node and the number.
var (
	erlPrompt = regexp.MustCompile(`(?m)^(?:\(([^()\s]+@[^()\s]+)\))?(\d+)> `)
	iexPrompt = regexp.MustCompile(`(?m)^(?:iex|\.\.\.)\((?:(\d+)\)|([^()\s]+@[^()\s]+)\)(\d+))> `)
)

// StartErlShell starts erl as a user would and returns when it shows its first prompt. It ends with the test.
func StartErlShell(t testing.TB, opts ...Option) *Shell {
	t.Helper()
	s := settle(t, "shell", opts)
	if s.program == "" {
		s.program = need(t, gonodetest.LaneErlang, "GONODE_ERL", "erl")
	}
	return startShell(t, s, s.command(t, s.program, "-"), &Shell{})
}

// StartIEx starts iex as a user would and returns when it shows its first prompt. It ends with the test.
func StartIEx(t testing.TB, opts ...Option) *Shell {
	t.Helper()
	s := settle(t, "iex", opts)
	if s.program == "" {
		s.program = need(t, gonodetest.LaneElixir, "GONODE_IEX", "iex")
	}
	return startShell(t, s, s.command(t, s.program, "--"), &Shell{iex: true})
}

func startShell(t testing.TB, s *settings, cmd *exec.Cmd, sh *Shell) *Shell {
	t.Helper()
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	sh.t, sh.stdin, sh.timeout = t, stdin, s.timeout
	if sh.proc, err = startProcess(cmd, stdin); err != nil {
		t.Fatalf("starting %s: %v", s.program, err)
	}
	t.Cleanup(sh.proc.stop)
	ctx, cancel := context.WithTimeout(context.Background(), s.timeout)
	defer cancel()
	banner, err := sh.next(ctx)
	if err != nil {
		t.Fatalf("%s shows no prompt (%v):\n%s", s.program, err, excerpt.Tail(sh.proc.out.String()))
	}
	if s.dist && sh.node == "" {
		t.Fatalf("%s did not become a node:\n%s", s.program, excerpt.Tail(banner))
	}
	return sh
}

// Name returns the full name of the node as its prompt shows it, or "" for a node that is not distributed.
func (s *Shell) Name() string { return s.node }

// Type enters one complete expression, which may have several lines, and returns what the shell printed before the next
// prompt, without the last line end. For an expression that ends the shell, such as q(), it returns what the shell
// printed before its end. If no prompt comes in time, the test ends.
func (s *Shell) Type(source string) string {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), s.timeout)
	defer cancel()
	printed, err := s.Try(ctx, source)
	if err != nil {
		s.t.Fatal(err)
	}
	return printed
}

// Try is Type, but it returns an error instead of ending the test. After an error the shell cannot be used any more.
func (s *Shell) Try(ctx context.Context, source string) (string, error) {
	entries := []string{strings.TrimRight(source, "\n")}
	if s.iex {
		// iex prints a prompt for every line, and the number of the prompt does not say whether the expression is complete.
		entries = strings.Split(entries[0], "\n")
	}
	var printed strings.Builder
	for _, entry := range entries {
		if _, err := io.WriteString(s.stdin, entry+"\n"); err != nil {
			return "", fmt.Errorf("typing %s: %w", excerpt.Head(source), err)
		}
		text, err := s.next(ctx)
		printed.WriteString(text)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return "", fmt.Errorf("after %s there is no prompt (%w): is the expression complete?\n%s",
				excerpt.Head(source), err, excerpt.Tail(s.proc.out.String()))
		}
	}
	return strings.TrimRight(printed.String(), "\n"), nil
}

// next returns the text before the next prompt. At the end of the output it returns the rest and io.EOF.
func (s *Shell) next(ctx context.Context) (string, error) {
	var printed string
	var found bool
	err := s.proc.out.await(ctx, s.read, func(text string) bool {
		printed, found = s.take(text)
		return found
	})
	return printed, err
}

// take looks for the next prompt in a text and moves past it. Without a prompt it returns the whole text.
func (s *Shell) take(text string) (printed string, ok bool) {
	for rest := text; ; {
		var at []int
		if s.iex {
			at = iexPrompt.FindStringSubmatchIndex(rest)
		} else {
			at = erlPrompt.FindStringSubmatchIndex(rest)
		}
		if at == nil {
			return text, false
		}
		printed += rest[:at[0]]
		node, number := s.groups(rest, at)
		if s.iex || number > s.count {
			s.node, s.count = node, number
			s.read += len(text) - len(rest) + at[1]
			return printed, true
		}
		// From OTP 26 on, erl repeats its prompt for each further line of an expression.
		if number < s.count || at[0] > 0 {
			printed += rest[at[0]:at[1]]
		}
		rest = rest[at[1]:]
	}
}

func (s *Shell) groups(text string, at []int) (node string, number int) {
	for i := 2; i < len(at); i += 2 {
		if at[i] < 0 {
			continue
		}
		group := text[at[i]:at[i+1]]
		if n, err := strconv.Atoi(group); err == nil {
			number = n
		} else {
			node = group
		}
	}
	return node, number
}
