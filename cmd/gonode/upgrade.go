package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
	"github.com/gonode-otp/gonode/node"
	"github.com/gonode-otp/gonode/releasehandler"
)

// upgradeFlags are the flags that only upgrade has.
type upgradeFlags struct {
	dryRun, permanent bool
	app, dir          string
	down              bool
	report            bool
	abort, purge      bool
	strict            bool
	canary            int
	watch             time.Duration
	busy              *choice
	suspend, change   time.Duration
	nodes             nodesFlags
	format            *choice
}

const upgradeHelp = `Make a node run another release, up or down, by the relup that lies there, and tell what became
of each of its servers. If anything goes wrong every server has its old code and its old state again, and the node
runs the release that it ran.

` + nodeHelp + `

VSN is the version of a release that is unpacked on the node. Without it the releases of the node are listed, how many
processes run which version of a module, and an upgrade that is under way, with what it waits for. With --abort that is
given up and undone.

With --dry-run the script is checked, and the code change of every server is tried with its present state and
forgotten; all that would fail is told. With --canary a few processes of each module go first and are watched; if one
of them ends the upgrade is taken back, else the others follow.

Modules that differ between the versions in the program and that the script has no instruction for are told as
warnings, and so are instructions for modules that do not differ. With --strict nothing is done then.

With --app one application is upgraded without a release, by the .appup file in the directory of its new version on
the disk of the node: lib/APP-VSN, or --dir. With --down it goes back to an older version, by the .appup file of the
one that runs. See release_handler:upgrade_app and downgrade_app.

The upgrade goes on if this command is interrupted, loses the connection or runs out of time: the node decides. With
--report the outcome of the last one is shown, however it was asked for.

An OTP node can be upgraded as well, but it tells no more than release_handler does, and restarts if the upgrade fails.
` + nodesHelp

func newUpgrade(o *options) *cobra.Command {
	var f upgradeFlags
	cmd := &cobra.Command{
		Use:   "upgrade NODE [VSN] [--app APP] | --nodes NODES VSN",
		Short: "Make a node run another release, as release_handler:install_release does; without VSN, list its releases",
		Long:  upgradeHelp,
		Example: `  gonode upgrade calc
  gonode upgrade calc 2 --dry-run
  gonode upgrade calc@myhost 2 --canary 10 --watch 1m --permanent
  gonode upgrade calc 2 -o json
  gonode upgrade calc 2 --app counter --dry-run
  gonode upgrade calc --app counter --dir /srv/counter-1 --down
  gonode upgrade calc --report
  gonode upgrade calc --abort` + nodesExamples,
		Args:              expectArgs(1, "NODE", "VSN"),
		ValidArgsFunction: o.completeUpgraded,
		RunE:              o.run(func(cmd *cobra.Command, args []string) error { return o.upgrade(cmd, args, f) }),
	}
	o.nodeFlags(cmd, defaultClient)
	flags := cmd.Flags()
	timeoutFlag(cmd, 0, "how long to wait altogether; 0 is for ever (default as long as an upgrade takes, else "+
		usualTimeout.String()+")")
	flags.BoolVar(&f.dryRun, "dry-run", false, "change nothing, tell what would be")
	flags.BoolVar(&f.permanent, "permanent", false,
		"make the release permanent if it works: the node starts with it from then on")
	flags.StringVar(&f.app, "app", "", "upgrade the application `APP` alone, by its .appup file")
	flags.StringVar(&f.dir, "dir", "", "the `directory` of its other version, on the node (default lib/APP-VSN)")
	flags.BoolVar(&f.down, "down", false, "go down to the version in that directory")
	f.handlingFlags(cmd)
	f.nodes.add(o, cmd)
	f.paceFlags(cmd)
	for _, flag := range []string{"app", "dir", "canary", "watch", "suspend-timeout", "code-change-timeout"} {
		completeFlag(cmd, flag)
	}
	f.format = outputFlag(cmd, "table", "one line a server")
	return cmd
}

// paceFlags adds the flags for the order of the servers and for time limits.
func (f *upgradeFlags) paceFlags(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.IntVar(&f.canary, "canary", 0, "change `N` processes of each module first")
	flags.DurationVar(&f.watch, "watch", 10*time.Second, "how long to watch them, or each wave of several nodes")
	f.busy = choiceFlag(cmd, "busy", "",
		"what to do about a server that does not suspend itself in time: fail, wait, or skip it", "fail", "wait", "skip")
	flags.DurationVar(&f.suspend, "suspend-timeout", 0,
		"how long a server may take to suspend itself (default as the script says, else 5s)")
	flags.DurationVar(&f.change, "code-change-timeout", 0, "how long a code change may take (default 5s)")
}

// handlingFlags adds the flags that say how careful an upgrade is, and those that inspect or abort an upgrade.
func (f *upgradeFlags) handlingFlags(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.BoolVar(&f.strict, "strict", false,
		"refuse a script that has no instruction for a module that differs, or one for a module that does not")
	flags.BoolVar(&f.report, "report", false, "show what became of the last upgrade")
	flags.BoolVar(&f.abort, "abort", false, "give up the upgrade that is under way: what it has changed is undone")
	flags.BoolVar(&f.purge, "purge", false,
		"with --permanent: end servers that stayed with an older version, with their states")
}

func (f upgradeFlags) check(args []string) error {
	switch {
	case f.nodes.wave != 0 || f.nodes.reapply || f.nodes.hosts != nil:
		return usagef("--wave, --reapply and --hosts are about several nodes: --nodes or --match says which")
	case f.abort && (f.report || f.dryRun || f.app != "" || len(args) > 1):
		return usagef("--abort is about the upgrade that is under way; leave the rest out")
	case f.purge && !f.permanent:
		return usagef("--purge goes with --permanent")
	case f.report && len(args) > 1:
		return usagef("--report is about the last upgrade; leave %s out", args[1])
	case f.canary < 0:
		return usagef("--canary %d is negative", f.canary)
	case f.watch < 0 || f.suspend < 0 || f.change < 0:
		return usagef("a time is negative")
	case f.app == "" && (f.dir != "" || f.down):
		return usagef("--dir and --down are about one application: --app says which")
	case f.app != "" && (f.report || f.permanent):
		return usagef("--app changes no release; leave --report and --permanent out")
	case f.app != "" && f.dir == "" && len(args) == 1:
		return usagef("--app needs a VSN or --dir")
	case f.app != "" && f.dir != "" && !f.down && len(args) > 1:
		return usagef("the .appup file in %s says which version it is of; leave %s out", f.dir, args[1])
	case f.dryRun && f.permanent:
		return usagef("--dry-run changes nothing, so there is nothing to make permanent")
	}
	return nil
}

// options returns the options of install_release/2 on a Go node.
func (f upgradeFlags) options() etf.List {
	list := etf.List{etf.Tuple{etf.Atom("busy"), etf.Atom(f.busy.value)}}
	if f.strict {
		list = append(list, etf.Tuple{etf.Atom("strict"), etf.Atom("true")})
	}
	if f.canary > 0 {
		list = append(list, etf.Tuple{etf.Atom("canary"), etf.Int(f.canary), etf.Int(f.watch.Milliseconds())})
	}
	return append(list, f.timeouts()...)
}

// timeouts returns the options that OTP has too.
func (f upgradeFlags) timeouts() etf.List {
	list := etf.List{}
	if f.suspend > 0 {
		list = append(list, etf.Tuple{etf.Atom("suspend_timeout"), etf.Int(max(1, f.suspend.Milliseconds()))})
	}
	if f.change > 0 {
		list = append(list, etf.Tuple{etf.Atom("code_change_timeout"), etf.Int(max(1, f.change.Milliseconds()))})
	}
	return list
}

func (o *options) upgrade(cmd *cobra.Command, args []string, f upgradeFlags) error {
	if f.nodes.given() {
		return o.upgradeNodes(cmd, args, f)
	}
	if err := f.check(args); err != nil {
		return err
	}
	if onlyAsks := f.report || f.app == "" && len(args) == 1; onlyAsks && !cmd.Flags().Changed("timeout") {
		o.timeout = usualTimeout
	}
	return o.withClient(cmd, args[0], func(ctx context.Context, n *node.Node, peer etf.Atom) error {
		u := &upgrading{cmd: cmd, n: n, peer: peer, flags: f}
		switch {
		case f.abort:
			return u.abort(ctx)
		case f.report:
			return u.last(ctx)
		case f.app != "":
			return u.locked(ctx, func() error { return u.oneApp(ctx, slices.Concat(args, []string{""})[1]) })
		case len(args) == 1:
			return u.list(ctx)
		}
		return u.locked(ctx, func() error { return u.to(ctx, target{vsn: args[1]}, f.release(args[1])) })
	})
}

// upgrading is the upgrade of one node.
type upgrading struct {
	cmd   *cobra.Command
	n     *node.Node
	peer  etf.Atom
	flags upgradeFlags
}

// list prints the releases of the node.
func (u *upgrading) list(ctx context.Context) error {
	releases, err := u.rpc(ctx, "release_handler", "which_releases")
	if undef(err) {
		return fmt.Errorf("%s has no release handler: it was started without Config.Upgrade, or without sasl", u.peer)
	}
	if err != nil {
		return err
	}
	overview, err := u.overview(ctx)
	if err != nil {
		return err
	}
	return printReleases(u.cmd, u.flags.format.value, releases, overview)
}

// overview returns what runs on the node, or nil for an OTP node, which does not tell.
func (u *upgrading) overview(ctx context.Context) (*releasehandler.Overview, error) {
	answer, err := u.rpc(ctx, "gonode", "upgrade_overview")
	if undef(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	o := &releasehandler.Overview{}
	return o, etf.Unmarshal(answer, o)
}

// abort aborts the running upgrade.
func (u *upgrading) abort(ctx context.Context) error {
	answer, err := u.rpc(ctx, "gonode", "abort_upgrade")
	switch {
	case undef(err):
		return fmt.Errorf("%s cannot give up an upgrade: it is no Go node with Config.Upgrade", u.peer)
	case err != nil:
		return err
	case !etf.IsAtom(answer, "ok"):
		return fmt.Errorf("no upgrade of %s is under way", u.peer)
	}
	fmt.Fprintf(u.cmd.ErrOrStderr(), "the upgrade is given up; gonode upgrade %s --report tells how it ended\n", u.peer)
	return nil
}

// to upgrades the node. It makes the request for a Go node. If the node does not know that function, it makes the
// request for an OTP node.
func (u *upgrading) to(ctx context.Context, to target, ask asking) error {
	listener, err := u.n.Spawn(ctx, genserv.Child{Module: genserv.Of(progressListener{u.cmd})})
	if err != nil {
		return err
	}
	options := append(etf.List{etf.Tuple{etf.Atom("progress"), listener}}, u.flags.options()...)
	answer, err := u.rpc(ctx, "gonode", ask.function, append(ask.args, options)...)
	if err == nil {
		_, _ = u.n.Call(ctx, listener, etf.Atom("flush")) // progress of the node is printed before the report
	}
	switch {
	case undef(err):
		err = u.toOTP(ctx, ask)
	case errors.Is(err, genserv.ErrNoConnection), errors.Is(err, genserv.ErrTimeout), err != nil && ctx.Err() != nil:
		err = &hintedError{err, fmt.Sprintf("if the upgrade had begun it goes on: gonode upgrade %s --report tells how "+
			"it ended",
			u.peer)}
	case err == nil:
		err = u.show(to, answer)
	}
	if err != nil || !u.flags.permanent {
		return err
	}
	return u.makePermanent(ctx, to.vsn)
}

// toOTP upgrades a node that has only the functions of OTP.
func (u *upgrading) toOTP(ctx context.Context, ask asking) error {
	if u.flags.canary > 0 || u.flags.busy.value != "fail" || u.flags.strict {
		return usagef("%s is an OTP node: it knows neither canaries nor busy servers nor --strict", u.peer)
	}
	answer, err := u.rpc(ctx, "release_handler", ask.otp, ask.otpArgs...)
	if undef(err) {
		return fmt.Errorf("%s has no release handler: it was started without Config.Upgrade, or without sasl", u.peer)
	}
	if err != nil {
		return err
	}
	if err := ask.refusal(answer); err != nil {
		return err
	}
	return printTerm(u.cmd, u.flags.format.value, answer)
}

// show prints the answer of a Go node.
func (u *upgrading) show(to target, answer etf.Term) error {
	report, failure := readOutcome(answer)
	if report == nil {
		return failure
	}
	return errors.Join(failure, printReport(u.cmd, u.flags.format.value, to, report))
}

// last prints the report of the last upgrade of the node: {Vsn, Began, Answer} or {{App, Vsn}, Began, Answer}.
func (u *upgrading) last(ctx context.Context) error {
	answer, err := u.rpc(ctx, "gonode", "last_install")
	if undef(err) {
		return fmt.Errorf("%s keeps no reports: it is no Go node with Config.Upgrade", u.peer)
	}
	if err != nil {
		return err
	}
	t, _ := answer.(etf.Tuple)
	if len(t) != 3 {
		return fmt.Errorf("%s has not been upgraded since it started", u.peer)
	}
	to := target{vsn: inWords(t[0])}
	if pair, ok := t[0].(etf.Tuple); ok && len(pair) == 2 {
		to = target{inWords(pair[0]), inWords(pair[1])}
	}
	ms, _ := t[1].(etf.Int)
	began := time.UnixMilli(int64(ms)).Format(time.DateTime)
	if etf.IsAtom(t[2], "running") {
		fmt.Fprintf(u.cmd.ErrOrStderr(), "the upgrade to %v of %s goes on\n", to, began)
		overview, err := u.overview(ctx)
		if err == nil && overview != nil {
			printRunning(u.cmd.ErrOrStderr(), overview.Running)
		}
		return err
	}
	fmt.Fprintf(u.cmd.ErrOrStderr(), "upgrade to %v of %s\n", to, began)
	return u.show(to, t[2])
}

func (u *upgrading) makePermanent(ctx context.Context, vsn string) error {
	if err := u.askPermanent(ctx, vsn); err != nil {
		return err
	}
	_, err := fmt.Fprintf(u.cmd.ErrOrStderr(), "release %s is permanent\n", vsn)
	return err
}

// askPermanent makes a running release permanent.
func (u *upgrading) askPermanent(ctx context.Context, vsn string) error {
	options := etf.List{}
	if u.flags.purge {
		options = etf.List{etf.Atom("purge")}
	}
	answer, err := u.rpc(ctx, "gonode", "make_permanent", etf.Charlist(vsn), options)
	if undef(err) {
		answer, err = u.rpc(ctx, "release_handler", "make_permanent", etf.Charlist(vsn))
	}
	if err != nil {
		return err
	}
	if t, ok := answer.(etf.Tuple); ok && len(t) == 3 {
		hint := "the release runs, but is not permanent: --purge ends them"
		return &upgradeError{etf.Tuple{t[0], t[1]}, append(findingsOf(t[2:]), hint)}
	}
	if !etf.IsAtom(answer, "ok") {
		return &upgradeError{reason: answer}
	}
	return nil
}

// progressListener prints the progress of the node.
type progressListener struct{ cmd *cobra.Command }

func (progressListener) Init(*genserv.Process, etf.Term) genserv.InitResult[struct{}] {
	return genserv.Ok(struct{}{})
}

func (progressListener) HandleCall(_ *genserv.Process, _ etf.Term, _ genserv.From,
	s struct{}) genserv.Result[struct{}] {
	return genserv.Reply(etf.Atom("ok"), s)
}

// HandleInfo handles {progress, Step, Steps, Instruction, Processes}.
func (l progressListener) HandleInfo(_ *genserv.Process, msg etf.Term, s struct{}) genserv.Result[struct{}] {
	if t, ok := msg.(etf.Tuple); ok && len(t) == 5 {
		fmt.Fprintf(l.cmd.ErrOrStderr(), "%s/%s %s\n", etf.Format(t[1]), etf.Format(t[2]), etf.FormatMax(t[3], 100))
	}
	return genserv.NoReply(s)
}
