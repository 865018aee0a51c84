package erlang

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/examples/upgrade"
	"github.com/gonode-otp/gonode/genserv"
	"github.com/gonode-otp/gonode/gonodetest/beam"
	"github.com/gonode-otp/gonode/node"
)

// startUpgradable starts a node with the release 1 of the example, in a copy of its files, and its counter.
func startUpgradable(t *testing.T) (n *node.Node, root string) {
	t.Helper()
	root = t.TempDir()
	require.NoError(t, os.CopyFS(root, os.DirFS("../../examples/upgrade/root")))
	n = startRelease(t, root)
	spawn(t, n, "counter", genserv.Of(upgrade.V1{}))
	return n, root
}

// startRelease starts a node with the release that is permanent in root.
func startRelease(t *testing.T, root string) *node.Node {
	t.Helper()
	versions, err := upgrade.Versions()
	require.NoError(t, err)
	cfg := config(t)
	cfg.Upgrade = &node.Upgrade{Versions: versions, Root: root}
	return start(t, cfg)
}

// operator is a BEAM that types rpc:call to the Go node.
type operator struct {
	t   *testing.T
	n   *node.Node
	erl *beam.Node
}

func startOperator(t *testing.T, n *node.Node) operator {
	t.Helper()
	return operator{t, n, beam.StartErl(t)}
}

// rpc applies a function of release_handler on the Go node.
func (o operator) rpc(function, args string) string {
	o.t.Helper()
	return o.erl.Eval(o.t, at(o.n, "rpc:call('gonode@host', release_handler, "+function+", "+args+")."))
}

// call asks the counter.
func (o operator) call(request string) string {
	o.t.Helper()
	return o.erl.Eval(o.t, at(o.n, "gen_server:call({counter,'gonode@host'}, "+request+")."))
}

// answers tells whether the counter answers with want, whose keys each release prints in an order of its own.
func (o operator) answers(request, want string) bool {
	o.t.Helper()
	return o.erl.Eval(o.t, at(o.n, "gen_server:call({counter,'gonode@host'}, "+request+") =:= "+want)) == "true"
}

func TestAnOperatorUpgradesTheCounterFailsAndGoesBack(t *testing.T) {
	n, root := startUpgradable(t)
	o := startOperator(t, n)
	require.Equal(t, "5", o.call("{add,5}"))
	require.Equal(t, `[{"calc","1",["kernel-8.5.3","stdlib-4.2","sasl-4.2","counter-1"],permanent}]`,
		o.rpc("which_releases", "[]"))
	require.Equal(t, `{error,{no_such_release,"2"}}`, o.rpc("install_release", `["2"]`))
	require.Equal(t, `{ok,"2"}`, o.rpc("set_unpacked", `["releases/2/calc.rel",[]]`))
	require.Equal(t, `{error,{existing_release,"2"}}`, o.rpc("set_unpacked", `["releases/2/calc.rel",[]]`))
	require.Equal(t, `{ok,"1",[]}`, o.rpc("check_install_release", `["2"]`))
	require.Equal(t, `{error,{bad_status,unpacked}}`, o.rpc("make_permanent", `["2"]`))
	require.Equal(t, `{error,{illegal_option,{bad,opt}}}`, o.rpc("install_release", `["2",[{bad,opt}]]`))

	require.Equal(t, `{ok,"1",[]}`, o.rpc("install_release", `["2",[{suspend_timeout,5000}]]`))
	require.True(t, o.answers("get", `#{adds => 0,n => 5}`))
	require.True(t, o.answers("{add,2000}", `#{adds => 1,n => 2005}`))
	require.Equal(t, `{error,{already_installed,"2"}}`, o.rpc("install_release", `["2"]`))
	require.Equal(t, `ok`, o.rpc("make_permanent", `["2"]`))
	require.Equal(t, `[{"calc","1",["kernel-8.5.3","stdlib-4.2","sasl-4.2","counter-1"],old}]`,
		o.rpc("which_releases", "[old]"))

	require.Equal(t, `{ok,"3"}`, o.rpc("set_unpacked", `["releases/3/calc.rel",[]]`))
	pid := n.ReleaseHandler() // the node survives what makes an OTP node restart
	require.Equal(t, `true`, o.erl.Eval(t, at(n, `{error,{code_change_failed,P,counter,"2",{error,{too_large,2005}}}} =
		rpc:call('gonode@host', release_handler, install_release, ["3"]), P =:= rpc:call('gonode@host', erlang, whereis, [counter]).`)))
	require.Same(t, pid, n.ReleaseHandler())
	require.True(t, o.answers("{add,1}", `#{adds => 2,n => 2006}`))
	require.Equal(t, `permanent`, o.erl.Eval(t, at(n,
		`{value, {_,_,_,S}} = lists:keysearch("2", 2, rpc:call('gonode@host', release_handler, which_releases, [])), S.`)))

	require.Equal(t, `{ok,"1",[]}`, o.rpc("install_release", `["1"]`))
	require.Equal(t, `2006`, o.call("get"))
	require.Equal(t, `ok`, o.rpc("make_permanent", `["1"]`))
	require.Equal(t, `ok`, o.rpc("set_removed", `["3"]`))
	require.Equal(t, `{error,{permanent,"1"}}`, o.rpc("remove_release", `["1"]`))

	text := o.erl.Eval(t, `{ok, [R]} = file:consult(`+
		etf.Format(etf.Charlist(filepath.Join(root, "releases/RELEASES")))+`), [{element(3,X),element(6,X)} || X <- R].`)
	require.Equal(t, `[{"2",old},{"1",permanent}]`, text)
}
