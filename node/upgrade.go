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
// release_handler and answers the functions of the module release_handler by rpc. So the tools for upgrading OTP nodes
// work with it too.
type Upgrade struct {
	// Versions are the versions of modules and applications that are linked into the program. A server of one of these
	// modules is spawned with the current version of the module, whichever version was given.
	Versions *codechange.Versions
	// Root is the directory of the installation, code:root_dir(); "" is the working directory.
	Root string
	// Dir is the directory of the file RELEASES, relative to Root; "" is "releases".
	Dir string
	// OtherDirs are directories outside of Root and Dir whose files the release handler may use, such as those of
	// set_unpacked/2 and upgrade_app/2. The default is none. Names outside of all these directories are refused with
	// {error, {eacces, File}}.
	OtherDirs []string
	// Name and Vsn are those of the running release if there is no file RELEASES.
	Name, Vsn string
	// Options apply to each installation that does not set its own.
	Options codechange.Options
}

// ReleaseHandler returns the release handler, or nil without Config.Upgrade.
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

// newLoop makes the loop of a process with the current version of its module, and enters the process into the
// registry. An upgrade cannot come between the two, so it finds every process that has begun with the older version.
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

// ErrPeersDiffer means that the peers of a node do not all have the same permanent release, for example in the middle
// of an upgrade. CatchUp then has no release to install.
var ErrPeersDiffer = upgrade.ErrPeersDiffer

// CatchUp brings the node to the permanent release of its peers by its own relup, and makes that release permanent. A
// program calls it when its servers run, so that a node that was down during an upgrade gets the same release as the
// others. It returns the version that is permanent afterwards. If the node has the release already, nothing is done.
//
// Peers that cannot be reached are ignored; if none can, the node stays as it is. A release that runs on the peers and
// is not permanent is ignored too, because it may still be reverted. The release has to be unpacked on this node.
// CatchUp calls release_handler:which_releases/0 on each peer, whether Go or OTP.
//
// The error matches ErrPeersDiffer if the peers differ. It is a *codechange.Error if the upgrade was refused or
// failed; the node then runs the same release as before. It is ErrBadArgument if the node has no Config.Upgrade.
func (n *Node) CatchUp(ctx context.Context, peers ...etf.Atom) (vsn string, err error) {
	if n.releases == nil {
		return "", ErrBadArgument
	}
	return upgrade.CatchUp(ctx, n, n.releases, n.name, peers)
}

// SupervisedProcess is a process with its place in the supervision tree of its application.
type SupervisedProcess = upgrade.SupervisedProcess

// SuspendedSupervisorError says that a supervisor cannot be asked for its children because it is suspended.
type SuspendedSupervisorError = upgrade.SuspendedSupervisorError

// SupervisedProcesses walks the supervision trees of the running applications and returns their processes in the order
// of release_handler_1:get_supervised_procs/0. The application that was started first comes first. Within an
// application the children of the top supervisor come before that supervisor, the last started first. A child that is
// a supervisor comes before its own children. Children that do not run and processes that end during the walk are left
// out.
//
// The error is a *SuspendedSupervisorError, or says that ctx has ended.
func (n *Node) SupervisedProcesses(ctx context.Context) ([]SupervisedProcess, error) {
	return upgrade.SupervisedProcesses(ctx, upgradeNode{n})
}
