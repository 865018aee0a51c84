package upgrade

import (
	"context"
	"errors"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
)

// lockName is the registered name that whoever changes several nodes takes on each of them. The registry gives it to
// one at a time, so it is the lock. global has such locks on a BEAM: global:set_lock/3.
const lockName etf.Atom = "gonode_upgrade_lock"

// lockRetries is how often a lock is asked for again whose holder has ended in between.
const lockRetries = 3

// Unlock serves gonode:unlock_upgrades(Pid): ok, or {error, not_locked} if Pid does not hold the lock.
func Unlock(ctx context.Context, servers Servers, pid etf.Term) (etf.Term, error) {
	answer, err := servers.Call(ctx, lockName, etf.Tuple{etf.Atom("unlock"), pid})
	if errors.Is(err, genserv.ErrNoProc) {
		return etf.Tuple{etf.Atom("error"), etf.Atom("not_locked")}, nil
	}
	return answer, err
}

// Lock serves gonode:lock_upgrades(Pid, Who): ok, and Pid holds the lock until it ends or gives it back, or {error,
// {locked, Holder, Who}}. The lock is a process of the node, whoever asked for it.
func Lock(ctx context.Context, servers Servers, pid etf.Pid, who etf.Term) (etf.Term, error) {
	var err error
	for range lockRetries {
		_, err = servers.Spawn(ctx,
			genserv.Child{Name: lockName, Module: genserv.Of(lock{}), Args: etf.Tuple{pid, who}})
		if held := (*genserv.AlreadyStarted)(nil); !errors.As(err, &held) {
			break
		}
		var holder etf.Term
		holder, err = servers.Call(ctx, lockName, etf.Atom("holder"))
		if t, ok := holder.(etf.Tuple); err == nil && ok && len(t) == 2 {
			if etf.Equal(t[0], pid) {
				return etf.Atom("ok"), nil
			}
			return etf.Tuple{etf.Atom("error"), etf.Tuple{etf.Atom("locked"), t[0], t[1]}}, nil
		}
	}
	if err != nil {
		return nil, err
	}
	return etf.Atom("ok"), nil
}

// lock is the process that is the lock. Its state is {Pid, Who} of the holder. It ends with the holder, so that
// an operator that dies, or whose connection is lost, leaves no lock behind.
type lock struct{}

// Init monitors the holder.
func (lock) Init(p *genserv.Process, args etf.Term) genserv.InitResult[etf.Tuple] {
	holder := args.(etf.Tuple)
	if _, err := p.Monitor(holder[0]); err != nil {
		return genserv.StopInit[etf.Tuple](etf.Atom("noproc"))
	}
	return genserv.Ok(holder)
}

// HandleCall answers holder, and {unlock, Pid}.
func (lock) HandleCall(_ *genserv.Process, request etf.Term, _ genserv.From,
	holder etf.Tuple) genserv.Result[etf.Tuple] {
	if t, ok := etf.AsTuple(request, "unlock", 2); ok {
		if !etf.Equal(t[1], holder[0]) {
			return genserv.Reply(etf.Tuple{etf.Atom("error"), etf.Atom("not_locked")}, holder)
		}
		return genserv.StopReply(etf.Atom("normal"), etf.Atom("ok"), holder)
	}
	return genserv.Reply(holder, holder)
}

// HandleInfo takes the end of the holder.
func (lock) HandleInfo(_ *genserv.Process, msg etf.Term, holder etf.Tuple) genserv.Result[etf.Tuple] {
	if _, ok := genserv.AsDown(msg); ok {
		return genserv.Stop(etf.Atom("normal"), holder)
	}
	return genserv.NoReply(holder)
}
