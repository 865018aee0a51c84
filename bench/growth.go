package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// curve is how one figure of both nodes grows with something.
type curve struct {
	ID     string       `json:"id"`
	Title  string       `json:"title"`
	X      string       `json:"x"`
	Y      string       `json:"y"`
	BEAM   [][2]float64 `json:"beam"`
	Gonode [][2]float64 `json:"gonode"`
}

// shown are the curves that are drawn: measure and figure of growth.erl, title, what grows, what is counted.
var shown = []struct{ measure, name, title, x, y string }{
	{"servers", "rate", "Calls to many servers, 16 callers", "servers in the node", "calls/s"},
	{"servers", "p99_us", "99th percentile with many servers, 16 callers", "servers in the node", "µs"},
	{"servers", "kb", "Memory for a server", "servers in the node", "kB each"},
	{"conns", "rate", "Calls from many nodes, one caller each", "connected nodes", "calls/s"},
	{"conns", "p99_us", "99th percentile with many nodes, one caller each", "connected nodes", "µs"},
	{"conns", "kb", "Memory for a connection", "connected nodes", "kB each"},
	{"mailbox", "us", "Working off a full mailbox", "messages in it", "µs each"},
	{"mailbox", "bytes", "Memory for a cast {add,1} in a mailbox", "messages in it", "bytes each"},
	{"size", "mb_s", "Echo of a binary, one caller", "bytes", "MB/s each way"},
	{"cores", "rate", "Calls of 64 callers by processors of the server", "GOMAXPROCS, +S", "calls/s"},
	{"cores", "p50_us", "Median of one caller by processors of the server", "GOMAXPROCS, +S", "µs"},
}

// grow measures the curves. Those by processors need nodes of their own for every point.
func grow(ctx context.Context, o options) ([]curve, error) {
	r, err := measure(ctx, o, []target{reference("+P", "1000000"), ours(o)}, "growth", strconv.Itoa(o.ms), "100000")
	if err != nil {
		return nil, err
	}
	figures := r.figures
	for _, cores := range []int{1, 2, 4} {
		n := strconv.Itoa(cores)
		r, err := measure(ctx, o, []target{reference("+S", n), ours(o, "GOMAXPROCS="+n)}, "measures", "3", strconv.Itoa(o.ms), "seq,calls64")
		if err != nil {
			return nil, err
		}
		figures = append(figures, byCores(cores, r.figures)...)
	}
	var curves []curve
	for _, c := range shown {
		curves = append(curves, curve{c.measure + "-" + strings.TrimSuffix(c.name, "_us"), c.title, c.x, c.y,
			points(figures, c.measure, c.name, beamNode), points(figures, c.measure, c.name, goNode)})
	}
	return curves, nil
}

// byCores turns the medians of a run into points of the curves by processors.
func byCores(cores int, figures []figure) (points []figure) {
	_, values := rows(figures)
	for _, k := range []key{{"seq", "p50_us"}, {"calls64", "rate"}} {
		for node, v := range values[k] {
			points = append(points, figure{cores, "cores", node, k.name, median(v)})
		}
	}
	return points
}

// points are the medians of one curve by what grows.
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
