package erlang

import (
	"context"
	"fmt"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/codechange"
	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/supervisor"
)

// behind are the options for a Go node that finds servers in calls: they get all the time that they need.
var behind = codechange.Options{SuspendTimeout: spareTime}

// besideCases are what can happen in an upgrade, by the names in the table.
var besideCases = map[string]besideCase{
	"chain": {what: "a calls b, and the script names a first",
		otpIs: "both change", oursIs: "both change", call: [2]string{"ta", "{walk_behind,tc,[{tb,[]}]}"},
		script: loadTwins + `, {suspend,[tc]}` + upTwins("x", "ta", "tb") + `, {resume,[tc]}`, look: []string{"ta", "tb"},
		options: behind},
	"chain_backwards": {what: "a calls b, and the script names b first", long: true,
		otpIs:  "a is left out after 10 s: new code with its old state",
		oursIs: "b serves a, both change", call: [2]string{"ta", "{walk_behind,tb,[{tb,[]}]}"},
		script: loadTwins + upTwins("x", "tb", "ta"), look: []string{"ta", "tb"}, options: behind},
	"loop": {what: "a casts to b, which calls a: no order of the script is right", long: true,
		otpIs: "b is left out after 10 s", oursIs: "both change", call: [2]string{"ta", "{round,tb}"},
		script: loadTwins + upTwins("x", "ta", "tb"), look: []string{"ta", "tb"}, options: behind},
	"over_a_node": {what: "a calls b by way of a process that no supervisor has, here one of a BEAM", long: true,
		otpIs: "a is left out after 10 s", oursIs: "both change",
		call:   [2]string{"ta", "{walk_behind,tb,[{twin_relay,[{tb,[]}]}]}"},
		script: loadTwins + upTwins("x", "tb", "ta"), look: []string{"ta", "tb"}, options: behind},
	"groups": {what: "a calls b, and each is a group of its own, b first",
		otpIs: "b goes on before a is asked, both change", oursIs: "the same",
		call:   [2]string{"ta", "{walk_behind,tb,[{tb,[]}]}"},
		script: loadTwins + upTwins("x", "tb") + upTwins("x", "ta"), look: []string{"ta", "tb"}, options: behind},
	"new_child": {what: "`{update,Sup,supervisor}`, a new child, and then a code change that fails",
		otpIs:  "the new child and the new supervisor stay, and a server is suspended until the node restarts",
		oursIs: "the supervisor forgets the child", look: []string{"ta", "te"},
		script: loadTwins + upTwins("[]", "twin_sup") + `, {apply,{supervisor,restart_child,[twin_sup,te]}}` +
			upTwins("{error,ta,nope}", "ta"), more: besideChildren},
	"undo_hangs": {what: "an undo that never returns", otpIs: "knows no `{undo, MFA}`",
		oursIs: "it is given up and reported, the rest is undone", look: []string{"ta"},
		options: codechange.Options{UndoTimeout: 10 * time.Millisecond},
		script: loadTwins + upTwins("x", "ta") + `, {apply,{twin_lab,ok,[]},{undo,{twin_lab,hang,[]}}}` +
			failTwins},
	"shared": {what: "a code change alters what its state shares (ets, a map), and fails",
		otpIs: "the table stays altered", oursIs: "it worked on a copy (`StateCopier`)",
		script: loadTwins + upTwins("{share,ta}", "ta"), more: func(lab *besideLab) (otp, our string) {
			return "n = " + lab.erl.Eval(lab.t, "ets:lookup_element(twin_shared, n, 2)."),
				"n = " + lab.erl.Eval(lab.t, at(lab.n, "gen_server:call({ta,'gonode@host'}, shared)."))
		}},
	"get_state": {what: "`sys:get_state` of a server that is under change", otpIs: "its new state already",
		oursIs: "the same", script: loadTwins + upTwins("{peek,tb,ta}", "ta", "tb"), look: []string{"ta"},
		more: func(lab *besideLab) (otp, our string) {
			return "state " + lab.erl.Eval(lab.t, "persistent_term:get(twin_peek)."), "state " + lab.peeked
		}},
	"late_start": {what: "a server begins with the new code before something fails",
		otpIs: "it goes on with the new code", oursIs: "it goes down by its `Downgrade`, the same process",
		script: loadTwins + upTwins("x", "ta") + `, {apply,{twin_lab,late_start,[]}}` + failTwins, look: []string{"ta", "tn"}},
	"stopped": {permanent: true, what: "`application:stop` of a permanent application, and then something fails",
		otpIs:  "it is stopped until the node restarts",
		oursIs: "it runs, is permanent, and its states are new, which is reported",
		script: loadTwins + stopTwins + failTwins, look: []string{"ta"}, more: besideStarted},
	"removed": {permanent: true, what: "`{remove_application, A}`, and then something fails",
		otpIs:  "it is gone until the node restarts",
		oursIs: "it is back, without its states", script: loadTwins + dropTwins + `, {apply,{application,unload,[twin]}}` +
			failTwins, look: []string{"ta"}, more: besideStarted},
	"restarted": {permanent: true, what: "`{restart_application, A}`, and then something fails",
		otpIs:  "version 2 runs, with new states",
		oursIs: "version 1 runs, with new states, which is reported", look: []string{"ta"}, more: besideStarted,
		script: loadTwins + dropTwins +
			`, {load,{ta,brutal_purge,brutal_purge}}, {apply,{application,start,[twin,permanent]}}` +
			failTwins},
	"handle": {what: "a code change opens a port (a handle), and a later one fails", otpIs: "the port stays open",
		oursIs: "`EndCodeChange` closes it", script: loadTwins + upTwins("{open,ta}", "ta") + upTwins("{error,tb,nope}",
			"tb"),
		more: func(lab *besideLab) (otp, our string) {
			return "open ports " + lab.erl.Eval(lab.t, "twin_lab:ports(ta)."),
				fmt.Sprintf("opened %d, closed %d", lab.opened.Load(), lab.closed.Load())
		}},
	"other_state": {what: "`{load_module, M}` although the state of the new code is another type (`v1.State`, `v2.State`)",
		otpIs: "new code with the old state", oursIs: "old code with the old state, reported as `stayed`",
		script: loadTwins + `, {load,{ta,brutal_purge,brutal_purge}}`, look: []string{"ta"},
		more: func(lab *besideLab) (otp, our string) {
			return "nothing told", string(lab.report.Processes[0].Outcome)
		}},
	"purge": {what: "`code:purge` by rpc while a server is in a callback of old code", call: [2]string{"ta", blocked},
		otpIs: "it is killed, and its supervisor starts it again", oursIs: "the same",
		otpOptions: "[{suspend_timeout,10}]", options: codechange.Options{Busy: codechange.BusySkip,
			SuspendTimeout: time.Millisecond},
		script: loadTwins + `, {load,{ta,brutal_purge,brutal_purge}}`, more: besidePurge},
	"removed_below": {what: "`{remove, M}` and a purge below a permanent child",
		otpIs:  "`undef` with the next message, until the supervisor gives up (embedded mode)",
		oursIs: "refused, all go on", script: loadTwins + `, {remove,{ta,brutal_purge,brutal_purge}}, {purge,[ta]}`,
		more: besideRemoved},
	"error": besideFailing("returns an error", "{error,ta,nope}"),
	"crash": besideFailing("crashes (panics)", "{crash,ta,boom}"),
	"exit":  besideFailing("exits", "{exit,ta,bye}"),
	"throw": besideFailing("throws (panics)", "{throw,ta,nope}"),
	"hang":  besideHanging(),
}

// besideFailing is a code change that fails in some way.
func besideFailing(how, extra string) besideCase {
	return besideCase{what: "`code_change` " + how, otpIs: "all stay suspended until the node restarts",
		oursIs: "all go on as before",
		script: loadTwins + upTwins(extra, "tb", "ta"), look: []string{"ta", "tb"}}
}

func besideHanging() besideCase {
	c := besideFailing("never returns", "{hang,ta}")
	c.otpOptions, c.options.CodeChangeTimeout = "[{code_change_timeout,100}]", 100*time.Millisecond
	c.oursIs, c.look = "the others go on as before", []string{"tb"}
	return c
}

func besideChildren(lab *besideLab) (otp, our string) {
	children := func(node string) string {
		return "children " + lab.erl.Eval(lab.t, "twin_lab:children("+node+").")
	}
	return children("node()"), children(etf.Format(lab.n.Name()))
}

func besideStarted(lab *besideLab) (otp, our string) {
	started := func(node string) string {
		return "application " + lab.erl.Eval(lab.t, "twin_lab:started("+node+").")
	}
	return started("node()"), started(etf.Format(lab.n.Name()))
}

// besidePurge purges the module of a server that is blocked, and has it end.
func besidePurge(lab *besideLab) (otp, our string) {
	purge := func(node string) string {
		return lab.erl.Eval(lab.t, "twin_lab:purge("+node+").")
	}
	return purge("node()"), purge(etf.Format(lab.n.Name()))
}

// besideRemoved sends a message to the server whose module has been removed.
func besideRemoved(lab *besideLab) (otp, our string) {
	otp = lab.erl.Eval(lab.t, "twin_lab:give_up().")
	children, err := supervisor.WhichChildren(context.Background(), lab.n, etf.Atom("twin_sup"))
	require.NoError(lab.t, err)
	return otp, fmt.Sprintf("%d children", len(children))
}
