package operator

import (
	"context"
	"fmt"
	"runtime"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/node/internal/kernel"
)

const (
	// release is the OTP release with whose functions and shapes the node answers.
	release = "25"
	// wordSize is that of the BEAM on machines of 64 bits.
	wordSize = 8
	// processLimit is the number of processes that pids can tell apart.
	processLimit = 1 << 28
	// defaultLimit is the number of atoms and ports that a BEAM has room for. A Go program has none of them.
	atomLimit, portLimit, etsLimit = 1 << 20, 1 << 16, 1 << 13
	// busyLimit is the number of bytes on their way to a node from which on senders wait, see dist.Options.HighWater.
	busyLimit = 1 << 20
)

// systemInfo is erlang:system_info/1.
func (o operator) systemInfo(_ context.Context, args etf.List) (etf.Term, error) {
	if t, ok := args[0].(etf.Tuple); ok {
		return tupleInfo(t)
	}
	item, _ := args[0].(etf.Atom)
	for _, table := range []func(etf.Atom) etf.Term{fixedInfo, o.countInfo, schedulerInfo, timeInfo} {
		if info := table(item); info != nil {
			return info, nil
		}
	}
	return nil, kernel.ErrBadArgument
}

// tupleInfo is system_info({wordsize, _}) and system_info({allocator_sizes, _}). The Go runtime has no allocators of
// the kinds that a BEAM has.
func tupleInfo(t etf.Tuple) (etf.Term, error) {
	switch {
	case len(t) == 2 && etf.IsAtom(t[0], "wordsize") && (etf.IsAtom(t[1], "internal") || etf.IsAtom(t[1], "external")):
		return etf.Int(wordSize), nil
	case len(t) == 2 && (etf.IsAtom(t[0], "allocator") || etf.IsAtom(t[0], "allocator_sizes")):
		if _, ok := t[1].(etf.Atom); ok {
			return etf.List{}, nil
		}
	}
	return nil, kernel.ErrBadArgument
}

// fixedInfo returns what does not change and does not depend on the machine.
func fixedInfo(item etf.Atom) etf.Term {
	switch item {
	case "allocator":
		return etf.Tuple{etf.Atom("go"), etf.List{}, etf.List{}, etf.List{}}
	case "alloc_util_allocators", "dist_ctrl", "multi_scheduling_blockers", "normal_multi_scheduling_blockers":
		return etf.List{}
	case "async_dist", "debug_compiled", "dynamic_trace_probes", "ets_always_compress", "port_parallelism":
		return etf.Bool(false)
	case "build_type", "emu_type":
		return etf.Atom("opt")
	case "cpu_quota":
		return etf.Atom("unknown")
	case "dynamic_trace":
		return etf.Atom("none")
	case "emu_flavor":
		return etf.Atom("go")
	case "fullsweep_after":
		return etf.Tuple{item, etf.Int(kernel.FullsweepAfter)}
	case "heap_type":
		return etf.Atom("shared")
	case "kernel_poll", "smp_support", "threads":
		return etf.Bool(true)
	case "machine":
		return etf.Charlist("Go")
	case "max_heap_size":
		return kernel.MaxHeapSize
	case "message_queue_data":
		return etf.Atom("off_heap")
	case "min_bin_vheap_size", "min_heap_size":
		return etf.Tuple{item, etf.Int(0)}
	case "modified_timing_level", "cpu_topology":
		return etf.Atom("undefined")
	case "multi_scheduling":
		return etf.Atom("enabled")
	case "otp_release":
		return etf.Charlist(release)
	case "system_architecture":
		return etf.Charlist(runtime.GOARCH + "-" + runtime.GOOS + "-go")
	case "system_version":
		n := schedulers()
		return etf.Charlist(fmt.Sprintf("gonode [%s] [64-bit] [smp:%d:%d]\n", runtime.Version(), n, n))
	case "thread_pool_size", "trace_control_word":
		return etf.Int(0)
	case "version":
		return etf.Charlist(runtime.Version())
	case "wordsize":
		return etf.Int(wordSize)
	}
	return nil
}

// countInfo returns the numbers of things and their limits.
func (o operator) countInfo(item etf.Atom) etf.Term {
	switch item {
	case "atom_count", "ets_count", "port_count":
		return etf.Int(0)
	case "atom_limit":
		return etf.Int(atomLimit)
	case "creation":
		return etf.Int(o.host.Creation())
	case "dist_buf_busy_limit":
		return etf.Int(busyLimit)
	case "ets_limit":
		return etf.Int(etsLimit)
	case "port_limit":
		return etf.Int(portLimit)
	case "process_count":
		return etf.Int(o.host.ProcessCount())
	case "process_limit":
		return etf.Int(processLimit)
	case "procs":
		return etf.Binary("")
	}
	return nil
}

// schedulerInfo returns what is about processors: a scheduler is one of GOMAXPROCS. There are no dirty ones.
func schedulerInfo(item etf.Atom) etf.Term {
	n := etf.Int(schedulers())
	switch item {
	case "all_schedulers_state":
		return etf.List{etf.Tuple{etf.Atom("normal"), n, n, n}}
	case "dirty_cpu_schedulers", "dirty_cpu_schedulers_online", "dirty_io_schedulers":
		return etf.Int(0)
	case "logical_processors", "logical_processors_available", "logical_processors_online":
		return etf.Int(runtime.NumCPU())
	case "scheduler_bind_type":
		return etf.Atom("unbound")
	case "scheduler_bindings":
		bindings := make(etf.Tuple, n)
		for i := range bindings {
			bindings[i] = etf.Atom("unbound")
		}
		return bindings
	case "scheduler_id":
		return etf.Int(1)
	case "schedulers", "schedulers_online":
		return n
	case "schedulers_state":
		return etf.Tuple{n, n, n}
	}
	return nil
}

// timeInfo returns what is about clocks. The monotonic clock of Go needs no correction, and the offset between the two
// clocks may change when the time of the system is set.
func timeInfo(item etf.Atom) etf.Term {
	switch item {
	case "time_correction":
		return etf.Bool(true)
	case "time_offset":
		return etf.Atom("volatile")
	case "time_warp_mode":
		return etf.Atom("multi_time_warp")
	case "tolerant_timeofday":
		return etf.Atom("disabled")
	case "start_time":
		return etf.Int(0) // monotonic time begins with the node
	}
	return nil
}
