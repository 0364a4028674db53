// Package databasetest is the suite that every database adapter of Ostiary
// passes. The test of an adapter is one call:
//
//	func TestAdapter(t *testing.T) {
//		databasetest.Run(t, func(t testing.TB, s *schema.Schema) database.Adapter {
//			return openEmptyDatabaseWithTablesOf(t, s)
//		})
//	}
//
// Most cases are run several times: with joins made by the adapter and by
// package database, with text, UUID and serial ids, with names that are hard to
// quote and with plural table names. The letter and number before the name of a
// case are stable, so that a case can be left out by them. They are the numbers
// of the cases of Better Auth 1.7, but for those of the sections L, T, V, X and
// Z. CASES.md says, by number, which tests there are.
package databasetest

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/ostiary/ostiary/database"
	"github.com/ostiary/ostiary/schema"
)

// Open returns an adapter on a database of its own that has the tables of the
// schema, all empty. It is called a few times at once; what it opens it should
// close by t.Cleanup.
type Open func(t testing.TB, s *schema.Schema) database.Adapter

// testCase is one promise of the adapter contract.
type testCase struct {
	name string // "A51 starts_with takes its value literally"
	run  func(s *scene)
}

// ids returns the numbers before the name.
func (c testCase) ids() []string {
	ids, _, _ := strings.Cut(c.name, " ")
	return strings.Split(ids, ",")
}

// round is a run of cases on one database.
type round struct {
	name     string
	schema   schema.Definition
	cases    []testCase
	ownJoins bool // let the adapter follow joins, when it can
	needs    func(database.Capabilities) bool
}

// Run runs the suite on the databases that open returns. Cases can be left out
// by their ids, such as "G02", where a store is known to be unable: they are
// then reported as skipped.
func Run(t *testing.T, open func(t testing.TB, s *schema.Schema) database.Adapter, leaveOut ...string) {
	t.Helper()
	Suite{Open: open, LeaveOut: leaveOut}.Run(t)
}

// Suite is the suite with what an adapter's test can add to it.
type Suite struct {
	// Open opens an adapter for a round of cases. It must be set.
	Open Open
	// LeaveOut are the ids of cases that are known not to hold, such as "G02".
	// They are reported as skipped.
	LeaveOut []string
	// Disconnect ends all connections that the adapter has to its database, as
	// a restart of the server or a fault of the network would. Where it is set,
	// the suite checks that the adapter then says [database.ErrUnavailable] and
	// recovers by itself. It must be left nil where there is no connection that
	// could end.
	Disconnect func(t testing.TB, a database.Adapter)
}

// Run runs every case of the suite, in rounds that are run at once.
func (suite Suite) Run(t *testing.T) {
	t.Helper()
	rounds := rounds()
	if suite.Disconnect != nil {
		rounds = append(rounds, round{name: "lost connections", schema: definition(schema.TextIDs), cases: disconnectCases(suite.Disconnect), ownJoins: true})
	}
	for _, r := range rounds {
		t.Run(r.name, func(t *testing.T) {
			t.Parallel()
			r.run(t, suite.Open, suite.LeaveOut)
		})
	}
}

func rounds() []round {
	basic := basicCases()
	everything := slices.Concat(basic, transactionCases(), insensitiveCases(), constraintCases(), textCases(), valueCases(), concurrencyCases(), contextCases())
	return []round{
		{name: "basic", schema: definition(schema.TextIDs), cases: everything},
		{
			name: "joins", schema: definition(schema.TextIDs), cases: slices.Concat(basic, ownJoinCases()), ownJoins: true,
			needs: func(c database.Capabilities) bool { return c.Joins },
		},
		{
			name: "serial ids", schema: definition(schema.SerialIDs), cases: slices.Concat(basic, serialCases()), ownJoins: true,
			needs: func(c database.Capabilities) bool { return c.SerialIDs },
		},
		{name: "uuids", schema: definition(schema.UUIDs), cases: slices.Concat(basic, uuidCases()), ownJoins: true},
		{name: "names", schema: renamed(definition(schema.TextIDs)), cases: slices.Concat(basic, constraintCases(), insensitiveCases()), ownJoins: true},
		{name: "plural names", schema: plural(definition(schema.TextIDs)), cases: basic, ownJoins: true},
	}
}

// run runs the cases of a round one after the other. Each starts empty.
func (r round) run(t *testing.T, open Open, leaveOut []string) {
	t.Helper()
	compiled, err := schema.Compile(r.schema)
	if err != nil {
		t.Fatalf("compile the schema of the suite: %v", err)
	}
	adapter := open(t, compiled)
	if r.needs != nil && !r.needs(adapter.Capabilities()) {
		t.Skipf("the %s adapter does not support this", adapter.Capabilities().Name)
	}
	if !r.ownJoins {
		adapter = withoutJoins{adapter}
	}
	for _, c := range r.cases {
		t.Run(c.name, func(t *testing.T) {
			if slices.ContainsFunc(c.ids(), func(id string) bool { return slices.Contains(leaveOut, id) }) {
				t.Skip("left out by the test of the adapter")
			}
			s := newScene(t, adapter, compiled)
			s.clear()
			c.run(s)
		})
	}
}

// withoutJoins hides that an adapter follows joins.
type withoutJoins struct{ database.Adapter }

func (a withoutJoins) Capabilities() database.Capabilities {
	c := a.Adapter.Capabilities()
	c.Joins = false
	return c
}

func (a withoutJoins) Transaction(ctx context.Context, fn func(tx database.Adapter) error) error {
	return a.Adapter.Transaction(ctx, func(tx database.Adapter) error { return fn(withoutJoins{tx}) })
}
