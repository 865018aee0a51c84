package operator

import (
	"context"
	"os"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/node/internal/kernel"
)

// os returns the functions of the module os. The environment may have secrets, so it needs the permission that changes
// need. os:cmd/1 is not there: a node runs no commands for others.
func (o operator) os() []function {
	perfCounter := func(_ context.Context, args etf.List) (etf.Term, error) {
		return inUnit(int64(time.Since(o.host.Started())), args)
	}
	return []function{
		{"type", 0, shows, get(osType)},
		{"version", 0, shows, get(osVersion)},
		{"getpid", 0, shows, get(func() etf.Term { return etf.Charlist(strconv.Itoa(os.Getpid())) })},
		{"getenv", 0, changes, get(environment)},
		{"getenv", 1, changes, getenv},
		{"getenv", 2, changes, getenv},
		{"env", 0, changes, get(envPairs)},
		{"timestamp", 0, shows, get(timestamp)},
		{"system_time", 0, shows, systemTime},
		{"system_time", 1, shows, systemTime},
		{"perf_counter", 0, shows, perfCounter},
		{"perf_counter", 1, shows, perfCounter},
	}
}

// osType is os:type/0.
func osType() etf.Term {
	if runtime.GOOS == "windows" {
		return etf.Tuple{etf.Atom("win32"), etf.Atom("nt")}
	}
	return etf.Tuple{etf.Atom("unix"), etf.Atom(runtime.GOOS)}
}

// osVersion is os:version/0: {Major, Minor, Release} of the kernel, {0, 0, 0} where no file of /proc tells it.
func osVersion() etf.Term {
	text, _ := os.ReadFile("/proc/sys/kernel/osrelease")
	version := etf.Tuple{etf.Int(0), etf.Int(0), etf.Int(0)}
	for i, part := range strings.SplitN(strings.TrimSpace(string(text)), ".", 3) {
		end := strings.IndexFunc(part+" ", func(r rune) bool { return r < '0' || r > '9' })
		if n, err := strconv.Atoi(part[:end]); err == nil {
			version[i] = etf.Int(n)
		}
	}
	return version
}

// environment is os:getenv/0: ["Name=Value"].
func environment() etf.Term {
	list := etf.List{}
	for _, entry := range os.Environ() {
		list = append(list, etf.Charlist(strings.ToValidUTF8(entry, "?")))
	}
	return list
}

// envPairs is os:env/0: [{Name, Value}].
func envPairs() etf.Term {
	list := etf.List{}
	for _, entry := range os.Environ() {
		name, v, _ := strings.Cut(strings.ToValidUTF8(entry, "?"), "=")
		list = append(list, etf.Tuple{etf.Charlist(name), etf.Charlist(v)})
	}
	return list
}

// getenv is os:getenv/1,2.
func getenv(_ context.Context, args etf.List) (etf.Term, error) {
	name, ok := etf.AsCharlist(args[0])
	if !ok {
		return nil, kernel.ErrBadArgument
	}
	if v, set := os.LookupEnv(name); set {
		return etf.Charlist(strings.ToValidUTF8(v, "?")), nil
	}
	if len(args) == 2 {
		return args[1], nil
	}
	return etf.Bool(false), nil
}
