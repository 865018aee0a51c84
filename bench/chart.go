package main

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// The size of the picture of a curve, in pixels.
const (
	width, height            = 560, 320
	left, right, top, bottom = 64, 28, 40, 48
)

// axis maps values to pixels, by their logarithm if their range is large.
type axis struct {
	from, to   float64 // values
	start, end float64 // pixels
	log        bool
}

func newAxis(values []float64, start, end float64, zero bool) axis {
	lo, hi := math.Inf(1), math.Inf(-1)
	for _, v := range values {
		lo, hi = math.Min(lo, v), math.Max(hi, v)
	}
	a := axis{lo, hi, start, end, lo > 0 && hi/lo > 50}
	switch {
	case a.log:
		a.from, a.to = math.Pow(10, math.Floor(math.Log10(lo))), math.Pow(10, math.Ceil(math.Log10(hi)))
	case zero:
		a.from, a.to = 0, hi*1.1
	}
	if a.from == a.to {
		a.to = a.from + 1
	}
	return a
}

func (a axis) at(v float64) float64 {
	share := (v - a.from) / (a.to - a.from)
	if a.log {
		share = math.Log(v/a.from) / math.Log(a.to/a.from)
	}
	return a.start + share*(a.end-a.start)
}

// marks returns the values of the labels on the axis.
func (a axis) marks() []float64 {
	var m []float64
	if a.log {
		for v := a.from; v <= a.to*1.001; v *= 10 {
			m = append(m, v)
		}
		return m
	}
	step := math.Pow(10, math.Floor(math.Log10(a.to-a.from)))
	for (a.to-a.from)/step < 4 {
		step /= 2
	}
	for v := math.Ceil(a.from/step) * step; v <= a.to; v += step {
		m = append(m, v)
	}
	return m
}

// short writes 25000 as 25k.
func short(v float64) string {
	switch {
	case v >= 1e6:
		return strconv.FormatFloat(v/1e6, 'g', 4, 64) + "M"
	case v >= 1e4:
		return strconv.FormatFloat(v/1e3, 'g', 4, 64) + "k"
	}
	return strconv.FormatFloat(v, 'g', 4, 64)
}

// svg draws the curve of both nodes.
func (c curve) svg() string {
	var xs, ys []float64
	for _, p := range append(append([][2]float64{}, c.BEAM...), c.Gonode...) {
		xs, ys = append(xs, p[0]), append(ys, p[1])
	}
	x, y := newAxis(xs, left, width-right, false), newAxis(ys, height-bottom, top, true)
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" font-family="sans-serif" `+
		`font-size="12">`+"\n", width, height)
	fmt.Fprintf(&b, `<rect width="%d" height="%d" fill="#fff"/>`+"\n", width, height)
	fmt.Fprintf(&b, `<text x="%d" y="20" font-size="14">%s</text>`+"\n", left, c.Title)
	for _, v := range x.marks() {
		fmt.Fprintf(&b, `<text x="%.1f" y="%d" text-anchor="middle">%s</text>`+"\n", x.at(v), height-bottom+16, short(v))
	}
	for _, v := range y.marks() {
		fmt.Fprintf(&b, `<path d="M%d %.1fH%d" stroke="#ddd"/><text x="%d" y="%.1f" text-anchor="end">%s</text>`+"\n",
			left, y.at(v), width-right, left-6, y.at(v)+4, short(v))
	}
	fmt.Fprintf(&b, `<text x="%d" y="%d" text-anchor="middle">%s</text>`+"\n", (left+width-right)/2, height-bottom+36, c.X)
	fmt.Fprintf(&b, `<text x="%d" y="%d">%s</text>`+"\n", left+4, top+10, c.Y)
	draw(&b, x, y, c.BEAM, "#a02050", "BEAM", 0)
	draw(&b, x, y, c.Gonode, "#0080a0", "gonode", 1)
	b.WriteString("</svg>\n")
	return b.String()
}

// draw adds one line with its points and its name.
func draw(b *strings.Builder, x, y axis, points [][2]float64, colour, name string, place int) {
	for i, p := range points {
		command := "L"
		if i == 0 {
			fmt.Fprintf(b, `<path fill="none" stroke="%s" stroke-width="2" d="`, colour)
			command = "M"
		}
		fmt.Fprintf(b, "%s%.1f %.1f", command, x.at(p[0]), y.at(p[1]))
	}
	if len(points) > 0 {
		b.WriteString("\"/>\n")
	}
	for _, p := range points {
		fmt.Fprintf(b, `<circle cx="%.1f" cy="%.1f" r="3" fill="%s"/>`+"\n", x.at(p[0]), y.at(p[1]), colour)
	}
	at := width - right - 130 + 66*place
	fmt.Fprintf(b, `<rect x="%d" y="26" width="10" height="4" fill="%s"/><text x="%d" y="32">%s</text>`+"\n", at, colour,
		at+14, name)
}
