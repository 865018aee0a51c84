package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

// codec measures reading and writing terms without a connection: the time compared with binary_to_term and
// term_to_binary, allocations, and instructions, which other programs on the machine do not disturb. If instructions
// cannot be counted, it returns the rest with a *notCountedError.
func codec(ctx context.Context, o options) (figures []figure, err error) {
	s, err := newTestbed(ctx, o)
	if err != nil {
		return nil, err
	}
	defer func() { _ = s.close() }()
	program := filepath.Join(s.dir, "codec")
	if err := s.tool(".", "go", "build", "-o", program, "./"+filepath.Join(o.source, "codec")); err != nil {
		return nil, err
	}
	var files []string
	for round := range o.rounds {
		n := strconv.Itoa(round + 1)
		out, err := s.run("erl", "-noinput", "-pa", s.dir, "-eval", fmt.Sprintf("codec:main(%q, %s).", s.dir, n))
		if err != nil {
			return nil, err
		}
		beam, err := parse(out)
		if err != nil {
			return nil, err
		}
		if files == nil {
			for i := 0; i < len(beam); i += 2 {
				files = append(files, filepath.Join(s.dir, beam[i].Measure+".etf"))
			}
		}
		if out, err = s.run(program, append([]string{n}, files...)...); err != nil {
			return nil, err
		}
		ours, err := parse(out)
		if err != nil {
			return nil, err
		}
		figures = append(append(figures, beam...), ours...)
	}
	if o.countOne {
		files = files[:1]
	}
	counted, err := s.count(program, files, figures)
	return append(figures, counted...), err
}

// notCountedError says why figures of valgrind are missing: valgrind is not installed, or cannot run a Go program on
// this processor.
type notCountedError struct{ err error }

func (e *notCountedError) Error() string { return "instructions were not counted: " + e.err.Error() }

func (e *notCountedError) Unwrap() error { return e.err }

// count counts the instructions of each operation, without the garbage collector. It subtracts the count of a run that
// does nothing from that of a run of some 5 ms.
func (s *testbed) count(program string, files []string, figures []figure) (counted []figure, err error) {
	_, values := rows(figures)
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".etf")
		nothing, err := s.instructions(program, file, "decode", 0)
		if err != nil {
			return nil, err
		}
		for _, op := range []string{"decode", "encode"} {
			n := 1 + int(5e6/median(values[key{name, op + "_ns"}][goNode]))
			all, err := s.instructions(program, file, op, n)
			if err != nil {
				return nil, err
			}
			counted = append(counted, figure{1, name, goNode, op + "_instructions", (all - nothing) / float64(n)})
		}
	}
	return counted, nil
}

var collected = regexp.MustCompile(`(?m)Collected : (\d+)`)

func (s *testbed) instructions(program, file, op string, n int) (float64, error) {
	cmd := s.command("valgrind", "--tool=callgrind", "--callgrind-out-file="+os.DevNull, program, "-op", op, "-n",
		strconv.Itoa(n), file)
	// There is one thread and no preemption: valgrind runs one thread at a time, and disturbs the signals of the Go
	// runtime.
	cmd.Env = append(cmd.Env, "GOMAXPROCS=1", "GOGC=off", "GODEBUG=asyncpreemptoff=1")
	var out bytes.Buffer
	cmd.Stderr = &out
	if err := cmd.Run(); err != nil {
		return 0, &notCountedError{fmt.Errorf("valgrind: %w\n%s", err, out.Bytes()[max(0, out.Len()-2000):])}
	}
	m := collected.FindSubmatch(out.Bytes())
	if m == nil {
		return 0, fmt.Errorf("valgrind: no count of instructions\n%s", out.Bytes())
	}
	return strconv.ParseFloat(string(m[1]), 64)
}

// codecTable prints the medians.
func codecTable(figures []figure) string {
	var b strings.Builder
	b.WriteString("| term | BEAM, µs | gonode, µs | gonode / BEAM (range) | allocations | instructions " +
		"|\n|---|---|---|---|---|---|\n")
	order, values := rows(figures)
	for _, k := range order {
		op, isTime := strings.CutSuffix(k.name, "_ns")
		if !isTime {
			continue
		}
		v := values[k]
		instructions := "-"
		if counted := values[key{k.measure, op + "_instructions"}][goNode]; len(counted) > 0 {
			instructions = fmt.Sprintf("%.0f", median(counted))
		}
		fmt.Fprintf(&b, "| %s %s | %.2f | %.2f | %s | %.0f | %s |\n", k.measure, op, median(v[beamNode])/1000,
			median(v[goNode])/1000,
			ratios(v[beamNode], v[goNode]), median(values[key{k.measure, op + "_allocs"}][goNode]), instructions)
	}
	return b.String()
}
