package appup_test

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/appup"
	"github.com/gonode-otp/gonode/etf"
)

// A paragraph of testdata/translate says which applications there are in the release to go to, and in the one to
// leave, and what each of them has to do; more applications of a line are behind a slash:
//
//	to app-2 m1 m2 / other-1 m3
//	up app
//	[{update, m1}]
func TestTranslateScripts(t *testing.T) {
	paragraphs(t, "translate/*.txt", func(t *testing.T, says []string) []string {
		var to, from []*appup.App
		var scripts []appup.Script
		mode := appup.ModeUp
		for _, line := range says {
			word, rest, _ := strings.Cut(line, " ")
			switch word {
			case "to":
				to = apps(rest)
			case "from":
				from = apps(rest)
			case "up":
			case "down":
				mode = appup.ModeDown
			default:
				term, err := etf.Parse(line)
				require.NoError(t, err)
				scripts = append(scripts, appup.NewScript(term.(etf.List)...))
			}
		}
		low, err := appup.TranslateScripts(mode, scripts, to, from)
		if err != nil {
			var refused *appup.Error
			require.ErrorAs(t, err, &refused)
			return []string{etf.Format(refused.Term()), refused.Error()}
		}
		shows := make([]string, len(low))
		for i, instruction := range low {
			shows[i] = etf.Format(instruction)
		}
		return shows
	})
}

func apps(text string) (all []*appup.App) {
	for one := range strings.SplitSeq(text, " / ") {
		words := strings.Fields(one)
		name, vsn, _ := strings.Cut(words[0], "-")
		app := &appup.App{Name: etf.Atom(name), Vsn: vsn, Type: "permanent"}
		for _, m := range words[1:] {
			app.Modules = append(app.Modules, etf.Atom(m))
		}
		all = append(all, app)
	}
	return all
}

// small are the files of a release with one application of ours, in several versions.
func small() fstest.MapFS {
	files := fstest.MapFS{}
	put := func(name, text string) { files[name] = &fstest.MapFile{Data: []byte(text)} }
	for _, app := range []string{"kernel", "stdlib", "sasl", "app"} {
		put("lib/"+app+"-1/ebin/"+app+".app", `{application, `+app+
			`, [{description, ""}, {vsn, "1"}, {modules, []}, {registered, []}, {applications, []}]}.`)
	}
	put("r.rel", `{release, {"r", "1"}, {erts, "1"}, [{kernel, "1"}, {stdlib, "1"}, {sasl, "1"}, {app, "1"}]}.`)
	return files
}

func TestReadReleaseFindsApplicationsByWildcards(t *testing.T) {
	for _, path := range []string{"lib/*/ebin", "l*b/*-1/ebin", "*/*/*", "lib//*/ebin/", "lib/[aks]*/e*"} {
		r, err := appup.ReadRelease(small(), "r", []string{"nowhere", path, "nowhere/*"})
		require.NoError(t, err, path)
		require.Len(t, r.Apps, 4)
		require.Equal(t, "lib/app-1/ebin", r.Apps[3].Dir)
	}
	for _, path := range []string{"lib/*", "lib/[*/ebin", "", "lib/app-1/ebin"} {
		_, err := appup.ReadRelease(small(), "r.rel", []string{path})
		var refused *appup.Error
		require.ErrorAs(t, err, &refused, path)
		require.Contains(t, etf.Format(refused.Reason), `{error_reading,{kernel,{not_found,"kernel.app"}}}`)
		require.Contains(t, err.Error(), "kernel: there is no file kernel.app")
	}
}

func TestReadReleaseSaysWhyAnApplicationDoesNotFit(t *testing.T) {
	app := "lib/app-1/ebin/app.app"
	for _, c := range []struct{ file, text, want string }{
		{app, `{application, app, [{vsn, "1"}]}.`, "app: description is missing"},
		{app, `{application, app, [{description, ""}, {vsn, "2"}, {modules, []}, {registered, []}, {applications, []}]}.`,
			"app: no .app file has version 1; that of lib/app-1/ebin/app.app is 2"},
		{app, "{application, app,\n [}.", "app: lib/app-1/ebin/app.app:2: syntax error before: '}'"},
		{app, `{application, app, [{description, ""}, {vsn, "1"}, {modules, []}, {registered, []}, {applications, [b]}]}.`,
			"applications that are needed and not in the release: [b]"},
		{app, `{application, ppa, [{description, ""}, {vsn, "1"}, {modules, []}, {registered, []}, {applications, []}]}.`,
			"the file is about another application"},
		{"r.rel", "", "r.rel: there is no term in the file"},
		{"r.rel", `{release, {"r", "1"}, {erts, "1"}, [{kernel, "1"}]}.`, "the application stdlib is missing"},
	} {
		files := small()
		files[c.file] = &fstest.MapFile{Data: []byte(c.text)}
		_, err := appup.ReadRelease(files, "r", []string{"lib/*/ebin"})
		require.ErrorContains(t, err, c.want)
	}
}
