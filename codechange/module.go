package codechange

import (
	"crypto/md5"
	"math/big"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
)

// Module is one version of a callback module that is linked into the program. Several versions of one name may be
// there side by side, each with a Code of its own, and every process runs one of them.
type Module struct {
	// Code is what processes run. It is nil for a module without processes that scripts mention; such a module needs a
	// Name.
	Code genserv.Module
	// Name is the name by which instructions mean the module. "" is the name of Code.
	Name etf.Atom
	// Vsn is the version, as the attribute -vsn("2") of an Erlang module gives it. The code change of another version gets
	// it as oldVsn, as a charlist. "" is a number of 128 bits that differs from build to build, like that of an Erlang
	// module without the attribute.
	Vsn string
	// Schema names the shape of the state. A process whose module is loaded without a code change changes to a version of
	// the same schema only; otherwise it keeps its code. "" is the layout of the Go type of the state, whatever its name
	// is.
	Schema string
}

func (m *Module) name() etf.Atom {
	if m.Name == "" && m.Code != nil {
		return m.Code.Name()
	}
	return m.Name
}

// Version returns Vsn as a code change gets it: a charlist, or the number that stands for the build.
func (m *Module) Version() etf.Term {
	if m.Vsn != "" {
		return etf.Charlist(m.Vsn)
	}
	kind := ""
	if m.Code != nil {
		kind = m.Code.StateType() + " " + m.Code.ServerType()
	}
	sum := md5.Sum([]byte(buildID() + "\x00" + string(m.name()) + "\x00" + kind))
	return etf.NewBigInt(new(big.Int).SetBytes(sum[:]))
}

func (m *Module) schema() string {
	if m.Schema == "" && m.Code != nil {
		return m.Code.StateType()
	}
	return m.Schema
}

// String returns the name and version for people: counter-2.
func (m *Module) String() string {
	if m == nil {
		return "none"
	}
	return string(m.name()) + "-" + m.vsnText()
}

// vsnText is the version for people.
func (m *Module) vsnText() string {
	switch {
	case m == nil:
		return ""
	case m.Vsn == "":
		return etf.Format(m.Version())
	}
	return m.Vsn
}

// Application is one version of an application: what its .app file lists under modules, as it is linked into the
// program. A module that two versions of an application have in common is the same *Module in both.
type Application struct {
	Name    etf.Atom
	Vsn     string
	Modules []*Module
}
