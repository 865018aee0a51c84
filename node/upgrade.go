package node

import (
	"context"

	"github.com/gonode-otp/gonode/codechange"
	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
	"github.com/gonode-otp/gonode/genserv/driver"
	"github.com/gonode-otp/gonode/node/internal/upgrade"
	"github.com/gonode-otp/gonode/releasehandler"
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
	n.upgrades = upgrade.NewHost(upgradeNode{n})
	n.releases, err = releasehandler.New(releasehandler.Config{Host: n.upgrades, Versions: u.Versions,
		Root: u.Root, Dir: u.Dir, OtherDirs: u.OtherDirs, Name: u.Name, Vsn: u.Vsn,
		Options: u.Options, Applications: n.apps.ForReleases()})
	if err != nil {
		return err
	}
	n.apps.UseReleases(n.releases.Resource)
	n.host.NextCode = u.Versions.CodeServer().Next
	for _, f := range append(n.releases.Functions(), upgrade.Functions(n.upgrades, n.releases, u.Versions)...) {
		n.Export(f.Module, f.Name, f.Arity, n.detached(f.Call))
	}
	return nil
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

// SupervisedProcess is a process in its place in the tree of its application.
type SupervisedProcess = upgrade.SupervisedProcess

// SuspendedSupervisorError is a supervisor that cannot be asked for its children, because it is suspended.
type SuspendedSupervisorError = upgrade.SuspendedSupervisorError

// SupervisedProcesses walks the supervision trees of the applications that run and returns their processes in the
// order of release_handler_1:get_supervised_procs/0: the application that was started first comes first; within it
// children come before the supervisor at the top, the one that was started last first, and before the children of one
// among them. Children that do not run and processes that end meanwhile are left out.
//
// The error is a *SuspendedSupervisorError, or that ctx has ended.
func (n *Node) SupervisedProcesses(ctx context.Context) ([]SupervisedProcess, error) {
	return upgrade.SupervisedProcesses(ctx, upgradeNode{n})
}
