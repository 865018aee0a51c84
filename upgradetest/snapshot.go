package upgradetest

import (
	"context"
	"fmt"
	"slices"

	"github.com/gonode-otp/gonode/appup"
	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
)

// snapshot is what the servers of a node are, as far as they run modules of the program.
type snapshot struct {
	servers map[etf.Pid]server
	order   []etf.Pid
	modules string // which versions are current, and how many processes run which
}

type server struct {
	module etf.Atom
	state  etf.Term
}

// snapshot looks at all servers.
func (w *walker) snapshot(ctx context.Context) snapshot {
	s := snapshot{servers: map[etf.Pid]server{}}
	answer, err := w.call(ctx, "release_handler_1", "get_supervised_procs")
	if err != nil {
		w.problems = append(w.problems, err)
		return s
	}
	ours := w.versions.Names()
	found, _ := answer.(etf.List)
	for _, t := range found {
		tuple, _ := t.(etf.Tuple)
		if len(tuple) != 4 {
			continue
		}
		pid, _ := tuple[2].(etf.Pid)
		modules, _ := tuple[3].(etf.List)
		for _, m := range modules {
			module, _ := m.(etf.Atom)
			if _, seen := s.servers[pid]; seen || !slices.Contains(ours, module) {
				continue
			}
			s.servers[pid] = server{module, w.state(ctx, pid)}
			s.order = append(s.order, pid)
			if w.names[pid] == "" {
				w.names[pid] = fmt.Sprintf("%s (%s)", module, etf.Format(tuple[1]))
			}
		}
	}
	s.modules = fmt.Sprint(w.n.ReleaseHandler().Overview().Modules)
	return s
}

// state is what sys:get_state/1 shows. A state that cannot be shown is a problem: nothing could be said about it.
func (w *walker) state(ctx context.Context, pid etf.Pid) etf.Term {
	state, err := w.call(ctx, "sys", "get_state", pid)
	if err != nil {
		w.problems = append(w.problems, fmt.Errorf("the state of the server of %s: %w", w.name(pid), err))
		return etf.Atom("undefined")
	}
	if _, ok := etf.AsTuple(state, "no_term", 3); ok && w.isNewlyOpaque(pid) {
		w.problems = append(w.problems, fmt.Errorf("the state of the server of %s cannot be compared: %s; "+
			"it has to show itself, by StateTerm or as a genserv.StateShower", w.name(pid), etf.FormatMax(state, maxState)))
	}
	return state
}

// isNewlyOpaque tells whether it is new that the state of a server cannot be shown.
func (w *walker) isNewlyOpaque(pid etf.Pid) bool {
	if w.opaquePids == nil {
		w.opaquePids = map[etf.Pid]bool{}
	}
	known := w.opaquePids[pid]
	w.opaquePids[pid] = true
	return !known
}

func (w *walker) call(ctx context.Context, module, function etf.Atom, args ...etf.Term) (etf.Term, error) {
	answer, err := w.n.Call(genserv.WithInfinity(ctx), etf.Atom("rex"),
		etf.Tuple{etf.Atom("call"), module, function, etf.List(args), etf.Atom("user")})
	if t, ok := answer.(etf.Tuple); err == nil && ok && len(t) == 2 && etf.IsAtom(t[0], "badrpc") {
		err = fmt.Errorf("%s:%s: %s", module, function, etf.FormatMax(t[1], maxState))
	}
	return answer, err
}

func (w *walker) name(pid etf.Pid) string {
	if name := w.names[pid]; name != "" {
		return name
	}
	return etf.Format(pid)
}

// checkSamplesPresent finds servers that change and that nothing was started of: neither a sample nor one by Prepare.
func (w *walker) checkSamplesPresent(ctx context.Context, way pair) {
	running := map[etf.Atom]bool{}
	for _, s := range w.snapshot(ctx).servers {
		running[s.module] = true
	}
	linked := w.versions.Linked()
	for _, l := range linked {
		from, ok := leavingVsn(way, l)
		if !ok {
			continue
		}
		for _, m := range l.Modules {
			_, stays := findHolder(linked, way.to, m.Name, m.Version)
			_, goes := findHolder(linked, way.to, m.Name, nil)
			if m.Kind == appup.KindServer && !stays && goes && !running[m.Name] {
				w.problem(way, "there is no sample of the state of %s in %s-%s", m.Name, l.App, from)
			}
		}
	}
}

// leavingVsn tells whether a version of an application is one that the pair leads away from.
func leavingVsn(way pair, l appup.Linked) (vsn string, ok bool) {
	for _, lib := range way.from {
		if lib.App == l.App && lib.Vsn == l.Vsn {
			return lib.Vsn, true
		}
	}
	return "", false
}
