package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// curve shows how one figure of both nodes grows with a quantity.
type curve struct {
	ID     string       `json:"id"`
	Title  string       `json:"title"`
	X      string       `json:"x"`
	Y      string       `json:"y"`
	BEAM   [][2]float64 `json:"beam"`
	Gonode [][2]float64 `json:"gonode"`
	Knee   float64      `json:"knee,omitempty"` // where gonode's gets worse, 0 if nowhere
	cause  string       // of the knee, or why there is none
}

// curveSpecs are the curves to draw: measure and figure of growth.erl, title, the quantity, the unit, and what shapes
// the curve of gonode.
var curveSpecs = []struct{ measure, name, title, x, y, cause string }{
	{"servers", "rate", "Calls to many servers, 16 callers", "servers in the node", "calls/s",
		"A server that waits costs nothing but its memory. With many, each call finds the state of its server outside of " +
			"the caches."},
	{"servers", "p99_us", "99th percentile with many servers, 16 callers", "servers in the node", "µs",
		"16 callers wait for two processors; with many servers the collector, which then has much to mark, takes one of " +
			"them now and then."},
	{"servers", "kb", "Memory for a server", "servers in the node", "kB each",
		"The same for each ([memory](performance/memory.md)); with few servers the heap floor of the node hides it."},
	{"servers", "start_us", "Starting a server from within the node", "servers that are started", "µs each",
		"A process of gonode is a few Go objects and an entry in two tables; gen_server:start of a BEAM makes a heap and " +
			"waits for the answer of the new process."},
	{"conns", "rate", "Calls from many nodes, one caller each", "connected nodes", "calls/s",
		"The nodes that call need the processors: each is a BEAM of its own on the same machine."},
	{"conns", "p99_us", "99th percentile with many nodes, one caller each", "connected nodes", "µs",
		"The callers wait for a processor in turn, so it grows with their number for any server."},
	{"conns", "kb", "Memory for a connection", "connected nodes", "kB each",
		"A read buffer of 16 kB, the tables of the atom caches (2048 slots each way), two stacks."},
	{"mailbox", "us", "Working off a full mailbox", "messages in it", "µs each",
		"A queue in which nothing is looked for; what is left with few messages is the start of the measurement."},
	{"mailbox", "bytes", "Memory for a cast {add,1} in a mailbox", "messages in it", "bytes each",
		"The message as Go values and its place in the queue, and what the collector has not yet given back."},
	{"size", "mb_s", "Echo of a binary, one caller", "bytes", "MB/s each way",
		"Small ones pay for the system calls, large ones for memory that is in no cache; from some MB on both directions " +
			"wait for the loopback's copies."},
	{"cores", "rate", "Calls of 64 callers by processors of the server", "GOMAXPROCS, +S", "calls/s",
		"One connection has one reader, so one processor serves it; more are for the collector, other connections, and " +
			"servers that take long."},
	{"cores", "p50_us", "Median of one caller by processors of the server", "GOMAXPROCS, +S", "µs",
		"One call is never in two places at once, so there is nothing that a second processor could do for it."},
}

// measureGrowth measures the curves. Curves over processors need new nodes for every point.
func measureGrowth(ctx context.Context, o options) ([]curve, error) {
	r, err := measure(ctx, o, []target{beamTarget("+P", "1000000"), gonodeTarget(o)}, "growth", strconv.Itoa(o.ms),
		strconv.Itoa(o.limit))
	if err != nil {
		return nil, err
	}
	figures := r.figures
	for _, cores := range []int{1, 2, 4} {
		n := strconv.Itoa(cores)
		r, err := measure(ctx, o, []target{beamTarget("+S", n), gonodeTarget(o, "GOMAXPROCS="+n)}, "measures", "3",
			strconv.Itoa(o.ms), "seq,calls64")
		if err != nil {
			return nil, err
		}
		figures = append(figures, byCores(cores, r.figures)...)
	}
	var curves []curve
	for _, c := range curveSpecs {
		ours := points(figures, c.measure, c.name, goNode)
		curves = append(curves, curve{c.measure + "-" + strings.TrimSuffix(c.name, "_us"), c.title, c.x, c.y,
			points(figures, c.measure, c.name, beamNode), ours, knee(ours, c.name == "rate" || c.name == "mb_s"), c.cause})
	}
	return curves, nil
}

// byCores turns the medians of a run into points of the curves over processors.
func byCores(cores int, figures []figure) (points []figure) {
	_, values := rows(figures)
	for _, k := range []key{{"seq", "p50_us"}, {"calls64", "rate"}} {
		for node, v := range values[k] {
			points = append(points, figure{cores, "cores", node, k.name, median(v)})
		}
	}
	return points
}

// points returns the medians of one curve by the quantity.
func points(figures []figure, measure, name, node string) [][2]float64 {
	at := map[int]map[int]float64{}
	for i, f := range figures {
		if f.Measure == measure && f.Name == name && f.Node == node {
			if at[f.Round] == nil {
				at[f.Round] = map[int]float64{}
			}
			at[f.Round][i] = f.Value
		}
	}
	var result [][2]float64
	for _, x := range slices.Sorted(maps.Keys(at)) {
		result = append(result, [2]float64{float64(x), median(at[x])})
	}
	return result
}

// knee returns the first x from which on the figure is a third worse than the best before it. It ignores differences
// that are small compared with the greatest value.
func knee(points [][2]float64, moreIsBetter bool) (x float64) {
	var best, greatest float64
	for _, p := range points {
		greatest = max(greatest, p[1])
	}
	bent := false
	for i, p := range points {
		better, bends := p[1] < best, p[1] > best*3/2 && p[1]-best > greatest/100
		if moreIsBetter {
			better, bends = p[1] > best, p[1] < best*2/3
		}
		switch {
		case i == 0 || better:
			best, bent = p[1], false
		case !bends:
			bent = false
		case !bent:
			x, bent = p[0], true
		}
	}
	if !bent {
		return 0
	}
	return x
}

// kneeText says where the curve gets worse, and why.
func (c curve) kneeText() string {
	if c.Knee == 0 {
		return "No knee. " + c.cause
	}
	return fmt.Sprintf("The knee: %s %s. %s", short(c.Knee), c.X, c.cause)
}

// curveTable prints the points of all curves.
func curveTable(curves []curve) string {
	var b strings.Builder
	for _, c := range curves {
		fmt.Fprintf(&b, "\n%s (%s)\n\n| %s | BEAM | gonode | gonode / BEAM |\n|---|---|---|---|\n", c.Title, c.Y, c.X)
		for i := range min(len(c.BEAM), len(c.Gonode)) {
			base, v := c.BEAM[i][1], c.Gonode[i][1]
			quotient := "-"
			if base > 0 {
				quotient = fmt.Sprintf("%.2f", v/base)
			}
			fmt.Fprintf(&b, "| %.0f | %.1f | %.1f | %s |\n", c.BEAM[i][0], base, v, quotient)
		}
	}
	return b.String()
}
