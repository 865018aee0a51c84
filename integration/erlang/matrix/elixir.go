package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/gonode-otp/gonode/integration/erlang/docker"
)

// exunit is the section of the tests in integration/erlang/exunit.
const exunit = "exunit"

// elixir runs the tests that are written in Elixir.
func (o options) elixir(ctx context.Context, lab *docker.Lab, r *row) error {
	if err := lab.CopyTo(ctx, r.peer.Service, "integration/erlang/exunit", "/tmp/"); err != nil {
		return err
	}
	on := []side{gonode}
	if o.reference {
		on = append(on, reference)
	}
	for _, side := range on {
		checks, err := exUnit(ctx, lab, r, side)
		if err != nil {
			return fmt.Errorf("exunit on %v: %w", side, err)
		}
		r.checks[side] = append(r.checks[side], checks...)
	}
	if o.suites == exunit {
		return nil
	}
	return example(ctx, lab, r)
}

// exUnit runs the project exunit in a folder next to the sources of the suites.
func exUnit(ctx context.Context, lab *docker.Lab, r *row, on side) ([]check, error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Minute)
	defer cancel()
	s := r.peer.Service
	env := []string{"MIX_ENV=test", "COMPAT_OUT=" + there + "/out.tsv"}
	if on == gonode {
		env = append(env, "COMPAT_CONTROL="+control)
	}
	return account(ctx, lab, s, env,
		fmt.Sprintf(`cd /tmp/exunit && exec elixir --name exdriver_%s@%s.lab --cookie "$GONODE_COOKIE" \
			--erl "-connect_all false" -S mix test`, s, s))
}

// example runs the tests of examples/elixir with the program of the image gonode.
func example(ctx context.Context, lab *docker.Lab, r *row) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Minute)
	defer cancel()
	dir, err := os.MkdirTemp("", "matrix")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	s, program := r.peer.Service, filepath.Join(dir, "gonode")
	if err := lab.CopyFrom(ctx, "gonode", "/gonode", program); err != nil {
		return err
	}
	if _, err := lab.Exec(ctx, s, nil, "rm -rf /tmp/go_watch && mkdir /tmp/go_watch"); err != nil {
		return err
	}
	if err := lab.CopyTo(ctx, s, "examples/elixir/.", "/tmp/go_watch/"); err != nil {
		return err
	}
	if err := lab.CopyTo(ctx, s, program, "/tmp/gonode"); err != nil {
		return err
	}
	// Both sides find the cookie in its file by themselves.
	test := "cd /tmp/go_watch && env -u GONODE_COOKIE GONODE=/tmp/gonode MIX_ENV=test mix test"
	said, failure := lab.Exec(ctx, s, nil, test)
	if failure != nil && ctx.Err() == nil {
		said, failure = lab.Exec(ctx, s, nil, test)
	}
	m := regexp.MustCompile(`(\d+) tests?, (\d+) failures?`).FindStringSubmatch(said)
	if m == nil || ctx.Err() != nil {
		return fmt.Errorf("mix test: %v: %s", failure, tail(said))
	}
	var all, bad int
	if _, err := fmt.Sscan(m[1]+" "+m[2], &all, &bad); err != nil {
		return err
	}
	for i := range all {
		c := check{section: "examples/elixir", function: fmt.Sprint("test ", i+1), outcome: passed}
		if i < bad {
			c.outcome, c.why = failed, strings.Join(strings.Fields(tail(said)), " ")
		}
		r.checks[gonode] = append(r.checks[gonode], c)
	}
	return nil
}
