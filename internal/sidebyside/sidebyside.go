// Package sidebyside measures pieces of code that are to be compared in turns, so
// that whatever else the machine does meanwhile happens to all of them.
package sidebyside

import (
	"cmp"
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
// for all but the first the median of its ratios to the first, turn by turn, as
// metrics.
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
	for i, v := range variants {
		b.ReportMetric(float64(median(times[i]).Nanoseconds())/1000, "µs/"+v.Name)
		if i == 0 {
			continue
		}
		ratios := make([]float64, count)
		for turn := range ratios {
			ratios[turn] = float64(times[i][turn]) / float64(times[0][turn])
		}
		b.ReportMetric(median(ratios), fmt.Sprintf("×%s/%s", v.Name, variants[0].Name))
	}
}

func median[T cmp.Ordered](values []T) T {
	return slices.Sorted(slices.Values(values))[len(values)/2]
}
