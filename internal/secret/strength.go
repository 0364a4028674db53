package secret

import (
	"fmt"
	"math"
)

const (
	minLength = 32  // characters
	minBits   = 120 // estimated
)

// Assess returns what is weak about a secret, in words for its operator that do
// not repeat it, and nothing for a strong one. The entropy is estimated as
// length × log2(distinct characters): enough to catch words and repetitions, no
// proof of anything.
func Assess(secret string) (warnings []string) {
	if secret == Default {
		warnings = append(warnings, "the secret is the published default: anyone can forge sessions")
	}
	distinct := make(map[rune]bool)
	length := 0
	for _, r := range secret {
		distinct[r] = true
		length++
	}
	if length < minLength {
		warnings = append(warnings, fmt.Sprintf("the secret has %d characters: use at least %d", length, minLength))
	}
	if bits := entropy(length, len(distinct)); bits < minBits {
		warnings = append(warnings, fmt.Sprintf("the secret has about %.0f bits of entropy: use at least %d, from a random generator", bits, minBits))
	}
	return warnings
}

func entropy(length, distinct int) float64 {
	if distinct == 0 {
		return 0
	}
	return float64(length) * math.Log2(float64(distinct))
}
