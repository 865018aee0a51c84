package kernel

import (
	"context"
	"slices"

	"github.com/gonode-otp/gonode/etf"
)

// startedBy is the initial call of every process of gen_server, and serving what it is doing.
var (
	startedBy = etf.Tuple{etf.Atom("proc_lib"), etf.Atom("init_p"), etf.Int(5)}
	serving   = etf.Tuple{etf.Atom("gen_server"), etf.Atom("loop"), etf.Int(7)}
)

// infoItems are the items of erlang:process_info/2, in the order of process_info/1, which shows those up to
// suspending. The process is asked for each item. value is for what it does not tell: what a process in Go does not
// have (a heap of its own, a tracer) is nothing, zero or the default of the BEAM.
var infoItems = []struct {
	name  etf.Atom
	value etf.Term
}{
	{"registered_name", nil},
	{"current_function", serving},
	{"initial_call", startedBy},
	{"status", nil},
	{"message_queue_len", nil},
	{"links", nil},
	{"dictionary", nil},
	{"trap_exit", nil},
	{"error_handler", etf.Atom("error_handler")},
	{"priority", etf.Atom("normal")},
	{"group_leader", nil},
	{"total_heap_size", etf.Int(0)},
	{"heap_size", etf.Int(0)},
	{"stack_size", etf.Int(0)},
	{"reductions", etf.Int(0)},
	{"garbage_collection", etf.List{}},
	{"suspending", etf.List{}},

	{"async_dist", etf.Atom("false")},
	{"backtrace", etf.Binary("")},
	{"binary", etf.List{}},
	{"catchlevel", etf.Int(0)},
	{"fullsweep_after", etf.Int(65535)},
	{"current_location", append(slices.Clone(serving), etf.List{})},
	{"current_stacktrace", etf.List{}},
	{"garbage_collection_info", etf.List{}},
	{"label", etf.Atom("undefined")},
	{"last_calls", etf.Atom("false")},
	{"memory", etf.Int(0)},
	{"message_queue_data", etf.Atom("on_heap")},
	{"messages", nil},
	{"min_bin_vheap_size", etf.Int(0)},
	{"min_heap_size", etf.Int(0)},
	{"monitored_by", nil},
	{"monitors", nil},
	{"parent", nil},
	{"sequential_trace_token", nil},
	{"trace", etf.Int(0)},
}

// shownItems is how many of them process_info/1 shows.
const shownItems = 17

// infoItem returns what tells an item: one of infoItems, or {dictionary, Key} (OTP 26.2); nil if there is no such item.
func infoItem(item etf.Term) func(Process) etf.Term {
	if t, ok := etf.AsTuple(item, "dictionary", 2); ok {
		return func(p Process) etf.Term {
			if value, ok := p.Get(t[1]); ok {
				return value
			}
			return etf.Atom("undefined")
		}
	}
	name, _ := item.(etf.Atom)
	for _, i := range infoItems {
		if name == i.name {
			return func(p Process) etf.Term {
				if value := p.Info(name); value != nil {
					return value
				}
				return i.value
			}
		}
	}
	return nil
}

// info is erlang:process_info/1 and /2. It asks nothing of the server, so it is answered at once whatever that does.
func (ps processes) info(_ context.Context, args etf.List) (etf.Term, error) {
	p, ok := ps.own(args[0])
	if !ok {
		return nil, ErrBadArgument
	}
	wanted := make(etf.List, 0, shownItems)
	single := false
	switch {
	case len(args) == 1:
		for _, i := range infoItems[:shownItems] {
			wanted = append(wanted, i.name)
		}
	default:
		var list bool
		if wanted, list = args[1].(etf.List); !list {
			wanted, single = etf.List{args[1]}, true
		}
	}
	if slices.ContainsFunc(wanted, func(item etf.Term) bool { return infoItem(item) == nil }) {
		return nil, ErrBadArgument
	}
	if p == nil {
		return etf.Atom("undefined"), nil
	}
	info := infoOf(p, wanted)
	switch {
	case single && etf.Equal(info[0], noName):
		return etf.List{}, nil // as OTP has it
	case single:
		return info[0], nil
	case len(args) == 1:
		info = slices.DeleteFunc(info, func(t etf.Term) bool { return etf.Equal(t, noName) })
	}
	return info, nil
}

var noName = etf.Tuple{etf.Atom("registered_name"), etf.List{}}

// infoOf looks at each item once, however often it is asked for: a list of links may be long.
func infoOf(p Process, wanted etf.List) etf.List {
	info := make(etf.List, len(wanted))
	known := map[etf.Atom]etf.Term{}
	for i, item := range wanted {
		name, ok := item.(etf.Atom)
		if !ok {
			info[i] = etf.Tuple{item, infoItem(item)(p)}
			continue
		}
		if known[name] == nil {
			known[name] = etf.Tuple{item, infoItem(item)(p)}
		}
		info[i] = known[name]
	}
	return info
}
