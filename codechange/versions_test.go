package codechange_test

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/codechange"
	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
	"github.com/gonode-otp/gonode/internal/fakehost"
)

func module(vsn string, code genserv.Module) *codechange.Module {
	return &codechange.Module{Vsn: vsn, Code: code}
}

func app(vsn string, modules ...*codechange.Module) codechange.Application {
	return codechange.Application{Name: "demo", Vsn: vsn, Modules: modules}
}

func TestTheLastVersionIsCurrentUnlessAReleaseSaysOtherwise(t *testing.T) {
	w := &fakehost.Host{}
	w.Link()
	current, known := w.Versions.Current("m1")
	require.True(t, known)
	require.Equal(t, "m1-5", current.String())
	require.NoError(t, w.Versions.CodeServer().Boot([]codechange.AppVsn{{App: "kernel", Vsn: "8.5"},
		{App: "demo", Vsn: "2"}}))
	current, _ = w.Versions.Current("m1")
	require.Equal(t, "m1-2", current.String())
	err := w.Versions.CodeServer().Boot([]codechange.AppVsn{{App: "demo", Vsn: "9"}})
	require.EqualError(t, err, "codechange: demo-9: this version of the application is not linked into the program")
}

func TestAReleaseMayLackAModuleThatOtherVersionsHave(t *testing.T) {
	one, two := module("1", genserv.Of(fakehost.CounterOne{Name: "m"})),
		module("1", genserv.Of(fakehost.CounterTwo{Name: "n"}))
	v, err := codechange.NewVersions(app("1", one), app("2", one, two))
	require.NoError(t, err)
	require.Equal(t, []etf.Atom{"m", "n"}, v.Names())
	require.NoError(t, v.CodeServer().Boot([]codechange.AppVsn{{App: "demo", Vsn: "1"}}))
	current, known := v.Current("n")
	require.True(t, known)
	require.Nil(t, current)
	_, err = v.CodeServer().Resolve(two.Code)
	require.EqualError(t, err, "exit: {undef,[{n,init,1,[]}]}")
	current, _ = v.Current("m")
	require.Same(t, one, current, "a module that did not change belongs to both")
}

func TestANewProcessRunsTheCurrentVersionWhicheverWasNamed(t *testing.T) {
	first, second := genserv.Of(fakehost.CounterOne{Name: "m"}), genserv.Of(fakehost.CounterTwo{Name: "m"})
	v, err := codechange.NewVersions(app("1", module("1", first)), app("2", module("2", second)))
	require.NoError(t, err)
	for _, code := range []genserv.Module{first, second, genserv.Of(fakehost.CounterOne{Name: "m"})} {
		resolved, err := v.CodeServer().Resolve(code)
		require.NoError(t, err)
		require.Equal(t, second, resolved)
	}
	other := genserv.Of(fakehost.CounterOne{Name: "other"})
	resolved, err := v.CodeServer().Resolve(other)
	require.NoError(t, err)
	require.Equal(t, other, resolved, "what has no versions is what it is")
	require.Nil(t, v.Of(other))
	require.Equal(t, "m-1", v.Of(first).String())
	require.Equal(t, "none", v.Of(other).String())
}

func TestByHandAServerGoesToTheCurrentVersionOrBackToTheNamedOne(t *testing.T) {
	first, second := genserv.Of(fakehost.CounterOne{Name: "m"}), genserv.Of(fakehost.CounterTwo{Name: "m"})
	v, err := codechange.NewVersions(app("1", module("1", first)), app("2", module("2", second)))
	require.NoError(t, err)
	for _, test := range []struct {
		code, next genserv.Module
		oldVsn     etf.Term
		loaded     bool
	}{
		{first, second, etf.Charlist("1"), true},
		{second, first, etf.Tuple{etf.Atom("down"), etf.Charlist("1")}, false},
		{second, nil, etf.Tuple{etf.Atom("down"), etf.Charlist("7")}, false},
		{genserv.Of(fakehost.CounterOne{Name: "other"}), nil, etf.Charlist("1"), false},
	} {
		next, loaded := v.CodeServer().Next(test.code, test.oldVsn)
		require.Equal(t, test.next, next)
		require.Equal(t, test.loaded, loaded)
	}
}

func TestVersionsThatCannotBeToldApartAreRefused(t *testing.T) {
	code := func() genserv.Module { return genserv.Of(fakehost.CounterOne{Name: "m"}) }
	one := code()
	for _, test := range []struct {
		apps []codechange.Application
		want string
	}{
		{[]codechange.Application{{Vsn: "1"}}, "codechange: -1: an application needs a name and a version"},
		{[]codechange.Application{{Name: "a"}}, "codechange: a-: an application needs a name and a version"},
		{[]codechange.Application{app("1"), app("1")}, "codechange: demo-1: this version of the application is there twice"},
		{[]codechange.Application{app("1", nil)}, "codechange: demo-1: module 0 has neither code nor a name"},
		{[]codechange.Application{app("1", &codechange.Module{Vsn: "1"})},
			"codechange: demo-1: module 0 has neither code nor a name"},
		{[]codechange.Application{app("1", module("1", one), module("2", code()))},
			"codechange: m-2: the module is in demo-1 twice"},
		{[]codechange.Application{app("1", module("1", one)), app("2", module("1", code()))},
			"codechange: m-1: two versions of the module have the same Vsn"},
		{[]codechange.Application{app("1", module("1", one)), app("2", module("2", one))},
			"codechange: m-2: another version of the module has the same Code; make one with genserv.Of for each"},
	} {
		_, err := codechange.NewVersions(test.apps...)
		require.EqualError(t, err, test.want)
	}
}

func TestAModuleWithoutAVersionHasTheNumberOfItsBuild(t *testing.T) {
	first, second := module("", genserv.Of(fakehost.CounterOne{Name: "m"})),
		module("", genserv.Of(fakehost.CounterTwo{Name: "m"}))
	_, err := codechange.NewVersions(app("1", first), app("2", second))
	require.NoError(t, err, "versions in one program differ by their types")
	n, ok := first.Version().(*etf.BigInt)
	require.True(t, ok)
	require.Greater(t, n.Big().BitLen(), 100)
	require.LessOrEqual(t, n.Big().BitLen(), 128)
	require.True(t, etf.Equal(first.Version(), module("", genserv.Of(fakehost.CounterOne{Name: "m"})).Version()),
		"of one build they are the same")
	require.Equal(t, "m-"+etf.Format(n), first.String())
}

func TestTheBuildIDIsTheOneThatGoShows(t *testing.T) {
	exe, err := os.Executable()
	require.NoError(t, err)
	out, err := exec.Command("go", "tool", "buildid", exe).Output()
	require.NoError(t, err)
	require.Equal(t, strings.TrimSpace(string(out)), codechange.BuildID())
}
