package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/gonode-otp/gonode/integration/erlang/docker"
)

type options struct {
	only  []string
	limit time.Duration
	long  bool
	write bool
	lane  bool
}

// notAsked is why faults are not run when only some are wanted.
const notAsked = "not asked for"

// lane is the name of this command among the skipped lanes.
const lane = "faults in Docker"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if len(os.Args) == 3 && os.Args[1] == "relay" {
		fmt.Fprintln(os.Stderr, "faults:", runRelay(os.Args[2]))
		os.Exit(1)
	}
	var o options
	flag.Func("only", "faults, with semicolons between them (default all)", func(s string) error {
		o.only = strings.Split(s, ";")
		return nil
	})
	flag.DurationVar(&o.limit, "limit", 30*time.Minute, "for all of it")
	flag.BoolVar(&o.long, "long", false, "also those that last minutes")
	flag.BoolVar(&o.write, "write", false, "write docs/faults.md")
	flag.BoolVar(&o.lane, "lane", false, "what cannot be run is a skipped lane")
	flag.Parse()
	os.Exit(o.main(ctx))
}

// main returns the exit code.
func (o options) main(ctx context.Context) int {
	ctx, cancel := context.WithTimeout(ctx, o.limit)
	defer cancel()
	results, err := o.run(ctx)
	return o.status(results, err)
}

// status prints what went wrong and returns the exit code.
func (o options) status(results []*result, err error) int {
	if err != nil {
		fmt.Fprintln(os.Stderr, "faults:", err)
		docker.Skip(lane, err.Error(), o.lane)
	}
	status := 0
	for _, r := range results {
		if r.notRun != "" && r.notRun != notAsked {
			docker.Skip(lane, r.fault.name+": "+r.notRun, o.lane)
			if !r.impossible {
				err = errors.New(r.notRun)
			}
		}
		for _, why := range r.unbalanced() {
			fmt.Printf("FAIL %s: %s\n", r.fault.name, why)
			status = 1
		}
	}
	if status == 0 && err != nil && !o.lane {
		status = 2
	}
	return status
}

// run returns the results of all faults.
func (o options) run(ctx context.Context) (results []*result, err error) {
	root, err := filepath.Abs(".")
	if err != nil {
		return nil, err
	}
	if _, err := os.Stat("docker-compose.yml"); err != nil {
		return nil, fmt.Errorf("to be run at the top of the repository: %w", err)
	}
	when := time.Now()
	lab, err := docker.Open(ctx, root)
	if err != nil {
		return nil, err
	}
	if said, err := lab.Images(ctx); err != nil {
		fmt.Println(said)
	}
	defer func() { err = errors.Join(err, lab.Down(ctx)) }()
	if err := lab.Up(ctx, goNode, first, second); err != nil {
		return nil, err
	}
	for _, s := range []string{first, second} {
		if err := compile(ctx, lab, s); err != nil {
			return nil, err
		}
	}
	for _, f := range faults {
		if err := ctx.Err(); err != nil {
			return results, fmt.Errorf("%s and what follows: %w", f.name, err)
		}
		r := &result{fault: f}
		results = append(results, r)
		switch {
		case o.only != nil && !slices.Contains(o.only, f.name), f.long && !o.long:
			r.notRun = notAsked
			continue
		}
		o.one(ctx, lab, r)
		fmt.Print(r.lines())
	}
	if o.write {
		return results, os.WriteFile("docs/faults.md", []byte(page(when, results)), 0o644)
	}
	return results, nil
}

func compile(ctx context.Context, lab *docker.Lab, service string) error {
	for _, file := range []string{"load.erl", "handler.erl"} {
		if err := lab.CopyTo(ctx, service, "integration/erlang/faults/"+file, "/tmp/"+file); err != nil {
			return err
		}
	}
	_, err := lab.Exec(ctx, service, nil, "cd /tmp && erlc load.erl handler.erl")
	return err
}

// one tries one fault, with fresh accounts.
func (o options) one(ctx context.Context, lab *docker.Lab, r *result) {
	ctx, cancel := context.WithTimeout(ctx, r.fault.hold+5*time.Minute)
	defer cancel()
	err := func() error {
		if r.fault.needs != nil {
			if err := r.fault.needs(ctx, lab); err != nil {
				return err
			}
		}
		// Each fault gets a new ledger.
		if err := errors.Join(lab.Tell(ctx, goNode, "restart", "-t", "5"), lab.Healthy(ctx, goNode)); err != nil {
			return err
		}
		return r.measure(ctx, lab)
	}()
	switch {
	case errors.Is(err, errWrong):
		r.wrong = append(r.wrong, err.Error())
	case err != nil:
		impossible := errors.Is(err, errNot)
		r.notRun, r.impossible = strings.TrimSuffix(err.Error(), ": "+errNot.Error()), impossible
		r.loads = nil
	}
}
