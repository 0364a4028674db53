// Package metrics counts things and writes them in the Prometheus text format
// 0.0.4. It has what a server needs and no more: counters, histograms and
// gauges that are read when they are asked for.
//
// Labels are meant for values of which there are few, such as route templates.
// Should there be many after all, those behind the first [MaxSeries] of a
// metric are counted together.
package metrics

import (
	"bufio"
	"fmt"
	"io"
	"maps"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
)

// MaxSeries is how many combinations of label values a metric keeps apart.
const MaxSeries = 1000

// overflow is the value of every label of what is counted together.
const overflow = "other"

// Registry holds metrics. The zero value is empty and ready. Metrics are added
// before it is served.
type Registry struct {
	metrics []metric
}

type metric interface{ write(w *bufio.Writer) }

// ServeHTTP writes all metrics.
func (r *Registry) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
	_ = r.Write(w)
}

// Write writes all metrics.
func (r *Registry) Write(w io.Writer) error {
	b := bufio.NewWriter(w)
	for _, m := range r.metrics {
		m.write(b)
	}
	return b.Flush()
}

func header(w *bufio.Writer, name, help, kind string) {
	_, _ = fmt.Fprintf(w, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, kind)
}

// Gauge adds a number that goes up and down, and is asked for when it is
// needed.
func (r *Registry) Gauge(name, help string, value func() float64) {
	r.metrics = append(r.metrics, &function{name, help, "gauge", value})
}

// CounterFunc adds a number that only goes up, and is asked for when it is
// needed.
func (r *Registry) CounterFunc(name, help string, value func() float64) {
	r.metrics = append(r.metrics, &function{name, help, "counter", value})
}

type function struct {
	name, help, kind string
	value            func() float64
}

func (f *function) write(w *bufio.Writer) {
	header(w, f.name, f.help, f.kind)
	_, _ = fmt.Fprintf(w, "%s %s\n", f.name, format(f.value()))
}

// Counter is a number of events, by labels.
type Counter struct {
	name, help string
	series     *series[atomic.Uint64]
}

// Counter adds a counter.
func (r *Registry) Counter(name, help string, labels ...string) *Counter {
	c := &Counter{name: name, help: help, series: newSeries[atomic.Uint64](labels, nil)}
	r.metrics = append(r.metrics, c)
	return c
}

// Inc counts an event. There is a value for each label, of which there are three
// at most.
func (c *Counter) Inc(values ...string) { c.series.of(values).Add(1) }

func (c *Counter) write(w *bufio.Writer) {
	header(w, c.name, c.help, "counter")
	c.series.each(func(labels string, n *atomic.Uint64) {
		_, _ = fmt.Fprintf(w, "%s%s %d\n", c.name, braces(labels), n.Load())
	})
}

// Histogram is a distribution of durations in seconds, by labels.
type Histogram struct {
	name, help string
	bounds     []float64
	series     *series[distribution]
}

type distribution struct {
	counts []atomic.Uint64 // by bucket; the last one is for everything
	sum    atomic.Uint64   // nanoseconds
}

// Histogram adds a histogram with the given upper bounds, in ascending order.
func (r *Registry) Histogram(name, help string, bounds []float64, labels ...string) *Histogram {
	h := &Histogram{name: name, help: help, bounds: slices.Clone(bounds)}
	h.series = newSeries(labels, func(d *distribution) { d.counts = make([]atomic.Uint64, len(bounds)+1) })
	r.metrics = append(r.metrics, h)
	return h
}

// Observe adds a duration. There is a value for each label.
func (h *Histogram) Observe(seconds float64, values ...string) {
	d := h.series.of(values)
	i, _ := slices.BinarySearch(h.bounds, seconds)
	d.counts[i].Add(1)
	d.sum.Add(uint64(max(seconds, 0) * 1e9))
}

func (h *Histogram) write(w *bufio.Writer) {
	header(w, h.name, h.help, "histogram")
	h.series.each(func(labels string, d *distribution) {
		var total uint64
		for i := range d.counts {
			total += d.counts[i].Load()
			bound := math.Inf(1)
			if i < len(h.bounds) {
				bound = h.bounds[i]
			}
			le := `le="` + format(bound) + `"`
			if labels != "" {
				le = labels + "," + le
			}
			_, _ = fmt.Fprintf(w, "%s_bucket{%s} %d\n", h.name, le, total)
		}
		_, _ = fmt.Fprintf(w, "%s_sum%s %s\n", h.name, braces(labels), format(float64(d.sum.Load())/1e9))
		_, _ = fmt.Fprintf(w, "%s_count%s %d\n", h.name, braces(labels), total)
	})
}

// maxLabels is how many labels a metric has at most.
const maxLabels = 3

// labelValues are the values of a metric's labels, and "" for those it has not.
type labelValues [maxLabels]string

// series are the values of one metric by its labels.
type series[T any] struct {
	labels []string
	fill   func(*T) // may be nil

	mu sync.RWMutex
	by map[labelValues]*T
}

func newSeries[T any](labels []string, fill func(*T)) *series[T] {
	if len(labels) > maxLabels {
		panic(fmt.Sprintf("metrics: %d labels, of which a metric can have %d", len(labels), maxLabels))
	}
	return &series[T]{labels: labels, fill: fill}
}

// of returns the value for the given label values.
func (s *series[T]) of(values []string) *T {
	var key labelValues
	copy(key[:], values)
	s.mu.RLock()
	v, known := s.by[key]
	s.mu.RUnlock()
	if known {
		return v
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.by) >= MaxSeries && s.by[key] == nil {
		for i := range s.labels {
			key[i] = overflow
		}
	}
	if v, known := s.by[key]; known {
		return v
	}
	v = new(T)
	if s.fill != nil {
		s.fill(v)
	}
	if s.by == nil {
		s.by = map[labelValues]*T{}
	}
	s.by[key] = v
	return v
}

// each calls fn with all values, in the order of their labels as they are written.
func (s *series[T]) each(fn func(labels string, v *T)) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	written := make(map[string]*T, len(s.by))
	for key, v := range s.by {
		written[render(s.labels, key[:])] = v
	}
	for _, labels := range slices.Sorted(maps.Keys(written)) {
		fn(labels, written[labels])
	}
}

// render writes labels as the format wants them.
func render(labels, values []string) string {
	var b strings.Builder
	for i, name := range labels {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(name + `="`)
		for _, r := range values[i] {
			switch r {
			case '\\', '"':
				b.WriteByte('\\')
				b.WriteRune(r)
			case '\n':
				b.WriteString(`\n`)
			default:
				b.WriteRune(r)
			}
		}
		b.WriteByte('"')
	}
	return b.String()
}

func braces(labels string) string {
	if labels == "" {
		return ""
	}
	return "{" + labels + "}"
}

func format(f float64) string {
	if math.IsInf(f, 1) {
		return "+Inf"
	}
	return strconv.FormatFloat(f, 'g', -1, 64)
}
