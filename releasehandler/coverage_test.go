package releasehandler_test

import (
	"testing"

	"github.com/gonode-otp/gonode/codechange"
	"github.com/stretchr/testify/require"
)

// uncovered are the modules that a report names.
func uncovered(r *codechange.Report) (all []string) {
	for _, u := range r.Uncovered {
		all = append(all, string(u.Module)+" "+string(u.Change))
	}
	return all
}

func TestAnUpgradeTellsWhichModulesItsScriptForgets(t *testing.T) {
	s := newSite(t)
	_, err := s.h.SetUnpacked(t.Context(), "releases/2/rel.rel", nil)
	require.NoError(t, err)
	report, err := s.h.Rehearse(t.Context(), "2", codechange.Options{})
	require.NoError(t, err)
	want := []string{"lib changed", "m2 changed", "m3 changed", "m4 changed", "m5 changed", "m6 changed"}
	require.Equal(t, want, uncovered(report))
	require.Equal(t, "demo 1 to 2: the module lib is changed, but no instruction is about it",
		report.Uncovered[0].String())

	strict := codechange.Options{Strict: true}
	report, err = s.h.Rehearse(t.Context(), "2", strict)
	require.ErrorContains(t, err, "{uncovered_modules,[lib,m2,m3,m4,m5,m6]}")
	require.Empty(t, report.Processes)
	report, err = s.h.Install(t.Context(), "2", strict)
	require.ErrorContains(t, err, "{uncovered_modules,[lib,m2,m3,m4,m5,m6]}")
	require.Empty(t, report.Processes, "nothing had begun")
	require.True(t, report.FullyUndone())
	require.Equal(t, `{error,{uncovered_modules,[lib,m2,m3,m4,m5,m6]}}`,
		s.ask(`{install_release,"2",restart,[{strict,true}]}`))

	report, err = s.h.Install(t.Context(), "2", codechange.Options{})
	require.NoError(t, err)
	require.Equal(t, want, uncovered(report))
	report, err = s.h.Install(t.Context(), "1", codechange.Options{})
	require.NoError(t, err)
	require.Equal(t, want, uncovered(report), "on the way down, too")
}
