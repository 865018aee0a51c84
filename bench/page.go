package main

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"
)

// writePage writes performance.md to the folder o.page, and the pictures to performance/ in it.
func writePage(ctx context.Context, o options, r results, curves []curve) error {
	pictures := filepath.Join(o.page, "performance")
	if err := os.MkdirAll(pictures, 0o755); err != nil {
		return err
	}
	var b strings.Builder
	b.WriteString(pageHead)
	fmt.Fprintf(&b, "## The machine and the run\n\n%s\nWhat else ran on it before: %s.\n%d runs of %d rounds of %d "+
		"ms, written on %s by `go run ./bench -runs %[3]d -rounds %[4]d -growth -page docs`.\n\n",
		machine(ctx), o.load, len(r.runs), o.rounds, o.ms, time.Now().UTC().Format(time.DateOnly))
	b.WriteString("## The nodes\n\n")
	for _, t := range r.targets {
		fmt.Fprintf(&b, "- **%s**: %s.\n", t.name, t.does)
	}
	for _, line := range r.skipped {
		fmt.Fprintf(&b, "- %s.\n", line)
	}
	b.WriteString("\n## What must be reached\n\n" + pageRequirements + inconclusive(o) + "\n" + requirementTable(r.runs))
	b.WriteString("\n## Figures\n\n" + pageTable + "\n" + table(r))
	if len(r.codec) > 0 {
		b.WriteString("\n## Reading and writing terms\n\n" + pageCodec + "\n" + codecTable(r.codec))
	}
	if len(curves) > 0 {
		b.WriteString("\n## Many servers\n\n" + pageServers + "\n" + serversTable(curves))
		b.WriteString("\n## Growth\n\n" + pageGrowth)
	}
	for _, c := range curves {
		if err := os.WriteFile(filepath.Join(pictures, c.ID+".svg"), []byte(c.svg()), 0o644); err != nil {
			return err
		}
		fmt.Fprintf(&b, "\n![%s](performance/%s.svg)\n\n%s\n", c.Title, c.ID, c.kneeText())
	}
	if len(curves) > 0 {
		b.WriteString("\n## The points of the curves\n" + curveTable(curves))
	}
	return os.WriteFile(filepath.Join(o.page, "performance.md"), []byte(b.String()), 0o644)
}

const pageHead = `# Performance

How fast a gen_server in Go answers a BEAM, beside the same server on a BEAM node and on what else a BEAM can call.

## The method

One BEAM node is the client, and all nodes run on the same machine as it, so that they share its processors: what a
server saves, its caller gains. Every measure is taken of each node in turn, round after round, in changing order; the
ratio of a round is that of two neighbours in time, and the table shows the median, the least and the greatest of them.
On a machine that others use too the absolute figures mean little, the ratios more. Below 1 is better for times, CPU
and memory, above 1 for rates.

`

const pageRequirements = "Ratios to the BEAM, each the median of the rounds of one run, for which all nodes were " +
	"started anew; the system calls and the last two\n" +
	"are numbers. Where one is not met, [what bounds it](performance/bounds.md) shows with profiles. Allocations and " +
	"system calls of a call that\n" +
	"do not depend on the machine are asserted by tests (`node/cost_test.go`, `node/cost_large_test.go`): four " +
	"allocations, one write, at most two\n" +
	"reads. [Questions and figures](performance/questions.md) are about the choices behind it, " +
	"[memory](performance/memory.md) about a server that waits.\n"

const pageTable = "`seq` is one caller, `calls16` and `calls64` that many, `pipe64` one with 64 requests under " +
	"way, `casts` one sender and a call at the end;\n" +
	"`bin…` echoes binaries, `maps1000` a list of 1000 maps, `ints100k` one of 100 000 integers; `connect` is from no " +
	"connection to the first\n" +
	"answer. `cpu_us` is the CPU time of the server for one operation, `client_cpu_us` that of the client, " +
	"`syscalls`, `reads` and\n" +
	"`writes` are the system calls of the server for one.\n"

const pageCodec = "`binary_to_term` and `term_to_binary` beside what a connection does with the same bytes. The " +
	"instructions are those of gonode\n" +
	"without the garbage collector, counted by callgrind.\n"

const pageServers = "What must hold with the most servers of the curves below, as ratios to the BEAM.\n"

const pageGrowth = "What happens with more of it. Points are medians of three.\n"

// machine describes the machine of the figures.
func machine(ctx context.Context) string {
	otp, _ := exec.CommandContext(ctx, "erl", "-noinput", "-eval",
		`io:put_chars([erlang:system_info(otp_release), " (ERTS ", erlang:system_info(version), ")"]), halt().`).Output()
	kernel, _ := os.ReadFile("/proc/sys/kernel/osrelease")
	return fmt.Sprintf("%s, %d processors, Linux %s; %s, Erlang/OTP %s.\n", processor(), runtime.NumCPU(),
		strings.TrimSpace(string(kernel)), runtime.Version(), otp)
}

// loadAverage returns how many processes wait for a processor or use one.
func loadAverage() string {
	load, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "not known"
	}
	now, _, _ := strings.Cut(string(load), " ")
	return "load average " + now
}

// inconclusive returns a remark if the run was too short, or the machine too busy, for a conclusion.
func inconclusive(o options) string {
	var load float64
	_, _ = fmt.Sscanf(o.load, "load average %g", &load)
	if o.rounds >= 5 && load < 1 {
		return ""
	}
	return "\n**This run decides nothing**: it takes five rounds, on a machine with nothing else to do.\n"
}

func processor() string {
	f, err := os.Open("/proc/cpuinfo")
	if err != nil {
		return runtime.GOARCH
	}
	defer func() { _ = f.Close() }()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if name, found := strings.CutPrefix(lines.Text(), "model name"); found {
			return strings.TrimLeft(name, " \t:")
		}
	}
	return runtime.GOARCH
}
