package codechange_test

import (
	"fmt"

	"github.com/gonode-otp/gonode/codechange"
	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
)

// tallyOne counts with an int, tallyTwo with a struct.
type (
	tallyOne struct{}
	tallyTwo struct{}
	tally    struct{ N, Calls int }
)

func (tallyOne) ModuleName() etf.Atom { return "tally" }
func (tallyTwo) ModuleName() etf.Atom { return "tally" }

func (tallyOne) Init(*genserv.Process, etf.Term) genserv.InitResult[int] { return genserv.Ok(0) }
func (tallyTwo) Init(*genserv.Process, etf.Term) genserv.InitResult[tally] {
	return genserv.Ok(tally{})
}

func (tallyOne) HandleCall(_ *genserv.Process, _ etf.Term, _ genserv.From, n int) genserv.Result[int] {
	return genserv.Reply(etf.Int(n), n+1)
}

func (tallyTwo) HandleCall(_ *genserv.Process, _ etf.Term, _ genserv.From, s tally) genserv.Result[tally] {
	return genserv.Reply(etf.Int(s.N), tally{s.N + 1, s.Calls + 1})
}

// CodeChange makes the state of version 2 out of that of version 1.
func (tallyTwo) CodeChange(_ etf.Term, old any, _ etf.Term) (tally, error) {
	return tally{N: old.(int)}, nil
}

// Downgrade makes the state of version 1.
func (tallyTwo) Downgrade(_ etf.Term, s tally, _ etf.Term) (any, error) { return s.N, nil }

// Two versions of a server, side by side in one program.
func Example() {
	one := &codechange.Module{Vsn: "1", Code: genserv.Of(tallyOne{})}
	two := &codechange.Module{Vsn: "2", Code: genserv.Of(tallyTwo{})}
	versions, err := codechange.NewVersions(
		codechange.Application{Name: "tally", Vsn: "1", Modules: []*codechange.Module{one}},
		codechange.Application{Name: "tally", Vsn: "2", Modules: []*codechange.Module{two}},
	)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(versions.Modules("tally"))
	_ = versions.CodeServer().Boot([]codechange.AppVsn{{App: "tally", Vsn: "1"}})
	current, _ := versions.Current("tally")
	fmt.Println("new processes run", current)
	// Output:
	// [tally-1 tally-2]
	// new processes run tally-1
}
