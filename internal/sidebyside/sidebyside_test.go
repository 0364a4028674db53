package sidebyside_test

import (
	"testing"

	"github.com/ostiary/ostiary/internal/sidebyside"
)

func TestSlowerVariantsHaveHigherRatios(t *testing.T) {
	t.Parallel()
	sum := 0
	work := func(n int) func(int) error {
		return func(int) error {
			for i := range n {
				sum += i * i
			}
			return nil
		}
	}
	result := testing.Benchmark(func(b *testing.B) {
		sidebyside.Run(b, sidebyside.Variant{Name: "one", Do: work(1000)}, sidebyside.Variant{Name: "ten", Do: work(10_000)})
	})
	if ratio := result.Extra["×ten/one"]; ratio < 3 || ratio > 30 {
		t.Errorf("ten times the work takes %v times as long (%d)", ratio, sum)
	}
}

func TestEveryVariantCountsUp(t *testing.T) {
	t.Parallel()
	var next [2]int
	counts := func(variant int) func(int) error {
		return func(i int) error {
			if i != next[variant] {
				t.Fatalf("variant %d was called with %d, want %d", variant, i, next[variant])
			}
			next[variant]++
			return nil
		}
	}
	testing.Benchmark(func(b *testing.B) {
		next = [2]int{}
		sidebyside.Run(b, sidebyside.Variant{Name: "a", Do: counts(0)}, sidebyside.Variant{Name: "b", Do: counts(1)})
	})
	if next[0] != next[1] || next[0] == 0 {
		t.Errorf("the variants were called %v times", next)
	}
}
