package appup

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/etf"
)

// vector is a file of testdata/vectors, which its README explains.
type vector struct {
	input
	result etf.List
}

func readVector(t *testing.T, file string) *vector {
	src, err := os.ReadFile(file)
	require.NoError(t, err)
	terms, err := etf.Consult(file, src)
	require.NoError(t, err)
	v := &vector{input: input{option: Options{Path: []string{"lib/*/ebin"}}}}
	fields := map[etf.Term]etf.Term{}
	for _, f := range terms[0].(etf.Tuple)[2].(etf.List) {
		if pair := f.(etf.Tuple); len(pair) == 2 {
			fields[pair[0]] = pair[1]
		}
	}
	ebin := func(name, vsn etf.Term) string {
		return "lib/" + string(name.(etf.Atom)) + "-" + textOf(t, vsn) + "/ebin/" + string(name.(etf.Atom))
	}
	for _, app := range fields[etf.Atom("apps")].(etf.List) {
		a := app.(etf.Tuple)
		v.put(ebin(a[1], field(a[2], "vsn"))+".app", a)
	}
	versions := map[etf.Term]etf.Term{}
	for _, app := range fields[etf.Atom("new_rel")].(etf.Tuple)[3].(etf.List) {
		versions[app.(etf.Tuple)[0]] = app.(etf.Tuple)[1]
	}
	for _, a := range fields[etf.Atom("appups")].(etf.List) {
		pair := a.(etf.Tuple)
		v.put(ebin(pair[0], versions[pair[0]])+".appup", pair[1])
	}
	v.put("new.rel", fields[etf.Atom("new_rel")])
	for _, r := range fields[etf.Atom("old_rels")].(etf.List) {
		old := r.(etf.Tuple)
		v.put(textOf(t, old[0])+".rel", old[2])
		v.rels = append(v.rels, Base{textOf(t, old[0]), old[1]})
	}
	for _, o := range fields[etf.Atom("options")].(etf.List) {
		require.Equal(t, etf.Term(etf.Atom("restart_emulator")), o)
		v.option.RestartEmulator = true
	}
	v.result = fields[etf.Atom("result")].(etf.List)
	return v
}

func field(list etf.Term, key etf.Atom) etf.Term {
	for _, e := range list.(etf.List) {
		if pair := e.(etf.Tuple); etf.IsAtom(pair[0], key) {
			return pair[1]
		}
	}
	return nil
}

// wanted returns what make_relup answered for one direction.
func (v *vector) wanted(mode Mode) etf.Tuple {
	name := []etf.Atom{"up", "down"}[mode]
	if one := field(v.result, name); one != nil {
		answer := one.(etf.Tuple)
		if etf.IsAtom(answer[0], "ok") {
			return etf.Tuple{answer[0], answer[1], etf.Atom("systools_relup"), answer[2].(etf.Tuple)[1]}
		}
		return answer
	}
	relup := field(v.result, "relup").(etf.Tuple)
	half := etf.Tuple{relup[0], etf.List{}, etf.List{}}
	half[1+mode] = relup[1+mode]
	return etf.Tuple{etf.Atom("ok"), half, etf.Atom("systools_relup"), field(v.result, "warnings_"+name)}
}

// cut makes the record of a no_relup what the vectors have of it.
func cut(answer etf.Tuple) etf.Tuple {
	if reason, ok := answer[len(answer)-1].(etf.Tuple); ok && etf.IsAtom(reason[0], "no_relup") {
		record := reason[2].(etf.Tuple)
		if len(record) > 2 {
			return etf.Tuple{answer[0], answer[1], etf.Tuple{reason[0], reason[1], etf.Tuple{record[1], record[3]}, reason[3]}}
		}
	}
	return answer
}

func TestVectors(t *testing.T) {
	files, err := filepath.Glob("testdata/vectors/*.term")
	require.NoError(t, err)
	require.Len(t, files, 44)
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".term"), func(t *testing.T) {
			v := readVector(t, file)
			for _, mode := range []Mode{ModeUp, ModeDown} {
				want := v.wanted(mode)
				got := v.make(t, mode == ModeUp, mode == ModeDown, want)
				require.True(t, same(want, cut(got)), difference(want, got))
			}
		})
	}
}

func TestTheFilesOfOTP(t *testing.T) {
	cases, err := filepath.Glob("testdata/raw/*")
	require.NoError(t, err)
	require.Len(t, cases, 4)
	for _, dir := range cases {
		src, err := os.ReadFile(dir + "/relup")
		require.NoError(t, err)
		want, err := ParseRelup("relup", src)
		require.NoError(t, err)
		old := []Base{{File: "old.rel"}}
		files := os.DirFS(dir).(Files)
		made, err := Make(files, "new.rel", old, old, Options{Path: []string{"lib/*/ebin"}})
		require.NoError(t, err)
		require.True(t, etf.Equal(want.Term(), made.Relup.Term()), difference(want.Term(), made.Relup.Term()))
		found, err := filepath.Glob(dir + "/lib/*/ebin/*.app*")
		require.NoError(t, err)
		for _, file := range append(found, dir+"/new.rel", dir+"/old.rel", dir+"/relup") {
			src, err := os.ReadFile(file)
			require.NoError(t, err)
			findings, err := Check(file, src)
			require.NoError(t, err)
			require.Empty(t, findings)
		}
	}
}
