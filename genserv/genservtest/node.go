package genservtest

import (
	"context"
	"time"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv/driver"
)

// What needs a node fails with ErrNoNode; signals go nowhere.

func (r proc) Receive(_ time.Duration, match func(etf.Term) bool) (etf.Term, error) {
	return r.p.take(match), nil
}

func (r proc) MakeRef() (etf.Ref, error) {
	r.p.refs++
	return etf.Ref{Node: Self.Node, Creation: Self.Creation, Len: 3, Words: [5]uint32{r.p.refs}}, nil
}

func (r proc) TrapExit(on bool) (old bool) {
	old, r.p.trap = r.p.trap, on
	return old
}

func (r proc) Alias(bool) (etf.Ref, error)                              { return r.MakeRef() }
func (proc) Unalias(etf.Ref) bool                                       { return true }
func (r proc) Monitor(etf.Term, driver.MonitorOptions) (etf.Ref, error) { return r.MakeRef() }
func (proc) Demonitor(etf.Ref)                                          {}
func (proc) Link(etf.Pid, bool)                                         {}
func (proc) Unlink(etf.Pid)                                             {}
func (proc) Exit(_, _ etf.Term, _ bool)                                 {}
func (proc) Detach(etf.Term)                                            {}
func (proc) Register(etf.Atom) error                                    { return nil }
func (proc) Unregister(etf.Atom) error                                  { return nil }

func (proc) NameOf(pid etf.Pid) (etf.Atom, bool) { return "", pid == Self || pid == Caller }

func (proc) Spawn(etf.Atom, driver.Module, etf.Term, bool) (etf.Pid, error) {
	return etf.Pid{}, ErrNoNode
}

func (proc) Call(context.Context, etf.Term, etf.Term) (etf.Term, error) { return nil, ErrNoNode }

func (proc) MultiCall(_ context.Context, nodes []etf.Atom, _ etf.Atom, _ etf.Term) ([]driver.NodeReply, []etf.Atom) {
	return nil, nodes
}

func (proc) Abcast(_ context.Context, nodes []etf.Atom, _ etf.Atom, _ etf.Term) []etf.Atom {
	return nodes
}
func (proc) Terminate(context.Context, etf.Term, etf.Term) error { return ErrNoNode }

func (proc) Locate(_ context.Context, to etf.Term) (etf.Term, error) { return to, ErrNoNode }
