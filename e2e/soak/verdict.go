package main

import (
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"strings"
	"time"
)

// The limits of growth after the warm-up.
const (
	maxMemorySlope = 1.0 // MiB a minute
	maxDrift       = 0.1 // of goroutines and open files, over all of the time
	noise          = 5.0 // goroutines or open files that do not count
)

// trend is how a number develops: the straight line that fits it best.
type trend struct {
	name, unit   string
	start, slope float64 // at the beginning; a minute
	lowest, most float64
	allowed      float64 // of slope
	of           func(sample) float64
	colour       string
}

// verdict is what the samples after the warm-up say.
type verdict struct{ trends []*trend }

func judge(samples []sample, warmUp time.Duration) *verdict {
	v := &verdict{[]*trend{
		{name: "memory", unit: "MiB", allowed: maxMemorySlope, of: func(s sample) float64 { return s.memory }, colour: "#2563eb"},
		{name: "goroutines", allowed: -1, of: func(s sample) float64 { return s.goroutines }, colour: "#059669"},
		{name: "open files", allowed: -1, of: func(s sample) float64 { return s.files }, colour: "#d97706"},
	}}
	for _, t := range v.trends {
		t.fit(samples, warmUp)
	}
	return v
}

func (t *trend) fit(samples []sample, warmUp time.Duration) {
	var n, sumX, sumY, sumXX, sumXY float64
	t.lowest = math.Inf(1)
	var last float64
	for _, s := range samples {
		if s.at < warmUp {
			continue
		}
		x, y := s.at.Minutes(), t.of(s)
		n, sumX, sumY, sumXX, sumXY = n+1, sumX+x, sumY+y, sumXX+x*x, sumXY+x*y
		t.lowest, t.most, last = min(t.lowest, y), max(t.most, y), x
	}
	if n < 2 {
		t.slope = math.NaN()
		return
	}
	t.slope = (n*sumXY - sumX*sumY) / (n*sumXX - sumX*sumX)
	t.start = (sumY - t.slope*sumX) / n
	if t.allowed < 0 {
		t.allowed = (maxDrift*sumY/n + noise) / (last - warmUp.Minutes())
	}
}

// grows reports whether there is more and more.
func (t *trend) grows() bool { return !(t.slope < t.allowed) } // also of nothing

func (v *verdict) err() error {
	var all []error
	for _, t := range v.trends {
		if t.grows() {
			all = append(all, fmt.Errorf("%s grow by %.2f %s a minute; %.2f are allowed", t.name, t.slope, t.unit, t.allowed))
		}
	}
	return errors.Join(all...)
}

// report prints the figures as a table.
func (v *verdict) report(w io.Writer, before, after sample) {
	_, _ = fmt.Fprintln(w, "\n| | before the load | under load, least to most | a minute | allowed | after the load |")
	_, _ = fmt.Fprintln(w, "| --- | ---: | ---: | ---: | ---: | ---: |")
	for _, t := range v.trends {
		name := t.name
		if t.unit != "" {
			name += ", " + t.unit
		}
		_, _ = fmt.Fprintf(w, "| %s | %.0f | %.0f to %.0f | %+.2f | %+.2f | %.0f |\n", name, t.of(before), t.lowest, t.most, t.slope, t.allowed, t.of(after))
	}
}

// The plot is three charts, one below the other.
const (
	width, height = 720, 130
	left, top     = 60, 30
	gap           = 50
)

// writePlot draws the samples and the lines that fit them as SVG.
func writePlot(path string, samples []sample, warmUp time.Duration, v *verdict) error {
	end := samples[len(samples)-1].at
	x := func(at time.Duration) float64 { return left + width*at.Seconds()/end.Seconds() }
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" font-family="sans-serif" font-size="12">`+"\n", left+width+20, 3*(height+gap)+top)
	b.WriteString(`<rect width="100%" height="100%" fill="white"/>` + "\n")
	for i, t := range v.trends {
		base := float64(top + height + i*(height+gap))
		highest := 1.0
		for _, s := range samples {
			highest = max(highest, 1.1*t.of(s))
		}
		y := func(value float64) float64 { return base - height*value/highest }
		fmt.Fprintf(&b, `<text x="%d" y="%.0f" font-weight="bold">%s</text>`+"\n", left, base-height-8, strings.TrimSpace(t.name+" "+t.unit))
		fmt.Fprintf(&b, `<rect x="%d" y="%.0f" width="%.1f" height="%d" fill="#f3f4f6"/>`+"\n", left, base-height, x(warmUp)-left, height)
		for _, part := range []float64{0, 0.5, 1} {
			fmt.Fprintf(&b, `<line x1="%d" x2="%d" y1="%.1f" y2="%.1f" stroke="#d1d5db"/><text x="%d" y="%.1f" text-anchor="end">%.0f</text>`+"\n",
				left, left+width, y(part*highest), y(part*highest), left-6, y(part*highest)+4, part*highest)
		}
		step := time.Duration(math.Ceil(end.Minutes()/10)) * time.Minute
		for at := time.Duration(0); at <= end; at += step {
			fmt.Fprintf(&b, `<text x="%.1f" y="%.1f" text-anchor="middle" fill="#6b7280">%.0f min</text>`+"\n", x(at), base+16, at.Minutes())
		}
		fmt.Fprintf(&b, `<polyline fill="none" stroke="%s" points="`, t.colour)
		for _, s := range samples {
			fmt.Fprintf(&b, "%.1f,%.1f ", x(s.at), y(t.of(s)))
		}
		b.WriteString(`"/>` + "\n")
		line := func(at time.Duration) float64 { return y(t.start + t.slope*at.Minutes()) }
		fmt.Fprintf(&b, `<line x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f" stroke="#111827" stroke-dasharray="4 3"/>`+"\n", x(warmUp), line(warmUp), x(end), line(end))
	}
	b.WriteString("</svg>\n")
	return os.WriteFile(path, []byte(b.String()), 0o644)
}
