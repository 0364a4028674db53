package databasetest

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/ostiary/ostiary/database"
)

// apart are the numbers of the reference's suite that are no cases here, with
// the reason or the place of the tests.
var apart = map[string]string{
	"A38": "the contract reads whole rows: there is no selection of columns",
	"A39": "no selection of columns", "A40": "no selection of columns",
	"A41": "no selection of columns", "A17": "no selection of columns",
	"R11": "of adapters without transactions: TestWorkAfterAFailureRunsWhenNothingCouldBeUndone in package database",
	"R12": "of adapters that try again: TestWorkAfterACommitRunsOnceWhenTheAdapterTriesAgain in package database",
	"A03": "not used by the reference", "A04": "not used by the reference",
}

func TestEveryCaseOfTheReferenceIsThere(t *testing.T) {
	t.Parallel()
	have := map[string]bool{}
	for _, r := range append(rounds(), round{cases: disconnectCases(func(testing.TB, database.Adapter) {})}) {
		seen := map[string]bool{}
		for _, c := range r.cases {
			if seen[c.name] {
				t.Errorf("two cases are named %q", c.name)
			}
			seen[c.name] = true
			for _, id := range c.ids() {
				have[id] = true
			}
		}
	}
	var missing []string
	for section, last := range map[string]int{"A": 108, "D": 1, "E": 2, "F": 1, "G": 12, "N": 4, "R": 12, "U": 8} {
		for n := range last + 1 {
			id := fmt.Sprintf("%s%d", section, n)
			if section == "A" || section == "G" {
				id = fmt.Sprintf("%s%02d", section, n)
			}
			switch {
			case have[id] || apart[id] != "":
			case n == 0 && section != "A" && section != "D" && section != "E": // these count from 1
			default:
				missing = append(missing, id)
			}
		}
	}
	if len(missing) > 0 {
		slices.Sort(missing)
		t.Errorf("no cases for %s", strings.Join(missing, ", "))
	}
}
