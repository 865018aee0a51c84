package appup_test

import (
	"fmt"
	"testing/fstest"

	"github.com/gonode-otp/gonode/appup"
	"github.com/gonode-otp/gonode/etf"
)

// The script of one application: what release_handler:upgrade_app/2 executes.
func ExampleTranslateScripts() {
	file, err := appup.ParseAppup("calc.appup", []byte(`
{"2",
 [{"1", [{update, calc_srv, {advanced, []}, [calc_lib]}, {load_module, calc_lib}]}],
 [{<<"1(\\..*)?">>, [{update, calc_srv, {advanced, []}}]}]}.`))
	if err != nil {
		fmt.Println(err) // all findings, file:line:column
		return
	}
	script, _ := appup.Find(file.Up, "1")
	old := &appup.App{Name: "calc", Vsn: "1", Modules: []etf.Atom{"calc_srv", "calc_lib"}}
	app := &appup.App{Name: "calc", Vsn: "2", Modules: []etf.Atom{"calc_srv", "calc_lib"}}
	low, err := appup.TranslateScripts(appup.ModeUp, []appup.Script{script}, []*appup.App{app}, []*appup.App{old})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, instruction := range low {
		fmt.Println(etf.Format(instruction))
	}
	// Output:
	// {load_object_code,{calc,"2",[calc_srv,calc_lib]}}
	// point_of_no_return
	// {suspend,[calc_srv]}
	// {load,{calc_lib,brutal_purge,brutal_purge}}
	// {load,{calc_srv,brutal_purge,brutal_purge}}
	// {code_change,up,[{calc_srv,[]}]}
	// {resume,[calc_srv]}
}

func ExampleMake() {
	app := func(name, vsn string) *fstest.MapFile {
		return &fstest.MapFile{Data: fmt.Appendf(nil,
			`{application, %s, [{description, ""}, {vsn, %q}, {modules, []}, {registered, []}, {applications, []}]}.`, name,
			vsn)}
	}
	rel := func(vsn, calc string) *fstest.MapFile {
		return &fstest.MapFile{Data: fmt.Appendf(nil,
			`{release, {"calc", %q}, {erts, "13.1.5"}, [{kernel, "8.5"}, {stdlib, "4.2"}, {sasl, "4.2"}, {calc, %q}]}.`, vsn,
			calc)}
	}
	files := fstest.MapFS{
		"lib/kernel-8.5/ebin/kernel.app": app("kernel", "8.5"), "lib/stdlib-4.2/ebin/stdlib.app": app("stdlib", "4.2"),
		"lib/sasl-4.2/ebin/sasl.app": app("sasl", "4.2"), "lib/calc-1/ebin/calc.app": app("calc", "1"),
		"lib/calc-2/ebin/calc.app":   app("calc", "2"),
		"lib/calc-2/ebin/calc.appup": {Data: []byte(`{"2", [{"1", [{apply, {calc, migrate, []}}]}], []}.`)},
		"a.rel":                      rel("A", "1"), "b.rel": rel("B", "2"),
	}
	options := appup.Options{Path: []string{"lib/*/ebin"}}
	made, err := appup.Make(files, "b.rel", []appup.Base{{File: "a.rel"}}, nil, options)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(etf.Format(made.Relup.Term()))

	_, err = appup.Make(files, "b.rel", nil, []appup.Base{{File: "a.rel"}}, options)
	fmt.Println(err)
	// Output:
	// {"B",[{"A",[],[point_of_no_return,{apply,{calc,migrate,[]}}]}],[]}
	// lib/calc-2/ebin/calc.appup:1:48: there is no entry for version 1
}
