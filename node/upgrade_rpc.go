package node

import (
	"context"
	"errors"

	"github.com/gonode-otp/gonode/codechange"
	"github.com/gonode-otp/gonode/dist"
	"github.com/gonode-otp/gonode/etf"
)

// exportUpgrade exports what gonode upgrade uses, beside what OTP's tools do: functions of a module gonode that answer with
// the report.
//
//	gonode:install_release(Vsn, Options)     {ok, {Other, Descr}, Report} | {error, Reason, Report}
//	gonode:rehearse_release(Vsn, Options)    the same, and nothing has changed
//	gonode:last_install()                    {Vsn, Began, Answer} of the last installation: Began in milliseconds since 1970,
//	                                         Answer as above, or the atom running; undefined if there was none
//
// Options are those of release_handler:install_release/2 and codechange.Options, and {progress, Pid}: Pid gets
// {progress, Step, Steps, Instruction, Processes} before each instruction. The report is a map, see codechange.Report; it is
// undefined if the upgrade was refused before it began.
func (n *Node) exportUpgrade() {
	h := n.releases
	for name, do := range map[etf.Atom]func(context.Context, string, codechange.Options) (*codechange.Transition, *codechange.Report, error){
		"install_release": h.Install, "rehearse_release": h.Rehearse,
	} {
		n.Export("gonode", name, 2, func(ctx context.Context, args etf.List) (etf.Term, error) {
			options, ok := args[1].(etf.List)
			if !ok {
				return nil, ErrBadArgument
			}
			rest, progress := n.progressOption(options)
			o, err := h.ReadOptions(rest)
			if err != nil {
				return upgradeAnswer(nil, nil, err), nil
			}
			o.Progress = progress
			return upgradeAnswer(do(ctx, stringOf(args[0], ""), o)), nil
		})
	}
	n.Export("gonode", "last_install", 0, func(context.Context, etf.List) (etf.Term, error) { return lastInstall(h), nil })
}

func lastInstall(h *codechange.Handler) etf.Term {
	a, ok := h.LastAttempt()
	if !ok {
		return etf.Atom("undefined")
	}
	answer := etf.Term(etf.Atom("running"))
	if !a.Running {
		answer = upgradeAnswer(a.Transition, a.Report, a.Err)
	}
	return etf.Tuple{etf.Charlist(a.To), etf.Int(a.Began.UnixMilli()), answer}
}

// progressOption takes {progress, Pid} out of a list of options.
func (n *Node) progressOption(options etf.List) (rest etf.List, progress func(codechange.Progress)) {
	rest = etf.List{}
	for _, o := range options {
		pair, _ := o.(etf.Tuple)
		if len(pair) != 2 || pair[0] != etf.Term(etf.Atom("progress")) {
			rest = append(rest, o)
			continue
		}
		progress = func(p codechange.Progress) {
			if pid, ok := pair[1].(etf.Pid); ok {
				n.tell(pid, etf.Tuple{pair[0], etf.Int(p.Step), etf.Int(p.Steps), p.Instruction, etf.Int(p.Processes)})
			}
		}
	}
	return rest, progress
}

// tell sends a message over a connection that is up, and otherwise drops it: an upgrade waits for nobody who only looks on.
func (n *Node) tell(pid etf.Pid, msg etf.Term) {
	if pid.Node == n.name {
		n.sendLocal(destination{pid: pid}, msg, nil, nil)
	} else if p := n.peers.up(pid.Node); p != nil && p.usable() {
		p.send(&dist.Send{From: n.self, To: pid}, msg)
	}
}

func upgradeAnswer(t *codechange.Transition, report *codechange.Report, err error) etf.Term {
	told := etf.Term(etf.Atom("undefined"))
	if report != nil {
		told = report.Term()
	}
	var failed *codechange.Error
	switch {
	case errors.As(err, &failed):
		return etf.Tuple{etf.Atom("error"), failed.Reason, told}
	case err != nil:
		return etf.Tuple{etf.Atom("error"), etf.Binary(err.Error()), told}
	}
	return etf.Tuple{etf.Atom("ok"), etf.Tuple{etf.Charlist(t.Other), etf.Charlist(t.Description)}, told}
}
