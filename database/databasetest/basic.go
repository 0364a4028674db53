package databasetest

import "slices"

// basicCases are run in every round: what each adapter does under any names and
// ids. Their numbers are those of the suite of Better Auth 1.7.
func basicCases() []testCase {
	return slices.Concat(createCases(), findOneCases(), findManyCases(), filterCases(), joinCases(), updateCases(), deleteCases(), typeCases())
}
