package node

import (
	"context"

	"github.com/gonode-otp/gonode/codechange"
	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
	"github.com/gonode-otp/gonode/genserv/driver"
	"github.com/gonode-otp/gonode/node/internal/upgrade"
	"github.com/gonode-otp/gonode/releasehandler"
	"github.com/gonode-otp/gonode/supervisor"
)

// Upgrade says what the servers of a node can be upgraded to, see package codechange. The node then has a process
// release_handler and answers the functions of the module release_handler by rpc, so that the tools and people who
// upgrade OTP nodes can do the same with it.
type Upgrade struct {
	// Versions are the versions of modules and applications that are linked into the program. A server that is spawned
	// from a module among them runs the current version of it, whichever was named.
	Versions *codechange.Versions
	// Root is the directory of the installation, code:root_dir(); "" is the working directory.
	Root string
	// Dir is the directory of the file RELEASES, relative to Root; "" is "releases".
	Dir string
	// OtherDirs are directories outside of Root and Dir that the release handler may use the files of, such as those
	// of set_unpacked/2 and upgrade_app/2; none by default. Names that lead elsewhere are refused with {error,
	// {eacces, File}}.
	OtherDirs []string
	// Name and Vsn are those of the release that runs if there is no file RELEASES.
	Name, Vsn string
	// Options are those of each installation that does not say otherwise.
	Options codechange.Options
}

// ReleaseHandler returns the release handler, or nil if Config.Upgrade is.
func (n *Node) ReleaseHandler() *releasehandler.Handler { return n.releases }

// startUpgrade makes the release handler, before any server starts.
func (n *Node) startUpgrade() (err error) {
	u := n.cfg.Upgrade
	if u == nil {
		return nil
	}
	if u.Versions == nil {
		return &ConfigError{"Upgrade", "has no Versions"}
	}
	n.releases, err = releasehandler.New(releasehandler.Config{Host: upgradeHost{n}, Versions: u.Versions,
		Root: u.Root, Dir: u.Dir, OtherDirs: u.OtherDirs, Name: u.Name, Vsn: u.Vsn,
		Options: u.Options, Applications: n.apps.ForReleases()})
	if err != nil {
		return err
	}
	n.apps.UseReleases(n.releases.Resource)
	n.host.NextCode = u.Versions.CodeServer().Next
	for _, f := range n.releases.Functions() {
		n.Export(f.Module, f.Name, f.Arity, n.detached(f.Call))
	}
	n.exportUpgrade()
	return nil
}

// upgradeHost is what an upgrade needs of the node: it implements codechange.Host.
type upgradeHost struct{ n *Node }

// Users implements codechange.Host.
func (h upgradeHost) Users(module etf.Atom) []codechange.Process {
	var users []codechange.Process
	for _, p := range h.n.registry.inOrder() {
		if p.loop.Code().Name() == module {
			users = append(users, upgraded{p})
		}
	}
	return users
}

// Codes implements codechange.Census.
func (h upgradeHost) Codes(count func(genserv.Module)) {
	for _, p := range h.n.registry.all() {
		count(p.loop.Code())
	}
}

// Exported implements codechange.Host.
func (h upgradeHost) Exported(module, function etf.Atom, arity int) bool {
	return h.n.functions.Has(module, function, arity)
}

// Apply implements codechange.Host. A function that does not come back before ctx ends is left to itself.
func (h upgradeHost) Apply(ctx context.Context, module, function etf.Atom, args etf.List) (etf.Term, error) {
	type outcome struct {
		result  etf.Term
		failure *genserv.Failure
	}
	done := make(chan outcome, 1)
	if !h.n.goWork(func() {
		result, failure := h.n.functions.Apply(h.n.ctx, module, function, args)
		done <- outcome{result, failure}
	}) {
		return nil, ErrStopped
	}
	select {
	case o := <-done:
		if o.failure != nil {
			return nil, o.failure
		}
		return o.result, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	case <-h.n.ctx.Done():
		return nil, ErrStopped
	}
}

// Go implements codechange.Host.
func (h upgradeHost) Go(f func()) { h.n.goWork(f) }

// upgraded is a process as an upgrade sees it: it implements codechange.Process.
type upgraded struct{ p *process }

func (u upgraded) Pid() etf.Pid             { return u.p.pid }
func (u upgraded) Code() genserv.Module     { return u.p.loop.Code() }
func (u upgraded) Do(f func(*genserv.Loop)) { u.p.between(f) }
func (u upgraded) Done() <-chan struct{}    { return u.p.done() }

func (u upgraded) Name() etf.Atom {
	name, _ := u.p.n.registry.nameOf(u.p)
	return name
}

// Kill implements codechange.Process. That the process ends is no fault of its own, so its supervisor does not count
// it.
func (u upgraded) Kill() {
	if sup := u.p.n.local(destination{pid: u.p.parent}); sup != nil && sup != u.p && supervisor.Is(sup.loop.Code()) {
		sup.between(func(l *genserv.Loop) { supervisor.Forgive(l, u.p.pid) })
	}
	u.p.exit(killed)
}

// newLoop makes the loop of a process, with the version of its module that is current, and enters it into the
// registry. Both happen at once, so that an upgrade finds every process that began with the older version.
func (n *Node) newLoop(p *process, o spawnOptions, options driver.Options) error {
	begin := func(module genserv.Module) error {
		p.loop = genserv.NewLoop(module, proc{p}, options)
		if holder := n.registry.add(p, o.name); holder != nil {
			return &genserv.AlreadyStarted{Pid: holder.pid}
		}
		return nil
	}
	if n.cfg.Upgrade == nil {
		return begin(o.module)
	}
	return n.cfg.Upgrade.Versions.CodeServer().Start(o.module, begin)
}

// ErrPeersDiffer means that the peers of a node do not all have the same permanent release, as in the middle of an
// upgrade, so that there is none to follow.
var ErrPeersDiffer = upgrade.ErrPeersDiffer

// CatchUp brings the node to the permanent release of its peers, by its own relup, and makes that permanent. A program
// calls it when its servers run, so that a node that was down while the others were upgraded is like them. It returns
// the version that is permanent afterwards. If the node has it already, nothing is done.
//
// Peers that cannot be reached are passed over; without any that can, the node stays as it is. A release that runs
// on the peers and is not permanent does not count: it may still be taken back. The release has to be unpacked on this
// node. Each peer, of Go or OTP, is asked for release_handler:which_releases/0.
//
// The error matches ErrPeersDiffer if they disagree, is a *codechange.Error if the upgrade was refused or failed, and
// the node then runs the release that it ran; ErrBadArgument if the node has no Config.Upgrade.
func (n *Node) CatchUp(ctx context.Context, peers ...etf.Atom) (vsn string, err error) {
	if n.releases == nil {
		return "", ErrBadArgument
	}
	return upgrade.CatchUp(ctx, n, n.releases, n.name, peers)
}
