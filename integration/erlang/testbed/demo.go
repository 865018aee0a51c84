package main

import (
	"bytes"
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gonode-otp/gonode/codechange"
	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/examples/tsrv"
	"github.com/gonode-otp/gonode/genserv"
	"github.com/gonode-otp/gonode/node"
	"github.com/gonode-otp/gonode/supervisor"
)

// The application demo of ct/releases.erl in three versions: demo_srv.erl and demo_sup.erl.
type (
	demoSup struct{}
	demoSrv struct{ number int }

	demoState struct{ number, n int }
)

func (demoSup) ModuleName() etf.Atom { return "demo_sup" }

func (demoSup) Init(etf.Term) (supervisor.Flags, []supervisor.ChildSpec, error) {
	var specs []supervisor.ChildSpec
	for _, name := range []etf.Atom{"demo_a", "demo_b"} {
		specs = append(specs, supervisor.ChildSpec{ID: name, Start: supervisor.StartLink(genserv.Of(demoSrv{1})).As(name)})
	}
	return supervisor.Flags{}, specs, nil
}

func (s demoState) StateTerm() etf.Term { return etf.Tuple{etf.Int(s.number), etf.Int(s.n)} }

func (demoSrv) ModuleName() etf.Atom { return "demo_srv" }

func (d demoSrv) Init(*genserv.Process, etf.Term) genserv.InitResult[demoState] {
	return genserv.Ok(demoState{number: d.number})
}

func (demoSrv) HandleCall(_ *genserv.Process, request etf.Term, _ genserv.From, s demoState) genserv.Result[demoState] {
	s.add(request)
	return genserv.Reply(s.StateTerm(), s)
}

func (demoSrv) HandleCast(_ *genserv.Process, request etf.Term, s demoState) genserv.Result[demoState] {
	s.add(request)
	return genserv.NoReply(s)
}

func (s *demoState) add(request etf.Term) {
	if verb, args := etf.Verb(request); verb == "add" && len(args) == 1 {
		s.n += int(args[0].(etf.Int))
	}
}

// most is the largest number of version 3.
const most = 1000

func (d demoSrv) CodeChange(_ etf.Term, old any, _ etf.Term) (demoState, error) {
	s := old.(demoState)
	if d.number == 3 && s.n > most {
		return s, &genserv.Exit{Reason: etf.Tuple{etf.Atom("too_large"), etf.Int(s.n)}}
	}
	s.number = d.number
	return s, nil
}

func (d demoSrv) Downgrade(_ etf.Term, s demoState, _ etf.Term) (any, error) {
	s.number = d.number - 1
	return s, nil
}

// versions returns the versions of demo and of t__.
func versions(texts fs.FS) (*codechange.Versions, error) {
	apps := tsrv.Applications(texts)
	for i, vsn := range []string{"1", "2", "3"} {
		apps = append(apps, codechange.Application{Name: "demo", Vsn: vsn, Modules: []*codechange.Module{
			{Vsn: vsn, Code: genserv.Of(demoSrv{i + 1})}, {Vsn: vsn, Code: supervisor.Of(demoSup{})}}})
	}
	return codechange.NewVersions(apps...)
}

// startApplication starts the application of the release on a node that can be upgraded, and t__ on any other node.
func startApplication(ctx context.Context, n *node.Node) error {
	if h := n.ReleaseHandler(); h != nil && slices.ContainsFunc(h.Running().Libs, isDemo) {
		return n.Applications().Start(ctx, node.App{Name: "demo",
			Start: genserv.Child{Name: "demo_sup", Module: supervisor.Of(demoSup{})}})
	}
	return n.Applications().Start(ctx, tsrv.App(nil))
}

func isDemo(l codechange.Lib) bool { return l.App == "demo" }

// writeFiles writes texts into dir, each under its path. It replaces @DIR@ in them by dir.
func writeFiles(dir string, texts etf.Map) error {
	for _, p := range texts {
		path, _ := p.Key.(etf.Binary)
		text, _ := p.Value.(etf.Binary)
		name := filepath.Join(dir, strings.TrimPrefix(string(path), "/"))
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(name, bytes.ReplaceAll(text, []byte("@DIR@"), []byte(dir)), 0o644); err != nil {
			return err
		}
	}
	return nil
}
