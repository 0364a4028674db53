package metrics_test

import (
	"fmt"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ostiary/ostiary/server/internal/metrics"
)

func text(t *testing.T, r *metrics.Registry) string {
	t.Helper()
	w := httptest.NewRecorder()
	r.ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	if got := w.Header().Get("Content-Type"); got != "text/plain; version=0.0.4; charset=utf-8" {
		t.Errorf("Content-Type is %q", got)
	}
	return w.Body.String()
}

func TestMetricsAreWrittenInTheTextFormat(t *testing.T) {
	t.Parallel()
	var r metrics.Registry
	c := r.Counter("requests_total", "Requests.", "route", "status")
	c.Inc("/b", "2xx")
	c.Inc("/a", "5xx")
	c.Inc("/b", "2xx")
	c.Inc("with \"quotes\", \\ and\nlines", "2xx")
	h := r.Histogram("seconds", "Time.", []float64{0.1, 1}, "route")
	h.Observe(0.1, "/a")
	h.Observe(0.5, "/a")
	h.Observe(7, "/a")
	plain := r.Histogram("plain_seconds", "Time.", []float64{1})
	plain.Observe(2)
	r.Gauge("now", "Now.", func() float64 { return 1.5 })
	r.CounterFunc("ever", "Ever.", func() float64 { return 3 })
	want := `# HELP requests_total Requests.
# TYPE requests_total counter
requests_total{route="/a",status="5xx"} 1
requests_total{route="/b",status="2xx"} 2
requests_total{route="with \"quotes\", \\ and\nlines",status="2xx"} 1
# HELP seconds Time.
# TYPE seconds histogram
seconds_bucket{route="/a",le="0.1"} 1
seconds_bucket{route="/a",le="1"} 2
seconds_bucket{route="/a",le="+Inf"} 3
seconds_sum{route="/a"} 7.6
seconds_count{route="/a"} 3
# HELP plain_seconds Time.
# TYPE plain_seconds histogram
plain_seconds_bucket{le="1"} 0
plain_seconds_bucket{le="+Inf"} 1
plain_seconds_sum 2
plain_seconds_count 1
# HELP now Now.
# TYPE now gauge
now 1.5
# HELP ever Ever.
# TYPE ever counter
ever 3
`
	if diff := cmp.Diff(want, text(t, &r)); diff != "" {
		t.Error(diff)
	}
}

func TestTheNumberOfSeriesIsBounded(t *testing.T) {
	t.Parallel()
	var r metrics.Registry
	c := r.Counter("n", "N.", "a", "b")
	for i := range 3 * metrics.MaxSeries {
		c.Inc(strconv.Itoa(i), "x")
	}
	got := text(t, &r)
	if lines := strings.Count(got, "\n"); lines > metrics.MaxSeries+4 {
		t.Errorf("%d lines", lines)
	}
	if want := fmt.Sprintf(`n{a="other",b="other"} %d`, 2*metrics.MaxSeries); !strings.Contains(got, want) {
		t.Errorf("no %s", want)
	}
}

func TestCountingIsSafeForManyGoroutines(t *testing.T) {
	t.Parallel()
	var r metrics.Registry
	c := r.Counter("n", "N.", "a")
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for range 1000 {
				c.Inc(strconv.Itoa(i % 2))
			}
		})
	}
	wg.Wait()
	if got := text(t, &r); !strings.Contains(got, `n{a="0"} 4000`) || !strings.Contains(got, `n{a="1"} 4000`) {
		t.Error(got)
	}
}

func BenchmarkObserve(b *testing.B) {
	var r metrics.Registry
	h := r.Histogram("seconds", "Time.", []float64{0.1, 0.5, 1, 5}, "route")
	b.ReportAllocs()
	for b.Loop() {
		h.Observe(0.3, "/get-session")
	}
}
