package appup_test

import (
	"errors"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/appup"
	"github.com/gonode-otp/gonode/etf"
)

// seeds gives the fuzzer all files of testdata/check.
func seeds(f *testing.F) {
	f.Helper()
	for _, text := range []string{
		`{application, a, [{description, "d"}, {vsn, "1"}, {modules, [m]}, {registered, []}, {applications, [kernel]}, {mod, {m, []}}]}.`,
		`{"2", [{"1", [{update, m, {advanced, x}, [n]}, {load_module, n}]}, {<<"1\\..*">>, [point_of_no_return]}], [{"1", [{apply, {m, f, []}}]}]}.`,
		`{release, {"r", "1"}, {erts, "1"}, [{kernel, "1"}, {stdlib, "1", permanent}, {sasl, "1", load, [a]}, {a, "1", [b]}]}.`,
		`{"2", [{"1", [], [{load_object_code, {a, "2", [m]}}, point_of_no_return, {load, {m, soft_purge, brutal_purge}}]}], []}.`,
		`{"2", [{"1", [], [{suspend, [m, {n, 5}]}, {code_change, down, [{m, x}]}, {resume, [n, m]}, {apply, {m, f, []}, {undo, {m, g, []}}}]}], []}.`,
		`{"2", [{"1", [[{load_module, m}], {update, m, static, 5, soft, soft_purge, soft_purge, []} | x]}], []}. x.`,
	} {
		f.Add([]byte(text))
	}
}

// refused is what every parser promises: either there is no error, or one with findings that have a place and a reason.
func refused(t *testing.T, err error) bool {
	if err == nil {
		return false
	}
	var file *appup.FileError
	require.True(t, errors.As(err, &file))
	require.NotEmpty(t, file.Findings)
	for _, f := range file.Findings {
		require.Positive(t, f.Line, f.Error())
		require.NotNil(t, f.Reason)
		require.NotEmpty(t, f.Msg)
		require.False(t, f.Warning)
	}
	return true
}

func FuzzApp(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, src []byte) {
		app, err := appup.ParseApp("a.app", src)
		if !refused(t, err) {
			require.Len(t, app.Record(), 17)
		}
		_, err = appup.Check("a.app", src)
		require.NoError(t, err)
	})
}

func FuzzAppup(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, src []byte) {
		a, err := appup.ParseAppup("a.appup", src)
		if refused(t, err) {
			return
		}
		for _, e := range append(a.Up, a.Down...) {
			e.Version.Fits("1.4.7")
			for _, term := range e.Script.Terms() {
				i, err := appup.ParseInstruction(term)
				if err != nil {
					continue // a version that is no text, a list in a list
				}
				again, err := appup.ParseInstruction(i.Term())
				require.NoError(t, err)
				require.Equal(t, i, again)
			}
		}
	})
}

func FuzzRel(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, src []byte) {
		rel, err := appup.ParseRel("a.rel", src)
		if !refused(t, err) {
			require.Len(t, rel.Record(), 6)
		}
	})
}

func FuzzRelup(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, src []byte) {
		relup, err := appup.ParseRelup("relup", src)
		if refused(t, err) {
			return
		}
		again, err := appup.ParseRelup("relup", append([]byte(etf.Format(relup.Term())), '.', '\n'))
		require.NoError(t, err)
		require.True(t, etf.Equal(relup.Term(), again.Term()))
	})
}

// FuzzBeside has an .appup file compared with an application, and made a script of: neither crashes, whatever is in
// the file.
func FuzzBeside(f *testing.F) {
	seeds(f)
	app := func(vsn string) *fstest.MapFile {
		return &fstest.MapFile{Data: []byte(`{application, a, [{description, ""}, {vsn, "` + vsn +
			`"}, {modules, [m, n]}, {registered, []}, {applications, []}]}.`)}
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		appupFile := &fstest.MapFile{Data: src}
		files := fstest.MapFS{"a-1/ebin/a.app": app("1"), "a-2/ebin/a.app": app("2"), "a-2/ebin/a.appup": appupFile}
		_, err := appup.CheckFile(files, "a-2/ebin/a.appup")
		require.NoError(t, err)
		one, two := appup.AppDir{Vsn: "1", Dir: "a-1"}, appup.AppDir{Vsn: "2", Dir: "a-2"}
		_, _, upErr := appup.UpgradeScript(files, "a", one, "a-2")
		_, downErr := appup.DowngradeScript(files, "a", two, one)
		for _, err := range []error{upErr, downErr} {
			var refused *appup.Error
			if err != nil {
				require.ErrorAs(t, err, &refused)
				require.NotNil(t, refused.Reason)
				require.NotEmpty(t, refused.Error())
			}
		}
	})
}
