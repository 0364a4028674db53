// Package migrate brings the tables of a database up to a schema.
//
// It only ever adds: tables, columns and indexes that are missing. It never
// drops, renames or changes what is there, nor touches tables and columns it
// does not know. Whatever needs more than an addition is reported as a
// [Finding], in plain words and with the SQL that would remedy it.
package migrate

import (
	"context"
	"fmt"

	"github.com/ostiary/ostiary/database"
	"github.com/ostiary/ostiary/schema"
)

// Database is what an adapter offers, beyond [database.Adapter], when its
// tables can be migrated. The SQL adapters of Ostiary do.
type Database interface {
	// Definition says how tables are created and changed.
	Definition() *Dialect
	// Inspect calls fn with a connection to read with.
	Inspect(ctx context.Context, fn func(Connection) error) error
	// Exclusive calls fn with a connection while no other process is in an
	// Exclusive of the same database, and commits what fn executes when it
	// returns nil.
	Exclusive(ctx context.Context, fn func(Connection) error) error
}

// Connection is one connection to a database that is being migrated.
type Connection interface {
	// Catalog reads which tables there are.
	Catalog(ctx context.Context) (*Catalog, error)
	// CountRows returns how many rows a table has, but no more than limit.
	CountRows(ctx context.Context, table string, limit int) (int, error)
	// HasDuplicates reports whether rows agree in all of these columns. A row in
	// which one of them is null agrees with none.
	HasDuplicates(ctx context.Context, table string, columns []string) (bool, error)
	// Execute runs one statement.
	Execute(ctx context.Context, statement string) error
}

// Migrator compares one database with one schema.
type Migrator struct {
	db      Database
	desired []*desiredTable
}

// For returns a migrator for the database behind an adapter. It fails when the
// adapter has no tables to migrate and when the schema contradicts itself.
func For(a database.Adapter, s *schema.Schema) (*Migrator, error) {
	db, ok := a.(Database)
	if !ok {
		return nil, fmt.Errorf("migrate: the %s adapter has no tables to migrate", a.Capabilities().Name)
	}
	desired, err := desire(s, db.Definition())
	if err != nil {
		return nil, fmt.Errorf("migrate: %w", err)
	}
	return &Migrator{db: db, desired: desired}, nil
}

// Plan returns what is missing. It changes nothing.
func (m *Migrator) Plan(ctx context.Context) (*Plan, error) {
	var plan *Plan
	err := m.db.Inspect(ctx, func(c Connection) (err error) {
		plan, err = m.plan(ctx, c)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("migrate: plan: %w", err)
	}
	return plan, nil
}

// Apply adds what is missing and returns the plan that it carried out. All of
// it is one transaction where the database can do that. Of several processes
// that apply at once, one does the work and the others find nothing to do.
func (m *Migrator) Apply(ctx context.Context) (*Plan, error) {
	plan, err := m.Plan(ctx)
	if err != nil || plan.Empty() {
		return plan, err
	}
	err = m.db.Exclusive(ctx, func(c Connection) error {
		if plan, err = m.plan(ctx, c); err != nil { // again: another process may have been first
			return err
		}
		for _, s := range plan.Statements {
			if err := c.Execute(ctx, s.SQL); err != nil {
				return fmt.Errorf("%s: %w", s.SQL, err)
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("migrate: apply: %w", err)
	}
	return plan, nil
}

// Check returns what would make the library fail on this database: tables and
// columns that are missing, and required columns that nothing fills. It is
// meant for start-up; none means that all is well.
func (m *Migrator) Check(ctx context.Context) ([]Finding, error) {
	var findings []Finding
	err := m.db.Inspect(ctx, func(c Connection) error {
		catalog, err := c.Catalog(ctx)
		if err != nil {
			return err
		}
		findings = m.check(catalog)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("migrate: check: %w", err)
	}
	return findings, nil
}
