package sqldb

import "github.com/ostiary/ostiary/database"

// PatternOf is the pattern for a string operator. In the text everything that means
// something in a pattern is escaped already; wildcard is what stands for any text.
func PatternOf(op database.Operator, escaped, wildcard string) string {
	switch op {
	case database.StartsWith:
		return escaped + wildcard
	case database.EndsWith:
		return wildcard + escaped
	}
	return wildcard + escaped + wildcard
}
