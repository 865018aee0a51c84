package depo

import (
	"time"

	"github.com/gonode-otp/gonode/codechange"
	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
	"github.com/gonode-otp/gonode/supervisor"
)

// SupervisorName is what the supervisor of the databases is registered as: Depo.Supervisor in Elixir.
const SupervisorName = etf.Atom("Elixir.Depo.Supervisor")

// ChildSpec is a child of a supervisor that opens a database, registered under a name unless that is "". What args may
// be is in the package comment. A database that is closed stays closed, one that crashes is opened again.
func ChildSpec(m genserv.Module, name etf.Atom, args etf.Term) supervisor.ChildSpec {
	start := supervisor.StartLink(m, args)
	if name != "" {
		start = start.As(name)
	}
	return supervisor.ChildSpec{ID: Module, Start: start, Restart: supervisor.Transient, Shutdown: 10 * time.Second}
}

// Supervisor starts a database for each supervisor:start_child(Depo.Supervisor, [What]), which Depo.open of Elixir
// does, and with [What, Pid] one that is linked to Pid. None of them is started again, for whoever had opened it has
// only its pid.
type Supervisor struct{ DB genserv.Module }

// ModuleName implements genserv.Namer.
func (Supervisor) ModuleName() etf.Atom { return SupervisorName }

// Init implements supervisor.Supervisor.
func (s Supervisor) Init(etf.Term) (supervisor.Flags, []supervisor.ChildSpec, error) {
	return supervisor.Flags{Strategy: supervisor.SimpleOneForOne}, []supervisor.ChildSpec{{
		ID: Module, Start: supervisor.Start{Module: Module, Function: "start_link", Func: s.start},
		Restart: supervisor.Temporary, Shutdown: 10 * time.Second,
	}}, nil
}

func (s Supervisor) start(p *genserv.Process, args etf.List) (supervisor.Started, error) {
	var what etf.Term = args
	if len(args) == 1 {
		what = args[0]
	}
	pid, err := p.SpawnLink(genserv.Child{Module: s.DB, Args: what})
	return supervisor.Started{Pid: pid}, err
}

// Versions returns the versions of the application depo. Each node needs its own.
func Versions(names *Names) (*codechange.Versions, error) {
	first := genserv.Of(V1{names})
	sup := &codechange.Module{Vsn: "1", Code: supervisor.Of(top{first})}
	databases := &codechange.Module{Vsn: "1", Code: supervisor.Of(Supervisor{first})}
	app := func(vsn string, code genserv.Module) codechange.Application {
		return codechange.Application{Name: "depo", Vsn: vsn,
			Modules: []*codechange.Module{{Vsn: vsn, Code: code}, sup, databases}}
	}
	return codechange.NewVersions(app("1", first), app("2", genserv.Of(V2{V1{names}})),
		app("3", genserv.Of(V3{V2{V1{names}}})))
}
