package genserv_test

import (
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/gonodetest/beam"
)

// TestARealGenServerDoesTheSame runs testdata/*.txt against the gen_server of the installed OTP and compares callbacks,
// replies, exit reasons and log events with what the files say, in order.
func TestARealGenServerDoesTheSame(t *testing.T) {
	erl := beam.StartErl(t, beam.WithoutDist(), beam.WithTimeout(2*time.Minute))
	release, err := strconv.Atoi(erl.Release())
	require.NoError(t, err)
	for _, module := range []string{"scripted", "bare", "secretive", "paired"} {
		source, err := os.ReadFile(filepath.Join("testdata", module+".erl"))
		require.NoError(t, err)
		erl.Compile(t, module, string(source))
	}
	for _, file := range scenarioFiles(t) {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			var scenarios []*scenario
			for _, s := range readScenarios(t, file) {
				if s.since <= release {
					scenarios = append(scenarios, s)
				}
			}
			did := runInErlang(t, erl, scenarios)
			for i, s := range scenarios {
				var want, got []string
				for j, step := range s.steps {
					want = append(want, forRelease(release, step)...)
					got = append(got, eventLines(did[i].(etf.List)[j].(etf.List))...)
					if strings.HasPrefix(last(step.events), "~ waits") && last(want) != last(got) && last(got) == "hibernate()" {
						got = got[:len(got)-1] // hibernate_after, on a busy machine
					}
					if j+1 < len(s.steps) && slices.Contains([]string{"timeout", "ring"}, s.steps[j+1].text) {
						continue // on a busy machine it comes before we look
					}
					require.Equal(t, want, got, "%s\n%s", s.title, step.text)
					want, got = nil, nil
				}
			}
		})
	}
}

func last(lines []string) string {
	if len(lines) == 0 {
		return ""
	}
	return lines[len(lines)-1]
}

func runInErlang(t *testing.T, erl *beam.Node, scenarios []*scenario) etf.List {
	var all etf.List
	for _, s := range scenarios {
		var steps etf.List
		for _, step := range s.steps {
			steps = append(steps, step.term)
		}
		all = append(all, steps)
	}
	text := erl.Eval(t, "paired:run("+etf.Format(all)+")")
	did, err := etf.Parse(text)
	require.NoError(t, err, text)
	return did.(etf.List)
}

// forRelease returns what the file expects of a real gen_server.
func forRelease(release int, s *step) []string {
	var lines []string
	failed := false
	for _, line := range s.events {
		failed = failed || strings.HasPrefix(line, "ack({error,") || line == "ack(ignore)"
		switch {
		case strings.HasPrefix(line, "~"):
		case failed && release >= 26 && strings.HasPrefix(line, "exit("):
			// Since OTP 26 the starter takes the exit signal of a process that did not start.
		default:
			lines = append(lines, line)
		}
	}
	return lines
}
