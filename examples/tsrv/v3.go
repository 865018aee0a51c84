package tsrv

import (
	"io/fs"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
)

// V3 is version 3 of t__srv, which has no developer mode: it refuses to take over a server with an application that is
// in it, so that an upgrade fails and everything stays as it was.
type V3 struct{ V2 }

// NewV3 makes it, as NewV1 does version 1.
func NewV3(texts fs.FS) V3 { return V3{NewV2(texts)} }

// HandleCall implements genserv.Server.
func (v V3) HandleCall(p *genserv.Process, request etf.Term, from genserv.From, s State2) genserv.Result[State2] {
	if wantsDev(request) {
		return result(reply(etf.Tagged("error", etf.Atom("no_dev_mode"))), s.Idle, s)
	}
	return v.V2.HandleCall(p, request, from, s)
}

// HandleCast implements genserv.Caster.
func (v V3) HandleCast(p *genserv.Process, request etf.Term, s State2) genserv.Result[State2] {
	if wantsDev(request) {
		return result(action{}, s.Idle, s)
	}
	return v.V2.HandleCast(p, request, s)
}

// wantsDev tells whether a request would turn the developer mode on.
func wantsDev(request etf.Term) bool {
	t, isSet := etf.AsTuple(request, "config_set", 3)
	if !isSet {
		return false
	}
	c, isConfig := asConfig(t[1], t[2])
	return isConfig && c.Dev
}

// CodeChange refuses developer mode: code_change/3 returns {error, {dev_mode, [App]}} for it.
func (v V3) CodeChange(p *genserv.Process, vsn etf.Term, old any, extra etf.Term) (State2, error) {
	s, isState := old.(State2)
	if !isState {
		return s, oldState(vsn, old)
	}
	if err := v.change(p, vsn, &s.State, extra, s.option); err != nil {
		return s, err
	}
	if s.DevCount > 0 {
		var apps etf.List
		for _, c := range s.Configs {
			if c.Dev {
				apps = append(apps, c.App)
			}
		}
		return s, &genserv.Exit{Reason: etf.Tagged("dev_mode", apps)}
	}
	return s, nil
}

// Downgrade makes the state of version 2, which is the same.
func (v V3) Downgrade(p *genserv.Process, vsn etf.Term, s State2, extra etf.Term) (any, error) {
	err := v.change(p, etf.Tagged("down", vsn), &s.State, extra, s.option)
	return s, err
}
