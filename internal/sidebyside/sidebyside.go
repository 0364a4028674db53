// Package sidebyside measures pieces of code that are to be compared in turns, so
// that whatever else the machine does meanwhile happens to all of them.
package sidebyside

import (
	"fmt"
	"slices"
	"testing"
	"time"
)

// Variant is one of the pieces of code that are compared.
type Variant struct {
	Name string
	// Do does it once. It is called with 0, 1, 2 and so on.
	Do func(i int) error
}

// chunk is how often a variant is done before it is the next one's turn.
const chunk = 32

// Run measures variants in turns and reports, for each, the median time of one and
// for all but the first its ratio to the first, as metrics.
func Run(b *testing.B, variants ...Variant) {
	b.Helper()
	times := make([][]time.Duration, len(variants))
	count := 0
	for b.Loop() {
		for v := range variants {
			at := (v + count) % len(variants) // nobody always follows the same one
			began := time.Now()
			for i := range chunk {
				if err := variants[at].Do(count*chunk + i); err != nil {
					b.Fatalf("%s: %v", variants[at].Name, err)
				}
			}
			times[at] = append(times[at], time.Since(began)/chunk)
		}
		count++
	}
	b.ReportMetric(0, "ns/op") // that of a round means nothing
	first := median(times[0])
	for i, v := range variants {
		m := median(times[i])
		b.ReportMetric(float64(m.Nanoseconds())/1000, "µs/"+v.Name)
		if i > 0 {
			b.ReportMetric(float64(m)/float64(first), fmt.Sprintf("×%s/%s", v.Name, variants[0].Name))
		}
	}
}

func median(times []time.Duration) time.Duration {
	slices.Sort(times)
	return times[len(times)/2]
}
