package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/gonode-otp/gonode/etf"
)

// figure is one line of the client.
type figure struct {
	Round   int     `json:"round"`
	Measure string  `json:"measure"`
	Node    string  `json:"node"`
	Name    string  `json:"figure"`
	Value   float64 `json:"value"`
}

// line is a figure as the client writes it.
type line struct {
	_       struct{} `etf:"tuple"`
	Round   int
	Measure string
	Node    string
	Name    string
	Value   float64
}

func parse(out []byte) ([]figure, error) {
	terms, err := etf.Consult("client", out)
	if err != nil {
		return nil, err
	}
	figures := make([]figure, len(terms))
	for i, t := range terms {
		var l line
		if err := etf.Unmarshal(t, &l); err != nil {
			return nil, err
		}
		figures[i] = figure{l.Round, l.Measure, l.Node, l.Name, l.Value}
	}
	return figures, nil
}

// key is one row of the table.
type key struct{ measure, name string }

// byNode holds the values of one row: node, round, value.
type byNode map[string]map[int]float64

func rows(figures []figure) (order []key, values map[key]byNode) {
	values = map[key]byNode{}
	for _, f := range figures {
		k := key{f.Measure, f.Name}
		if values[k] == nil {
			values[k] = byNode{}
			order = append(order, k)
		}
		if values[k][f.Node] == nil {
			values[k][f.Node] = map[int]float64{}
		}
		values[k][f.Node][f.Round] = f.Value
	}
	return order, values
}

// table prints the medians of the reference and of gonode, the median, the minimum and the maximum of the ratios of the
// rounds, and the median ratios of the other peers.
func table(r results) string {
	var b strings.Builder
	b.WriteString("| measure | BEAM | gonode | gonode / BEAM (range) |")
	more := otherTargets(r.targets)
	for _, t := range more {
		fmt.Fprintf(&b, " %s |", t.name)
	}
	b.WriteString("\n|---|---|---|---|" + strings.Repeat("---|", len(more)) + "\n")
	order, values := rows(r.figures)
	for _, k := range order {
		v := values[k]
		fmt.Fprintf(&b, "| %s %s | %.1f | %.1f | %s |", k.measure, k.name, median(v[beamNode]), median(v[goNode]),
			ratios(v[beamNode], v[goNode]))
		for _, t := range more {
			fmt.Fprintf(&b, " %s |", peerRatio(v, t.node))
		}
		b.WriteString("\n")
	}
	return b.String()
}

// otherTargets returns the targets after the first two.
func otherTargets(targets []target) []target { return targets[min(2, len(targets)):] }

// peerRatio returns the ratio of another peer, or its count where the reference has none.
func peerRatio(v byNode, node string) string {
	if r := ratio(v[beamNode], v[node]); len(r) > 0 {
		return fmt.Sprintf("%.2f", median(r))
	}
	if m := v[node]; len(m) > 0 {
		return fmt.Sprintf("%.0f", median(m))
	}
	return "-"
}

// ratio divides v by base, round by round.
func ratio(base, v map[int]float64) map[int]float64 {
	r := map[int]float64{}
	for round, value := range v {
		if base[round] > 0 {
			r[round] = value / base[round]
		}
	}
	return r
}

func ratios(base, v map[int]float64) string {
	r := ratio(base, v)
	if len(r) == 0 {
		return "-"
	}
	s := sorted(r)
	return fmt.Sprintf("%.2f (%.2f-%.2f)", median(r), s[0], s[len(s)-1])
}

func sorted(m map[int]float64) []float64 {
	s := make([]float64, 0, len(m))
	for _, v := range m {
		s = append(s, v)
	}
	slices.SortFunc(s, cmp.Compare[float64])
	return s
}

// median returns the median. With an even number of values it is the mean of the middle two.
func median(m map[int]float64) float64 {
	s := sorted(m)
	if len(s) == 0 {
		return 0
	}
	return (s[(len(s)-1)/2] + s[len(s)/2]) / 2
}
