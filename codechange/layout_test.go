package codechange_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/codechange"
	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
	"github.com/gonode-otp/gonode/internal/fakehost"
)

// typed is a server with a state of any type.
type typed[S any] struct{ first S }

func (typed[S]) ModuleName() etf.Atom { return "typed" }

func (s typed[S]) Init(*genserv.Process, etf.Term) genserv.InitResult[S] { return genserv.Ok(s.first) }

func (typed[S]) HandleCall(_ *genserv.Process, _ etf.Term, _ genserv.From, state S) genserv.Result[S] {
	return genserv.Reply(etf.Atom("ok"), state)
}

// versionsOfState are versions of a server whose states are all called State: the second is laid out as the first,
// the third is not.
func versionsOfState() (one, alike, other genserv.Module) {
	type State struct{ N int }
	one = genserv.Of(typed[State]{State{1}})
	alike = func() genserv.Module {
		type State struct{ N int }
		return genserv.Of(typed[State]{})
	}()
	other = func() genserv.Module {
		type State struct{ N, M int }
		return genserv.Of(typed[State]{})
	}()
	return one, alike, other
}

func TestStatesOfOneNameAreNotTakenForOneType(t *testing.T) {
	one, alike, other := versionsOfState()
	for _, c := range []struct {
		code    genserv.Module
		outcome codechange.Outcome
	}{{alike, codechange.OutcomeLoaded}, {other, codechange.OutcomeStayed}} {
		w := &fakehost.Host{}
		var err error
		w.Versions, err = codechange.NewVersions(
			codechange.Application{Name: "demo", Vsn: "1", Modules: []*codechange.Module{{Vsn: "1", Code: one}}},
			codechange.Application{Name: "demo", Vsn: "2", Modules: []*codechange.Module{{Vsn: "2", Code: c.code}}})
		require.NoError(t, err)
		require.NoError(t, w.Versions.CodeServer().Boot([]codechange.AppVsn{{App: "demo", Vsn: "1"}}))
		p := w.Start("a", one, 1)
		for _, script := range []string{
			`{load_object_code,{demo,"2",[typed]}}, point_of_no_return, {load,{typed,brutal_purge,soft_purge}}`,
			`{load_object_code,{demo,"2",[typed]}}, point_of_no_return, {suspend,[typed]}, {load,{typed,brutal_purge,soft_purge}}, {resume,[typed]}`,
		} {
			require.NoError(t, w.Versions.CodeServer().Boot([]codechange.AppVsn{{App: "demo", Vsn: "1"}}))
			report, err := codechange.Run(t.Context(), w, w.Versions,
				codechange.Script{Instructions: parse(t, "["+script+"]").(etf.List),
					Libs: []codechange.Lib{{App: "demo", Vsn: "2"}}}, codechange.Options{})
			require.NoError(t, err)
			if p.Code() == c.code && len(report.Processes) == 0 {
				continue // it runs the new one already
			}
			require.Equal(t, c.outcome == codechange.OutcomeLoaded, p.Code() == c.code)
			if c.outcome == codechange.OutcomeStayed {
				require.Equal(t, codechange.OutcomeStayed, report.Processes[0].Outcome)
				require.NotEmpty(t, report.Processes[0].Reason)
			}
		}
		w.Work.Wait()
	}
}
