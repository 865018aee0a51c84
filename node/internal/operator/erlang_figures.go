package operator

import (
	"context"
	"runtime/debug"
	"strings"
	"time"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/node/internal/kernel"
)

// erlangFigures returns the functions of erlang that tell memory and statistics.
func (o operator) erlangFigures() []function {
	return []function{
		{"memory", 0, shows, get(func() etf.Term { return readUsage().terms() })},
		{"memory", 1, shows, o.memory},
		{"statistics", 1, shows, o.statistics},
		{"garbage_collect", 0, shows, o.garbageCollect},
		{"garbage_collect", 1, shows, o.garbageCollect},
		{"garbage_collect", 2, shows, o.garbageCollect},
	}
}

// memory is erlang:memory/1 of a kind or a list of kinds.
func (o operator) memory(_ context.Context, args etf.List) (etf.Term, error) {
	u := readUsage()
	kinds, ok := args[0].(etf.List)
	if !ok {
		bytes, ok := u.get(args[0])
		if !ok {
			return nil, kernel.ErrBadArgument
		}
		return bytes, nil
	}
	list := etf.List{}
	for _, kind := range kinds {
		bytes, ok := u.get(kind)
		if !ok {
			return nil, kernel.ErrBadArgument
		}
		list = append(list, etf.Tuple{kind, bytes})
	}
	return list, nil
}

// garbageCollect is erlang:garbage_collect/0,1,2. A Go program has one heap, which is collected as a whole and gives
// back to the system what is free.
func (o operator) garbageCollect(_ context.Context, args etf.List) (etf.Term, error) {
	if len(args) > 0 {
		pid, ok := args[0].(etf.Pid)
		switch {
		case !ok || pid.Node != o.host.Name():
			return nil, kernel.ErrBadArgument
		case o.host.Process(pid) == nil:
			return etf.Bool(false), nil
		}
	}
	debug.FreeOSMemory()
	return etf.Bool(true), nil
}

// statistics is erlang:statistics/1.
func (o operator) statistics(_ context.Context, args etf.List) (etf.Term, error) {
	item, _ := args[0].(etf.Atom)
	f := o.statistic(item)
	if f == nil {
		return nil, kernel.ErrBadArgument
	}
	return f(), nil
}

// statistic returns what tells an item of erlang:statistics/1, or nil. Reductions are messages, context switches are
// starts of goroutines, because the runtime counts no other ones.
func (o operator) statistic(item etf.Atom) func() etf.Term {
	switch item {
	case "active_tasks", "active_tasks_all", "run_queue_lengths", "run_queue_lengths_all":
		return func() etf.Term { return perScheduler(o.tasks(item), strings.HasSuffix(string(item), "_all")) }
	case "total_active_tasks", "total_active_tasks_all", "total_run_queue_lengths", "total_run_queue_lengths_all",
		"run_queue":
		return func() etf.Term { return etf.Int(o.tasks(item)) }
	case "context_switches":
		return func() etf.Term {
			const name = "/sched/goroutines-created:goroutines"
			return etf.Tuple{etf.Int(readMetrics(name)[name]), etf.Int(0)}
		}
	case "garbage_collection":
		return collections
	case "io":
		return func() etf.Term {
			in, out := o.host.Traffic()
			return etf.Tuple{etf.Tuple{etf.Atom("input"), etf.Int(in)}, etf.Tuple{etf.Atom("output"), etf.Int(out)}}
		}
	case "reductions", "exact_reductions":
		return func() etf.Term { return o.last.pair(item, etf.Int(o.host.Handled())) }
	case "runtime":
		return func() etf.Term { return o.last.pair(item, etf.Int(processorTime().Milliseconds())) }
	case "scheduler_wall_time", "scheduler_wall_time_all":
		return func() etf.Term { return schedulerTimes(o.host.Started()) }
	case "wall_clock":
		return func() etf.Term { return o.last.pair(item, etf.Int(time.Since(o.host.Started()).Milliseconds())) }
	}
	return nil
}

// collections is {NumberOfCollections, WordsReclaimed, 0}.
func collections() etf.Term {
	const cycles, freed = "/gc/cycles/total:gc-cycles", "/gc/heap/frees:bytes"
	m := readMetrics(cycles, freed)
	return etf.Tuple{etf.Int(m[cycles]), etf.Int(m[freed] / wordSize), etf.Int(0)}
}

// tasks returns the number of goroutines that an item of statistics/1 counts: those that wait for a scheduler, and for
// active tasks those that run as well.
func (o operator) tasks(item etf.Atom) int {
	const running = "/sched/goroutines/running:goroutines"
	if strings.Contains(string(item), "active_tasks") {
		return runnable() + int(readMetrics(running)[running])
	}
	return runnable()
}

// perScheduler spreads n over the schedulers, because the runtime tells the sum only. The queue of dirty CPU schedulers
// follows and, with all, that of dirty I/O schedulers. Both are empty.
func perScheduler(n int, all bool) etf.List {
	count := schedulers()
	list := make(etf.List, 0, count+2)
	for i := range count {
		list = append(list, etf.Int((n+i)/count))
	}
	list = append(list, etf.Int(0))
	if all {
		list = append(list, etf.Int(0))
	}
	return list
}
