// Package upgrade is a counter in three versions that are linked into one program, with the release files that lead
// from one to the next: version 1 counts with a number, version 2 also remembers by whose hand, and version 3 refuses
// to take over a counter that has grown too large, so that an upgrade to it fails and everything stays at version 2.
//
// README.md tells the story.
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

// add takes {add, N} apart.
func add(request etf.Term) (n int, ok bool) {
	t, ok := etf.AsTuple(request, "add", 2)
	if !ok {
		return 0, false
	}
	i, ok := t[1].(etf.Int)
	return int(i), ok
}

var unknown = etf.Tuple{etf.Atom("error"), etf.Atom("unknown_request")}
