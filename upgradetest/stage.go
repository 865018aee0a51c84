package upgradetest

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"slices"

	"github.com/gonode-otp/gonode/appup"
	"github.com/gonode-otp/gonode/codechange"
	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
	"github.com/gonode-otp/gonode/node"
)

// kit is the application of the servers that have the sample states before the real ones do.
const (
	kitApp = "upgradetest"
	kitVsn = "0"
)

// sampleServer is a server that goes down to any version of a module, with a sample for the state.
type sampleServer struct {
	name    etf.Atom
	samples []Sample
}

func (s sampleServer) ModuleName() etf.Atom { return s.name }

// Init gets the number of the sample.
func (s sampleServer) Init(_ *genserv.Process, n etf.Term) genserv.InitResult[any] {
	return genserv.Ok[any](n)
}

func (s sampleServer) HandleCall(_ *genserv.Process, _ etf.Term, _ genserv.From, n any) genserv.Result[any] {
	return genserv.Reply[any](etf.Atom(kitApp), n)
}

// Downgrade makes the state of the sample.
func (s sampleServer) Downgrade(p *genserv.Process, _ etf.Term, n any, _ etf.Term) (any, error) {
	i, ok := n.(etf.Int)
	if !ok || int(i) >= len(s.samples) {
		return nil, fmt.Errorf("upgradetest: there is no sample %v of %s", n, s.name)
	}
	return s.samples[i].State(p), nil
}

// stage is a node on which a pair of versions is tried.
type stage struct {
	p        Program
	n        *node.Node
	root     string // of its own, and empty
	versions *codechange.Versions
	names    map[etf.Pid]string // of servers, for people
}

// stage starts a node with the versions of libs, with the samples of them that are wanted.
func (p Program) stage(ctx context.Context, libs []codechange.Lib, want func(Sample) bool) (*stage, error) {
	root, err := os.MkdirTemp("", kitApp+"-")
	if err != nil {
		return nil, err
	}
	s := &stage{p: p, root: root, names: map[etf.Pid]string{}}
	if err := s.start(ctx, libs, want); err != nil {
		return nil, errors.Join(err, s.end())
	}
	return s, nil
}

func (s *stage) start(ctx context.Context, libs []codechange.Lib, want func(Sample) bool) error {
	linked, err := s.p.Versions()
	if err != nil {
		return err
	}
	seeds := s.p.sampleServers(linked.Linked(), libs, want)
	if s.versions, err = withSampleServers(linked, seeds); err != nil {
		return err
	}
	if err := s.versions.CodeServer().Boot(appVsns(libs)); err != nil {
		return err
	}
	s.n, err = node.Start(ctx, node.Config{Name: kitApp, Cookie: kitApp, NoListen: true,
		Logger:  slog.New(slog.DiscardHandler),
		Upgrade: &node.Upgrade{Versions: s.versions, Root: s.root, Name: kitApp, Vsn: kitVsn}})
	if err != nil {
		return err
	}
	s.n.Export(kitApp, "fail", 0, func(context.Context, etf.List) (etf.Term, error) {
		return nil, &genserv.Failure{Class: "throw", Reason: etf.Atom(kitApp)}
	})
	for _, sd := range seeds {
		if err := s.startSamples(ctx, sd, libs); err != nil {
			return err
		}
	}
	if s.p.Prepare == nil {
		return nil
	}
	return s.p.Prepare(ctx, s.n)
}

// end stops the node.
func (s *stage) end() error {
	var err error
	if s.n != nil {
		err = s.n.Stop(context.Background())
	}
	return errors.Join(err, os.RemoveAll(s.root))
}

// sampleServers are the samples of the versions of libs, by module.
func (p Program) sampleServers(linked []appup.Linked, libs []codechange.Lib, want func(Sample) bool) (
	seeds []sampleServer) {
	for _, sample := range p.Samples {
		if !sample.isOf(linked, libs) || !want(sample) {
			continue
		}
		i := slices.IndexFunc(seeds, func(s sampleServer) bool { return s.name == sample.Module })
		if i < 0 {
			i, seeds = len(seeds), append(seeds, sampleServer{name: sample.Module})
		}
		seeds[i].samples = append(seeds[i].samples, sample)
	}
	return seeds
}

// isOf tells whether it is a state of a module of libs.
func (s Sample) isOf(linked []appup.Linked, libs []codechange.Lib) bool {
	_, ok := findHolder(linked, libs, s.Module, etf.Charlist(s.Vsn))
	return ok
}

// findHolder finds the application among libs that has a version of a module; nil is any version.
func findHolder(linked []appup.Linked, libs []codechange.Lib, module etf.Atom, vsn etf.Term) (lib codechange.Lib,
	ok bool) {
	for _, lib := range libs {
		for _, l := range linked {
			if l.App != lib.App || l.Vsn != lib.Vsn {
				continue
			}
			for _, m := range l.Modules {
				if m.Name == module && (vsn == nil || isVersion(m.Version, vsn)) {
					return lib, true
				}
			}
		}
	}
	return lib, false
}

// isVersion tells whether the version of a module is vsn; [] is the number that stands for the code of one without a
// version.
func isVersion(have, vsn etf.Term) bool {
	if list, isList := vsn.(etf.List); isList && len(list) == 0 {
		_, named := have.(etf.List)
		return !named
	}
	return etf.Equal(have, vsn)
}

// withSampleServers are versions with those of the kit.
func withSampleServers(linked *codechange.Versions, seeds []sampleServer) (*codechange.Versions, error) {
	var apps []codechange.Application
	for _, app := range linked.Applications() {
		apps = append(apps, *app)
	}
	own := codechange.Application{Name: kitApp, Vsn: kitVsn}
	for _, s := range seeds {
		own.Modules = append(own.Modules, &codechange.Module{Vsn: kitApp, Code: genserv.Of(s)})
	}
	return codechange.NewVersions(append(apps, own)...)
}

func appVsns(libs []codechange.Lib) (all []codechange.AppVsn) {
	for _, l := range libs {
		all = append(all, codechange.AppVsn{App: l.App, Vsn: l.Vsn})
	}
	return all
}

// startSamples starts servers with the samples of one module: they begin as seeds, and a code change makes the states.
func (s *stage) startSamples(ctx context.Context, sd sampleServer, libs []codechange.Lib) error {
	purge := etf.Tuple{sd.name, etf.Atom("brutal_purge"), etf.Atom("brutal_purge")}
	modules := etf.List{sd.name}
	find := func(app etf.Atom, vsn string) etf.Term {
		return etf.Tuple{etf.Atom("load_object_code"), etf.Tuple{app, etf.Charlist(vsn), modules}}
	}
	run := func(lib codechange.Lib, script ...etf.Term) error {
		_, err := s.n.ReleaseHandler().Eval(ctx,
			codechange.Script{Instructions: script, Libs: []codechange.Lib{lib}}, codechange.Options{})
		return err
	}
	load, point := etf.Tuple{etf.Atom("load"), purge}, etf.Atom("point_of_no_return")
	if err := run(codechange.Lib{App: kitApp, Vsn: kitVsn}, find(kitApp, kitVsn), point, load); err != nil {
		return err
	}
	current, _ := s.versions.Current(sd.name)
	for i, sample := range sd.samples {
		pid, err := s.n.Spawn(ctx, genserv.Child{Name: sample.Name, Module: current.Code, Args: etf.Int(i)})
		if err != nil {
			return fmt.Errorf("a server for sample %v: %w", sample, err)
		}
		s.names[pid] = fmt.Sprintf("%v, sample %d", sample, i+1)
		if sample.Name != "" {
			s.names[pid] += " (" + string(sample.Name) + ")"
		}
	}
	lib, _ := findHolder(s.versions.Linked(), libs, sd.name, nil)
	err := run(lib, find(lib.App, lib.Vsn), point, etf.Tuple{etf.Atom("suspend"), modules},
		etf.Tuple{etf.Atom("code_change"), etf.Atom("down"), etf.List{etf.Tuple{sd.name, etf.List{}}}}, load,
		etf.Tuple{etf.Atom("resume"), modules})
	if err != nil {
		return fmt.Errorf("a sample is no state of %v: %w", sd.samples[0], err)
	}
	return nil
}
