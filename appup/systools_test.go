package appup

import (
	"context"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/gonodetest"
	"github.com/gonode-otp/gonode/internal/soak"
)

var (
	seed  = flag.Uint64("seed", 1, "of the releases that are made up for systools")
	cases = flag.Int("cases", soak.Size(80, 1000), "how many of them")
)

// systools asks a real systools:make_relup, one node for all inputs.
func systools(t *testing.T, inputs []*input) etf.List {
	t.Helper()
	program := "escript"
	if p := os.Getenv("ESCRIPT"); p != "" {
		program = p
	}
	if _, err := exec.LookPath(program); err != nil {
		gonodetest.Missing(t, gonodetest.LaneErlang, "escript is not installed")
	}
	home := t.TempDir()
	questions := make(etf.List, len(inputs))
	for i, in := range inputs {
		questions[i] = in.question(etf.Int(i))
	}
	b, err := etf.Append(nil, questions)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(home, "in"), b, 0o600))
	script, err := filepath.Abs("testdata/reference.escript")
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, script, "in", "out")
	cmd.Dir = home
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
	b, err = os.ReadFile(filepath.Join(home, "out"))
	require.NoError(t, err)
	answers, err := etf.Decode(b)
	require.NoError(t, err)
	require.Len(t, answers, len(inputs))
	return answers.(etf.List)
}

func (in *input) question(i etf.Int) etf.Tuple {
	var files, bases etf.List
	for name, f := range in.files {
		files = append(files, etf.Tuple{etf.Charlist(name), etf.Binary(f.Data)})
	}
	for _, b := range in.rels {
		bases = append(bases, etf.Tuple{etf.Charlist(b.File), b.Description})
	}
	options := etf.List{}
	if in.option.Path != nil {
		path := etf.List{}
		for _, p := range in.option.Path {
			path = append(path, etf.Charlist(p))
		}
		options = append(options, etf.Tuple{etf.Atom("path"), path})
	}
	if in.option.RestartEmulator {
		options = append(options, etf.Atom("restart_emulator"))
	}
	if in.option.WarningsAsErrors {
		options = append(options, etf.Atom("warnings_as_errors"))
	}
	return etf.Tuple{etf.Charlist("case" + etf.Format(i)), files, bases, bases, options}
}

func TestMadeUpReleasesAsSystoolsMakesThem(t *testing.T) {
	t.Logf("go test ./appup -run %s -seed %d -cases %d", t.Name(), *seed, *cases)
	inputs := make([]*input, *cases)
	for i := range inputs {
		inputs[i] = madeUp(*seed + uint64(i))
	}
	kinds := map[string]int{}
	for i, want := range systools(t, inputs) {
		answer := want.(etf.Tuple)
		got := inputs[i].make(t, true, true, answer)
		kinds[kindOf(answer)]++
		if etf.IsAtom(answer[0], "crash") {
			require.True(t, etf.IsAtom(got[0], "error"), "-seed %d -cases 1\n%s", *seed+uint64(i), difference(want, got))
			continue
		}
		if !same(want, got) {
			shown(t, inputs[i].files)
		}
		require.True(t, same(want, got), "-seed %d -cases 1\n%s", *seed+uint64(i), difference(want, got))
	}
	t.Log(kinds)
}

func TestSystoolsMakesARelupOfADraft(t *testing.T) {
	in := &input{files: fstest.MapFS{}, rels: []Base{{File: "old", Description: etf.List{}}},
		option: Options{Path: []string{"lib/*/ebin"}}}
	put := func(name, text string) { in.files[name] = &fstest.MapFile{Data: []byte(text)} }
	app := func(name, vsn, modules string) *App {
		file := "lib/" + name + "-" + vsn + "/ebin/" + name + ".app"
		put(file, `{application, `+name+`, [{description, ""}, {vsn, "`+vsn+`"}, {modules, [`+modules+
			`]}, {registered, []}, {applications, []}]}.`)
		parsed, err := ParseApp(file, in.files[file].Data)
		require.NoError(t, err)
		return parsed
	}
	for _, name := range []string{"kernel", "stdlib", "sasl"} {
		app(name, "1", "")
	}
	text, err := Program{}.Draft(app("shop", "1", "a, 'b c', d"), app("shop", "2", "e, 'b c', a"))
	require.NoError(t, err)
	put("lib/shop-2/ebin/shop.appup", text)
	for name, vsn := range map[string]string{"old": "1", "new": "2"} {
		put(name+".rel", `{release, {"r", "`+vsn+`"}, {erts, "1"},
			[{kernel, "1"}, {stdlib, "1"}, {sasl, "1"}, {shop, "`+vsn+`"}]}.`)
	}
	want := systools(t, []*input{in})[0].(etf.Tuple)
	require.Equal(t, etf.Term(etf.Atom("ok")), want[0], "%s", etf.Format(want))
	got := in.make(t, true, true, want)
	require.True(t, same(want, got), difference(want, got))
}

func kindOf(answer etf.Tuple) string {
	last := answer[len(answer)-1]
	if etf.IsAtom(answer[0], "ok") {
		return "ok"
	}
	if list, ok := last.(etf.List); ok && len(list) > 0 {
		last = list[0]
	}
	return string(wordOf(answer[0])) + " " + string(wordOf(last))
}

func shown(t *testing.T, files fstest.MapFS) {
	for name, f := range files {
		t.Logf("%s:\n%s", name, f.Data)
	}
}
