// Package upgrade is a counter in three versions that are linked into one program, with the release files that lead
// from each version to the next. Version 1 counts with a number. Version 2 also counts the additions. Version 3 refuses
// to take over a counter that has grown too large, so an upgrade to it fails and everything stays at version 2.
//
// README.md explains the example step by step.
package upgrade

import (
	"github.com/gonode-otp/gonode/codechange"
	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
)

// Versions returns the versions of the application counter. Each node needs its own.
func Versions() (*codechange.Versions, error) {
	return codechange.NewVersions(
		application("1", genserv.Of(V1{})),
		application("2", genserv.Of(V2{})),
		application("3", genserv.Of(V3{})),
	)
}

func application(vsn string, code genserv.Module) codechange.Application {
	return codechange.Application{Name: "counter", Vsn: vsn,
		Modules: []*codechange.Module{{Vsn: vsn, Code: code}}}
}

// add parses {add, N}.
func add(request etf.Term) (n int, ok bool) {
	t, ok := etf.AsTuple(request, "add", 2)
	if !ok {
		return 0, false
	}
	i, ok := t[1].(etf.Int)
	return int(i), ok
}

var unknown = etf.Tuple{etf.Atom("error"), etf.Atom("unknown_request")}
