package supervisor_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/etf"
)

var update = flag.Bool("update", false, "write what the supervisor does into testdata/*.txt")

// scenario is a part of a file in testdata: a title, and steps with what they bring about. @a stands for the child
// spec of the puppet a, @a[deaf]{restart=>transient} for one with options of the puppet and more in the child spec.
//
//	# a permanent child is started again whatever it ended with
//	start '', {ok,{#{},[@a]}}
//	  = {ok,<Sup>}
//	  init(a)
//	  progress(a)
//	tell a, {exit,normal}
//	  ended(a,normal)
//	  report(child_terminated,normal,a)
//	  init(a)
//	  progress(a)
//
// Processes are called after their ids: <a> is the first process of the child a, <a2> the second. A title that ends
// in [27] is about what came with OTP 27.
type scenario struct {
	title string
	since int // the first OTP release that does so
	steps []*step
}

type step struct {
	text  string
	term  etf.Tuple
	lines []string
}

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
			last[len(last)-1].lines = append(last[len(last)-1].lines, line[2:])
		case line != "":
			term, err := parseStep(line)
			require.NoError(t, err, "%s:%d: %s", file, i+1, line)
			s := all[len(all)-1]
			s.steps = append(s.steps, &step{text: line, term: term.(etf.Tuple)})
		}
	}
	return all
}

var puppetSpec = regexp.MustCompile(`@(\w+)(\[[^]]*\])?(?:\{([^}]*)\})?`)

func parseStep(line string) (etf.Term, error) {
	name, rest, _ := strings.Cut(line, " ")
	rest = puppetSpec.ReplaceAllStringFunc(rest, func(s string) string {
		m := puppetSpec.FindStringSubmatch(s)
		if m[2] != "" {
			m[2] = "," + m[2]
		}
		if m[3] != "" {
			m[3] = "," + m[3]
		}
		return fmt.Sprintf("#{id=>%s,start=>{puppet,start_link,['Director',%s%s]}%s}", m[1], m[1], m[2], m[3])
	})
	return etf.Parse("{" + name + ", " + rest + "}")
}

// normalize gives the processes of a scenario their names, puts the end of the child that a step is about first (its
// supervisor may learn of it before the director does), and hides what Go and Erlang cannot have alike: stacks.
func (s *scenario) normalize(director etf.Pid, did [][]etf.Term) [][]etf.Term {
	names := map[etf.Pid]etf.Term{director: etf.Atom("<Director>")}
	starts := map[string]int{}
	for _, events := range did {
		for _, e := range events {
			switch e := e.(etf.Tuple); e[0].(etf.Atom) {
			case "init":
				id := etf.Format(e[1])
				if starts[id]++; starts[id] > 1 {
					names[e[2].(etf.Pid)] = etf.Atom(fmt.Sprintf("<%s%d>", id, starts[id]))
				} else {
					names[e[2].(etf.Pid)] = etf.Atom("<" + id + ">")
				}
			case "report":
				name, _ := e[2].(etf.List)[0].(etf.Tuple)[1].(etf.Tuple)
				if pid, isPid := name[0].(etf.Pid); isPid {
					names[pid] = etf.Atom("<Sup>")
				}
			case "answer":
				if ok, isTuple := etf.AsTuple(e[1], "ok", 2); isTuple {
					if pid, isPid := ok[1].(etf.Pid); isPid && names[pid] == nil {
						names[pid] = etf.Atom("<Sup>")
					}
				}
			}
		}
	}
	out := make([][]etf.Term, len(did))
	for i, events := range did {
		for _, e := range events {
			out[i] = append(out[i], mapTerm(e, func(t etf.Term) etf.Term {
				if pid, ok := t.(etf.Pid); ok && names[pid] != nil {
					return names[pid]
				}
				return t
			}))
		}
		s.steps[i].targetFirst(out[i])
	}
	return out
}

func (s *step) targetFirst(events []etf.Term) {
	target := s.term[1]
	if etf.Equal(s.term, etf.Tuple{etf.Atom("exit"), etf.Atom("kill")}) {
		target = etf.Atom("Sup")
	}
	for i, e := range events {
		t := e.(etf.Tuple)
		if etf.IsAtom(t[0], "ended") && etf.Equal(t[1], target) {
			copy(events[1:i+1], events[:i])
			events[0] = e
			return
		}
	}
}

// mapTerm applies leaf to all pids in a term, sorts maps and hides stacks.
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
		if isStack(t) {
			return etf.Atom("Stack")
		}
		return etf.List(all(t))
	case etf.Map:
		out := make(etf.Map, len(t))
		for i, pair := range t {
			out[i] = etf.MapPair{Key: mapTerm(pair.Key, leaf), Value: mapTerm(pair.Value, leaf)}
		}
		slices.SortFunc(out, func(a, b etf.MapPair) int { return etf.Compare(a.Key, b.Key) })
		return out
	case etf.Pid:
		return leaf(t)
	}
	return t
}

// isStack knows [{Module,Function,ArityOrArguments,Location}, ...].
func isStack(list etf.List) bool {
	for _, entry := range list {
		t, ok := entry.(etf.Tuple)
		if !ok || len(t) != 4 {
			return false
		}
		_, module := t[0].(etf.Atom)
		_, function := t[1].(etf.Atom)
		_, location := t[3].(etf.List)
		_, arity := t[2].(etf.Int)
		_, args := t[2].(etf.List)
		if !module || !function || !location || !arity && !args {
			return false
		}
	}
	return len(list) > 0
}

var quoted = regexp.MustCompile(`'(<\w+>|Stack)'`)

// lines writes events as in the files.
func lines(events []etf.Term) []string {
	var out []string
	for _, event := range events {
		e := event.(etf.Tuple)
		var line string
		switch e[0].(etf.Atom) {
		case "answer":
			line = "= " + etf.Format(e[1])
		case "exits":
			line = "! " + etf.Format(e[1])
		case "init":
			line = "init(" + etf.Format(e[1]) + ")"
		case "ended":
			line = "ended(" + etf.Format(e[1]) + "," + etf.Format(e[3]) + ")"
		case "report":
			line = reportLine(e)
		}
		out = append(out, quoted.ReplaceAllString(line, "$1"))
	}
	return out
}

// reportLine shortens a report: to its context, its reason and the id of the child. The whole of it is compared with
// OTP's.
func reportLine(e etf.Tuple) string {
	report := e[2].(etf.List)
	child := report[len(report)-1].(etf.Tuple)[1].(etf.List)
	id := etf.Format(child[1].(etf.Tuple)[1])
	if etf.IsAtom(e[1], "progress") {
		return "progress(" + id + ")"
	}
	return "report(" + etf.Format(e[1]) + "," + etf.Format(report[2].(etf.Tuple)[1]) + "," + id + ")"
}

func scenarioFiles(t *testing.T) []string {
	files, err := filepath.Glob("testdata/*.txt")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	return files
}

// TestASupervisorDoesWhatTheScenariosSay runs testdata/*.txt. TestARealSupervisorDoesTheSame runs them against OTP's,
// and against ours with a BEAM as the client.
func TestASupervisorDoesWhatTheScenariosSay(t *testing.T) {
	n, r := alone(t)
	for _, file := range scenarioFiles(t) {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			var text strings.Builder
			for _, s := range readScenarios(t, file) {
				director, did := s.run(t, n, r)
				events := s.normalize(director, did)
				fmt.Fprintf(&text, "# %s\n", s.title)
				for i, step := range s.steps {
					fmt.Fprintln(&text, step.text)
					for _, line := range lines(events[i]) {
						fmt.Fprintln(&text, "  "+line)
					}
					if !*update {
						require.Equal(t, step.lines, lines(events[i]), "%s\n%s", s.title, step.text)
					}
				}
				fmt.Fprintln(&text)
			}
			if *update {
				require.NoError(t, os.WriteFile(file, []byte(strings.TrimSuffix(text.String(), "\n")), 0o644))
			}
		})
	}
}
