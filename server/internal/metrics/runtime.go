package metrics

import (
	"runtime"
	"runtime/metrics"
	"time"
)

// Runtime adds what the Go runtime knows about the process.
func (r *Registry) Runtime(started time.Time) {
	r.Gauge("go_goroutines", "Number of goroutines.", func() float64 { return float64(runtime.NumGoroutine()) })
	r.Gauge("go_gomaxprocs", "Number of processors that run Go code.", func() float64 { return float64(runtime.GOMAXPROCS(0)) })
	r.Gauge("go_memory_heap_bytes", "Memory in live and not yet swept heap objects.", sample("/memory/classes/heap/objects:bytes"))
	r.Gauge("go_memory_total_bytes", "Memory that the runtime has from the system.", sample("/memory/classes/total:bytes"))
	r.CounterFunc("go_allocated_bytes_total", "Bytes allocated on the heap so far.", sample("/gc/heap/allocs:bytes"))
	r.CounterFunc("go_gc_cycles_total", "Completed garbage collections.", sample("/gc/cycles/total:gc-cycles"))
	r.Gauge("process_start_time_seconds", "When the process started, in Unix time.", func() float64 { return float64(started.UnixMilli()) / 1000 })
}

// sample reads one of the runtime's own metrics.
func sample(name string) func() float64 {
	return func() float64 {
		s := []metrics.Sample{{Name: name}}
		metrics.Read(s)
		if s[0].Value.Kind() != metrics.KindUint64 {
			return 0 // a runtime without it
		}
		return float64(s[0].Value.Uint64())
	}
}
