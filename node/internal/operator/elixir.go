package operator

import (
	"context"
	"os"
	"runtime"
	"strconv"
	"strings"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/node/internal/kernel"
)

// elixirProcess returns functions of Elixir's Process.
func (o operator) elixirProcess() []function {
	return []function{
		{"alive?", 1, shows, o.same("erlang", "is_process_alive")},
		{"list", 0, shows, o.same("erlang", "processes")},
		{"registered", 0, shows, o.same("erlang", "registered")},
		{"whereis", 1, shows, o.elixirWhereis},
		{"info", 1, shows, o.elixirInfo},
		{"info", 2, shows, o.elixirInfo},
		{"exit", 2, changes, o.exit},
		{"send", 3, shows, o.send},
	}
}

// elixirNode returns functions of Elixir's Node.
func (o operator) elixirNode() []function {
	return []function{
		{"alive?", 0, shows, value(etf.Bool(true))},
		{"self", 0, shows, get(func() etf.Term { return o.host.Name() })},
		{"get_cookie", 0, changes, o.getCookie},
		{"set_cookie", 1, changes, o.setCookie},
		{"set_cookie", 2, changes, o.setCookie},
		{"list", 0, shows, o.same("erlang", "nodes")},
		{"list", 1, shows, o.same("erlang", "nodes")},
		{"ping", 1, shows, o.same("net_adm", "ping")},
		{"connect", 1, shows, o.same("net_kernel", "connect_node")},
		{"disconnect", 1, shows, o.same("erlang", "disconnect_node")},
	}
}

// elixirSystem returns functions of Elixir's System.
func (o operator) elixirSystem() []function {
	return []function{
		{"otp_release", 0, shows, value(etf.Binary(release))},
		{"schedulers", 0, shows, get(func() etf.Term { return etf.Int(schedulers()) })},
		{"schedulers_online", 0, shows, get(func() etf.Term { return etf.Int(schedulers()) })},
		{"pid", 0, shows, get(func() etf.Term { return etf.Binary(strconv.Itoa(os.Getpid())) })},
		{"system_time", 0, shows, systemTime},
		{"system_time", 1, shows, systemTime},
		{"monotonic_time", 0, shows, o.monotonicTime},
		{"monotonic_time", 1, shows, o.monotonicTime},
		{"get_env", 0, changes, get(func() etf.Term { return elixirEnv() })},
		{"get_env", 1, changes, elixirGetEnv},
		{"get_env", 2, changes, elixirGetEnv},
		{"build_info", 0, shows, value(etf.Map{
			{Key: etf.Atom("build"), Value: etf.Binary(runtime.Version())},
			{Key: etf.Atom("date"), Value: etf.Binary("")}, {Key: etf.Atom("otp_release"), Value: etf.Binary(release)},
			{Key: etf.Atom("revision"), Value: etf.Binary("")}, {Key: etf.Atom("version"), Value: etf.Binary("0.0.0")}})},
	}
}

// same returns a function that applies another one of the node.
func (o operator) same(module, function etf.Atom) kernel.Function {
	return func(ctx context.Context, args etf.List) (etf.Term, error) {
		result, failure := o.host.Apply(ctx, module, function, args)
		if failure != nil {
			return nil, failure
		}
		return result, nil
	}
}

// elixirNil returns nil, Elixir's word for undefined.
func elixirNil(t etf.Term) etf.Term {
	if etf.IsAtom(t, "undefined") {
		return etf.Atom("nil")
	}
	return t
}

// elixirWhereis is Process.whereis/1.
func (o operator) elixirWhereis(ctx context.Context, args etf.List) (etf.Term, error) {
	result, err := o.same("erlang", "whereis")(ctx, args)
	return elixirNil(result), err
}

// elixirInfo is Process.info/1,2. A name that is not registered is {registered_name, []} there.
func (o operator) elixirInfo(ctx context.Context, args etf.List) (etf.Term, error) {
	result, err := o.same("erlang", "process_info")(ctx, args)
	if list, ok := result.(etf.List); ok && len(list) == 0 && len(args) == 2 && etf.IsAtom(args[1], "registered_name") {
		return etf.Tuple{args[1], etf.List{}}, nil
	}
	return elixirNil(result), err
}

// elixirEnv is System.get_env/0.
func elixirEnv() etf.Term {
	var env etf.Map
	for _, entry := range os.Environ() {
		name, v, _ := strings.Cut(strings.ToValidUTF8(entry, "?"), "=")
		if _, twice := env.Get(etf.Binary(name)); !twice {
			env = append(env, etf.MapPair{Key: etf.Binary(name), Value: etf.Binary(v)})
		}
	}
	return env
}

// elixirGetEnv is System.get_env/1,2.
func elixirGetEnv(_ context.Context, args etf.List) (etf.Term, error) {
	name, ok := args[0].(etf.Binary)
	if !ok {
		return nil, raise(etf.Atom("function_clause"), "Elixir.System", "get_env", args)
	}
	if v, set := os.LookupEnv(string(name)); set {
		return etf.Binary(v), nil
	}
	if len(args) == 2 {
		return args[1], nil
	}
	return etf.Atom("nil"), nil
}
