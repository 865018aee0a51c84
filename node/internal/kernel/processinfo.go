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
	{"total_heap_size", nil},
	{"heap_size", nil},
	{"stack_size", etf.Int(0)},
	{"reductions", etf.Int(0)},
	{"garbage_collection", collection},
	{"suspending", etf.List{}},

	{"async_dist", etf.Atom("false")},
	{"backtrace", etf.Binary("")},
	{"binary", etf.List{}},
	{"catchlevel", etf.Int(0)},
	{"fullsweep_after", etf.Int(FullsweepAfter)},
	{"current_location", append(slices.Clone(serving), etf.List{})},
	{"current_stacktrace", etf.List{append(slices.Clone(serving), etf.List{})}},
	{"garbage_collection_info", zeros("old_heap_block_size", "heap_block_size", "mbuf_size", "recent_size", "stack_size",
		"old_heap_size", "heap_size", "bin_vheap_size", "bin_vheap_block_size", "bin_old_vheap_size",
		"bin_old_vheap_block_size")},
	{"label", etf.Atom("undefined")},
	{"last_calls", etf.Atom("false")},
	{"memory", etf.Int(0)},
	{"message_queue_data", etf.Atom("off_heap")},
	{"max_heap_size", MaxHeapSize},
	{"messages", nil},
	{"min_bin_vheap_size", etf.Int(0)},
	{"min_heap_size", etf.Int(0)},
	{"monitored_by", nil},
	{"monitors", nil},
	{"parent", nil},
	{"sequential_trace_token", nil},
	{"trace", etf.Int(0)},
}

// FullsweepAfter is the default of the flag fullsweep_after, which has no effect here.
const FullsweepAfter = 65535

// MaxHeapSize is the flag max_heap_size of a process without a limit. include_shared_binaries came with OTP 27.
var MaxHeapSize = etf.Map{{Key: etf.Atom("error_logger"), Value: etf.Atom("true")},
	{Key: etf.Atom("include_shared_binaries"), Value: etf.Atom("false")},
	{Key: etf.Atom("kill"), Value: etf.Atom("true")}, {Key: etf.Atom("size"), Value: etf.Int(0)}}

// collection is the item garbage_collection of a process without a heap of its own.
var collection = etf.List{etf.Tuple{etf.Atom("max_heap_size"), MaxHeapSize},
	etf.Tuple{etf.Atom("min_bin_vheap_size"), etf.Int(0)}, etf.Tuple{etf.Atom("min_heap_size"), etf.Int(0)},
	etf.Tuple{etf.Atom("fullsweep_after"), etf.Int(FullsweepAfter)}, etf.Tuple{etf.Atom("minor_gcs"), etf.Int(0)}}

// zeros returns [{Name, 0}].
func zeros(names ...etf.Atom) etf.List {
	list := make(etf.List, len(names))
	for i, name := range names {
		list[i] = etf.Tuple{name, etf.Int(0)}
	}
	return list
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
				if value := derivedInfo(p, name); value != nil {
					return value
				}
				return i.value
			}
		}
	}
	return nil
}

// derivedInfo returns what a process tells of an item, or what follows from what it tells; nil if it tells nothing.
func derivedInfo(p Process, item etf.Atom) etf.Term {
	switch item {
	case "total_heap_size", "heap_size": // in words
		bytes, _ := p.Info("memory").(etf.Int)
		return bytes / wordSize
	case "label": // as proc_lib:set_label/1 of OTP 27 keeps it
		label, _ := p.Get(etf.Atom("$process_label"))
		return label
	case "current_location", "current_stacktrace":
		f, ok := p.Info("current_function").(etf.Tuple)
		switch at := append(slices.Clone(f), etf.List{}); {
		case !ok:
			return nil
		case item == "current_location":
			return at
		default:
			return etf.List{at}
		}
	}
	return p.Info(item)
}

const wordSize = 8

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
