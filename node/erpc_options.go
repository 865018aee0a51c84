package node

import (
	"math"

	"github.com/gonode-otp/gonode/etf"
)

// validSpawnOptions reports whether opts is a list of options of erlang:spawn_opt/4 with valid values:
// erl_create_process of the emulator, by erts_parse_spawn_opts. Options about the memory of a process are checked and
// have no effect.
func validSpawnOptions(opts etf.Term) bool {
	list, ok := opts.(etf.List)
	if !ok {
		return false
	}
	for _, o := range list {
		switch o := o.(type) {
		case etf.Atom:
			if o != "link" && o != "monitor" {
				return false
			}
		case etf.Tuple:
			if len(o) != 2 {
				return false
			}
			name, _ := o[0].(etf.Atom)
			valid := spawnValues[name]
			if valid == nil || !valid(o[1]) {
				return false
			}
		default:
			return false
		}
	}
	return true
}

// spawnValues checks the value of each option that has one.
var spawnValues = map[etf.Atom]func(etf.Term) bool{
	"link":               listOf(func(t etf.Term) bool { return etf.IsAtom(t, "priority") }), // since OTP 28
	"monitor":            listOf(isMonitorOption),
	"priority":           oneOf("low", "normal", "high", "max"),
	"message_queue_data": oneOf("on_heap", "off_heap"),
	"async_dist":         oneOf("true", "false"),
	"min_heap_size":      upTo(math.MaxInt64),
	"min_bin_vheap_size": upTo(math.MaxInt64),
	"fullsweep_after":    upTo(math.MaxInt64),
	"scheduler":          upTo(maxSchedulers),
	"max_heap_size":      isHeapLimit,
}

const (
	maxSchedulers = 1024 // MAX_NO_OF_SCHEDULERS; the emulator takes the number of its own schedulers
	minHeapWords  = 233  // the least limit of max_heap_size, apart from 0, which means no limit
)

func oneOf(atoms ...etf.Atom) func(etf.Term) bool {
	return func(t etf.Term) bool {
		for _, a := range atoms {
			if etf.Equal(t, a) {
				return true
			}
		}
		return false
	}
}

func upTo(limit etf.Int) func(etf.Term) bool {
	return func(t etf.Term) bool {
		i, ok := t.(etf.Int)
		return ok && i >= 0 && i <= limit
	}
}

func listOf(valid func(etf.Term) bool) func(etf.Term) bool {
	return func(t etf.Term) bool {
		list, ok := t.(etf.List)
		for _, elem := range list {
			ok = ok && valid(elem)
		}
		return ok
	}
}

// isMonitorOption reports whether t is {alias, Mode}, {tag, Term} or priority.
func isMonitorOption(t etf.Term) bool {
	pair, ok := t.(etf.Tuple)
	switch {
	case !ok || len(pair) != 2:
		return etf.IsAtom(t, "priority")
	case etf.IsAtom(pair[0], "alias"):
		return oneOf("explicit_unalias", "demonitor", "reply_demonitor")(pair[1])
	}
	return etf.IsAtom(pair[0], "tag")
}

// isHeapLimit reports whether t is a size in words or a map with the key size: erts_max_heap_size.
func isHeapLimit(t etf.Term) bool {
	m, ok := t.(etf.Map)
	if !ok {
		size, ok := t.(etf.Int)
		return ok && (size == 0 || size >= minHeapWords)
	}
	sized := false
	for _, pair := range m {
		switch name, _ := pair.Key.(etf.Atom); name {
		case "size":
			if sized = isHeapLimit(pair.Value); !sized {
				return false
			}
		case "kill", "error_logger", "include_shared_binaries":
			if !oneOf("true", "false")(pair.Value) {
				return false
			}
		}
	}
	return sized
}

// hasOption reports whether opts has the option name, alone or as {name, Options}.
func hasOption(opts etf.Term, name etf.Atom) bool {
	list, _ := opts.(etf.List)
	for _, o := range list {
		if t, ok := o.(etf.Tuple); ok && len(t) == 2 {
			o = t[0]
		}
		if etf.Equal(o, name) {
			return true
		}
	}
	return false
}
