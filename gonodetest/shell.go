//go:build unix

package gonodetest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"
)

// Shell is the interactive shell of a real node, fed through a pipe. It prints what a user sees, except for the line
// that the user typed. Its methods are for one goroutine.
type Shell struct {
	t       testing.TB
	stdin   io.WriteCloser
	proc    *process
	timeout time.Duration
	byLine  bool // the shell prompts for every line of an expression, not only for the first
	prompt  *regexp.Regexp
	node    string
	read    int // how much of the output has been handed out, up to and including a prompt
}

// The prompts, at the start of a line: "1> " or "(a@host)1> " and "iex(1)> ", "iex(a@host)1> ", "...(1)> ". The group
// is the name of the node.
var (
	erlPrompt = regexp.MustCompile(`(?m)^(?:\(([^()\s]+@[^()\s]+)\))?\d+> `)
	iexPrompt = regexp.MustCompile(`(?m)^(?:iex|\.\.\.)\((?:\d+\)|([^()\s]+@[^()\s]+)\)\d+)> `)
)

// StartErlShell starts erl as a user would and returns when it shows its first prompt. It ends with the test.
func StartErlShell(t testing.TB, opts ...Option) *Shell {
	t.Helper()
	s := settle(t, "shell", opts)
	if s.program == "" {
		s.program = need(t, LaneErlang, "GONODE_ERL", "erl")
	}
	return startShell(t, s, s.command(t, s.program, "-"), &Shell{prompt: erlPrompt})
}

// StartIEx starts iex as a user would and returns when it shows its first prompt. It ends with the test.
func StartIEx(t testing.TB, opts ...Option) *Shell {
	t.Helper()
	s := settle(t, "iex", opts)
	if s.program == "" {
		s.program = need(t, LaneElixir, "GONODE_IEX", "iex")
	}
	return startShell(t, s, s.command(t, s.program, "--"), &Shell{prompt: iexPrompt, byLine: true})
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
		t.Fatalf("%s shows no prompt (%v):\n%s", s.program, err, tail(sh.proc.out.String()))
	}
	if s.dist && sh.node == "" {
		t.Fatalf("%s did not become a node:\n%s", s.program, tail(banner))
	}
	return sh
}

// Name returns the full name of the node as its prompt shows it, "" for one that is not distributed.
func (s *Shell) Name() string { return s.node }

// Type enters one complete expression, which may have several lines, and returns what the shell printed before the
// next prompt, without the last line end. An expression that ends the shell, such as q(), returns what it printed on
// the way. If no prompt comes in time the test ends.
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

// Try is Type with an error instead of an end of the test. After an error the shell is of no further use.
func (s *Shell) Try(ctx context.Context, source string) (string, error) {
	entries := []string{strings.TrimRight(source, "\n")}
	if s.byLine {
		entries = strings.Split(entries[0], "\n")
	}
	var printed strings.Builder
	for _, entry := range entries {
		if _, err := io.WriteString(s.stdin, entry+"\n"); err != nil {
			return "", fmt.Errorf("typing %s: %w", clip(source), err)
		}
		text, err := s.next(ctx)
		printed.WriteString(text)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return "", fmt.Errorf("after %s there is no prompt (%w): is the expression complete?\n%s",
				clip(source), err, tail(s.proc.out.String()))
		}
	}
	return strings.TrimRight(printed.String(), "\n"), nil
}

// next returns the text before the next prompt. At the end of the output it returns the rest and io.EOF.
func (s *Shell) next(ctx context.Context) (string, error) {
	var at []int
	err := s.proc.out.await(ctx, s.read, func(text string) bool {
		at = s.prompt.FindStringSubmatchIndex(text)
		return at != nil
	})
	text := s.proc.out.String()[s.read:]
	if err != nil {
		return text, err
	}
	if at[2] >= 0 {
		s.node = text[at[2]:at[3]]
	}
	s.read += at[1]
	return text[:at[0]], nil
}
