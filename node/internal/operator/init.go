package operator

import (
	"context"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/node/internal/kernel"
)

// init returns the functions of the module init.
func (o operator) init() []function {
	return []function{
		{"get_status", 0, shows, get(o.status)},
		{"get_arguments", 0, shows, get(func() etf.Term { return o.arguments() })},
		{"get_argument", 1, shows, o.argument},
		{"get_plain_arguments", 0, shows, value(etf.List{})},
		{"script_id", 0, shows, get(scriptID)},
		{"stop", 0, changes, o.stop},
		{"stop", 1, changes, o.stop},
		{"restart", 0, changes, o.restart},
		{"restart", 1, changes, o.restart},
		{"reboot", 0, changes, o.restart},
	}
}

// status is init:get_status/0.
func (o operator) status() etf.Term {
	if o.host.Stopping() {
		return etf.Tuple{etf.Atom("stopping"), etf.Atom("stopping")}
	}
	return etf.Tuple{etf.Atom("started"), etf.Atom("started")}
}

// scriptID is init:script_id/0: the name and the version of the program.
func scriptID() etf.Term {
	version := ""
	if info, ok := debug.ReadBuildInfo(); ok {
		version = info.Main.Version
	}
	return etf.Tuple{etf.Charlist("gonode"), etf.Charlist(version)}
}

// arguments is init:get_arguments/0: what a BEAM with the same configuration would have as flags. The arguments of the
// program are left out, because they may have secrets.
func (o operator) arguments() etf.List {
	alive, _, _ := strings.Cut(string(o.host.Name()), "@")
	nameFlag := etf.Atom("sname")
	if o.host.LongNames() {
		nameFlag = "name"
		alive = string(o.host.Name())
	}
	home, _ := os.UserHomeDir()
	list := etf.List{
		etf.Tuple{etf.Atom("root"), etf.List{etf.Charlist(programDir())}},
		etf.Tuple{etf.Atom("progname"), etf.List{etf.Charlist(filepath.Base(os.Args[0]))}},
		etf.Tuple{etf.Atom("home"), etf.List{etf.Charlist(home)}},
		etf.Tuple{nameFlag, etf.List{etf.Charlist(alive)}},
	}
	if o.host.Hidden() {
		list = append(list, etf.Tuple{etf.Atom("hidden"), etf.List{}})
	}
	return list
}

// argument is init:get_argument/1.
func (o operator) argument(_ context.Context, args etf.List) (etf.Term, error) {
	for _, t := range o.arguments() {
		if flag := t.(etf.Tuple); etf.Equal(flag[0], args[0]) {
			return etf.Tuple{etf.Atom("ok"), etf.List{flag[1]}}, nil
		}
	}
	return etf.Atom("error"), nil
}

// stop is init:stop/0,1: the node ends in order. Status 0 and no status mean that nothing has failed.
func (o operator) stop(ctx context.Context, args etf.List) (etf.Term, error) {
	var reason etf.Term
	if len(args) > 0 {
		n, isInt := args[0].(etf.Int)
		if _, isText := etf.AsCharlist(args[0]); !isText && (!isInt || n < 0) {
			return nil, kernel.ErrBadArgument
		}
		if n != 0 || !isInt {
			reason = etf.Tuple{etf.Atom("stopped"), args[0]}
		}
	}
	o.host.End(ctx, reason, false)
	return etf.Atom("ok"), nil
}

// restart is init:restart/0,1 and init:reboot/0. A Go program does not restart itself: the node ends in order with an
// error, so that the supervisor of the program starts it again.
func (o operator) restart(ctx context.Context, _ etf.List) (etf.Term, error) {
	o.host.End(ctx, etf.Atom("restart"), false)
	return etf.Atom("ok"), nil
}
