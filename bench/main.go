// Command bench measures a gonode server beside the same server on a BEAM node, in one run: the client is one BEAM node, the
// rounds are interleaved, and the figures are ratios, since the machine is shared and noisy. It needs erl and epmd.
//
//	go run ./bench -rounds 5 -ms 1000 -only seq,calls64 -json figures.json
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

type options struct {
	rounds, ms int
	only       string
	json       string
	source     string
	gogc       string
	profile    string
}

func main() {
	var o options
	flag.IntVar(&o.rounds, "rounds", 3, "interleaved rounds")
	flag.IntVar(&o.ms, "ms", 700, "milliseconds for one measure of one node")
	flag.StringVar(&o.only, "only", "all", "comma list of measures")
	flag.StringVar(&o.json, "json", "", "write all figures to this `file`")
	flag.StringVar(&o.source, "source", "bench", "`folder` of the benchmark's sources")
	flag.StringVar(&o.gogc, "gogc", "400", "GOGC of the Go node")
	flag.StringVar(&o.profile, "cpuprofile", "", "write a CPU profile of the Go node to `file`")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, o); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, o options) error {
	figures, err := measure(ctx, o)
	if err != nil {
		return err
	}
	if o.json != "" {
		data, err := json.MarshalIndent(figures, "", " ")
		if err != nil {
			return err
		}
		if err := os.WriteFile(o.json, append(data, '\n'), 0o644); err != nil {
			return err
		}
	}
	fmt.Print(table(figures))
	return nil
}
