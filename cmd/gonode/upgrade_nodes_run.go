package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
	"github.com/gonode-otp/gonode/node"
	"github.com/gonode-otp/gonode/releasehandler"
)

// rollout brings several nodes to a release, the first alone and the others in waves.
type rollout struct {
	cmd      *cobra.Command
	n        *node.Node
	flags    upgradeFlags
	vsn      string
	members  []*member
	operator *operator
	board    *board
}

func newRollout(cmd *cobra.Command, n *node.Node, f upgradeFlags, vsn string, names []etf.Atom) *rollout {
	r := &rollout{cmd: cmd, n: n, flags: f, vsn: vsn, operator: &operator{failed: make(chan string, 1)}}
	for _, name := range names {
		r.members = append(r.members, &member{upgrading: &upgrading{cmd: cmd, n: n, peer: name, flags: f},
			vsn: vsn, stage: waiting, wave: -1})
	}
	r.board = newBoard(cmd, f.format.value, r.members)
	return r
}

// run runs the rollout. Whatever goes wrong, it prints at the end what became of each node.
func (r *rollout) run(ctx context.Context) (err error) {
	if r.operator.pid, err = r.n.Spawn(ctx, genserv.Child{Module: genserv.Of(r.operator)}); err != nil {
		return err
	}
	down, err := r.reach(ctx)
	if err == nil && down.all(r.members) {
		err = down.first()
	}
	if err != nil {
		return errors.Join(err, r.board.close(r.vsn))
	}
	lasting := context.WithoutCancel(ctx)
	defer func() {
		inParallel(r.members, func(m *member) error {
			ctx, cancel := context.WithTimeout(lasting, usualTimeout)
			defer cancel()
			m.unlock(ctx)
			return nil
		})
	}()
	err = r.roll(ctx)
	if err == nil {
		err = down.told(r.flags)
	}
	return errors.Join(err, r.board.close(r.vsn))
}

// unreachable holds, for each node that was missed, the reason.
type unreachable []error

func (d unreachable) all(members []*member) bool { return len(d) == len(members) }
func (d unreachable) first() error               { return d[0] }

// told returns the error of an upgrade that has missed some nodes.
func (d unreachable) told(f upgradeFlags) error {
	if len(d) == 0 || f.dryRun {
		return errors.Join(d...)
	}
	return &hintedError{errors.Join(d...), "when it is back the same command with --reapply brings it up to the release"}
}

// reach connects to the nodes. Nodes that are down are missed. A node that is up and refuses is an error.
func (r *rollout) reach(ctx context.Context) (down unreachable, err error) {
	ctx, cancel := context.WithTimeout(ctx, usualTimeout)
	defer cancel()
	failures := inParallel(r.members, func(m *member) error { return m.n.Connect(ctx, m.peer) })
	for i, failure := range failures {
		switch {
		case failure == nil:
			continue
		case exitCode(failure) == exitHandshake:
			err = r.members[i].fails(r.board, failure)
			continue
		}
		r.members[i].stage, r.members[i].reason = missed, plain(failure)
		r.board.show(r.members[i])
		down = append(down, failure)
	}
	return down, err
}

// in returns the members that are in one of the given stages.
func (r *rollout) in(stages ...stage) (some []*member) {
	for _, m := range r.members {
		if slices.Contains(stages, m.stage) {
			some = append(some, m)
		}
	}
	return some
}

// roll upgrades the nodes that were reached.
func (r *rollout) roll(ctx context.Context) error {
	if err := r.prepare(ctx); err != nil {
		return err
	}
	todo := r.in(waiting)
	if len(todo) > 0 {
		r.board.note("dry run")
	}
	if err := r.each(todo, tried, func(m *member) error { return m.rehearse(ctx) }); err != nil || r.flags.dryRun {
		return err
	}
	for wave, members := range waves(todo, r.flags.nodes.wave) {
		if wave == 0 {
			r.board.note("canary")
		} else {
			r.board.note(fmt.Sprintf("wave %d", wave))
		}
		err := r.upgradeWave(ctx, wave, members)
		if err == nil {
			err = r.watch(ctx, members)
		}
		if err != nil {
			return r.takeBack(ctx, err)
		}
	}
	if !r.flags.permanent {
		return nil
	}
	r.board.note("make permanent")
	return r.each(r.in(upgraded, present), permanent, func(m *member) error { return m.keep(ctx) })
}

// prepare locks the nodes, and finds out what to do with each.
func (r *rollout) prepare(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, usualTimeout)
	defer cancel()
	examine := func(m *member) error { return m.examine(ctx) }
	if err := r.each(r.in(waiting), waiting, examine); err != nil {
		return err
	}
	locked := r.in(waiting)
	for _, m := range locked {
		if m.otp && (r.flags.busy.value != "fail" || r.flags.strict) {
			return usagef("%s is an OTP node: it knows neither --busy nor --strict", m.peer)
		}
	}
	// All operators lock in the same order, so that one of two operators gets all locks.
	slices.SortFunc(locked, func(a, b *member) int { return strings.Compare(string(a.peer), string(b.peer)) })
	for _, m := range locked {
		if err := m.lock(ctx, r.operator); err != nil {
			return m.fails(r.board, err)
		}
	}
	// The node may run another release by now, because there was no lock at the first look.
	if err := r.each(r.in(waiting), waiting, examine); err != nil {
		return err
	}
	for _, m := range r.in(waiting) {
		switch {
		case m.from != r.vsn:
		case !r.flags.nodes.reapply:
			return m.fails(r.board, fmt.Errorf("%s runs release %s already; --reapply passes such nodes over", m.peer, r.vsn))
		default:
			m.stage = present
			if m.status == releasehandler.StatusPermanent {
				m.stage = permanent
			}
			r.board.show(m)
		}
	}
	return nil
}

// fails records that this node ended the rollout.
func (m *member) fails(b *board, err error) error {
	m.stage, m.reason = refused, plain(err)
	b.show(m)
	return err
}

// each calls do for members in parallel. The error is that of the first member that failed, with its name.
func (r *rollout) each(members []*member, then stage, do func(*member) error) error {
	failures := inParallel(members, func(m *member) error {
		before := m.stage
		err := do(m)
		switch {
		case err == nil && then == before:
			return nil
		case err == nil:
			m.stage = then
		case m.stage == waiting:
			m.stage, m.reason = refused, plain(err)
		}
		r.board.show(m)
		return err
	})
	for i, err := range failures {
		if err != nil {
			return &memberError{members[i].peer, err}
		}
	}
	return nil
}

// memberError is the error of one node.
type memberError struct {
	peer etf.Atom
	err  error
}

func (e *memberError) Error() string { return fmt.Sprintf("%s: %v", e.peer, e.err) }
func (e *memberError) Unwrap() error { return e.err }

// inParallel calls do for members in parallel and returns the error of each.
func inParallel(members []*member, do func(*member) error) []error {
	failures := make([]error, len(members))
	var all sync.WaitGroup
	for i, m := range members {
		all.Go(func() { failures[i] = do(m) })
	}
	all.Wait()
	return failures
}

// waves returns the canary alone, and then the others in groups of size.
func waves(members []*member, size int) (all [][]*member) {
	if len(members) == 0 {
		return nil
	}
	return append([][]*member{members[:1]}, slices.Collect(slices.Chunk(members[1:], max(1, size)))...)
}

// upgradeWave upgrades members in parallel and returns when each has ended its upgrade. If ctx ends, running upgrades
// are aborted; an OTP node cannot abort one.
func (r *rollout) upgradeWave(ctx context.Context, wave int, members []*member) error {
	lasting := context.WithoutCancel(ctx)
	given := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(given)
		inParallel(members, func(m *member) error {
			if m.otp {
				return nil
			}
			ctx, cancel := context.WithTimeout(lasting, usualTimeout)
			defer cancel()
			_, err := m.rpc(ctx, "gonode", "abort_upgrade")
			return err
		})
	})
	if ctx.Err() != nil {
		if !stop() {
			<-given
		}
		return context.Cause(ctx)
	}
	for _, m := range members {
		m.wave, m.stage = wave, changing
		r.board.show(m)
	}
	err := r.each(members, upgraded, func(m *member) error {
		if err := m.upgrade(lasting); err != nil {
			return err
		}
		watch := etf.Tuple{etf.Atom("watch"), m.peer, etf.List(m.servers)}
		if _, err := m.n.Call(lasting, r.operator.pid, watch); err != nil {
			return err
		}
		return m.runs(lasting, r.vsn) // the answer comes when the monitors are set
	})
	if !stop() {
		<-given
		return errors.Join(context.Cause(ctx), err)
	}
	return err
}

// watch watches all nodes that run the release for a while.
func (r *rollout) watch(ctx context.Context, wave []*member) error {
	r.board.note(fmt.Sprintf("watching for %v", r.flags.watch))
	timer := time.NewTimer(r.flags.watch)
	defer timer.Stop()
	select {
	case what := <-r.operator.failed:
		return errors.New(what)
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-timer.C:
	}
	for i, err := range inParallel(wave, func(m *member) error { return m.runs(ctx, r.vsn) }) {
		if err != nil {
			wave[i].reason = plain(err)
			return &memberError{wave[i].peer, err}
		}
	}
	return nil
}

// takeBack brings the nodes that run the release back to their old one, the last node first.
func (r *rollout) takeBack(ctx context.Context, cause error) error {
	ctx = context.WithoutCancel(ctx)
	r.board.note("rolling back: " + plain(cause))
	done := r.in(upgraded)
	slices.SortStableFunc(done, func(a, b *member) int { return a.wave - b.wave })
	for _, m := range slices.Backward(done) {
		if _, err := m.n.Call(ctx, r.operator.pid, etf.Tuple{etf.Atom("forget"), m.peer}); err == nil {
			m.back(ctx)
		}
		r.board.show(m)
	}
	hint := fmt.Sprintf("%d nodes were rolled back", len(r.in(returned)))
	if lost := r.in(astray); len(lost) > 0 {
		hint += fmt.Sprintf(", %d were not; gonode upgrade NODE --report tells more", len(lost))
	}
	return &hintedError{cause, hint}
}
