package depo

import (
	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
	"github.com/gonode-otp/gonode/node"
	"github.com/gonode-otp/gonode/supervisor"
)

// App returns the application depo, to be started by Node.Applications().Start: a database that is registered as
// Depo.DB and opened as what says, and Depo.Supervisor for those that are opened by requests. db is the version of the
// server; on a node with Versions, the one that runs there takes its place.
//
//	depo_sup (one_for_one)
//	├── Depo.DB
//	└── Depo.Supervisor (simple_one_for_one)
func App(db genserv.Module, what etf.Term) node.App {
	return node.App{
		Name:         "depo",
		Description:  "SQLite databases",
		Vsn:          vsnOf(db),
		Modules:      []etf.Atom{"depo_sup", SupervisorName, Module},
		Registered:   []etf.Atom{"depo_sup", SupervisorName, Module},
		Applications: []etf.Atom{"kernel", "stdlib"},
		Start:        genserv.Child{Name: "depo_sup", Module: supervisor.Of(top{db}), Args: what},
	}
}

// vsnOf is the version of the application with this server.
func vsnOf(db genserv.Module) string {
	switch db.Server().(type) {
	case V1:
		return "1"
	case V2:
		return "2"
	}
	return "3"
}

// top is the supervisor at the top. Its argument is what the database is opened as.
type top struct{ db genserv.Module }

// ModuleName implements genserv.Namer.
func (top) ModuleName() etf.Atom { return "depo_sup" }

// Init implements supervisor.Supervisor.
func (t top) Init(what etf.Term) (supervisor.Flags, []supervisor.ChildSpec, error) {
	return supervisor.Flags{}, []supervisor.ChildSpec{
		ChildSpec(t.db, Module, what),
		{ID: SupervisorName, Start: supervisor.StartLink(supervisor.Of(Supervisor{t.db})).As(SupervisorName),
			Type: supervisor.TypeSupervisor},
	}, nil
}
