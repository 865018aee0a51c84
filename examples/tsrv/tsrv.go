// Package tsrv is the server t__srv of an application for translations, in three versions with the files that lead
// from one to the next. It holds for each application of a cluster where its PO files are, as GNU gettext has them, and
// keeps their texts in tables.
//
//	t__sup (one_for_one)
//	└── t__srv
//
// It understands these calls; config_set and config_delete are casts as well:
//
//	{config_set, App, {t__config, Language, Dev, [{t__repository, Name, Directory, _}]}}    ok
//	{config_delete, App}                              ok or {error, not_found}
//	{config_await, App}                               {ok, Config}, once there is one
//	{translate, App, Repository, Language, Text}      the translation, or Text; {Context, Text} is a text in a context
//	tables                                            [{App, Repository, Size}]
//	dev_count                                         how many applications are in developer mode
//	{stop, Reason}, {abort, Reason}, {crash, Term}    stopping, aborting, no answer: three ways to end
//	anything else                                     error
//
// While an application is in developer mode, a timer sends the server monitor every ten seconds, and it reads the files
// that have changed. Version 2 also knows {changes, App} and a language to fall back on, version 3 has no developer
// mode.
//
// Options of t__srv:start_link/1,2:
//
//	{configs, [{App, Config}]}     configurations to begin with
//	{timer_interval, Ms}           how often files are looked at
//	{idle, Ms}                     a time-out behind each result of a callback, or hibernate, or infinity
//	{notify, Pid}                  a process that is told what happens: {t__srv, Self, Event}
//	trap_exit                      exit signals become messages, so that terminate/2 is called
//	{enabled, false}               init/1 answers ignore
//
// The same server in Erlang is integration/erlang/ct/t__srv.erl; one suite of tests holds for both.
//
// README.md has sessions to try.
package tsrv

import (
	"io/fs"

	"github.com/gonode-otp/gonode/codechange"
	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
	"github.com/gonode-otp/gonode/node"
	"github.com/gonode-otp/gonode/supervisor"
)

// Versions returns the versions of the application t__. Each node needs its own.
func Versions(texts fs.FS) (*codechange.Versions, error) {
	return codechange.NewVersions(Applications(texts)...)
}

// Applications are the versions of the application, to be linked with those of others. Version 2 of t__srv has no vsn
// of its own: a number that stands for its code takes its place.
func Applications(texts fs.FS) []codechange.Application {
	sup := &codechange.Module{Vsn: "1", Code: supervisor.Of(NewSup(texts))}
	app := func(vsn, own string, code genserv.Module) codechange.Application {
		return codechange.Application{Name: "t__", Vsn: vsn, Modules: []*codechange.Module{{Vsn: own, Code: code}, sup}}
	}
	return []codechange.Application{app("1", "1", genserv.Of(NewV1(texts))), app("2", "", genserv.Of(NewV2(texts))),
		app("3", "3", genserv.Of(NewV3(texts)))}
}

// App is the application, to be started by node.Node.Applications().Start. texts has the repositories, options are
// those of t__srv:start_link/1.
func App(texts fs.FS, options ...etf.Term) node.App {
	return node.App{Name: "t__", Description: "Translations", Vsn: "1", Modules: []etf.Atom{"t__srv", "t__sup"},
		Registered: []etf.Atom{"t__sup", "t__srv"}, Applications: []etf.Atom{"kernel", "stdlib"},
		Start: genserv.Child{Name: "t__sup", Module: supervisor.Of(NewSup(texts)), Args: etf.List(options)}}
}

// Sup is the supervisor of t__srv.
type Sup struct{ texts fs.FS }

// NewSup makes it; texts has the repositories.
func NewSup(texts fs.FS) Sup { return Sup{texts} }

// ModuleName implements genserv.Namer.
func (Sup) ModuleName() etf.Atom { return "t__sup" }

// Init implements supervisor.Supervisor. The arguments are the options of t__srv.
func (s Sup) Init(args etf.Term) (supervisor.Flags, []supervisor.ChildSpec, error) {
	options, isList := args.(etf.List)
	if !isList {
		options = etf.List{}
	}
	return supervisor.Flags{Intensity: 10}, []supervisor.ChildSpec{{ID: etf.Atom("t__srv"),
		Start: supervisor.Start{Module: "t__srv", Function: "start_link", Args: etf.List{options}, Func: s.start}}}, nil
}

// start is t__srv:start_link(Options), which registers it under its module name, and start_link({local, Name},
// Options).
func (s Sup) start(p *genserv.Process, args etf.List) (supervisor.Started, error) {
	if len(args) == 1 {
		args = etf.List{etf.Tagged("local", etf.Atom("t__srv")), args[0]}
	}
	var name etf.Atom
	if len(args) == 2 {
		if local, isLocal := etf.AsTuple(args[0], "local", 2); isLocal {
			name, _ = local[1].(etf.Atom)
		}
	}
	if name == "" {
		return supervisor.Started{}, &genserv.Exit{Reason: etf.Atom("badarg")}
	}
	pid, err := p.SpawnLink(genserv.Child{Name: name, Module: genserv.Of(NewV1(s.texts)), Args: args[1]})
	return supervisor.Started{Pid: pid}, err
}
