package codechange_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/appup"
	"github.com/gonode-otp/gonode/codechange"
	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
	"github.com/gonode-otp/gonode/internal/fakehost"
	"github.com/gonode-otp/gonode/supervisor"
)

// uncovered are the modules that a report names.
func uncovered(r *codechange.Report) (all []string) {
	for _, u := range r.Uncovered {
		all = append(all, string(u.Module)+" "+string(u.Change))
	}
	return all
}

func TestAnInstructionForAModuleThatDoesNotDifferIsTold(t *testing.T) {
	w := &fakehost.Host{}
	same, one, two := codeless("same", "1"), codeless("m", "1"), codeless("m", "2")
	var err error
	w.Versions, err = codechange.NewVersions(
		codechange.Application{Name: "demo", Vsn: "1", Modules: []*codechange.Module{same, one}},
		codechange.Application{Name: "demo", Vsn: "2", Modules: []*codechange.Module{same, two}})
	require.NoError(t, err)
	script, err := etf.Parse(`[{load_object_code,{demo,"2",[m,same]}},point_of_no_return,
		{load,{m,brutal_purge,brutal_purge}},{load,{same,brutal_purge,brutal_purge}}]`)
	require.NoError(t, err)
	libs := func(vsn string) []codechange.Lib {
		return []codechange.Lib{{App: "demo", Vsn: vsn}, {App: "kernel", Vsn: "8.5"}}
	}
	report, err := codechange.Run(t.Context(), w, w.Versions,
		codechange.Script{Instructions: script.(etf.List), From: libs("1"), Libs: libs("2")}, codechange.Options{})
	require.NoError(t, err)
	require.Equal(t, []string{"same unchanged"}, uncovered(report))
}

func codeless(name etf.Atom, vsn string) *codechange.Module {
	return &codechange.Module{Name: name, Vsn: vsn}
}

type emptySup struct{}

func (emptySup) ModuleName() etf.Atom { return "sup" }

func (emptySup) Init(etf.Term) (supervisor.Flags, []supervisor.ChildSpec, error) {
	return supervisor.Flags{}, nil, nil
}

func TestVersionsTellWhatIsLinkedAndWhatItIsFor(t *testing.T) {
	v, err := codechange.NewVersions(codechange.Application{Name: "demo", Vsn: "1", Modules: []*codechange.Module{
		codeless("table", "7"), {Vsn: "1", Code: genserv.Of(tallyOne{})}, {Vsn: "1", Code: supervisor.Of(emptySup{})}}})
	require.NoError(t, err)
	require.Equal(t, []appup.Linked{{App: "demo", Vsn: "1", Modules: []appup.LinkedModule{
		{Name: "table", Version: etf.Charlist("7"), Kind: appup.KindLibrary},
		{Name: "tally", Version: etf.Charlist("1"), Kind: appup.KindServer},
		{Name: "sup", Version: etf.Charlist("1"), Kind: appup.KindSupervisor}}}}, v.Linked())
}
