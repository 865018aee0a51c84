package operator

import (
	"os"
	"strconv"
	"strings"

	"github.com/gonode-otp/gonode/etf"
)

// cpuSup returns functions of cpu_sup: the load of the system where a file of /proc tells it, else 0, which is what a
// BEAM says without os_mon.
func (o operator) cpuSup() []function {
	return []function{
		{"avg1", 0, shows, get(func() etf.Term { return loadAverage(0) })},
		{"avg5", 0, shows, get(func() etf.Term { return loadAverage(1) })},
		{"avg15", 0, shows, get(func() etf.Term { return loadAverage(2) })},
		{"nprocs", 0, shows, get(processes)},
	}
}

// loadAverage returns one of the three load averages, times 256.
func loadAverage(i int) etf.Term {
	fields := loadFields()
	if i >= len(fields) {
		return etf.Int(0)
	}
	load, _ := strconv.ParseFloat(fields[i], 64)
	return etf.Int(load * 256)
}

// processes returns the number of processes of the system.
func processes() etf.Term {
	if fields := loadFields(); len(fields) > 3 {
		_, all, _ := strings.Cut(fields[3], "/")
		n, _ := strconv.Atoi(all)
		return etf.Int(n)
	}
	return etf.Int(0)
}

func loadFields() []string {
	text, _ := os.ReadFile("/proc/loadavg")
	return strings.Fields(string(text))
}

// memsup returns functions of memsup: the memory of the system where a file of /proc tells it, else nothing, which is
// what a BEAM says without os_mon.
func (o operator) memsup() []function {
	return []function{{"get_system_memory_data", 0, shows, get(systemMemory)}}
}

// systemMemory is memsup:get_system_memory_data/0: [{Item, Bytes}].
func systemMemory() etf.Term {
	text, _ := os.ReadFile("/proc/meminfo")
	list := etf.List{}
	for line := range strings.Lines(string(text)) {
		name, rest, _ := strings.Cut(line, ":")
		kb, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(rest), " kB"), 10, 64)
		if item := memoryItems[name]; item != "" && err == nil {
			list = append(list, etf.Tuple{item, etf.Int(kb * 1024)})
			if name == "MemTotal" {
				list = append(list, etf.Tuple{etf.Atom("system_total_memory"), etf.Int(kb * 1024)})
			}
		}
	}
	return list
}

var memoryItems = map[string]etf.Atom{"MemTotal": "total_memory", "MemFree": "free_memory",
	"MemAvailable": "available_memory", "Buffers": "buffered_memory", "Cached": "cached_memory",
	"SwapTotal": "total_swap", "SwapFree": "free_swap"}

// disksup returns the function of disksup: what a BEAM says without os_mon.
func (o operator) disksup() []function {
	return []function{{"get_disk_data", 0, shows, value(etf.List{
		etf.Tuple{etf.Charlist("none"), etf.Int(0), etf.Int(0)}})}}
}
