package releasehandler_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/codechange"
	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/releasehandler"
)

func TestAChangeWhoseContextHasEndedIsNotBegun(t *testing.T) {
	s := newSite(t)
	s.ask(`{set_unpacked,"releases/2/rel.rel",[]}`)
	before := s.statuses()
	gone := errors.New("the caller is gone")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(gone)
	o := codechange.Options{}
	for name, change := range map[string]func() error{
		"Check":                 func() error { _, err := s.h.Check(ctx, "2"); return err },
		"Install":               func() error { _, err := s.h.Install(ctx, "2", o); return err },
		"Rehearse":              func() error { _, err := s.h.Rehearse(ctx, "2", o); return err },
		"Rollback":              func() error { _, err := s.h.Rollback(ctx, o); return err },
		"Eval":                  func() error { _, err := s.h.Eval(ctx, codechange.Script{}, o); return err },
		"EvalAppup":             func() error { _, err := s.h.EvalAppup(ctx, "demo", "2", "lib/demo-2", nil, o); return err },
		"UpgradeApp":            func() error { _, err := s.h.UpgradeApp(ctx, "demo", "lib/demo-2", o); return err },
		"DowngradeApp":          func() error { _, err := s.h.DowngradeApp(ctx, "demo", "1", "lib/demo-1", o); return err },
		"MakePermanent":         func() error { return s.h.MakePermanent(ctx, "2") },
		"MakePermanentAndPurge": func() error { return s.h.MakePermanentAndPurge(ctx, "2") },
		"RebootOld":             func() error { return s.h.RebootOld(ctx, "1") },
		"SetUnpacked":           func() error { _, err := s.h.SetUnpacked(ctx, "releases/3/rel.rel", nil); return err },
		"Unpack":                func() error { _, err := s.h.Unpack(ctx, "pack"); return err },
		"InstallFile":           func() error { return s.h.InstallFile(ctx, "2", "releases/RELEASES") },
		"SetRemoved":            func() error { return s.h.SetRemoved(ctx, "2") },
		"Remove":                func() error { return s.h.Remove(ctx, "2") },
	} {
		err := change()
		require.ErrorIs(t, err, gone, name)
		require.ErrorContains(t, err, "releasehandler: waiting for another change of the node: ", name)
	}
	require.Equal(t, before, s.statuses())
	require.Equal(t, "m1-1", s.runs())
	_, began := s.h.LastAttempt()
	require.False(t, began)
}

// apps are the applications of a node in memory.
type apps struct {
	running []codechange.AppVsn
	refuses error
	changes []string
}

func (a *apps) Running(context.Context) ([]codechange.AppVsn, error) { return a.running, nil }

func (a *apps) Change(specs []etf.Term, config etf.Term) (releasehandler.AppChange, error) {
	if a.refuses != nil {
		return releasehandler.AppChange{}, a.refuses
	}
	a.changes = append(a.changes, etf.Format(etf.List(specs))+" "+etf.Format(config))
	return releasehandler.AppChange{
		Undo:     func() { a.changes = append(a.changes, "undone") },
		Announce: func(context.Context) []string { a.changes = append(a.changes, "announced"); return []string{"no"} },
	}, nil
}

// withApps starts the handler of a site anew, with applications.
func (s *site) withApps(a *apps) {
	s.t.Helper()
	var err error
	s.h, err = releasehandler.New(releasehandler.Config{Host: s.w, Versions: s.w.Versions, Root: s.root, Applications: a})
	require.NoError(s.t, err)
}

func TestAnInstallationChangesTheApplications(t *testing.T) {
	s := newSite(t)
	s.put("releases/2/sys.config", `[{demo,[{size,2}]}].`)
	a := &apps{}
	s.withApps(a)
	s.ask(`{set_unpacked,"releases/2/rel.rel",[]}`)
	report, err := s.h.Install(t.Context(), "2", codechange.Options{})
	require.NoError(t, err)
	require.Equal(t, []string{"no"}, report.Config, "what an application has against its configuration is told")
	require.Equal(t, []string{`[{application,demo,[{vsn,"2"}]}] [{demo,[{size,2}]}]`, "announced"}, a.changes)
	spec, config, err := s.h.Resource("demo")
	require.NoError(t, err)
	require.Equal(t, `{application,demo,[{vsn,"2"}]} [{demo,[{size,2}]}]`, etf.Format(spec)+" "+etf.Format(config))

	// The next one fails: the applications are what they were.
	s.ask(`{set_unpacked,"releases/3/rel.rel",[]}`)
	a.changes = nil
	report, err = s.h.Install(t.Context(), "3", codechange.Options{})
	require.ErrorContains(t, err, "nope")
	require.Equal(t, "2 3", report.Transition.From+" "+report.Transition.To, "a failed one tells what it was")
	require.Equal(t, []string{`[{application,demo,[{vsn,"3"}]}] []`, "undone"}, a.changes)
}

func TestAnInstallationThatTheApplicationsRefuseIsNotBegun(t *testing.T) {
	s := newSite(t)
	s.withApps(&apps{refuses: errors.New("no room")})
	s.ask(`{set_unpacked,"releases/2/rel.rel",[]}`)
	report, err := s.h.Install(t.Context(), "2", codechange.Options{})
	require.EqualError(t, err, `codechange: {'EXIT',{change_appl_data,<<"no room">>}}`)
	require.Nil(t, report)
	require.Equal(t, "m1-1", s.runs())
	s = newSite(t)
	s.put("releases/2/sys.config", `[{demo,`)
	s.withApps(&apps{})
	s.ask(`{set_unpacked,"releases/2/rel.rel",[]}`)
	_, err = s.h.Install(t.Context(), "2", codechange.Options{})
	require.ErrorContains(t, err, "bad_config_file")
	require.Equal(t, "m1-1", s.runs())
}

func TestTheVersionOfAnApplicationIsTheOneThatTheNodeHasStarted(t *testing.T) {
	s := newAppSite(t)
	s.withApps(&apps{running: []codechange.AppVsn{{App: "other", Vsn: "1"}, {App: "demo", Vsn: "2"}}})
	require.Equal(t, `"ROOT/lib/demo-2"`, s.call("code:lib_dir", `[demo]`), "not that of the release")
	require.Equal(t, `throw: {version_not_in_appup,"2"}`, s.call("release_handler:upgrade_script", `[demo,"lib/demo-2"]`))
	require.Equal(t, `{error,{app_not_running,none}}`, s.call("release_handler:upgrade_app", `[none,"lib/none-2"]`))
}

func TestTheFunctionsOfOneApplicationRefuseBadArguments(t *testing.T) {
	s := newAppSite(t)
	for function, args := range map[string]string{
		"upgrade_app":    `[demo,7]`,
		"upgrade_script": `[demo,{}]`,
	} {
		require.Equal(t, `error: badarg`, s.call("release_handler:"+function, args))
	}
	require.Equal(t, `error: badarg`, s.call("release_handler:downgrade_app", `[demo,one,"lib/demo-1"]`))
	require.Equal(t, `error: badarg`, s.call("release_handler:downgrade_script", `[demo,"1",1.5]`))
	require.Equal(t, `{error,{app_not_running,"demo"}}`, s.call("release_handler:upgrade_app", `["demo","lib/demo-2"]`))
	require.Equal(t, `{error,{app_not_running,"demo"}}`, s.call("release_handler:downgrade_app", `["demo","lib/demo-1"]`))
	require.Equal(t, `{error,{unknown_version,demo}}`, s.call("release_handler:downgrade_app", `[demo,"lib/demo"]`))
}

func TestAReleaseIsNotPermanentIfItsStartFileCannotBeWritten(t *testing.T) {
	s := newSite(t)
	s.ask(`{set_unpacked,"releases/2/rel.rel",[]}`)
	s.ask(`{install_release,"2",restart,[]}`)
	require.NoError(t, os.Mkdir(filepath.Join(s.root, "releases/start_erl.data"), 0o755))
	err := s.h.MakePermanent(t.Context(), "2")
	require.ErrorContains(t, err, "start_erl.data")
	require.Equal(t, "2:current 1:permanent | 2:unpacked 1:permanent", s.statuses())
}
