package sqldb

import (
	"slices"
	"strings"
)

// TypeName is the name of a column's type as a catalogue spells it.
type TypeName string

// Has reports whether the name contains one of these words, which are lower-case.
func (n TypeName) Has(words ...string) bool {
	name := strings.ToLower(string(n))
	return slices.ContainsFunc(words, func(word string) bool { return strings.Contains(name, word) })
}
