package sidebyside_test

import (
	"testing"

	"github.com/ostiary/ostiary/internal/sidebyside"
)

func TestEveryVariantCountsUpAndIsReported(t *testing.T) {
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
	result := testing.Benchmark(func(b *testing.B) {
		next = [2]int{}
		sidebyside.Run(b, sidebyside.Variant{Name: "a", Do: counts(0)}, sidebyside.Variant{Name: "b", Do: counts(1)})
	})
	if next[0] != next[1] || next[0] == 0 {
		t.Errorf("the variants were called %v times", next)
	}
	for _, unit := range []string{"µs/a", "µs/b", "×b/a"} {
		if result.Extra[unit] <= 0 {
			t.Errorf("%s is not reported: %v", unit, result.Extra)
		}
	}
}
