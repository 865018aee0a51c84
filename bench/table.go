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

// table prints medians of both nodes, and the median, the least and the greatest of the ratios of the rounds.
func table(figures []figure) string {
	type key struct{ measure, name string }
	var order []key
	values := map[key]map[string]map[int]float64{}
	for _, f := range figures {
		k := key{f.Measure, f.Name}
		if values[k] == nil {
			values[k] = map[string]map[int]float64{beamNode: {}, goNode: {}}
			order = append(order, k)
		}
		values[k][f.Node][f.Round] = f.Value
	}
	var b strings.Builder
	fmt.Fprintf(&b, "| %-22s | %12s | %12s | %s |\n|---|---|---|---|\n", "measure", "BEAM", "gonode", "gonode / BEAM, median (range)")
	for _, k := range order {
		beam, gon := values[k][beamNode], values[k][goNode]
		fmt.Fprintf(&b, "| %-22s | %12.1f | %12.1f | %s |\n", k.measure+" "+k.name, median(beam), median(gon), ratios(beam, gon))
	}
	return b.String()
}

func ratios(beam, gon map[int]float64) string {
	r := map[int]float64{}
	for round, v := range gon {
		if base := beam[round]; base > 0 {
			r[round] = v / base
		}
	}
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

// median of an even number is the mean of the middle two.
func median(m map[int]float64) float64 {
	s := sorted(m)
	if len(s) == 0 {
		return 0
	}
	return (s[(len(s)-1)/2] + s[len(s)/2]) / 2
}
