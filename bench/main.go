// Command bench measures a gonode server, the same server on a BEAM node, and other nodes that a BEAM can call, in one
// run. The client is one BEAM node. The rounds are interleaved and the figures are ratios, because the machine is
// shared and noisy. The command needs erl and epmd. It fetches ergo 2, and leaves out the nodes in C and Java where
// gcc, erlang-dev, a JDK or erlang-jinterface are missing.
//
//	go run ./bench -rounds 5 -ms 1000 -only seq,calls64 -json figures.json
//	go run ./bench -peers=false                  only gonode and the BEAM
//	go run ./bench -runs 3 -growth -page docs    three times, the curves too, all written to docs/performance.md
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strconv"
	"syscall"
)

type options struct {
	rounds, ms int
	runs       int
	limit      int
	only       string
	json       string
	source     string
	gogc       string
	profile    string
	peers      bool
	codec      bool
	countOne   bool // count the instructions for one term only
	growth     bool
	page       string
	load       string // of the machine before the first program started
}

func main() {
	var o options
	flag.IntVar(&o.rounds, "rounds", 3, "interleaved rounds")
	flag.IntVar(&o.ms, "ms", 700, "milliseconds for one measure of one node")
	flag.IntVar(&o.runs, "runs", 1, "how often all nodes are started anew and measured so")
	flag.StringVar(&o.only, "only", "all", "comma list of measures")
	flag.StringVar(&o.json, "json", "", "write all figures to this `file`")
	flag.StringVar(&o.source, "source", "bench", "`folder` of the benchmark's sources")
	flag.StringVar(&o.gogc, "gogc", "", "GOGC of the Go node; without it that of gonode run")
	flag.StringVar(&o.profile, "cpuprofile", "", "write a CPU profile of the Go node to `file`")
	flag.BoolVar(&o.peers, "peers", true, "measure other peers too: ergo 2, ei, Jinterface")
	flag.BoolVar(&o.codec, "codec", true, "measure reading and writing of terms too")
	flag.BoolVar(&o.growth, "growth", false, "draw the curves of growth too")
	flag.IntVar(&o.limit, "limit", 100000, "the most servers in the curves of growth; of the rest in proportion")
	flag.StringVar(&o.page, "page", "", "write performance.md and its pictures to this `folder`")
	flag.Parse()
	o.load = loadAverage()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := bench(ctx, o); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func bench(ctx context.Context, o options) error {
	targets := []target{beamTarget(), gonodeTarget(o)}
	if o.peers {
		targets = append(targets, peerTargets(o)...)
	}
	var r results
	var runs [][]figure
	for range max(1, o.runs) {
		var err error
		if r, err = measure(ctx, o, targets, "measures", strconv.Itoa(o.rounds), strconv.Itoa(o.ms), o.only); err != nil {
			return err
		}
		runs = append(runs, r.figures)
	}
	r.figures, r.runs = joinRuns(runs), runs
	fmt.Print(table(r) + "\n" + requirementTable(runs))
	for _, line := range r.skipped {
		fmt.Println(line)
	}
	var err error
	if o.codec {
		r.codec, err = codec(ctx, o)
		if uncounted, ok := errors.AsType[*notCountedError](err); ok {
			fmt.Println(uncounted)
			r.skipped = append(r.skipped, uncounted.Error())
		} else if err != nil {
			return err
		}
		fmt.Print("\n" + codecTable(r.codec))
	}
	var curves []curve
	if o.growth {
		if curves, err = measureGrowth(ctx, o); err != nil {
			return err
		}
		fmt.Print(curveTable(curves))
	}
	if o.json != "" {
		if err := writeJSON(o.json, r, curves); err != nil {
			return err
		}
	}
	if o.page != "" {
		return writePage(ctx, o, r, curves)
	}
	return nil
}

func writeJSON(file string, r results, curves []curve) error {
	data, err := json.MarshalIndent(struct {
		Figures []figure `json:"figures"`
		Codec   []figure `json:"codec,omitempty"`
		Curves  []curve  `json:"curves,omitempty"`
	}{r.figures, r.codec, curves}, "", " ")
	if err != nil {
		return err
	}
	return os.WriteFile(file, append(data, '\n'), 0o644)
}
