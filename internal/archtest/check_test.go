package archtest

import (
	"io/fs"
	"path"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// sound returns a small tree that breaks no rule, with files put over it. An empty text takes a file away.
func sound(files map[string]string) fs.FS {
	tree := fstest.MapFS{}
	design := "# The house\n\n## 3. The tree\n```\n"
	for _, l := range Layers {
		design += l.Dir + "/    what it is\n"
		if !l.Future {
			tree[l.Dir+"/doc.go"] = file("package " + path.Base(l.Dir) + "\n")
		}
	}
	tree["DESIGN.md"] = file(design + "docs/    papers\n```\n\n## 4. More\nother/    is not the tree\n" +
		"\n```walk\nnode/last.go last\n```\n")
	tree["node/last.go"] = file("package node\n\nfunc last() {}\n")
	tree["README.md"] = file("# A program\n```go\npackage main\n\nfunc main() {\n\tgo on()\n}\n```\n")
	tree["node/example_test.go"] = file("package node\n\nfunc Example() {\n\tfor {\n\t\tgo on()\n\t}\n}\n")
	for name, text := range files {
		if delete(tree, name); text != "" {
			tree[name] = file(text)
		}
	}
	return tree
}

func file(text string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(text)} }

// check returns the problems of a tree as lines.
func check(t *testing.T, files map[string]string) []string {
	t.Helper()
	problems, err := Check(sound(files))
	require.NoError(t, err)
	lines := []string{}
	for _, p := range problems {
		lines = append(lines, p.String())
	}
	return lines
}

func TestASoundTreeHasNoProblems(t *testing.T) {
	require.Empty(t, check(t, nil))
}

func TestAnImportAgainstTheOrderIsRefusedWithItsReason(t *testing.T) {
	const m = Module + "/"
	for _, c := range []struct{ name, imported, want string }{
		{"etf/a.go", m + "dist", "etf may import nothing of this module"},
		{"dist/a.go", m + "node", "dist may import only etf (DESIGN.md, section 3): one connection to one peer"},
		{"dist/a.go", m + "epmd", "dist may import only etf"},
		{"dist/a.go", m + "etf", ""},
		{"dist/wire/a.go", m + "genserv", "dist may import only etf"},
		{"dist/a.go", m + "dist/wire", ""},
		{"genserv/a.go", m + "dist", "without sockets and without a node"},
		{"node/a.go", m + "gonodetest", "node may import only etf, epmd, dist"},
		{"node/a.go", m + "genserv", ""},
		{"cmd/gonode/a.go", m + "examples/counter", ""},
		{"cmd/gonode/a.go", m + "gonodetest", "cmd/gonode may import only"},
		{"internal/archtest/a.go", m + "etf", "depends on nothing it watches"},
		{"dist/a_test.go", m + "gonodetest", ""},
		{"dist/a_test.go", "net/http", ""},

		{"etf/a.go", "reflect", `imports "reflect", which only etf/marshal*.go, etf/unmarshal*.go, genserv/statetype.go, genserv/callbacks.go may import`},
		{"etf/marshal_fields.go", "reflect", ""},
		{"etf/unmarshal.go", "reflect", ""},
		{"genserv/marshal.go", "reflect", "nothing on the way of a message"},
		{"genserv/statetype.go", "reflect", ""},
		{"dist/a.go", "unsafe", `imports "unsafe", which only dist/atomcache_out.go, dist/raw_linux.go, dist/uncleared.go, etf/box.go, etf/refcache.go, etf/decode_small.go may import`},
		{"genserv/a.go", "net", "sockets belong to"},
		{"genserv/a.go", "net/netip", "sockets belong to"},
		{"dist/a.go", "net", ""},
		{"dist/a.go", "log/slog", "only node logs"},
		{"node/a.go", "log", "the slog.Logger it is given"},
		{"node/a.go", "os/exec", "starts no programs"},
		{"node/a.go", "testing", "testing flags"},
		{"gonodetest/a.go", "testing/synctest", ""},
		{"node/a.go", "C", `imports "C", which nobody may import: a fresh machine needs Go only`},
		{"genserv/a.go", "ergo.services/ergo/gen", "only the bridge to ergo"},
		{"genserv/a.go", "github.com/ergo-services/ergo", "the ergo of old"},
		{"node/a.go", "ergo.services/ergo/gen", "only the bridge to ergo"},
		{"node/a.go", "github.com/spf13/cobra", "the command line is no business"},
		{"cmd/gonode/a.go", "github.com/spf13/cobra", ""},
		{"gonodetest/a.go", "github.com/stretchr/testify/require", "assertions are for test files"},
		{"gonodetest/a.go", "go.uber.org/goleak", "leak checks are for test files"},
		{"node/a.go", "example.org/left/pad", "a new dependency has to be worth its price"},
		{"node/a.go", "encoding/json", ""},
	} {
		text := "package a\n\nimport _ \"" + c.imported + "\"\n"
		got := check(t, map[string]string{c.name: text})
		what := c.name + " imports " + c.imported
		if c.want == "" {
			assert.Empty(t, got, what)
			continue
		}
		if assert.Len(t, got, 1, what) {
			assert.Contains(t, got[0], c.want, what)
			assert.True(t, strings.HasPrefix(got[0], c.name+":3: imports "), got[0])
		}
	}
}

func TestTheListOfLayersAndTheFoldersAgree(t *testing.T) {
	require.Equal(t, []string{"extra: a package that the list of layers does not have: " +
		"give it its place in DESIGN.md, section 3, and in internal/archtest/layers.go"},
		check(t, map[string]string{"extra/a.go": "package extra\n"}))
	all := Layers
	t.Cleanup(func() { Layers = all })
	Layers = append(all[:len(all):len(all)], Layer{Dir: "later", Future: true, Why: "it is planned"})
	require.Contains(t, check(t, map[string]string{"later/a.go": "package later\n"})[0],
		"later: the package is there now: take its mark Future out")
	Layers = all
	require.Contains(t, check(t, map[string]string{"etf/doc.go": ""})[0],
		"etf: the list of layers names a package that is gone")
	require.Empty(t, check(t, map[string]string{"etf/testdata/a.go": "package broken ("}), "testdata is no package")
}

func TestTheTreeOfDesignMdAndTheListOfLayersAgree(t *testing.T) {
	require.Contains(t, check(t, map[string]string{"DESIGN.md": "# x\n"}), "DESIGN.md: section 3 is missing")
	got := check(t, map[string]string{"DESIGN.md": "\n## 3. x\netf/  terms\nextra/  more\n  indented/  text\n"})
	require.Contains(t, got, "DESIGN.md: section 3 has extra, which internal/archtest/layers.go lacks")
	require.Contains(t, got, "DESIGN.md: section 3 lacks dist, which internal/archtest/layers.go has")
	require.NotContains(t, strings.Join(got, "\n"), "lacks etf")
	require.NotContains(t, strings.Join(got, "\n"), "indented")
	require.NotContains(t, strings.Join(got, "\n"), "lacks internal/")
}

func TestBannedFunctionsAreFoundUnderAnyName(t *testing.T) {
	for _, c := range []struct{ name, imports, body, want string }{
		{"node/a.go", `"time"`, "time.Sleep(1)", "time.Sleep is not used here: wait for the thing itself"},
		{"node/a.go", `clock "time"`, "clock.Sleep(1)", "time.Sleep is not used here"},
		{"node/a.go", `"time"`, "f := time.Sleep; f(1)", "time.Sleep is not used here"},
		{"node/a_test.go", `"time"`, "time.Sleep(1)", ""},
		{"node/a.go", `"time"`, "time.NewTimer(1)", ""},
		{"genserv/a.go", `"time"`, "time.NewTimer(1)", "asks its Proc for timers"},
		{"etf/a.go", `"time"`, "time.Now()", "does not depend on the time"},
		{"etf/a.go", `"time"`, "_ = time.Second", ""},
		{"dist/a.go", `"fmt"`, "fmt.Println()", "standard output belongs to the program"},
		{"dist/a.go", `"fmt"`, "fmt.Sprint()", ""},
		{"cmd/gonode/a.go", `"fmt"`, "fmt.Println()", ""},
		{"node/a.go", `"os"`, "os.Exit(1)", "only a program may end itself"},
		{"cmd/gonode/a.go", `"os"`, "os.Exit(1)", ""},
		{"cmd/gonode/a.go", `"os"`, "println(os.Args)", "println is not used here: the builtin is for debugging"},
		{"genserv/a.go", `"os"`, "go os.Getpid()", "a go statement: genserv starts no goroutines"},
		{"node/a.go", `"os"`, "go os.Getpid()", ""},
		{"node/a.go", `"os"`, "println := os.Getpid; _ = println", ""},
	} {
		got := check(t, map[string]string{c.name: "package a\n\nimport " + c.imports + "\n\nfunc f() {\n\t" + c.body +
			"\n}\n"})
		what := c.name + ": " + c.body
		if c.want == "" {
			assert.Empty(t, got, what)
			continue
		}
		if assert.Len(t, got, 1, what) {
			assert.Contains(t, got[0], c.want, what)
			assert.True(t, strings.HasPrefix(got[0], c.name+":6: "), got[0])
		}
	}
}

func TestRecoverHasOnePlaceInGenservAndNoneBelow(t *testing.T) {
	const one = "package a\n\nfunc f() {\n\tdefer func() { _ = recover() }()\n}\n"
	require.Equal(t, []string{"dist/a.go:4: recover: dist never recovers; malformed input is an error value, and a bug " +
		"has to be seen"}, check(t, map[string]string{"dist/a.go": one}))
	require.Empty(t, check(t, map[string]string{"dist/a_test.go": one}))
	require.Empty(t, check(t, map[string]string{"genserv/a.go": one}))
	got := check(t, map[string]string{"genserv/a.go": one, "genserv/b.go": one})
	require.Len(t, got, 2, "both are shown: which one is right is not for this test to say")
	require.Contains(t, got[1], "genserv/b.go:4: recover: genserv has 1 place for it")
}

func TestAFileHasASizeBudget(t *testing.T) {
	lines := func(n int) string { return "package a\n" + strings.Repeat("// text\n", n-1) }
	require.Empty(t, check(t, map[string]string{"node/a.go": lines(400)}))
	require.Contains(t, check(t, map[string]string{"node/a.go": lines(401)})[0],
		"node/a.go: 401 lines; a file has at most 400")
	require.Empty(t, check(t, map[string]string{"node/a_test.go": lines(401)}))

	problems, err := Check(sound(map[string]string{"etf/wire_a.go": lines(151), "etf/a.go": lines(151)}))
	require.NoError(t, err)
	require.Len(t, problems, 1)
	require.True(t, problems[0].Advice)
	require.Equal(t, "etf/wire_a.go", problems[0].File)
}

func TestAFunctionHasASizeBudget(t *testing.T) {
	long := func(n int, body string) string {
		return "package a\n\nfunc f(x int) {\n" + strings.Repeat("\tg()\n", n-2) + body + "}\n"
	}
	require.Empty(t, check(t, map[string]string{"node/a.go": long(60, "")}))
	require.Equal(t, []string{"node/a.go:3: f has 61 lines; a function has at most 60, not counting a switch whose every " +
		"case is one call or one return"}, check(t, map[string]string{"node/a.go": long(61, "")}))
	require.Empty(t, check(t, map[string]string{"node/a_test.go": long(61, "")}))
	require.Empty(t, check(t, map[string]string{"node/a.go": "package a\n\nfunc f()\n"}), "written in assembly")
}

func TestALineOfGoHasAWidth(t *testing.T) {
	wide := func(n int) string { return "package a\n\n// " + strings.Repeat("ü", n-3) + "\n" }
	require.Empty(t, check(t, map[string]string{"cmd/gonode/a.go": wide(120)}), "characters, not bytes")
	require.Equal(t, []string{"cmd/gonode/a.go:3: 121 characters; a line has at most 120: break it after a comma or an " +
		"operator"}, check(t, map[string]string{"cmd/gonode/a.go": wide(121)}))
	require.Len(t, check(t, map[string]string{"cmd/gonode/a_test.go": wide(121)}), 1)
	text := "package a\n\nvar x = \"" + strings.Repeat("x", 121) + "\"\n"
	require.Len(t, check(t, map[string]string{"cmd/gonode/a.go": text}), 1)
	require.Empty(t, check(t, map[string]string{"cmd/gonode/a_test.go": text}), "an expected text stays in one piece")
	require.Empty(t, check(t, map[string]string{"docs/a.md": strings.Repeat("x", 121)}), "it is about Go")
}

func TestOldNamesAreRefusedAsWordsOfNames(t *testing.T) {
	for name, found := range map[string]bool{
		"errand": true, "newErrand": true, "errands": false, "ErrandFunc": true, "errand_of": true,
		"letGo": true, "peerLetGoAll": true, "letGoal": false, "outlet": false, "wayUp": true, "wayUpdate": false,
	} {
		want := 0
		if found {
			want = 1
		}
		assert.Len(t, check(t, map[string]string{"cmd/gonode/a.go": "package a\n\nvar " + name + " int\n"}), want, name)
	}
	require.Contains(t, check(t, map[string]string{"cmd/gonode/a.go": "package a\n\nfunc letGo() {}\n"})[0],
		"cmd/gonode/a.go:3: the name letGo: \"let go\" has no meaning in Erlang or Go; say yield")
	require.Empty(t, check(t, map[string]string{"cmd/gonode/a_test.go": "package a\n\nfunc TestAnErrandIsRun() {}\n"}))
}

func TestADispatchSwitchMayBeLong(t *testing.T) {
	in := func(head, each string) map[string]string {
		return map[string]string{"node/a.go": "package a\n\nfunc f(x any) error {\n\tg()\n\t" + head + " {\n" +
			strings.Repeat("\tcase "+each+"\n", 40) + "\tdefault:\n\t}\n\treturn nil\n}\n"}
	}
	for _, each := range []string{"1:\n\t\tg()", "1:\n\t\treturn g(x)", "1:\n\t\ty = g(x)", "1:\n\t\tx, y = g(x)",
		"1:\n\t\tbreak"} {
		assert.Empty(t, check(t, in("switch x", each)), each)
		assert.Empty(t, check(t, in("switch x.(type)", each)), each)
	}
	for _, each := range []string{"1:\n\t\tg()\n\t\tg()", "1:\n\t\tx++", "1:\n\t\tif x {\n}", "1:\n\t\tx = 2",
		"1:\n\t\t<-x",
		"1:\n\t\tx, y = 1, 2", "1:\n\t\tg(func() {\n\t\t\th()\n\t\t})"} {
		assert.Len(t, check(t, in("switch x", each)), 1, each)
	}
	assert.Len(t, check(t, in("select", "<-x:\n\t\tg()")), 1, "a select is no dispatch")
	nested := "package a\n\nfunc f(x int) {\n\tfor {\n\t\tswitch x {\n" +
		strings.Repeat("\t\tcase 1:\n\t\t\tg()\n", 40) + "\t\t}\n\t}\n}\n"
	assert.Empty(t, check(t, map[string]string{"node/a.go": nested}), "it may stand deeper")
}

func TestPutOffWorkAndPathsOfOneMachineAreFound(t *testing.T) {
	todo, fix, xs := "TO"+"DO", "FIX"+"ME", "XX"+"X"
	slash := "/"
	for text, found := range map[string]bool{
		todo + ": later":                   true,
		"a " + fix + "(me)":                true,
		xs:                                 true,
		todo + "S":                         false,
		"method":                           false,
		"open " + slash + "root/x":         true,
		slash + "home/me/x":                true,
		"(" + slash + "work/main)":         true,
		"in ." + slash + "work/x":          false,
		"https://example.org/home/x":       false,
		"a path such as " + slash + "home": false,
	} {
		want := 0
		if found {
			want = 1
		}
		for _, name := range []string{"README.md", "node/a_test.go", ".ci/run", "integration/erlang/erl/a.erl"} {
			body := text
			if strings.HasSuffix(name, ".go") {
				body = "package a // " + text
			}
			assert.Len(t, check(t, map[string]string{name: body + "\n"}), want, "%s in %s", text, name)
		}
		assert.Empty(t, check(t, map[string]string{"go.sum": text, "etf/testdata/x.md": text, ".git/x.md": text}), text)
	}
}

func TestTheProgramOfTheReadmeIsTheOneThatIsRun(t *testing.T) {
	require.Equal(t, []string{"README.md:8: the program differs from node/example_test.go, which is the one that is run: " +
		"go away()"}, check(t, map[string]string{"README.md": "Text.\n\n```sh\nls\n```\n```go\ngo on()\ngo away()\n```\n"}))
	require.Equal(t, []string{"docs/guide/a.md:3: the program differs from examples/*/*.go and ergohost/example/*.go, " +
		"which is the one that is run: b()"},
		check(t, map[string]string{"docs/guide/a.md": "```go\na()\nb()\n```\n",
			"examples/x/x.go": "package x\n\nfunc c() {\n\ta()\n}\n"}))
	for _, name := range []string{"README.md", "node/example_test.go"} {
		_, err := Check(sound(map[string]string{name: ""}))
		require.ErrorIs(t, err, fs.ErrNotExist)
	}
}

func TestATreeThatCannotBeReadIsAnError(t *testing.T) {
	_, err := Check(sound(map[string]string{"etf/a.go": "package ("}))
	require.ErrorContains(t, err, "etf/a.go")
	_, err = Check(sound(map[string]string{"DESIGN.md": ""}))
	require.ErrorIs(t, err, fs.ErrNotExist)
}

// A rule about a folder that no layer has is a rule that protects nothing, most likely a slip of the pen.
func TestTheTablesNameOnlyLayers(t *testing.T) {
	known := func(place string) bool {
		if dir, ok := strings.CutSuffix(place, "/"); ok {
			return strings.HasPrefix(place, "internal/") || layersWithin(dir)
		}
		_, ok := layerOf(path.Dir(place))
		return ok
	}
	for _, l := range Layers {
		assert.NotEmpty(t, l.Why, l.Dir)
		for _, m := range l.May {
			_, ok := layerOf(m)
			assert.True(t, ok, "%s may import %s", l.Dir, m)
		}
	}
	for _, r := range restrictions {
		for _, p := range r.places {
			assert.True(t, known(p), "%s in the restriction of %s", p, r.path)
		}
	}
	for _, dirs := range [][]string{libraries, pure} {
		for _, p := range dirs {
			assert.True(t, known(p), p)
		}
	}
	for dir := range recovers {
		assert.True(t, known(dir+"/"), dir)
	}
}

// layersWithin tells whether the folder is a layer or holds some.
func layersWithin(dir string) bool {
	for _, l := range Layers {
		if within(l.Dir, dir) {
			return true
		}
	}
	return false
}

func TestATestThatATextNamesHasToExist(t *testing.T) {
	files := map[string]string{"docs/evidence.md": "# Promises\n\n| it works | `TestItWorks`, `TestItIsFast` |\n",
		"node/it_test.go": "package node\n\nfunc TestItWorks(t *testing.T) {}\n"}
	require.Equal(t, []string{"docs/evidence.md:3: there is no test TestItIsFast"}, check(t, files))
}
