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
	"sync"
	"syscall"
	"time"

	"github.com/gonode-otp/gonode/integration/erlang/docker"
)

type options struct {
	peers     []string // services; all if empty
	suites    string
	parallel  int
	limit     time.Duration
	reference bool
	write     bool
	lane      bool
}

// lane is the name of this command among the skipped lanes.
const lane = "matrix in Docker"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	var o options
	flag.Func("peers", "services of docker-compose.yml, with commas between them (default all in peers.tsv)",
		func(s string) error {
			o.peers = strings.Split(s, ",")
			return nil
		})
	flag.StringVar(&o.suites, "suites", "", "suites to run, without _SUITE, with commas between them (default all)")
	flag.IntVar(&o.parallel, "parallel", 2, "peers at a time")
	flag.DurationVar(&o.limit, "limit", 40*time.Minute, "for all of it")
	flag.BoolVar(&o.reference, "reference", false, "run the suites against Erlang nodes of each release as well")
	flag.BoolVar(&o.write, "write", false, "write docs/compat.md and the table in README.md")
	flag.BoolVar(&o.lane, "lane", false, "what cannot be run is a skipped lane")
	flag.Parse()
	os.Exit(o.main(ctx))
}

// main returns the exit code.
func (o options) main(ctx context.Context) int {
	ctx, cancel := context.WithTimeout(ctx, o.limit)
	defer cancel()
	return o.status(o.run(ctx))
}

// status prints what went wrong and returns the exit code.
func (o options) status(m matrix, err error) int {
	if err != nil {
		fmt.Fprintln(os.Stderr, "matrix:", err)
		docker.Skip(lane, err.Error(), o.lane)
	}
	status := 0
	for _, r := range m.rows {
		if r.notRun != "" {
			docker.Skip(lane, r.name()+": "+r.notRun, o.lane)
			err = errors.New(r.notRun)
		}
		for _, c := range r.failed() {
			fmt.Printf("FAIL %s, %s\n", r.name(), c)
			status = 1
		}
	}
	if status == 0 && err != nil && !o.lane {
		status = 2
	}
	return status
}

// run returns the rows of all wanted peers, and the rows of the other peers as not run.
func (o options) run(ctx context.Context) (m matrix, err error) {
	root, err := filepath.Abs(".")
	if err != nil {
		return m, err
	}
	if _, err := os.Stat("docker-compose.yml"); err != nil {
		return m, fmt.Errorf("to be run at the top of the repository: %w", err)
	}
	m.when = time.Now()
	lab, err := docker.Open(ctx, root)
	if err != nil {
		return m, err
	}
	said, imagesErr := lab.Images(ctx)
	fmt.Println(said)
	defer func() { err = errors.Join(err, lab.Down(ctx)) }()
	if err := lab.Up(ctx, "gonode", "testbed"); err != nil {
		return m, errors.Join(imagesErr, err)
	}
	m.rows = o.all(ctx, lab, imagesErr)
	if err := ctx.Err(); err != nil {
		return m, err
	}
	if o.write {
		return m, m.write(root)
	}
	fmt.Print(m.table(sectionsOf(m.rows), gonode))
	return m, nil
}

// all runs every peer, some at a time.
func (o options) all(ctx context.Context, lab *docker.Lab, imagesErr error) []*row {
	var rows []*row
	var wg sync.WaitGroup
	places := make(chan struct{}, max(1, o.parallel))
	for _, p := range docker.Peers() {
		r := &row{peer: p}
		rows = append(rows, r)
		if o.peers != nil && !slices.Contains(o.peers, p.Service) {
			r.notRun = "not asked for"
			continue
		}
		if !docker.HasImage(ctx, p.Image) {
			r.notRun = fmt.Sprintf("there is no image %s: %v", p.Image, imagesErr)
			continue
		}
		wg.Go(func() {
			places <- struct{}{}
			defer func() { <-places }()
			begun := time.Now()
			if err := o.peer(ctx, lab, r); err != nil {
				r.notRun = err.Error()
			}
			r.took = time.Since(begun)
			fmt.Printf("%s: %s\n", r.name(), r.summary())
		})
	}
	wg.Wait()
	return rows
}
