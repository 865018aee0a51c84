package fakehost

import (
	"errors"
	"runtime"
	"slices"

	"github.com/gonode-otp/gonode/codechange"
	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
)

// The servers of the tests count the calls of add. Their state has another shape in version 2 than in version 1; 3
// and 4 keep that of 2, and 5 has no code_change. They do what the extra of a script tells: {error, Name, R} and the
// like for the process called Name.
type (
	one struct {
		Name string
		N    int
	}
	two struct {
		Name string
		N    int
		More string
	}

	CounterOne struct {
		w    *Host
		Name etf.Atom
	}
	CounterTwo struct {
		w    *Host
		Name etf.Atom
		vsn  int
	}
	CounterFive  struct{ CounterPlain }
	CounterPlain struct {
		w    *Host
		Name etf.Atom
	}
)

func (s CounterOne) ModuleName() etf.Atom   { return s.Name }
func (s CounterTwo) ModuleName() etf.Atom   { return s.Name }
func (s CounterPlain) ModuleName() etf.Atom { return s.Name }

func (CounterOne) Init(_ *genserv.Process, args etf.Term) genserv.InitResult[one] {
	t := args.(etf.Tuple)
	return genserv.Ok(one{string(t[0].(etf.Atom)), int(t[1].(etf.Int))})
}

func (CounterTwo) Init(_ *genserv.Process, args etf.Term) genserv.InitResult[two] {
	t := args.(etf.Tuple)
	return genserv.Ok(two{string(t[0].(etf.Atom)), int(t[1].(etf.Int)), "new"})
}

func (CounterPlain) Init(p *genserv.Process, args etf.Term) genserv.InitResult[two] {
	return CounterTwo{}.Init(p, args)
}

func (s CounterOne) HandleCall(_ *genserv.Process, request etf.Term, _ genserv.From, state one) genserv.Result[one] {
	if etf.IsAtom(request, "block") {
		s.w.Find(etf.Atom(state.Name)).Block()
	} else {
		state.N++
	}
	return genserv.Reply(etf.Tuple{atom("v1"), etf.Int(state.N)}, state)
}

func (s CounterTwo) HandleCall(_ *genserv.Process, request etf.Term, _ genserv.From, state two) genserv.Result[two] {
	switch request {
	case atom("block"):
		s.w.Find(etf.Atom(state.Name)).Block()
	case atom("stop"):
		return genserv.Stop(atom("normal"), state)
	default:
		state.N++
	}
	return genserv.Reply(etf.Tuple{etf.Int(s.vsn), etf.Int(state.N), etf.Atom(state.More)}, state)
}

func (s CounterPlain) HandleCall(_ *genserv.Process, _ etf.Term, _ genserv.From, state two) genserv.Result[two] {
	return genserv.Reply(atom("plain"), state)
}

func (s CounterOne) CodeChange(oldVsn etf.Term, old any, extra etf.Term) (one, error) {
	state := old.(one)
	return state, s.w.obey(state.Name, oldVsn, old, extra)
}

func (s CounterTwo) CodeChange(oldVsn etf.Term, old any, extra etf.Term) (two, error) {
	switch state := old.(type) {
	case one:
		err := s.w.obey(state.Name, oldVsn, old, extra)
		return two{state.Name, state.N * 10, "changed"}, err
	case two:
		err := s.w.obey(state.Name, oldVsn, old, extra)
		state.More = "again"
		return state, err
	}
	return two{}, errors.New("unknown state")
}

func (s CounterTwo) Downgrade(vsn etf.Term, state two, extra etf.Term) (any, error) {
	if err := s.w.obey(state.Name, etf.Tuple{atom("down"), vsn}, state, extra); err != nil {
		return nil, err
	}
	switch {
	case matches(extra, "weird", state.Name):
		return "a string", nil
	case etf.Equal(vsn, etf.Charlist("1")):
		return one{state.Name, state.N / 10}, nil
	}
	state.More = "older"
	return state, nil
}

// vandal alters the old state.
type vandal struct{ w *Host }

func (vandal) ModuleName() etf.Atom { return "m4" }

func (vandal) Init(_ *genserv.Process, args etf.Term) genserv.InitResult[map[string]int] {
	return genserv.Ok(map[string]int{"n": int(args.(etf.Tuple)[1].(etf.Int))})
}

func (vandal) HandleCall(_ *genserv.Process, _ etf.Term, _ genserv.From,
	s map[string]int) genserv.Result[map[string]int] {
	return genserv.Reply(atom("vandal"), s)
}

func (vandal) CodeChange(_ etf.Term, old any, _ etf.Term) (map[string]int, error) {
	s := old.(map[string]int)
	s["n"] *= 2
	return s, nil
}

func matches(extra etf.Term, what etf.Atom, name string) bool {
	t, ok := extra.(etf.Tuple)
	if ok && len(t) == 2 && t[0] == etf.Term(what) {
		if names, isList := t[1].(etf.List); isList {
			return slices.Contains(names, etf.Term(etf.Atom(name)))
		}
	}
	return ok && len(t) > 1 && t[0] == etf.Term(what) && etf.IsAtom(t[1], etf.Atom(name))
}

// obey notes a code change and does what its extra tells.
func (w *Host) obey(name string, oldVsn etf.Term, old any, extra etf.Term) error {
	w.Note("%s code_change(%s,%v,%s)", name, etf.Format(oldVsn), old, etf.Format(extra))
	switch {
	case matches(extra, "error", name):
		return &genserv.Exit{Reason: extra.(etf.Tuple)[2]}
	case matches(extra, "crash", name):
		panic(extra.(etf.Tuple)[2])
	case matches(extra, "exit", name):
		panic(genserv.Exit{Reason: extra.(etf.Tuple)[2]})
	case matches(extra, "goexit", name):
		runtime.Goexit()
	case matches(extra, "hang", name):
		w.Find(etf.Atom(name)).Block()
	case matches(extra, "die", name):
		w.Find(etf.Atom(name)).Kill()
	}
	return nil
}

// versions links the modules of an application demo in versions "1" to "5": m1, m2 and m3 are servers, lib is code of
// others.
func (w *Host) Link() {
	names := []etf.Atom{"m1", "m2", "m3"}
	var apps []codechange.Application
	for i, vsn := range []string{"1", "2", "3", "4", "5"} {
		app := codechange.Application{Name: "demo", Vsn: vsn}
		for _, name := range names {
			m := &codechange.Module{Vsn: vsn}
			switch vsn {
			case "1":
				m.Code = genserv.Of(CounterOne{w, name})
			case "5":
				m.Code = genserv.Of(CounterFive{CounterPlain{w, name}})
			default:
				m.Code = genserv.Of(CounterTwo{w, name, i + 1})
			}
			app.Modules = append(app.Modules, m)
		}
		app.Modules = append(app.Modules, &codechange.Module{Name: "lib", Vsn: vsn},
			&codechange.Module{Vsn: vsn, Code: genserv.Of(vandal{w})})
		app.Modules = append(app.Modules, &codechange.Module{Vsn: vsn, Code: genserv.Of(keeper{w, "m5"})},
			&codechange.Module{Vsn: vsn, Code: genserv.Of(copyingKeeper{keeper{w, "m6"}})})
		apps = append(apps, app)
	}
	var err error
	if w.Versions, err = codechange.NewVersions(apps...); err != nil {
		panic(err)
	}
}
