package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/gonode-otp/gonode/integration/erlang/docker"
)

// The folder of the suites in a container, and the control node that they test.
const (
	there   = "/tmp/ct"
	control = "testbed@testbed.lab"
)

// peer runs everything from one peer. An error means that something could not be run.
func (o options) peer(ctx context.Context, lab *docker.Lab, r *row) error {
	s := r.peer.Service
	if err := lab.Up(ctx, s); err != nil {
		return err
	}
	if err := o.prepare(ctx, lab, r); err != nil {
		return err
	}
	if connected, err := connects(ctx, lab, r); err != nil || !connected {
		return err
	}
	if err := o.suitesOn(ctx, lab, r, gonode); err != nil {
		return err
	}
	if o.reference {
		if err := o.suitesOn(ctx, lab, r, reference); err != nil {
			return fmt.Errorf("reference: %w", err)
		}
	}
	if r.elixir == "" || o.suites != "" && o.suites != exunit {
		return nil
	}
	return o.elixir(ctx, lab, r)
}

// prepare finds out what the peer is and compiles the suites there, because each release needs its own files.
func (o options) prepare(ctx context.Context, lab *docker.Lab, r *row) error {
	s := r.peer.Service
	said, err := lab.Exec(ctx, s, nil, `erl -noinput -eval '
		{ok, V} = file:read_file(filename:join([code:root_dir(), "releases",
			erlang:system_info(otp_release), "OTP_VERSION"])),
		io:put_chars(V), halt().'; ! command -v elixir >/dev/null || elixir --version`)
	if err != nil {
		return err
	}
	r.version, _, _ = strings.Cut(said, "\n")
	r.version = strings.TrimRight(strings.TrimSpace(r.version), "*")
	if m := regexp.MustCompile(`Elixir (\S+) `).FindStringSubmatch(said); m != nil {
		r.elixir = m[1]
	}
	if _, err := lab.Exec(ctx, s, nil, "rm -rf "+there+" && mkdir -p "+there+"/ebin"); err != nil {
		return err
	}
	if err := lab.CopyTo(ctx, s, "integration/erlang/ct/.", there+"/"); err != nil {
		return err
	}
	_, err = lab.Exec(ctx, s, nil, "cd "+there+" && erlc -o ebin *.erl")
	return err
}

// connects makes the first check: that the release connects to gonode. If it does not although the network works, that
// is a failed check, and not something that could not be run.
func connects(ctx context.Context, lab *docker.Lab, r *row) (bool, error) {
	s := r.peer.Service
	script := fmt.Sprintf(`{ok, Address} = inet:getaddr("testbed.lab", inet),
		{ok, [_ | _]} = erl_epmd:names(Address),
		io:format("~0p ~0p~n",
			[net_adm:ping('%s'), catch gen_server:call({echo, 'gonode@gonode.lab'}, hi)]), halt().`, control)
	command := fmt.Sprintf(`exec erl -noinput -hidden -name hello@%s.lab -setcookie "$GONODE_COOKIE" \
		-connect_all false -eval "$SCRIPT"`, s)
	c := check{section: "connects", function: "image", outcome: failed, place: "net_adm:ping/1, gen_server:call/2",
		promise: "a node of this release connects to the images gonode and gonode-testbed"}
	for range 3 {
		said, err := lab.Exec(ctx, s, []string{"SCRIPT=" + script}, command)
		if err != nil {
			return false, err
		}
		lines := strings.Split(said, "\n")
		if c.why = said; lines[len(lines)-1] == "pong hi" {
			c.outcome, c.why = passed, ""
			break
		}
	}
	r.checks[gonode] = []check{c}
	return c.outcome == passed, nil
}

// suitesOn runs the suites.
func (o options) suitesOn(ctx context.Context, lab *docker.Lab, r *row, on side) error {
	if o.suites == exunit {
		return nil
	}
	checks, err := o.once(ctx, lab, r, on, o.suites)
	r.checks[on] = append(r.checks[on], checks...)
	return err
}

// once runs suites and returns their checks. It fails if they do not end by themselves.
func (o options) once(ctx context.Context, lab *docker.Lab, r *row, on side, suites string) ([]check, error) {
	ctx, cancel := context.WithTimeout(ctx, 15*time.Minute)
	defer cancel()
	s := r.peer.Service
	env := []string{"COMPAT_OUT=" + there + "/out.tsv", "COMPAT_SUITES=" + suites}
	if on == gonode {
		env = append(env, "COMPAT_CONTROL="+control)
	}
	// The nodes that a driver starts have names that begin with its own. No other node of this network has such names.
	return account(ctx, lab, s, env,
		fmt.Sprintf(`cd %s && exec erl -noinput -name driver_%s@%s.lab -setcookie "$GONODE_COOKIE" \
			-connect_all false -pa ebin -s compat_run`,
			there, s, s))
}

// account runs a command in a service that writes an account, and returns the checks in it.
func account(ctx context.Context, lab *docker.Lab, s string, env []string, command string) ([]check, error) {
	said, failure := lab.Exec(ctx, s, env, "rm -f "+there+"/out.tsv && "+command)
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	dir, err := os.MkdirTemp("", "matrix")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	file := filepath.Join(dir, "out.tsv")
	if err := lab.CopyFrom(ctx, s, there+"/out.tsv", file); err != nil {
		return nil, fmt.Errorf("the suites were not run: %v: %s", failure, tail(said))
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	checks, err := parse(string(text))
	switch {
	case err != nil:
		return nil, err
	case failure != nil && !slices.ContainsFunc(checks, func(c check) bool { return c.outcome == failed }):
		return nil, fmt.Errorf("the suites did not end as they should: %v: %s", failure, tail(said))
	}
	return checks, nil
}

// tail returns the end of a text.
func tail(text string) string {
	const most = 2000
	return text[max(0, len(text)-most):]
}
