// Package stock is a typed server in two versions: it keeps how many pieces of each item are there. Version 2 also
// remembers since when, and answers with a struct of Elixir. The files of both releases are in root.
//
// From a shell of the same cluster, with the server registered as stock on the node gonode@host:
//
//	gen_server:call({stock, gonode@host}, {put, <<"tea">>, 5}).              % Erlang
//	GenServer.call({:stock, :"gonode@host"}, {:put, "tea", 5})               # Elixir
package stock

import (
	"maps"

	"github.com/gonode-otp/gonode/codechange"
	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
	"github.com/gonode-otp/gonode/genserv/typed"
)

// Amount is the argument of {put, Name, N} and {take, Name, N}.
type Amount struct {
	_    struct{} `etf:"tuple"`
	Name string
	N    int
}

// Counts is the state of version 1. A handler changes a copy of it.
type Counts map[string]int

// V1 is version 1. It embeds the Mux, and has further callbacks as methods.
type V1 struct{ *typed.Mux[Counts] }

// NewV1 returns version 1.
func NewV1() V1 {
	m := typed.NewMux[Counts]("stock")
	typed.OnInit(m, func(*genserv.Process, struct{}) (Counts, error) { return Counts{}, nil })
	typed.OnCall(m, "put", func(_ *genserv.Process, s Counts, a Amount) (left int, next Counts, err error) {
		next = maps.Clone(s)
		next[a.Name] += a.N
		return next[a.Name], next, nil
	})
	typed.OnCall(m, "take", func(_ *genserv.Process, s Counts, a Amount) (left int, next Counts, err error) {
		if s[a.Name] < a.N {
			return 0, s, only(s[a.Name])
		}
		next = maps.Clone(s)
		next[a.Name] -= a.N
		return next[a.Name], next, nil
	})
	typed.OnCall(m, "find", func(_ *genserv.Process, s Counts, name string) (n int, next Counts, err error) {
		return s[name], s, nil
	})
	return V1{m}
}

// CopyState returns the state as it is, since handlers and code changes only change copies of it. It implements
// genserv.StateCopier.
func (V1) CopyState(s Counts) Counts { return s }

// only is the error {only, N}.
func only(n int) error { return &typed.Error{Reason: etf.Tagged("only", etf.Int(n))} }

// Versions returns the versions of the application stock. Each node needs its own.
func Versions() (*codechange.Versions, error) {
	return codechange.NewVersions(application("1", genserv.Of(NewV1())), application("2", genserv.Of(NewV2())))
}

func application(vsn string, code genserv.Module) codechange.Application {
	return codechange.Application{Name: "stock", Vsn: vsn, Modules: []*codechange.Module{{Vsn: vsn, Code: code}}}
}
