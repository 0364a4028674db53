package password

import (
	"slices"
	"strings"

	"golang.org/x/text/unicode/norm"
)

// nfkc is Unicode normalisation form KC (UAX #15), as JavaScript's
// String.normalize computes it.
//
// Package norm differs in one case: it breaks runs of more than thirty
// combining marks apart with a grapheme joiner ("stream-safe text"). Such a
// password would have another hash than in Better Auth, so the rare ones in
// which a joiner appears are normalised by the book.
func nfkc(s string) string {
	normal := norm.NFKC.String(s)
	if strings.Count(normal, graphemeJoiner) == strings.Count(s, graphemeJoiner) {
		return normal
	}
	return string(compose(decompose(s)))
}

const graphemeJoiner = "\u034f"

// decompose is the full compatibility decomposition in canonical order.
func decompose(s string) []rune {
	var runes []rune
	for _, r := range s {
		runes = append(runes, []rune(norm.NFKD.String(string(r)))...)
	}
	for start := 0; start < len(runes); {
		if combiningClass(runes[start]) == 0 {
			start++
			continue
		}
		end := start
		for end < len(runes) && combiningClass(runes[end]) != 0 {
			end++
		}
		slices.SortStableFunc(runes[start:end], func(a, b rune) int {
			return int(combiningClass(a)) - int(combiningClass(b))
		})
		start = end
	}
	return runes
}

// compose joins each character with the last starter before it, unless a
// character between them blocks it.
func compose(runes []rune) []rune {
	composed := runes[:0]
	starter := -1
	for _, r := range runes {
		class := combiningClass(r)
		if starter >= 0 && !blocked(composed[starter+1:], class) {
			if joined, ok := join(composed[starter], r); ok {
				composed[starter] = joined
				continue
			}
		}
		if class == 0 {
			starter = len(composed)
		}
		composed = append(composed, r)
	}
	return composed
}

// blocked reports whether the characters since the starter, all of them marks
// in canonical order, keep one of the given class from joining it.
func blocked(since []rune, class uint8) bool {
	return len(since) > 0 && combiningClass(since[len(since)-1]) >= class
}

func join(first, second rune) (rune, bool) {
	joined := []rune(norm.NFC.String(string([]rune{first, second})))
	if len(joined) != 1 {
		return 0, false
	}
	return joined[0], true
}

func combiningClass(r rune) uint8 {
	return norm.NFD.PropertiesString(string(r)).CCC()
}
