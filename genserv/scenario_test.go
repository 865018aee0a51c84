package genserv_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
	"github.com/gonode-otp/gonode/genserv/driver"
)

var update = flag.Bool("update", false, "write what the loop does into testdata/*.txt")

// scenario is a part of a file in testdata: a title, and steps with what they bring about.
//
//	# {reply,Reply,NewState} answers the caller and goes on with NewState
//	start scripted {return,{ok,0}} []
//	  init({return,{ok,0}})
//	  ack({ok,Self})
//	call {return,{reply,hello,1}}
//	  handle_call({return,{reply,hello,1}},0)
//	  reply(1,hello)
//
// Lines that begin with ~ tell how the loop waits, which cannot be seen from outside. A title that ends in [28] is
// about what came with OTP 28.
type scenario struct {
	title string
	since int
	steps []*step
}

type step struct {
	text   string // as in the file
	term   etf.Term
	events []string // what the file says, and what the loop did
}

// Client, Self and Other stand for pids.
var variable = regexp.MustCompile(`\b(Client|Self|Other)\b`)

var since = regexp.MustCompile(`\[(\d+)\]$`)

// readScenarios reads a file of testdata.
func readScenarios(t *testing.T, file string) []*scenario {
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	var all []*scenario
	for i, line := range strings.Split(string(text), "\n") {
		switch {
		case strings.HasPrefix(line, "# "):
			s := &scenario{title: line[2:]}
			if m := since.FindStringSubmatch(line); m != nil {
				_, _ = fmt.Sscan(m[1], &s.since)
			}
			all = append(all, s)
		case strings.HasPrefix(line, "  "):
			last := all[len(all)-1].steps
			last[len(last)-1].events = append(last[len(last)-1].events, line[2:])
		case line != "":
			s := all[len(all)-1]
			term, err := parseStep(line)
			require.NoError(t, err, "%s:%d: %s", file, i+1, line)
			s.steps = append(s.steps, &step{text: line, term: term})
		}
	}
	return all
}

// parseStep turns "call Request" into {call, Request}, and "start Module Args Options" into a tuple of four.
func parseStep(line string) (etf.Term, error) {
	name, rest, _ := strings.Cut(line, " ")
	if name == "start" {
		module, args, _ := strings.Cut(rest, " ")
		cut := strings.LastIndex(args, " [")
		rest = module + ", " + args[:cut] + "," + args[cut:]
	}
	if rest != "" {
		rest = ", " + rest
	}
	return etf.Parse("{" + name + variable.ReplaceAllString(rest, "'$1'") + "}")
}

// run does the steps with the loop and returns its events for every step.
func (s *scenario) run() [][]string {
	w := &testEnv{}
	tag := 1
	var all [][]string
	for _, step := range s.steps {
		w.step(step.term.(etf.Tuple), &tag)
		all = append(all, append(eventLines(w.take()), w.waiting()...))
	}
	return all
}

func (w *testEnv) step(t etf.Tuple, tag *int) {
	switch t[0].(etf.Atom) {
	case "start":
		w.start(w.module(t[1].(etf.Atom)), t[2], startOptions(t[3].(etf.List)))
	case "exit":
		w.exit(t[1])
	case "timeout":
		w.drive(w.loop.Timeout())
	case "ring", "late":
		w.ring(w.timers[len(w.timers)-1])
		w.send()
	case "quiet":
		w.pass(1200 * time.Millisecond)
	case "together":
		var msgs []etf.Term
		for _, part := range t[1].(etf.List) {
			msgs = append(msgs, message(part.(etf.Tuple), tag))
		}
		w.send(msgs...)
	default:
		w.send(message(t, tag))
	}
}

// pass lets time pass in which no message comes.
func (w *testEnv) pass(d time.Duration) {
	for !w.ended && w.next.Wait >= 0 && w.next.Wait <= d {
		d -= w.next.Wait
		w.drive(w.loop.Timeout())
	}
}

func (w *testEnv) module(name etf.Atom) genserv.Module {
	s := actor{w}
	switch name {
	case "bare":
		return genserv.Of(bare{s})
	case "secretive":
		return genserv.Of(secretive{bare{s}})
	}
	return genserv.Of(s)
}

func startOptions(list etf.List) driver.Options {
	o := driver.Options{Parent: client, Ancestors: etf.List{client}}
	for _, option := range list {
		if etf.IsAtom(option, "nolink") {
			o.Parent = etf.Pid{}
			continue
		}
		switch pair := option.(etf.Tuple); pair[0].(etf.Atom) {
		case "name":
			o.Name = pair[1]
		case "hibernate_after":
			o.HibernateAfter = time.Duration(pair[1].(etf.Int)) * time.Millisecond
		case "debug":
			o.Debug = pair[1].(etf.List)
		}
	}
	return o
}

// message turns a step into the message that arrives. Calls and system messages are numbered.
func message(t etf.Tuple, tag *int) etf.Term {
	body := withPids(t[1])
	switch t[0].(etf.Atom) {
	case "call":
		*tag++
		return driver.CallMessage(client, etf.Int(*tag-1), body)
	case "cast":
		return driver.CastMessage(body)
	case "exit":
		return etf.Tuple{etf.Atom("EXIT"), client, body}
	case "system":
		*tag++
		return driver.SystemMessage(client, etf.Int(*tag-1), body)
	}
	return body
}

// withPids puts the pids where the file has a variable.
func withPids(t etf.Term) etf.Term {
	return mapTerm(t, func(t etf.Term) etf.Term {
		switch t {
		case etf.Atom("Client"):
			return client
		case etf.Atom("Self"):
			return self
		case etf.Atom("Other"):
			return remote
		}
		return t
	})
}

func mapTerm(t etf.Term, leaf func(etf.Term) etf.Term) etf.Term {
	all := func(in []etf.Term) []etf.Term {
		out := make([]etf.Term, len(in))
		for i := range in {
			out[i] = mapTerm(in[i], leaf)
		}
		return out
	}
	switch t := t.(type) {
	case etf.Tuple:
		return etf.Tuple(all(t))
	case etf.List:
		return etf.List(all(t))
	case etf.Atom, etf.Pid, etf.Export:
		return leaf(t)
	}
	return t
}

// eventLines writes events as in the files: pids as variables, and stack traces as the word Stack.
func eventLines(events []etf.Term) []string {
	var lines []string
	for _, event := range events {
		shown := mapTerm(withoutStacks(event), func(t etf.Term) etf.Term {
			switch t {
			case etf.Term(client):
				return etf.Atom("Client")
			case etf.Term(self):
				return etf.Atom("Self")
			case etf.Term(remote):
				return etf.Atom("Other")
			}
			if _, ok := t.(etf.Export); ok {
				return etf.Atom("Fun")
			}
			return t
		}).(etf.Tuple)
		var args []string
		for _, arg := range shown[1].(etf.List) {
			args = append(args, etf.Format(arg))
		}
		line := string(shown[0].(etf.Atom)) + "(" + strings.Join(args, ",") + ")"
		lines = append(lines, quoted.ReplaceAllString(line, "$1"))
	}
	return ackAfterInit(lines)
}

// ackAfterInit puts the acknowledgement of a start where it belongs. In OTP it is a message that the starter sees at
// about the time of what follows.
func ackAfterInit(lines []string) []string {
	ack := slices.IndexFunc(lines, func(line string) bool { return strings.HasPrefix(line, "ack(") })
	if ack < 0 {
		return lines
	}
	line := lines[ack]
	return slices.Insert(slices.Delete(lines, ack, ack+1), 1, line)
}

var quoted = regexp.MustCompile(`'(Client|Self|Other|Stack|Fun)'`)

func withoutStacks(t etf.Term) etf.Term {
	all := func(in []etf.Term) []etf.Term {
		out := make([]etf.Term, len(in))
		for i := range in {
			out[i] = withoutStacks(in[i])
		}
		return out
	}
	switch t := t.(type) {
	case etf.Tuple:
		return etf.Tuple(all(t))
	case etf.List:
		if isStack(t) {
			return etf.Atom("Stack")
		}
		return etf.List(all(t))
	}
	return t
}

// isStack knows [{Module,Function,ArityOrArguments,Location}, ...].
func isStack(list etf.List) bool {
	if len(list) == 0 {
		return false
	}
	for _, entry := range list {
		t, ok := entry.(etf.Tuple)
		if !ok || len(t) != 4 {
			return false
		}
		_, module := t[0].(etf.Atom)
		_, function := t[1].(etf.Atom)
		_, location := t[3].(etf.List)
		if !module || !function || !location {
			return false
		}
	}
	return true
}

// waiting tells how the loop waits.
func (w *testEnv) waiting() []string {
	switch next := w.next; {
	case w.ended:
		return nil
	case next.Hibernate:
		return []string{"hibernate()"}
	case w.loop.Suspended():
		return []string{fmt.Sprintf("~ suspended, %d kept", w.loop.Kept())}
	case next.Wait >= 0:
		return []string{"~ waits " + next.Wait.String()}
	}
	return nil
}

func scenarioFiles(t *testing.T) []string {
	files, err := filepath.Glob("testdata/*.txt")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	return files
}

// TestTheLoopDoesWhatTheScenariosSay runs testdata/*.txt. TestARealGenServerDoesTheSame runs the same files against
// OTP.
func TestTheLoopDoesWhatTheScenariosSay(t *testing.T) {
	for _, file := range scenarioFiles(t) {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			scenarios := readScenarios(t, file)
			var text strings.Builder
			for _, s := range scenarios {
				did := s.run()
				fmt.Fprintf(&text, "# %s\n", s.title)
				for i, step := range s.steps {
					fmt.Fprintln(&text, step.text)
					for _, line := range did[i] {
						fmt.Fprintln(&text, "  "+line)
					}
					if !*update {
						require.Equal(t, step.events, did[i], "%s\n%s", s.title, step.text)
					}
				}
				fmt.Fprintln(&text)
			}
			if *update {
				out := strings.TrimSuffix(text.String(), "\n")
				require.NoError(t, os.WriteFile(file, []byte(out), 0o644))
			}
		})
	}
}
