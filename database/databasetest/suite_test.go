package databasetest

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/ostiary/ostiary/database"
)

var (
	// caseRow is a row of CASES.md: ids, where their tests are, and remarks.
	caseRow = regexp.MustCompile(`(?m)^\| ([A-Z]\d[^|]*) \| ([^|]+) \| ?([^|]*)\|$`)
	caseID  = regexp.MustCompile(`\b[A-Z]\d{1,3}\b`)
)

func TestCasesByID(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("CASES.md")
	if err != nil {
		t.Fatal(err)
	}
	flows, err := os.ReadFile("../../flowcases_test.go")
	if err != nil {
		t.Fatal(err)
	}
	have, listed := caseIDs(t), map[string]bool{}
	for _, row := range caseRow.FindAllStringSubmatch(string(text), -1) {
		for _, id := range caseID.FindAllString(row[3], -1) {
			if !have[id] {
				t.Errorf("the remark on %s names %s, which the suite does not have", row[1], id)
			}
		}
		for _, id := range expanded(t, row[1]) {
			if listed[id] {
				t.Errorf("%s is listed twice", id)
			}
			listed[id] = true
			switch where := row[2]; {
			case id[0] == 'B':
				if !strings.Contains(string(flows), `"`+id+" ") {
					t.Errorf("there is no flow %s", id)
				}
			case where == "the suite":
				if !have[id] {
					t.Errorf("the suite has no case %s", id)
				}
			case where != "does not apply" && where != "no such cases" && !strings.Contains(where, "`"):
				t.Errorf("%s: no test is named in %q", id, where)
			}
		}
	}
	var missing []string
	for _, all := range []string{
		"A00–A108", "B1–B7", "C0", "D0–D1", "E0–E2", "F1", "G01–G12", "H1–H5", "I1–I6", "J01–J34", "K1–K7", "L1–L9", "M1–M7",
		"N1–N4", "O1–O5", "P1–P12", "Q1–Q10", "R1–R12", "S01–S20", "T01–T18", "U1–U8",
	} {
		for _, id := range expanded(t, all) {
			if !listed[id] {
				missing = append(missing, id)
			}
		}
	}
	if len(missing) > 0 {
		t.Errorf("CASES.md does not list %s", strings.Join(missing, ", "))
	}
}

// caseIDs are the ids of the suite's cases, of which no two have one name.
func caseIDs(t *testing.T) map[string]bool {
	t.Helper()
	have := map[string]bool{}
	for _, r := range slices.Concat(rounds(), []round{{cases: disconnectCases(func(testing.TB, database.Adapter) {})}}) {
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
	return have
}

// expanded returns the ids of a list such as "A00–A02, A05".
func expanded(t *testing.T, list string) []string {
	t.Helper()
	var ids []string
	for part := range strings.SplitSeq(list, ", ") {
		first, last, isRange := strings.Cut(part, "–")
		if !isRange {
			last = first
		}
		from, err := strconv.Atoi(first[1:])
		if err != nil {
			t.Fatal(err)
		}
		to, err := strconv.Atoi(last[1:])
		if err != nil || last[0] != first[0] || to < from {
			t.Fatalf("%q is no range of ids", part)
		}
		for n := from; n <= to; n++ {
			ids = append(ids, fmt.Sprintf("%c%0*d", first[0], len(first)-1, n))
		}
	}
	return ids
}
