package application

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
)

// fakeHost is a node on which no process runs: every call ends with noproc.
type fakeHost struct{ failed []etf.Term }

func (*fakeHost) Call(context.Context, etf.Term, etf.Term) (etf.Term, error) {
	return nil, &genserv.CallFailure{To: ControllerName, Err: genserv.ErrNoProc}
}
func (*fakeHost) SpawnMaster(etf.Pid, etf.Atom, genserv.Module, func(etf.Pid, error) etf.Term) {}
func (*fakeHost) ApplicationOf(etf.Pid) etf.Atom                                               { return "" }
func (*fakeHost) KillProcesses(etf.Atom, etf.Pid)                                              {}

func (h *fakeHost) Fail(reason etf.Term) { h.failed = append(h.failed, reason) }

func (*fakeHost) Attend(_ context.Context, f func() error) error { return f() }

func parse(t testing.TB, text string) etf.Term {
	t.Helper()
	term, err := etf.Parse(text)
	require.NoError(t, err)
	return term
}

func TestTheRunningReleaseOverridesWhatTheProgramSays(t *testing.T) {
	s := New(t.Context(), &fakeHost{})
	failure := errors.New("no such file")
	s.UseReleases(func(name etf.Atom) (spec, config etf.Term, err error) {
		switch name {
		case "shop":
			return parse(t, `{application,shop,[{vsn,"2"},{modules,[a,b]},{env,[{size,1},{name,x}]},{mod,{a,[]}}]}`),
				parse(t, `[{shop,[{size,2}]},{other,[{size,3}]}]`), nil
		case "odd":
			return parse(t, `{application,odd}`), etf.List{}, nil
		case "unread":
			return nil, nil, failure
		}
		return nil, nil, nil
	})
	as := s.Applications()
	require.NoError(t, as.Load(App{Name: "shop", Vsn: "1", Description: "A shop",
		Env: map[etf.Atom]etf.Term{"gone": etf.Int(1)}}))
	app := s.table.get("shop")
	require.Equal(t, Info{"shop", "A shop", "2"}, app.info(), "what the file does not say stays")
	require.Equal(t, []etf.Atom{"a", "b"}, app.Modules)
	require.Equal(t, map[etf.Atom]etf.Term{"size": etf.Int(2), "name": etf.Atom("x")}, app.Env)

	require.NoError(t, as.Load(App{Name: "alone", Vsn: "1"}))
	require.ErrorContains(t, as.Load(App{Name: "odd"}), "bad_application")
	require.ErrorIs(t, as.Load(App{Name: "unread"}), failure)
	require.ErrorContains(t, as.Load(App{}), "bad_application")
	require.ErrorContains(t, as.Load(App{Name: "\xff"}), "bad_application")
}

func TestAParameterThatIsSetHidesThatOfTheFileUntilItIsUnloaded(t *testing.T) {
	s := New(t.Context(), &fakeHost{})
	as := s.Applications()
	require.NoError(t, as.Load(App{Name: "shop", Env: map[etf.Atom]etf.Term{"a": etf.Int(1), "b": etf.Int(2)}}))
	as.SetEnv("shop", "a", etf.Int(7))
	as.UnsetEnv("shop", "b")
	value, ok := as.Env("shop", "a")
	require.True(t, ok)
	require.Equal(t, etf.Term(etf.Int(7)), value)
	_, ok = as.Env("shop", "b")
	require.False(t, ok)
	require.Equal(t, map[etf.Atom]etf.Term{"a": etf.Int(7)}, s.table.allEnv("shop"))
	require.True(t, s.table.unload("shop"))
	require.Empty(t, s.table.allEnv("shop"))
	require.False(t, s.table.unload("shop"))
	require.True(t, s.table.loadProvided("shop"), "the program still has its code")
	require.Equal(t, map[etf.Atom]etf.Term{"a": etf.Int(1), "b": etf.Int(2)}, s.table.allEnv("shop"))
}

func TestTheApplicationKeepsWhatItWasGiven(t *testing.T) {
	s := New(t.Context(), &fakeHost{})
	app := App{Name: "shop", Modules: []etf.Atom{"a"}, Env: map[etf.Atom]etf.Term{"a": etf.Int(1)}}
	require.NoError(t, s.Applications().Load(app))
	app.Modules[0], app.Env["a"] = "b", etf.Int(2)
	require.Equal(t, []etf.Atom{"a"}, s.table.get("shop").Modules)
	require.Equal(t, etf.Term(etf.Int(1)), s.table.get("shop").Env["a"])
}

func TestAnUpgradeTellsWhatHasChangedInTheEnvironment(t *testing.T) {
	changed, added, removed := diffEnv(
		map[etf.Atom]etf.Term{"same": etf.Int(1), "other": etf.Int(1), "z": etf.Int(1), "gone": etf.Int(1)},
		map[etf.Atom]etf.Term{"same": etf.Int(1), "other": etf.Int(2), "new": etf.Int(1)})
	require.Equal(t, map[etf.Atom]etf.Term{"other": etf.Int(2)}, changed)
	require.Equal(t, map[etf.Atom]etf.Term{"new": etf.Int(1)}, added)
	require.Equal(t, []etf.Atom{"gone", "z"}, removed)
}

func TestWithoutAControllerARequestExitsAsInOTP(t *testing.T) {
	s := New(t.Context(), &fakeHost{})
	_, err := s.Functions()["which_applications"][0](t.Context(), nil)
	var exit *genserv.Exit
	require.ErrorAs(t, err, &exit)
	require.Equal(t, "{noproc,{gen_server,call,[application_controller,which_applications]}}", etf.Format(exit.Reason))
	require.ErrorIs(t, s.Applications().Stop(t.Context(), "shop"), genserv.ErrNoProc)
	var bad *genserv.Failure
	_, err = s.Functions()["which_applications"][1](t.Context(), etf.List{etf.Atom("soon")})
	require.ErrorAs(t, err, &bad)
	require.Equal(t, etf.Term(etf.Atom("function_clause")), bad.Reason)
}

// FuzzSpec gives an application the contents of files that may be anything.
func FuzzSpec(f *testing.F) {
	f.Add(`{application,shop,[{vsn,"2"},{modules,[a,b]},{env,[{size,1}]}]}`, `[{shop,[{size,2}]}]`)
	f.Add(`{application,shop,[{vsn,2},{modules,a},{env,[x]},y,{}]}`, `[{shop,x}]`)
	f.Fuzz(func(t *testing.T, specText, configText string) {
		spec, err1 := etf.Parse(specText)
		config, err2 := etf.Parse(configText)
		if err1 != nil || err2 != nil {
			return
		}
		s := New(t.Context(), &fakeHost{})
		s.UseReleases(func(etf.Atom) (etf.Term, etf.Term, error) { return spec, config, nil })
		if err := s.Applications().Load(App{Name: "shop"}); err == nil {
			require.NotNil(t, s.table.get("shop"))
		}
		_, _ = s.ForReleases().Change([]etf.Term{spec}, config)
	})
}
