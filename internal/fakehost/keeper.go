package fakehost

import (
	"maps"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
)

// keeper is a server whose code change alters the state in place and needs its process. With copies it is a
// StateCopier. It notes what it is told of the end of its code changes.
type keeper struct {
	w    *Host
	name etf.Atom
}

type copyingKeeper struct{ keeper }

type hoard map[string]int

func (copyingKeeper) CopyState(s hoard) hoard { return maps.Clone(s) }

func (k keeper) ModuleName() etf.Atom { return k.name }

func (keeper) Init(_ *genserv.Process, args etf.Term) genserv.InitResult[hoard] {
	return genserv.Ok(hoard{"n": int(args.(etf.Tuple)[1].(etf.Int))})
}

func (keeper) HandleCall(_ *genserv.Process, _ etf.Term, _ genserv.From, s hoard) genserv.Result[hoard] {
	s["n"]++
	return genserv.Reply(etf.Int(s["n"]), s)
}

func (k keeper) CodeChange(p *genserv.Process, _ etf.Term, old any, extra etf.Term) (hoard, error) {
	s := old.(hoard)
	s["n"] *= 100
	if err := p.TrySend(p.Self(), etf.Tuple{atom("made"), etf.Int(s["n"])}); err != nil {
		return nil, err
	}
	if etf.IsAtom(extra, "call") {
		if _, err := p.Spawn(genserv.Child{}); err != nil {
			return nil, err
		}
	}
	return s, nil
}

func (k keeper) EndCodeChange(_ *genserv.Process, kept bool, old, made any) {
	k.w.Note("kept %v: %d -> %d", kept, old.(hoard)["n"], made.(hoard)["n"])
}
